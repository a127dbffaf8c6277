"""Lipschitz constants of layers and networks that hold for all inputs.

A function is L-Lipschitz if outputs move by at most L times as far as inputs.  Distances are those
of the 2-norm (``norm=2``: the length of a change) or of the max norm (``norm=np.inf``: the largest
change of any one number).  All bounds are upper bounds of the function with the given numbers as
weights: they are rounded upward, by the allowances that are stated where they arise.

Bounds that hold near one input are in ``interval_bounds``, and certified decisions of classifiers
in ``certificates``.
"""

import math
from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from olfnet.theory.activations import (
    Activation,
    Erf,
    Identity,
    LeakyReLU,
    Sigmoid,
    Tanh,
    Thresholded,
)
from olfnet.theory.lipschitz._norms import (
    EPS,
    blocks_error,
    fourier_blocks,
    matrix_bound,
    require_channels,
    require_norm,
    spectral_norm,
    up,
    up_sum,
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

_Shape = Sequence[int] | None


@singledispatch
def bound(layer: Layer, norm: float = 2, shape: _Shape = None) -> float:
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
def _(layer: Dense, norm: float = 2, shape: _Shape = None) -> float:
    return matrix_bound(layer.weights, require_norm(norm))


@bound.register
def _(layer: Activate, norm: float = 2, shape: _Shape = None) -> float:
    require_norm(norm)
    return _steepest(layer.activation)


@bound.register
def _(layer: Flatten, norm: float = 2, shape: _Shape = None) -> float:
    require_norm(norm)
    return 1.0


@bound.register
def _(layer: MeanPool, norm: float = 2, shape: _Shape = None) -> float:
    n_points = 1 if shape is None or require_norm(norm) == math.inf else math.prod(shape[1:])
    return up(1 / math.sqrt(n_points)) if n_points > 1 else 1.0


@bound.register
def _(layer: Convolution, norm: float = 2, shape: _Shape = None) -> float:
    by_output = layer.kernels.reshape(len(layer.kernels), -1)
    if require_norm(norm) == math.inf:
        return matrix_bound(by_output, norm)
    if shape is not None:
        require_channels(layer, tuple(shape))
        return _on_grid(layer, tuple(shape[1:]))
    # Every offset of the window is a matrix of its own, applied to shifted inputs.
    by_offset = np.moveaxis(layer.kernels.reshape(*layer.kernels.shape[:2], -1), 2, 0)
    shifted = up_sum(np.array([spectral_norm(matrix) for matrix in by_offset]))
    by_channel = np.moveaxis(layer.kernels, 1, 0).reshape(layer.kernels.shape[1], -1)
    product = matrix_bound(by_output, math.inf) * matrix_bound(by_channel, math.inf)
    return min(shifted, up(math.sqrt(up(product))))


@bound.register
def _(layer: Network, norm: float = 2, shape: _Shape = None) -> float:
    product = 1.0
    for part in layer.layers:
        product = up(product * bound(part, norm, shape))
        shape = _after(part, shape)
    return product


@bound.register
def _(layer: Residual, norm: float = 2, shape: _Shape = None) -> float:
    return up(1 + bound(Network(layer.layers), norm, shape))


def _steepest(activation: Activation) -> float:
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
            return _steepest(activation.activation)
    raise ValueError(
        f"activation must be one whose steepest slope is known, got {type(activation).__name__}"
    )


def _after(layer: Layer, shape: _Shape) -> _Shape:
    if shape is None:
        return None
    return tuple(layer.linearized(np.zeros((1, *shape)))[0].shape[1:])


def _on_grid(layer: Convolution, grid: tuple[int, ...]) -> float:
    """Bound a convolution by a circular one: on its own grid, or on one that includes its padding.

    Zeros beyond the edge are then points of the larger grid without input or output, so that the
    layer is a submatrix of the circular one, whose norm is not smaller.
    """
    stride = layer.stride
    if layer.padding == "circular":
        stride = 1 if any(n % stride for n in grid) else stride
    else:
        beyond = (w - 1 if layer.padding == "zero" else 0 for w in layer.window)
        grid = tuple(-(-(n + b) // stride) * stride for n, b in zip(grid, beyond, strict=True))
    blocks = fourier_blocks(layer.kernels, grid, stride)
    return up(spectral_norm(blocks) + blocks_error(layer.kernels))
