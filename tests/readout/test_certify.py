"""What stands behind ``separate``: exact arithmetic, proofs, peeling and proposals."""

import numpy as np
import pytest

from olfnet import separate
from olfnet.readout import Constraints, separable_prefix
from olfnet.readout._certify import decision, exact, proofs, search
from olfnet.readout._certify.dichotomy import dichotomy
from olfnet.readout._certify.hinge import SquaredHinge
from olfnet.readout._certify.peeling import peel

FREE = Constraints()


def sparse_codes(rng, n_patterns, n_units, level):
    return rng.exponential(size=(n_patterns, n_units)) * (
        rng.random((n_patterns, n_units)) < level
    ) + np.eye(n_patterns, n_units)


@pytest.mark.parametrize("margin", [0.0, 0.3])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", ["gaussian", "sparse"])
def test_exact_arithmetic_confirms_what_doubles_decide(kind, bias, margin):
    """Its certificates pass the exact checks, and those of the opposite answer do not."""
    rng, seen = np.random.default_rng([int(10 * margin), bias]), set()
    for _ in range(25):
        n_dims, n_patterns = int(rng.integers(1, 7)), int(rng.integers(2, 14))
        patterns = rng.standard_normal((n_patterns, n_dims))
        if kind == "sparse":
            patterns = sparse_codes(rng, n_patterns, n_dims, 0.2)
            patterns[-1] = patterns[0]
        labels = np.append(rng.choice([-1, 1], size=n_patterns - 2), [1, -1])
        signs = rng.choice([-1, 0, 1], size=n_dims)
        constraints = Constraints(bias, signs if kind == "gaussian" else False, margin)
        problem = dichotomy(patterns, labels, constraints)
        separable, certificate = exact.decide(problem)
        assert (exact.separates if separable else exact.refutes)(problem, certificate)
        forged = tuple(-value for value in certificate)
        assert not (exact.separates if separable else exact.refutes)(problem, forged)
        result = separate(patterns, labels, bias, constraints.nonnegative, margin)
        assert result.separable == separable
        assert result.verify(patterns, labels)
        seen.add(separable)
    assert seen == {False, True}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("n_dims", [5, 40, 130])
def test_patterns_given_twice_change_nothing(n_dims, bias):
    rng = np.random.default_rng(n_dims)
    once = rng.integers(-2, 3, size=(100, n_dims)).astype(float)
    labels = rng.choice([-1, 1], size=100)
    twice, both = np.vstack((once, once)), np.append(labels, labels)
    result = separate(twice, both, bias=bias)
    assert result.separable == separate(once, labels, bias=bias).separable
    assert result.verify(twice, both)


def test_a_pattern_with_both_labels_is_refused_at_once():
    rng = np.random.default_rng(0)
    once = rng.standard_normal((200, 400))
    patterns, labels = np.vstack((once, once[7])), np.append(rng.choice([-1, 1], size=200), 0)
    labels[-1] = -labels[7]
    result = separate(patterns, labels)  # exact arithmetic alone takes minutes
    assert not result.separable
    assert result.verify(patterns, labels)
    assert set(np.flatnonzero(result.multipliers)) == {7, 200}


def test_the_best_multipliers_are_proven_not_the_last(monkeypatch):
    """Columns that others span need the slower proof; a worse proposal may come after a good one.

    Exact arithmetic would decide as well, which takes minutes at hundreds of units.
    """
    rng = np.random.default_rng(5)
    causes = rng.integers(-9, 10, size=(60, 10)).astype(float)
    patterns = causes @ rng.integers(-3, 4, size=(10, 15))
    problem = dichotomy(patterns, rng.choice([-1, 1], size=60), FREE)
    good = [p for p in search.proposals(problem) if p.multipliers is not None][0]
    bad = search.Proposal(multipliers=10 * rng.random(60))
    assert proofs.refutes_in_span(problem, good.multipliers)
    assert not proofs.refutes_in_span(problem, bad.multipliers)
    monkeypatch.setattr(decision, "proposals", lambda *_: iter([good, bad]))
    monkeypatch.setattr(exact, "decide", None)
    separable, multipliers = decision.decide(problem)
    assert not separable
    assert multipliers is good.multipliers


def test_proof_of_a_barely_inseparable_case_stays_in_doubles():
    """At the break the multipliers are basic and U^T U is ill-conditioned: no exact arithmetic."""
    for seed in (8, 24):
        rng = np.random.default_rng(seed)
        patterns = rng.standard_normal((400, 100))
        labels = rng.choice([-1.0, 1.0], size=400)
        broken = separable_prefix(patterns, labels) + 1
        problem = dichotomy(patterns[:broken], labels[:broken], FREE)
        points = list(SquaredHinge(problem.rows).descend())
        multipliers = [p.multipliers for p in points if p.multipliers is not None][-1]
        scaled = multipliers[:, None] * problem.rows
        gram = np.asfortranarray(scaled.T @ scaled)
        excess = np.abs(scaled.sum(axis=0)) + 1e-13
        assert proofs._cancels_preconditioned(scaled, excess, gram)
        assert not proofs._cancels_preconditioned(scaled, np.full(100, 1e3), gram)
        assert separate(patterns[:broken], labels[:broken]).exact is None


