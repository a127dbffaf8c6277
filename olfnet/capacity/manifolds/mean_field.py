"""Mean-field geometry of manifolds: capacity, radius and dimension from their anchor points.

For each direction T that a readout may have before it learns, the closest weights V that separate
the manifold differ from T along a point of its convex hull, the anchor point of T (Chung, Lee &
Sompolinsky 2018, 10.1103/PhysRevX.8.031003).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.optimize
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed

# Squared residual of a margin that no weights keep, to rounding.
_IMPOSSIBLE = 1e-30


@dataclass(frozen=True, eq=False)
class ManifoldGeometry:
    """Capacity, radius and dimension of each manifold, with standard errors of the sampling.

    Attributes
    ----------
    capacity, capacity_error : arrays of shape (n_manifolds,)
        Manifolds per dimension that a readout could separate if all were like this one.
    radius, radius_error : arrays of shape (n_manifolds,)
        Root mean square distance of anchor points from their mean, relative to the length of the
        manifold's center.
    dimension, dimension_error : arrays of shape (n_manifolds,)
        Mean square of the random direction's component along the anchor points: the number of
        directions in which they vary.
    """

    capacity: FloatArray
    radius: FloatArray
    dimension: FloatArray
    capacity_error: FloatArray
    radius_error: FloatArray
    dimension_error: FloatArray

    @property
    def joint_capacity(self) -> float:
        """Manifolds per dimension that a readout can separate, all kinds together."""
        return float(1 / np.mean(1 / self.capacity))

    @property
    def joint_capacity_error(self) -> float:
        """Standard error of the sampling."""
        errors = self.capacity_error / self.capacity**2
        return float(self.joint_capacity**2 * np.linalg.norm(errors) / len(errors))


def manifold_geometry(
    points: FloatArray | Sequence[ArrayLike],
    *,
    margin: float = 0.0,
    n_samples: int = 300,
    rng: Seed = None,
) -> ManifoldGeometry:
    """Estimate capacity, radius and dimension of manifolds from points on them, without learning.

    Parameters
    ----------
    points : array of shape (n_manifolds, n_points, n_features)
        Or a sequence of arrays (n_points, n_features), one per manifold.
    margin : float
        Distance from the hyperplane that every point must keep, in the points' unit.
    n_samples : int
        Random directions per manifold, at least 2.
    rng : seed or Generator

    Returns
    -------
    ManifoldGeometry

    Raises
    ------
    ValueError
        If the arrays are not finite, their numbers of features differ, or the points of a manifold
        have their mean at the origin.

    Notes
    -----
    With points x_i and standard normal T, 1 / capacity is the mean of the smallest |V - T|^2 with
    V . x_i >= margin sqrt(n_features) (eqs. 16 and 17).  V - T is a non-negative combination of the
    x_i; with coefficients of sum 1 that is the anchor point (one of several, where V = 0 and points
    are more than dimensions).  Where V = T, it is the point lowest in T.  Radius and dimension are
    eqs. 28 and 29.  Where no weights keep the margin, the capacity is 0 to rounding.

    The theory assumes that centers and axes of all manifolds are random and uncorrelated.  Centers
    with directions in common, such as the mean of firing rates, are less separable than it says;
    subtract the mean of all centers where the readout has a bias, which does the same.

    Examples
    --------
    Points, and segments as long as the distance of their centers from the origin.

    >>> segments = [[[1.0, 0.0], [1.0, 0.0]], [[1.0, -1.0], [1.0, 1.0]]]
    >>> geometry = manifold_geometry(segments, n_samples=4000, rng=1)
    >>> geometry.capacity.round(1), geometry.radius.round(1), geometry.dimension.round(1)
    (array([2., 1.]), array([0. , 0.9]), array([0., 1.]))
    """
    rng = np.random.default_rng(rng)
    margin = checks.nonnegative("margin", margin)
    n_samples = checks.count("n_samples", n_samples, minimum=2)
    geometry = [_sampled(manifold, margin, n_samples, rng) for manifold in _manifolds(points)]
    return ManifoldGeometry(*np.transpose(geometry))


def _manifolds(points: FloatArray | Sequence[ArrayLike]) -> list[FloatArray]:
    """Points of each manifold, shape (n_points, n_features)."""
    if isinstance(points, str) or not hasattr(points, "__iter__"):
        raise ValueError(f"points must be an array for each manifold, got {points!r}")
    manifolds = [checks.matrix("points of a manifold", manifold) for manifold in points]
    n_features = {manifold.shape[1] for manifold in manifolds}
    if len(n_features) != 1:
        raise ValueError(
            f"points must have the same n_features in every manifold, got {sorted(n_features)}"
        )
    return manifolds


def _sampled(
    points: FloatArray, margin: float, n_samples: int, rng: np.random.Generator
) -> tuple[float, ...]:
    """Capacity, radius and dimension of one manifold, then their standard errors."""
    center = float(np.linalg.norm(points.mean(axis=0)))
    if not center > 1e-12 * np.abs(points).max():
        raise ValueError("points of a manifold must have a mean away from the origin")
    # Directions outside the span of the points do not concern them.
    coordinates = np.linalg.qr(points.T)[1].T / center
    directions = rng.standard_normal((n_samples, coordinates.shape[1]))
    need = margin * points.shape[1] ** 0.5 / center
    costs, anchors = np.empty(n_samples), np.empty_like(directions)
    for i, direction in enumerate(directions):
        costs[i], anchors[i] = _anchor(coordinates, direction, need)
    deviations = anchors - anchors.mean(axis=0)
    squares = np.sum(deviations**2, axis=1)
    along = np.sum(deviations * directions, axis=1) ** 2
    components = np.divide(along, squares, out=np.zeros_like(along), where=squares > 1e-24)
    cost, square, component = (_mean_and_error(values) for values in (costs, squares, components))
    radius = square[0] ** 0.5
    capacity_error, radius_error = cost[1] / cost[0] ** 2, square[1] / (2 * radius or 1.0)
    return 1 / cost[0], radius, component[0], capacity_error, radius_error, component[1]


def _anchor(points: FloatArray, direction: FloatArray, need: float) -> tuple[float, FloatArray]:
    """Squared length of the smallest move V - T with all x_i . V >= need, and the anchor point.

    A problem of least distance, as non-negative least squares (Lawson & Hanson 1974, ch. 23.4):
    the residual of sum_i l_i (x_i, need - x_i . T) to (0, 1) has the square 1 / (1 + |V - T|^2).
    """
    missing = need - points @ direction
    if (missing <= 0).all():
        return 0.0, points[missing.argmax()]
    target = np.append(np.zeros(points.shape[1]), 1.0)
    multipliers, residual = scipy.optimize.nnls(np.vstack((points.T, missing)), target)
    return 1 / max(residual**2, _IMPOSSIBLE) - 1, multipliers @ points / multipliers.sum()


def _mean_and_error(values: FloatArray) -> tuple[float, float]:
    """Mean of independent samples and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5)
