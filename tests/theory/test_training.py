"""Gradient descent against known optima, a linear recurrence, SciPy and scikit-learn."""

import numpy as np
import pytest
import scipy.optimize
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
    assert (np.diff(learned.losses) < 1e-14).mean() > 0.9


def test_logistic_loss_is_learned_to_the_optimum_of_scikit_learn():
    random = rng(11)
    inputs = random.standard_normal((80, 3))
    chances = expit(inputs @ [1.0, -2.0, 0.5] + 0.3)
    labels = np.where(random.random(80) < chances, 1.0, -1.0)
    start = Network([Dense(np.zeros((1, 3)))])
    learned = train(
        start, inputs, labels[:, None], loss=LogisticLoss(), learning_rate=2.0, n_steps=3000
    )
    wanted = LogisticRegression(C=np.inf, tol=1e-10).fit(inputs, labels)
    weights, bias = learned.network.parameters
    np.testing.assert_allclose(weights, wanted.coef_, atol=1e-5)
    np.testing.assert_allclose(bias, wanted.intercept_, atol=1e-5)


def test_xor_is_learned_with_a_hidden_layer_only():
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    labels = np.array([[-1.0], [1.0], [1.0], [-1.0]])
    options = {"loss": LogisticLoss(), "learning_rate": 0.5, "momentum": 0.9, "n_steps": 2000}
    deep = train(network.dense([2, 8, 1], Tanh(), rng=1), inputs, labels, **options)
    flat = train(network.dense([2, 1], Tanh(), rng=1), inputs, labels, **options)
    assert (np.sign(deep.network(inputs)) == labels).all()
    assert deep.losses[-1] < 0.01
    assert flat.losses[-1] == pytest.approx(np.log(2), abs=1e-6)  # the optimum is all zeros


def test_momentum_and_batches():
    random = rng(12)
    inputs, targets = random.standard_normal((60, 2)), random.standard_normal((60, 1))
    start = Network([Dense(np.zeros((1, 2)))])
    slow = train(start, inputs, targets, learning_rate=0.01, n_steps=60)
    fast = train(start, inputs, targets, learning_rate=0.01, momentum=0.8, n_steps=60)
    assert fast.losses[-1] < slow.losses[-1] - 1e-4
    one, two, other = (
        train(start, inputs, targets, batch_size=7, n_steps=20, rng=seed).losses
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    assert start.parameters[0].tolist() == [[0.0, 0.0]]  # the record is as it was


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_is_a_linear_recurrence(momentum):
    """On the loss e^2 / 2, e_t+1 = (1 + m - rate) e_t - m e_t-1 (Polyak 1964), e_-1 = e_0."""
    start, inputs, targets = Network([Dense([[0.0]])]), [[-1.0], [1.0]], [[-2.0], [2.0]]
    options = {"learning_rate": 0.2, "n_steps": 40}
    step = np.array([[0.8 + momentum, -momentum], [1.0, 0.0]])
    errors = [(np.linalg.matrix_power(step, t) @ [-2.0, -2.0])[0] for t in range(41)]
    found = train(start, inputs, targets, momentum=momentum, **options).losses
    np.testing.assert_allclose(found, np.square(errors) / 2, rtol=1e-9, atol=1e-14)
    other = train(start, inputs, targets, momentum=momentum + 0.05, **options).losses
    assert not np.allclose(other, found, rtol=1e-3)


def test_training_equals_an_independent_optimizer():
    """The same small network, learned by SciPy's BFGS from the same start, is no better."""
    random = rng(13)
    inputs = np.linspace(-1, 1, 12)[:, None]
    targets = np.sin(3 * inputs)
    start = network.dense([1, 5, 1], Tanh(), bias_variance=0.5, rng=random)
    shapes = [array.shape for array in start.parameters]
    cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def loss_of(flat):
        parts = np.split(flat, cuts)
        net = start.with_parameters([p.reshape(s) for p, s in zip(parts, shapes, strict=True)])
        value, slopes = gradient(net, inputs, targets, SquaredLoss())
        return value, np.concatenate([slope.ravel() for slope in slopes])

    flat = np.concatenate([array.ravel() for array in start.parameters])
    best = scipy.optimize.minimize(loss_of, flat, jac=True, method="BFGS")
    learned = train(start, inputs, targets, learning_rate=0.2, momentum=0.9, n_steps=20_000)
    assert learned.losses[0] > 0.05
    assert learned.losses[-1] < 1e-4
    assert best.fun < learned.losses[-1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\), got 1"),
        ({"n_steps": 0}, "n_steps must be at least 1"),
        ({"batch_size": 9}, "batch_size must be at most 4"),
    ],
)
def test_bad_training(options, words):
    net = network.dense([2, 1], Tanh(), rng=0)
    with pytest.raises(ValueError, match=words):
        train(net, np.ones((4, 2)), np.ones((4, 1)), **options)


@pytest.mark.parametrize(
    ("inputs", "targets", "words"),
    [
        ([[1.0, np.nan]] * 4, [[1.0]] * 4, r"inputs must be finite, got nan at \(0, 1\)"),
        ([[1.0, 2.0]] * 4, [[np.inf]] * 4, r"targets must be finite, got inf at \(0, 0\)"),
        ([["a", "b"]], [[1.0]], "inputs must be numbers"),
        (np.ones((0, 2)), np.ones((0, 1)), "inputs must hold at least one sample"),
        (1.0, 1.0, "inputs must hold at least one sample"),
        ([[1.0, 2.0]] * 4, [[1.0]] * 8, "targets must be as many as inputs, 4, got 8"),
    ],
)
def test_bad_samples(inputs, targets, words):
    """Numbers that are none are no matter of the learning rate, nor are batches cut short."""
    net = network.dense([2, 1], Tanh(), rng=0)
    with pytest.raises(ValueError, match=words):
        train(net, inputs, targets, batch_size=1, n_steps=2)
    with pytest.raises(
        ValueError, match=words.replace("be as many as inputs, 4, got 8", "have the shape")
    ):
        gradient(net, inputs, targets, SquaredLoss())


def test_targets_and_divergence():
    net = network.dense([2, 1], Tanh(), rng=0)
    with pytest.raises(ValueError, match=r"targets must have the shape of the outputs, \(4, 1\)"):
        train(net, np.ones((4, 2)), np.ones(4))
    with pytest.raises(FloatingPointError, match="learning_rate must be smaller, got 50"):
        train(net, np.ones((4, 2)), np.ones((4, 1)), learning_rate=50.0, n_steps=1000)
