"""Decisions of a classifier: the class of its outputs, and by how much it leads."""

import numpy as np
from numpy.typing import NDArray

from olfnet.checks import FloatArray
from olfnet.theory.network import Dense, Network


def classes(outputs: FloatArray) -> NDArray[np.int64]:
    """Return the class of outputs (n_samples, n_outputs): the largest, or the sign of a single."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0).astype(np.int64)
    return np.asarray(outputs.argmax(axis=1))


def lead(
    outputs: FloatArray, chosen: NDArray[np.int64], rivals: NDArray[np.int64] | int = -1
) -> tuple[FloatArray, FloatArray]:
    """Return the lead of a class over all others, and the gradient of that over one rival.

    Where the rival is -1 it is the runner-up.
    """
    rows, gradient = np.arange(len(outputs)), np.zeros_like(outputs)
    if outputs.shape[1] == 1:
        gradient[:, 0] = np.where(chosen == 1, 1.0, -1.0)
        return outputs[:, 0] * gradient[:, 0], gradient
    others = outputs.copy()
    others[rows, chosen] = -np.inf
    second = others.argmax(axis=1)
    gradient[rows, chosen], gradient[rows, np.where(rivals < 0, second, rivals)] = 1.0, -1.0
    return outputs[rows, chosen] - outputs[rows, second], gradient


def differences(network: Network, chosen: int) -> Network:
    """Return the network whose outputs are the leads of one class over each of the others."""
    last = network.layers[-1] if network.layers else None
    if not isinstance(last, Dense):
        raise ValueError(f"network must end with a dense layer, got {type(last).__name__}")
    weights, bias = last.parameters
    if len(weights) == 1:
        sign = 1.0 if chosen else -1.0
        return Network((*network.layers[:-1], Dense(sign * weights, sign * bias)))
    rest = np.delete(np.arange(len(weights)), chosen)
    layer = Dense(weights[chosen] - weights[rest], bias[chosen] - bias[rest])
    return Network((*network.layers[:-1], layer))
