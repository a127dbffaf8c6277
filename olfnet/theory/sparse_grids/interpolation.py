"""Interpolation in many dimensions by few points, and the importance of each dimension.

A full grid of h = 2^-n needs 2^(n d) points.  A sparse one leaves out products of fine levels,
which add little for functions without kinks oblique to the axes: 2^n n^(d - 1) points are enough
for an error of h^2 (ln 1/h)^(d - 1) (Bungartz & Griebel 2004, 10.1017/S0962492904000182).
Dimension-adaptive grids refine where surpluses are largest (Gerstner & Griebel 2003,
10.1007/s00607-003-0015-5).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.sparse_grids._blocks import Level, above, below, block_points
from olfnet.theory.sparse_grids.basis import Basis, Hat, OpenHat
from olfnet.theory.sparse_grids.grid import SparseGrid

_Function = Callable[[FloatArray], ArrayLike]
_CHUNK = 1000  # points that are evaluated at once


@dataclass(frozen=True, eq=False)
class Interpolant:
    """Interpolant of a function at the points of a sparse grid.

    Parameters
    ----------
    grid : SparseGrid
    surpluses : sequence of arrays, one for each block
        Values minus those interpolated from the blocks below, for each block.
    """

    grid: SparseGrid
    surpluses: tuple[FloatArray, ...]

    def __call__(self, points: ArrayLike) -> FloatArray:
        """Return the values at points of shape (n_points, n_dims) between 0 and 1."""
        points = checks.matrix("points", points, n_columns=self.grid.n_dims)
        checks.within("points", points, 0, 1)
        parts = np.split(points, range(_CHUNK, len(points), _CHUNK))
        return np.concatenate([self._few(part) for part in parts])

    def _few(self, points: FloatArray) -> FloatArray:
        basis, total = self.grid.basis, np.zeros(len(points))
        highest = self.grid.levels.max(axis=0)
        values = [
            [basis.values(k, column) for k in range(1, top + 1)]
            for column, top in zip(points.T, highest.tolist(), strict=True)
        ]
        for level, surplus in zip(self.grid, self.surpluses, strict=True):
            total += _combined(surplus, [values[dim][k - 1] for dim, k in enumerate(level)])
        return total

    @property
    def integral(self) -> float:
        """Integral over the unit cube."""
        return float(sum(self._integrals(np.asarray)))

    def _integrals(self, function: Callable[[FloatArray], FloatArray]) -> Iterator[float]:
        """Iterate over integrals of the blocks, with a function of their surpluses."""
        for level, surplus in zip(self.grid, self.surpluses, strict=True):
            weights = [self.grid.basis.integrals(k)[None] for k in level]
            yield float(_combined(function(surplus), weights)[0])

    @property
    def importance(self) -> FloatArray:
        """Mean contribution of each dimension, shape (n_dims,).

        Sum of the absolute surpluses of all blocks that refine the dimension, each times the
        integral of its function: for piecewise linear functions a bound of the mean absolute
        change where the dimension is fixed to its middle.
        """
        sizes = np.fromiter(self._integrals(np.abs), float, len(self.surpluses))
        return np.asarray(sizes @ (self.grid.levels > 1))

    def parts(self) -> dict[tuple[int, ...], "Interpolant"]:
        """Return the contribution of each set of dimensions, with others fixed to their middle.

        The parts add up to the interpolant minus its value in the middle of the cube.  Those of an
        additive function have one dimension each.

        Raises
        ------
        ValueError
            If level 1 of the basis is not constant, as with ``Hat``.
        """
        if isinstance(self.grid.basis, Hat):
            raise ValueError("basis must be constant in level 1 for parts, got Hat()")
        refined = [tuple(np.flatnonzero(np.array(level) > 1).tolist()) for level in self.grid]
        parts = {}
        for dims in sorted(set(refined) - {()}, key=lambda dims: (len(dims), dims)):
            kept = [
                surplus if of == dims else np.zeros_like(surplus)
                for of, surplus in zip(refined, self.surpluses, strict=True)
            ]
            parts[dims] = Interpolant(self.grid, tuple(kept))
        return parts


class Adapted(NamedTuple):
    """Interpolant on an adapted grid.

    Attributes
    ----------
    interpolant : Interpolant
    error : float
        Sum of the largest surpluses of the blocks not yet refined: an estimate, not a
        bound, of the largest error.
    """

    interpolant: Interpolant
    error: float


def interpolate(function: _Function, grid: SparseGrid) -> Interpolant:
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
    >>> from olfnet.theory.sparse_grids import regular
    >>> plane = interpolate(lambda x: x.sum(axis=1), regular(3, 2, OpenHat()))
    >>> plane([[0.1, 0.2, 0.3]]).round(12), round(plane.integral, 12)
    (array([0.6]), 1.5)
    """
    values = {level: _evaluated(function, level, grid.basis) for level in grid}
    surpluses = _hierarchized(values, grid.basis)
    return Interpolant(grid, tuple(surpluses[level] for level in grid))


