"""Gaussian means of products of two outputs of a neuron, for kernels of wide networks.

Two inputs drive a random neuron with two numbers u and v, jointly normal with mean 0.  The dual of
its activation (Daniely, Frostig & Singer 2016, arXiv 1602.05897) is E phi(u) phi(v); here
E phi'(u) phi'(v) is computed, too.  Linear, rectifying (Cho & Saul 2009), step and error functions
have closed forms, good to rounding, in which angles below 8e-8 count as 0; others go by Mehler's
series sum_n a_n(u) a_n(v) c^n over Hermite coefficients, to 1e-12.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from olfnet.checks import FloatArray
from olfnet.theory._gaussian.hermite import Series, product, series
from olfnet.theory.activations import Activation, Erf, Identity, LeakyReLU, ReLU, Step

# Of a correlation; the cosine of an angle of 8e-8 differs from 1 by as much.
_ROUNDING = 16 * float(np.finfo(float).eps)


class Products(NamedTuple):
    """Means of products of two outputs, and of two slopes."""

    outputs: FloatArray
    slopes: FloatArray


@dataclass(frozen=True, eq=False)
class Drives:
    """Gaussian means for single inputs, from which those for pairs are computed.

    Attributes
    ----------
    variance : array of shape (n_inputs,)
        Of the drive.
    outputs, slopes : arrays of shape (n_inputs,)
        E phi(u)^2 and E phi'(u)^2.
    series : tuple of Series
        Of output and slope, where there is no closed form.
    """

    variance: FloatArray
    outputs: FloatArray
    slopes: FloatArray
    series: tuple[Series, ...] = ()

    def __getitem__(self, rows: slice) -> "Drives":
        """Return those of some inputs."""
        series = tuple(series[rows] for series in self.series)
        return Drives(self.variance[rows], self.outputs[rows], self.slopes[rows], series)


class Dual(Protocol):
    """Gaussian means of one activation."""

    def drives(self, variance: FloatArray) -> Drives:
        """Return the means for single inputs."""
        ...

    def products(self, left: Drives, right: Drives, covariance: FloatArray) -> Products:
        """Return the means for all pairs, shape (n_left, n_right)."""
        ...


def dual(activation: Activation) -> Dual:
    """Return the Gaussian means of an activation: closed forms if there are, or series."""
    if type(activation) is Identity:
        return _Rectified(1.0)
    if type(activation) in (LeakyReLU, ReLU):
        return _Rectified(activation.slope)  # type: ignore[attr-defined]
    if type(activation) is Step:
        return _Step()
    return _Erf() if type(activation) is Erf else _Expanded(activation)


def _sine_and_cosine(
    left: FloatArray, right: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return sqrt(left right - covariance^2), and the arcsine of the correlation.

    Not by the arccosine, which turns a rounding of 1e-16 near 1 into 1e-8, but by an arctangent of
    both sides of the triangle.  Angles of the order of rounding become 0, so that equal inputs have
    the angle 0.
    """
    scale = np.multiply.outer(np.sqrt(left), np.sqrt(right))
    rest = scale - covariance
    np.copyto(rest, 0.0, where=rest <= _ROUNDING * scale)
    rest *= np.add(scale, covariance, out=scale)
    np.sqrt(np.maximum(rest, 0.0, out=rest), out=rest)
    return rest, np.arctan2(covariance, rest, out=scale)


@dataclass(frozen=True)
class _Rectified:
    """A rectifier, leaky or not, is a z + b |z|; products of z and |v| are 0 on average."""

    slope: float

    @property
    def squares(self) -> tuple[float, float]:
        return (1 + self.slope) ** 2 / 4, (1 - self.slope) ** 2 / 4

    def drives(self, variance: FloatArray) -> Drives:
        both = sum(self.squares)
        return Drives(variance, both * variance, np.full_like(variance, both))

    def products(self, left: Drives, right: Drives, covariance: FloatArray) -> Products:
        linear, bent = self.squares
        if bent == 0:
            return Products(linear * covariance, np.full_like(covariance, linear))
        # E |u v| = (2 / pi) (rest + angle covariance), E sgn u sgn v = (2 / pi) angle.
        rest, slopes = _sine_and_cosine(left.variance, right.variance, covariance)
        slopes *= 2 / np.pi * bent
        slopes += linear
        outputs = np.multiply(slopes, covariance)
        rest *= 2 / np.pi * bent
        outputs += rest
        return Products(outputs, slopes)


@dataclass(frozen=True)
class _Step:
    """The slope of a step is 0; so is its output at a drive of 0."""

    def drives(self, variance: FloatArray) -> Drives:
        return Drives(variance, np.where(variance > 0, 0.5, 0.0), np.zeros_like(variance))

    def products(self, left: Drives, right: Drives, covariance: FloatArray) -> Products:
        angle = _sine_and_cosine(left.variance, right.variance, covariance)[1]
        driven = np.multiply.outer(left.variance > 0, right.variance > 0)
        return Products((0.25 + angle / (2 * np.pi)) * driven, np.zeros_like(covariance))


@dataclass(frozen=True)
class _Erf:
    """Williams 1997: an arcsine of twice the covariance, each variance v being 1 + 2 v."""

    def drives(self, variance: FloatArray) -> Drives:
        outputs = 2 / np.pi * np.arctan2(2 * variance, np.sqrt(1 + 4 * variance))
        return Drives(variance, outputs, 4 / np.pi / np.sqrt(1 + 4 * variance))

    def products(self, left: Drives, right: Drives, covariance: FloatArray) -> Products:
        rest, outputs = _sine_and_cosine(
            1 + 2 * left.variance, 1 + 2 * right.variance, 2 * covariance
        )
        outputs *= 2 / np.pi
        return Products(outputs, np.divide(4 / np.pi, rest, out=rest))


@dataclass(frozen=True)
class _Expanded:
    """No closed form: a series for the output, and another one for the slope."""

    activation: Activation

    def drives(self, variance: FloatArray) -> Drives:
        sd, kinks = np.sqrt(variance), self.activation.kinks
        outputs = series(self.activation, sd, kinks)
        slopes = series(self.activation.derivative, sd, kinks)
        return Drives(variance, outputs.square, slopes.square, (outputs, slopes))

    def products(self, left: Drives, right: Drives, covariance: FloatArray) -> Products:
        scale = np.multiply.outer(np.sqrt(left.variance), np.sqrt(right.variance))
        c = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)
        np.clip(c, -1, 1, out=c)
        return Products(*map(product, left.series, right.series, (c, c)))
