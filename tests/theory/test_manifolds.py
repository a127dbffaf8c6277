"""Capacity of spheres against published numbers, limits, and quadrature by another library."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from olfnet.theory import gardner, manifolds

PUBLISHED = {
    (0.1, 1): 1.7748, (0.5, 1): 1.2576, (1, 1): 1.0, (2, 1): 0.8300,
    (0.1, 5): 1.4502, (0.5, 5): 0.5765, (1, 5): 0.3333, (2, 5): 0.2344,
    (0.1, 10): 1.2616, (0.5, 10): 0.3600,
}  # fmt: skip


def slow(radius, dimension, margin):
    """The double integral, one nested in the other."""
    normal = scipy.stats.norm.pdf

    def given(t):
        low, high = margin - t / radius, margin + radius * t
        between = scipy.integrate.quad(
            lambda x: normal(x) * (radius * t + margin - x) ** 2 / (1 + radius**2),
            max(low, -12), min(high, 12), epsabs=1e-13, limit=200,
        )[0] if low < 12 and high > -12 else 0.0  # fmt: skip
        below = scipy.integrate.quad(
            lambda x: normal(x) * ((x - margin) ** 2 + t**2), -12, min(low, 12), epsabs=1e-13
        )[0] if low > -12 else 0.0  # fmt: skip
        return between + below

    chi = scipy.stats.chi(dimension)
    points = [p for p in (radius, 1 / radius, dimension**0.5) if p < dimension**0.5 + 9]
    return 1 / scipy.integrate.quad(
        lambda t: chi.pdf(t) * given(t), 0, dimension**0.5 + 10, points=points, epsabs=1e-11,
        limit=400,
    )[0]  # fmt: skip


def test_published_numbers():
    radius, dimension = np.transpose(list(PUBLISHED))
    np.testing.assert_allclose(
        manifolds.capacity(radius, dimension), list(PUBLISHED.values()), atol=6e-5
    )


@pytest.mark.parametrize(
    "case",
    [(0.3, 1, 0.0), (2.0, 3, 0.5), (0.05, 2, 1.0), (10.0, 1, 2.0), (1.0, 30, 0.2), (5.0, 0.5, 0)],
)
def test_nested_quadrature(case):
    assert manifolds.capacity(*case) == pytest.approx(slow(*case), rel=1e-8)


@pytest.mark.parametrize("dimension", [0.5, 1, 2, 10, 100, 1000])
def test_limits(dimension):
    """Points; spheres as large as their distance; whole subspaces."""
    capacity = manifolds.capacity
    assert capacity(0.0, dimension) == pytest.approx(2, rel=1e-9)
    assert capacity(1e-12, dimension) == pytest.approx(2, rel=1e-8)
    assert capacity(1.0, dimension) == pytest.approx(2 / (dimension + 1), rel=1e-9)
    assert capacity(np.inf, dimension) == pytest.approx(1 / (dimension + 0.5), rel=1e-9)
    assert capacity(1e12, dimension) == pytest.approx(1 / (dimension + 0.5), rel=1e-6)


def test_points_have_gardners_capacity():
    margins = np.array([0.0, 0.5, 1.0, 3.0])
    np.testing.assert_allclose(
        manifolds.capacity(0.0, 3, margins), gardner.capacity(margins), rtol=1e-9
    )


def test_larger_manifolds_are_harder():
    radius = np.geomspace(1e-3, 1e3, 40)
    found = manifolds.capacity(radius[:, None], [1, 2, 5, 20])
    assert (np.diff(found, axis=0) < 0).all()
    assert (np.diff(found, axis=1) < 0).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((-0.1, 1), "radius must be at least 0, got -0.1"),
        ((np.nan, 1), "radius must be at least 0, got nan"),
        ((1.0, 0), "dimension must be positive, got 0"),
        ((1.0, 1, -1.0), "margin must be finite and at least 0, got -1"),
    ],
)
def test_bad_input(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        manifolds.capacity(*arguments)
