"""Softmax weights of independent normal scores: how evenly they spread, and when they freeze.

The spread of the scores is an inverse temperature.  Weights are spread over all keys while it is
small, and freeze onto a few beyond sqrt(2 ln n), as in the random energy model (Derrida 1981,
10.1103/PhysRevB.24.2613).  Means are integrals, exact at every number of keys; the limits of many
keys stand beside them, with the terms that come next.
"""

from collections.abc import Callable

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray

_STEP = 0.25  # trapezoids converge as exp(-pi^2 / step) where exp(-exp(x)) is what varies
_FINENESS = 24.0  # steps to a standard deviation
_REACH = 10.0  # standard deviations
_MOST_KEYS = 1e9
_WIDEST = 1e5  # standard deviation beyond which the entropy falls by 1 / sd: by ties of two keys
_LOW, _HIGH = -60.0, 5.0  # where x = ln t + z lies that exp(x - exp(x)) is not below 1e-26


def mean_entropy(n_keys: ArrayLike, sd: ArrayLike) -> FloatArray:
    """Return the mean entropy of softmax weights of independent normal scores.

    Parameters
    ----------
    n_keys, sd : arrays that broadcast together
        Number of keys, up to 1e9, and standard deviation of the scores.

    Returns
    -------
    array
        In nats, to 1e-9.

    Raises
    ------
    ValueError
        If there is no key, there are more than 1e9, or ``sd`` is negative.

    Notes
    -----
    ``E ln sum exp z - n E[p z]``; with L(t) = E exp(-t e^z), by ``1 / x = int exp(-t x) dt``, these
    are integrals over t of ``(exp(-t) - L^n) / t`` and of ``n E[z e^z exp(-t e^z)] L^(n-1)``.

    Examples
    --------
    >>> mean_entropy(128, [0.0, 1.0]).round(3)
    array([4.852, 4.366])
    """
    return _over(_entropy, n_keys, sd)


def mean_concentration(n_keys: ArrayLike, sd: ArrayLike) -> FloatArray:
    """Return the mean sum of squared weights of independent normal scores.

    Parameters
    ----------
    n_keys, sd : arrays that broadcast together
        As in :func:`mean_entropy`.

    Returns
    -------
    array
        ``int n t E[e^(2z) exp(-t e^z)] L(t)^(n-1) dt``, to 1e-9.

    Examples
    --------
    >>> mean_concentration(128, [0.0, 1.0]).round(4)
    array([0.0078, 0.0202])
    """
    return _over(_concentration, n_keys, sd)


def mean_largest(n_keys: ArrayLike, sd: ArrayLike) -> FloatArray:
    """Return the mean of the largest weight of independent normal scores.

    Parameters
    ----------
    n_keys, sd : arrays that broadcast together
        As in :func:`mean_entropy`.

    Returns
    -------
    array
        ``n int t E[e^z exp(-t e^z) E[exp(-t e^y); y < z]^(n-1)] dt / t``, to 1e-9.

    Examples
    --------
    >>> mean_largest(128, [0.0, 32.0]).round(3)
    array([0.008, 0.943])
    """
    return _over(_largest, n_keys, sd)


def warm_entropy(n_keys: ArrayLike, sd: ArrayLike, *, corrected: bool = False) -> FloatArray:
    """Return ln n - sd^2 / 2, the entropy of weights among many keys.

    Parameters
    ----------
    n_keys, sd : arrays that broadcast together
    corrected : bool
        Add the term of order 1 / n, ((2 sd^2 - 1) e^(sd^2) + 1) / (2n).

    Returns
    -------
    array
        In nats.  Good where exp(2 sd^2) is far below n; from ``freezing_point`` on it is wrong by
        any amount.

    Examples
    --------
    >>> warm_entropy(128, 1.0).round(4), warm_entropy(128, 1.0, corrected=True).round(4)
    (np.float64(4.352), np.float64(4.3666))
    """
    n_keys, sd = _legal(n_keys, sd)
    with np.errstate(over="ignore"):
        next_term = np.exp(sd**2) * (sd**2 - 0.5) + 0.5
        more = next_term / n_keys if corrected else 0.0
        less = np.where(np.isinf(more), 0.0, sd**2 / 2)  # which is nothing beside it
        return np.asarray(np.log(n_keys) - less + more)[()]


