"""Competition among neurons that resembles a softmax: with saturation, or by subtraction.

Neurons that share what inhibits them have shares of the total response, like keys their attention.
Division by the total with an exponent gives a softmax of log rates whose inverse temperature is the
exponent, but neurons saturate, and then never freeze onto one.  Feedback that subtracts gives a
sparsemax (Martins & Astudillo 2016, arXiv 1602.02068), whose temperature is the total response: the
stronger the feedback, the colder.  Shares of many neurons with normal drives have closed forms.
"""

import numpy as np
import scipy.integrate
import scipy.optimize
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian import tails

_STEP = 0.25  # as in theory.freezing


def saturating_entropy(n_keys: ArrayLike, sd: ArrayLike, half: ArrayLike) -> FloatArray:
    """Return the mean entropy of the shares of neurons that saturate.

    Parameters
    ----------
    n_keys, sd, half : arrays that broadcast together
        Neurons respond by ``1 / (1 + exp(half - z))`` with independent scores z of mean 0 and
        standard deviation ``sd``.  For divisive normalization R^m / (R^m + K^m) of lognormal rates
        these are m times the standard deviation of ln R, and m times ln K less the mean of ln R.

    Returns
    -------
    array
        In nats, to 1e-9.  For large ``half`` that of a softmax, ``freezing.mean_entropy``; for
        large exponents not 0, but ln of the number of neurons above ``half``.

    Raises
    ------
    ValueError
        If there is no key or more than 1e9, ``sd`` is not positive or above 200, or ``half`` is
        further than 1e4 from 0.

    Examples
    --------
    >>> saturating_entropy(24, 8.0, [0.0, 100.0]).round(3)
    array([2.633, 0.456])
    """
    n_keys, sd, half = checks.broadcast(n_keys=n_keys, sd=sd, half=half)
    for name, values, legal in (
        ("n_keys", n_keys, (n_keys >= 1) & (n_keys <= 1e9)),
        ("sd", sd, (sd > 0) & (sd <= 200)),
        ("half", half, np.abs(half) <= 1e4),
    ):
        wrong = ~legal
        if wrong.any():
            rules = {"n_keys": "from 1 to 1e9", "sd": "positive and at most 200"}
            rule = rules.get(name, "from -1e4 to 1e4")
            raise ValueError(f"{name} must be {rule}, got {values[wrong][0]:g}")
    return np.asarray(np.vectorize(_saturating, otypes=[float])(n_keys, sd, half))[()]


def sparsemax(scores: ArrayLike) -> FloatArray:
    """Shares closest to the scores among all that are non-negative and add up to 1.

    Parameters
    ----------
    scores : array of shape (..., n_keys)
        Drives by the temperature.

    Returns
    -------
    array of the same shape
        ``max(scores - c, 0)`` with the one c that makes the sum 1.  Rates under feedback
        inhibition are such shares of their sum, which is the temperature.

    Examples
    --------
    >>> sparsemax([1.0, 0.8, -0.5]), sparsemax([10.0, 8.0, -5.0])
    (array([0.6, 0.4, 0. ]), array([1., 0., 0.]))
    """
    (scores,) = checks.broadcast(scores=scores)
    checks.require_finite("scores", scores)
    if scores.ndim == 0 or scores.shape[-1] == 0:
        raise ValueError(f"scores must be rows of numbers, got {scores}")
    rest = scores - scores.max(axis=-1, keepdims=True)  # or 1 would be lost beside large ones
    ranked = -np.sort(-rest, axis=-1)
    cuts = (np.cumsum(ranked, axis=-1) - 1) / np.arange(1, rest.shape[-1] + 1)
    # The more keys share, the higher the cut, until the next key lies below it.
    return np.asarray(np.maximum(rest - cuts.max(axis=-1, keepdims=True), 0.0))


def feedback_cut(gain: ArrayLike, threshold: ArrayLike = 0.0) -> FloatArray:
    """Return the drive above which units respond under feedback, for many units.

    Parameters
    ----------
    gain, threshold : arrays that broadcast together
        Inhibition per mean rate, and threshold without feedback in standard deviations of the
        normal drive from its mean.

    Returns
    -------
    array
        The solution of ``cut = threshold + gain E max(z - cut, 0)``, in standard deviations.

    Raises
    ------
    ValueError
        If a gain is negative.

    Examples
    --------
    >>> feedback_cut([0.0, 10.0, 1000.0], 0.5).round(3)
    array([0.5  , 1.137, 2.501])
    """
    gain, threshold = checks.broadcast(gain=gain, threshold=threshold)
    checks.require_finite("threshold", threshold)
    checks.at_least(0, gain=gain)
    return np.asarray(np.vectorize(_cut, otypes=[float])(gain, threshold))[()]


