"""Interval bounds of outputs and slopes near one input: tighter than any for all inputs.

While the input stays in a ball, each layer's outputs are enclosed, and so are their derivatives
with respect to the network's inputs.  The steepest slope in the ball is a Lipschitz constant within
the ball, so that a margin above radius times slope certifies the radius.  For small balls the
enclosed slope is the slope itself, and the certificate cannot be improved.

All steps round outward: a sum of n terms is allowed 2 (n + 8) eps of its terms without signs, four
times as much as it can be off.
"""

from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import Activation, Thresholded
from olfnet.theory.lipschitz._norms import EPS, require_norm, row_bounds
from olfnet.theory.lipschitz.bounds import bound
from olfnet.theory.lipschitz.singular import explicit_matrix
from olfnet.theory.network import (
    Activate,
    Convolution,
    Dense,
    Flatten,
    Layer,
    MeanPool,
    Network,
    Residual,
)


@dataclass(frozen=True)
class Ball:
    """All inputs within a distance of a given one.

    Parameters
    ----------
    radius : float
    norm : {2, np.inf}
    """

    radius: float
    norm: float = 2

    def __post_init__(self) -> None:
        checks.nonnegative("radius", self.radius)
        require_norm(self.norm)


@dataclass(frozen=True, eq=False)
class Enclosure:
    """Ranges of n numbers inside a network, and of their slopes, while its input stays in a ball.

    Attributes
    ----------
    value : array of shape (...)
        At the center of the ball, as computed.
    error : array of shape (n,)
        Largest rounding error of it.
    slope, slope_error : array of shape (n, n_inputs)
        Derivatives with respect to the inputs lie within ``slope`` plus or minus ``slope_error``,
        anywhere in the ball.
    """

    value: FloatArray
    error: FloatArray
    slope: FloatArray
    slope_error: FloatArray

    @classmethod
    def of_input(cls, sample: FloatArray) -> "Enclosure":
        """Return the enclosure of the input itself, given without the axis of samples."""
        n = sample.size
        return cls(sample, np.zeros(n), np.eye(n), np.zeros((n, n)))

    def steepest(self, norm: float) -> FloatArray:
        """Return a Lipschitz constant of each number within the ball."""
        return row_bounds(np.abs(self.slope) + self.slope_error, norm)

    def half_width(self, ball: Ball) -> FloatArray:
        """Return the largest distance of each number from ``value``, shape (n,)."""
        return np.asarray((ball.radius * self.steepest(ball.norm) + self.error) * (1 + 4 * EPS))

    def weighted(
        self, weights: FloatArray, value: FloatArray, doubt: FloatArray | None = None
    ) -> "Enclosure":
        """Enclose weighted sums.

        Parameters
        ----------
        weights : array of shape (n_outputs, n)
            Derivatives of the sums with respect to these numbers.
        value : array of shape (...)
            The sums at the center, as computed.
        doubt : array of shape (n_outputs, n), optional
            Largest difference of derivatives from ``weights`` in the ball.
        """
        moves = (np.abs(self.slope) + self.slope_error).any(axis=1)  # others are constant
        slope, slope_error = self.slope[moves], self.slope_error[moves]
        slack = 2 * (weights.shape[1] + 8) * EPS
        size = np.abs(weights)
        wide = size[:, moves] @ (slope_error * (1 + slack) + slack * np.abs(slope))
        if doubt is not None:
            wide += doubt[:, moves] @ (np.abs(slope) + slope_error) * (1 + slack)
            size = size + doubt  # which carry what rounding has moved, too
        error = size @ (self.error + slack * np.abs(self.value.ravel()))
        error += slack * np.abs(value.ravel())
        return Enclosure(value, error * (1 + slack), weights[:, moves] @ slope, wide)


