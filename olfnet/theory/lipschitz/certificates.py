"""Certified decisions: how far an input may move before a classifier can change its mind.

Here by Lipschitz constants that hold for all inputs; ``enclosures`` certifies larger radii by
bounds that hold near each input.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import Thresholded
from olfnet.theory.lipschitz.bounds import bound, row_bounds
from olfnet.theory.lipschitz.singular import EPS
from olfnet.theory.network import Activate, Dense, Layer, Network, Residual


@dataclass(frozen=True, eq=False)
class Certificate:
    """Decisions of a classifier, and how far inputs may move before one can change.

    Attributes
    ----------
    classes : int array of shape (n_samples,)
        The largest output; for a single output 1 if it is positive, else 0.
    margins : array of shape (n_samples, n_rivals)
        By how much each other class is behind, less what rounding may have added.
    bounds : array of shape (n_samples, n_rivals)
        Lipschitz constants of these differences.
    radius : array of shape (n_samples,)
        No change of the input that is smaller changes the class.
    """

    classes: NDArray[np.int64]
    margins: FloatArray
    bounds: FloatArray
    radius: FloatArray


def certified_radius(margins: ArrayLike, bounds: ArrayLike) -> FloatArray:
    """Return how far inputs may move before a difference of outputs can reach zero.

    Parameters
    ----------
    margins : array of shape (..., n_rivals)
        Differences between the winning output and each of its rivals.
    bounds : array of shape (..., n_rivals)
        Their Lipschitz constants.

    Returns
    -------
    array of shape (...)
        The least margin / bound, rounded downward; 0 where a margin is not positive.

    Raises
    ------
    ValueError
        If shapes do not fit, a margin is not finite, or a bound is negative.

    Notes
    -----
    If a difference is L-Lipschitz and starts at a margin, it stays positive on all of the way to
    margin / L (Tsuzuku, Sato & Sugiyama 2018, arXiv 1802.04034).

    Examples
    --------
    >>> certified_radius([[3.0, 1.0]], [[2.0, 4.0]]).round(9)
    array([0.25])
    """
    margins, bounds = np.asarray(margins, dtype=float), np.asarray(bounds, dtype=float)
    if margins.shape != bounds.shape or margins.ndim == 0:
        raise ValueError(
            f"bounds must have the shape of margins, {margins.shape}, got {bounds.shape}"
        )
    checks.require_finite("margins", margins)
    if not (bounds >= 0).all():
        raise ValueError(f"bounds must be non-negative, got {bounds.min():g}")
    with np.errstate(divide="ignore", invalid="ignore"):
        radii = np.where(margins > 0, margins / bounds * (1 - EPS), 0.0)
    return np.asarray(radii.min(axis=-1))


def certify(network: Network, inputs: ArrayLike, *, norm: float = 2) -> Certificate:
    """Certify decisions by the product of the Lipschitz constants of all layers.

    Parameters
    ----------
    network : Network
        A dense layer comes last; its rows are subtracted from each other, so that each pair of
        classes has a constant of its own.
    inputs : array of shape (n_samples, ...)
    norm : {2, np.inf}

    Returns
    -------
    Certificate

    Raises
    ------
    ValueError
        If the network ends otherwise, or the bound of a layer is not known.

    See Also
    --------
    olfnet.theory.enclosures.certify_near : larger radii, by bounds that hold near each input.

    Examples
    --------
    >>> plane = Network([Dense([[3.0, 4.0]], [-5.0])])
    >>> certify(plane, [[3.0, 4.0]]).radius.round(9)
    array([4.])
    """
    inputs = np.asarray(inputs, dtype=float)
    front = Network(network.layers[:-1])
    before = bound(front, norm, inputs.shape[1:])
    chosen = classes(network(inputs))
    margins, bounds = [], []
    for sample, winner in zip(inputs, chosen.tolist(), strict=True):
        ahead = against(network, winner)
        margins.append(ahead(sample[None])[0] - evaluation_error(ahead, sample))
        bounds.append(before * row_bounds(ahead.layers[-1].parameters[0], norm) * (1 + 2 * EPS))
    radius = certified_radius(margins, bounds)
    return Certificate(chosen, np.array(margins), np.array(bounds), radius)


def classes(outputs: FloatArray) -> NDArray[np.int64]:
    """Return the class that outputs of shape (n_samples, n_outputs) decide for."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0).astype(np.int64)
    return np.asarray(outputs.argmax(axis=1))


def against(network: Network, chosen: int) -> Network:
    """Return the network of differences: by how much one class is ahead of each of the others.

    Raises
    ------
    ValueError
        If the network does not end with a dense layer.

    Examples
    --------
    >>> against(Network([Dense([[1.0], [3.0], [0.0]])]), 1)([[1.0]])
    array([[2., 3.]])
    """
    last = network.layers[-1] if network.layers else None
    if not isinstance(last, Dense):
        raise ValueError(f"network must end with a dense layer, got {type(last).__name__}")
    weights, bias = last.parameters
    if len(weights) == 1:
        sign = 1.0 if chosen else -1.0
        return Network((*network.layers[:-1], Dense(sign * weights, sign * bias)))
    rest = np.delete(np.arange(len(weights)), chosen)
    ahead = Dense(weights[chosen] - weights[rest], bias[chosen] - bias[rest])
    return Network((*network.layers[:-1], ahead))


def evaluation_error(layer: Layer, sample: FloatArray, error: float = 0.0) -> float:
    """Bound how far rounding can move any output of a layer or network, for one input.

    Parameters
    ----------
    layer : Layer
    sample : array
        One input, without the axis of samples.
    error : float
        By how much any of its numbers may be off already.

    Notes
    -----
    A layer makes each output of at most n terms, which add up to no more than its bound in the max
    norm times the largest input, and its output to zeros.  Each step is off by eps of that.
    Library functions such as tanh are taken to be good to 4 units in the last place.
    """
    if isinstance(layer, Network):
        body, moved = sample, error
        for part in layer.layers:
            moved = evaluation_error(part, body, moved)
            body = part.linearized(body[None])[0][0]
        if isinstance(layer, Residual):
            return moved + error + EPS * float(np.abs(sample + body).max())
        return moved
    if isinstance(layer, Activate) and isinstance(layer.activation, Thresholded):
        rest = sample - layer.activation.threshold
        error += EPS * float(np.abs(rest).max())
        return evaluation_error(Activate(layer.activation.activation), rest, error)
    steep = bound(layer, math.inf, sample.shape)
    offset = float(np.abs(layer.linearized(np.zeros((1, *sample.shape)))[0]).max())
    n_terms = max(sample.size, *(array[0].size for array in layer.parameters), 1)
    size = steep * float(np.abs(sample).max()) + offset
    return float(steep * error + (n_terms + 16) * EPS * size)
