"""Gradient descent against known optima, a linear recurrence and scikit-learn."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from olfnet.theory import network
from olfnet.theory.activations import Tanh
from olfnet.theory.network import Dense, LogisticLoss, Network, SquaredLoss, gradient, train


def rng(seed=0):
    return np.random.default_rng(seed)


def test_least_squares_is_learned_to_the_optimum():
    random = rng(10)
    inputs, targets = random.standard_normal((30, 4)), random.standard_normal((30, 2))
    start = Network([Dense(np.zeros((2, 4)))])
    learned = train(start, inputs, targets, learning_rate=0.3, momentum=0.5, n_steps=2000)
    design = np.column_stack([inputs, np.ones(30)])
    solution, residual, *_ = np.linalg.lstsq(design, targets)
    weights, bias = learned.network.parameters
    np.testing.assert_allclose(np.column_stack([weights, bias]), solution.T, atol=1e-12)
    assert learned.losses[-1] == pytest.approx(residual.sum() / 2 / 30, rel=1e-12)
    assert not start.parameters[0].any()


def test_logistic_loss_is_learned_to_the_optimum_of_scikit_learn():
    random = rng(11)
    inputs = random.standard_normal((80, 3))
    probabilities = expit(inputs @ [1.0, -2.0, 0.5] + 0.3)
    labels = np.where(random.random(80) < probabilities, 1.0, -1.0)
    start = Network([Dense(np.zeros((1, 3)))])
    options = {"loss": LogisticLoss(), "learning_rate": 2.0, "n_steps": 3000}
    weights, bias = train(start, inputs, labels[:, None], **options).network.parameters
    expected = LogisticRegression(C=np.inf, tol=1e-10).fit(inputs, labels)
    np.testing.assert_allclose(weights, expected.coef_, atol=1e-5)
    np.testing.assert_allclose(bias, expected.intercept_, atol=1e-5)


def test_batches_are_drawn_by_rng():
    random = rng(12)
    inputs, targets = random.standard_normal((60, 2)), random.standard_normal((60, 1))
    start = Network([Dense(np.zeros((1, 2)))])
    one, two, other = (
        train(start, inputs, targets, batch_size=7, n_steps=20, rng=seed).losses
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    batch = rng(1).choice(60, 7, replace=False)
    assert one[0] == pytest.approx(np.mean(targets[batch] ** 2) / 2, rel=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_is_a_linear_recurrence(momentum):
    """On the loss e^2 / 2, e_t+1 = (1 + m - rate) e_t - m e_t-1 (Polyak 1964), e_-1 = e_0."""
    start, inputs, targets = Network([Dense([[0.0]])]), [[-1.0], [1.0]], [[-2.0], [2.0]]
    options = {"learning_rate": 0.2, "n_steps": 40}
    step = np.array([[0.8 + momentum, -momentum], [1.0, 0.0]])
    errors = [(np.linalg.matrix_power(step, t) @ [-2.0, -2.0])[0] for t in range(41)]
    losses = train(start, inputs, targets, momentum=momentum, **options).losses
    np.testing.assert_allclose(losses, np.square(errors) / 2, rtol=1e-9, atol=1e-14)
    other = train(start, inputs, targets, momentum=momentum + 0.05, **options).losses
    assert not np.allclose(other, losses, rtol=1e-3)


NET, INPUTS, TARGETS = network.dense([2, 1], Tanh(), rng=0), np.ones((4, 2)), np.ones((4, 1))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: train(NET, INPUTS, TARGETS, learning_rate=0.0), "learning_rate must be positive"),
        (lambda: train(NET, INPUTS, TARGETS, momentum=1.0), r"momentum must be in \[0, 1\), got 1"),
        (lambda: train(NET, INPUTS, TARGETS, n_steps=0), "n_steps must be at least 1"),
        (lambda: train(NET, INPUTS, TARGETS, batch_size=9), "batch_size must be at most 4"),
        (lambda: train(NET, INPUTS * np.nan, TARGETS), r"inputs must be finite, got nan at \(0, 0"),
        (lambda: train(NET, INPUTS, TARGETS * np.inf), "targets must be finite, got inf"),
        (lambda: train(NET, [["a", "b"]], [[1.0]]), "inputs must be numbers"),
        (lambda: train(NET, np.ones((0, 2)), np.ones((0, 1))), "inputs must hold at least one"),
        (lambda: train(NET, 1.0, 1.0), "inputs must hold at least one sample"),
        (
            lambda: train(NET, INPUTS, np.ones((8, 1))),
            "targets must be as many as inputs, 4, got 8",
        ),
        (lambda: train(NET, INPUTS, np.ones(4)), r"shape of the outputs, \(4, 1\), got \(4,\)"),
        (
            lambda: gradient(NET, INPUTS, TARGETS, "squared"),
            r"loss must be one such as SquaredLoss",
        ),
        (lambda: gradient(NET, INPUTS, TARGETS, SquaredLoss), r"loss must be one such as Squared"),
        # Labels of 0, as other libraries have them, would silently have no effect.
        (lambda: gradient(NET, INPUTS, 0 * TARGETS, LogisticLoss()), "labels -1 or 1, got 0"),
    ],
)
def test_bad_training(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_divergence_names_the_learning_rate():
    with pytest.raises(FloatingPointError, match="learning_rate must be smaller, got 50"):
        train(NET, INPUTS, TARGETS, learning_rate=50.0, n_steps=1000)
