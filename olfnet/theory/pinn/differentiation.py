"""Slope and curvature of a network with one input, and their gradients by its parameters.

A jet is a function's value, first and second derivative.  Jets pass forward through layers by the
chain rule, and a gradient by jets is pulled back as in backpropagation; for that an activation
needs three derivatives.
"""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import Activation, Erf, Identity, LeakyReLU, Sigmoid, Tanh
from olfnet.theory.network import Activate, Dense, Network, Parameters, Residual

PullBack = Callable[[FloatArray], tuple[FloatArray, Parameters]]


def jets(network: Network, places: ArrayLike) -> FloatArray:
    """Value, slope and curvature of a network with one input and one output.

    Parameters
    ----------
    network : Network
        Of dense layers, activations and residual blocks.
    places : array of shape (n_places,)

    Returns
    -------
    array of shape (3, n_places)
        Derivatives with kinks are those on the left; the jumps of a rectifier's slope are no part
        of its curvature, which is 0.

    Raises
    ------
    ValueError
        If the network has other layers, activations, inputs or outputs.

    Examples
    --------
    >>> net = Network([Dense([[2.0]]), Activate(Tanh()), Dense([[1.0]], [3.0])])
    >>> jets(net, [0.25, 0.5]).round(3)
    array([[ 3.462,  3.762],
           [ 1.573,  0.84 ],
           [-2.907, -2.559]])
    """
    return linearized(network, places)[0]


def linearized(
    network: Network, places: ArrayLike
) -> tuple[FloatArray, Callable[[FloatArray], Parameters]]:
    """Return jets, and what pulls a gradient by them back to the parameters.

    Parameters
    ----------
    network, places
        As in :func:`jets`.

    Returns
    -------
    jets : array of shape (3, n_places)
    pull_back : callable (array of that shape) -> tuple of arrays
        One for each of ``network.parameters``.
    """
    x = checks.vector("places", places)
    seeds = np.array([x, np.ones_like(x), np.zeros_like(x)])[..., None]
    found, pull = _forward(network, seeds)
    if found.shape[2] != 1:
        raise ValueError(f"network must have one output, got {found.shape[2]}")
    return found[..., 0], lambda gradient: pull(gradient[..., None])[1]


@singledispatch
def derivatives(activation: Activation, inputs: FloatArray) -> FloatArray:
    """Return output and first three derivatives of an activation, shape (4, *inputs.shape).

    To teach jets another activation, register a function for its class.

    Examples
    --------
    >>> derivatives(Tanh(), np.array([0.0]))[:, 0]
    array([ 0.,  1., -0., -2.])
    """
    name = type(activation).__name__
    raise ValueError(f"activation must be one whose derivatives are known to jets, got {name}")


@derivatives.register(Identity)
@derivatives.register(LeakyReLU)
def _linear(activation: Activation, inputs: FloatArray) -> FloatArray:
    flat = np.zeros_like(inputs)
    return np.array([activation(inputs), activation.derivative(inputs), flat, flat])


@derivatives.register
def _tanh(activation: Tanh, inputs: FloatArray) -> FloatArray:
    y, slope = activation(inputs), activation.derivative(inputs)
    return np.array([y, slope, -2 * y * slope, slope * (4 - 6 * slope)])


@derivatives.register
def _sigmoid(activation: Sigmoid, inputs: FloatArray) -> FloatArray:
    y, slope = activation(inputs), activation.derivative(inputs)
    return np.array([y, slope, slope * (1 - 2 * y), slope * (1 - 6 * slope)])


@derivatives.register
def _erf(activation: Erf, inputs: FloatArray) -> FloatArray:
    y, slope = activation(inputs), activation.derivative(inputs)
    z = np.clip(inputs, -1e4, 1e4)  # beyond which slopes are 0, and infinity times 0 no number
    return np.array([y, slope, -2 * z * slope, (4 * z**2 - 2) * slope])


@singledispatch
def _forward(layer: Any, given: FloatArray) -> tuple[FloatArray, PullBack]:
    """Pass jets of shape (3, n_places, n_inputs) through a layer."""
    raise ValueError(
        "layers must be dense ones, activations or residual blocks of them, got "
        f"{type(layer).__name__}"
    )


@_forward.register
def _dense(layer: Dense, given: FloatArray) -> tuple[FloatArray, PullBack]:
    if given.shape[2] != layer.weights.shape[1]:
        raise ValueError(
            f"weights must have {given.shape[2]} columns here, got {layer.weights.shape[1]}"
        )
    found = given @ layer.weights.T
    found[0] += layer.bias

    def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
        by_weights = np.asarray(np.tensordot(gradient, given, axes=((0, 1), (0, 1))))
        return np.asarray(gradient @ layer.weights), (by_weights, gradient[0].sum(axis=0))

    return found, pull_back


@_forward.register
def _activate(layer: Activate, given: FloatArray) -> tuple[FloatArray, PullBack]:
    value, first, second, third = derivatives(layer.activation, given[0])
    _, slope, curvature = given
    found = np.array([value, first * slope, second * slope**2 + first * curvature])

    def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
        by_value, by_slope, by_curvature = gradient
        back = (
            first * by_value
            + second * slope * by_slope
            + (third * slope**2 + second * curvature) * by_curvature,
            first * by_slope + 2 * second * slope * by_curvature,
            first * by_curvature,
        )
        return np.array(back), ()

    return found, pull_back


@_forward.register
def _network(layer: Network, given: FloatArray) -> tuple[FloatArray, PullBack]:
    pulls = []
    for one in layer.layers:
        given, pull = _forward(one, given)
        pulls.append(pull)

    def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
        found: list[Parameters] = []
        for pull in reversed(pulls):
            gradient, by_parameters = pull(gradient)
            found.append(by_parameters)
        return gradient, tuple(array for part in reversed(found) for array in part)

    return given, pull_back


@_forward.register
def _residual(layer: Residual, given: FloatArray) -> tuple[FloatArray, PullBack]:
    change, pull = _network(layer, given)
    if change.shape != given.shape:
        raise ValueError(
            f"the layers of a residual block must keep {given.shape[2]} features, got "
            f"{change.shape[2]}"
        )

    def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
        through, by_parameters = pull(gradient)
        return gradient + through, by_parameters

    return given + change, pull_back