def adaptive(
    function: _Function,
    n_dims: int,
    *,
    tolerance: float,
    max_points: int = 100_000,
    basis: Basis = OpenHat(),  # noqa: B008  (a frozen record)
) -> Adapted:
    """Interpolate a function on a grid that is refined where its surpluses are largest.

    A block without surpluses is not refined, even if finer ones have some: functions that vanish on
    the first few nodes are missed.

    Parameters
    ----------
    function : callable (points of shape (n_points, n_dims)) -> array of shape (n_points,)
    n_dims : int
    tolerance : float
        Largest sum of the largest surpluses of the blocks not yet refined, in the function's unit.
    max_points : int
        Refinement ends at this number; ``error`` is then above ``tolerance``.
    basis : Basis

    Returns
    -------
    Adapted

    Raises
    ------
    ValueError
        If a number is out of range, or the function does not return finite numbers.

    Examples
    --------
    >>> adapted = adaptive(lambda x: np.exp(x[:, 2]), 5, tolerance=1e-3)
    >>> np.flatnonzero(adapted.interpolant.importance)
    array([2])
    """
    tolerance = checks.positive("tolerance", tolerance)
    max_points = checks.count("max_points", max_points)
    first = (1,) * checks.count("n_dims", n_dims)
    values = {first: _evaluated(function, first, basis)}
    surpluses = dict(values)
    front, size = {first: float(np.abs(values[first]).max())}, values[first].size
    while sum(front.values()) > tolerance:
        chosen = max(front, key=lambda level: (front[level], level))
        inside = surpluses.keys() - front.keys() | {chosen}
        new = [level for level in above(chosen) if inside.issuperset(below(level))]
        size += sum(int(np.prod([len(basis.nodes(k)) for k in level])) for level in new)
        if size > max_points:
            break
        del front[chosen]
        for level in new:
            values[level] = _evaluated(function, level, basis)
            box = product(*(range(1, k + 1) for k in level))
            surpluses[level] = _hierarchized({low: values[low] for low in box}, basis)[level]
            front[level] = float(np.abs(surpluses[level]).max())
    grid = SparseGrid(np.array(list(surpluses)), basis)
    return Adapted(Interpolant(grid, tuple(surpluses.values())), sum(front.values()))


def _hierarchized(values: dict[Level, FloatArray], basis: Basis) -> dict[Level, FloatArray]:
    """Return the surpluses of values, one dimension after the other."""
    surpluses = dict(values)
    for dim in range(len(next(iter(values)))):
        for level in sorted(surpluses, key=lambda level: level[dim]):
            for k in range(1, level[dim]):
                coarse = surpluses[(*level[:dim], k, *level[dim + 1 :])]
                functions = basis.values(k, basis.nodes(level[dim]))
                known = np.moveaxis(np.tensordot(functions, coarse, (1, dim)), 0, dim)
                surpluses[level] = surpluses[level] - known
    return surpluses


def _evaluated(function: _Function, level: Level, basis: Basis) -> FloatArray:
    """Return values of a function on one block, one axis for each dimension."""
    points = block_points(level, basis)
    values = checks.vector("values of the function", function(points))
    if len(values) != len(points):
        raise ValueError(
            f"the function must return one number for each of {len(points)} points, got "
            f"{len(values)}"
        )
    return values.reshape([len(basis.nodes(k)) for k in level])


def _combined(surplus: FloatArray, values: Sequence[FloatArray]) -> FloatArray:
    """Sum products of one-dimensional functions over the nodes of a block, at each point.

    ``values`` are of shape (n_points, n_nodes), for each dimension.
    """
    sums = values[0] @ surplus.reshape(surplus.shape[0], -1)
    for own in values[1:]:
        sums = (own[:, None] @ sums.reshape(*own.shape, -1))[:, 0]
    return np.asarray(sums[:, 0])
