"""Ellipsoids and mean-field geometry: against points, polygons, balls, fractions and theory."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats

from olfnet.capacity import (
    Ellipsoids,
    ellipsoid_prefix,
    manifold_geometry,
    separate_ellipsoids,
    spheres,
)
from olfnet.capacity.manifolds.cutting_planes import _TOLERANCE
from olfnet.capacity.manifolds.mean_field import _anchor
from olfnet.readout import Constraints
from olfnet.readout._certify.dichotomy import normal_form
from olfnet.readout._certify.prefix import largest_prefix
from olfnet.theory import gardner
from olfnet.theory import manifolds as theory

FREE, BIAS = Constraints(), Constraints(bias=True)
CONSTRAINTS = {
    "free": FREE,
    "bias": BIAS,
    "nonnegative": Constraints(nonnegative=True),
    "margin": Constraints(bias=True, margin=0.4),
    "both": Constraints(nonnegative=True, margin=0.2),
    "robust": Constraints(nonnegative=True, robustness=0.05),
}
every_constraint = pytest.mark.parametrize("constraints", CONSTRAINTS.values(), ids=CONSTRAINTS)


def labeled(n_manifolds, dimension, radius=0.6, n_features=20, *, rng):
    """Spheres with labels, more than any readout separates."""
    drawn = spheres(n_manifolds, n_features, radius=radius, dimension=dimension, rng=rng)
    return drawn, rng.choice([-1.0, 1.0], n_manifolds)


def first(manifolds, n):
    return Ellipsoids(manifolds.centers[:n], manifolds.axes[:n])


def cloud_prefix(clouds, labels, constraints):
    """Prefix of clouds of points, by the solver for points."""
    n_points = clouds.shape[1]
    points = clouds.reshape(-1, clouds.shape[2])
    return largest_prefix(normal_form(points, np.repeat(labels, n_points), constraints)) // n_points


def corners(disks, n_corners, radius=1.0):
    """Polygons in disks: inscribed, or circumscribed with a radius of 1 / cos(pi / n)."""
    angles = 2 * np.pi * np.arange(n_corners) / n_corners
    around = radius * np.column_stack((np.cos(angles), np.sin(angles)))
    return disks.centers[:, None] + around @ disks.axes


@every_constraint
def test_segments_are_their_two_ends(constraints):
    """The prefix of one-dimensional ellipsoids, by a solver that sees points only."""
    rng, prefixes = np.random.default_rng(0), []
    for _ in range(8):
        segments, labels = labeled(60, 1, rng=rng)
        ends = segments.centers[:, None] + np.array([[-1.0], [1.0]]) * segments.axes
        prefixes.append(ellipsoid_prefix(segments, labels, constraints))
        assert prefixes[-1] == cloud_prefix(ends, labels, constraints)
        n = prefixes[-1] + int(rng.integers(2))
        result = separate_ellipsoids(first(segments, n), labels[:n], constraints)
        assert result.separable == (n == prefixes[-1])
        centers = Ellipsoids(segments.centers, 0 * segments.axes)
        points = cloud_prefix(segments.centers[:, None], labels, constraints)
        assert ellipsoid_prefix(centers, labels, constraints) == points
    assert len(set(prefixes)) > 2


@every_constraint
def test_disks_lie_between_polygons(constraints):
    rng, n_close = np.random.default_rng(1), 0
    for _ in range(4):
        disks, labels = labeled(40, 2, rng=rng)
        inside = cloud_prefix(corners(disks, 40), labels, constraints)
        outside = cloud_prefix(corners(disks, 40, 1 / np.cos(np.pi / 40)), labels, constraints)
        assert outside <= ellipsoid_prefix(disks, labels, constraints) <= inside
        n_close += inside == outside
        assert cloud_prefix(corners(disks, 3), labels, constraints) >= inside
    assert n_close >= 2


@pytest.mark.parametrize("dimension", [2, 7])
def test_two_balls(dimension):
    """A plane keeps a margin from balls if they are twice as far apart; and if they lie across."""
    rng = np.random.default_rng(3)
    turned = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    centers = 5 * turned[7] + np.outer([-1, 1], turned[0])
    for margin, excess in itertools.product((0.0, 0.3), (-1e-3, -4e-6, 4e-6, 1e-3)):
        balls = (1 - margin + excess) * np.stack([turned[:dimension]] * 2)
        constraints = Constraints(bias=True, margin=margin)
        result = separate_ellipsoids(Ellipsoids(centers, balls), [0, 1], constraints)
        assert result.separable == (excess < 0)
    across = Ellipsoids(centers, 100 * np.stack([turned[1:dimension]] * 2))
    for margin in (0.999, 1.001):
        result = separate_ellipsoids(across, [0, 1], Constraints(bias=True, margin=margin))
        assert result.separable == (margin < 1)


def keeps(result, manifolds, labels, margin):
    """Whether weights keep all points beyond the margin, in fractions: h > 0 and h^2 > |A w|^2."""
    weights = fractions(result.weights)
    length = (weights**2).sum()
    for center, axes, label in zip(manifolds.centers, manifolds.axes, labels, strict=True):
        height = int(label) * ((fractions(center) * weights).sum() + Fraction(result.bias))
        extent = sum(((fractions(axis) * weights).sum()) ** 2 for axis in axes)
        # h > sqrt(a) + sqrt(b) if h^2 - a - b > 0 and (h^2 - a - b)^2 > 4 a b.
        own = Fraction(margin) ** 2 * length
        rest = height**2 - extent - own
        if not (height > 0 and rest > 0 and rest**2 > 4 * extent * own):
            return False
    return True


def fractions(values):
    return np.array([Fraction(float(v)) for v in values], dtype=object)


@pytest.mark.parametrize("name", list(CONSTRAINTS)[:5])
def test_both_answers_are_proven(name):
    constraints = CONSTRAINTS[name]
    drawn, labels = labeled(20, 3, rng=np.random.default_rng(4))
    n = ellipsoid_prefix(drawn, labels, constraints)
    part, signs = first(drawn, n), labels[:n].copy()
    yes = separate_ellipsoids(part, signs, constraints)
    assert keeps(yes, part, signs, constraints.margin)
    assert not constraints.nonnegative or yes.weights.min() >= 0
    signs[-1] *= -1  # the control: another label
    assert not keeps(yes, part, signs, constraints.margin)
    part = first(drawn, n + 1)
    no = separate_ellipsoids(part, labels[: n + 1], constraints)
    assert not no.separable
    assert_inside(no, part)
    signed = labels[no.owners] * no.multipliers
    assert not constraints.bias or abs(signed.sum()) < 1e-12 * no.multipliers.sum()
    pull = signed @ no.points
    pull = np.maximum(pull, 0) if constraints.nonnegative else pull
    bound = np.linalg.norm(pull) / no.multipliers.sum()
    largest = np.abs([*part.centers.ravel(), *part.axes.ravel()]).max()
    assert bound < constraints.margin + 2 * _TOLERANCE * largest
    signed[no.owners == no.owners[no.multipliers.argmax()]] *= -1
    assert np.linalg.norm(signed @ no.points) > 2 * bound * no.multipliers.sum()


def assert_inside(result, manifolds):
    """All points of the pool lie in the ellipsoids that own them, but for rounding."""
    away = result.points - manifolds.centers[result.owners]
    for vector, axes in zip(away, manifolds.axes[result.owners], strict=True):
        steps = np.linalg.lstsq(axes.T, vector, rcond=None)[0]
        assert np.abs(vector - steps @ axes).max() < 1e-12
        assert np.linalg.norm(steps) < 1 + 1e-12


def test_the_origin_inside_is_never_separated():
    disk = Ellipsoids([[1.0, 0.0, 0.0]], [[[1.0, 0, 0], [0, 1.0, 0]]])
    assert not separate_ellipsoids(disk, [1], FREE).separable
    assert separate_ellipsoids(disk, [1], BIAS).separable
    assert not separate_ellipsoids(Ellipsoids([[0.0]], [[[0.0]]]), [1], FREE).separable
    smaller = Ellipsoids(disk.centers, 0.999 * disk.axes)
    assert separate_ellipsoids(smaller, [1], FREE).separable


@pytest.mark.parametrize("power", [-500, 500])
def test_units_of_ellipsoids_do_not_matter(power):
    drawn, labels = labeled(30, 2, rng=np.random.default_rng(7))
    unit = 2.0**power
    other = Ellipsoids(unit * drawn.centers, unit * drawn.axes)
    for bias, margin in ((False, 0.0), (True, 0.3)):
        prefix = ellipsoid_prefix(drawn, labels, Constraints(bias, margin=margin))
        assert ellipsoid_prefix(other, labels, Constraints(bias, margin=unit * margin)) == prefix


def test_spheres_are_as_described():
    drawn = spheres(7, 20, radius=0.3, dimension=4, rng=0)
    assert (len(drawn), drawn.dimension, drawn.n_features) == (7, 4, 20)
    np.testing.assert_allclose(np.linalg.norm(drawn.centers, axis=1), 20**0.5)
    gram = drawn.axes @ drawn.axes.transpose(0, 2, 1)
    np.testing.assert_allclose(gram, 0.3**2 * 20 * np.array([np.eye(4)] * 7), atol=1e-12)


def segments(radius, n_manifolds=8, n_features=30):
    """Two ends of segments with random centers, orthogonal to them."""
    spanning = np.random.default_rng(0).standard_normal((n_manifolds, n_features, 2))
    center, axis = n_features**0.5 * np.linalg.qr(spanning)[0].transpose(2, 0, 1)
    return np.stack((center + radius * axis, center - radius * axis), axis=1)


def z_score(geometry, capacity):
    """Inverse capacities are means of independent samples: compare those, with Student's error."""
    error = geometry.joint_capacity_error / geometry.joint_capacity**2
    return (1 / geometry.joint_capacity - 1 / capacity) / error


