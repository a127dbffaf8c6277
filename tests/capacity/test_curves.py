"""Capacity curves of random patterns against Cover's exact law, with negative controls."""

import numpy as np
import pytest
import scipy.stats

import olfnet
from olfnet.capacity import CapacityCurve, measure_capacity
from olfnet.capacity._random_labels import Readout
from olfnet.theory import cover


def gaussian(n_dims):
    return lambda n_patterns, rng: rng.standard_normal((n_patterns, n_dims))


def correlated(n_dims, rank):
    """Patterns in a subspace: not in general position."""
    return lambda n, rng: rng.standard_normal((n, rank)) @ np.eye(rank, n_dims)


@pytest.mark.parametrize(("n_dims", "n_trials"), [(20, 400), (100, 150)])
@pytest.mark.parametrize("nested", [True, False])
def test_cover_lies_inside_the_intervals(n_dims, n_trials, nested):
    loads = np.array([1.2, 1.6, 1.8, 2.0, 2.2, 2.4, 2.8])
    n_trials = n_trials if nested else n_trials // 4
    curve = olfnet.measure_capacity(
        gaussian(n_dims),
        n_patterns=(loads * n_dims).astype(int),
        n_trials=n_trials,
        nested=nested,
        rng=n_dims,
    )
    low, high = curve.interval(confidence=0.999)
    theory = cover.separable_fraction(curve.n_patterns, n_dims)
    assert ((low <= theory) & (theory <= high)).all()
    assert curve.n_dims == n_dims
    bottom, top = curve.capacity_interval(confidence=0.999)
    assert bottom <= 2 <= top
    assert bottom <= curve.capacity <= top


def test_bias_counts_as_one_more_dimension():
    n_dims, trials = 10, 600
    points = olfnet.breaking_points(
        gaussian(n_dims), max_patterns=80, n_trials=trials, bias=True, rng=3
    )
    assert law_p_value(points, n_dims + 1, 80) > 1e-3
    assert law_p_value(points, n_dims, 80) < 1e-6  # the power to tell


@pytest.mark.parametrize(("n_dims", "n_trials"), [(20, 500), (100, 200)])
def test_breaking_points_follow_their_law(n_dims, n_trials):
    points = olfnet.breaking_points(
        gaussian(n_dims), max_patterns=4 * n_dims, n_trials=n_trials, rng=7
    )
    error = np.sqrt(2 * n_dims / n_trials)
    assert abs(points.mean() - 2 * n_dims) < 4 * error
    assert law_p_value(points, n_dims, 4 * n_dims) > 1e-3


def test_patterns_without_general_position_are_told_apart():
    points = olfnet.breaking_points(correlated(20, 18), max_patterns=80, n_trials=300, rng=7)
    assert law_p_value(points, 20, 80) < 1e-6
    assert law_p_value(points, 18, 80) > 1e-3


