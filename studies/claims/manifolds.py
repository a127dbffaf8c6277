"""Claims about manifolds, which a readout must classify as a whole (R7)."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from olfnet import breaking_points, capacity
from olfnet.capacity import manifold_geometry
from olfnet.checks import FloatArray
from olfnet.lab import claims
from olfnet.lab.claims import Measured, Status
from olfnet.theory import cover
from olfnet.theory import manifolds as theory

from .sources import CHUNG, COVER

Rng = np.random.Generator
N_DIMS = 100  # of spheres
N_POINTS, N_FEATURES = 5, 60  # of clouds
claim = partial(claims.claim, systems=["S14"], source=CHUNG, samples=(200, 40))
of_spheres = partial(claim, samples=(150, 10), status=Status.ASYMPTOTIC, allowance=1 / N_DIMS)


@of_spheres(
    "R7.wide_spheres",
    1 / 5.5,
    r"1 / (D + 1/2)",
    statement="Spheres of dimension 5, a hundred times as large as their distance from the origin, "
    "have capacity 1 / (D + 1/2)",
    cases=[{"radius": 100.0, "dimension": 5}],
    control={"radius": 1.0, "n": 8},
)
@of_spheres(
    "R7.unit_radius",
    2 / 4,
    r"2 / (D + 1)",
    statement="Spheres as large as their distance from the origin have capacity 2 / (D + 1); D = 3",
    cases=[{"radius": 1.0, "dimension": 3}],
    control={"radius": 0.01},
)
@of_spheres(
    "R7.spheres_{radius:g}_{dimension}",
    theory.capacity,
    r"\left[ \int \chi_D(t) dt \left( \int_{-t/R}^{tR} Dx \, "
    r"\frac{(Rt - x)^2}{1 + R^2} + \int_{-\infty}^{-t/R} Dx (x^2 + t^2) \right) \right]^{-1}",
    cases={"radius, dimension": ((0.5, 1), (1, 1), (0.1, 5), (0.5, 5), (1, 5), (0.5, 10))},
    control=lambda radius: {"radius": 3 * radius, "n": 8},
)
def spheres(n: int, rng: Rng, radius: float, dimension: int) -> FloatArray:
    """Spheres of dimension {dimension} and radius {radius:g} that a readout classifies as a whole,
    per dimension.

    N = 100; the allowance is one manifold: whole numbers lie half a manifold below a sharp limit
    (.5 +- .1 measured at N = 50 and 100), and as much again.
    """
    points = breaking_points(
        lambda n, rng: capacity.spheres(n, N_DIMS, radius=radius, dimension=dimension, rng=rng),
        max_patterns=int(3 * theory.capacity(radius, dimension) * N_DIMS) + 10,
        n_trials=n,
        rng=rng,
    )
    return points / N_DIMS


def draw_clouds(n: int, rng: Rng, sd: float) -> FloatArray:
    """Random points around random centers; their sd is relative to the centers' length."""
    points = rng.standard_normal((n, N_POINTS, N_FEATURES))
    return points if np.isinf(sd) else rng.standard_normal((n, 1, N_FEATURES)) + sd * points


def cloud_loads(n: int, rng: Rng, sd: float) -> FloatArray:
    """Clouds per dimension that n sequences have before they are no longer separable."""
    draw = partial(draw_clouds, sd=sd)
    return breaking_points(draw, max_patterns=150, n_trials=n, rng=rng) / N_FEATURES


@claim(
    "R7.wide_clouds",
    lambda: np.sum(cover.separable_fraction(N_POINTS * np.arange(1, 400), N_FEATURES)) / N_FEATURES,
    control={"sd": 1.0, "n": 20},
    samples=(400, 60),
    source=f"{CHUNG}; at finite size from {COVER}",
)
def wide_clouds(n: int, rng: Rng, sd: float = np.inf) -> FloatArray:
    r"""Clouds of 5 points, far wider than their distance from the origin, have a fifth of the
    capacity of points: 2/5 in large spaces. $N^{-1} \sum_P C(5 P, N) / 2^{5 P} \to 2/5$

    60 dimensions, centers at the origin: a label for all 5 points of a cloud is as random as five,
    as points and their mirror images are equally likely.
    """
    return cloud_loads(n, rng, sd)


@claim(
    "R7.mean_field",
    1.0,
    control={"sd": 1.0},
    samples=(150, 40),
    status=Status.ASYMPTOTIC,
    allowance=0.02,
)
def against_mean_field(n: int, rng: Rng, sd: float = 0.5) -> Measured:
    r"""Clouds of 5 points have the capacity of the mean-field theory of their anchor points.
    $\alpha \langle \min_V |V - T|^2 \rangle_T = 1$

    60 dimensions, about 60 clouds; the allowance is one of them.  The control has wider clouds in
    the simulation only.
    """
    simulated_rng, cloud_rng, sample_rng = rng.spawn(3)
    simulated = Measured.mean(cloud_loads(2 * n, simulated_rng, sd))
    geometry = manifold_geometry(draw_clouds(n, cloud_rng, 0.5), n_samples=100, rng=sample_rng)
    inverse = Measured.mean(1 / geometry.capacity)
    return Measured(
        simulated.value * inverse.value, simulated.low * inverse.low, simulated.high * inverse.high
    )


def rings(n: int, radius: float, n_points: int) -> Sequence[FloatArray]:
    """Points on circles, around a center at distance 1 from the origin."""
    angles = 2 * np.pi * np.arange(n_points) / n_points
    around = radius * np.column_stack((np.cos(angles), np.sin(angles)))
    return [np.column_stack((np.ones(n_points), around))] * n


@claim("R7.segments", lambda: 1 / theory.capacity(1.0, 1), control={"radius": 0.7})
def segments(n: int, rng: Rng, radius: float = 1.0) -> FloatArray:
    r"""Segments have the mean-field capacity of spheres of dimension 1; radius 1.
    $1 / \alpha = 1$
    """
    return 1 / manifold_geometry(rings(n, radius, 2), n_samples=200, rng=rng).capacity


@claim("R7.anchor_dimension", 2.0, control={"n_points": 3}, allowance=0.002)
def ring_dimension(n: int, rng: Rng, n_points: int = 60) -> FloatArray:
    r"""The anchor points of circles lie in 2 directions.
    $D_M = \langle (t \cdot \hat s)^2 \rangle = 2$

    Circles of 60 points, whose corners are up to pi / 60 away from the direction: the allowance is
    (pi / 60)^2 / 3 of 2.
    """
    return manifold_geometry(rings(n, 1.0, n_points), n_samples=200, rng=rng).dimension
