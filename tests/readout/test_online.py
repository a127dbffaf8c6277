"""Learning rules: textbook formulas, other implementations, and what each rule is known for."""

import numpy as np
import pytest
from sklearn.linear_model import Perceptron

from olfnet import separate
from olfnet.readout import (
    DeltaRuleReadout,
    DepressionReadout,
    HebbianReadout,
    MaxMarginReadout,
    PerceptronReadout,
    PseudoinverseReadout,
    novikoff_bound,
)


def problem(n_patterns, n_features, seed, bias=0.0):
    """Draw patterns, and labels that a readout (with non-negative weights) can reproduce."""
    rng = np.random.default_rng(seed)
    patterns = rng.standard_normal((n_patterns, n_features))
    labels = np.where(patterns @ rng.random(n_features) + bias > 0, 1, -1)
    return patterns, labels


@pytest.mark.parametrize("seed", range(3))
def test_perceptron_is_that_of_scikit_learn(seed):
    patterns, labels = problem(60, 10, seed)
    for n_epochs in (1, 3):
        mine = PerceptronReadout(bias=False, max_epochs=n_epochs).fit(patterns, labels)
        theirs = Perceptron(fit_intercept=False, shuffle=False, tol=None, max_iter=n_epochs)
        np.testing.assert_allclose(mine.coef_, theirs.fit(patterns, labels).coef_, rtol=1e-12)


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("bias", [None, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_mistakes_stay_below_the_bound(nonnegative, bias, seed):
    patterns, labels = problem(40, 8, seed, bias or 0.0)
    learned = PerceptronReadout(nonnegative=nonnegative, bias=bias is not None, max_epochs=10**5)
    learned.fit(patterns, labels)
    judge = separate(patterns, labels, bias=bias is not None, nonnegative=nonnegative)
    bound = novikoff_bound(patterns, labels, judge.weights, None if bias is None else judge.bias)
    assert learned.converged_
    assert (learned.predict(patterns) == labels).all()
    assert learned.n_mistakes_ == learned.learning_curve_.sum() <= bound
    assert learned.coef_.min() >= 0 or not nonnegative


def test_without_a_solution_there_are_more_mistakes_than_any_bound():
    """Negative control: labels at random, twice as many as a readout can store."""
    patterns, labels = problem(40, 8, 0)
    easy = separate(patterns, labels)
    bound = novikoff_bound(patterns, labels, easy.weights)
    wrong = np.random.default_rng(1).permutation(labels)
    learned = PerceptronReadout(bias=False, max_epochs=2000).fit(patterns, wrong)
    assert not learned.converged_
    assert learned.n_mistakes_ > bound


def test_perceptron_reaches_any_margin_below_the_largest():
    patterns, labels = problem(20, 10, 3)
    widest = MaxMarginReadout(bias=False).fit(patterns, labels)
    heights = labels * widest.decision_function(patterns)
    largest = heights.min() / np.linalg.norm(widest.coef_)
    learned = PerceptronReadout(margin=0.9 * largest, bias=False, max_epochs=10**5)
    learned.fit(patterns, labels)
    assert learned.converged_
    heights = labels * learned.decision_function(patterns) / np.linalg.norm(learned.coef_)
    assert heights.min() > 0.9 * largest * (1 - 1e-12)
    beyond = PerceptronReadout(margin=1.01 * largest, bias=False, max_epochs=500)
    assert not beyond.fit(patterns, labels).converged_


def test_signs_of_single_weights():
    patterns, labels = problem(30, 3, 4)
    flipped = patterns * [1, -1, 1]
    one = PerceptronReadout(nonnegative=True, bias=False).fit(patterns, labels)
    other = PerceptronReadout(nonnegative=[1, -1, 0], bias=False).fit(flipped, labels)
    assert one.coef_.min() >= 0
    assert (other.coef_ * [1, -1, 0]).min() >= 0
    assert other.converged_


def test_a_cycle_ends():
    """The same weights come back after each pass: nothing will ever change."""
    readout = PerceptronReadout(bias=False).fit([[1.0], [1.0]], [1, -1])
    assert len(readout.learning_curve_) == 1
    assert not readout.converged_


def test_delta_rule_step_by_step():
    patterns, labels = problem(15, 4, 0, 0.2)
    weights, scale = np.zeros(5), np.linalg.norm(patterns, axis=1).max()
    inputs = np.column_stack((patterns, np.full(15, scale)))
    for x, y in zip(inputs, labels, strict=True):
        weights += 0.3 * (y - x @ weights) * x / (x @ x)
    readout = DeltaRuleReadout(learning_rate=0.3).partial_fit(patterns, labels)
    np.testing.assert_allclose(readout.coef_[0], weights[:4], rtol=1e-12)
    np.testing.assert_allclose(readout.intercept_, weights[4] * scale, rtol=1e-12)


def test_delta_rule_ends_at_the_shortest_exact_weights():
    patterns, labels = problem(10, 30, 1)
    slow = DeltaRuleReadout(learning_rate=0.5, bias=False, max_epochs=10**4).fit(patterns, labels)
    exact = PseudoinverseReadout(bias=False).fit(patterns, labels)
    np.testing.assert_allclose(slow.coef_, exact.coef_, atol=1e-4)
    np.testing.assert_allclose(exact.decision_function(patterns), labels, atol=1e-12)


def test_hebbian_is_covariance():
    patterns, labels = problem(50, 8, 2, 0.5)
    readout = HebbianReadout().fit(patterns, labels)
    covariance = np.cov(patterns.T, labels)[-1, :-1] * 49
    np.testing.assert_allclose(readout.coef_[0], covariance, rtol=1e-10)
    assert abs(readout.decision_function(patterns).mean()) < 1e-12
    once = HebbianReadout(centered=False).fit(patterns, labels)
    np.testing.assert_allclose(once.coef_[0], labels @ patterns, rtol=1e-12)
    assert once.intercept_[0] == 0


@pytest.mark.parametrize("centered", [False, True])
def test_hebbian_learns_in_any_portions_and_order(centered):
    patterns, labels = problem(50, 8, 2)
    whole = HebbianReadout(centered=centered).fit(patterns, labels)
    order = np.random.default_rng(0).permutation(50)
    parts = HebbianReadout(centered=centered)
    for some in np.array_split(order, 7):
        parts.partial_fit(patterns[some], labels[some], classes=[-1, 1])
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-10)
    np.testing.assert_allclose(parts.intercept_, whole.intercept_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "readout",
    [PerceptronReadout(max_epochs=1), DeltaRuleReadout(max_epochs=1), DepressionReadout()],
    ids=lambda readout: type(readout).__name__,
)
def test_one_pass_is_one_portion_after_another(readout):
    """The bias scale is that of the first portion, so patterns here are equally long."""
    patterns, labels = problem(40, 6, 5)
    patterns = np.abs(patterns) / np.linalg.norm(patterns, axis=1, keepdims=True)
    whole = readout.fit(patterns, labels)
    parts = type(readout)(**readout.get_params())
    for some in np.split(np.arange(40), 5):
        parts.partial_fit(patterns[some], labels[some], classes=[-1, 1])
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-12, atol=1e-15)
    assert parts.n_mistakes_ == whole.n_mistakes_


