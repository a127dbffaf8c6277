"""Extrapolation to infinite size."""

import numpy as np
import pytest
import scipy.optimize
from scipy.stats import binom, kstest

from olfnet.capacity import extrapolate

SIZES = np.array([50.0, 100.0, 200.0, 400.0])


def sampled(rng, n_repeats, slope=3.0, power=1.0):
    """Draw repeats around 1 + slope / n^power, with a scatter of .7 / sqrt(n)."""
    return [
        1 + slope / n**power + 0.7 / n**0.5 * rng.standard_normal(repeats)
        for n, repeats in zip(SIZES, np.broadcast_to(n_repeats, 4), strict=True)
    ]


def test_the_fit_is_that_of_scipy():
    samples = sampled(np.random.default_rng(0), [5, 6, 7, 8])
    fit = extrapolate(SIZES, samples)
    best, _ = scipy.optimize.curve_fit(
        lambda n, a, b: a + b / n,
        SIZES,
        [one.mean() for one in samples],
        sigma=[1 / np.sqrt(n * len(one)) for n, one in zip(SIZES, samples, strict=True)],
    )
    assert fit.value == pytest.approx(best[0], rel=1e-6)
    assert fit.slope == pytest.approx(best[1], rel=1e-5)


@pytest.mark.parametrize("n_repeats", [2, 4, 30])
def test_intervals_cover_and_p_values_are_uniform(n_repeats):
    rng = np.random.default_rng(n_repeats)
    fit = [extrapolate(SIZES, sampled(rng, n_repeats)) for _ in range(400)]
    n_inside = sum(one.low <= 1 <= one.high for one in fit)
    assert binom.ppf(0.001, 400, 0.95) <= n_inside <= binom.ppf(0.999, 400, 0.95)
    assert kstest([one.p_value for one in fit], "uniform").pvalue > 0.001


def test_what_is_no_line_is_noticed():
    fit = extrapolate(SIZES, sampled(np.random.default_rng(0), 200, slope=20.0, power=0.5))
    assert fit.p_value < 1e-6
    assert extrapolate([10, 20], [[1, 2], [2, 3]]).p_value is None


def test_equal_measurements_are_not_exact():
    """A whole number of 10, 20 or 40 patterns: the limit is not known better than that."""
    fit = extrapolate([10, 20, 40], [[1.0] * 3] * 3)
    assert fit.high - fit.low > 0.02


@pytest.mark.parametrize(
    ("sizes", "samples", "message"),
    [
        ([10], [[1, 2], [1, 2]], "samples must be one for each of 1 sizes, got 2"),
        ([10, 10], [[1, 2], [1, 2]], "n_dims must be positive and hold two different sizes"),
        ([0, 10], [[1, 2], [1, 2]], "n_dims must be positive"),
        ([5, 10], [[1, 2], [1]], "samples must hold two repeats or more, got 1"),
    ],
)
def test_bad_input(sizes, samples, message):
    with pytest.raises(ValueError, match=message):
        extrapolate(sizes, samples)
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\), got 1"):
        extrapolate([5, 10], [[1, 2], [1, 2]], confidence=1)
