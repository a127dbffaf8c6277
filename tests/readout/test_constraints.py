"""Margins and sign constraints against exact arithmetic, quadratic programs and closed forms."""

import itertools

import numpy as np
import pytest
import scipy.optimize
from sklearn.svm import SVC

from olfnet import separate
from olfnet.readout._certify import exact
from olfnet.readout._certify.dichotomy import dichotomy


def largest_margin(patterns, labels, bias):
    """Maximum margin by nearest points of convex hulls (NNLS), without olfnet."""
    rows = np.asarray(labels)[:, None] * np.asarray(patterns, dtype=float)
    heavy = 1e4 * np.abs(rows).max()
    columns = [rows.T, heavy * np.ones((1, len(rows)))]
    if bias:  # both classes get the same total weight
        columns.append(heavy * np.asarray(labels, dtype=float)[None, :])
    target = np.zeros(sum(len(c) for c in columns))
    target[rows.shape[1]] = heavy
    weights, _ = scipy.optimize.nnls(np.vstack(columns), target)
    return np.linalg.norm(rows.T @ weights) / weights.sum()


@pytest.mark.parametrize("bias", [False, True])
def test_largest_margin_is_the_border(bias):
    rng = np.random.default_rng(bias)
    for _ in range(25):
        patterns = rng.standard_normal((12, 8))
        labels = np.append(rng.choice([-1, 1], size=10), [1, -1])
        border = largest_margin(patterns, labels, bias)
        for factor, expected in ((0.999, True), (1.001, False)):
            if border < 1e-3:
                continue
            answer = separate(patterns, labels, bias=bias, margin=factor * border)
            assert answer.separable == expected
            assert answer.verify(patterns, labels)
            if expected:
                assert answer.margin >= factor * border * (1 - 1e-12)


def test_margin_agrees_with_a_hard_margin_machine():
    rng = np.random.default_rng(5)
    patterns = rng.standard_normal((30, 20))
    labels = rng.choice([-1, 1], size=30)
    machine = SVC(kernel="linear", C=1e8, tol=1e-8).fit(patterns, labels)
    border = 1 / np.linalg.norm(machine.coef_)
    assert separate(patterns, labels, bias=True, margin=border * (1 - 1e-4)).separable
    assert not separate(patterns, labels, bias=True, margin=border * (1 + 1e-4)).separable


def test_margin_exactly_reached():
    """Distance 5 of the point (3, 4) is reached; the next double above 5 is not."""
    for bias, labels in ((False, [1]), (True, [1])):
        assert separate([[3, 4]], labels, bias=bias, margin=5).separable
    above = np.nextafter(5, 6)
    answer = separate([[3, 4]], [1], margin=above)
    assert not answer.separable
    assert answer.verify([[3, 4]], [1])
    pair = [[3, 4], [0, 0]]
    assert separate(pair, [1, -1], bias=True, margin=2.5).verify(pair, [1, -1])
    assert separate(pair, [1, -1], bias=True, margin=2.5).separable
    assert not separate(pair, [1, -1], bias=True, margin=np.nextafter(2.5, 3)).separable


@pytest.mark.parametrize("margin", [0.0, 0.3])
@pytest.mark.parametrize("bias", [False, True])
def test_sign_constraints_match_exact_arithmetic(margin, bias):
    rng = np.random.default_rng([int(10 * margin), bias])
    seen = set()
    for _ in range(60):
        n_dims, n_patterns = int(rng.integers(1, 7)), int(rng.integers(2, 9))
        patterns = rng.standard_normal((n_patterns, n_dims))
        labels = np.append(rng.choice([-1, 1], size=n_patterns - 2), [1, -1])
        signs = rng.choice([-1, 0, 1], size=n_dims)
        wanted = {"bias": bias, "nonnegative": signs, "margin": margin}
        answer = separate(patterns, labels, **wanted)
        assert answer.separable == exact.decide(dichotomy(patterns, labels, **wanted))[0]
        assert answer.verify(patterns, labels)
        assert answer.separable <= separate(patterns, labels, bias=bias, margin=margin).separable
        if answer.separable:
            assert (answer.weights * signs >= 0).all()
        seen.add(answer.separable)
    assert seen == {False, True}


