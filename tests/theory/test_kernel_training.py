"""Learning as a kernel sees it: against a differential equation, gradient descent, and networks."""

import numpy as np
import pytest
import scipy.integrate

from olfnet.theory import network
from olfnet.theory.activations import Erf, ReLU, Tanh
from olfnet.theory.network import Dense, Network
from olfnet.theory.ntk import KernelFlow, WideNetwork, empirical, one_step, tangents


def rng(seed=0):
    return np.random.default_rng(seed)


def problem(seed=1, n_samples=6, n_points=4):
    """Inputs that are learned and asked for, and targets."""
    random = rng(seed)
    return (
        random.standard_normal((n_samples, 5)),
        random.standard_normal((n_points, 5)),
        random.standard_normal(n_samples),
    )


def test_flow_solves_its_differential_equation():
    """Errors fall by the kernel times the error over n; other outputs go along."""
    inputs, points, targets = problem()
    wide, start = WideNetwork(2, Erf(), 1.5, 0.1), rng(2).standard_normal(10)
    kernel, cross = wide.ntk(inputs), wide.ntk(points, inputs)
    both, times = np.vstack([kernel, cross]), np.linspace(0, 5, 7)
    solved = scipy.integrate.solve_ivp(
        lambda _, f: both @ (targets - f[:6]) / 6,
        (0, 5),
        start,
        t_eval=times,
        rtol=1e-10,
        atol=1e-12,
    )
    flow = KernelFlow(kernel, targets, start[:6])
    np.testing.assert_allclose(flow.learned(times), solved.y[:6].T, atol=1e-8)
    found = flow.predicted(cross, times, start[6:])
    np.testing.assert_allclose(found, solved.y[6:].T, atol=1e-8)
    assert np.abs(flow.predicted(cross, times) - found).max() > 0.1
    losses = np.mean((solved.y[:6].T - targets) ** 2, axis=1) / 2
    np.testing.assert_allclose(flow.loss(times), losses, atol=1e-8)


def test_in_the_end_it_is_kernel_regression():
    inputs, points, targets = problem(3)
    wide = WideNetwork(1, Tanh())
    kernel, cross = wide.ntk(inputs), wide.ntk(points, inputs)
    flow = KernelFlow(kernel, targets)
    late = 100 / flow.rates[0]
    np.testing.assert_allclose(flow.learned([late])[0], targets, rtol=1e-12)
    wanted = cross @ np.linalg.solve(kernel, targets)
    np.testing.assert_allclose(flow.predicted(cross, [late])[0], wanted, rtol=1e-9)


def test_descent_is_that_of_the_linearized_network():
    """The network's tangents as features of a linear model that ``train`` learns; rounding only."""
    inputs, points, targets = problem(4)
    net = WideNetwork(2, Tanh(), 1.5, 0.1).draw(5, 30, rng=5)
    features, others = (tangents(net, x)[:, 0] for x in (inputs, points))
    rate, n_steps = 0.05, 40
    start = net(inputs)[:, 0]
    weights = np.zeros(features.shape[1])
    for _ in range(n_steps):
        weights -= rate * features.T @ (start + features @ weights - targets) / 6
    options = {"learning_rate": rate, "n_steps": n_steps}
    with_bias = network.train(
        Network([Dense(np.zeros((1, features.shape[1])))]), features, targets[:, None], **options
    )
    flow = KernelFlow(empirical(net, inputs), targets, start, rate)
    found = flow.predicted(empirical(net, points, inputs), [rate * n_steps], net(points)[:, 0])[0]
    np.testing.assert_allclose(found, net(points)[:, 0] + others @ weights, rtol=1e-11)
    np.testing.assert_allclose(
        flow.learned([rate * n_steps])[0], start + features @ weights, rtol=1e-11
    )
    # The bias that ``train`` learns as well adds 1 to the kernel.
    biased = KernelFlow(empirical(net, inputs) + 1, targets, 0.0, rate)
    np.testing.assert_allclose(
        biased.learned([rate * n_steps])[0], with_bias.network(features)[:, 0], rtol=1e-9
    )
    smooth = KernelFlow(empirical(net, inputs), targets, start).learned([rate * n_steps])[0]
    assert np.abs(smooth - start - features @ weights).max() > 1e-4


def error_of_one_step(net, step):
    """Largest error of the kernel about the answers after one step, and the largest change."""
    inputs, points, targets = problem(6)
    done = network.train(net, inputs, targets[:, None], learning_rate=step, n_steps=1).network
    change = (done(points) - net(points))[:, 0]
    told = one_step(empirical(net, points, inputs), net(inputs)[:, 0], targets, step)
    return np.abs(change - told).max(), np.abs(change).max()


