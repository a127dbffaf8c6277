"""Bounds of outputs and slopes that hold near one input: tighter than any for all inputs.

While the input stays in a ball, each layer's outputs are enclosed, and the slopes of these outputs
by the network's inputs.  The steepest slope in the ball is a Lipschitz constant within the ball, so
that a margin above radius times slope certifies the radius.  For small balls the enclosed slope is
the slope itself, and the certificate cannot be improved.

All steps round outward: a sum of n terms is allowed 2 (n + 8) eps of its terms without signs, four
times as much as it can be off.
"""

from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import Activation, Thresholded
from olfnet.theory.lipschitz.bounds import require_norm, row_bounds, steepest
from olfnet.theory.lipschitz.certificates import Certificate, against, certified_radius, classes
from olfnet.theory.lipschitz.singular import EPS, explicit_matrix
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

_FARTHEST = 2.0**40  # no radius beyond is asked for where outputs do not change at all


@dataclass(frozen=True)
class Ball:
    """All inputs within a distance of one.

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
    """What n numbers inside a network can be while its input stays in a ball.

    Attributes
    ----------
    value : array of shape (...)
        At the center of the ball, as computed.
    error : array of shape (n,)
        By how much rounding may have moved it.
    slope, spread : array of shape (n, n_inputs)
        Derivatives by the inputs lie within ``slope`` plus or minus ``spread``, all over the ball.
    """

    value: FloatArray
    error: FloatArray
    slope: FloatArray
    spread: FloatArray

    @classmethod
    def of_input(cls, sample: FloatArray) -> "Enclosure":
        """Return that of the input itself, without the axis of samples."""
        n = sample.size
        return cls(sample, np.zeros(n), np.eye(n), np.zeros((n, n)))

    def steepest(self, norm: float) -> FloatArray:
        """Return a Lipschitz constant of each number within the ball."""
        return row_bounds(np.abs(self.slope) + self.spread, norm)

    def reach(self, ball: Ball) -> FloatArray:
        """Return how far each number can be from ``value``, shape (n,)."""
        return np.asarray((ball.radius * self.steepest(ball.norm) + self.error) * (1 + 4 * EPS))

    def weighted(
        self, weights: FloatArray, value: FloatArray, doubt: FloatArray | None = None
    ) -> "Enclosure":
        """Return what weighted sums can be.

        Parameters
        ----------
        weights : array of shape (n_outputs, n)
            Slopes of the sums by these numbers.
        value : array of shape (...)
            The sums at the center, as computed.
        doubt : array of shape (n_outputs, n), optional
            By how much slopes may differ from ``weights`` somewhere in the ball.
        """
        moves = (np.abs(self.slope) + self.spread).any(axis=1)  # the rest is the same in the ball
        slope, spread = self.slope[moves], self.spread[moves]
        slack = 2 * (weights.shape[1] + 8) * EPS
        size = np.abs(weights)
        wide = size[:, moves] @ (spread * (1 + slack) + slack * np.abs(slope))
        if doubt is not None:
            wide += doubt[:, moves] @ (np.abs(slope) + spread) * (1 + slack)
            size = size + doubt  # which carry what rounding has moved, too
        error = size @ (self.error + slack * np.abs(self.value.ravel()))
        error += slack * np.abs(value.ravel())
        return Enclosure(value, error * (1 + slack), weights[:, moves] @ slope, wide)


@singledispatch
def enclosed(layer: Layer, inside: Enclosure, ball: Ball) -> Enclosure:
    """Enclose the outputs of a layer or network, given what its inputs can be.

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
    value, reach = inside.value.ravel(), inside.reach(ball)
    low, high = slopes_within(layer.activation, value - reach, value + reach)
    middle, doubt = (low + high) / 2, (high - low) / 2 * (1 + 4 * EPS)
    size = np.abs(inside.slope)
    spread = doubt[:, None] * size + (np.abs(middle) + doubt)[:, None] * inside.spread
    spread += 4 * EPS * np.abs(middle)[:, None] * size
    outputs = layer.activation(inside.value)
    error = steepest(layer.activation) * inside.error + 8 * EPS * np.abs(outputs.ravel())
    return Enclosure(
        outputs, error * (1 + 4 * EPS), middle[:, None] * inside.slope, spread * (1 + 8 * EPS)
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
        (inside.spread + change.spread + EPS * np.abs(slope)) * (1 + 4 * EPS),
    )


