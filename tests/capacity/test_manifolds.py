"""Capacity of clouds of points and of ellipsoids: against points, polygons, balls, fractions."""

from fractions import Fraction

import numpy as np
import pytest

import olfnet
from olfnet.capacity import Ellipsoids
from olfnet.capacity._random_labels import Readout
from olfnet.capacity.manifolds import ellipsoids
from olfnet.capacity.manifolds.cutting_planes import (
    TOLERANCE,
    ellipsoid_prefix,
    separate_ellipsoids,
)

READOUTS = {
    "free": Readout(),
    "bias": Readout(bias=True),
    "nonnegative": Readout(nonnegative=True),
    "margin": Readout(bias=True, margin=0.4),
    "both": Readout(nonnegative=True, margin=0.2),
    "robust": Readout(nonnegative=True, robustness=0.05),
}


def labeled(n_manifolds, dimension, radius=0.6, n_features=20, *, rng):
    """Spheres with labels, more than any readout sorts."""
    found = ellipsoids.spheres(n_manifolds, n_features, radius=radius, dimension=dimension, rng=rng)
    return found, rng.choice([-1.0, 1.0], n_manifolds)


def corners(spheres, n_corners, radius=1.0):
    """Polygons in disks: inscribed, or circumscribed with a radius of 1 / cos(pi / n)."""
    angles = 2 * np.pi * np.arange(n_corners) / n_corners
    around = radius * np.column_stack((np.cos(angles), np.sin(angles)))
    return spheres.centers[:, None] + around @ spheres.axes


@pytest.mark.parametrize("readout", READOUTS.values(), ids=READOUTS)
def test_segments_are_their_two_ends(readout):
    """The prefix of one-dimensional ellipsoids, by a solver that knows points only."""
    rng, found = np.random.default_rng(0), []
    for _ in range(20):
        segments, labels = labeled(60, 1, rng=rng)
        ends = segments.centers[:, None] + np.array([[-1.0], [1.0]]) * segments.axes
        found.append(readout.prefix(segments, labels))
        assert found[-1] == readout.prefix(ends, labels)
        n = found[-1] + int(rng.integers(2))
        assert readout.separates(segments.first(n), labels[:n]) == (n == found[-1])
    assert len(set(found)) > 4


@pytest.mark.parametrize("readout", READOUTS.values(), ids=READOUTS)
def test_disks_lie_between_polygons(readout):
    rng, close = np.random.default_rng(1), 0
    for _ in range(10):
        disks, labels = labeled(40, 2, rng=rng)
        inside = readout.prefix(corners(disks, 40), labels)
        outside = readout.prefix(corners(disks, 40, 1 / np.cos(np.pi / 40)), labels)
        assert outside <= readout.prefix(disks, labels) <= inside
        close += inside == outside
        assert readout.prefix(corners(disks, 3), labels) >= inside
    assert close >= 5


@pytest.mark.parametrize("readout", READOUTS.values(), ids=READOUTS)
def test_spheres_without_extent_are_points(readout):
    rng = np.random.default_rng(2)
    for _ in range(10):
        points, labels = labeled(60, 3, 0.0, rng=rng)
        assert readout.prefix(points, labels) == readout.prefix(points.centers, labels)


@pytest.mark.parametrize("dimension", [2, 7])
def test_two_balls(dimension):
    """A plane keeps a margin from balls if they are twice as far apart; and if they lie across."""
    rng = np.random.default_rng(3)
    turned = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    centers = 5 * turned[7] + np.outer([-1, 1], turned[0])
    for margin in (0.0, 0.3):
        for excess, wanted in ((-4e-6, True), (-1e-3, True), (4e-6, False), (1e-3, False)):
            balls = (1 - margin + excess) * np.stack([turned[:dimension]] * 2)
            answer = separate_ellipsoids(
                Ellipsoids(centers, balls), [0, 1], bias=True, margin=margin
            )
            assert answer.separable == wanted
    across = Ellipsoids(centers, 100 * np.stack([turned[1:dimension]] * 2))
    assert separate_ellipsoids(across, [0, 1], bias=True, margin=0.999).separable
    assert not separate_ellipsoids(across, [0, 1], bias=True, margin=1.001).separable


def keeps(answer, spheres, labels, margin):
    """Whether weights keep all points beyond the margin, in fractions: h > 0 and h^2 > |A w|^2."""
    weights = np.array([Fraction(float(w)) for w in answer.weights], dtype=object)
    length = (weights**2).sum()
    for center, axes, label in zip(spheres.centers, spheres.axes, labels, strict=True):
        height = int(label) * ((exact(center) * weights).sum() + Fraction(answer.bias))
        reach = sum(((exact(axis) * weights).sum()) ** 2 for axis in axes)
        # h > sqrt(a) + sqrt(b) if h^2 - a - b > 0 and (h^2 - a - b)^2 > 4 a b.
        own = Fraction(margin) ** 2 * length
        rest = height**2 - reach - own
        if not (height > 0 and rest > 0 and rest**2 > 4 * reach * own):
            return False
    return True


