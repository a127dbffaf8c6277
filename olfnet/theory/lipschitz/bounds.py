"""How far the outputs of a network can move when its inputs do.

A function is L-Lipschitz if outputs move by at most L times as far as inputs.  Distances are those
of the 2-norm (``norm=2``: the length of a change) or of the max norm (``norm=np.inf``: the largest
change of any one number).  All bounds are upper bounds of the function with the given numbers as
weights: they are rounded upward, by the allowances that are stated where they arise.

What holds for all inputs is here; bounds that hold near one input are in ``enclosures``, and what
follows for the decisions of a classifier is in ``certificates``.
"""

import math
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.activations import (
    Activation,
    Erf,
    Identity,
    LeakyReLU,
    Sigmoid,
    Tanh,
    Thresholded,
)
from olfnet.theory.lipschitz.singular import (
    EPS,
    blocks_error,
    fourier_blocks,
    require_channels,
    spectral_norm,
)
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

Shape = Sequence[int] | None


@singledispatch
def bound(layer: Layer, norm: float = 2, shape: Shape = None) -> float:
    """Return a Lipschitz constant of a layer or a network.

    Dense layers give their norm; convolutions that of their Fourier blocks (2-norm) or the largest
    sum of absolute weights of an output channel (max norm); activations their steepest slope; a
    residual block 1 plus that of its layers; a network the product.

    Parameters
    ----------
    layer : Layer
        For a layer of your own, register a function by ``bound.register``.
    norm : {2, np.inf}
    shape : sequence of int, optional
        Of one input, without the axis of samples.  Without it a bound for all shapes is returned,
        which is looser for convolutions in the 2-norm.

    Returns
    -------
    float
        The exact norm, rounded upward, for dense layers, for circular convolutions whose stride
        divides a given grid, and in the max norm for convolutions on grids at least as large as
        their window; else at least the norm.

    Raises
    ------
    ValueError
        If the layer is of an unknown kind or jumps, or the norm is another one.

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> layers = Dense([[1.0, -2.0], [0.5, 0.5]]), Activate(ReLU())
    >>> round(bound(Network(layers), np.inf), 9), round(bound(Residual(layers), np.inf), 9)
    (3.0, 4.0)
    """
    raise ValueError(f"layer must be of a kind whose bound is known, got {type(layer).__name__}")


@bound.register
def _(layer: Dense, norm: float = 2, shape: Shape = None) -> float:
    return matrix_bound(layer.weights, norm)


@bound.register
def _(layer: Activate, norm: float = 2, shape: Shape = None) -> float:
    require_norm(norm)
    return steepest(layer.activation)


@bound.register
def _(layer: Flatten, norm: float = 2, shape: Shape = None) -> float:
    require_norm(norm)
    return 1.0


@bound.register
def _(layer: MeanPool, norm: float = 2, shape: Shape = None) -> float:
    n_places = 1 if shape is None or require_norm(norm) == math.inf else math.prod(shape[1:])
    return up(1 / math.sqrt(n_places)) if n_places > 1 else 1.0


@bound.register
def _(layer: Convolution, norm: float = 2, shape: Shape = None) -> float:
    by_output = layer.kernels.reshape(len(layer.kernels), -1)
    if require_norm(norm) == math.inf:
        return matrix_bound(by_output, norm)
    if shape is not None:
        require_channels(layer, tuple(shape))
        return _on_grid(layer, tuple(shape[1:]))
    # Every offset of the window is a matrix of its own, applied to shifted inputs.
    by_offset = np.moveaxis(layer.kernels.reshape(*layer.kernels.shape[:2], -1), 2, 0)
    shifted = up_sum(np.array([spectral_norm(one) for one in by_offset]))
    by_channel = np.moveaxis(layer.kernels, 1, 0).reshape(layer.kernels.shape[1], -1)
    product = matrix_bound(by_output, math.inf) * matrix_bound(by_channel, math.inf)
    return min(shifted, up(math.sqrt(up(product))))


@bound.register
def _(layer: Network, norm: float = 2, shape: Shape = None) -> float:
    product = 1.0
    for part in layer.layers:
        product = up(product * bound(part, norm, shape))
        shape = _after(part, shape)
    return product