def feedback_entropy(n_units: ArrayLike, gain: ArrayLike, threshold: ArrayLike = 0.0) -> FloatArray:
    """Return the entropy of the shares of units under feedback, for many units.

    Parameters
    ----------
    n_units, gain, threshold : arrays that broadcast together
        As in :func:`feedback_cut`.

    Returns
    -------
    array
        ``ln(n E r) - E[r ln r] / E r`` for rates r, in nats.  Corrections are of the order of one
        by the number of active units, ``n_units`` times :func:`feedback_active`: where these are a
        handful it is too low, and for one or two of them negative.

    Examples
    --------
    >>> feedback_entropy(2000, [0.0, 10.0, 1000.0]).round(2)
    array([6.62, 5.52, 2.32])
    """
    n_units = _counts(n_units)
    cut = feedback_cut(gain, threshold)
    mean = np.exp(tails.log_excess(cut, 1))
    log_mean = np.vectorize(_mean_log, otypes=[float])(cut)
    return np.asarray(np.log(n_units * mean) - log_mean)[()]


def feedback_active(gain: ArrayLike, threshold: ArrayLike = 0.0) -> FloatArray:
    """Share of many units that respond under feedback, as in :func:`feedback_cut`.

    Examples
    --------
    >>> feedback_active([0.0, 10.0], 0.5).round(3)
    array([0.309, 0.128])
    """
    return tails.upper_tail(feedback_cut(gain, threshold))


def feedback_temperature(
    n_units: ArrayLike, gain: ArrayLike, threshold: ArrayLike = 0.0
) -> FloatArray:
    """Return the sum of all rates, which is the temperature of the sparsemax.

    Parameters
    ----------
    n_units, gain, threshold : arrays that broadcast together
        As in :func:`feedback_cut`.

    Returns
    -------
    array
        In standard deviations of the drive.

    Examples
    --------
    >>> feedback_temperature(2000, [0.0, 10.0, 1000.0]).round(1)
    array([797.9, 187.5,   4.9])
    """
    mean = np.exp(tails.log_excess(feedback_cut(gain, threshold), 1))
    return np.asarray(_counts(n_units) * mean)[()]


def lone_gain(n_units: ArrayLike, threshold: ArrayLike = 0.0) -> FloatArray:
    """Return the gain at which one unit is left on the average: the code is all but frozen.

    Its cut is H^-1(1 / n), which comes close to sqrt(2 ln n), the freezing point of a softmax.

    Examples
    --------
    >>> (2000 * feedback_active(lone_gain(2000))).round(6)
    np.float64(1.0)
    """
    n_units, threshold = checks.broadcast(n_units=n_units, threshold=threshold)
    if not (checks.at_least(1, n_units=n_units)[0] > 1).all():
        raise ValueError(f"n_units must be above 1, got {n_units.min():g}")
    cut = -scipy.special.ndtri(1 / n_units)
    if not (threshold < cut).all():
        raise ValueError(f"threshold must leave more than one unit, got {threshold.max():g}")
    return np.asarray((cut - threshold) / np.exp(tails.log_excess(cut, 1)))[()]


def _counts(n_units: ArrayLike) -> FloatArray:
    (n_units,) = checks.at_least(1, n_units=n_units)
    return n_units


def _saturating(n: float, sd: float, half: float) -> float:
    """Entropy by integrals over l = ln t, as in ``freezing.mean_entropy``, for shares w < 1."""
    step = min(_STEP, sd / 3)
    z = step * np.arange(-np.ceil(10 * sd / step), np.ceil(10 * sd / step) + 1)
    density = step * np.exp(-0.5 * (z / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
    log_w = scipy.special.log_expit(z - half)
    low, high = -60.0, 5.0 - log_w[0]
    partition = tilted = 0.0
    for log_t in np.array_split(np.arange(low, high, _STEP), max(1, int(high - low) // 50)):
        x = np.minimum(log_t[:, None] + log_w, 50.0)  # beyond, exp(-e^x) is 0
        kept = np.exp(-np.exp(x))
        laplace = np.minimum(kept @ density, 1.0)
        partition += _STEP * float(np.sum(laplace**n))
        tilted += _STEP * float(((np.exp(x) * kept) @ (density * log_w)) @ laplace ** (n - 1))
    return -np.euler_gamma - (low - _STEP / 2) - partition - n * tilted


def _cut(gain: float, threshold: float) -> float:
    if gain == 0:
        return threshold

    def excess(cut: float) -> float:
        return cut - threshold - gain * float(np.exp(tails.log_excess(cut, 1)))

    highest = threshold + gain * float(np.exp(tails.log_excess(threshold, 1)))
    highest = min(highest, max(threshold, 0.0) + 50)  # where no double is left of the excess
    return float(scipy.optimize.brentq(excess, threshold, highest, xtol=1e-13))


def _mean_log(cut: float) -> float:
    """E[r ln r] / E r for r = max(z - cut, 0)."""

    # Without the factor exp(-cut^2 / 2) of both, which may underflow; r = s^2 smooths the start.
    def weight(s: float) -> float:
        return float(2 * s**3 * np.exp(-max(cut, 0.0) * s**2 - (s**2 + min(cut, 0.0)) ** 2 / 2))

    reach = np.sqrt(12 + abs(cut))
    total, logs = (
        scipy.integrate.quad(lambda s, f=f: f(s) * weight(s), 0, reach, epsabs=0, epsrel=1e-11)[0]
        for f in (lambda s: 1.0, lambda s: 2 * np.log(s) if s > 0 else 0.0)
    )
    return float(logs / total)