def test_depression_step_by_step():
    codes, labels = np.abs(problem(12, 5, 7)[0]), problem(12, 5, 7)[1]
    synapses = {-1: np.ones(5), 1: np.ones(5)}
    for x, y in zip(codes, labels, strict=True):
        synapses = {k: w + 0.1 * (1 - w) for k, w in synapses.items()}
        synapses[-y] = synapses[-y] * (1 - 0.4 * x / x.max())
    readout = DepressionReadout(depression=0.4, recovery=0.1).fit(codes, labels)
    np.testing.assert_allclose(readout.synapses_, [synapses[-1], synapses[1]], rtol=1e-12)
    np.testing.assert_allclose(readout.coef_[0], synapses[1] - synapses[-1], rtol=1e-12)


def test_recovery_forgets_the_oldest_first():
    """Sparse random codes: with recovery the last are recalled, the first are forgotten."""
    rng = np.random.default_rng(0)
    codes = (rng.random((1000, 300)).argsort(axis=1) < 15).astype(float)
    labels = rng.choice([-1, 1], 1000)
    right = DepressionReadout(recovery=0.01).fit(codes, labels).predict(codes) == labels
    assert right[-50:].mean() > 0.9
    assert right[:100].mean() < 0.65
    lasting = DepressionReadout(depression=0.01).fit(codes, labels).predict(codes) == labels
    assert abs(lasting[-100:].mean() - lasting[:100].mean()) < 0.15  # two standard errors of .07


def test_bound_of_any_labels_sizes_and_bias():
    patterns, labels = problem(20, 6, 0, 0.3)
    judge = separate(patterns, labels, bias=True)
    bound = novikoff_bound(patterns, labels, judge.weights, judge.bias)
    again = novikoff_bound(1e200 * patterns, 2 * labels, judge.weights, 1e200 * judge.bias)
    assert again == pytest.approx(bound)
    longest = np.linalg.norm(patterns, axis=1).max()
    given = novikoff_bound(patterns, labels, judge.weights, judge.bias, bias_scale=longest)
    assert given == pytest.approx(bound)
    wider = novikoff_bound(patterns, labels, judge.weights, judge.bias, bias_scale=9 * longest)
    assert wider > bound


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            (np.eye(2), [1, -1], [1.0, 1.0]),
            "weights must separate the patterns, got .* margin of -1",
        ),
        ((np.eye(2), [1, -1], [1.0]), "weights must have 2 entries, got 1"),
        ((np.eye(2), [1, -1, 1], [1.0, 1.0]), "labels must have one entry per pattern"),
        ((np.zeros((2, 2)), [1, -1], [1.0, 1.0]), "patterns and weights must not all be 0"),
        ((np.eye(2), [1, -1], [1.0, -1.0], np.inf), "bias must be finite, got inf"),
    ],
)
def test_bad_bounds(values, message):
    with pytest.raises(ValueError, match=message):
        novikoff_bound(*values)
