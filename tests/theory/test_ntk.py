"""Kernels of wide networks: published values, other recursions, JAX, and finite networks."""

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from numpy.random import default_rng as rng

from olfnet.theory import expansion, network
from olfnet.theory.activations import (
    Erf,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Step,
    Tanh,
    Thresholded,
)
from olfnet.theory.moments import moments
from olfnet.theory.network import Activate, Dense, Flatten, Network
from olfnet.theory.ntk import KernelFlow, Scaled, WideNetwork, empirical, one_step, scaled, tangents
from olfnet.theory.ntk._dual_activations import dual

EVERY = [Identity(), ReLU(), LeakyReLU(0.2), Step(), Erf(), Tanh(), Sigmoid()]
# Two inputs that drive the first layer with variance 1 and covariance 1/2, for a variance of 2.
PAIR = np.array([[1.0, 0.0], [0.5, 0.75**0.5]])
LEFT, RIGHT = np.array([0.3, 1.0, 2.0]), np.array([0.7, 1.5])
CORRELATION = np.array([[0.6, -0.8], [0.1, 0.0], [-0.3, 0.9]])
COVARIANCE = CORRELATION * np.sqrt(np.multiply.outer(LEFT, RIGHT))


def products(activation, left, right, covariance):
    means = dual(activation)
    left, right, covariance = map(np.array, (left, right, covariance))
    return means.products(means.drives(left), means.drives(right), covariance)


def integral(function, left, right, correlation):
    """Mean of f(u) f(v) over the four quadrants, in each of which f is smooth."""
    nodes, weights = np.polynomial.legendre.leggauss(80)
    z, lengths = 4.5 * (1 + nodes), 4.5 * weights
    z, lengths = np.concatenate([-z, z]), np.concatenate([lengths, lengths])
    x, y = z[:, None], z
    rest = 1 - correlation**2
    density = np.exp(-(x**2 - 2 * correlation * x * y + y**2) / (2 * rest))
    density /= 2 * np.pi * np.sqrt(rest)
    return (lengths * function(left**0.5 * z)) @ density @ (lengths * function(right**0.5 * z))


@pytest.mark.parametrize("activation", EVERY)
def test_products_are_double_integrals(activation):
    """Normal numbers are cut off at 9: what is left out is below 1e-17."""
    outputs, slopes = products(activation, LEFT, RIGHT, COVARIANCE)
    for row, column in np.ndindex(outputs.shape):
        pair = LEFT[row], RIGHT[column], CORRELATION[row, column]
        exact = integral(activation, *pair)
        assert outputs[row, column] == pytest.approx(exact, abs=1e-11)
        slope = integral(activation.derivative, *pair)
        assert slopes[row, column] == pytest.approx(slope, abs=1e-11)
        assert abs(integral(activation, *pair[:2], pair[2] * 0.9 - 0.01) - exact) > 1e-4
    means = dual(activation)
    drives = means.drives(LEFT)
    ends = means.products(drives, drives, np.sqrt(np.multiply.outer(LEFT, LEFT)))
    np.testing.assert_allclose(np.diag(ends.outputs), drives.outputs, rtol=1e-11)
    np.testing.assert_allclose(np.diag(ends.slopes), drives.slopes, rtol=1e-11)


@pytest.mark.parametrize("threshold", [1.0, -0.5])
def test_rectifiers_behind_a_threshold_have_the_kernel_of_an_expansion(threshold):
    c = np.array([[0.5, -0.3]])
    means = products(Thresholded(ReLU(), threshold), [1.0], [1.0, 1.0], c)
    level = scipy.special.ndtr(-threshold)
    np.testing.assert_allclose(means.outputs, expansion.Kernel(level, ReLU())(c), atol=2e-12)
    np.testing.assert_allclose(means.slopes, expansion.Kernel(level)(c), atol=2e-12)


