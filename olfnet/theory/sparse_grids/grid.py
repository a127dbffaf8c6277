"""Grids of many dimensions as sets of blocks, each a product of one-dimensional levels."""

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
from olfnet.theory.sparse_grids._blocks import Level, below, block_points
from olfnet.theory.sparse_grids.basis import Basis, Hat


@dataclass(frozen=True, eq=False)
class SparseGrid:
    """A set of small grids, one for each combination of levels.

    Parameters
    ----------
    levels : array of int, shape (n_blocks, n_dims)
        Levels from 1 to 25; for each block, all blocks of lower levels are included.
    basis : Basis
        One-dimensional functions: ``Hat()``, ``OpenHat()`` or ``Polynomial()``.
    """

    levels: NDArray[np.int64]
    basis: Basis = Hat()

    def __post_init__(self) -> None:
        levels = checks.counts("levels", self.levels, maximum=25)
        if levels.ndim != 2 or 0 in levels.shape:
            raise ValueError(f"levels must have shape (n_blocks, n_dims), got {levels.shape}")
        object.__setattr__(self, "levels", levels)
        here = set(self)
        if len(here) < len(levels):
            raise ValueError(f"levels must differ, got {len(levels) - len(here)} duplicates")
        for level in here:
            for lower in below(level):
                if lower not in here:
                    raise ValueError(f"levels must hold {lower}, which is below {level}")

    def __iter__(self) -> Iterator[Level]:
        """Iterate over the levels of each block, as tuples."""
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
    """Return the number of points of a regular sparse grid of hats, without points at the boundary.

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
    integrate to 2^-n_dims 4^-s; the blocks left out are a negative binomial tail, which falls as
    h^2 (ln 1/h)^(n_dims - 1).

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
    # (4/3)^d / 8^d = 6^-d times the probability of k >= level failures before success d of 3/4.
    return float(scipy.special.betainc(level, n_dims, 0.25) / 6.0**n_dims)


def _adding_up(n_dims: int, most: int) -> Iterator[Level]:
    """Iterate over non-negative integers that add up to at most ``most``."""
    if n_dims == 0:
        yield ()
        return
    for first in range(most + 1):
        for rest in _adding_up(n_dims - 1, most - first):
            yield (first, *rest)
