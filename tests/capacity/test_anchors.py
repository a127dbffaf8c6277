"""Mean-field geometry of manifolds: against theory, quadrature, and another quadratic program."""

import itertools

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats

import olfnet
from olfnet.capacity import manifold_geometry
from olfnet.capacity.manifolds import ellipsoids
from olfnet.capacity.manifolds.mean_field import _anchor
from olfnet.theory import gardner
from olfnet.theory import manifolds as theory

SEGMENTS = [(0.1, 0.0), (0.5, 0.0), (2.0, 0.0), (0.5, 0.5), (1.0, 2.0)]


def segments(radius, n_manifolds=8, n_features=30, rng=0):
    """Two ends of segments in random places, orthogonal to their centers."""
    spanning = np.random.default_rng(rng).standard_normal((n_manifolds, n_features, 2))
    center, axis = n_features**0.5 * np.linalg.qr(spanning)[0].transpose(2, 0, 1)
    return np.stack((center + radius * axis, center - radius * axis), axis=1)


def z_score(found, predicted):
    """Inverse capacities are means of independent samples: compare those, with Student's error."""
    error = found.joint_capacity_error / found.joint_capacity**2
    return (1 / found.joint_capacity - 1 / predicted) / error


@pytest.mark.parametrize(("radius", "margin"), SEGMENTS)
def test_segments_have_the_capacity_of_theory(radius, margin):
    """4000 samples: 3.9 standard errors are passed once in 10,000."""
    found = manifold_geometry(segments(radius), margin=margin, n_samples=500, rng=1)
    assert abs(z_score(found, theory.capacity(radius, 1, margin))) < 3.9
    assert abs(z_score(found, theory.capacity(1.5 * radius, 1, margin + 0.1))) > 3.9
    errors = found.dimension_error.mean() / 8**0.5
    assert abs(found.dimension.mean() - 1) < 3.9 * errors


@pytest.mark.parametrize("radius", [0.3, 1.0, 3.0])
def test_radius_of_segments(radius):
    """Ends are anchor points, but for t0 < -|t| / R, where it is the point t / t0 R inside."""
    inside = scipy.integrate.dblquad(
        lambda t, t0: scipy.stats.norm.pdf(t) * scipy.stats.norm.pdf(t0) * (t / t0) ** 2,
        -12, 0, lambda t0: radius * t0, lambda t0: -radius * t0,
    )[0]  # fmt: skip
    ends = scipy.integrate.quad(
        lambda t: 2 * scipy.stats.norm.pdf(t) * scipy.stats.norm.sf(-t / radius), 0, 12
    )[0]
    predicted = (radius**2 * ends + inside) ** 0.5
    found = manifold_geometry(segments(radius), n_samples=500, rng=2)
    # Deviations are taken from the mean of n anchor points, which lowers their square by 1 / n.
    shrunk = predicted * (1 - 0.5 / 500)
    assert abs(found.radius.mean() - shrunk) < 3.9 * found.radius_error.mean() / 8**0.5
    assert abs(found.radius.mean() - 0.9 * shrunk) > 3.9 * found.radius_error.mean() / 8**0.5


def test_samples_of_spheres_approach_them_from_above():
    """The same random directions for more and more points of a circle."""
    angles = [2 * np.pi * np.arange(m) / m for m in (3, 6, 12, 96)]
    circles = [np.column_stack((np.ones_like(a), 0.8 * np.cos(a), 0.8 * np.sin(a))) for a in angles]
    found = [manifold_geometry([one], n_samples=4000, rng=3) for one in circles]
    capacity = np.array([one.joint_capacity for one in found])
    assert (np.diff(capacity) < 0).all()
    assert abs(z_score(found[-1], theory.capacity(0.8, 2))) < 3.9
    assert abs(z_score(found[0], theory.capacity(0.8, 2))) > 3.9
    assert abs(found[-1].dimension[0] - 2) < 0.1
    assert found[-1].radius[0] < 0.8


@pytest.mark.parametrize("n_points", [2, 5, 10])
def test_wide_clouds_of_m_points_have_capacity_2_over_m(n_points):
    """In 1,000 dimensions overlaps of points change 1 / capacity by 1 / 1000^(1/2) of it each."""
    rng, points = np.random.default_rng(4), (10, n_points, 1000)
    cloud = rng.standard_normal((10, 1, 1000)) + 1000 * rng.standard_normal(points)
    found = manifold_geometry(cloud, n_samples=300, rng=5)
    errors = np.hypot(found.joint_capacity_error, (2 / n_points) / 1000**0.5)
    assert abs(found.joint_capacity - 2 / n_points) < 3.9 * errors
    narrow = manifold_geometry(cloud / 1000 + 1, n_samples=300, rng=5)
    assert narrow.joint_capacity > 2 / n_points + 3.9 * errors


@pytest.mark.parametrize("margin", [0.0, 0.5, 2.0])
def test_points(margin):
    points = np.ones((6, 1, 50))
    found = manifold_geometry(points, margin=margin, n_samples=600, rng=6)
    assert abs(z_score(found, gardner.capacity(margin))) < 3.9
    for zeros in (found.radius, found.dimension, found.radius_error, found.dimension_error):
        np.testing.assert_allclose(zeros, 0, atol=1e-9)


def test_simulated_capacity_of_the_same_clouds():
    """Mean field is for large sizes: at 60 features the mean break may be 2 / 60 of it away."""
    rng, n_features = np.random.default_rng(7), 60

    def draw(n, rng):
        centers = rng.standard_normal((n, 1, n_features))
        return centers + 0.5 * rng.standard_normal((n, 5, n_features))

    breaks = olfnet.breaking_points(draw, max_patterns=150, n_trials=100, rng=8) / n_features
    found = manifold_geometry(draw(40, rng), n_samples=200, rng=9)
    error = np.hypot(breaks.std() / 10, found.joint_capacity_error)
    away = abs(breaks.mean() - found.joint_capacity)
    assert away < 3.9 * error + 2 / n_features * found.joint_capacity
    assert abs(2 - found.joint_capacity) > 10 * error


