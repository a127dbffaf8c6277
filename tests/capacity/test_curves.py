"""Intervals and capacity of curves with known counts."""

import numpy as np
import pytest
import scipy.stats

from olfnet.capacity import CapacityCurve


def test_intervals_are_clopper_pearson():
    curve = CapacityCurve([10, 20, 30], [10, 5, 0], 10, 10)
    low, high = curve.interval(0.95)
    np.testing.assert_allclose(low[1], scipy.stats.beta.ppf(0.025, 5, 6))
    np.testing.assert_allclose(high[1], scipy.stats.beta.ppf(0.975, 6, 5))
    assert low[2] == 0
    assert high[0] == 1
    assert curve.capacity == pytest.approx(2)


@pytest.mark.parametrize("nested", [True, False])
def test_capacity_interval_covers(nested):
    """Break points 2 N on average: 40 intervals of 90 % must hold the capacity often enough."""
    rng, sizes, covered = np.random.default_rng(0), np.arange(8, 29, 2), 0
    for _ in range(40):
        # A pattern is separable beyond the first N with probability 1/2 (Cover's law at N = 8).
        points = 8 + rng.negative_binomial(8, 0.5, size=(30, 1 if nested else len(sizes)))
        counts = (points > sizes).sum(axis=0)
        breaks = points[:, 0] - 1 if nested else None
        curve = CapacityCurve(sizes, counts, 30, 8, breaking_points=breaks)
        low, high = curve.capacity_interval(0.9)
        covered += low <= 2 <= high
    assert scipy.stats.binomtest(covered, 40, 0.9, alternative="less").pvalue > 1e-3


def test_capacity_is_the_middle_of_a_plateau():
    assert CapacityCurve([8, 10, 14, 16], [10, 5, 5, 0], 10, 2).capacity == 6
    curve = CapacityCurve([2, 4], [10, 0], 10, 1, breaking_points=[3] * 10)
    assert curve.capacity == 3.5
    assert curve.load.tolist() == [2, 4]


def test_capacity_beyond_the_loads():
    curve = CapacityCurve([2, 4], [5, 5], 5, 10)
    with pytest.raises(ValueError, match="n_patterns must reach from loads"):
        _ = curve.capacity
    assert curve.capacity_interval()[1] == np.inf
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\], got 2"):
        curve.interval(2)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"n_patterns": [4, 2]}, r"n_patterns must rise, got \[4 2\]"),
        ({"n_patterns": [0, 2]}, "n_patterns must be at least 1, got 0"),
        ({"n_patterns": [2.5, 4]}, r"n_patterns must be integers, got \[2.5, 4\]"),
        ({"n_separable": [4, 11]}, "n_separable must be 0 to 10"),
        ({"n_trials": 0}, "n_trials must be at least 1"),
        ({"breaking_points": [3] * 9}, "breaking_points must be one for each of 10 trials"),
        ({"breaking_points": [4] * 10}, "breaking_points must be .* fit n_separable"),
    ],
)
def test_curve_refuses_counts_that_cannot_be(change, rule):
    good = {"n_patterns": [2, 4], "n_separable": [10, 0], "n_trials": 10, "n_dims": 2}
    with pytest.raises(ValueError, match=rule):
        CapacityCurve(**good | change)
