"""Singular values of linear layers.

A circular convolution decomposes into small blocks, one for each spatial frequency, and its
singular values are those of the blocks (Sedghi, Gupta & Long 2019, arXiv 1805.10408).  Any other
layer has its explicit matrix.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.lipschitz._norms import fourier_blocks, require_channels
from olfnet.theory.network import Convolution, Layer


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
    shape = _checked(shape)
    n_outputs = layer.linearized(np.zeros((1, *shape)))[0].size
    outputs, pull_back = layer.linearized(np.zeros((n_outputs, *shape)))
    rows = pull_back(np.eye(n_outputs).reshape(outputs.shape))[0]
    return np.array(rows.reshape(n_outputs, -1))


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

    Raises
    ------
    ValueError
        If the shape does not fit the layer.

    Examples
    --------
    >>> singular_values(Convolution([[[1.0, -1.0]]], padding="circular"), (1, 4)).round(3)
    array([2.   , 1.414, 1.414, 0.   ])
    """
    shape = _checked(shape)
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


def _checked(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(checks.count("shape", n) for n in shape)
