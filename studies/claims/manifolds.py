"""Claims about manifolds, which a readout must sort as a whole (R7)."""

from collections.abc import Callable
from functools import partial

import numpy as np

from olfnet.capacity import Ellipsoids, breaking_points, manifold_geometry
from olfnet.capacity.manifolds import ellipsoids
from olfnet.checks import FloatArray
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.theory import cover
from olfnet.theory import manifolds as theory

from .capacity import mean_break
from .sources import CHUNG, COVER

Rng = np.random.Generator
N_DIMS = 100
SPHERES = ((0.5, 1), (1, 1), (0.1, 5), (0.5, 5), (1, 5), (0.5, 10))
SIZE = (
    "N = 100; the allowance is one manifold: whole numbers lie half a manifold below a sharp limit "
    "(.5 +- .1 measured at N = 50 and 100), and as much again."
)
N_POINTS, N_FEATURES = 5, 60
claim = partial(Claim, systems=("S14",), source=CHUNG, status=Status.ASYMPTOTIC)
of_spheres = partial(claim, n_samples=150, n_quick=10, allowance=1 / N_DIMS, remark=SIZE)


def spheres(radius: float, dimension: int) -> Callable[[int, Rng], Ellipsoids]:
    """Spheres in random places."""
    return lambda n, rng: ellipsoids.spheres(n, N_DIMS, radius=radius, dimension=dimension, rng=rng)


def clouds(spread: float) -> Callable[[int, Rng], FloatArray]:
    """Random points around random centers; the spread is relative to the centers' length."""

    def draw(n: int, rng: Rng) -> FloatArray:
        away = rng.standard_normal((n, N_POINTS, N_FEATURES))
        if np.isinf(spread):
            return away
        return rng.standard_normal((n, 1, N_FEATURES)) + spread * away

    return draw


def sorted_spheres(radius: float, dimension: int, n: int, rng: Rng) -> Measured:
    """Spheres per dimension that n sequences have before they break."""
    longest = int(3 * theory.capacity(radius, dimension) * N_DIMS) + 10
    draw = spheres(radius, dimension)
    points = breaking_points(draw, max_patterns=longest, n_trials=n, rng=rng)
    return Measured.mean(points / N_DIMS)


def sorted_clouds(spread: float, n: int, rng: Rng) -> Measured:
    """Clouds per dimension that n sequences have before they break."""
    return mean_break(clouds(spread), N_FEATURES, 150, n, rng)


def wide_clouds() -> float:
    """Mean of that for points without centers: labels that are equal are random signs, too."""
    n_clouds = np.arange(1, 400)
    return float(np.sum(cover.separable_fraction(N_POINTS * n_clouds, N_FEATURES)) / N_FEATURES)


def against_mean_field(spread: float, n: int, rng: Rng) -> Measured:
    """Return the capacity of clouds, relative to the mean-field one of clouds of spread 1/2."""
    simulated_rng, cloud_rng, sample_rng = rng.spawn(3)
    simulated = sorted_clouds(spread, 2 * n, simulated_rng)
    found = manifold_geometry(clouds(0.5)(n, cloud_rng), n_samples=100, rng=sample_rng)
    inverse = Measured.mean(1 / found.capacity)
    return Measured(
        simulated.value * inverse.value, simulated.low * inverse.low, simulated.high * inverse.high
    )


def ring(radius: float, n_points: int) -> FloatArray:
    """Points on a circle, around a center at distance 1 from the origin."""
    angles = 2 * np.pi * np.arange(n_points) / n_points
    around = radius * np.column_stack((np.cos(angles), np.sin(angles)))
    return np.column_stack((np.ones(n_points), around))


def inverse_capacity(radius: float, n_points: int, n: int, rng: Rng) -> Measured:
    """Mean-field 1 / capacity of n rings, each with its own random directions."""
    found = manifold_geometry([ring(radius, n_points)] * n, n_samples=200, rng=rng)
    return Measured.mean(1 / found.capacity)


