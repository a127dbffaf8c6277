"""What neurons give on the average: moments of their output, and the threshold of a sparse code.

Inputs are frozen distributions of ``scipy.stats``, such as ``scipy.stats.norm(mean, sd)``; arrays
of parameters give arrays of results.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian import tails
from olfnet.theory._gaussian.quadrature import Density, expectation, mean_and_sd
from olfnet.theory.activations import Activation, Identity, LeakyReLU, ReLU, Step, checked

__all__ = ["Density", "Moments", "expectation", "moments", "small_bias_mean", "summed", "threshold"]

_DEEPEST = 1e100  # standard deviations, of which nothing is left and whose square is a double


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
        If ``inputs`` is no such distribution, or too wild for the quadrature; if ``bias`` is not
        finite or does not fit.

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
    activation, (mean, sd) = checked(activation), mean_and_sd(inputs)
    bias = _fitting(bias, mean)
    mean = mean + bias
    tails = _TAILS.get(inputs.dist.name)
    depth = np.minimum(np.abs(mean) / sd, _DEEPEST)
    if isinstance(activation, Identity):
        return Moments(mean, sd**2 + 0 * mean)
    if tails is not None and isinstance(activation, LeakyReLU):
        return _rectified(activation.slope, mean, sd, tails(depth))
    if tails is not None and isinstance(activation, Step):
        tail = tails(depth)[0]
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
    start = moments(ReLU(), inputs).mean
    bias = _fitting(bias, start)
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
    mean, sd = mean_and_sd(inputs)
    fan_in, weight = checks.count("fan_in", fan_in), checks.finite("weight", weight)
    if weight == 0:
        raise ValueError("weight must not be 0, which leaves no drive")
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
    mean_and_sd(drive)
    return np.asarray(drive.isf(f))[()]


def _fitting(bias: ArrayLike, mean: FloatArray) -> FloatArray:
    fitting, _ = checks.broadcast(bias=bias, inputs=mean)
    checks.require_finite("bias", fitting)
    return fitting


Tails = tuple[FloatArray, FloatArray, FloatArray]  # P(t > d), E max(t - d, 0), its mean square


def _normal_tails(depth: FloatArray) -> Tails:
    first, second = (np.exp(tails.log_excess(depth, power)) for power in (1, 2))
    return tails.upper_tail(depth), first, second


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
