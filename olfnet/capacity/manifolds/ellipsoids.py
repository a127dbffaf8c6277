"""Patterns that are whole manifolds: clouds of points, and ellipsoids with all of their points.

A readout sorts a manifold only if it gives every one of its points the label of the manifold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed


@dataclass(frozen=True, eq=False)
class Ellipsoids:
    """Manifolds that are ellipsoids: all points center + sum_d s_d axes_d with |s| at most 1.

    For a linear readout their insides change nothing, so that the surfaces alone are the same.

    Attributes
    ----------
    centers : array of shape (n_manifolds, n_features)
    axes : array of shape (n_manifolds, dimension, n_features)
        Half axes, or any vectors that span the ellipsoid in this way; zeros where a manifold has
        fewer than others.

    Raises
    ------
    ValueError
        If the arrays are not finite, or their shapes do not fit.

    Examples
    --------
    A disk in the first two of three dimensions, and a segment.

    >>> both = Ellipsoids(
    ...     [[0, 0, 3], [5, 5, 5]], [[[1, 0, 0], [0, 1, 0]], [[0, 0, 2], [0, 0, 0]]]
    ... )
    >>> both.extents(np.array([3.0, 4.0, 1.0]))
    array([5., 2.])
    """

    centers: FloatArray
    axes: FloatArray

    def __post_init__(self) -> None:
        centers = checks.matrix("centers", self.centers)
        axes = np.asarray(self.axes)
        if axes.ndim != 3 or (len(axes), axes.shape[2]) != centers.shape or not axes.shape[1]:
            raise ValueError(
                "axes must have shape (n_manifolds, dimension, n_features) with "
                f"{len(centers)} manifolds and {centers.shape[1]} features, got {axes.shape}"
            )
        object.__setattr__(self, "centers", centers)
        object.__setattr__(self, "axes", clouds("axes", axes))

    def __len__(self) -> int:
        return len(self.centers)

    @property
    def dimension(self) -> int:
        """Number of axes."""
        return int(self.axes.shape[1])

    @property
    def n_features(self) -> int:
        """Dimensions of the space that they lie in."""
        return int(self.centers.shape[1])

    @cached_property
    def sizes(self) -> FloatArray:
        """Bound of the length of a manifold's points, shape (n_manifolds,)."""
        return np.asarray(
            np.linalg.norm(self.centers, axis=1) + np.linalg.norm(self.axes, axis=(1, 2))
        )

    def first(self, n_manifolds: int) -> Ellipsoids:
        """Return the first ones, without copying them."""
        return Ellipsoids(self.centers[:n_manifolds], self.axes[:n_manifolds])

    def with_column(self, values: ArrayLike) -> Ellipsoids:
        """Append a feature in which every manifold has a single value, shape (n_manifolds,)."""
        flat = np.zeros((*self.axes.shape[:2], 1))
        centers = np.column_stack((self.centers, values))
        return Ellipsoids(centers, np.concatenate((self.axes, flat), axis=2))

    def extents(self, weights: FloatArray) -> FloatArray:
        """How far weighted sums reach to either side of the center's, shape (n_manifolds,)."""
        return np.asarray(np.linalg.norm(self.axes @ weights, axis=1))

    def lowest(self, weights: FloatArray) -> FloatArray:
        """Point of each manifold with the smallest weighted sum; its center if all are equal."""
        sums = self.axes @ weights
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        steps = np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0)
        return np.asarray(self.centers - np.einsum("md,mdn->mn", steps, self.axes))


def spheres(
    n_manifolds: int, n_features: int, *, radius: float, dimension: int, rng: Seed = None
) -> Ellipsoids:
    """Draw spheres in random places and random subspaces.

    Parameters
    ----------
    n_manifolds, n_features : int
    radius : float
        Relative to the distance of the centers from the origin, which is sqrt(n_features), as long
        as a pattern of variance 1.
    dimension : int
        Dimension of the subspace of each, at most n_features.
    rng : seed or Generator

    Returns
    -------
    Ellipsoids
        What ``theory.manifolds.capacity(radius, dimension)`` is about.

    Raises
    ------
    ValueError
        If a count is below 1, the dimension too large, or the radius negative.

    Examples
    --------
    >>> import olfnet
    >>> points = olfnet.breaking_points(
    ...     lambda n, rng: spheres(n, 50, radius=1.0, dimension=5, rng=rng),
    ...     max_patterns=50,
    ...     n_trials=40,
    ...     rng=1,
    ... )
    >>> round(float(points.mean()) / 50, 2)  # 2 / (dimension + 1) in large spaces
    0.32
    """
    rng = np.random.default_rng(rng)
    n_manifolds = checks.count("n_manifolds", n_manifolds)
    n_features = checks.count("n_features", n_features)
    dimension = checks.count("dimension", dimension, maximum=n_features)
    length = n_features**0.5
    centers = rng.standard_normal((n_manifolds, n_features))
    centers *= length / np.linalg.norm(centers, axis=1, keepdims=True)
    spanning = rng.standard_normal((n_manifolds, n_features, dimension))
    axes = np.linalg.qr(spanning)[0].transpose(0, 2, 1)
    return Ellipsoids(centers, checks.nonnegative("radius", radius) * length * axes)


def clouds(name: str, values: ArrayLike) -> FloatArray:
    """Return ``values`` as a finite float array (n_manifolds, n_points, n_features)."""
    array = np.asarray(values)
    return checks.matrix(name, array.reshape(-1, array.shape[-1])).reshape(array.shape)
