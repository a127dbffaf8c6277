"""Networks that are dead at initialization: every input is lost in some layer.

With weights that are symmetric about 0 and without biases, each unit is silent on an input with
probability 1/2.  An input on which all units of a narrow layer are silent is lost, and a network
deep enough loses all of them (Lu et al. 2019, arXiv 1903.06733).  Its gradients are 0, unless
rectifiers are leaky.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.network._layer import Layer
from olfnet.theory.network.layers import Activate, Network, Parallel, Residual


def dead_input(widths: ArrayLike) -> float:
    """Return the probability that rectifying layers lose an input.

    Parameters
    ----------
    widths : array of shape (n_layers,)
        Units of each hidden layer.  Weights are symmetric about 0, biases 0.

    Returns
    -------
    float
        ``1 - prod(1 - 2^-width)``: each of the units is silent with probability 1/2.

    Examples
    --------
    >>> round(dead_input([2, 2]), 4)
    0.4375
    """
    return _loss(_widths(widths))


def dead_network_bounds(
    widths: ArrayLike, n_inputs: int, *, nonnegative: bool = False
) -> tuple[float, float]:
    """Return bounds of the probability that a network with normal weights loses all its inputs.

    Parameters
    ----------
    widths : array of shape (n_layers,)
        Units of each hidden layer; biases are 0.
    n_inputs : int
        Size of the panel; 2 if the network has a single input neuron, whatever the panel, since
        inputs of one sign are lost together.
    nonnegative : bool
        Whether all input rates are non-negative.

    Returns
    -------
    tuple of two floats

    Notes
    -----
    The probability is at most that of losing one input, q (Lu et al. 2019).  Given the activities
    in one layer, drives of a unit in the next one are normal with non-negative correlations, hence
    associated (Pitt 1982), and so are losses of inputs: all P are lost at least as often as
    independent ones, q^P.  Inputs of both signs become non-negative in the first layer, which is
    left out of that bound.

    Examples
    --------
    >>> [round(bound, 4) for bound in dead_network_bounds([3] * 10, 2)]
    [0.4891, 0.7369]
    """
    n_inputs = checks.count("n_inputs", n_inputs)
    widths = _widths(widths)
    upper = _loss(widths)
    if n_inputs == 1:
        return upper, upper
    later = widths if nonnegative else widths[1:]
    return (_loss(later) ** n_inputs if later.size else 0.0), upper


def lost_inputs(network: Network, inputs: ArrayLike) -> list[NDArray[np.bool_]]:
    """Return which inputs are lost after each activation of a network.

    Parameters
    ----------
    network : Network
        Of layers, or networks of them, one after the other.
    inputs : array of shape (n_samples, n_inputs)

    Returns
    -------
    list of bool arrays of shape (n_samples,)
        True where all units of a layer have a slope of 0.

    Raises
    ------
    ValueError
        If the network has a residual block or layers side by side.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> from olfnet.theory.network import Dense
    >>> lost_inputs(Network([Dense([[1.0], [2.0]]), Activate(ReLU())]), [[1.0], [-1.0]])
    [array([False,  True])]
    """
    hidden = checks.matrix("inputs", inputs)
    lost = []
    for layer in _sequence(network):
        if isinstance(layer, Activate):
            slopes = layer.activation.derivative(hidden).reshape(len(hidden), -1)
            lost.append(np.asarray(~slopes.any(axis=1)))
        hidden = layer.linearized(hidden)[0]
    return lost


def _sequence(network: Network) -> Iterator[Layer]:
    """Layers of a network and of nested networks, one after the other."""
    for layer in network.layers:
        if isinstance(layer, (Residual, Parallel)):
            raise ValueError(
                "network must have its layers one after the other, got "
                f"a part of type {type(layer).__name__}"
            )
        yield from _sequence(layer) if isinstance(layer, Network) else (layer,)


def _loss(widths: FloatArray) -> float:
    return float(-np.expm1(np.sum(np.log1p(-(2.0**-widths)))))


def _widths(widths: ArrayLike) -> FloatArray:
    return checks.vector("widths", checks.counts("widths", widths))
