"""Tails of the normal distribution, accurate where they are tiny."""

from collections.abc import Callable

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from olfnet.checks import FloatArray

# Beyond it the ratios of a continued fraction replace differences of nearly equal numbers.
_FAR = 2.0
_N_RATIOS = 160
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_PAIRS_AT_ONCE = 2**16  # 32 megabytes


def log_density(x: ArrayLike) -> FloatArray:
    """Logarithm of the standard normal density."""
    return np.asarray(-0.5 * np.square(x) - 0.5 * np.log(2 * np.pi))


def upper_tail(x: ArrayLike) -> FloatArray:
    """H(x): probability that a standard normal number is above x."""
    return np.asarray(scipy.special.ndtr(-np.asarray(x, dtype=float)))


def log_excess(x: ArrayLike, power: int) -> FloatArray:
    """Logarithm of E_n(x), the mean of max(t - x, 0)^n over standard normal t, for n = 1 or 2.

    E_1(x) = phi(x) - x H(x) and E_2(x) = (1 + x^2) H(x) - x phi(x) cancel where x is large.  There
    the I_n = E_n / phi obey n I_(n-1) = x I_n + I_(n+1), whose ratios I_n / I_(n-1) = n / (x +
    I_(n+1) / I_n) are all positive sums.  Relative error of E_n below 1e-13.
    """
    x = np.asarray(x, dtype=float)
    near, far = np.minimum(x, _FAR), np.maximum(x, _FAR)
    density, tail = np.exp(log_density(near)), upper_tail(near)
    if power == 1:
        direct = density - near * tail
    else:
        direct = (1 + near**2) * tail - near * density
    ratios = np.sqrt(far**2 / 4 + _N_RATIOS) - far / 2
    first = second = ratios
    for n in range(_N_RATIOS - 1, 0, -1):
        second, first = first, n / (far + first)
    log_ratio = -np.log(far + first) + np.log(first)
    if power == 2:
        log_ratio += np.log(second)
    return np.where(x < _FAR, np.log(direct), log_density(far) + log_ratio)


def joint_tail_excess(threshold: ArrayLike, correlation: ArrayLike) -> FloatArray:
    """P11 - f^2, with P11 the probability that two correlated normal numbers exceed a threshold.

    The derivative of P11 with respect to the correlation r is the joint density at the threshold,
    exp(-T^2 / (1 + r)) / (2 pi sqrt(1 - r^2)) (Plackett 1954, Biometrika 41:351); r = sin(angle).
    The error is below 1e-14 of f^2 + |P11 - f^2|.
    """
    r = np.asarray(correlation, dtype=float)
    return _integral(threshold, np.arcsin(r), lambda angle: 1 + np.sin(angle))


def joint_tail_deficit(threshold: ArrayLike, distance: ArrayLike) -> FloatArray:
    """Return f - P11 at correlation 1 - ``distance``: the probability that only one exceeds it.

    The same integral from a correlation of 1 down, over the angle that is missing to pi / 2.
    """
    # arccos(1 - d) = 2 arcsin(sqrt(d / 2)), without the loss of digits at small d.
    missing = 2 * np.arcsin(np.sqrt(np.asarray(distance, dtype=float) / 2))
    return _integral(threshold, missing, lambda angle: 1 + np.cos(angle))


def _integral(
    threshold: ArrayLike, end: FloatArray, width: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Integrate exp(-T^2 / width(angle)) / (2 pi) from angle 0, in four panels."""
    threshold, end = np.broadcast_arrays(np.asarray(threshold, dtype=float), end)
    if (n_blocks := -(-end.size // _PAIRS_AT_ONCE)) > 1:
        split = [np.array_split(array.ravel(), n_blocks) for array in (threshold, end)]
        parts = [_integral(t, e, width) for t, e in zip(*split, strict=True)]
        return np.concatenate(parts).reshape(end.shape)
    total = np.zeros(threshold.shape)
    half = end / 8
    for middle in (1, 3, 5, 7):
        angles = (middle * half)[..., None] + half[..., None] * _NODES
        with np.errstate(divide="ignore"):
            values = np.exp(-(threshold[..., None] ** 2) / width(angles))
        total += half * (values @ _WEIGHTS)
    return total / (2 * np.pi)
