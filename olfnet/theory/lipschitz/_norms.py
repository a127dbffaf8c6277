"""Norms of matrices and convolutions, rounded upward."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.network import Convolution

# Spacing of doubles at 1, twice the largest relative error of one operation.
EPS = float(np.finfo(float).eps)


def require_norm(norm: float) -> float:
    """Return 2 or infinity; other norms are refused."""
    return float(checks.one_of("norm", norm, known=(2, math.inf)))


def require_channels(layer: Convolution, shape: tuple[int, ...]) -> None:
    """Raise if a convolution cannot take an input of this shape."""
    n_channels = layer.kernels.shape[1]
    if len(shape) != layer.kernels.ndim - 1 or shape[0] != n_channels:
        raise ValueError(
            f"shape must have {n_channels} channels and {len(layer.window)} dimensions, got {shape}"
        )


def up(value: float) -> float:
    """Return the next larger double, which is above whatever was rounded to ``value``."""
    return math.nextafter(value, math.inf)


def up_sum(terms: Any) -> float:
    """Return the least double that is not below the sum of some doubles."""
    terms = np.asarray(terms).tolist()
    total = math.fsum(terms)
    return up(total) if math.isfinite(total) and math.fsum([*terms, -total]) > 0 else total


def row_bounds(weights: FloatArray, norm: float) -> FloatArray:
    """Return the Lipschitz constant of each row of a matrix, for a norm of the inputs.

    A weighted sum moves by the length of its weights (2-norm), or by the sum of their absolute
    values (max norm).  Above the exact value by at most 2 (n_inputs + 8) eps of it.
    """
    largest = np.abs(weights).max(axis=1, initial=0.0)
    scale = np.ldexp(1.0, np.frexp(largest)[1] - 1)  # powers of two cost no digits
    lengths = np.linalg.norm(weights / scale[:, None], 2 if norm == 2 else 1, axis=1)
    return np.asarray(scale * lengths * (1 + (weights.shape[1] + 8) * EPS))


def matrix_bound(weights: FloatArray, norm: float) -> float:
    """Return the norm of a matrix.

    The max norm, the largest sum of absolute weights of a row, is the least double that is not
    below it.
    """
    if norm == math.inf:
        return max(up_sum(row) for row in np.abs(weights))
    return spectral_norm(weights)


def spectral_norm(matrices: Any) -> float:
    """Return an upper bound of the largest singular value that holds in spite of rounding.

    Parameters
    ----------
    matrices : real or complex array of shape (..., n_rows, n_columns)

    Returns
    -------
    float
        The largest norm of all matrices, or more by at most about 32 (m + n) k eps of it for m
        rows, n columns and k = min(m, n).

    Notes
    -----
    The result of LAPACK is checked: whatever U, s, V it returns,
    |A| <= |U| max(s) |V| + |A - U s V|_F and |U|^2 <= 1 + |U* U - 1|_F (as in Rump 2011,
    10.1007/s10543-010-0294-0).  A product with sums of k terms is off by 2 (k + 2) eps of the
    product without signs, whatever the order of summation (Higham 2002, section 3.5), of which four
    times as much is allowed.
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


def fourier_blocks(kernels: FloatArray, grid: Sequence[int], stride: int) -> NDArray[np.complex128]:
    """Return the matrix by which a circular convolution acts on each spatial frequency.

    Parameters
    ----------
    kernels : array of shape (n_outputs, n_channels, *window)
    grid : sequence of int
        Points along each spatial dimension.
    stride : int
        Must divide them.  Frequencies that agree at every ``stride``-th point then share a block.

    Returns
    -------
    complex array of shape (n_blocks, n_outputs, n_channels * stride**n_dimensions)
        Together they have the singular values of the layer.  Each entry is off by less than
        ``blocks_error``.

    Notes
    -----
    B(q) = sum_k K_k exp(2 pi i q . k / n) for frequency q, summed directly: the windows are small,
    and the rounding of a direct sum is known.
    """
    blocks = np.asarray(kernels, dtype=complex)
    for n in grid:  # the first window axis left goes to the end, as frequencies
        turns = np.outer(np.arange(blocks.shape[2]), np.arange(n)) % n / n
        blocks = np.tensordot(blocks, np.exp(2j * np.pi * turns), (2, 0))
    n_outputs, n_channels = blocks.shape[:2]
    split = [part for n in grid for part in (stride, n // stride)]
    blocks = blocks.reshape(n_outputs, n_channels, *split)
    together, apart = range(2, blocks.ndim, 2), range(3, blocks.ndim, 2)
    blocks = blocks.transpose(*apart, 0, 1, *together)
    n_together = stride ** len(grid)
    return np.asarray(blocks.reshape(-1, n_outputs, n_channels * n_together) / np.sqrt(n_together))


def blocks_error(kernels: FloatArray) -> float:
    """Bound the rounding of ``fourier_blocks``, in the Frobenius norm of a block.

    A phase is off by 12 eps at most (2 pi times three roundings, and its sine and cosine), and each
    of w sums adds 2 eps; a stride puts blocks side by side but divides by the root of their number.
    """
    window = kernels.shape[2:]
    total = np.abs(kernels).sum(axis=tuple(range(2, kernels.ndim)))
    return float(sum(16 + 4 * w for w in window) * EPS * np.sqrt(np.sum(total**2)))


def _adjoint(matrices: Any) -> Any:
    return np.conj(np.swapaxes(matrices, -1, -2))


def _frobenius(matrices: Any) -> FloatArray:
    return np.asarray(np.sqrt(np.sum(np.abs(matrices) ** 2, axis=(-2, -1))))
