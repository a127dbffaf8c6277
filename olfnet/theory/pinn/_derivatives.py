"""Value, slope and curvature of a network with one input, and gradients of them.

The three pass forward through layers by the chain rule, and a gradient with respect to them is
pulled back as in backpropagation; for that an activation needs three derivatives.
"""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from olfnet.checks import FloatArray
from olfnet.theory.activations import Activation, Erf, Identity, LeakyReLU, Sigmoid, Tanh
from olfnet.theory.network import Activate, Dense, Network, Parameters, PullBack, Residual


def flat(parameters: Parameters) -> FloatArray:
    """Return all parameters in one vector."""
    return np.concatenate([np.ravel(array) for array in parameters])


def linearized(
    network: Network, positions: FloatArray
) -> tuple[FloatArray, Callable[[FloatArray], Parameters]]:
    """Return derivatives of a network, and what pulls gradients back to its parameters.

    Parameters
    ----------
    network : Network
        Dense layers, activations and residual blocks, with one input and one output.
    positions : array of shape (n_positions,)

    Returns
    -------
    derivatives : array of shape (3, n_positions)
        Value, slope and curvature.  At kinks those on the left; the jumps of a rectifier's slope
        are no part of its curvature, which is 0.
    pull_back : callable (array of that shape) -> tuple of arrays
        One for each of ``network.parameters``.

    Raises
    ------
    ValueError
        If the network has other layers, activations, inputs or outputs.
    """
    seeds = np.array([positions, np.ones_like(positions), np.zeros_like(positions)])[..., None]
    outputs, pull = _forward(network, seeds)
    if outputs.shape[2] != 1:
        raise ValueError(f"network must have one output, got {outputs.shape[2]}")
    return outputs[..., 0], lambda gradient: pull(gradient[..., None])[1]


@singledispatch
def derivatives(activation: Activation, inputs: FloatArray) -> FloatArray:
    """Return output and first three derivatives of an activation, shape (4, *inputs.shape).

    To add another activation, register a function for its class.

    Examples
    --------
    >>> derivatives(Tanh(), np.array([0.0]))[:, 0]
    array([ 0.,  1., -0., -2.])
    """
    name = type(activation).__name__
    raise ValueError(f"activation must be one with three known derivatives, got {name}")


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
def _forward(layer: Any, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
    """Pass derivatives of shape (3, n_positions, n_inputs) through a layer."""
    raise ValueError(
        "layers must be dense ones, activations or residual blocks of them, got "
        f"{type(layer).__name__}"
    )


@_forward.register
def _dense(layer: Dense, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
    if inputs.shape[2] != layer.weights.shape[1]:
        raise ValueError(
            f"weights must have {inputs.shape[2]} columns here, got {layer.weights.shape[1]}"
        )
    outputs = inputs @ layer.weights.T
    outputs[0] += layer.bias

    def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
        by_weights = np.asarray(np.tensordot(gradient, inputs, axes=((0, 1), (0, 1))))
        return np.asarray(gradient @ layer.weights), (by_weights, gradient[0].sum(axis=0))

    return outputs, pull_back


@_forward.register
def _activate(layer: Activate, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
    value, first, second, third = derivatives(layer.activation, inputs[0])
    _, slope, curvature = inputs
    outputs = np.array([value, first * slope, second * slope**2 + first * curvature])

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

    return outputs, pull_back


@_forward.register
def _network(layer: Network, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
    pulls = []
    for part in layer.layers:
        inputs, pull = _forward(part, inputs)
        pulls.append(pull)

    def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
        slopes: list[Parameters] = []
        for pull in reversed(pulls):
            gradient, by_parameters = pull(gradient)
            slopes.append(by_parameters)
        return gradient, tuple(array for part in reversed(slopes) for array in part)

    return inputs, pull_back


@_forward.register
def _residual(layer: Residual, inputs: FloatArray) -> tuple[FloatArray, PullBack]:
    change, pull = _network(layer, inputs)
    if change.shape != inputs.shape:
        raise ValueError(
            f"the layers of a residual block must keep {inputs.shape[2]} features, got "
            f"{change.shape[2]}"
        )

    def pull_back(gradient: FloatArray) -> tuple[FloatArray, Parameters]:
        through, by_parameters = pull(gradient)
        return gradient + through, by_parameters

    return inputs + change, pull_back
