"""What neurons give on the average: moments of their output, and the threshold of a sparse code.

Inputs are frozen distributions of ``scipy.stats``, such as ``scipy.stats.norm(mean, sd)``; arrays
of parameters give arrays of results.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory import gaussian
from olfnet.theory.activations import Activation, Identity, LeakyReLU, ReLU, Step

Density = Any  # a frozen continuous distribution of scipy.stats


class Moments(NamedTuple):
    """Mean and variance of a neuron's output."""

    mean: FloatArray
    variance: FloatArray

    @property
    def second(self) -> FloatArray:
        """Mean square."""
        return np.asarray(self.variance + self.mean**2)


def moments(activation: Activation, inputs: Density, bias: ArrayLike = 0.0) -> Moments:
    """Return mean and variance of the output of a neuron with random inputs.

    Parameters
    ----------
    activation : Activation
    inputs : frozen continuous distribution of scipy.stats
        With finite mean and variance.
    bias : array that broadcasts against the distribution's parameters
        Added to the input; minus the threshold.

    Returns
    -------
    Moments
        To rounding for linear, rectifying (leaky or not) and step neurons whose inputs are normal,
        uniform or Laplacian; else by quadrature, to about 1e-12.

    Raises
    ------
    ValueError
        If ``inputs`` is no such distribution, or too wild for the quadrature.

    Notes
    -----
    For inputs N(mu, s^2) a rectifier gives mu Phi(mu/s) + s phi(mu/s) and the mean square
    (mu^2 + s^2) Phi(mu/s) + mu s phi(mu/s).

    Examples
    --------
    >>> found = moments(ReLU(), scipy.stats.norm(0, [1, 2]))
    >>> found.mean.round(6), found.variance.round(6)
    (array([0.398942, 0.797885]), array([0.340845, 1.36338 ]))
    """
    mean, sd = _mean_and_sd(inputs)
    (bias,) = checks.broadcast(bias=bias)
    mean = mean + bias
    tails = _TAILS.get(inputs.dist.name)
    if isinstance(activation, Identity):
        return Moments(mean, sd**2 + 0 * mean)
    if tails is not None and isinstance(activation, LeakyReLU):
        return _rectified(activation.slope, mean, sd, tails(np.abs(mean) / sd))
    if tails is not None and isinstance(activation, Step):
        tail = tails(np.abs(mean) / sd)[0]
        return Moments(np.where(mean > 0, 1 - tail, tail), tail * (1 - tail))
    # Bent at 0 by all means: a steep but smooth activation turns there.
    kinks = [kink - bias for kink in {0.0, *activation.kinks}]
    average = expectation(lambda z: activation(z + bias), inputs, kinks)
    spread = expectation(lambda z: (activation(z + bias) - average) ** 2, inputs, kinks)
    return Moments(average, spread)


def small_bias_mean(inputs: Density, bias: ArrayLike) -> FloatArray:
    """Return the mean output of a rectifier with a small bias b, to second order.

    E relu(z + b) = E relu(z) + b P(z > 0) + b^2 p(0) / 2, whose slope is 1/2 for any symmetric
    density p, since the derivatives by b are P(z > -b) and p(-b).

    Parameters
    ----------
    inputs : frozen continuous distribution of scipy.stats
        Its density must be continuous at 0.
    bias : array

    Returns
    -------
    array

    Examples
    --------
    >>> small_bias_mean(scipy.stats.norm(), 0.1).round(4), moments(
    ...     ReLU(), scipy.stats.norm(), 0.1
    ... ).mean.round(4)
    (np.float64(0.4509), np.float64(0.4509))
    """
    (bias,) = checks.broadcast(bias=bias)
    start = moments(ReLU(), inputs).mean
    return np.asarray(start + bias * inputs.sf(0.0) + bias**2 * inputs.pdf(0.0) / 2)[()]


def summed(inputs: Density, fan_in: int, weight: float = 1.0) -> Density:
    """Approximate the drive of a unit that adds up independent inputs by a normal distribution.

    Parameters
    ----------
    inputs : frozen continuous distribution of scipy.stats
        Of one input.
    fan_in : int
    weight : float
        Of every synapse.

    Returns
    -------
    frozen normal distribution
        Exact for normal inputs; else with an error of the order of skewness / sqrt(fan_in).

    Examples
    --------
    >>> drive = summed(scipy.stats.expon(scale=20.0), fan_in=4)
    >>> drive.mean(), drive.std()
    (np.float64(80.0), np.float64(40.0))
    """
    mean, sd = _mean_and_sd(inputs)
    fan_in, weight = checks.count("fan_in", fan_in), checks.finite("weight", weight)
    return scipy.stats.norm(fan_in * weight * mean, fan_in**0.5 * abs(weight) * sd)


def threshold(coding_level: ArrayLike, drive: Density) -> FloatArray:
    """Return the threshold that a unit's drive exceeds in the wanted fraction of odors.

    Parameters
    ----------
    coding_level : array of numbers in (0, 1)
    drive : frozen continuous distribution of scipy.stats

    Returns
    -------
    array
        In the unit of the drive; ``moments(ReLU(), drive, -threshold).mean`` is the mean rate.

    Raises
    ------
    ValueError
        If a coding level is out of range.

    Examples
    --------
    >>> threshold(0.1, scipy.stats.norm()).round(4)
    np.float64(1.2816)
    """
    (f,) = checks.broadcast(coding_level=coding_level)
    if not ((f > 0) & (f < 1)).all():
        raise ValueError(f"coding_level must be in (0, 1), got {f[~((f > 0) & (f < 1))].flat[0]:g}")
    _mean_and_sd(drive)
    return np.asarray(drive.isf(f))[()]