def ring_dimension(n_points: int, n: int, rng: Rng) -> Measured:
    """Mean-field dimension of n rings."""
    found = manifold_geometry([ring(1.0, n_points)] * n, n_samples=200, rng=rng)
    return Measured.mean(found.dimension)


def sphere_claim(radius: float, dimension: int) -> Claim:
    """Capacity of spheres; those of the control are larger."""
    return of_spheres(
        f"R7.spheres_{radius:g}_{dimension}",
        f"Spheres of dimension {dimension} and radius {radius:g} that a readout sorts as a whole, "
        "per dimension",
        r"\left[ \int \chi_D(t) dt \left( \int_{-t/R}^{tR} Dx \, "
        r"\frac{(Rt - x)^2}{1 + R^2} + \int_{-\infty}^{-t/R} Dx (x^2 + t^2) \right) \right]^{-1}",
        partial(theory.capacity, radius, dimension),
        partial(sorted_spheres, radius, dimension),
        partial(sorted_spheres, 3 * radius, dimension),
    )


CLAIMS = (
    *(sphere_claim(radius, dimension) for radius, dimension in SPHERES),
    of_spheres(
        "R7.unit_radius",
        "Spheres as large as their distance from the origin have capacity 2 / (D + 1); D = 3",
        r"2 / (D + 1)",
        2 / 4,
        partial(sorted_spheres, 1.0, 3),
        partial(sorted_spheres, 0.01, 3),
    ),
    of_spheres(
        "R7.wide_spheres",
        "Spheres of dimension 5, a hundred times as large as their distance from the origin, have "
        "capacity 1 / (D + 1/2)",
        r"1 / (D + 1/2)",
        1 / 5.5,
        partial(sorted_spheres, 100.0, 5),
        partial(sorted_spheres, 1.0, 5),
    ),
    claim(
        "R7.wide_clouds",
        "Clouds of 5 points that are far wider than their distance from the origin have a fifth of "
        "the capacity of points: 2/5 in large spaces",
        r"N^{-1} \sum_P C(5 P, N) / 2^{5 P} \to 2/5",
        wide_clouds,
        partial(sorted_clouds, np.inf),
        partial(sorted_clouds, 1.0),
        source=f"{CHUNG}; at finite size from {COVER}",
        status=Status.EXACT,
        n_samples=400,
        n_quick=60,
        remark="60 dimensions, centers at the origin: a label for all 5 points of a cloud is as "
        "random as five, as points and their mirror images are equally likely.",
    ),
    claim(
        "R7.mean_field",
        "Clouds of 5 points have the capacity that the mean-field theory of their anchor points "
        "gives",
        r"\alpha \langle \min_V |V - T|^2 \rangle_T = 1",
        1.0,
        partial(against_mean_field, 0.5),
        partial(against_mean_field, 1.0),
        n_samples=150,
        n_quick=40,
        allowance=0.02,
        remark="60 dimensions, about 60 clouds; the allowance is one of them.",
    ),
    claim(
        "R7.segments",
        "Segments have the mean-field capacity of spheres of dimension 1; radius 1",
        r"1 / \alpha = 1",
        lambda: 1 / theory.capacity(1.0, 1),
        partial(inverse_capacity, 1.0, 2),
        partial(inverse_capacity, 0.7, 2),
        status=Status.EXACT,
        n_samples=200,
        n_quick=40,
    ),
    claim(
        "R7.anchor_dimension",
        "The anchor points of circles spread over 2 directions",
        r"D_M = \langle (t \cdot \hat s)^2 \rangle = 2",
        2.0,
        partial(ring_dimension, 60),
        partial(ring_dimension, 3),
        status=Status.EXACT,
        n_samples=200,
        n_quick=40,
        allowance=0.002,
        remark="Circles of 60 points, whose corners are up to pi / 60 away from the direction: "
        "the allowance is (pi / 60)^2 / 3 of 2.",
    ),
)
