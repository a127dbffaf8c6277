"""Patterns that are whole manifolds: ellipsoids with all of their points.

A readout separates manifolds only if it gives every point of a manifold the label of the manifold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from olfnet import checks
from olfnet.checks import FloatArray, Seed


@dataclass(frozen=True, eq=False)
class Ellipsoids:
    """Ellipsoids: all points center + sum_d s_d axes_d with |s| at most 1.

    For a linear readout a surface alone is the same as with its inside.

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
    >>> len(both), both.dimension, both.n_features
    (2, 2, 3)
    """

    centers: FloatArray
    axes: FloatArray

    def __post_init__(self) -> None:
        centers = checks.matrix("centers", self.centers)
        axes = checks.array("axes", self.axes, 3)
        if (len(axes), axes.shape[2]) != centers.shape:
            raise ValueError(
                "axes must have shape (n_manifolds, dimension, n_features) with "
                f"{len(centers)} manifolds and {centers.shape[1]} features, got {axes.shape}"
            )
        object.__setattr__(self, "centers", centers)
        object.__setattr__(self, "axes", axes)

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


def spheres(
    n_manifolds: int, n_features: int, *, radius: float, dimension: int, rng: Seed = None
) -> Ellipsoids:
    """Draw spheres with random centers in random subspaces.

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
        Their capacity is ``theory.manifolds.capacity(radius, dimension)``.

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