def test_one_step_changes_other_answers_by_the_kernel_to_first_order():
    """Halving the step quarters the error and halves the change; third orders are 1e-3."""
    net = WideNetwork(2, Tanh()).draw(5, 50, rng=7)
    errors, changes = np.transpose([error_of_one_step(net, step) for step in (2e-3, 1e-3, 5e-4)])
    np.testing.assert_allclose(errors[:-1] / errors[1:], 4, rtol=0.02)
    np.testing.assert_allclose(changes[:-1] / changes[1:], 2, rtol=0.02)
    assert errors[0] < 0.1 * changes[0]


def test_one_step_of_a_linear_network_is_exact():
    net = WideNetwork(0, bias_variance=0.3).draw(5, 1, rng=8)
    error, change = error_of_one_step(net, 0.1)
    assert error < 1e-14 < 0.01 < change
    assert error_of_one_step(WideNetwork(1, Tanh()).draw(5, 50, rng=8), 0.1)[0] > 1e-6


@pytest.mark.parametrize("activation", [ReLU(), Tanh()])
def test_wide_networks_learn_as_their_kernel_flows(activation):
    """Descent in small steps, at widths 16 times apart: the distance shrinks by about 4."""
    inputs, points, targets = problem(9)
    wide, rate, n_steps = WideNetwork(1, activation), 0.2, 60
    kernel, cross = wide.ntk(inputs), wide.ntk(points, inputs)
    distances = []
    for width in (128, 2048):
        found = []
        for stream in rng(10).spawn(8):
            net = wide.draw(5, width, rng=stream)
            done = network.train(net, inputs, targets[:, None], learning_rate=rate, n_steps=n_steps)
            flow = KernelFlow(kernel, targets, net(inputs)[:, 0], rate)
            told = flow.predicted(cross, [rate * n_steps], net(points)[:, 0])[0]
            found.append((done.network(points)[:, 0] - told) / np.std(told - net(points)[:, 0]))
        distances.append(np.sqrt(np.mean(np.square(found))))
    assert distances[1] < 0.1
    # Eight networks of four answers: the ratio is known to 2 sqrt(1 / 32) or so.
    assert 2 < distances[0] / distances[1] < 8


def test_samples_that_are_the_same_are_learned_together():
    """A kernel without inverse: of opposite targets the mean is learned, however long it takes."""
    inputs = np.array([[1.0, 2.0], [1.0, 2.0], [-2.0, 0.5]])
    kernel = WideNetwork(1).ntk(inputs)
    flow = KernelFlow(kernel, [1.0, -1.0, 3.0])
    np.testing.assert_allclose(flow.learned([1e4])[0], [0, 0, 3], atol=1e-7)
    np.testing.assert_allclose(flow.predicted(kernel, [1e4])[0], [0, 0, 3], atol=1e-6)
    assert flow.rates[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: KernelFlow([[1.0, 2.0]], [1.0]), "kernel must be symmetric, 1 by 1"),
        (lambda: KernelFlow([[1.0, 0.0], [0.5, 1.0]], [1.0, 2.0]), "kernel must be symmetric"),
        (
            lambda: KernelFlow([[1.0, 2.0], [2.0, 1.0]], [1.0, 2.0]),
            "negative eigenvalue, got -1",
        ),
        (lambda: KernelFlow([[1.0]], [np.inf]), "targets must be finite"),
        (lambda: KernelFlow([[1.0]], [1.0], learning_rate=-1), "learning_rate must be non-neg"),
        (lambda: KernelFlow([[1.0]], [1.0]).learned([-1.0]), "times must be non-negative"),
        (
            lambda: KernelFlow([[1.0]], [1.0], learning_rate=0.1).learned([0.25]),
            "times must be multiples of learning_rate=0.1, got 0.25",
        ),
        (
            lambda: KernelFlow([[1.0]], [1.0]).predicted([[1.0, 2.0]], [1.0]),
            "cross must have a column for each of 1 samples, got 2",
        ),
        (lambda: one_step([[1.0]], [1.0, 2.0], [0.0, 0.0], 0.1), "a column for each of 2 samples"),
        (lambda: one_step([[1.0]], [1.0], [0.0, 0.0], 0.1), "outputs must have 2 entries, got 1"),
        (lambda: one_step([[1.0]], [1.0], [0.0], 0.0), "learning_rate must be positive"),
        (
            lambda: KernelFlow([[1.0]], [1.0], [1.0, 2.0]),
            r"initial must have 1 entries, got shape \(2,\)",
        ),
        (
            lambda: KernelFlow([[1.0]], [1.0]).predicted([[1.0]], [1.0], [1.0, 2.0]),
            "initial must have 1 entries",
        ),
        (
            lambda: KernelFlow([[9.0]], [1.0], learning_rate=1.0).loss([2000.0]),
            "learning_rate must be below 0.222222, .* got 1",
        ),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(ValueError, match=words):
        make()
