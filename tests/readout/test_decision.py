"""Inputs that floating-point proofs leave open: duplicates, opposites, extreme sizes."""

import math

import numpy as np
import pytest

from olfnet import checks, separate
from olfnet.readout.prefix import separable_prefix


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("n_dims", [5, 40, 130])
def test_patterns_given_twice_change_nothing(n_dims, bias):
    rng = np.random.default_rng(n_dims)
    once = rng.integers(-2, 3, size=(100, n_dims)).astype(float)
    labels = rng.choice([-1, 1], size=100)
    twice, both = np.vstack((once, once)), np.append(labels, labels)
    expected = separate(once, labels, bias=bias)
    answer = separate(twice, both, bias=bias)
    assert answer.separable == expected.separable
    assert answer.verify(twice, both)


def test_a_pattern_with_both_labels_is_refused_at_once():
    rng = np.random.default_rng(0)
    once = rng.standard_normal((200, 400))
    patterns, labels = np.vstack((once, once[7])), np.append(rng.choice([-1, 1], size=200), 0)
    labels[-1] = -labels[7]
    answer = separate(patterns, labels)  # exact arithmetic alone takes minutes
    assert not answer.separable
    assert answer.verify(patterns, labels)
    assert set(np.flatnonzero(answer.multipliers)) == {7, 200}


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_margin_of_extreme_sizes_is_finite(size):
    rng = np.random.default_rng(3)
    patterns, labels = rng.standard_normal((10, 10)), rng.choice([-1, 1], size=10)
    answer = separate(size * patterns, labels, bias=True)
    heights = labels * (size * patterns @ answer.weights + answer.bias)
    expected = (heights / np.abs(answer.weights).max()).min() / np.linalg.norm(
        answer.weights / np.abs(answer.weights).max()
    )
    assert math.isclose(answer.margin, expected, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        (np.ma.masked_array([[1.0, 2.0]], [[False, True]]), "masked entries"),
        ([[1j, 2.0]], "table of numbers"),
        ([[2**53 + 1, 1]], r"2\^53"),
        ([[10**400, 1]], "table of numbers"),
        ([[1, 2], [3]], "table of numbers"),
    ],
)
def test_numbers_that_doubles_cannot_hold_are_refused(values, rule):
    with pytest.raises(ValueError, match=f"patterns must .*{rule}"):
        separate(values, [1])


def test_large_integers_that_doubles_hold_are_taken():
    assert checks.matrix("patterns", [[2**70, 1]])[0, 0] == 2.0**70


@pytest.mark.parametrize("labels", [[[1], [1, 2]], ["a", "b"], np.array([1, None])])
def test_labels_that_are_no_numbers(labels):
    with pytest.raises(ValueError, match="labels must be"):
        separate([[1.0], [2.0]], labels)


def test_signs_that_are_no_numbers():
    with pytest.raises(ValueError, match="nonnegative must be True, False or one sign"):
        separate([[1.0]], [1], nonnegative="yes")


@pytest.mark.parametrize("n_copies", [1, 3])
def test_longest_prefix_is_that_of_one_by_one(n_copies):
    """Breaking points found by hopping equal those found by trying every prefix."""
    rng = np.random.default_rng(n_copies)
    for n_dims in (1, 2, 5, 12):
        for _ in range(10):
            patterns = np.repeat(rng.standard_normal((4 * n_dims, n_dims)), n_copies, axis=0)
            labels = rng.choice([-1, 1], size=len(patterns))
            found = separable_prefix(patterns, labels)
            assert (
                found == len(patterns)
                or not separate(patterns[: found + 1], labels[: found + 1]).separable
            )
            assert found == 0 or separate(patterns[:found], labels[:found]).separable
