"""Sparse codes: patterns with a unit of their own, and searches that Newton finds hard."""

import numpy as np
import pytest

from olfnet import separate
from olfnet.readout._certify import exact, proofs, search
from olfnet.readout._certify.dichotomy import dichotomy
from olfnet.readout._certify.peeling import peel


def sparse_codes(rng, n_patterns, n_units, level):
    return rng.exponential(size=(n_patterns, n_units)) * (
        rng.random((n_patterns, n_units)) < level
    ) + np.eye(n_patterns, n_units)


@pytest.mark.parametrize("level", [0.05, 0.15, 0.3])
@pytest.mark.parametrize("bias", [False, True])
def test_sparse_codes_match_exact_arithmetic(level, bias):
    rng = np.random.default_rng(int(100 * level))
    answers = []
    for _ in range(30):
        patterns = sparse_codes(rng, 26, 14, level)
        patterns[rng.integers(26)] = patterns[0]
        labels = rng.choice([-1, 1], size=26)
        answer = separate(patterns, labels, bias=bias)
        assert answer.separable == exact.decide(dichotomy(patterns, labels, bias=bias))[0]
        assert answer.verify(patterns, labels)
        answers.append(answer.separable)
    assert False in answers


def test_core_has_no_unit_for_a_single_pattern():
    rng = np.random.default_rng(0)
    problem = dichotomy(sparse_codes(rng, 60, 40, 0.04), rng.choice([-1, 1], size=60))
    peeling = peel(problem)
    counts = (peeling.core.rows != 0).sum(axis=0)
    assert counts.min(initial=2) >= 2
    assert len(peeling.order) + len(peeling.rows) == 60
    assert len({i for i, _ in peeling.order} | set(peeling.rows)) == 60


def test_weights_of_the_core_are_completed():
    """Any weights that separate the core separate the whole once the own units are put back."""
    rng = np.random.default_rng(1)
    patterns = np.triu(rng.uniform(0.5, 1.5, (12, 12)))  # all patterns come off, one by one
    problem = dichotomy(patterns, rng.choice([-1, 1], size=12))
    peeling = peel(problem)
    assert len(peeling.rows) == 0
    assert proofs.separates(problem, peeling.weights(np.zeros(0)))
    assert exact.separates(problem, peeling.exact_weights(()))
    assert not proofs.separates(problem, np.zeros(12))


def test_dense_and_constrained_questions_are_not_peeled():
    rng = np.random.default_rng(2)
    labels = np.ones(5)
    assert peel(dichotomy(rng.standard_normal((5, 9)), labels)) is None
    codes = np.eye(5)
    assert peel(dichotomy(codes, labels)) is not None
    assert peel(dichotomy(codes, labels, nonnegative=True)) is None
    assert peel(dichotomy(codes, labels, margin=0.1)) is None


@pytest.mark.parametrize("load", [1.5, 2.5])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_least_squares_proposes_proofs_on_its_own(load, nonnegative):
    rng = np.random.default_rng(int(load))
    load = load / 2 if nonnegative else load
    for _ in range(10):
        patterns = rng.standard_normal((int(40 * load), 40))
        labels = rng.choice([-1, 1], size=len(patterns))
        problem = dichotomy(patterns, labels, nonnegative=nonnegative)
        no, yes = search._least_squares(problem.rows, np.flatnonzero(problem.constrained))
        found = proofs.separates(problem, yes.weights), proofs.refutes(problem, no.multipliers)
        separable = separate(patterns, labels, nonnegative=nonnegative).separable
        assert found == (separable, not separable)