def warm_concentration(n_keys: ArrayLike, sd: ArrayLike, *, corrected: bool = False) -> FloatArray:
    """Return exp(sd^2) / n, the sum of squared weights among many keys.

    Parameters
    ----------
    n_keys, sd : arrays that broadcast together
    corrected : bool
        Multiply by 1 + (3 (e^(sd^2) - 1) - 2 (e^(2 sd^2) - 1)) / n, the next term.

    Returns
    -------
    array
        Infinite where it overflows.  Good where exp(2 sd^2) is far below n: squares freeze at half
        of the ``freezing_point``.

    Examples
    --------
    >>> warm_concentration(128, 1.0).round(4), mean_concentration(128, 1.0).round(4)
    (np.float64(0.0212), np.float64(0.0202))
    """
    n_keys, sd = _legal(n_keys, sd)
    with np.errstate(over="ignore"):
        next_term = np.exp(sd**2) * (3 - 2 * np.exp(sd**2)) - 1
        factor = 1 + (next_term / n_keys if corrected else 0.0)
        return np.asarray(np.exp(sd**2) / n_keys * factor)[()]


def freezing_point(n_keys: ArrayLike) -> FloatArray:
    """Return sqrt(2 ln n): scores of a wider spread put most of the weight on few keys.

    Examples
    --------
    >>> freezing_point(128).round(3)
    np.float64(3.115)
    """
    n_keys, _ = _legal(n_keys, 0.0)
    return np.asarray(np.sqrt(2 * np.log(n_keys)))[()]


def frozen_concentration(n_keys: ArrayLike, sd: ArrayLike) -> FloatArray:
    """Return 1 - freezing_point / sd, the sum of squared weights when frozen; 0 before.

    The limit of many keys at a fixed ratio (Derrida 1981).  Corrections fall as ln ln n / ln n: at
    128 keys and three times the freezing point it still says .67 where .73 is true.

    Examples
    --------
    >>> frozen_concentration(128, [1.0, 32.0]).round(3)
    array([0.   , 0.903])
    """
    n_keys, sd = _legal(n_keys, sd)
    with np.errstate(over="ignore"):
        ratio = np.divide(freezing_point(n_keys), sd, out=np.ones(sd.shape), where=sd > 0)
    return np.asarray(np.maximum(1 - ratio, 0.0))[()]


def _legal(n_keys: ArrayLike, sd: ArrayLike) -> tuple[FloatArray, FloatArray]:
    n_keys, sd = checks.broadcast(n_keys=n_keys, sd=sd)
    checks.at_least(1, n_keys=n_keys)
    checks.at_least(0, sd=sd)
    return n_keys, sd


def _over(
    function: Callable[[float, float], float], n_keys: ArrayLike, sd: ArrayLike
) -> FloatArray:
    """Apply a function of two numbers to arrays."""
    n_keys, sd = _legal(n_keys, sd)
    if n_keys.max(initial=1.0) > _MOST_KEYS:
        raise ValueError(f"n_keys must be at most {_MOST_KEYS:g}, got {n_keys.max():g}")
    return np.asarray(np.vectorize(function, otypes=[float])(n_keys, sd))[()]


def _density(z: ArrayLike, sd: float) -> FloatArray:
    z = np.asarray(z, dtype=np.float64)
    return np.asarray(np.exp(-0.5 * (z / sd) ** 2) / (sd * np.sqrt(2 * np.pi)))


