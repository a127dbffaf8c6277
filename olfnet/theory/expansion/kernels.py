"""The kernel of an expansion layer: what a readout of infinitely many Kenyon cells would compare.

The drives u and v of a unit by two odors are standard normal numbers of correlation c, as random
normal weights make them, and the unit is active beyond a threshold T: as a step, or as a rectifier.
A linear readout sees the odors through the mean product of their codes alone.  Without threshold
these are the arc-cosine kernels of order 0 and 1 (Cho & Saul 2009, Advances in Neural Information
Processing Systems 22).
"""

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian import tails
from olfnet.theory.activations import Activation, ReLU, Step

STEP = Step()


def kernel(
    correlation: ArrayLike, coding_level: ArrayLike, activation: Activation = STEP
) -> FloatArray:
    """Return the mean product of a unit's answers to two odors.

    Parameters
    ----------
    correlation : array in [-1, 1]
        c, between the drives of the two odors.
    coding_level : array in (0, 1)
        f = H(T), broadcast with it.
    activation : Step or ReLU

    Returns
    -------
    array
        Of steps, the probability P11 that both drives exceed T, as in :func:`correlation`; of
        rectifiers, with rates in standard deviations of the drive and q^2 = (1 - c) / (1 + c),
        (c + T^2) P11 - 2 T phi(T) H(q T) + sqrt(1 - c^2) exp(-T^2 / (1 + c)) / (2 pi), as Rosenbaum
        1961 (J. R. Stat. Soc. B 23:405) has it.  To 1e-14 of the value at c = 1.

    Raises
    ------
    ValueError
        If a number is out of range, or the activation another one.

    Examples
    --------
    >>> kernel([0.0, 0.5, 1.0], 0.1).round(4)
    array([0.01  , 0.0324, 0.1   ])
    """
    c, t = _checked(correlation, coding_level)
    both = tails.upper_tail(t) ** 2 + tails.joint_tail_excess(t, c)
    if not _rectifies(activation):
        return np.asarray(np.maximum(both, 0.0))
    sum_ = np.maximum(1 + c, 1e-300)
    q = np.sqrt((1 - c) / sum_)
    edge = 2 * t * np.exp(tails.log_density(t)) * tails.upper_tail(q * t)
    density = np.sqrt((1 - c) * sum_) * np.exp(-(t**2) / sum_) / (2 * np.pi)
    return np.asarray(np.maximum((c + t**2) * both - edge + density, 0.0))


def spread(
    correlation: ArrayLike, coding_level: ArrayLike, activation: Activation = STEP
) -> FloatArray:
    """Return by how much that product varies between units, as a standard deviation.

    The mean over n_units independent units misses the kernel by spread / sqrt(n_units).

    Parameters
    ----------
    correlation, coding_level : arrays
    activation : Step or ReLU
        As for :func:`kernel`.

    Returns
    -------
    array
        Of steps sqrt(P11 (1 - P11)); of rectifiers from the mean squared product, the integral of
        phi(u) (u - T)^2 s^2 E_2((T - c u) / s) over u > T with s^2 = 1 - c^2, to 1e-8.

    Raises
    ------
    ValueError
        If a number is out of range, or the activation another one.

    Examples
    --------
    >>> spread([0.0, 0.5, 1.0], 0.1).round(4)
    array([0.0995, 0.1771, 0.3   ])
    """
    mean = kernel(correlation, coding_level, activation)
    if not _rectifies(activation):
        return np.asarray(np.sqrt(mean * (1 - mean)))
    c, t = _checked(correlation, coding_level)
    c, t = c[..., None], t[..., None]
    rest = np.maximum(np.sqrt((1 - c) * (1 + c)), 1e-8)
    u = t + _BEYOND
    second = rest**2 * np.exp(tails.log_excess((t - c * u) / rest, 2))
    square = np.sum(np.exp(tails.log_density(u)) * _BEYOND**2 * second * _LENGTHS, axis=-1)
    return np.asarray(np.sqrt(np.maximum(square - mean**2, 0.0)))


def units_needed(
    correlation: ArrayLike,
    coding_level: ArrayLike,
    accuracy: ArrayLike,
    activation: Activation = STEP,
) -> FloatArray:
    """Return how many units it takes for codes to tell how alike two odors are.

    Parameters
    ----------
    correlation, coding_level : arrays
        As for :func:`kernel`.
    accuracy : array of positive numbers
        Standard deviation of the mean product over random expansions, in parts of the kernel.
    activation : Step or ReLU

    Returns
    -------
    array
        (spread / (accuracy kernel))^2; of steps (1 / P11 - 1) / accuracy^2.

    Raises
    ------
    ValueError
        If a number is out of range, or no number of units is enough, as no unit answers both.

    Examples
    --------
    >>> units_needed(0.0, [0.5, 0.1, 0.05], accuracy=0.1).round()  # odors that are not alike
    array([  300.,  9900., 39900.])
    """
    (accuracy,) = checks.broadcast(accuracy=accuracy)
    if not (accuracy > 0).all():
        raise ValueError(f"accuracy must be positive, got {accuracy[~(accuracy > 0)].flat[0]:g}")
    mean = kernel(correlation, coding_level, activation)
    seen = mean > 1e-12 * kernel(1.0, coding_level, activation)
    if not seen.all():
        raise ValueError(
            "correlation must be so high that some units answer both odors, "
            f"got {np.broadcast_to(correlation, mean.shape)[~seen].flat[0]:g}"
        )
    return np.asarray((spread(correlation, coding_level, activation) / (accuracy * mean)) ** 2)


def _checked(correlation: ArrayLike, coding_level: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Correlations, and thresholds for the coding levels."""
    c, f = checks.broadcast(correlation=correlation, coding_level=coding_level)
    for name, ok, values, rule in (
        ("correlation", np.abs(c) <= 1, c, "[-1, 1]"),
        ("coding_level", (f > 0) & (f < 1), f, "(0, 1)"),
    ):
        if not ok.all():
            raise ValueError(f"{name} must be in {rule}, got {values[~ok].flat[0]:g}")
    return c, -scipy.special.ndtri(f)


def _rectifies(activation: Activation) -> bool:
    if type(activation) not in (Step, ReLU):
        raise ValueError(f"activation must be Step() or ReLU(), got {activation!r}")
    return type(activation) is ReLU


# Places beyond the threshold in panels that halve towards it, down to 1e-8: answers to odors that
# are nearly the same bend close to it.
_ENDS = np.concatenate([[0.0], 16 * 0.5 ** np.arange(31.0)[::-1]])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_HALF = np.diff(_ENDS)[:, None] / 2
_BEYOND = (_ENDS[:-1, None] + _HALF * (1 + _NODES)).ravel()
_LENGTHS = (_HALF * _WEIGHTS).ravel()
