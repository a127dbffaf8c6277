"""Gardner's capacities: associations with a margin, biased labels, or signed weights.

In the limit of many dimensions, per dimension.  E_2(x) is the mean of max(t - x, 0)^2 over
standard normal t.
"""

import numpy as np
import scipy.special
from numpy.typing import ArrayLike
from scipy.optimize import elementwise

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian.tails import log_excess, upper_tail


def capacity(
    margin: ArrayLike = 0.0, label_fraction: ArrayLike = 0.5, nonnegative: bool = False
) -> FloatArray:
    """Return the associations per dimension that a linear readout can store.

    Parameters
    ----------
    margin : array, at least 0
        kappa: distance of every pattern from the boundary, for inputs of unit variance and weights
        of unit length.  With non-negative weights the robustness rho = kappa sqrt(N) / theta
        sqrt(f_in / (1 - f_in)) of inputs with coding level f_in against a fixed threshold theta.
    label_fraction : array in (0, 1), broadcast with ``margin``
        Fraction f of positive labels; the boundary then has a free offset b.
    nonnegative : bool
        Whether no weight may be negative.

    Returns
    -------
    array
        1 / alpha = min_b f E_2(b - kappa) + (1 - f) E_2(-b - kappa) (Gardner 1988, J. Phys. A
        21:257), to 1e-11 relative; with non-negative weights the largest of H(B)^2 / E_2(B) times
        that with kappa = rho D(B) / sqrt(E_2(B)), over B (Brunel et al. 2004, Neuron 43:745), to
        1e-9.

    Raises
    ------
    ValueError
        If a margin is not in [0, 1e100], or a fraction not in [1e-300, 1).

    Examples
    --------
    >>> capacity([0.0, 0.5, 1.0]).round(5)
    array([2.     , 0.96121, 0.51957])
    >>> capacity(label_fraction=[0.1, 0.01]).round(4)
    array([ 3.9129, 19.1973])
    >>> capacity([0.0, 1.0], nonnegative=True).round(4)
    array([1.    , 0.4789])
    """
    margin, label_fraction = _checked(margin, label_fraction)
    if checks.flag("nonnegative", nonnegative):
        return np.asarray(np.exp(_best_silence(margin, label_fraction)[1]))
    return np.asarray(np.exp(_log_capacity(margin, label_fraction)))


def silent_fraction(margin: ArrayLike = 0.0, label_fraction: ArrayLike = 0.5) -> FloatArray:
    """Return the fraction of weights that are zero at capacity, where none may be negative.

    Parameters
    ----------
    margin, label_fraction : arrays
        As for :func:`capacity`, whose margin is rho here.

    Returns
    -------
    array
        1 - H(B) (Brunel et al. 2004), to 1e-5.

    Examples
    --------
    >>> silent_fraction([0.0, 1.0]).round(3)
    array([0.5  , 0.679])
    """
    at, _ = _best_silence(*_checked(margin, label_fraction))
    return upper_tail(-at)


def _checked(margin: ArrayLike, label_fraction: ArrayLike) -> tuple[FloatArray, FloatArray]:
    margin, fraction = checks.broadcast(margin=margin, label_fraction=label_fraction)
    # Beyond these limits squares and tails leave the range of doubles.
    checks.within("margin", margin, 0, 1e100)
    checks.within("label_fraction", fraction, 1e-300, 1, "[)")
    return margin, fraction


def _log_capacity(margin: FloatArray, fraction: FloatArray) -> FloatArray:
    """Return the logarithm of the capacity at the best offset.

    The sum is convex in b; its derivative vanishes where f E_1(b - kappa) = (1 - f) E_1(-b -
    kappa), whose logarithms differ by a falling function of b.  The capacity is stationary there,
    so that it has twice as many digits as the offset.
    """
    log_odds = np.log(fraction) - np.log1p(-fraction)

    def slope(offset: FloatArray, margin: FloatArray, log_odds: FloatArray) -> FloatArray:
        sides = log_excess(offset - margin, 1) - log_excess(-offset - margin, 1)
        return np.asarray(log_odds + sides)

    width = margin + np.sqrt(2 * np.abs(log_odds)) + 1.0
    offset = elementwise.find_root(
        slope, (-width, width), args=(margin, log_odds), tolerances={"xatol": 1e-10, "xrtol": 1e-10}
    ).x
    sides = (
        np.log(fraction) + log_excess(offset - margin, 2),
        np.log1p(-fraction) + log_excess(-offset - margin, 2),
    )
    return np.asarray(-np.logaddexp(*sides))


def _best_silence(margin: FloatArray, fraction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return B of the largest capacity with non-negative weights, and its logarithm."""

    def log_cost(at: FloatArray, margin: FloatArray, fraction: FloatArray) -> FloatArray:
        length = log_excess(at, 2) / 2
        # D(B) = phi(B) - B H(B), the mean weight, is E_1.
        kappa = margin * np.exp(log_excess(at, 1) - length)
        log_tail = scipy.special.log_ndtr(-at)
        return np.asarray(2 * length - 2 * log_tail - _log_capacity(kappa, fraction))

    # A large margin pays off only where B makes kappa small, at exp(-B^2 / 4) or so.
    low, width = np.full(margin.shape, -1.0), 13.0 + 2 * np.sqrt(np.log1p(margin))
    best = elementwise.find_minimum(
        log_cost,
        (low, low + 1.5, low + width),
        args=(margin, fraction),
        tolerances={"xatol": 1e-7, "xrtol": 1e-7, "fatol": 0, "frtol": 0},
    )
    return best.x, -best.f_x