def closest(points, direction, need):
    """Move to the closest weights, by trying all sets of up to four tight points."""
    for n_tight in range(5):
        for tight in itertools.combinations(points, n_tight):
            some = np.reshape(tight, (n_tight, 4))
            missing = need - some @ direction
            multipliers = np.linalg.lstsq(some @ some.T, missing, rcond=None)[0]
            move = multipliers @ some
            if (multipliers >= 0).all() and (points @ (direction + move) >= need - 1e-9).all():
                return move
    raise AssertionError("no set of tight points is a solution")


@pytest.mark.parametrize("need", [0.0, 0.7])
def test_anchor_points_solve_the_quadratic_program(need):
    rng, n_moved = np.random.default_rng(10), 0
    for _ in range(40):
        points, direction = rng.standard_normal((6, 4)) + 1, rng.standard_normal(4)
        cost, anchor = _anchor(points, direction, need)
        move = closest(points, direction, need)
        assert cost == pytest.approx(move @ move, rel=1e-9, abs=1e-12)
        if cost == 0:
            np.testing.assert_array_equal(anchor, points[(points @ direction).argmin()])
            continue
        n_moved += 1  # the anchor point lies in the convex hull, in the direction of the move
        np.testing.assert_allclose(
            anchor / np.linalg.norm(anchor), move / np.linalg.norm(move), atol=1e-7
        )
        hull = np.vstack((points.T, np.ones(6)))
        assert scipy.optimize.nnls(hull, np.append(anchor, 1))[1] < 1e-9
        assert scipy.optimize.nnls(hull, np.append(10 * anchor, 1))[1] > 1e-3
    assert 10 < n_moved < 40


def test_errors_are_those_of_repeated_estimates():
    """100 repeats: the ratio of a standard deviation to its expectation is within 4 / 200^(1/2)."""
    cloud = np.random.default_rng(11).standard_normal((1, 5, 12)) + 1
    found = [manifold_geometry(cloud, n_samples=100, rng=seed) for seed in range(100)]
    for name in ("capacity", "radius", "dimension"):
        repeated = np.std([getattr(one, name)[0] for one in found], ddof=1)
        stated = np.mean([getattr(one, f"{name}_error")[0] for one in found])
        # The sampling errors of neighbors share data in the mean anchor, and 1 / x is curved.
        assert abs(repeated / stated - 1) < 4 / 200**0.5


def test_manifolds_may_have_different_numbers_of_points():
    spheres = ellipsoids.spheres(3, 10, radius=0.5, dimension=2, rng=0)
    ends = spheres.centers[:, None] + spheres.axes
    mixed = [ends[0], ends[1, :1], np.vstack((ends[2], ends[2]))]
    found = manifold_geometry(mixed, n_samples=400, rng=1)
    whole = manifold_geometry(ends, n_samples=400, rng=1)
    assert found.capacity.shape == (3,)
    assert found.capacity[0] == whole.capacity[0]
    assert found.capacity[1] > found.capacity[0]


def test_units_and_rotations_do_not_matter():
    rng = np.random.default_rng(12)
    cloud = rng.standard_normal((2, 4, 6)) + 1
    turned = cloud @ np.linalg.qr(rng.standard_normal((6, 6)))[0]
    one = manifold_geometry(cloud, margin=0.3, n_samples=50, rng=1)
    other = manifold_geometry(1e5 * cloud, margin=0.3e5, n_samples=50, rng=1)
    np.testing.assert_allclose(one.capacity, other.capacity, rtol=1e-9)
    np.testing.assert_allclose(one.radius, other.radius, rtol=1e-9)
    moved = manifold_geometry(turned, margin=0.3, n_samples=5000, rng=2)
    still = manifold_geometry(cloud, margin=0.3, n_samples=5000, rng=3)
    errors = np.hypot(moved.capacity_error, still.capacity_error)
    assert (np.abs(moved.capacity - still.capacity) < 3.9 * errors).all()


def test_no_margin_where_points_surround_the_origin():
    around = [[[1.0, 1.0], [-1.0, 0.5], [-1.0, -1.2]]]
    assert manifold_geometry(around, margin=0.1, rng=1).capacity[0] < 1e-20
    assert manifold_geometry(around, rng=1).capacity[0] > 0.4  # weights of zero still count


def test_bad_input():
    with pytest.raises(ValueError, match="must have a mean away from the origin"):
        manifold_geometry([[[1.0, 2.0], [-1.0, -2.0]]])
    with pytest.raises(ValueError, match=r"same n_features in every manifold, got \[2, 3\]"):
        manifold_geometry([np.ones((2, 2)), np.ones((2, 3))])
    with pytest.raises(ValueError, match=r"same n_features in every manifold, got \[\]"):
        manifold_geometry([])
    with pytest.raises(ValueError, match="points must be an array for each manifold, got None"):
        manifold_geometry(None)
    with pytest.raises(ValueError, match="points of a manifold must be 2-D"):
        manifold_geometry(np.ones((2, 2)))
    with pytest.raises(ValueError, match="points of a manifold must be finite"):
        manifold_geometry([[[np.nan]]])
    with pytest.raises(ValueError, match="n_samples must be at least 2, got 1"):
        manifold_geometry(np.ones((1, 1, 1)), n_samples=1)
    with pytest.raises(ValueError, match="margin must be non-negative, got -1"):
        manifold_geometry(np.ones((1, 1, 1)), margin=-1)