def test_kinks_are_those_of_each_variance():
    bent = Thresholded(ReLU(), 0.4)
    together = products(bent, [0.3, 2.0], [0.7], [[0.2], [-0.5]]).outputs[:, 0]
    for joint, left, covariance in zip(together, (0.3, 2.0), (0.2, -0.5), strict=True):
        alone = products(bent, [left], [0.7], [[covariance]]).outputs[0, 0]
        assert joint == pytest.approx(alone, abs=1e-11)
    assert abs(together[0] - alone) > 1e-3


def test_nearly_equal_inputs_keep_their_digits():
    """E relu'(u) relu'(v) = 1/2 - angle / (2 pi), here from the chord of the angle."""
    c = 1 - 2.0**-52 * np.array([[20.0, 1e3, 1e8]])
    slopes = products(ReLU(), [1.0], np.ones(3), c).slopes
    angle = 2 * np.arcsin(np.sqrt((1 - c) / 2))
    np.testing.assert_allclose(0.5 - slopes, angle / (2 * np.pi), rtol=1e-8)
    same = products(ReLU(), [1.0], np.ones(3), 1 + 2.0**-52 * np.array([[-5.0, 0.0, 5.0]]))
    assert same.slopes.tolist() == [[0.5, 0.5, 0.5]]


@pytest.mark.parametrize("activation", [*EVERY, Thresholded(Tanh(), 0.3)])
def test_drives_of_zero(activation):
    """The other one's mean output times that at 0, and nothing undefined."""
    means = products(activation, [0.0, 1.0], [1.0], [[0.0], [0.0]])
    assert np.isfinite(means).all()
    mean = moments(activation, scipy.stats.norm()).mean
    assert means.outputs[0, 0] == pytest.approx(float(activation(0.0) * mean), abs=1e-12)
    assert means.outputs[1, 0] == pytest.approx(mean**2, abs=1e-12)


@pytest.mark.parametrize(
    ("depth", "tangent", "correlation"),
    [(1, 0.942331, 0.318310), (2, 1.351480, 0.493731), (3, 1.737845, 0.604826)],
)
def test_published_values(depth, tangent, correlation):
    """The list of references has six decimals; correlations are those of orthogonal inputs."""
    kernel = WideNetwork(depth).ntk(PAIR)
    assert kernel[0, 1] == pytest.approx(tangent, abs=6e-7)
    np.testing.assert_allclose(np.diag(kernel), depth + 1, rtol=1e-15)
    assert abs(WideNetwork(depth, weight_variance=1.0).ntk(PAIR)[0, 1] - tangent) > 0.1
    kernel = WideNetwork(depth).nngp(np.eye(2))
    assert kernel[0, 1] / kernel[0, 0] == pytest.approx(correlation, abs=6e-7)


def test_rectifiers_in_higher_precision():
    """The recursion of Cho & Saul's arc-cosine kernels, with 40 digits and the arccosine."""
    inputs, weight, bias = rng(1).standard_normal((2, 4)), 1.7, 0.3
    kernels = WideNetwork(3, weight_variance=weight, bias_variance=bias).kernels(inputs)
    with mpmath.workdps(40):
        exact = [[mpmath.mpf(float(x)) for x in row] for row in inputs]
        weight, bias = mpmath.mpf(weight), mpmath.mpf(bias)
        for i, j in np.ndindex(2, 2):
            a, b, c = (
                weight * mpmath.fdot(exact[p], exact[q]) / 4 + bias
                for p, q in ((i, i), (j, j), (i, j))
            )
            tangent = c
            for _ in range(3):
                angle = mpmath.acos(min(c / mpmath.sqrt(a * b), 1))
                slope = weight * (mpmath.pi - angle) / (2 * mpmath.pi)
                cosine = mpmath.sin(angle) + (mpmath.pi - angle) * mpmath.cos(angle)
                c = weight * mpmath.sqrt(a * b) * cosine / (2 * mpmath.pi) + bias
                a, b = weight * a / 2 + bias, weight * b / 2 + bias
                tangent = c + slope * tangent
            assert kernels.nngp[i, j] == pytest.approx(float(c), rel=1e-13)
            assert kernels.ntk[i, j] == pytest.approx(float(tangent), rel=1e-13)


