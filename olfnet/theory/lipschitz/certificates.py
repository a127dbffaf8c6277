"""Certified decisions: a radius within which no input changes the class of a classifier.

By Lipschitz constants that hold for all inputs (``certify``), or by bounds that hold near each
input, which certify larger radii (``certify_near``).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import Thresholded
from olfnet.theory.lipschitz._decisions import classes, differences
from olfnet.theory.lipschitz._norms import EPS, require_norm, row_bounds
from olfnet.theory.lipschitz.bounds import bound
from olfnet.theory.lipschitz.interval_bounds import Ball, Enclosure, enclosed
from olfnet.theory.network import Activate, Layer, Network, Residual

_FARTHEST = 2.0**40  # largest radius to try where outputs do not change at all


@dataclass(frozen=True, eq=False)
class Certificate:
    """Decisions of a classifier, and radii within which none of them changes.

    Attributes
    ----------
    classes : int array of shape (n_samples,)
        The largest output; for a single output 1 if it is positive, else 0.
    margins : array of shape (n_samples, n_rivals)
        Lead over each other class, less what rounding may have added.
    bounds : array of shape (n_samples, n_rivals)
        Lipschitz constants of these differences.
    radius : array of shape (n_samples,)
        No smaller change of the input changes the class: if a difference is L-Lipschitz and starts
        at a margin, it stays positive up to a distance of margin / L (Tsuzuku, Sato & Sugiyama
        2018, arXiv 1802.04034).
    """

    classes: NDArray[np.int64]
    margins: FloatArray
    bounds: FloatArray
    radius: FloatArray


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

    Examples
    --------
    >>> from olfnet.theory.network import Dense
    >>> plane = Network([Dense([[3.0, 4.0]], [-5.0])])
    >>> certify(plane, [[3.0, 4.0]]).radius.round(9)
    array([4.])
    """
    norm, inputs = require_norm(norm), np.asarray(inputs, dtype=float)
    before = bound(Network(network.layers[:-1]), norm, inputs.shape[1:])
    chosen = classes(network(inputs))
    margins, bounds = [], []
    for sample, winner in zip(inputs, chosen.tolist(), strict=True):
        ahead = differences(network, winner)
        margins.append(ahead(sample[None])[0] - _evaluation_error(ahead, sample))
        bounds.append(before * row_bounds(ahead.layers[-1].parameters[0], norm) * (1 + 2 * EPS))
    radius = _certified_radius(np.array(margins), np.array(bounds))
    return Certificate(chosen, np.array(margins), np.array(bounds), radius)


def certify_near(
    network: Network, inputs: ArrayLike, *, norm: float = 2, n_halvings: int = 12
) -> Certificate:
    """Certify decisions by the steepest slopes of output differences near each input.

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
    >>> from olfnet.theory.activations import ReLU
    >>> from olfnet.theory.network import Dense
    >>> units = Dense([[1.0], [1.0]], [0.0, -9.0]), Activate(ReLU())
    >>> hill = Network([*units, Dense([[1.0, -4.0]])])  # positive from 0 to 12
    >>> [float(how(hill, [[3.0]]).radius[0].round(3)) for how in (certify, certify_near)]
    [0.514, 3.0]
    """
    norm, n_halvings = require_norm(norm), checks.count("n_halvings", n_halvings)
    inputs = np.asarray(inputs, dtype=float)
    chosen = classes(network(inputs))
    parts = [
        _certified(differences(network, winner), sample, norm, n_halvings)
        for sample, winner in zip(inputs, chosen.tolist(), strict=True)
    ]
    margins, bounds, radius = map(np.array, zip(*parts, strict=True))
    return Certificate(chosen, margins, bounds, radius)


def _certified(
    ahead: Network, sample: FloatArray, norm: float, n_halvings: int
) -> tuple[FloatArray, FloatArray, float]:
    """Return margins, bounds and radius for one input."""

    def within(radius: float) -> tuple[FloatArray, FloatArray, float]:
        outputs = enclosed(ahead, Enclosure.of_input(sample), Ball(radius, norm))
        margins, bounds = outputs.value - outputs.error, outputs.steepest(norm)
        return margins, bounds, float(_certified_radius(margins, bounds))

    margins, bounds, high = within(0.0)
    best, low = (margins, bounds, 0.0), 0.0
    if not np.isfinite(high):  # no output moves just here: double the radius while that holds
        high = 1.0
        while high < _FARTHEST and within(high)[2] >= high:
            high *= 2
    tried = high  # no larger radius can be certified; where slopes do not change, this one can
    for _ in range(n_halvings + 1 if high > 0 else 0):
        margins, bounds, radius = within(tried)
        if radius >= tried:
            low, best = tried, (margins, bounds, tried)
        else:
            high = tried
        tried = (low + high) / 2
    return best


def _certified_radius(margins: FloatArray, bounds: FloatArray) -> FloatArray:
    """Return the least margin / bound, rounded downward; 0 where a margin is not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        radii = np.where(margins > 0, margins / bounds * (1 - EPS), 0.0)
    return np.asarray(radii.min(axis=-1))


def _evaluation_error(layer: Layer, sample: FloatArray, error: float = 0.0) -> float:
    """Bound the rounding of all outputs of a layer or network, for one input off by ``error``.

    A layer makes each output of at most n terms, which add up to no more than its bound in the max
    norm times the largest input, and its output to zeros.  Each step is off by eps of that.
    Library functions such as tanh are taken to be good to 4 units in the last place.
    """
    if isinstance(layer, Network):
        body, moved = sample, error
        for part in layer.layers:
            moved = _evaluation_error(part, body, moved)
            body = part.linearized(body[None])[0][0]
        if isinstance(layer, Residual):
            return moved + error + EPS * float(np.abs(sample + body).max())
        return moved
    if isinstance(layer, Activate) and isinstance(layer.activation, Thresholded):
        rest = sample - layer.activation.threshold
        error += EPS * float(np.abs(rest).max())
        return _evaluation_error(Activate(layer.activation.activation), rest, error)
    steep = bound(layer, math.inf, sample.shape)
    offset = float(np.abs(layer.linearized(np.zeros((1, *sample.shape)))[0]).max())
    n_terms = max(sample.size, *(array[0].size for array in layer.parameters), 1)
    size = steep * float(np.abs(sample).max()) + offset
    return float(steep * error + (n_terms + 16) * EPS * size)