@bound.register
def _(layer: Residual, norm: float = 2, shape: Shape = None) -> float:
    return up(1 + bound(Network(layer.layers), norm, shape))


def matrix_bound(weights: FloatArray, norm: float = 2) -> float:
    """Return the norm of a matrix, rounded upward.

    The max norm, the largest sum of absolute weights of a row, is the least double that is not
    below it; for the 2-norm see ``spectral_norm``.

    Raises
    ------
    ValueError
        If the norm is another one, or the weights are no finite matrix.

    Examples
    --------
    >>> matrix_bound(np.array([[1.0, -2.0], [0.5, 0.5]]), np.inf)
    3.0
    """
    if require_norm(norm) == math.inf:
        return max(up_sum(row) for row in np.abs(checks.matrix("weights", weights)))
    return spectral_norm(weights)


def steepest(activation: Activation) -> float:
    """Return the steepest slope of an activation.

    Raises
    ------
    ValueError
        If it is not known, or there is none because the activation jumps.

    Examples
    --------
    >>> steepest(Sigmoid()), steepest(LeakyReLU(-3.0))
    (0.25, 3.0)
    """
    match activation:
        case LeakyReLU():
            return max(1.0, abs(activation.slope))
        case Identity() | Tanh():
            return 1.0
        case Sigmoid():
            return 0.25
        case Erf():
            return up(2 / math.sqrt(math.pi)) * (1 + EPS)
        case Thresholded():
            return steepest(activation.activation)
    raise ValueError(
        f"activation must be one whose steepest slope is known, got {type(activation).__name__}"
    )


def require_norm(norm: float) -> float:
    """Return 2 or infinity, and refuse other norms."""
    return float(checks.one_of("norm", norm, known=(2, math.inf)))


def row_bounds(weights: FloatArray, norm: float = 2) -> FloatArray:
    """Return the Lipschitz constant of each row of a matrix, rounded upward.

    Parameters
    ----------
    weights : array of shape (n_outputs, n_inputs)
    norm : {2, np.inf}
        Of the inputs: a weighted sum moves by the length of its weights (2-norm), or by the sum of
        their absolute values (max norm).

    Returns
    -------
    array of shape (n_outputs,)
        Above the exact value by at most 2 (n_inputs + 8) eps of it.

    Examples
    --------
    >>> row_bounds(np.array([[3.0, -4.0]])).round(9), row_bounds(np.array([[3.0, -4.0]]), np.inf)
    (array([5.]), array([7.]))
    """
    order = 2 if require_norm(norm) == 2 else 1
    largest = np.abs(weights).max(axis=1, initial=0.0)
    scale = np.ldexp(1.0, np.frexp(largest)[1] - 1)  # powers of two cost no digits
    lengths = np.linalg.norm(weights / scale[:, None], order, axis=1)
    return np.asarray(scale * lengths * (1 + (weights.shape[1] + 8) * EPS))


def up(value: float) -> float:
    """Return the next larger double, which is above whatever was rounded to ``value``."""
    return math.nextafter(value, math.inf)


def up_sum(terms: Any) -> float:
    """Return the least double that is not below the sum of some doubles."""
    terms = np.asarray(terms).tolist()
    total = math.fsum(terms)
    return up(total) if math.isfinite(total) and math.fsum([*terms, -total]) > 0 else total


def _after(layer: Layer, shape: Shape) -> Shape:
    if shape is None:
        return None
    return tuple(layer.linearized(np.zeros((1, *shape)))[0].shape[1:])


def _on_grid(layer: Convolution, grid: tuple[int, ...]) -> float:
    """Bound a convolution by a circular one: on its own grid, or on one as large as it can see.

    Zeros beyond the edge are then places of the larger grid, at which no input is given and no
    output is asked for; this takes rows and columns from a matrix, which never adds to its norm.
    """
    stride = layer.stride
    if layer.padding == "circular":
        stride = 1 if any(n % stride for n in grid) else stride
    else:
        beyond = (w - 1 if layer.padding == "zero" else 0 for w in layer.window)
        grid = tuple(-(-(n + b) // stride) * stride for n, b in zip(grid, beyond, strict=True))
    blocks = fourier_blocks(layer.kernels, grid, stride)
    return up(spectral_norm(blocks) + blocks_error(layer.kernels))
