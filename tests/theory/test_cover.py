"""Cover's theorem against its recursion and sums in exact integers."""

from fractions import Fraction

import numpy as np
import pytest

from olfnet.theory import cover


def test_dichotomies_obey_covers_recursion():
    """C(P + 1, N) = C(P, N) + C(P, N - 1), with C(1, N) = 2 and C(P, 1) = 2."""
    for n_patterns in range(1, 20):
        assert cover.n_dichotomies(n_patterns, 1) == 2
        for n_dims in range(2, 12):
            assert cover.n_dichotomies(1, n_dims) == 2
            grown = cover.n_dichotomies(n_patterns, n_dims)
            grown += cover.n_dichotomies(n_patterns, n_dims - 1)
            assert cover.n_dichotomies(n_patterns + 1, n_dims) == grown


@pytest.mark.parametrize(("n_patterns", "n_dims"), [(1, 1), (7, 9), (400, 130), (2000, 1000)])
def test_fraction_is_dichotomies_over_labelings(n_patterns, n_dims):
    exact = float(Fraction(cover.n_dichotomies(n_patterns, n_dims), 2**n_patterns))
    assert cover.separable_fraction(n_patterns, n_dims) == pytest.approx(exact, rel=1e-11)


def test_breaking_point_law_is_the_fall_of_the_fraction():
    """Pr[P* = P] = Pr[P* >= P] - Pr[P* >= P + 1]."""
    patterns = np.arange(1, 120)
    fall = cover.separable_fraction(patterns, 20) - cover.separable_fraction(patterns + 1, 20)
    np.testing.assert_allclose(cover.breaking_point_pmf(patterns, 20), fall, atol=1e-14)


def test_breaking_point_mean_and_variance():
    patterns = np.arange(1, 3000)
    probability = cover.breaking_point_pmf(patterns, 100)
    mean = probability @ patterns
    assert probability.sum() == pytest.approx(1, abs=1e-12)
    assert mean == pytest.approx(200, abs=1e-9)
    assert probability @ (patterns - mean) ** 2 == pytest.approx(200, abs=1e-8)


@pytest.mark.parametrize(
    ("bad", "rule"), [(0, "at least 1, got 0"), (2.5, "integers, got 2.5"), (np.nan, "integers")]
)
def test_bad_counts(bad, rule):
    with pytest.raises(ValueError, match=f"n_patterns must be {rule}"):
        cover.separable_fraction(bad, 5)
    with pytest.raises(ValueError, match=f"n_dims must be {rule}"):
        cover.breaking_point_pmf(5, bad)
