"""Blocks of a sparse grid, each named by the tuple of its one-dimensional levels."""

import numpy as np

from olfnet.checks import FloatArray
from olfnet.theory.sparse_grids.basis import Basis

Level = tuple[int, ...]


def block_points(level: Level, basis: Basis) -> FloatArray:
    """Return the points of one block, the last dimension fastest, shape (n_points, n_dims)."""
    mesh = np.meshgrid(*(basis.nodes(k) for k in level), indexing="ij")
    return np.stack([axis.ravel() for axis in mesh], axis=1)


def below(level: Level) -> list[Level]:
    """Return the blocks that are one level lower in one dimension."""
    return [(*level[:i], k - 1, *level[i + 1 :]) for i, k in enumerate(level) if k > 1]


def above(level: Level) -> list[Level]:
    """Return the blocks that are one level higher in one dimension."""
    return [(*level[:i], k + 1, *level[i + 1 :]) for i, k in enumerate(level)]
