"""Inputs that floating-point proofs leave open: duplicates, opposites, extreme sizes."""

import math

import numpy as np
import pytest

from olfnet import checks, separate
from olfnet.readout import separate_many
from olfnet.readout._certify import decision, exact, proofs, search
from olfnet.readout._certify.dichotomy import dichotomy
from olfnet.readout._certify.prefix import separable_prefix


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


def test_the_best_multipliers_are_proven_not_the_last(monkeypatch):
    """Columns that others span need the slower proof; a worse proposal may come after a good one.

    Exact arithmetic would decide as well, which takes minutes at hundreds of units.
    """
    rng = np.random.default_rng(5)
    causes = rng.integers(-9, 10, size=(60, 10)).astype(float)
    problem = dichotomy(causes @ rng.integers(-3, 4, size=(10, 15)), rng.choice([-1, 1], size=60))
    good = [p for p in search.proposals(problem) if p.multipliers is not None][0]
    bad = search.Proposal(multipliers=10 * rng.random(60))
    assert proofs.refutes_in_span(problem, good.multipliers)
    assert not proofs.refutes_in_span(problem, bad.multipliers)
    monkeypatch.setattr(decision, "proposals", lambda *_: iter([good, bad]))
    monkeypatch.setattr(exact, "decide", None)
    separable, multipliers = decision.decide(problem)
    assert not separable
    assert multipliers is good.multipliers


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
        ([[2**53 + 1, 1]], "doubles can hold"),
        (np.array([[np.longdouble(1) + np.finfo(np.longdouble).eps]]), "doubles can hold"),
        (np.array([["1", "2"]]), "table of numbers"),
        (np.array([["2020-01-01"]], dtype="datetime64[D]"), "table of numbers"),
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


def test_rounding_does_not_carry_a_prefix_on():
    """Heights that are noise, alone or behind a huge weight of a unit of its own."""
    noise = [
        [-0.2, 1.2],
        [0.30000000000000004, -1.7999999999999998],
        [-0.1, 0.6],
        [0.2, -1.2],
        [-0.1, 0.6],
    ]
    row = [0.7246450430370259, -0.8106475926887988, -0.680537494025796, 0]
    peeled = [
        [1.8184874360217577e-18, 0, -1, 0],
        [-value for value in row],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [0, 0, 1, 1],
        [0, 0, 1, 0.5],
        [0, 0, 2, 1],
        [0, 0, 0.5, 0.5],
        row,
    ]
    assert separable_prefix(noise, [-1] * 5) == 3
    assert separable_prefix(peeled, [1] * 9) == 8


def test_longest_prefix_of_collinear_patterns():
    rng = np.random.default_rng(8)
    for _ in range(300):
        line = np.round(rng.standard_normal(2), 1)
        patterns = np.outer(np.round(rng.standard_normal(6), 1), line)
        labels = rng.choice([-1, 1], size=6)
        single = [separate(patterns[:n], labels[:n]).separable for n in range(1, 7)]
        assert separable_prefix(patterns, labels) == (single + [False]).index(False)


@pytest.mark.parametrize(
    ("patterns", "labels", "bias", "margin", "separable"),
    [
        ([[2e-170], [5e-170]], [1, -1], False, 1.0, False),
        ([[1e-150], [2e-150]], [1, -1], False, 1e5, False),
        ([[1e-150], [2e-150]], [1, -1], True, 1e5, False),
        ([[1e-150], [2e-150]], [1, -1], True, 1e-151, True),
        ([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1], True, 1e155, False),
    ],
)
def test_margins_far_beyond_the_patterns(patterns, labels, bias, margin, separable):
    answer = separate(patterns, labels, bias=bias, margin=margin)
    assert answer.separable == separable
    assert answer.verify(patterns, labels)


def test_labels_are_compared_as_they_are():
    for labels in ([2**53, 2**53 + 1], np.array([2**53, 2**53 + 1], dtype=object)):
        assert not separate([[1.0], [1.0]], labels).separable
    assert separate([[1.0], [-1.0]], np.array([1, -1], dtype=object)).separable
    masked = np.ma.masked_array([1, -1], [True, False])
    for decide in (separate, lambda patterns, labels: separate_many(patterns, labels[None])):
        with pytest.raises(ValueError, match="labels must not have masked entries, got 1"):
            decide([[1.0], [2.0]], masked)


def test_no_dichotomy_has_no_answer():
    assert separate_many([[1.0], [2.0]], np.empty((0, 2))) == []