def exact(values):
    return np.array([Fraction(float(v)) for v in values], dtype=object)


@pytest.mark.parametrize("name", list(READOUTS)[:5])
def test_yes_is_proven(name):
    readout = READOUTS[name]
    rng, options = np.random.default_rng(4), readout._options
    for _ in range(3):
        spheres, labels = labeled(20, 3, rng=rng)
        n = readout.prefix(spheres, labels)
        part, labels = spheres.first(n), labels[:n]
        answer = separate_ellipsoids(part, labels, **options)
        assert answer.separable
        assert keeps(answer, part, labels, readout.margin)
        assert not readout.nonnegative or answer.weights.min() >= 0
        labels[-1] *= -1
        assert not keeps(answer, part, labels, readout.margin)


@pytest.mark.parametrize("name", list(READOUTS)[:5])
def test_no_is_proven(name):
    readout = READOUTS[name]
    rng, options = np.random.default_rng(5), readout._options
    for _ in range(3):
        spheres, labels = labeled(20, 3, rng=rng)
        n = readout.prefix(spheres, labels) + 1
        part = spheres.first(n)
        answer = separate_ellipsoids(part, labels[:n], **options)
        assert not answer.separable
        assert_inside(answer, part)
        signed = labels[answer.owners] * answer.multipliers
        assert not readout.bias or abs(signed.sum()) < 1e-12 * answer.multipliers.sum()
        pull = signed @ answer.points
        pull = np.maximum(pull, 0) if readout.nonnegative else pull
        bound = np.linalg.norm(pull) / answer.multipliers.sum()
        largest = np.abs([*part.centers.ravel(), *part.axes.ravel()]).max()
        assert bound < readout.margin + 2 * TOLERANCE * largest
        if n > 1:  # the control: another label
            signed[answer.owners == answer.owners[answer.multipliers.argmax()]] *= -1
            assert np.linalg.norm(signed @ answer.points) > 2 * bound * answer.multipliers.sum()


def assert_inside(answer, spheres):
    """All points of the pool lie in the ellipsoids that own them, but for rounding."""
    away = answer.points - spheres.centers[answer.owners]
    for vector, axes in zip(away, spheres.axes[answer.owners], strict=True):
        steps = np.linalg.lstsq(axes.T, vector, rcond=None)[0]
        assert np.abs(vector - steps @ axes).max() < 1e-12
        assert np.linalg.norm(steps) < 1 + 1e-12


def test_ellipsoids_that_touch_cost_little():
    """Bisection to the radius at which spheres stop being sorted: answers on either side of it."""
    rng = np.random.default_rng(6)
    spheres, labels = labeled(20, 3, 1.0, 30, rng=rng)
    low, high = 0.0, 3.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        scaled = Ellipsoids(spheres.centers, middle * spheres.axes)
        separable = separate_ellipsoids(scaled, labels).separable
        low, high = (middle, high) if separable else (low, middle)
    assert 0.1 < low < 2.9


def test_the_origin_inside_is_never_sorted():
    disk = Ellipsoids([[1.0, 0.0, 0.0]], [[[1.0, 0, 0], [0, 1.0, 0]]])
    assert not separate_ellipsoids(disk, [1]).separable
    assert separate_ellipsoids(disk, [1], bias=True).separable
    assert not separate_ellipsoids(Ellipsoids([[0.0]], [[[0.0]]]), [1]).separable
    smaller = Ellipsoids(disk.centers, 0.999 * disk.axes)
    assert separate_ellipsoids(smaller, [1]).separable


@pytest.mark.parametrize("power", [-500, -40, 40, 500])
def test_units_do_not_matter(power):
    rng = np.random.default_rng(7)
    spheres, labels = labeled(30, 2, rng=rng)
    unit = 2.0**power
    other = Ellipsoids(unit * spheres.centers, unit * spheres.axes)
    for bias, margin in ((False, 0.0), (True, 0.3)):
        one = ellipsoid_prefix(spheres, labels, bias=bias, margin=margin)
        assert ellipsoid_prefix(other, labels, bias=bias, margin=unit * margin) == one


def test_clouds_count_as_a_whole():
    """By decisions about whole clouds, one by one."""
    rng = np.random.default_rng(8)
    clouds, labels = rng.standard_normal((20, 3, 10)) + 1, rng.choice([-1.0, 1.0], 20)
    points, each = clouds.reshape(60, 10), np.repeat(labels, 3)
    whole = [olfnet.separate(points[: 3 * n], each[: 3 * n]).separable for n in range(1, 21)]
    largest = whole.index(False)
    assert 3 < largest < 15
    assert Readout().prefix(clouds, labels) == largest


