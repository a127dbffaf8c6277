"""Mean and variance of a neuron's output, and the threshold of a sparse code.

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
from olfnet.theory._gaussian import tails
from olfnet.theory._gaussian.means import crowded
from olfnet.theory.activations import Activation, Identity, LeakyReLU, Step, checked

Density = Any  # a frozen continuous distribution of scipy.stats
_FADED = 1e-40  # probability beyond the ends of a quadrature
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
        If ``inputs`` is no such distribution, its density not smooth or its tails too heavy for
        quadrature; if ``bias`` is not finite or has another shape.

    Notes
    -----
    For inputs N(mu, s^2) a rectifier gives mu Phi(mu/s) + s phi(mu/s) and the mean square
    (mu^2 + s^2) Phi(mu/s) + mu s phi(mu/s).  For a small bias b and any density p that is symmetric
    about 0 its mean is E max(z, 0) + b / 2 + b^2 p(0) / 2 + O(b^3).

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> mean, variance = moments(ReLU(), scipy.stats.norm(0, [1, 2]))
    >>> mean.round(6), variance.round(6)
    (array([0.398942, 0.797885]), array([0.340845, 1.36338 ]))
    """
    activation, (mean, sd) = checked(activation), _mean_and_sd(inputs)
    bias, _ = checks.broadcast(bias=bias, inputs=mean)
    checks.require_finite("bias", bias)
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
    # An edge at 0 even without a kink: a steep but smooth activation turns there.
    kinks = [kink - bias for kink in {0.0, *activation.kinks}]
    average = _expectation(lambda z: activation(z + bias), inputs, kinks)
    variance = _expectation(lambda z: (activation(z + bias) - average) ** 2, inputs, kinks)
    return Moments(average, variance)


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
    if weight == 0:
        raise ValueError("weight must not be 0, which leaves no drive")
    return scipy.stats.norm(fan_in * weight * mean, fan_in**0.5 * abs(weight) * sd)


def threshold(coding_level: ArrayLike, drive: Density) -> FloatArray:
    """Return the threshold that a unit's drive exceeds for the given fraction of odors.

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
    f = checks.within("coding_level", coding_level, 0, 1, "()")
    _mean_and_sd(drive)
    return np.asarray(drive.isf(f))[()]


def _expectation(
    function: Callable[[FloatArray], FloatArray], inputs: Density, kinks: Iterable[ArrayLike] = ()
) -> FloatArray:
    """Return the mean of a function of a random number, by quadrature between its kinks."""
    mean, sd = _mean_and_sd(inputs)
    ends = _ends(inputs)
    inner = [np.clip(edge, *ends) for edge in (mean, mean - 8 * sd, mean + 8 * sd, *kinks)]
    edges = np.sort(np.stack(np.broadcast_arrays(*ends, *inner)), axis=0)
    total, weight, size = np.zeros((3, *edges.shape[1:]))
    for low, high in pairwise(edges):
        z, weights = crowded(low, high)
        with np.errstate(divide="ignore", invalid="ignore"):  # infinite at the edge of its support
            weights = np.where(weights > 0, weights * inputs.pdf(z), 0)
        weight += weights.sum(axis=0)
        values = function(z)
        total += np.sum(weights * values, axis=0)
        size += np.sum(weights * np.abs(values), axis=0)
    if not np.all(np.abs(weight - 1) < 1e-9):
        raise ValueError(
            f"inputs must have a smooth density for quadrature, got {inputs.dist.name}, whose "
            f"integral comes out as {np.ravel(weight)[np.argmax(np.abs(weight - 1))]:.9g}"
        )
    if not np.isfinite(size).all():
        raise ValueError("the activation must be finite where inputs fall, got nan or infinity")
    # What is lost beyond infinite ends is about the function there times _FADED.
    infinite = [np.isinf(end).any() for end in inputs.support()]
    lost = sum(_FADED * np.abs(function(edge)) for edge in edges[[0, -1]][infinite])
    if not np.all(lost <= 1e-12 * size + 1e-25):
        raise ValueError(
            f"the activation must grow more slowly than the tails of {inputs.dist.name} fade, got "
            f"a mean of which about {np.max(lost):.2g} is missing"
        )
    return np.asarray(total / weight)[()]


def _mean_and_sd(inputs: Density) -> tuple[FloatArray, FloatArray]:
    """Return both of a continuous distribution, or raise."""
    if not isinstance(getattr(inputs, "dist", None), scipy.stats.rv_continuous):
        raise ValueError(
            f"inputs must be a frozen continuous distribution of scipy.stats, got {inputs!r}"
        )
    mean, sd = np.asarray(inputs.mean()), np.asarray(inputs.std())
    if not (np.isfinite(mean) & np.isfinite(sd) & (sd > 0)).all():
        raise ValueError(f"inputs must have finite mean and variance, got {inputs.dist.name}")
    return mean, sd


def _ends(inputs: Density) -> list[FloatArray]:
    """Return the ends of the support, or where the density has faded to nothing."""
    low, high = (np.asarray(end, dtype=float) for end in inputs.support())
    faded = inputs.ppf(_FADED), inputs.isf(_FADED)
    return [np.where(np.isinf(low), faded[0], low), np.where(np.isinf(high), faded[1], high)]


_Tails = tuple[FloatArray, FloatArray, FloatArray]  # P(t > d), E max(t - d, 0), its mean square


def _normal_tails(depth: FloatArray) -> _Tails:
    first, second = (np.exp(tails.log_excess(depth, power)) for power in (1, 2))
    return tails.upper_tail(depth), first, second


def _uniform_tails(depth: FloatArray) -> _Tails:
    width = 3**0.5
    rest = np.maximum(width - depth, 0)
    return rest / (2 * width), rest**2 / (4 * width), rest**3 / (6 * width)


def _laplace_tails(depth: FloatArray) -> _Tails:
    tail = np.exp(-(2**0.5) * depth) / 2
    return tail, tail / 2**0.5, tail


# Standardized symmetric densities, at a depth d of at least 0.
_TAILS: dict[str, Callable[[FloatArray], _Tails]] = {
    "norm": _normal_tails,
    "uniform": _uniform_tails,
    "laplace": _laplace_tails,
}


def _rectified(slope: float, mean: FloatArray, sd: FloatArray, tails: _Tails) -> Moments:
    # A leaky rectifier is c z + d max(+-z, 0); the sign is chosen such that the second part is the
    # rarer one, which spares differences of large numbers.  With E1, E2 the moments of this part,
    # its covariance with +-z is E2 + |mean| E1.
    first, second = sd * tails[1], sd**2 * tails[2]
    linear, sign = np.where(mean > 0, 1.0, slope), np.where(mean > 0, -1.0, 1.0)
    rest = 1 - slope
    covariance = sign * (second + np.abs(mean) * first)
    variance = (linear * sd) ** 2 + rest**2 * (second - first**2) + 2 * linear * rest * covariance
    return Moments(np.asarray(linear * mean + rest * first), np.asarray(variance))