def test_a_hessian_that_rounding_made_indefinite_is_damped():
    newton = SquaredHinge(np.eye(3))
    newton.hessian[0, 0] = -1e-9
    assert np.isfinite(newton.solve(np.ones(3))).all()
    newton.hessian[0, 0] = -np.inf
    np.testing.assert_array_equal(newton.solve(np.ones(3)), 0)


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


def test_norms_that_underflow_prove_nothing():
    """Squares below 1e-308 made false proofs of no."""
    column = [1.0288543478031831e-150, -1.617382138301653e-150, 1e20]
    patterns = np.column_stack(([6.131890778590062e19, -9.63946999930975e19, 1e20], column))
    assert separate(patterns, [1, 1, 1], nonnegative=[0, 1]).separable


def test_core_has_no_unit_for_a_single_pattern():
    rng = np.random.default_rng(0)
    codes = sparse_codes(rng, 60, 40, 0.04)
    peeling = peel(dichotomy(codes, rng.choice([-1, 1], size=60), FREE))
    assert (peeling.core.rows != 0).sum(axis=0).min(initial=2) >= 2
    assert len(peeling.order) + len(peeling.rows) == 60
    assert len({i for i, _ in peeling.order} | set(peeling.rows)) == 60


def test_weights_of_the_core_are_completed():
    """Any weights that separate the core separate the whole once the own units are put back."""
    rng = np.random.default_rng(1)
    patterns = np.triu(rng.uniform(0.5, 1.5, (12, 12)))  # all patterns come off, one by one
    problem = dichotomy(patterns, rng.choice([-1, 1], size=12), FREE)
    peeling = peel(problem)
    assert len(peeling.rows) == 0
    assert proofs.separates(problem, peeling.weights(np.zeros(0)))
    assert exact.separates(problem, peeling.exact_weights(()))
    assert not proofs.separates(problem, np.zeros(12))


def test_fractions_complete_a_core_where_doubles_prove_nothing(monkeypatch):
    patterns = np.zeros((4, 3))  # two patterns with units of their own, and a core of two
    patterns[:2, 0], patterns[2, 1], patterns[3, 2] = (1, 2), 1, 1
    problem = dichotomy(patterns, [1, 1, 1, -1], FREE)
    core = decision.decide(peel(problem).core)[1]
    monkeypatch.setattr(
        proofs,
        "separates",
        lambda p, w: len(p.rows) == 2 and exact.separates(p, exact.rationals(w)),
    )
    separable, certificate = decision.decide(problem)
    assert separable
    assert certificate == peel(problem).exact_weights(exact.rationals(core))
    assert exact.separates(problem, certificate)


def test_dense_and_constrained_problems_are_not_peeled():
    codes, labels = np.eye(5), np.ones(5)
    dense = np.random.default_rng(2).standard_normal((5, 9))
    assert peel(dichotomy(codes, labels, FREE)) is not None
    assert peel(dichotomy(dense, labels, FREE)) is None
    assert peel(dichotomy(codes, labels, Constraints(nonnegative=True))) is None
    assert peel(dichotomy(codes, labels, Constraints(margin=0.1))) is None


@pytest.mark.parametrize("load", [1.5, 2.5])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_least_squares_proposes_proofs_on_its_own(load, nonnegative):
    rng = np.random.default_rng(int(load))
    n_patterns = int(40 * load / (2 if nonnegative else 1))
    for _ in range(5):
        patterns = rng.standard_normal((n_patterns, 40))
        labels = rng.choice([-1, 1], size=n_patterns)
        problem = dichotomy(patterns, labels, Constraints(nonnegative=nonnegative))
        no, yes = search._least_squares(problem.rows, np.flatnonzero(problem.constrained))
        separable = separate(patterns, labels, nonnegative=nonnegative).separable
        assert proofs.separates(problem, yes.weights) == separable
        assert proofs.refutes(problem, no.multipliers) != separable


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nonnegative": True, "robustness": 1.0}, r"robustness must be in \[0, 1\), got 1"),
        ({"nonnegative": True, "robustness": -1}, r"robustness must be in \[0, 1\), got -1"),
        ({"robustness": 0.1}, "robustness must come with non-negative weights, .* nonnegative=F"),
        ({"robustness": 0.1, "nonnegative": True, "bias": True}, "must come .* bias=True"),
        ({"robustness": 0.1, "nonnegative": True, "margin": 1.0}, "must come .* margin=1"),
    ],
)
def test_robustness_needs_a_readout_that_has_a_threshold(options, message):
    with pytest.raises(ValueError, match=message):
        Constraints(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "free weights, no bias"),
        ({"bias": True, "margin": 0.5}, "free weights, a free bias and margin 0.5"),
        ({"nonnegative": [1, 0]}, "sign-constrained weights, no bias"),
        ({"nonnegative": True, "robustness": 0.0}, "non-negative weights, a fixed threshold"),
    ],
)
def test_constraints_in_words(options, words):
    assert Constraints(**options).description == words