@singledispatch
def enclosed(layer: Layer, inside: Enclosure, ball: Ball) -> Enclosure:
    """Enclose the outputs of a layer or network, given the enclosure of its inputs.

    Parameters
    ----------
    layer : Layer
        For a layer of your own, register a function by ``enclosed.register``.
    inside : Enclosure
    ball : Ball

    Returns
    -------
    Enclosure

    Raises
    ------
    ValueError
        If the layer is of an unknown kind, or jumps.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> ramp = Network([Dense([[2.0]], [-5.0]), Activate(ReLU())])
    >>> near, far = (enclosed(ramp, Enclosure.of_input(np.ones(1)), Ball(r)) for r in (1.0, 2.0))
    >>> near.steepest(2).round(9), far.steepest(2).round(9)
    (array([0.]), array([2.]))
    """
    raise ValueError(f"layer must be of a kind that can be enclosed, got {type(layer).__name__}")


@enclosed.register
def _(layer: Dense, inside: Enclosure, ball: Ball) -> Enclosure:
    return inside.weighted(layer.weights, layer.linearized(inside.value[None])[0][0])


@enclosed.register(Convolution)
@enclosed.register(MeanPool)
@enclosed.register(Flatten)
def _(layer: Layer, inside: Enclosure, ball: Ball) -> Enclosure:
    outputs = layer.linearized(inside.value[None])[0][0]
    return inside.weighted(explicit_matrix(layer, inside.value.shape), outputs)


@enclosed.register
def _(layer: Activate, inside: Enclosure, ball: Ball) -> Enclosure:
    if isinstance(layer.activation, Thresholded):  # a subtraction first, which rounds
        value = inside.value - layer.activation.threshold
        error = (inside.error + EPS * np.abs(value.ravel())) * (1 + 4 * EPS)
        moved = replace(inside, value=value, error=error)
        return enclosed(Activate(layer.activation.activation), moved, ball)
    steepest = bound(layer)  # raises for activations that jump
    value, half_width = inside.value.ravel(), inside.half_width(ball)
    low, high = _slopes_within(layer.activation, value - half_width, value + half_width)
    middle, doubt = (low + high) / 2, (high - low) / 2 * (1 + 4 * EPS)
    size = np.abs(inside.slope)
    slope_error = doubt[:, None] * size + (np.abs(middle) + doubt)[:, None] * inside.slope_error
    slope_error += 4 * EPS * np.abs(middle)[:, None] * size
    outputs = layer.activation(inside.value)
    error = steepest * inside.error + 8 * EPS * np.abs(outputs.ravel())
    return Enclosure(
        outputs, error * (1 + 4 * EPS), middle[:, None] * inside.slope, slope_error * (1 + 8 * EPS)
    )


@enclosed.register
def _(layer: Network, inside: Enclosure, ball: Ball) -> Enclosure:
    for part in layer.layers:
        inside = enclosed(part, inside, ball)
    return inside


@enclosed.register
def _(layer: Residual, inside: Enclosure, ball: Ball) -> Enclosure:
    change = enclosed(Network(layer.layers), inside, ball)
    value, slope = inside.value + change.value, inside.slope + change.slope
    return Enclosure(
        value,
        (inside.error + change.error + EPS * np.abs(value.ravel())) * (1 + 4 * EPS),
        slope,
        (inside.slope_error + change.slope_error + EPS * np.abs(slope)) * (1 + 4 * EPS),
    )


def _slopes_within(
    activation: Activation, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the least and the greatest slope of an activation between two inputs.

    Its slope must be monotonic on either side of zero.
    """
    nearest_zero = np.clip(0.0, low, high)
    slopes = np.array([activation.derivative(at) for at in (low, nearest_zero, high)])
    # Rectifiers are exact; others fall by exp(-z^2) at most, which 2 z^2 eps of rounding can move.
    farthest = np.minimum(np.maximum(np.abs(low), np.abs(high)), 1e4)
    slack = np.zeros(len(low)) if activation.kinks else (16 + 4 * farthest**2) * EPS
    return slopes.min(axis=0) * (1 - slack), slopes.max(axis=0) * (1 + slack)
