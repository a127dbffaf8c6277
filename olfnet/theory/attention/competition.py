"""Competition among neurons that resembles a softmax: with saturation, or by subtraction.

Neurons that share what inhibits them have shares of the total response, like keys of attention.
Division by the total with an exponent gives a softmax of log rates whose inverse temperature is the
exponent, but neurons saturate, and then never freeze onto one.  Feedback that subtracts gives a
sparsemax (Martins & Astudillo 2016, arXiv 1602.02068), whose temperature is the total response: the
stronger the feedback, the colder.  Shares of many neurons with normal drives have closed forms.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.integrate
import scipy.optimize
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian import tails

_STEP = 0.25  # as in random_energy


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
        In nats, to 1e-9.  For large ``half`` that of a softmax, ``NormalScores.mean_entropy``; for
        large exponents not 0, but ln of the number of neurons above ``half``.

    Raises
    ------
    ValueError
        If there is no key or more than 1e9, ``sd`` is not positive or above 200, or ``half`` is
        outside [-1e4, 1e4].

    Examples
    --------
    >>> saturating_entropy(24, 8.0, [0.0, 100.0]).round(3)
    array([2.633, 0.456])
    """
    n_keys, sd, half = checks.broadcast(n_keys=n_keys, sd=sd, half=half)
    checks.within("n_keys", n_keys, 1, 1e9)
    checks.within("sd", sd, 0, 200, "(]")
    checks.within("half", half, -1e4, 1e4)
    return np.asarray(np.vectorize(_saturating, otypes=[float])(n_keys, sd, half))[()]


def sparsemax(scores: ArrayLike) -> FloatArray:
    """Return the shares closest to the scores: non-negative numbers that add up to 1.

    Parameters
    ----------
    scores : array of shape (..., n_keys)
        Drives divided by the temperature.

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


@dataclass(frozen=True, eq=False)
class Feedback:
    """Feedback inhibition of many units with standard normal drives.

    Parameters
    ----------
    gain, threshold : arrays that broadcast together
        Inhibition per mean rate, and threshold without feedback in standard deviations of the
        drive from its mean.

    Raises
    ------
    ValueError
        If a gain is negative.

    Examples
    --------
    >>> feedback = Feedback([0.0, 10.0, 1000.0], 0.5)
    >>> feedback.cut.round(3), feedback.active.round(3)
    (array([0.5  , 1.137, 2.501]), array([0.309, 0.128, 0.006]))
    >>> Feedback([0.0, 10.0, 1000.0]).entropy(2000).round(2)
    array([6.62, 5.52, 2.32])
    """

    gain: Any
    threshold: Any = 0.0

    def __post_init__(self) -> None:
        gain, threshold = checks.broadcast(gain=self.gain, threshold=self.threshold)
        checks.require_finite("threshold", threshold)
        checks.at_least(0, gain=gain)
        object.__setattr__(self, "gain", gain)
        object.__setattr__(self, "threshold", threshold)

    @cached_property
    def cut(self) -> FloatArray:
        """Drive above which units respond, in standard deviations.

        The solution of ``cut = threshold + gain E max(z - cut, 0)``.
        """
        return np.asarray(np.vectorize(_cut, otypes=[float])(self.gain, self.threshold))[()]

    @property
    def active(self) -> FloatArray:
        """Fraction of units that respond."""
        return tails.upper_tail(self.cut)

    def temperature(self, n_units: ArrayLike) -> FloatArray:
        """Return the sum of all rates, which is the temperature of the sparsemax.

        In standard deviations of the drive; ``n_units`` broadcasts with the parameters.
        """
        (n_units,) = checks.at_least(1, n_units=n_units)
        return np.asarray(n_units * self._mean_rate)[()]

    def entropy(self, n_units: ArrayLike) -> FloatArray:
        """Return the entropy of the shares, ``ln(n E r) - E[r ln r] / E r`` for rates r, in nats.

        Corrections are of the order of 1 / (n_units * active): for a handful of active units it is
        too low, and for one or two of them negative.
        """
        (n_units,) = checks.at_least(1, n_units=n_units)
        log_mean = np.vectorize(_mean_log, otypes=[float])(self.cut)
        return np.asarray(np.log(n_units * self._mean_rate) - log_mean)[()]

    @property
    def _mean_rate(self) -> FloatArray:
        return np.asarray(np.exp(tails.log_excess(self.cut, 1)))


def lone_gain(n_units: ArrayLike, threshold: ArrayLike = 0.0) -> FloatArray:
    """Return the gain at which one unit is left active on average.

    Its cut is H^-1(1 / n), which comes close to sqrt(2 ln n), the freezing point of a softmax.

    Examples
    --------
    >>> (2000 * Feedback(lone_gain(2000)).active).round(6)
    np.float64(1.0)
    """
    n_units, threshold = checks.broadcast(n_units=n_units, threshold=threshold)
    checks.within("n_units", n_units, 1, np.inf, "()")
    cut = -scipy.special.ndtri(1 / n_units)
    if not (threshold < cut).all():
        raise ValueError(f"threshold must leave more than one unit, got {threshold.max():g}")
    return np.asarray((cut - threshold) / np.exp(tails.log_excess(cut, 1)))[()]


def _saturating(n: float, sd: float, half: float) -> float:
    """Integrate over l = ln t, as in ``random_energy``, for shares w < 1."""
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
    """Return E[r ln r] / E r for r = max(z - cut, 0)."""

    # Without the factor exp(-cut^2 / 2) of both, which may underflow; r = s^2 smooths the start.
    def weight(s: float) -> float:
        return float(2 * s**3 * np.exp(-max(cut, 0.0) * s**2 - (s**2 + min(cut, 0.0)) ** 2 / 2))

    high = np.sqrt(12 + abs(cut))
    total, logs = (
        scipy.integrate.quad(lambda s, f=f: f(s) * weight(s), 0, high, epsabs=0, epsrel=1e-11)[0]
        for f in (lambda s: 1.0, lambda s: 2 * np.log(s) if s > 0 else 0.0)
    )
    return float(logs / total)
