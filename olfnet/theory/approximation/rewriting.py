"""Other networks for the same function: composed, with bounded weights, for raw inputs."""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import LeakyReLU
from olfnet.theory.network import Activate, Dense, Layer, Network

_MOST_UNITS = 10**7


def composed(*networks: Layer) -> Network:
    """Compose networks, the first one first; successive dense layers are multiplied.

    Parameters
    ----------
    *networks : Network or other layers

    Returns
    -------
    Network
        Without nested networks.

    Raises
    ------
    ValueError
        If outputs of one network do not fit the inputs of the next.

    Examples
    --------
    >>> both = composed(Dense([[2.0]], [1.0]), Dense([[3.0]], [0.5]))
    >>> [array.tolist() for array in both.parameters]
    [[[6.0]], [3.5]]
    """
    layers: list[Layer] = []
    width = None  # of what the last layer gives, if that is known
    for layer in flattened(Network(networks)):
        last = layers[-1] if layers else None
        if isinstance(layer, Dense):
            _require_fit(width, layer)
            width = len(layer.weights)
        elif not isinstance(layer, Activate):
            width = None
        if isinstance(layer, Dense) and isinstance(last, Dense):
            layers[-1] = _merged(last, layer)
        else:
            layers.append(layer)
    return Network(layers)


def flattened(network: Layer) -> list[Layer]:
    """List the layers of a network and of nested networks; residual blocks stay whole.

    Examples
    --------
    >>> len(flattened(Network([Dense([[1.0]]), Network([Dense([[2.0]]), Dense([[3.0]])])])))
    3
    """
    if type(network) is not Network:
        return [network]
    return [part for layer in network.layers for part in flattened(layer)]


def n_units(network: Network, *, min_inputs: int = 0) -> int:
    """Count the units of a network: weighted sums that pass through an activation.

    Parameters
    ----------
    network : Network
    min_inputs : int
        Least number of weights that are not 0: 2 leaves out units that only relay another one.

    Examples
    --------
    >>> from olfnet.theory import network
    >>> n_units(network.dense([5, 20, 30, 1], LeakyReLU()))
    50
    """
    return sum(
        int(np.sum(np.count_nonzero(sums.weights, axis=1) >= min_inputs))
        for sums, after in pairwise(flattened(network))
        if isinstance(sums, Dense) and isinstance(after, Activate)
    )


def largest_weight(network: Network) -> float:
    """Return the largest absolute weight or bias of a network.

    Examples
    --------
    >>> largest_weight(Network([Dense([[2.0, -3.0]], [1.0])]))
    3.0
    """
    return max((float(np.abs(array).max()) for array in network.parameters), default=0.0)


def normalized(network: Network, mean: ArrayLike, sd: ArrayLike) -> Network:
    """Absorb the normalization of inputs, (x - mean) / sd, into the first weights.

    Parameters
    ----------
    network : Network
        For normalized inputs; its first layer is dense.
    mean, sd : number or array of shape (n_inputs,)
        In the unit of the raw inputs.

    Returns
    -------
    Network
        For raw inputs, with the same outputs.

    Raises
    ------
    ValueError
        If the network begins otherwise, or a standard deviation is not positive.

    Examples
    --------
    >>> raw = normalized(Network([Dense([[3.0]], [1.0])]), mean=10.0, sd=2.0)
    >>> raw([[14.0]])
    array([[7.]])
    """
    first = next(iter(flattened(network)), None)
    if not isinstance(first, Dense):
        raise ValueError(f"network must begin with a dense layer, got {type(first).__name__}")
    mean, sd, inputs = checks.broadcast(mean=mean, sd=sd, inputs=first.weights[0])
    if inputs.ndim > 1:
        raise ValueError(f"mean and sd must be one number or one per input, got {inputs.shape}")
    if not (np.isfinite(mean).all() and np.isfinite(sd).all() and sd.min() > 0):
        raise ValueError(f"mean must be finite, sd finite and positive, got {mean} and {sd}")
    return composed(Dense(np.diag(1 / sd), -mean / sd), network)


