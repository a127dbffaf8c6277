"""Singular values of layers: how much a linear layer stretches its inputs.

A circular convolution falls apart into small blocks, one for each spatial frequency, and its
singular values are those of the blocks (Sedghi, Gupta & Long 2019, arXiv 1805.10408).  For any
other layer there is its explicit matrix.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.network import Convolution, Layer

# Spacing of doubles at 1, twice the largest relative error of one operation.
EPS = float(np.finfo(float).eps)


def explicit_matrix(layer: Layer, shape: Sequence[int]) -> FloatArray:
    """Return the matrix by which a linear layer acts on flat inputs, without its bias.

    Parameters
    ----------
    layer : Layer
        Of one that is not linear, the slopes at an input of zeros are returned.
    shape : sequence of int
        Of one input, without the axis of samples.

    Returns
    -------
    array of shape (n_outputs, n_inputs)
        Each entry is a weight, or a sum of those that meet in it.

    Examples
    --------
    >>> pair = Convolution([[[1.0, 2.0]]])
    >>> explicit_matrix(pair, (1, 3))
    array([[1., 2., 0.],
           [0., 1., 2.]])
    """
    shape = _sample(shape)
    n_outputs = layer.linearized(np.zeros((1, *shape)))[0].size
    outputs, pull_back = layer.linearized(np.zeros((n_outputs, *shape)))
    rows = pull_back(np.eye(n_outputs).reshape(outputs.shape))[0]
    return np.array(rows.reshape(n_outputs, -1))


def fourier_blocks(kernels: Any, grid: Sequence[int], stride: int = 1) -> NDArray[np.complex128]:
    """Return what a circular convolution does to each spatial frequency.

    Parameters
    ----------
    kernels : array of shape (n_outputs, n_channels, *window)
    grid : sequence of int
        Places along each spatial dimension.
    stride : int
        Must divide them.  Frequencies that look alike at every ``stride``-th place then share a
        block.

    Returns
    -------
    complex array of shape (n_blocks, n_outputs, n_channels * stride**n_dimensions)
        Together they have the singular values of the layer.  Each entry is off by less than
        ``blocks_error``.

    Raises
    ------
    ValueError
        If the grid has another number of dimensions than the window, or the stride does not fit.

    Notes
    -----
    B(q) = sum_k K_k exp(2 pi i q . k / n) for frequency q, summed directly: the windows are small,
    and the rounding of a direct sum is known.

    Examples
    --------
    >>> blocks = fourier_blocks([[[1.0, -1.0]]], (4,))
    >>> np.abs(blocks).ravel().round(3)
    array([0.   , 1.414, 2.   , 1.414])
    """
    blocks = np.asarray(kernels, dtype=complex)
    stride = checks.count("stride", stride)
    grid = [checks.count("grid", n) for n in grid]
    if len(grid) != blocks.ndim - 2 or any(n % stride for n in grid):
        raise ValueError(
            f"grid must have {blocks.ndim - 2} dimensions that stride={stride} divides, got {grid}"
        )
    for n in grid:  # the first window axis left goes to the end, as frequencies
        turns = np.outer(np.arange(blocks.shape[2]), np.arange(n)) % n / n
        blocks = np.tensordot(blocks, np.exp(2j * np.pi * turns), (2, 0))
    n_outputs, n_channels = blocks.shape[:2]
    split = [part for n in grid for part in (stride, n // stride)]
    blocks = blocks.reshape(n_outputs, n_channels, *split)
    alike, apart = range(2, blocks.ndim, 2), range(3, blocks.ndim, 2)
    blocks = blocks.transpose(*apart, 0, 1, *alike)
    n_alike = stride ** len(grid)
    return np.asarray(blocks.reshape(-1, n_outputs, n_channels * n_alike) / np.sqrt(n_alike))


def blocks_error(kernels: FloatArray) -> float:
    """Bound the rounding of ``fourier_blocks``, in the Frobenius norm of a block.

    A phase is off by 12 eps at most (2 pi times three roundings, and its sine and cosine), and each
    of w sums adds 2 eps; a stride puts blocks side by side but divides by the root of their number.
    """
    window = kernels.shape[2:]
    total = np.abs(kernels).sum(axis=tuple(range(2, kernels.ndim)))
    return float(sum(16 + 4 * w for w in window) * EPS * np.sqrt(np.sum(total**2)))


def singular_values(layer: Layer, shape: Sequence[int]) -> FloatArray:
    """Return all singular values of a linear layer, largest first.

    Parameters
    ----------
    layer : Layer
    shape : sequence of int
        Of one input: channels and grid of a convolution, else features.

    Returns
    -------
    array of shape (min(n_outputs, n_inputs),)
        To rounding.  A circular convolution whose stride divides the grid is done frequency by
        frequency, any other layer by its explicit matrix.

    Examples
    --------
    >>> singular_values(Convolution([[[1.0, -1.0]]], padding="circular"), (1, 4)).round(3)
    array([2.   , 1.414, 1.414, 0.   ])
    """
    shape = _sample(shape)
    if (
        isinstance(layer, Convolution)
        and layer.padding == "circular"
        and not any(n % layer.stride for n in shape[1:])
    ):
        require_channels(layer, shape)
        matrices: Any = fourier_blocks(layer.kernels, shape[1:], layer.stride)
    else:
        matrices = explicit_matrix(layer, shape)
    return np.asarray(np.sort(np.linalg.svd(matrices, compute_uv=False).ravel())[::-1])


def spectral_norm(matrices: Any) -> float:
    """Return an upper bound of the largest singular value that rounding cannot break.

    Parameters
    ----------
    matrices : real or complex array of shape (..., n_rows, n_columns)

    Returns
    -------
    float
        Of all matrices, the largest norm, or more by at most about 32 (m + n) k eps of it for
        m rows, n columns and k = min(m, n).

    Raises
    ------
    ValueError
        If an entry is not finite.

    Notes
    -----
    LAPACK is not trusted but checked: whatever U, s, V it returns,
    |A| <= |U| max(s) |V| + |A - U s V|_F and |U|^2 <= 1 + |U* U - 1|_F (as in Rump 2011,
    10.1007/s10543-010-0294-0).  A product with sums of k terms is off by 2 (k + 2) eps of the
    product without signs, whatever the order of summation (Higham 2002, section 3.5), of which four
    times as much is allowed.

    Examples
    --------
    >>> norm = spectral_norm([[3.0, 0.0], [4.0, 0.0]])
    >>> 5 <= norm < 5 + 1e-12
    True
    """
    matrices = np.asarray(matrices)
    largest = float(np.abs(matrices).max(initial=0.0))
    if not np.isfinite(largest):
        raise ValueError(f"matrices must be finite, got {largest}")
    if largest == 0:
        return 0.0
    scale = float(np.ldexp(1.0, np.frexp(largest)[1] - 1))  # a power of two costs no digits
    left, values, right = np.linalg.svd(scaled := matrices / scale, full_matrices=False)
    n_values = values.shape[-1]
    rounding = 8 * (sum(matrices.shape[-2:]) + 8) * EPS
    rest = _frobenius(scaled - (left * values[..., None, :]) @ right)
    rest += rounding * n_values**0.5 * np.linalg.norm(values, axis=-1)
    stretch = np.ones_like(rest)
    for columns in (left, _adjoint(right)):
        excess = _frobenius(_adjoint(columns) @ columns - np.eye(n_values))
        stretch *= 1 + excess + rounding * n_values
    bounds = np.sqrt(stretch) * values.max(axis=-1) + rest
    return scale * float(bounds.max()) * (1 + 16 * EPS)


def _adjoint(matrices: Any) -> Any:
    return np.conj(np.swapaxes(matrices, -1, -2))


def _frobenius(matrices: Any) -> FloatArray:
    return np.asarray(np.sqrt(np.sum(np.abs(matrices) ** 2, axis=(-2, -1))))


def _sample(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(checks.count("shape", n) for n in shape)


def require_channels(layer: Convolution, shape: tuple[int, ...]) -> None:
    """Raise if a convolution cannot take an input of this shape."""
    wanted = layer.kernels.shape[1]
    if len(shape) != layer.kernels.ndim - 1 or shape[0] != wanted:
        raise ValueError(
            f"shape must have {wanted} channels and {len(layer.window)} dimensions, got {shape}"
        )
