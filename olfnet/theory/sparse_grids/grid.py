"""Grids of many dimensions as sets of small blocks, each a product of one-dimensional levels."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import comb

import numpy as np
import scipy.special
from numpy.typing import NDArray

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.sparse_grids.basis import Basis, Hat

Level = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class SparseGrid:
    """A set of small grids, one for each combination of levels.

    Parameters
    ----------
    levels : array of int, shape (n_blocks, n_dims)
        Levels from 1 on; with a block, all blocks of lower levels are there.
    basis : Basis
        One-dimensional functions: ``Hat()``, ``OpenHat()`` or ``Polynomial()``.
    """

    levels: NDArray[np.int64]
    basis: Basis = Hat()

    def __post_init__(self) -> None:
        levels = np.asarray(self.levels)
        if levels.ndim != 2 or 0 in levels.shape or levels.dtype.kind not in "iu":
            raise ValueError(
                f"levels must be a table of integers, (n_blocks, n_dims), got {self.levels!r}"
            )
        checks.count("levels", int(levels.min()))
        object.__setattr__(self, "levels", levels.astype(np.int64))
        here = set(self)
        if len(here) < len(levels):
            raise ValueError(f"levels must differ, got {len(levels) - len(here)} twice")
        for level in here:
            for lower in below(level):
                if lower not in here:
                    raise ValueError(f"levels must hold {lower}, which lies below {level}")

    def __iter__(self) -> Iterator[Level]:
        """Levels of each block, as tuples."""
        return (tuple(level) for level in self.levels.tolist())

    @property
    def n_dims(self) -> int:
        """Number of dimensions."""
        return int(self.levels.shape[1])

    @property
    def n_points(self) -> int:
        """Number of points."""
        sizes = {k: len(self.basis.nodes(k)) for k in np.unique(self.levels).tolist()}
        return sum(int(np.prod([sizes[k] for k in level])) for level in self)

    @cached_property
    def points(self) -> FloatArray:
        """All points, block after block, shape (n_points, n_dims)."""
        return np.concatenate([block_points(level, self.basis) for level in self])


def regular(n_dims: int, level: int, basis: Basis = Hat()) -> SparseGrid:  # noqa: B008
    """Return the sparse grid of all blocks whose levels add up to at most level + n_dims - 1.

    Parameters
    ----------
    n_dims, level : int
    basis : Basis

    Examples
    --------
    >>> regular(2, 5).n_points, full(2, 5).n_points
    (129, 961)
    """
    n_dims, level = checks.count("n_dims", n_dims), checks.count("level", level)
    return SparseGrid(np.array(list(_adding_up(n_dims, level - 1))) + 1, basis)


def full(n_dims: int, level: int, basis: Basis = Hat()) -> SparseGrid:  # noqa: B008
    """Return the full grid of the same finest level in every dimension."""
    n_dims, level = checks.count("n_dims", n_dims), checks.count("level", level)
    return SparseGrid(np.array(list(product(range(1, level + 1), repeat=n_dims))), basis)


def n_points(n_dims: int, level: int) -> int:
    """Return the number of points of a regular sparse grid of hats, none of them at the rim.

    Parameters
    ----------
    n_dims, level : int

    Returns
    -------
    int
        ``sum_{k < level} 2^k binom(n_dims - 1 + k, n_dims - 1)``, exact.

    Examples
    --------
    >>> n_points(10, 5)
    13441
    """
    n_dims, level = checks.count("n_dims", n_dims), checks.count("level", level)
    return sum(2**k * comb(n_dims - 1 + k, n_dims - 1) for k in range(level))


def parabola_error(n_dims: int, level: int) -> float:
    """Return the error of the integral of prod x_i (1 - x_i) by a regular grid of hats.

    Each function's surplus is the product of h_i^2, so that blocks of levels that add up to s
    integrate to 2^-n_dims 4^-s; what lies beyond the grid is a negative binomial tail, which falls
    as h^2 (ln 1/h)^(n_dims - 1).

    Parameters
    ----------
    n_dims, level : int

    Returns
    -------
    float
        ``sum_{k >= level} binom(k + n_dims - 1, k) 4^-k / 8^n_dims``.

    Examples
    --------
    >>> round(parabola_error(1, 1), 6)  # 1/6 - 1/8
    0.041667
    """
    n_dims, level = checks.count("n_dims", n_dims), checks.count("level", level)
    # Of (4/3)^d / 8^d = 6^-d, the share of failures k >= level before the d-th success of 3/4.
    return float(scipy.special.betainc(level, n_dims, 0.25) / 6.0**n_dims)


def block_points(level: Level, basis: Basis) -> FloatArray:
    """Points of one block, the last dimension fastest, shape (n_points, n_dims)."""
    mesh = np.meshgrid(*(basis.nodes(k) for k in level), indexing="ij")
    return np.stack([axis.ravel() for axis in mesh], axis=1)


def below(level: Level) -> list[Level]:
    """Return the blocks that are one level lower in one dimension."""
    return [(*level[:i], k - 1, *level[i + 1 :]) for i, k in enumerate(level) if k > 1]


def above(level: Level) -> list[Level]:
    """Return the blocks that are one level higher in one dimension."""
    return [(*level[:i], k + 1, *level[i + 1 :]) for i, k in enumerate(level)]


def _adding_up(n_dims: int, most: int) -> Iterator[Level]:
    """Non-negative integers that add up to at most so much."""
    if n_dims == 0:
        yield ()
        return
    for first in range(most + 1):
        for rest in _adding_up(n_dims - 1, most - first):
            yield (first, *rest)
