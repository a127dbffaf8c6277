"""Sparse grids: functions of many numbers from few points, and which numbers matter.

A full grid of h = 2^-n needs 2^(n d) points.  A sparse one leaves out what products of fine levels
would add, which is little for functions without kinks askew to the axes: 2^n n^(d - 1) points are
enough for an error of h^2 (ln 1/h)^(d - 1) (Bungartz & Griebel 2004, 10.1017/S0962492904000182).
Dimension-adaptive grids refine where the function asks for it (Gerstner & Griebel 2003,
10.1007/s00607-003-0015-5), as pruning keeps those connections of a network that matter.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.sparse_grids.basis import Basis, Hat, OpenHat, Polynomial, combined, lifted
from olfnet.theory.sparse_grids.grid import (
    Level,
    SparseGrid,
    above,
    below,
    block_points,
    full,
    n_points,
    parabola_error,
    regular,
)

__all__ = [
    "Adapted",
    "Basis",
    "Hat",
    "Interpolant",
    "OpenHat",
    "Polynomial",
    "SparseGrid",
    "adaptive",
    "full",
    "interpolate",
    "n_points",
    "parabola_error",
    "regular",
]

Function = Callable[[FloatArray], ArrayLike]
_CHUNK = 1000  # points that are evaluated at once


@dataclass(frozen=True, eq=False)
class Interpolant:
    """A function that is known at the points of a sparse grid.

    Parameters
    ----------
    grid : SparseGrid
    surpluses : sequence of arrays, one for each block
        What each block adds to the blocks below it.
    """

    grid: SparseGrid
    surpluses: tuple[FloatArray, ...]

    def __call__(self, points: ArrayLike) -> FloatArray:
        """Return the values at points of shape (n_points, n_dims) between 0 and 1."""
        points = checks.matrix("points", points)
        if points.shape[1] != self.grid.n_dims:
            raise ValueError(f"points must have {self.grid.n_dims} columns, got {points.shape[1]}")
        parts = np.split(points, range(_CHUNK, len(points), _CHUNK))
        return np.concatenate([self._few(part) for part in parts])

    def _few(self, points: FloatArray) -> FloatArray:
        basis, found = self.grid.basis, np.zeros(len(points))
        highest = self.grid.levels.max(axis=0)
        known = [
            [basis.values(k, column) for k in range(1, top + 1)]
            for column, top in zip(points.T, highest.tolist(), strict=True)
        ]
        for level, surplus in zip(self.grid, self.surpluses, strict=True):
            found += combined(surplus, [known[dim][k - 1] for dim, k in enumerate(level)])
        return found

    @property
    def integral(self) -> float:
        """Integral over the unit cube."""
        return float(sum(self._integrals(np.asarray)))

    def _integrals(self, seen: Callable[[FloatArray], FloatArray]) -> Iterator[float]:
        """Integral of each block, of its surpluses as ``seen``."""
        for level, surplus in zip(self.grid, self.surpluses, strict=True):
            weights = [self.grid.basis.integrals(k)[None] for k in level]
            yield float(combined(seen(surplus), weights)[0])

    @property
    def importance(self) -> FloatArray:
        """How much would be missed without each dimension, in the mean, shape (n_dims,).

        Sum of the absolute surpluses of all blocks that refine the dimension, each times the
        integral of its function: for piecewise linear functions a bound of the mean absolute
        change where the dimension is fixed to its middle.
        """
        sizes = np.fromiter(self._integrals(np.abs), float, len(self.surpluses))
        return np.asarray(sizes @ (self.grid.levels > 1))

    def parts(self) -> dict[tuple[int, ...], "Interpolant"]:
        """Return what each set of dimensions adds, with all others fixed to their middle.

        The parts add up to the interpolant minus its value in the middle of the cube.  An additive
        function has none of two dimensions or more.

        Raises
        ------
        ValueError
            If level 1 of the basis is not constant, as with ``Hat``.
        """
        if isinstance(self.grid.basis, Hat):
            raise ValueError("basis must be constant in level 1 for parts, got Hat()")
        refined = [tuple(np.flatnonzero(np.array(level) > 1).tolist()) for level in self.grid]
        found = {}
        for dims in sorted(set(refined) - {()}, key=lambda dims: (len(dims), dims)):
            kept = [
                surplus if of == dims else np.zeros_like(surplus)
                for of, surplus in zip(refined, self.surpluses, strict=True)
            ]
            found[dims] = Interpolant(self.grid, tuple(kept))
        return found


class Adapted(NamedTuple):
    """A function on a grid that was refined for it.

    Attributes
    ----------
    interpolant : Interpolant
    error : float
        Sum of the largest surpluses of the blocks at the rim: an estimate, not a bound, of the
        largest error.
    """

    interpolant: Interpolant
    error: float


def interpolate(function: Function, grid: SparseGrid) -> Interpolant:
    """Interpolate a function at the points of a sparse grid.

    Parameters
    ----------
    function : callable (points of shape (n_points, n_dims)) -> array of shape (n_points,)
    grid : SparseGrid

    Returns
    -------
    Interpolant

    Raises
    ------
    ValueError
        If the function does not return one finite number for each point.

    Examples
    --------
    >>> found = interpolate(lambda x: x.sum(axis=1), regular(3, 2, OpenHat()))
    >>> found([[0.1, 0.2, 0.3]]).round(12), round(found.integral, 12)
    (array([0.6]), 1.5)
    """
    values = {level: _asked(function, level, grid.basis) for level in grid}
    found = _hierarchized(values, grid.basis)
    return Interpolant(grid, tuple(found[level] for level in grid))


def adaptive(
    function: Function,
    n_dims: int,
    *,
    tolerance: float,
    max_points: int = 100_000,
    basis: Basis = OpenHat(),  # noqa: B008  (a frozen record)
) -> Adapted:
    """Interpolate a function on a grid that is refined where its surpluses are largest.

    A block that adds nothing is not refined, even if finer ones would: functions that vanish on
    the first few nodes are not seen.

    Parameters
    ----------
    function : callable (points of shape (n_points, n_dims)) -> array of shape (n_points,)
    n_dims : int
    tolerance : float
        The largest surpluses of the blocks at the rim must add up to no more, in the function's
        unit.
    max_points : int
        Refinement ends before there are more; ``error`` is then above ``tolerance``.
    basis : Basis

    Returns
    -------
    Adapted

    Raises
    ------
    ValueError
        If a number is not legal, or the function does not return finite numbers.

    Examples
    --------
    One dimension of five matters:

    >>> found = adaptive(lambda x: np.exp(x[:, 2]), 5, tolerance=1e-3)
    >>> np.flatnonzero(found.interpolant.importance)
    array([2])
    """
    tolerance = checks.positive("tolerance", tolerance)
    max_points = checks.count("max_points", max_points)
    first = (1,) * checks.count("n_dims", n_dims)
    values = {first: _asked(function, first, basis)}
    surpluses = dict(values)
    rim, size = {first: float(np.abs(values[first]).max())}, values[first].size
    while sum(rim.values()) > tolerance:
        chosen = max(rim, key=lambda level: (rim[level], level))
        inside = surpluses.keys() - rim.keys() | {chosen}
        found = [level for level in above(chosen) if inside.issuperset(below(level))]
        size += sum(int(np.prod([len(basis.nodes(k)) for k in level])) for level in found)
        if size > max_points:
            break
        del rim[chosen]
        for level in found:
            values[level] = _asked(function, level, basis)
            box = product(*(range(1, k + 1) for k in level))
            surpluses[level] = _hierarchized({low: values[low] for low in box}, basis)[level]
            rim[level] = float(np.abs(surpluses[level]).max())
    grid = SparseGrid(np.array(list(surpluses)), basis)
    return Adapted(Interpolant(grid, tuple(surpluses.values())), sum(rim.values()))


def _hierarchized(values: dict[Level, FloatArray], basis: Basis) -> dict[Level, FloatArray]:
    """Turn values into surpluses, one dimension after the other."""
    found = dict(values)
    for dim in range(len(next(iter(values)))):
        for level in sorted(found, key=lambda level: level[dim]):
            for k in range(1, level[dim]):
                coarse = found[(*level[:dim], k, *level[dim + 1 :])]
                known = np.tensordot(lifted(basis, k, level[dim]), coarse, (1, dim))
                found[level] = found[level] - np.moveaxis(known, 0, dim)
    return found


def _asked(function: Function, level: Level, basis: Basis) -> FloatArray:
    """Values of a function on one block, shaped as the block is."""
    points = block_points(level, basis)
    values = checks.vector("values of the function", function(points))
    if len(values) != len(points):
        raise ValueError(
            f"the function must return one number for each of {len(points)} points, got "
            f"{len(values)}"
        )
    return values.reshape([len(basis.nodes(k)) for k in level])
