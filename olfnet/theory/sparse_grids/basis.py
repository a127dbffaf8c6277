"""Hierarchical bases in one dimension: each level adds nodes between those of lower levels.

A basis function is 1 at its own node and 0 at all other nodes of its level and of lower ones, on
the interval from 0 to 1.  The functions of a sparse grid are products of such functions.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from olfnet.checks import FloatArray


class Basis(Protocol):
    """Functions of one number between 0 and 1, ordered in levels from 1 on."""

    def nodes(self, level: int) -> FloatArray:
        """Return the nodes that a level adds, shape (n_nodes,)."""
        ...

    def values(self, level: int, points: FloatArray) -> FloatArray:
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
    >>> Hat().values(1, np.array([0.0, 0.25, 0.5])).ravel()
    array([0. , 0.5, 1. ])
    """

    def nodes(self, level: int) -> FloatArray:
        """Odd multiples of 2^-level."""
        return np.asarray(np.arange(1, 2**level, 2) / 2.0**level)

    def values(self, level: int, points: FloatArray) -> FloatArray:
        """Triangles of height 1 and half-width 2^-level."""
        away = np.abs(points[:, None] - self.nodes(level))
        return np.asarray(np.maximum(1 - away * 2**level, 0))

    def integrals(self, level: int) -> FloatArray:
        """Areas of the triangles."""
        return np.full(2 ** (level - 1), 2.0**-level)


@dataclass(frozen=True)
class OpenHat:
    """Piecewise linear functions, the outermost extrapolated to both ends; level 1 is constant.

    They have the nodes of ``Hat``, none at the ends (Pflueger 2010, ISBN 9783868535556).

    Examples
    --------
    >>> OpenHat().values(2, np.array([0.0, 0.25, 0.5, 1.0]))
    array([[2., 0.],
           [1., 0.],
           [0., 0.],
           [0., 2.]])
    """

    def nodes(self, level: int) -> FloatArray:
        """Odd multiples of 2^-level."""
        return Hat().nodes(level)

    def values(self, level: int, points: FloatArray) -> FloatArray:
        """Triangles, of which the outermost continue beyond their node."""
        if level == 1:
            return np.ones((len(points), 1))
        values = Hat().values(level, points)
        values[:, 0] = np.maximum(2 - points * 2**level, 0)
        values[:, -1] = np.maximum(2 - (1 - points) * 2**level, 0)
        return values

    def integrals(self, level: int) -> FloatArray:
        """Areas: 1 of the constant, twice as much for the outermost as for the others."""
        if level == 1:
            return np.ones(1)
        areas = Hat().integrals(level)
        areas[[0, -1]] *= 2
        return areas


@dataclass(frozen=True)
class Polynomial:
    """Polynomials through Chebyshev extreme points, for smooth functions; level 1 is constant.

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
        return self._all(level)[self._new(level)]

    def values(self, level: int, points: FloatArray) -> FloatArray:
        """Lagrange's polynomials, in their barycentric form (Berrut & Trefethen 2004)."""
        nodes = self._all(level)
        weights = (-1.0) ** np.arange(len(nodes))
        weights[[0, -1]] /= 2
        away = points[:, None] - nodes
        hit = away == 0
        parts = weights / np.where(hit, 1.0, away)
        ratios = parts / parts.sum(axis=1, keepdims=True)
        values = np.where(hit.any(axis=1, keepdims=True), hit, ratios)
        return np.asarray(values[:, self._new(level)])

    def integrals(self, level: int) -> FloatArray:
        """Integrals by Gauss-Legendre quadrature, exact for polynomials of this degree."""
        at, weights = np.polynomial.legendre.leggauss(2 ** max(level - 2, 0) + 1)
        return np.asarray(weights / 2 @ self.values(level, (at + 1) / 2))

    def _all(self, level: int) -> FloatArray:
        if level == 1:
            return np.array([0.5])
        n_pieces = 2 ** (level - 1)
        return np.asarray(np.sin(np.pi / 2 * np.arange(n_pieces + 1) / n_pieces) ** 2)

    def _new(self, level: int) -> slice:
        """Return which of all nodes this level adds."""
        return slice(None, None, 2) if level <= 2 else slice(1, None, 2)