@pytest.mark.parametrize("bias", [0.0, 0.4])
def test_tangents_are_the_gradients_of_jax(bias):
    """A network of two outputs, written anew in the NTK parametrization."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    wide = WideNetwork(2, Tanh(), 1.5, bias)
    net, inputs = wide.draw(3, 7, n_outputs=2, rng=4), rng(5).standard_normal((4, 3))

    def outputs(parameters, x):
        arrays = list(parameters)
        for layer in range(3):
            weights = arrays.pop(0)
            x = (1.5 / weights.shape[1]) ** 0.5 * weights @ x
            x = x + bias**0.5 * arrays.pop(0) if bias else x
            x = jax.numpy.tanh(x) if layer < 2 else x
        return x

    by_jax = [outputs(net.parameters, x) for x in inputs]
    np.testing.assert_allclose(net(inputs), by_jax, rtol=1e-12)
    slopes = jax.vmap(jax.jacrev(outputs), (None, 0))(net.parameters, inputs)
    flat = np.concatenate([np.reshape(slope, (4, 2, -1)) for slope in slopes], axis=2)
    np.testing.assert_allclose(tangents(net, inputs), flat, rtol=1e-10, atol=1e-13)
    kernel = np.einsum("iop,jop->ij", flat, flat) / 2
    np.testing.assert_allclose(empirical(net, inputs), kernel, rtol=1e-10)
    np.testing.assert_allclose(empirical(net, inputs, inputs[:2]), kernel[:, :2], rtol=1e-10)
    other = network.dense([3, 7, 7, 2], Tanh(), weight_variance=1.5, bias_variance=bias, rng=4)
    assert abs(empirical(other, inputs)[0, 0] / kernel[0, 0] - 1) > 0.5


def test_scaling_changes_steps_and_nothing_else():
    """A step in W moves the weights by weight_variance / n_inputs times as much."""
    plain = network.dense([6, 20, 1], ReLU(), bias_variance=0.5, rng=6)
    same = scaled(plain, bias_variance=0.5)
    inputs, targets = rng(7).standard_normal((5, 6)), rng(8).standard_normal((5, 1))
    np.testing.assert_array_equal(same(inputs), plain(inputs))
    options = {"learning_rate": 0.01, "n_steps": 1}
    fast, slow = (network.train(net, inputs, targets, **options).network for net in (plain, same))
    for layer, factors in ((0, (2 / 6, 0.5)), (2, (2 / 20, 0.5))):
        start, far, near = (
            net.layers[layer].parameters
            for net in (plain, fast, Network([getattr(one, "layer", one) for one in slow.layers]))
        )
        for nth, factor in enumerate(factors):
            step = factor * (far[nth] - start[nth])
            np.testing.assert_allclose(near[nth] - start[nth], step, rtol=1e-9)
    rows = tangents(plain, inputs)[:, 0]
    first, second = (part @ part.T for part in (rows[:, :120], rows[:, 140:160]))
    kernel = empirical(scaled(plain), inputs)
    np.testing.assert_allclose(kernel, 2 / 6 * first + 2 / 20 * second, rtol=1e-12)


@pytest.mark.parametrize("activation", EVERY)
def test_blocks_halves_and_order_do_not_matter(activation):
    """More than one block of pairs; the series stop where 1e-12 is left of each layer."""
    inputs = rng(18).standard_normal((200, 6))
    wide = WideNetwork(2, activation, 1.5, 0.1)
    whole = wide.kernels(inputs)
    np.testing.assert_array_equal(whole.ntk, whole.ntk.T)
    part = wide.kernels(inputs[50:90], inputs[::-1])
    for one, other in zip(part, whole, strict=True):
        np.testing.assert_allclose(one, other[50:90, ::-1], rtol=1e-10)
        assert np.linalg.eigvalsh(other)[0] > -1e-10 * other.max()
    assert wide.ntk(inputs[:1])[0, 0] == pytest.approx(whole.ntk[0, 0], rel=1e-12)
    silent = WideNetwork(2).kernels([[0.0, 0.0], [1.0, 2.0]])
    assert [kernel[0].tolist() for kernel in silent] == [[0.0, 0.0]] * 2


def problem(seed=1):
    """Six inputs that are learned and four others, and targets."""
    random = rng(seed)
    return random.standard_normal((6, 5)), random.standard_normal((4, 5)), random.standard_normal(6)


def test_flow_solves_its_differential_equation():
    """Errors fall by the kernel times the error over n; other outputs go along."""
    inputs, points, targets = problem()
    wide, start = WideNetwork(2, Erf(), 1.5, 0.1), rng(2).standard_normal(10)
    kernel, cross = wide.ntk(inputs), wide.ntk(points, inputs)
    both, times = np.vstack([kernel, cross]), np.linspace(0, 5, 7)
    solved = scipy.integrate.solve_ivp(
        lambda _, f: both @ (targets - f[:6]) / 6, (0, 5), start, t_eval=times,
        rtol=1e-10, atol=1e-12,
    ).y.T  # fmt: skip
    flow = KernelFlow(kernel, targets, start[:6])
    np.testing.assert_allclose(flow.learned(times), solved[:, :6], atol=1e-8)
    predicted = flow.predicted(cross, times, start[6:])
    np.testing.assert_allclose(predicted, solved[:, 6:], atol=1e-8)
    assert np.abs(flow.predicted(cross, times) - predicted).max() > 0.1
    losses = np.mean((solved[:, :6] - targets) ** 2, axis=1) / 2
    np.testing.assert_allclose(flow.loss(times), losses, atol=1e-8)
    flow = KernelFlow(kernel, targets)
    late = 100 / flow.rates[0]
    regression = cross @ np.linalg.solve(kernel, targets)
    np.testing.assert_allclose(flow.predicted(cross, [late])[0], regression, rtol=1e-9)


def test_descent_is_that_of_the_linearized_network():
    """The network's tangents as features of a linear model; rounding only."""
    inputs, points, targets = problem(4)
    net = WideNetwork(2, Tanh(), 1.5, 0.1).draw(5, 30, rng=5)
    features, others = (tangents(net, x)[:, 0] for x in (inputs, points))
    rate, n_steps, start = 0.05, 40, net(inputs)[:, 0]
    weights = np.zeros(features.shape[1])
    for _ in range(n_steps):
        weights -= rate * features.T @ (start + features @ weights - targets) / 6
    kernel, times = empirical(net, inputs), [rate * n_steps]
    flow = KernelFlow(kernel, targets, start, rate)
    predicted = flow.predicted(empirical(net, points, inputs), times, net(points)[:, 0])[0]
    np.testing.assert_allclose(predicted, net(points)[:, 0] + others @ weights, rtol=1e-11)
    learned = start + features @ weights
    np.testing.assert_allclose(flow.learned(times)[0], learned, rtol=1e-11)
    assert np.abs(KernelFlow(kernel, targets, start).learned(times)[0] - learned).max() > 1e-4
    # A bias that is learned as well adds 1 to the kernel.
    line = Network([Dense(np.zeros((1, features.shape[1])))])
    options = {"learning_rate": rate, "n_steps": n_steps}
    trained = network.train(line, features, targets[:, None], **options).network(features)[:, 0]
    biased = KernelFlow(kernel + 1, targets, 0.0, rate).learned(times)[0]
    np.testing.assert_allclose(biased, trained, rtol=1e-9)