@pytest.mark.parametrize(("radius", "margin"), [(0.1, 0.0), (2.0, 0.0), (0.5, 0.5), (1.0, 2.0)])
def test_segments_have_the_capacity_of_theory(radius, margin):
    """3.9 standard errors are passed once in 10,000."""
    geometry = manifold_geometry(segments(radius), margin=margin, n_samples=300, rng=1)
    assert abs(z_score(geometry, theory.capacity(radius, 1, margin))) < 3.9
    assert abs(z_score(geometry, theory.capacity(1.7 * radius, 1, margin + 0.15))) > 3.9
    errors = geometry.dimension_error.mean() / 8**0.5
    assert abs(geometry.dimension.mean() - 1) < 3.9 * errors


@pytest.mark.parametrize("radius", [0.3, 3.0])
def test_radius_of_segments(radius):
    """Ends are anchor points, but for t0 < -|t| / R, where it is the point t / t0 R inside."""
    inside = scipy.integrate.dblquad(
        lambda t, t0: scipy.stats.norm.pdf(t) * scipy.stats.norm.pdf(t0) * (t / t0) ** 2,
        -12, 0, lambda t0: radius * t0, lambda t0: -radius * t0,
    )[0]  # fmt: skip
    ends = scipy.integrate.quad(
        lambda t: 2 * scipy.stats.norm.pdf(t) * scipy.stats.norm.sf(-t / radius), 0, 12
    )[0]
    geometry = manifold_geometry(segments(radius), n_samples=300, rng=2)
    # Deviations are taken from the mean of n anchor points, which lowers their square by 1 / n.
    shrunk = (radius**2 * ends + inside) ** 0.5 * (1 - 0.5 / 300)
    error = 3.9 * geometry.radius_error.mean() / 8**0.5
    assert abs(geometry.radius.mean() - shrunk) < error < abs(geometry.radius.mean() - 0.8 * shrunk)


