"""Readouts that see all associations at once: other solvers, and certified margins."""

import numpy as np
import pytest
import scipy.optimize
from sklearn.linear_model import RidgeClassifier

from olfnet import separate
from olfnet.readout import MaxMarginReadout, PseudoinverseReadout


def problem(n_patterns, n_features, seed, bias=0.0):
    """Draw patterns, and labels that a readout can reproduce."""
    rng = np.random.default_rng(seed)
    patterns = rng.standard_normal((n_patterns, n_features))
    return patterns, np.where(patterns @ rng.random(n_features) + bias > 0, 1, -1)


@pytest.mark.parametrize("bias", [False, True])
def test_the_largest_margin_is_certified(bias):
    patterns, labels = problem(30, 12, 1, 0.4 * bias)
    readout = MaxMarginReadout(bias=bias).fit(100 * patterns, labels)
    heights = labels * readout.decision_function(100 * patterns)
    margin = heights.min() / np.linalg.norm(readout.coef_)
    assert separate(100 * patterns, labels, bias=bias, margin=0.999 * margin).separable
    assert not separate(100 * patterns, labels, bias=bias, margin=1.001 * margin).separable
    assert bool(readout.intercept_[0]) == bias


def test_without_bias_the_penalty_is_the_same():
    """Soft margin: mirror images must not count twice (a quadratic program of its own)."""
    rng = np.random.default_rng(0)
    patterns, labels = rng.standard_normal((12, 3)), rng.choice([-1.0, 1.0], 12)
    scale = np.linalg.norm(patterns, axis=1).max()
    rows = labels[:, None] * patterns / scale

    def cost(w):
        return 0.5 * w @ w + 0.5 * np.maximum(1 - rows @ w, 0).sum()

    readout = MaxMarginReadout(bias=False, penalty=0.5).fit(patterns, labels)
    best = scipy.optimize.minimize(cost, np.zeros(3), method="Nelder-Mead", tol=1e-10)
    assert cost(readout.coef_[0] * scale) <= best.fun * (1 + 1e-6)


def test_pseudoinverse_is_ridge_without_penalty():
    patterns, labels = problem(50, 8, 2, 0.5)
    mine = PseudoinverseReadout().fit(patterns, labels)
    theirs = RidgeClassifier(alpha=1e-10).fit(patterns, labels)
    np.testing.assert_allclose(mine.coef_[0], np.ravel(theirs.coef_), rtol=1e-8)
    np.testing.assert_allclose(mine.intercept_, theirs.intercept_, rtol=1e-8)


def test_pseudoinverse_of_dependent_patterns():
    """Every pattern twice, and a silent unit: the weights of half of it, none for silence."""
    patterns, labels = problem(10, 6, 2)
    twice = np.column_stack((np.tile(patterns, (2, 1)), np.zeros(20)))
    once = PseudoinverseReadout(bias=False).fit(patterns, labels)
    double = PseudoinverseReadout(bias=False).fit(twice, np.tile(labels, 2))
    np.testing.assert_allclose(double.coef_[0], np.append(once.coef_, 0), atol=1e-12)
