"""One-dimensional functions by levels: each level adds nodes between those that were there before.

A basis function is 1 at its own node and 0 at all other nodes of its level and of those below, on
the interval from 0 to 1.  Products of such functions are what sparse grids are made of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray


class Basis(Protocol):
    """Functions of one number between 0 and 1, ordered in levels from 1 on."""

    def nodes(self, level: int) -> FloatArray:
        """Return the nodes that a level adds, shape (n_nodes,)."""
        ...

    def values(self, level: int, points: ArrayLike) -> FloatArray:
        """Return the level's functions at points, shape (n_points, n_nodes)."""
        ...

    def integrals(self, level: int) -> FloatArray:
        """Return the integrals of the level's functions, shape (n_nodes,)."""
        ...


@dataclass(frozen=True)
class Hat:
    """Piecewise linear functions that are zero at both ends (Faber 1909).

    Examples
    --------
    >>> Hat().nodes(2)
    array([0.25, 0.75])
    >>> Hat().values(1, [0.0, 0.25, 0.5]).ravel()
    array([0. , 0.5, 1. ])
    """

    def nodes(self, level: int) -> FloatArray:
        """Odd multiples of 2^-level."""
        return np.asarray(np.arange(1, 2 ** _legal(level), 2) / 2.0**level)

    def values(self, level: int, points: ArrayLike) -> FloatArray:
        """Triangles of height 1 and half-width 2^-level."""
        away = np.abs(_within(points)[:, None] - self.nodes(level))
        return np.asarray(np.maximum(1 - away * 2**level, 0))

    def integrals(self, level: int) -> FloatArray:
        """Areas of the triangles."""
        return np.full(2 ** (_legal(level) - 1), 2.0**-level)


@dataclass(frozen=True)
class OpenHat:
    """Piecewise linear functions that go on straight to both ends; level 1 is the constant.

    They have the nodes of ``Hat``, none at the ends (Pflueger 2010, ISBN 9783868535556).

    Examples
    --------
    >>> OpenHat().values(2, [0.0, 0.25, 0.5, 1.0])
    array([[2., 0.],
           [1., 0.],
           [0., 0.],
           [0., 2.]])
    """

    def nodes(self, level: int) -> FloatArray:
        """Odd multiples of 2^-level."""
        return Hat().nodes(level)

    def values(self, level: int, points: ArrayLike) -> FloatArray:
        """Triangles, of which the outermost ones go on beyond their node."""
        points = _within(points)
        if level == 1:
            return np.ones((len(points), 1))
        found = Hat().values(level, points)
        found[:, 0] = np.maximum(2 - points * 2**level, 0)
        found[:, -1] = np.maximum(2 - (1 - points) * 2**level, 0)
        return found

    def integrals(self, level: int) -> FloatArray:
        """Areas: 1 of the constant, twice as much for the outermost as for the others."""
        if level == 1:
            return np.ones(1)
        found = Hat().integrals(level)
        found[[0, -1]] *= 2
        return found


@dataclass(frozen=True)
class Polynomial:
    """Polynomials through Chebyshev's extreme points, for smooth functions; level 1 is constant.

    Level 2 adds both ends, and each further one the extremes between (Clenshaw & Curtis 1960,
    10.1007/BF01386223).

    Examples
    --------
    >>> Polynomial().nodes(3).round(3)
    array([0.146, 0.854])
    >>> Polynomial().integrals(1), Polynomial().integrals(2).round(4)
    (array([1.]), array([0.1667, 0.1667]))
    """

    def nodes(self, level: int) -> FloatArray:
        """Midpoint, ends, and then every other extreme."""
        return self._all(_legal(level))[self._new(level)]

    def values(self, level: int, points: ArrayLike) -> FloatArray:
        """Lagrange's polynomials, in their barycentric form (Berrut & Trefethen 2004)."""
        points, nodes = _within(points), self._all(_legal(level))
        weights = (-1.0) ** np.arange(len(nodes))
        weights[[0, -1]] /= 2
        away = points[:, None] - nodes
        hit = away == 0
        parts = weights / np.where(hit, 1.0, away)
        found = np.where(
            hit.any(axis=1, keepdims=True), hit, parts / parts.sum(axis=1, keepdims=True)
        )
        return np.asarray(found[:, self._new(level)])

    def integrals(self, level: int) -> FloatArray:
        """Integrals by Gauss and Legendre's rule, exact for polynomials of this degree."""
        at, weights = np.polynomial.legendre.leggauss(2 ** max(_legal(level) - 2, 0) + 1)
        return np.asarray(weights / 2 @ self.values(level, (at + 1) / 2))

    def _all(self, level: int) -> FloatArray:
        if level == 1:
            return np.array([0.5])
        return np.asarray(
            np.sin(np.pi / 2 * np.arange(2 ** (level - 1) + 1) / 2 ** (level - 1)) ** 2
        )

    def _new(self, level: int) -> slice:
        """Places of the nodes that this level adds among all."""
        return slice(None, None, 2) if level <= 2 else slice(1, None, 2)


def lifted(basis: Basis, coarse: int, fine: int) -> FloatArray:
    """Return the functions of one level at the nodes of a finer one, (n_fine, n_coarse)."""
    return basis.values(coarse, basis.nodes(fine))


def combined(surplus: FloatArray, values: Sequence[FloatArray]) -> FloatArray:
    """Sum products of one-dimensional functions over the nodes of a block, at each point.

    Parameters
    ----------
    surplus : array of shape (n_nodes of dimension 1, n_nodes of dimension 2, ...)
    values : sequence of arrays of shape (n_points, n_nodes), one for each dimension

    Returns
    -------
    array of shape (n_points,)
    """
    found = values[0] @ surplus.reshape(surplus.shape[0], -1)
    for own in values[1:]:
        found = (own[:, None] @ found.reshape(*own.shape, -1))[:, 0]
    return np.asarray(found[:, 0])


def _legal(level: int) -> int:
    return checks.count("level", level, maximum=25)


def _within(points: ArrayLike) -> FloatArray:
    points = checks.vector("points", points)
    if not ((points >= 0) & (points <= 1)).all():
        outside = points[(points < 0) | (points > 1)][0]
        raise ValueError(f"points must lie between 0 and 1, got {outside:g}")
    return points