def clouds_of(n_points, n_features, spread):
    def draw(n, rng):
        centers = rng.standard_normal((n, 1, n_features))
        return centers + spread * rng.standard_normal((n, n_points, n_features))

    return draw


def spheres_of(n_features, radius, dimension):
    return lambda n, rng: ellipsoids.spheres(
        n, n_features, radius=radius, dimension=dimension, rng=rng
    )


@pytest.mark.parametrize("nested", [True, False])
def test_curves_say_what_was_sorted(nested):
    options = {"n_patterns": [2, 60], "n_trials": 5, "nested": nested, "rng": 1}
    kinds = {
        "of clouds of 4 points are separable": clouds_of(4, 12, 0.5),
        "of ellipsoids of dimension 2 are separable": spheres_of(12, 0.5, 2),
        "labelings are separable": lambda n, rng: rng.standard_normal((n, 12)),
    }
    for words, draw in kinds.items():
        curve = olfnet.measure_capacity(draw, **options)
        assert words in curve.definition
        assert words in curve.to_xarray().attrs["definition"]
        assert curve.n_separable.tolist() == [5, 0]
        assert curve.n_dims == 12
        assert olfnet.measure_capacity(draw, **options, bias=True).n_dims == 13


def test_workers_do_not_matter():
    draw = clouds_of(2, 10, 1.0)
    one, two = (
        olfnet.breaking_points(draw, max_patterns=30, n_trials=6, n_workers=n, rng=3)
        for n in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_larger_ones_are_harder():
    """The same centers, axes and labels: every sequence breaks earlier or at the same place."""
    found = [
        olfnet.breaking_points(spheres_of(30, radius, 4), max_patterns=80, n_trials=20, rng=1)
        for radius in (0.0, 0.2, 0.5, 1.0, 3.0)
    ]
    assert (np.diff(found, axis=0) <= 0).all()
    assert (found[0] > 2 * found[-1]).all()


def test_spheres_are_as_described():
    spheres = ellipsoids.spheres(7, 20, radius=0.3, dimension=4, rng=0)
    assert (len(spheres), spheres.dimension, spheres.n_features) == (7, 4, 20)
    np.testing.assert_allclose(np.linalg.norm(spheres.centers, axis=1), 20**0.5)
    gram = spheres.axes @ spheres.axes.transpose(0, 2, 1)
    np.testing.assert_allclose(gram, 0.3**2 * 20 * np.array([np.eye(4)] * 7), atol=1e-12)


def test_lowest_points():
    """Against a search over points on the surface."""
    rng = np.random.default_rng(9)
    found = Ellipsoids(rng.standard_normal((3, 5)), rng.standard_normal((3, 2, 5)))
    weights = rng.standard_normal(5)
    lowest = corners(found, 10_000) @ weights
    np.testing.assert_allclose(found.lowest(weights) @ weights, lowest.min(axis=1), atol=1e-6)
    np.testing.assert_allclose(
        found.centers @ weights - found.extents(weights), lowest.min(axis=1), atol=1e-6
    )


def test_bad_input():
    with pytest.raises(ValueError, match=r"axes must have shape .* with 2 manifolds and 3 feat"):
        Ellipsoids(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"got \(2, 0, 3\)"):
        Ellipsoids(np.ones((2, 3)), np.ones((2, 0, 3)))
    with pytest.raises(ValueError, match="axes must be finite, got nan"):
        Ellipsoids(np.ones((1, 1)), [[[np.nan]]])
    with pytest.raises(ValueError, match="radius must be non-negative, got -1"):
        ellipsoids.spheres(3, 4, radius=-1, dimension=2)
    with pytest.raises(ValueError, match="dimension must be at most 4, got 5"):
        ellipsoids.spheres(3, 4, radius=1, dimension=5)
    with pytest.raises(ValueError, match="draw must return 9 patterns, got 8"):
        olfnet.breaking_points(
            lambda n, rng: ellipsoids.spheres(n - 1, 4, radius=1, dimension=1, rng=rng),
            max_patterns=9,
            n_trials=1,
        )
    with pytest.raises(ValueError, match="must be finite, got inf"):
        olfnet.breaking_points(
            lambda n, rng: np.full((n, 2, 3), np.inf), max_patterns=9, n_trials=1
        )
    with pytest.raises(ValueError, match="labels must have one entry per pattern"):
        separate_ellipsoids(ellipsoids.spheres(3, 4, radius=1, dimension=2, rng=1), [1, 1])