def law_p_value(points, n_dims, max_patterns):
    """Chi-square test of breaking points against the negative binomial, cells of >= 8 expected."""
    probability = cover.breaking_point_pmf(np.arange(1, max_patterns), n_dims)
    probability = np.append(probability, 1 - probability.sum())
    expected = probability * len(points)
    cell = np.minimum((np.cumsum(expected) - expected / 2) // 12, len(points) // 12 - 1).astype(int)
    observed = np.bincount(points, minlength=max_patterns + 1)[1:]
    wanted = np.bincount(cell, expected)
    counted = np.bincount(cell, observed)
    keep = wanted > 0
    return scipy.stats.chisquare(counted[keep], wanted[keep]).pvalue


def test_breaking_point_equals_the_plain_search():
    """Bracketing and free extension against deciding every prefix in turn."""
    points = olfnet.breaking_points(gaussian(6), max_patterns=30, n_trials=20, rng=5)
    for trial, point in zip(np.random.default_rng(5).spawn(20), points, strict=True):
        pattern_rng, label_rng = trial.spawn(2)
        patterns = pattern_rng.standard_normal((30, 6))
        labels = label_rng.choice([-1.0, 1.0], size=30)
        broken = (
            n for n in range(1, 31) if not olfnet.separate(patterns[:n], labels[:n]).separable
        )
        assert point == next(broken, 31) - 1


def test_collisions_break_at_once():
    """One pattern over and over: the prefix breaks at the second label."""
    points = olfnet.breaking_points(
        lambda n, rng: np.ones((n, 3)), max_patterns=50, n_trials=200, bias=True, rng=1
    )
    # The first label is repeated P* times: geometric with success 1/2.
    counts = np.bincount(np.minimum(points, 6), minlength=7)[1:]
    expected = 200 * np.array([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 32])
    assert scipy.stats.chisquare(counts, expected).pvalue > 1e-3


def test_margins_and_signs_lower_the_capacity():
    """Finite-size statements that hold exactly: half of Cover's for signs, less for a margin."""
    plain, signs, margin = (
        olfnet.breaking_points(gaussian(20), max_patterns=90, n_trials=60, rng=2, **options)
        for options in ({}, {"nonnegative": True}, {"margin": 0.5})
    )
    assert (signs <= plain).all()
    assert (margin <= plain).all()
    for options, points in (({"nonnegative": True}, signs), ({"margin": 0.5}, margin)):
        curve = olfnet.measure_capacity(
            gaussian(20), n_patterns=[10, 20, 30, 60], n_trials=60, rng=2, **options
        )
        assert (
            curve.n_separable == (np.minimum(points, 60)[:, None] >= [10, 20, 30, 60]).sum(0)
        ).all()
    assert "margin 0.5" in curve.definition
    # Non-negative weights: P* >= P iff a random orthant meets the cone; about N of them do.
    assert abs(signs.mean() - 20) < 5 * signs.std() / np.sqrt(60)
    assert 0.5 < margin.mean() / 20 < 1.3


def test_same_seed_same_curve():
    def curve(seed):
        return olfnet.measure_capacity(
            gaussian(15), n_patterns=[20, 30, 40], n_trials=40, rng=seed
        ).to_xarray()

    assert curve(1).identical(curve(1))
    assert not curve(1).identical(curve(2))


@pytest.mark.parametrize("nested", [True, False])
def test_number_of_workers_changes_nothing(nested):
    def curve(n_workers):
        return olfnet.measure_capacity(
            gaussian(30),
            n_patterns=[40, 60, 80],
            n_trials=8,
            nested=nested,
            n_workers=n_workers,
            rng=4,
        ).to_xarray()

    assert curve(1).identical(curve(2))


def test_intervals_are_clopper_pearson():
    curve = CapacityCurve(np.array([10, 20, 30]), np.array([10, 5, 0]), 10, 10, Readout())
    low, high = curve.interval(0.95)
    np.testing.assert_allclose(low[1], scipy.stats.beta.ppf(0.025, 5, 6))
    np.testing.assert_allclose(high[1], scipy.stats.beta.ppf(0.975, 6, 5))
    assert low[2] == 0
    assert high[0] == 1
    assert curve.capacity == pytest.approx(2)


@pytest.mark.slow
@pytest.mark.parametrize("nested", [True, False])
def test_capacity_interval_covers(nested):
    """At N = 8 the capacity is 2 exactly; 200 intervals of 90 % must hold it often enough."""
    covered = 0
    for seed in range(200):
        curve = olfnet.measure_capacity(
            gaussian(8), n_patterns=np.arange(8, 29, 2), n_trials=30, nested=nested, rng=seed
        )
        low, high = curve.capacity_interval(0.9)
        covered += low <= 2 <= high
    assert scipy.stats.binomtest(covered, 200, 0.9, alternative="less").pvalue > 1e-3


def test_clouds_may_be_lists():
    """Lists of lists of lists are clouds, too; those of different lengths are refused."""
    options = {"n_patterns": [2, 8], "n_trials": 3, "rng": 0}
    draw = lambda n, rng: rng.standard_normal((n, 3, 10))  # noqa: E731
    found = olfnet.measure_capacity(lambda n, rng: draw(n, rng).tolist(), **options)
    assert found.kind == "clouds of 3 points"
    wanted = olfnet.measure_capacity(draw, **options)
    np.testing.assert_array_equal(found.breaking_points, wanted.breaking_points)
    with pytest.raises(ValueError, match=r"draw\(n_patterns, rng\) must be a table of numbers"):
        olfnet.measure_capacity(lambda n, rng: [[0.0] * (k + 1) for k in range(n)], **options)


def test_a_legacy_random_state_is_refused():
    legacy = np.random.RandomState(1)  # noqa: NPY002
    # Older NumPy refuses it by itself.
    with pytest.raises((ValueError, TypeError), match="RandomState"):
        measure_capacity(gaussian(3), n_patterns=[4], n_trials=2, rng=legacy)


def test_bad_input_gets_one_sentence():
    with pytest.raises(ValueError, match="n_patterns must be at least 1, got 0"):
        olfnet.measure_capacity(gaussian(3), n_patterns=[0], n_trials=5)
    with pytest.raises(ValueError, match="n_trials must be at least 1, got 0"):
        olfnet.measure_capacity(gaussian(3), n_patterns=[5], n_trials=0)
    with pytest.raises(ValueError, match="draw must return 5 patterns, got 4"):
        olfnet.breaking_points(lambda n, rng: np.ones((n - 1, 3)), max_patterns=5, n_trials=1)
    with pytest.raises(ValueError, match="must be finite, got nan"):
        olfnet.breaking_points(lambda n, rng: np.full((n, 3), np.nan), max_patterns=5, n_trials=1)
    with pytest.raises(ValueError, match="nested must be True or False, got 'no'"):
        olfnet.measure_capacity(gaussian(3), n_patterns=[5], n_trials=1, nested="no")
    with pytest.raises(ValueError, match="not all zero"):
        olfnet.measure_capacity(lambda n, rng: np.zeros((n, 3)), n_patterns=[4], n_trials=1)
    curve = olfnet.measure_capacity(gaussian(10), n_patterns=[2, 4], n_trials=5, rng=0)
    with pytest.raises(ValueError, match="n_patterns must reach from loads"):
        _ = curve.capacity
    assert curve.capacity_interval()[1] == np.inf
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\], got 2"):
        curve.interval(2)


