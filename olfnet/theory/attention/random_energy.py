"""Softmax weights of independent normal scores: entropy, concentration and freezing.

The standard deviation of the scores is an inverse temperature.  While it is small all keys share
the weight; beyond sqrt(2 ln n) the weights freeze onto a few of them, as in the random energy model
(Derrida 1981, 10.1103/PhysRevB.24.2613).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray

_STEP = 0.25  # trapezoids converge as exp(-pi^2 / step) where exp(-exp(x)) is what varies
_FINENESS = 24.0  # steps to a standard deviation
_CUTOFF = 10.0  # standard deviations
_MOST_KEYS = 1e9
_WIDEST = 1e5  # standard deviation beyond which the entropy falls by 1 / sd: by ties of two keys
_LOW, _HIGH = -60.0, 5.0  # range of x = ln t + z outside which exp(x - exp(x)) is below 1e-26
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True, eq=False)
class NormalScores:
    """Independent normal scores of keys, of which a softmax makes weights.

    Means over the scores are integrals, exact at every number of keys up to 1e9, to 1e-9.

    Parameters
    ----------
    n_keys, sd : arrays that broadcast together
        Number of keys and standard deviation of the scores, 1 for products of queries and keys with
        the usual scaling.

    Raises
    ------
    ValueError
        If a number of keys is below 1 or infinite, or above 1e9 for a mean, or ``sd`` is negative.

    Examples
    --------
    >>> scores = NormalScores(128, [0.0, 1.0, 32.0])
    >>> scores.mean_entropy().round(3)
    array([4.852, 4.366, 0.141])
    """

    n_keys: Any
    sd: Any = 1.0

    def __post_init__(self) -> None:
        n_keys, sd = map(np.array, checks.broadcast(n_keys=self.n_keys, sd=self.sd))
        checks.at_least(1, n_keys=n_keys)
        checks.at_least(0, sd=sd)
        for name, values in (("n_keys", n_keys), ("sd", sd)):
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    def mean_entropy(self) -> FloatArray:
        """Return the mean entropy of the weights, in nats.

        Notes
        -----
        ``E ln sum exp z - n E[p z]``; with L(t) = E exp(-t e^z), by ``1 / x = int exp(-t x) dt``,
        these are integrals over t of ``(exp(-t) - L^n) / t`` and of
        ``n E[z e^z exp(-t e^z)] L^(n-1)``.
        """
        return self._each(_entropy)

    def mean_concentration(self) -> FloatArray:
        """Return the mean sum of squared weights, ``int n t E[e^(2z) exp(-t e^z)] L^(n-1) dt``."""
        return self._each(_concentration)

    def mean_largest(self) -> FloatArray:
        """Return the mean of the largest weight.

        It is ``n int t E[e^z exp(-t e^z) E[exp(-t e^y); y < z]^(n-1)] dt / t``.
        """
        return self._each(_largest)

    def warm_entropy(self, *, corrected: bool = False) -> FloatArray:
        """Return ln n - sd^2 / 2, the entropy (nats) among many keys, well before freezing.

        Good where exp(2 sd^2) is far below n.  ``corrected`` adds the term of order 1 / n,
        ((2 sd^2 - 1) e^(sd^2) + 1) / (2n).
        """
        n_keys, sd = self.n_keys, self.sd
        with np.errstate(over="ignore"):
            next_term = np.exp(sd**2) * (sd**2 - 0.5) + 0.5
            more = next_term / n_keys if corrected else 0.0
            less = np.where(np.isinf(more), 0.0, sd**2 / 2)  # which is nothing beside it
            return np.asarray(np.log(n_keys) - less + more)[()]

    def warm_concentration(self, *, corrected: bool = False) -> FloatArray:
        """Return exp(sd^2) / n, the sum of squared weights among many keys; it may overflow.

        Good where exp(2 sd^2) is far below n: squares freeze at half of the freezing point.
        ``corrected`` multiplies by 1 + (3 (e^(sd^2) - 1) - 2 (e^(2 sd^2) - 1)) / n, the next term.
        """
        n_keys, sd = self.n_keys, self.sd
        with np.errstate(over="ignore"):
            next_term = np.exp(sd**2) * (3 - 2 * np.exp(sd**2)) - 1
            factor = 1 + (next_term / n_keys if corrected else 0.0)
            return np.asarray(np.exp(sd**2) / n_keys * factor)[()]

    @property
    def freezing_point(self) -> FloatArray:
        """sqrt(2 ln n): a larger standard deviation puts most of the weight on few keys."""
        return np.asarray(np.sqrt(2 * np.log(self.n_keys)))[()]

    def frozen_concentration(self) -> FloatArray:
        """Return 1 - freezing_point / sd, the sum of squared weights when frozen; 0 before.

        The limit of many keys at a fixed ratio (Derrida 1981).  Corrections fall as ln ln n / ln n:
        at 128 keys and three times the freezing point it is .67 where .73 is exact.
        """
        with np.errstate(over="ignore"):
            ones = np.ones(self.sd.shape)
            ratio = np.divide(self.freezing_point, self.sd, out=ones, where=self.sd > 0)
        return np.asarray(np.maximum(1 - ratio, 0.0))[()]

    def _each(self, function: Callable[[float, float], float]) -> FloatArray:
        if self.n_keys.max(initial=1.0) > _MOST_KEYS:
            raise ValueError(f"n_keys must be at most {_MOST_KEYS:g}, got {self.n_keys.max():g}")
        return np.asarray(np.vectorize(function, otypes=[float])(self.n_keys, self.sd))[()]


def _density(z: ArrayLike, sd: float) -> FloatArray:
    z = np.asarray(z, dtype=np.float64)
    return np.asarray(np.exp(-0.5 * (z / sd) ** 2) / (sd * np.sqrt(2 * np.pi)))


def _log_times(sd: float) -> tuple[FloatArray, float]:
    """Return nodes l = ln t and their distance; L^n varies over sd / sqrt(2 ln n) or 1."""
    step = max(_STEP, sd / _FINENESS)
    low, high = -_CUTOFF * sd + _LOW, _CUTOFF * sd + _HIGH
    return step * np.arange(np.floor(low / step), np.ceil(high / step) + 1), step


def _nodes() -> FloatArray:
    return np.asarray(np.arange(_LOW, _HIGH + _STEP, _STEP), dtype=np.float64)


def _transforms(log_t: FloatArray, sd: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return 1 - L = 1 - E exp(-t e^z), t E[z e^z exp(-t e^z)] and t^2 E[e^(2z) exp(-t e^z)]."""
    if sd < 1:
        step = min(_STEP, sd / 3)
        z = step * np.arange(-np.ceil(_CUTOFF * sd / step), np.ceil(_CUTOFF * sd / step) + 1)
        x, mass = log_t[:, None] + z, step * _density(z, sd)
        missing = -np.expm1(-np.exp(x)) @ mass
    else:
        # At nodes x = ln t + z.  A number of density exp(x - e^x) is above y with probability
        # exp(-e^y), so that L is the probability that it is above ln t + z.
        x = _nodes()
        z = x - log_t[:, None]
        mass = _STEP * _density(z, sd)
        missing = scipy.special.ndtr(-z / sd) @ (_STEP * np.exp(x - np.exp(x)))
    once = mass * np.exp(x - np.exp(x))
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


def _largest(n: float, sd: float) -> float:
    """Mean of the largest weight: its score is z, and all others lie below it by y.

    At x = ln t + z, the mean of exp(-t e^(z - y)) over y is a product of two matrices.
    """
    if sd == 0:
        return 1 / n
    step = sd / _FINENESS
    x, z = _nodes(), step * np.arange(-_FINENESS * _CUTOFF, _FINENESS * _CUTOFF + 1)
    depth = min(-_LOW, 2 * _CUTOFF * sd)
    n_pieces = int(np.ceil(depth / min(1.0, sd)))
    half = depth / n_pieces / 2
    y = (half * (2 * np.arange(n_pieces)[:, None] + 1 + _NODES)).ravel()
    mass = _density(z[:, None] - y, sd) * (half * np.tile(_WEIGHTS, n_pieces))
    near = mass @ -np.expm1(-np.exp(x - y[:, None]))
    missing = near + scipy.special.ndtr(-z / sd)[:, None]
    first = (step * _density(z, sd)) @ _power(missing, n - 1)
    return float(n * _STEP * first @ np.exp(x - np.exp(x)))