def test_one_step_of_a_linear_network_is_that_of_the_kernel():
    """Claims have it for others, exactly when linearized and to first order when not."""
    inputs, points, targets = problem(6)
    net = WideNetwork(0, bias_variance=0.3).draw(5, 1, rng=8)
    trained = network.train(net, inputs, targets[:, None], learning_rate=0.1, n_steps=1).network
    change = (trained(points) - net(points))[:, 0]
    predicted = one_step(empirical(net, points, inputs), net(inputs)[:, 0], targets, 0.1)
    assert np.abs(change - predicted).max() < 1e-14 < 0.01 < np.abs(change).max()


def test_samples_that_are_the_same_are_learned_together():
    """A kernel without inverse: of opposite targets the mean is learned, however long it takes."""
    kernel = WideNetwork(1).ntk([[1.0, 2.0], [1.0, 2.0], [-2.0, 0.5]])
    flow = KernelFlow(kernel, [1.0, -1.0, 3.0])
    np.testing.assert_allclose(flow.learned([1e4])[0], [0, 0, 3], atol=1e-7)
    np.testing.assert_allclose(flow.predicted(kernel, [1e4])[0], [0, 0, 3], atol=1e-6)


DRAWN, FLAT = WideNetwork(1).draw(1, 2, rng=0), Network([Flatten()])
FLOW = KernelFlow([[1.0]], [1.0])
STEPS = KernelFlow([[9.0]], [1.0], learning_rate=1.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: WideNetwork(-1), "depth must be at least 0, got -1"),
        (lambda: WideNetwork(1, ReLU), r"activation must be one such as ReLU\(\), got <class"),
        (lambda: WideNetwork(1).ntk([[np.nan]]), "inputs must be finite"),
        (lambda: WideNetwork(1).ntk([[1.0]], [[1.0, 2.0]]), "others must have 1 columns"),
        (lambda: WideNetwork(1).ntk([[1e160]]), r"inputs must be at most 1e\+100 in size, got 1e"),
        (lambda: scaled(FLAT), "net must have dense layers .* got Flatten"),
        (lambda: scaled(Network([Activate(ReLU())]), weight_variance=-1), "weight_variance must"),
        (lambda: Scaled(Dense([[1.0]]), [1.0]), "scales must have 2 entries, got 1"),
        (lambda: Scaled(Dense([[1.0]]), [1.0, 1.0]).with_parameters([[[1.0]]]), "must have the"),
        (lambda: empirical(DRAWN, np.ones((0, 1))), "inputs must hold at least one sample"),
        (lambda: empirical(FLAT, [[1.0]]), "net must have parameters that learn"),
        (lambda: tangents(DRAWN, [[np.nan]]), "inputs must be finite, got nan"),
        (lambda: tangents(FLAT, [[1.0]]), "net must have parameters that learn"),
        (lambda: KernelFlow([[1.0, 2.0]], [1.0]), "kernel must be symmetric, 1 by 1"),
        (lambda: KernelFlow([[1.0, 0.0], [0.5, 1.0]], [1.0, 2.0]), "kernel must be symmetric"),
        (lambda: KernelFlow([[1.0, 2.0], [2.0, 1.0]], [1.0, 2.0]), "negative eigenvalue, got -1"),
        (lambda: KernelFlow([[1.0]], [1.0], [1.0, 2.0]), r"initial must have 1 entries, got shape"),
        (lambda: FLOW.learned([-1.0]), "times must be non-negative"),
        (lambda: FLOW.predicted([[1.0, 2.0]], [1.0]), "cross must have 1 columns, got 2"),
        (lambda: STEPS.learned([2.5]), "times must be multiples of learning_rate=1, got 2.5"),
        (lambda: STEPS.loss([2000.0]), "learning_rate must be below 0.222222, .* got 1"),
        (lambda: one_step([[1.0]], [1.0], [0.0, 0.0], 0.1), "targets must have 1 entries, got 2"),
        (lambda: one_step([[1.0]], [1.0, 2.0], [0.0], 0.1), "outputs must have 1 entries, got 2"),
    ],
)  # fmt: skip
def test_bad_input(make, words):
    with pytest.raises(ValueError, match=words):
        make()