def expectation(
    function: Callable[[FloatArray], FloatArray], inputs: Density, kinks: Iterable[ArrayLike] = ()
) -> FloatArray:
    """Return the mean of a function of a random number, by quadrature between its kinks.

    Parameters
    ----------
    function : callable (array) -> array of the same shape
    inputs : frozen continuous distribution of scipy.stats
    kinks : arrays
        Where the function or its derivative jumps.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        If the density is not smooth enough for the quadrature.

    Examples
    --------
    >>> expectation(np.square, scipy.stats.logistic()).round(10)  # pi^2 / 3
    np.float64(3.2898681337)
    """
    mean, sd = _mean_and_sd(inputs)
    ends = _ends(inputs)
    inner = [np.clip(kink, *ends) for kink in (mean, mean - 8 * sd, mean + 8 * sd, *kinks)]
    edges = np.sort(np.stack(np.broadcast_arrays(*ends, *inner)), axis=0)
    total, weight = np.zeros(edges.shape[1:]), np.zeros(edges.shape[1:])
    for low, high in pairwise(edges):
        z, lengths = _nodes(low, high)
        with np.errstate(divide="ignore", invalid="ignore"):  # infinite at the edge of its support
            shares = np.where(lengths > 0, lengths * inputs.pdf(z), 0)
        weight += shares.sum(axis=0)
        total += np.sum(shares * function(z), axis=0)
    if not np.all(np.abs(weight - 1) < 1e-9):
        raise ValueError(
            f"inputs must have a smooth density for quadrature, got {inputs.dist.name}, whose "
            f"integral comes out as {np.ravel(weight)[np.argmax(np.abs(weight - 1))]:.9g}"
        )
    return (total / weight)[()]


def _mean_and_sd(inputs: Density) -> tuple[FloatArray, FloatArray]:
    if not isinstance(getattr(inputs, "dist", None), scipy.stats.rv_continuous):
        raise ValueError(
            f"inputs must be a frozen continuous distribution of scipy.stats, got {inputs!r}"
        )
    mean, sd = np.asarray(inputs.mean()), np.asarray(inputs.std())
    if not (np.isfinite(mean) & np.isfinite(sd) & (sd > 0)).all():
        raise ValueError(f"inputs must have finite mean and variance, got {inputs.dist.name}")
    return mean, sd


Tails = tuple[FloatArray, FloatArray, FloatArray]  # P(t > d), E max(t - d, 0), its mean square


def _normal_tails(depth: FloatArray) -> Tails:
    first, second = (np.exp(gaussian.log_excess(depth, power)) for power in (1, 2))
    return gaussian.upper_tail(depth), first, second


def _uniform_tails(depth: FloatArray) -> Tails:
    width = 3**0.5
    reach = np.maximum(width - depth, 0)
    return reach / (2 * width), reach**2 / (4 * width), reach**3 / (6 * width)


def _laplace_tails(depth: FloatArray) -> Tails:
    tail = np.exp(-(2**0.5) * depth) / 2
    return tail, tail / 2**0.5, tail


# Standardized symmetric densities, at a depth d of at least 0.
_TAILS: dict[str, Callable[[FloatArray], Tails]] = {
    "norm": _normal_tails,
    "uniform": _uniform_tails,
    "laplace": _laplace_tails,
}


def _rectified(slope: float, mean: FloatArray, sd: FloatArray, tails: Tails) -> Moments:
    # A leaky rectifier is c z + d max(+-z, 0); the sign is chosen such that the second part is the
    # rarer one, which spares differences of large numbers.  With E1, E2 the moments of this part,
    # its covariance with +-z is E2 + |mean| E1.
    first, second = sd * tails[1], sd**2 * tails[2]
    linear, sign = np.where(mean > 0, 1.0, slope), np.where(mean > 0, -1.0, 1.0)
    rest = 1 - slope
    covariance = sign * (second + np.abs(mean) * first)
    variance = (linear * sd) ** 2 + rest**2 * (second - first**2) + 2 * linear * rest * covariance
    return Moments(np.asarray(linear * mean + rest * first), np.asarray(variance))


def _ends(inputs: Density) -> list[FloatArray]:
    """Support, or where the density has faded to nothing."""
    low, high = (np.asarray(end, dtype=float) for end in inputs.support())
    faded = inputs.ppf(1e-40), inputs.isf(1e-40)
    return [np.where(np.isinf(low), faded[0], low), np.where(np.isinf(high), faded[1], high)]


# Takahasi & Mori 1974: nodes that crowd at both ends by a double exponential.
_STEP = 1 / 64
_TIMES = _STEP * np.arange(-256, 257)
_FROM_LOW = 1 / (1 + np.exp(-np.pi * np.sinh(_TIMES)))
_LENGTHS = _STEP * np.pi * np.cosh(_TIMES) * _FROM_LOW * _FROM_LOW[::-1]


def _nodes(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Places between two edges, nodes first, and the lengths that they stand for."""
    shape = (-1,) + (1,) * low.ndim
    width = high - low
    below, above = _FROM_LOW.reshape(shape), _FROM_LOW[::-1].reshape(shape)
    z = np.where(below < 0.5, low + width * below, high - width * above)
    return z, width * _LENGTHS.reshape(shape)
