"""Extrapolation to infinite size."""

import numpy as np
import pytest
import scipy.optimize
from scipy.stats import binom, kstest

from olfnet.capacity import extrapolate


def test_the_fit_is_that_of_scipy():
    sizes, errors = np.array([50, 100, 200, 400]), np.array([0.04, 0.03, 0.02, 0.02])
    means = np.array([1.1, 1.02, 1.03, 0.99])
    found = extrapolate(sizes, means, errors, confidence=0.6826894921)
    best, covariance = scipy.optimize.curve_fit(
        lambda n, a, b: a + b / n, sizes, means, sigma=errors, absolute_sigma=True
    )
    assert found.value == pytest.approx(best[0], rel=1e-6)
    assert found.slope == pytest.approx(best[1], rel=1e-5)
    assert (found.high - found.low) / 2 == pytest.approx(covariance[0, 0] ** 0.5, rel=1e-4)


def test_intervals_cover_and_p_values_are_uniform():
    rng, sizes = np.random.default_rng(0), np.array([50.0, 100.0, 200.0, 400.0])
    errors = np.array([0.04, 0.03, 0.03, 0.02])
    found = [
        extrapolate(sizes, 1 + 3 / sizes + errors * rng.standard_normal(4), errors)
        for _ in range(1000)
    ]
    n_inside = sum(one.low <= 1 <= one.high for one in found)
    assert binom.ppf(0.001, 1000, 0.95) <= n_inside <= binom.ppf(0.999, 1000, 0.95)
    assert kstest([one.p_value for one in found], "uniform").pvalue > 0.001


def test_what_is_no_line_is_noticed():
    sizes = np.array([50.0, 100.0, 200.0, 400.0])
    found = extrapolate(sizes, 1 + 30 / sizes**0.5, np.full(4, 0.01))
    assert found.p_value < 1e-6
    assert extrapolate([10, 20], [1, 2], [1, 1]).p_value == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (([10], [1, 2], [1, 1]), "must be equally long, got 1, 2 and 2"),
        (([10, 10], [1, 2], [1, 1]), "n_dims must hold two different sizes"),
        (([0, 10], [1, 2], [1, 1]), "n_dims must be positive, got 0"),
        (([5, 10], [1, 2], [1, 0]), "standard_error must be positive, got 0"),
    ],
)
def test_bad_input(values, message):
    with pytest.raises(ValueError, match=message):
        extrapolate(*values)