def test_dimensions_do_not_depend_on_few_patterns_or_on_scale():
    few = olfnet.measure_capacity(gaussian(50), n_patterns=[10, 20], n_trials=2, rng=0)
    assert few.n_dims == 50
    loud = olfnet.measure_capacity(
        lambda n, rng: rng.standard_normal((n, 6)) * 10.0 ** rng.uniform(-90, 90, (n, 1)),
        n_patterns=[6, 12, 18],
        n_trials=2,
        rng=0,
    )
    assert loud.n_dims == 6
    with pytest.raises(ValueError, match="n_patterns must hold at least one number"):
        olfnet.measure_capacity(gaussian(5), n_patterns=[], n_trials=2)


def test_capacity_is_the_middle_of_a_plateau():
    curve = CapacityCurve(np.array([8, 10, 14, 16]), np.array([10, 5, 5, 0]), 10, 2, Readout())
    assert curve.capacity == 6


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"n_patterns": np.array([4, 2])}, "n_patterns must be positive and rise"),
        ({"n_separable": np.array([4, 11])}, "n_separable must be 0 to 10"),
        ({"n_trials": 0}, "n_trials must be at least 1"),
        ({"n_patterns": [2.5, 4]}, "n_patterns must be a list of integers"),
        ({"breaking_points": [3] * 9}, "breaking_points must be one for each of 10 trials"),
        ({"breaking_points": [4] * 10}, "breaking_points must be .* fit n_separable"),
    ],
)
def test_curve_refuses_counts_that_cannot_be(change, rule):
    good = {
        "n_patterns": np.array([2, 4]),
        "n_separable": np.array([10, 0]),
        "n_trials": 10,
        "n_dims": 2,
        "readout": Readout(),
    }
    with pytest.raises(ValueError, match=rule):
        CapacityCurve(**good | change)


def test_draw_that_cannot_be_called():
    with pytest.raises(ValueError, match="draw must be callable"):
        measure_capacity(np.eye(3), n_patterns=[2], n_trials=1)


def test_curve_takes_lists():
    curve = CapacityCurve([2, 4], [10, 0], 10, 1, Readout(), [3] * 10)
    assert curve.capacity == 3.5
    assert curve.load.tolist() == [2, 4]