def test_points_of_circles_approach_them_from_above():
    """The same random directions for more and more points of a circle."""
    angles = [2 * np.pi * np.arange(m) / m for m in (3, 6, 48)]
    circles = [np.column_stack((np.ones_like(a), 0.8 * np.cos(a), 0.8 * np.sin(a))) for a in angles]
    geometry = [manifold_geometry([circle], n_samples=1500, rng=3) for circle in circles]
    assert (np.diff([one.joint_capacity for one in geometry]) < 0).all()
    assert abs(z_score(geometry[-1], theory.capacity(0.8, 2))) < 3.9
    assert abs(z_score(geometry[0], theory.capacity(0.8, 2))) > 3.9
    assert abs(geometry[-1].dimension[0] - 2) < 0.15
    assert geometry[-1].radius[0] < 0.8


@pytest.mark.parametrize("margin", [0.0, 2.0])
def test_points_have_the_capacity_of_gardner(margin):
    geometry = manifold_geometry(np.ones((6, 1, 50)), margin=margin, n_samples=600, rng=6)
    assert abs(z_score(geometry, gardner.capacity(margin))) < 3.9
    for name in ("radius", "dimension", "radius_error", "dimension_error"):
        np.testing.assert_allclose(getattr(geometry, name), 0, atol=1e-9)


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
    for _ in range(30):
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
    assert 8 < n_moved < 30