def test_nonnegative_weights_match_linear_programs():
    """At P = N about half separate; the peer is HiGHS on sizes where it is reliable."""
    rng = np.random.default_rng(8)
    seen = []
    for _ in range(40):
        patterns = rng.standard_normal((20, 20))
        labels = rng.choice([-1, 1], size=20)
        rows = labels[:, None] * patterns
        peer = scipy.optimize.linprog(np.zeros(20), A_ub=-rows, b_ub=-np.ones(20), method="highs")
        answer = separate(patterns, labels, nonnegative=True)
        assert answer.separable == (peer.status == 0)
        assert answer.verify(patterns, labels)
        assert answer.exact is None
        seen.append(answer.separable)
    assert 5 < sum(seen) < 35


def test_nonnegative_count_of_small_integer_patterns():
    """All 512 pairs of small rows: w = (cos a, sin a) with a in [0, pi/2] searched by hand."""
    values = (-2, -1, 1, 2)
    angles = [(1, 0), (0, 1), *((p, q) for p in range(1, 9) for q in range(1, 9))]
    for first in itertools.product(values, repeat=2):
        for second in itertools.product(values, repeat=2):
            rows = [first, second]
            expected = any(all(np.dot(r, a) > 0 for r in rows) for a in angles)
            answer = separate(rows, [1, 1], nonnegative=True)
            assert answer.separable == expected
            assert answer.verify(rows, [1, 1])


def test_one_class_with_bias_has_any_margin():
    patterns = np.random.default_rng(0).standard_normal((5, 3))
    for label in (1, -1):
        answer = separate(patterns, [label] * 5, bias=True, margin=1e6, nonnegative=[-1, 1, 1])
        assert answer.separable
        assert answer.margin >= 1e6
        assert answer.verify(patterns, [label] * 5)


def test_certificate_of_one_question_does_not_answer_another():
    """Multipliers against non-negative weights prove nothing about free ones."""
    answer = separate([[-1.0, -1.0]], [1], nonnegative=True)
    assert not answer.separable
    assert answer.verify([[-1.0, -1.0]], [1])
    assert separate([[-1.0, -1.0]], [1]).separable


def test_norms_that_underflow_prove_nothing():
    """Found by adversarial fuzzing: squares below 1e-308 made false proofs of no."""
    assert separate([[1e-90, 0], [0, 1e80]], [1, 1], margin=5e-91).separable
    column = [1.0288543478031831e-150, -1.617382138301653e-150, 1e20]
    patterns = np.column_stack(([6.131890778590062e19, -9.63946999930975e19, 1e20], column))
    assert separate(patterns, [1, 1, 1], nonnegative=[0, 1]).separable
    assert not separate([[2.0**1000], [2.0**-74]], [1, 1], margin=2.0**-74 * (1 + 1e-10)).separable
    assert not separate([[1e-300]], [1], margin=1e10).separable


def test_bias_is_a_choice():
    with pytest.raises(ValueError, match="bias must be True or False, got 2"):
        separate([[1.0]], [1], bias=2)


@pytest.mark.parametrize("label", [1, -1])
@pytest.mark.parametrize("margin", [2.0, 1e308])
def test_one_class_is_as_far_away_as_you_like(label, margin):
    patterns = [[1.0, 2.0], [3.0, 4.0]]
    answer = separate(patterns, [label, label], bias=True, margin=margin)
    assert answer.separable
    assert answer.verify(patterns, [label, label])
    assert answer.margin >= margin


def test_answer_keeps_its_own_copy_of_the_signs():
    signs = np.array([1, -1])
    answer = separate([[1.0, -1.0]], [1], nonnegative=signs)
    signs[:] = -1
    assert answer.verify([[1.0, -1.0]], [1])