def _log_times(sd: float) -> tuple[FloatArray, float]:
    """Places l = ln t, with their distance; L^n varies over sd / sqrt(2 ln n) or 1."""
    step = max(_STEP, sd / _FINENESS)
    low, high = -_REACH * sd + _LOW, _REACH * sd + _HIGH
    return step * np.arange(np.floor(low / step), np.ceil(high / step) + 1), step


def _places() -> FloatArray:
    return np.asarray(np.arange(_LOW, _HIGH + _STEP, _STEP), dtype=np.float64)


def _transforms(log_t: FloatArray, sd: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return 1 - L = 1 - E exp(-t e^z), t E[z e^z exp(-t e^z)] and t^2 E[e^(2z) exp(-t e^z)]."""
    if sd < 1:
        step = min(_STEP, sd / 3)
        z = step * np.arange(-np.ceil(_REACH * sd / step), np.ceil(_REACH * sd / step) + 1)
        x, share = log_t[:, None] + z, step * _density(z, sd)
        missing = -np.expm1(-np.exp(x)) @ share
    else:
        # At places x = ln t + z.  A number of density exp(x - e^x) is above y with the chance
        # exp(-e^y), so that L is the chance that it is above ln t + z.
        x = _places()
        z = x - log_t[:, None]
        share = _STEP * _density(z, sd)
        missing = scipy.special.ndtr(-z / sd) @ (_STEP * np.exp(x - np.exp(x)))
    once = share * np.exp(x - np.exp(x))
    return missing, np.sum(once * z, axis=1), np.sum(once * np.exp(x), axis=1)


def _power(missing: FloatArray, n: float) -> FloatArray:
    """Return a probability to a high power, given what it lacks of 1, to many digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = n * np.log1p(-np.clip(missing, 0.0, 1.0))
    return np.asarray(np.exp(logarithm) if n > 0 else np.ones(missing.shape))


def _entropy(n: float, sd: float) -> float:
    if sd == 0:
        return float(np.log(n))
    if sd > _WIDEST:  # where the difference of two numbers like sd would lose its digits
        return _entropy(n, _WIDEST) * _WIDEST / sd
    log_t, step = _log_times(sd)
    missing, tilted, _ = _transforms(log_t, sd)
    # The integral of exp(-e^l) - (l < 0) over l is minus Euler's constant.
    partition = -np.euler_gamma - (log_t[0] - step / 2) - step * np.sum(_power(missing, n))
    return float(partition - n * step * np.sum(tilted * _power(missing, n - 1)))


def _concentration(n: float, sd: float) -> float:
    if sd == 0:
        return 1 / n
    log_t, step = _log_times(sd)
    missing, _, squared = _transforms(log_t, sd)
    return float(n * step * np.sum(squared * _power(missing, n - 1)))


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def _largest(n: float, sd: float) -> float:
    """Mean of the largest weight: its score is z, and all others lie below it by y.

    At x = ln t + z, the mean of exp(-t e^(z - y)) over y is a product of two matrices.
    """
    if sd == 0:
        return 1 / n
    step = sd / _FINENESS
    x, z = _places(), step * np.arange(-_FINENESS * _REACH, _FINENESS * _REACH + 1)
    depth = min(-_LOW, 2 * _REACH * sd)
    n_pieces = int(np.ceil(depth / min(1.0, sd)))
    half = depth / n_pieces / 2
    y = (half * (2 * np.arange(n_pieces)[:, None] + 1 + _NODES)).ravel()
    weight = half * np.tile(_WEIGHTS, n_pieces)
    chance = _density(z[:, None] - y, sd) * weight
    near = chance @ -np.expm1(-np.exp(x - y[:, None]))
    missing = near + scipy.special.ndtr(-z / sd)[:, None]
    first = (step * _density(z, sd)) @ _power(missing, n - 1)
    return float(n * _STEP * first @ np.exp(x - np.exp(x)))