def bounded(network: Network, bound: float) -> Network:
    """Bound all weights and biases of a network, at the cost of more units.

    A rectifier is homogeneous: where the weights onto a unit are too large, a factor of them can be
    moved to the weights of the next layer.  A weight of the last layer that is too large is divided
    among copies of its unit.

    Parameters
    ----------
    network : Network
        Dense layers with rectifiers, leaky or not, between them.
    bound : float

    Returns
    -------
    Network
        As deep as before, with more units in its last hidden layer: about as many as the product
        of the largest weights of all L layers, divided by ``bound`` to the power of L.

    Raises
    ------
    ValueError
        If the network is built otherwise, or ``bound`` is not positive, or so small that more than
        10^7 units would be needed.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> steep = Network([Dense([[6.0]]), Activate(ReLU()), Dense([[1.0]])])
    >>> flat = bounded(steep, 1.0)
    >>> flat([[0.25]]), steep([[0.25]]), n_units(flat), largest_weight(flat)
    (array([[1.5]]), array([[1.5]]), 8, 1.0)
    """
    bound = checks.positive("bound", bound)
    *hidden, last = _dense_layers(network)
    activation = _rectifier(network)
    rescaled, scale = [], np.ones(hidden[0].weights.shape[1])
    for layer in hidden:
        weights = layer.weights * scale
        scale = _excess(np.maximum(np.abs(weights).max(axis=1), np.abs(layer.bias)), bound)
        if np.isinf(scale).any():
            _require_few(np.inf, bound)
        rescaled.append(Dense(weights / scale[:, None], layer.bias / scale))
    *front, units = rescaled
    dense = *front, *_divided(units, Dense(last.weights * scale, last.bias), bound)
    between = Activate(activation)
    return Network([part for layer in dense for part in (layer, between)][:-1])


def _excess(sizes: FloatArray, bound: float) -> FloatArray:
    """Return factors by which sizes exceed the bound: powers of two, since these cost no digits."""
    with np.errstate(over="ignore"):
        return np.asarray(2.0 ** np.ceil(np.log2(np.maximum(sizes / bound, 1))))


def _require_few(n_units: float, bound: float) -> None:
    if not n_units <= _MOST_UNITS:
        raise ValueError(
            f"bound must take at most {_MOST_UNITS} units, got {bound:g}, which takes {n_units:.3g}"
        )


def _divided(units: Dense, last: Dense, bound: float) -> tuple[Dense, Dense]:
    """Give each unit of the last hidden layer as many copies as its outgoing weights need."""
    largest = np.abs(last.bias).max()
    with np.errstate(over="ignore"):
        copies = np.maximum(np.ceil(np.abs(last.weights).max(axis=0) / bound), 1)
        constants = np.ceil(largest / bound / bound) if largest > bound else 0.0
        _require_few(copies.sum() + constants, bound)
    n_copies, n_constant = copies.astype(int), int(constants)
    onto, offset = (np.repeat(array, n_copies, axis=0) for array in units.parameters)
    out, bias = np.repeat(last.weights / n_copies, n_copies, axis=1), last.bias
    if n_constant:  # units without inputs, whose output is `bound`
        onto = np.vstack((onto, np.zeros((n_constant, onto.shape[1]))))
        offset = np.append(offset, np.full(n_constant, bound))
        out = np.hstack((out, np.tile(bias[:, None] / (n_constant * bound), n_constant)))
        bias = np.zeros_like(bias)
    return Dense(onto, offset), Dense(out, bias)


def _require_fit(n_outputs: int | None, layer: Dense) -> None:
    n_inputs = layer.weights.shape[1]
    if n_outputs not in (None, n_inputs):
        raise ValueError(f"networks must fit, got {n_outputs} outputs before {n_inputs} inputs")


def _merged(first: Dense, second: Dense) -> Dense:
    return Dense(second.weights @ first.weights, second.weights @ first.bias + second.bias)


def _dense_layers(network: Network) -> list[Dense]:
    layers = flattened(network)
    dense = [layer for layer in layers[::2] if isinstance(layer, Dense)]
    if len(dense) < 2 or len(layers) != 2 * len(dense) - 1:
        raise ValueError(
            "network must be dense layers with activations between them, got "
            + ", ".join(type(layer).__name__ for layer in layers)
        )
    return dense


def _rectifier(network: Network) -> LeakyReLU:
    activations = {getattr(layer, "activation", None) for layer in flattened(network)[1::2]}
    first = activations.pop()
    if activations or not isinstance(first, LeakyReLU):
        raise ValueError(f"network must have rectifiers of one kind, got {first} and others")
    return first
