"""Activation functions of artificial neurons, with their derivatives.

For means and variances of their outputs see ``moments``.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray


class Activation(Protocol):
    """Output of a neuron as a function of its input; kinks are where its derivative jumps."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Inputs at which the derivative (or the output) jumps."""
        ...

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return the output, of the same shape."""
        ...

    def derivative(self, inputs: ArrayLike) -> FloatArray:
        """Return the slope, of the same shape; at a kink that on its left."""
        ...


@dataclass(frozen=True)
class Identity:
    """A linear neuron."""

    kinks: tuple[float, ...] = ()

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return the inputs."""
        return np.array(_numbers(inputs))

    def derivative(self, inputs: ArrayLike) -> FloatArray:
        """Return ones."""
        return np.ones(np.shape(inputs))


@dataclass(frozen=True)
class LeakyReLU:
    """A rectified linear neuron with a small slope below threshold.

    Parameters
    ----------
    slope : float
        Slope below threshold; 0 for the plain rectifier.

    Examples
    --------
    >>> LeakyReLU(0.1)([-2.0, 3.0])
    array([-0.2,  3. ])
    """

    slope: float = 0.01

    def __post_init__(self) -> None:
        checks.finite("slope", self.slope)

    @property
    def kinks(self) -> tuple[float, ...]:
        """Zero."""
        return (0.0,)

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return the inputs, those below zero times the slope."""
        inputs = _numbers(inputs)
        if self.slope == 0:  # 0 times infinity is NaN
            return np.asarray(np.maximum(inputs, 0.0) + 0.0)  # no negative zero
        return np.asarray(np.where(inputs > 0, inputs, self.slope * inputs) + 0.0)

    def derivative(self, inputs: ArrayLike) -> FloatArray:
        """Return 1 above zero, the slope elsewhere."""
        return np.where(_numbers(inputs) > 0, 1.0, self.slope)


@dataclass(frozen=True)
class ReLU(LeakyReLU):
    """A rectified linear neuron.

    Examples
    --------
    >>> ReLU()([-2.0, 3.0])
    array([0., 3.])
    """

    slope: float = 0.0


@dataclass(frozen=True)
class Step:
    """A threshold neuron (McCulloch & Pitts 1943): 1 above zero, 0 elsewhere."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Zero."""
        return (0.0,)

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return zeros and ones."""
        return np.asarray(np.heaviside(_numbers(inputs), 0.0))

    def derivative(self, inputs: ArrayLike) -> FloatArray:
        """Return zeros: gradients do not pass a step."""
        return np.zeros(np.shape(inputs))


@dataclass(frozen=True)
class Tanh:
    """Hyperbolic tangent."""

    kinks: tuple[float, ...] = ()

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return numbers between -1 and 1."""
        return np.asarray(np.tanh(_numbers(inputs)))

    def derivative(self, inputs: ArrayLike) -> FloatArray:
        """Return 1 / cosh^2, without overflow."""
        decay = np.exp(-2 * _within(inputs))
        return np.asarray(4 * decay / (1 + decay) ** 2)


@dataclass(frozen=True)
class Sigmoid:
    """Logistic function 1 / (1 + exp(-z)); its slope is 1/4 at most."""

    kinks: tuple[float, ...] = ()

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return numbers between 0 and 1."""
        return np.asarray(scipy.special.expit(_numbers(inputs)))

    def derivative(self, inputs: ArrayLike) -> FloatArray:
        """Return s (1 - s), accurate in both tails."""
        inputs = _numbers(inputs)
        return np.asarray(scipy.special.expit(inputs) * scipy.special.expit(-inputs))


@dataclass(frozen=True)
class Erf:
    """Error function, a sigmoid whose Gaussian means have closed forms."""

    kinks: tuple[float, ...] = ()

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return numbers between -1 and 1."""
        return np.asarray(scipy.special.erf(_numbers(inputs)))

    def derivative(self, inputs: ArrayLike) -> FloatArray:
        """Return 2 exp(-z^2) / sqrt(pi)."""
        return np.asarray(2 / np.sqrt(np.pi) * np.exp(-(_within(inputs) ** 2)))


@dataclass(frozen=True)
class Thresholded:
    """An activation of the input minus a threshold.

    Parameters
    ----------
    activation : Activation
    threshold : float

    Examples
    --------
    >>> Thresholded(ReLU(), 2.0)([1.0, 3.0])
    array([0., 1.])
    """

    activation: Activation
    threshold: float

    def __post_init__(self) -> None:
        checked(self.activation)
        checks.finite("threshold", self.threshold)

    @property
    def kinks(self) -> tuple[float, ...]:
        """Those of the activation, moved."""
        return tuple(kink + self.threshold for kink in self.activation.kinks)

    def __call__(self, inputs: ArrayLike) -> FloatArray:
        """Return the output for inputs minus the threshold."""
        return self.activation(_numbers(inputs) - self.threshold)

    def derivative(self, inputs: ArrayLike) -> FloatArray:
        """Return the slope at inputs minus the threshold."""
        return self.activation.derivative(_numbers(inputs) - self.threshold)


def checked(activation: Activation) -> Activation:
    """Return an activation, or raise, as for a class without parentheses."""
    names = ("__call__", "derivative", "kinks")
    if isinstance(activation, type) or not all(hasattr(activation, name) for name in names):
        raise ValueError(f"activation must be one such as ReLU(), got {activation!r}")
    return activation


def _numbers(inputs: ArrayLike) -> FloatArray:
    (numbers,) = checks.broadcast(inputs=inputs)
    return numbers


def _within(inputs: ArrayLike) -> FloatArray:
    """Return the distance from 0, at most 1e4, where slopes have vanished."""
    return np.asarray(np.minimum(np.abs(_numbers(inputs)), 1e4))