def slopes_within(
    activation: Activation, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the least and the greatest slope of an activation between two inputs.

    Parameters
    ----------
    activation : Activation
        One whose slope is monotonic on either side of zero, or of its threshold.
    low, high : array of shape (n,)

    Returns
    -------
    tuple of arrays of shape (n,)

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> slopes_within(ReLU(), np.array([-2.0, -1.0]), np.array([-1.0, 1.0]))
    (array([0., 0.]), array([0., 1.]))
    """
    steepest(activation)  # refuses those that jump
    if isinstance(activation, Thresholded):  # subtraction rounds, but never to the other side of 0
        low, high = low - activation.threshold, high - activation.threshold
        low, high = low - EPS * np.abs(low), high + EPS * np.abs(high)
        return slopes_within(activation.activation, low, high)
    nearest_zero = np.clip(0.0, low, high)
    found = np.array([activation.derivative(at) for at in (low, nearest_zero, high)])
    # Rectifiers are exact; others fall by exp(-z^2) at most, which 2 z^2 eps of rounding can move.
    farthest = np.minimum(np.maximum(np.abs(low), np.abs(high)), 1e4)
    slack = np.zeros(len(low)) if activation.kinks else (16 + 4 * farthest**2) * EPS
    return found.min(axis=0) * (1 - slack), found.max(axis=0) * (1 + slack)


def certify_near(
    network: Network, inputs: ArrayLike, *, norm: float = 2, n_halvings: int = 12
) -> Certificate:
    """Certify decisions by the steepest slopes of differences of outputs near each input.

    Parameters
    ----------
    network : Network
        A dense layer comes last.
    inputs : array of shape (n_samples, ...)
    norm : {2, np.inf}
    n_halvings : int
        Steps of the search for the largest radius that certifies itself.

    Returns
    -------
    Certificate
        With the bounds that hold within each radius, which is at most 2**40 where outputs do not
        change at all.

    Raises
    ------
    ValueError
        If the network ends otherwise, or a layer cannot be enclosed.

    Notes
    -----
    The larger the ball, the steeper the slopes in it: a radius certifies itself if it is not larger
    than all margins divided by the slopes within it (Hein & Andriushchenko 2017, arXiv 1705.08475).

    Examples
    --------
    >>> from olfnet.theory.lipschitz.certificates import certify
    >>> from olfnet.theory.activations import ReLU
    >>> units = Dense([[1.0], [1.0]], [0.0, -9.0]), Activate(ReLU())
    >>> hill = Network([*units, Dense([[1.0, -4.0]])])  # positive from 0 to 12
    >>> [float(how(hill, [[3.0]]).radius[0].round(3)) for how in (certify, certify_near)]
    [0.514, 3.0]
    """
    require_norm(norm)
    n_halvings = checks.count("n_halvings", n_halvings)
    inputs = np.asarray(inputs, dtype=float)
    chosen = classes(network(inputs))
    found = [
        _certified(against(network, winner), sample, norm, n_halvings)
        for sample, winner in zip(inputs, chosen.tolist(), strict=True)
    ]
    margins, bounds, radius = map(np.array, zip(*found, strict=True))
    return Certificate(chosen, margins, bounds, radius)


def _certified(
    ahead: Network, sample: FloatArray, norm: float, n_halvings: int
) -> tuple[FloatArray, FloatArray, float]:
    """Return margins, bounds and radius for one input."""

    def within(radius: float) -> tuple[FloatArray, FloatArray, float]:
        outputs = enclosed(ahead, Enclosure.of_input(sample), Ball(radius, norm))
        margins, bounds = outputs.value - outputs.error, outputs.steepest(norm)
        return margins, bounds, float(certified_radius(margins, bounds))

    margins, bounds, high = within(0.0)
    best, low = (margins, bounds, 0.0), 0.0
    if not np.isfinite(high):  # nothing moves at all just here: ask how far that holds
        high = 1.0
        while high < _FARTHEST and within(high)[2] >= high:
            high *= 2
    asked = high  # no larger radius can be certified; where slopes do not change, this one can
    for _ in range(n_halvings + 1 if high > 0 else 0):
        margins, bounds, radius = within(asked)
        if radius >= asked:
            low, best = asked, (margins, bounds, asked)
        else:
            high = asked
        asked = (low + high) / 2
    return best