def test_manifolds_may_have_different_numbers_of_points():
    drawn = spheres(3, 10, radius=0.5, dimension=2, rng=0)
    ends = drawn.centers[:, None] + drawn.axes
    mixed = [ends[0], ends[1, :1], np.vstack((ends[2], ends[2]))]
    geometry = manifold_geometry(mixed, n_samples=200, rng=1)
    assert geometry.capacity.shape == (3,)
    assert geometry.capacity[0] == manifold_geometry(ends, n_samples=200, rng=1).capacity[0]
    assert geometry.capacity[1] > geometry.capacity[0]


def test_no_margin_where_points_surround_the_origin():
    around = [[[1.0, 1.0], [-1.0, 0.5], [-1.0, -1.2]]]
    assert manifold_geometry(around, margin=0.1, rng=1).capacity[0] < 1e-20
    assert manifold_geometry(around, rng=1).capacity[0] > 0.4  # weights of zero still count


ONES = np.ones((1, 1, 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Ellipsoids(np.ones((2, 3)), np.ones((2, 3))), "axes must have 3 dimensions"),
        (lambda: Ellipsoids(np.ones((2, 3)), np.ones((1, 2, 3))), r"with 2 .*, got \(1, 2, 3\)"),
        (lambda: Ellipsoids(np.ones((2, 3)), np.ones((2, 0, 3))), r"got shape \(2, 0, 3\)"),
        (lambda: Ellipsoids([[1.0]], [[[np.nan]]]), "axes must be finite, got nan"),
        (lambda: spheres(3, 4, radius=-1, dimension=2), "radius must be non-negative, got -1"),
        (lambda: spheres(3, 4, radius=1, dimension=5), "dimension must be at most 4, got 5"),
        (
            lambda: separate_ellipsoids(spheres(3, 4, radius=1, dimension=2, rng=1), [1, 1], FREE),
            "labels must have one entry per pattern",
        ),
        (
            lambda: separate_ellipsoids(Ellipsoids([[1]], ONES), [1], Constraints(nonnegative=[1])),
            r"nonnegative must be True or False, got \(1,\)",
        ),
        (lambda: manifold_geometry([[[1, 2], [-1, -2]]]), "must have a mean away from the origin"),
        (lambda: manifold_geometry([np.ones((2, 2)), np.ones((2, 3))]), r"fold, got \[2, 3\]"),
        (lambda: manifold_geometry([]), r"same n_features in every manifold, got \[\]"),
        (lambda: manifold_geometry(None), "points must be an array for each manifold, got None"),
        (lambda: manifold_geometry(np.ones((2, 2))), "points of a manifold must be 2-D"),
        (lambda: manifold_geometry([[[np.nan]]]), "points of a manifold must be finite"),
        (lambda: manifold_geometry(ONES, n_samples=1), "n_samples must be at least 2, got 1"),
        (lambda: manifold_geometry(ONES, margin=-1), "margin must be non-negative, got -1"),
    ],
)  # fmt: skip
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
