"""Layers, gradients, descent and dead networks against SciPy, scikit-learn, and counting."""

from itertools import product

import numpy as np
import pytest
import scipy.signal
from numpy.random import default_rng as rng
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from olfnet.theory import network, ntk
from olfnet.theory.activations import Erf, Identity, LeakyReLU, ReLU, Sigmoid, Tanh
from olfnet.theory.network import (
    Activate,
    Convolution,
    Dense,
    Flatten,
    LogisticLoss,
    MeanPool,
    Network,
    Parallel,
    Residual,
    SquaredLoss,
    dead_input,
    dead_network_bounds,
    gradient,
    lost_inputs,
    train,
)


def convolutional(padding, stride, dims, activation=Tanh()):  # noqa: B008
    """Convolutions, a residual block, and dense readouts of all points and of means."""
    random = rng(1)
    window = (3, 2)[:dims]
    kernels, bias = random.standard_normal((4, 2, *window)), random.standard_normal(4)
    same = Convolution(0.3 * random.standard_normal((4, 4, *(3,) * dims)), 0.1, padding="circular")
    block = Residual([same, Activate(activation)])
    body = [Convolution(kernels, bias, stride, padding), Activate(activation), block]
    inputs = random.standard_normal((5, 2, *(7, 6)[:dims]))
    width = Network([*body, Flatten()])(inputs).shape[1]
    return Network([*body, Flatten(), Dense(random.standard_normal((2, width)), 0.2)]), inputs


def every_network():
    inputs = rng(3).standard_normal((5, 3))
    for activation in (Tanh(), Sigmoid(), Erf(), ReLU(), LeakyReLU(0.1)):
        yield network.dense([3, 6, 5, 2], activation, bias_variance=0.3, rng=2), inputs
    for padding in ("none", "zero", "circular"):
        for stride in (1, 2, 3):
            for dims in (1, 2):
                yield convolutional(padding, stride, dims)
    kernels = rng(4).standard_normal((4, 2, 3))
    body = [Convolution(kernels), Activate(Tanh()), MeanPool()]
    yield Network([*body, Dense([[1.0, -2.0, 0.5, 0.3]])]), rng(5).standard_normal((5, 2, 7))
    parts = [network.dense([n, 4, 1], Tanh(), bias_variance=0.1, rng=n) for n in (2, 1)]
    yield Network([Parallel(parts, [[0, 2], [2]])]), inputs


@pytest.mark.parametrize("loss", [SquaredLoss(), LogisticLoss()])
@pytest.mark.parametrize(("net", "inputs"), list(every_network()))
def test_gradients_are_finite_differences(net, inputs, loss):
    """Central differences of step h err by h^2 (third derivatives) and 1e-16 / h (rounding)."""
    random, h = rng(4), 1e-5
    targets = random.choice([-1.0, 1.0], net(inputs).shape)
    value, slopes = gradient(net, inputs, targets, loss)
    assert value == pytest.approx(loss(net(inputs), targets)[0], rel=1e-15)
    for nth, slope in enumerate(slopes):
        parameters = list(net.parameters)
        direction = random.standard_normal(slope.shape)
        ends = []
        for step in (h, -h):
            parameters[nth] = net.parameters[nth] + step * direction
            ends.append(gradient(net.with_parameters(parameters), inputs, targets, loss)[0])
        along = np.sum(slope * direction)
        assert along == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6, abs=1e-8)
    outputs, pull_back = net.linearized(inputs)
    weights, direction = random.standard_normal(outputs.shape), random.standard_normal(inputs.shape)
    along = np.sum(pull_back(weights)[0] * direction)
    difference = np.sum(weights * (net(inputs + h * direction) - net(inputs - h * direction)))
    assert along == pytest.approx(difference / (2 * h), rel=1e-6, abs=1e-7)
    assert along != pytest.approx(1.001 * difference / (2 * h), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("padding", ["none", "zero", "circular"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_convolutions_are_those_of_scipy(padding, stride):
    kernels, inputs = rng(6).standard_normal((4, 2, 3, 2)), rng(7).standard_normal((2, 8, 7))
    bias = np.arange(4.0)
    outputs = Convolution(kernels, bias, stride, padding).linearized(inputs[None])[0][0]
    if padding != "none":
        mode = {"zero": "constant", "circular": "wrap"}[padding]
        inputs = np.pad(inputs, ((0, 0), (1, 1), (0, 1)), mode=mode)
    maps = [scipy.signal.correlate(inputs, kernel, "valid")[0] for kernel in kernels]
    expected = np.array(maps)[:, ::stride, ::stride] + bias[:, None, None]
    np.testing.assert_allclose(outputs, expected, rtol=1e-10, atol=1e-13)


def test_residual_blocks_pass_gradients_around():
    """A block of zero weights is the identity, forwards and backwards."""
    block = Residual([Dense(np.zeros((3, 3))), Activate(Tanh())])
    inputs = rng(14).standard_normal((4, 3))
    outputs, pull_back = Network([block] * 50).linearized(inputs)
    np.testing.assert_array_equal(outputs, inputs)
    np.testing.assert_array_equal(pull_back(inputs)[0], inputs)
    plain = Network([*block.layers] * 50).linearized(inputs)[1]
    assert not plain(inputs)[0].any()


def test_parallel_parts_add_up():
    parts = [network.dense([n, 5, 1], Tanh(), rng=n) for n in (2, 1)]
    inputs = rng(3).standard_normal((6, 3))
    both = parts[0](inputs[:, [0, 2]]) + parts[1](inputs[:, [2]])
    parallel = Parallel(parts, [[0, 2], [2]])
    assert parallel(inputs) == pytest.approx(both)
    assert Network([parallel]).then(Dense([[2.0]]))(inputs) == pytest.approx(2 * both)


def test_each_layer_can_have_its_own_variance():
    """Glorot's, with standard deviations within 5 standard errors."""
    widths = np.array([200, 600, 200])
    n_inputs, n_outputs = widths[:-1], widths[1:]
    variance = 2 / (n_inputs + n_outputs)
    net = network.dense(
        widths, Identity(), weight_variance=n_inputs * variance, bias_variance=[0.0, 4.0], rng=1
    )
    for layer, expected in zip(net.layers[::2], variance, strict=True):
        error = 5 / (2 * layer.weights.size) ** 0.5
        assert layer.weights.std() / expected**0.5 == pytest.approx(1, abs=error)
        he = 2 / layer.weights.shape[1]
        assert abs(layer.weights.std() / he**0.5 - 1) > error
    assert not net.layers[0].bias.any()
    assert net.layers[2].bias.std() == pytest.approx(2, abs=2 * 5 / 400**0.5)


@pytest.mark.parametrize(
    ("make", "array"), [(Dense, np.ones((2, 3))), (Convolution, np.ones((2, 1, 3)))]
)
def test_layers_cannot_be_changed_from_outside(make, array):
    layer = make(array, np.zeros(2))
    array[:] = 7.0
    assert (layer.parameters[0] == 1).all()
    for values in layer.parameters:
        with pytest.raises(ValueError, match="read-only"):
            values[:] = 7.0


def test_parameters_must_fit():
    net = network.dense([2, 3, 1], Tanh(), rng=0)
    old = net.parameters
    for new in ([*old, np.ones(3)], old[:3], [np.ones((7, 2)), *old[1:]]):
        with pytest.raises(ValueError, match=r"must have the shapes \[\(3, 2\), .*, got"):
            net.with_parameters(new)
    with pytest.raises(ValueError, match=r"must have the shapes \[\], got"):
        Flatten().with_parameters(old[:1])


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


def test_divergence_names_the_learning_rate():
    with pytest.raises(FloatingPointError, match="learning_rate must be smaller, got 50"):
        train(NET, INPUTS, TARGETS, learning_rate=50.0, n_steps=1000)


def test_bounds_by_counting():
    """Units are silent with probability 1/2; orthogonal inputs of one layer are independent."""
    silent = np.array(list(product([True, False], repeat=2 + 3))).reshape(-1, 5)
    lost = silent[:, :2].all(axis=1) | silent[:, 2:].all(axis=1)
    assert dead_input([2, 3]) == pytest.approx(lost.mean(), rel=1e-14)
    assert dead_network_bounds([2, 3], 1) == (dead_input([2, 3]), dead_input([2, 3]))
    assert dead_network_bounds([1], 3, nonnegative=True) == (1 / 8, 1 / 2)
    assert dead_network_bounds([4], 2) == (0, pytest.approx(1 / 16))
    assert dead_network_bounds([4] * 1000, 10)[0] > 1 - 1e-9
    assert dead_input([30] * 1000) == pytest.approx(1000 * 2.0**-30, rel=1e-4)


def test_inputs_are_lost_where_no_unit_has_a_slope():
    inputs = np.random.default_rng(5).standard_normal((50, 3))
    net = network.dense([3, 2, 2, 2, 1], ReLU(), rng=6)
    hidden, by_layer = inputs, lost_inputs(net, inputs)
    for layer, dead in zip(net.layers[:-1:2], by_layer, strict=True):
        hidden = np.maximum(hidden @ layer.weights.T, 0)
        np.testing.assert_array_equal(dead, ~hidden.any(axis=1))
    assert 0 < by_layer[-1].sum() < 50
    first = ntk.tangents(net, inputs)[:, 0, : 2 * 3]
    np.testing.assert_array_equal(~first.any(axis=1), by_layer[-1])
    for activation in (LeakyReLU(0.01), Tanh()):
        alive = network.dense([3, 2, 2, 2, 1], activation, rng=6)
        assert not np.any(lost_inputs(alive, inputs))
    nested = Network([Network([Network([Dense([[1.0], [2.0]]), Activate(ReLU())])])])
    assert lost_inputs(nested, [[1.0], [-1.0]])[0].tolist() == [False, True]


CONVOLUTION = Network([Convolution(np.ones((1, 2, 3)))])
ONE, TWO = Dense([[1.0]]), Dense([[1], [2]])
BLOCK, PARTS = Residual([Dense([[1.0]])]), Parallel([Dense([[1.0]])], [[0]])
NET, INPUTS, TARGETS = network.dense([2, 1], Tanh(), rng=0), np.ones((4, 2)), np.ones((4, 1))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense([1.0]), "weights must be 2-D"),
        (lambda: Dense([[1.0, 2.0]], [1.0, 2.0]), "bias must have 1 entries, got 2"),
        (lambda: Convolution("a"), "kernels must be numbers, got 'a'"),
        (lambda: Convolution(np.zeros((2, 2))), "kernels must have the shape"),
        (lambda: Convolution(np.zeros((2, 2, 3)), [1.0]), "bias must have 2 entries, got 1"),
        (lambda: Convolution(np.zeros((2, 2, 3)), padding="same"), "padding must be one of"),
        (lambda: network.dense([3], Tanh()), "widths must hold"),
        (lambda: network.dense([3, 0], Tanh()), "widths must be at least 1"),
        (lambda: network.dense([3, 1], Tanh(), weight_variance=-1), "weight_variance must be non"),
        (lambda: network.dense([3, 1], Tanh(), bias_variance=[0, 1]), "must have 1 entries, got"),
        (lambda: network.dense([2, 3, 1], ReLU, rng=0), r"activation must be one such as ReLU\(\)"),
        (lambda: Network([ReLU()]), "layers must be a list of layers such as Dense"),
        (lambda: Network(ONE), "layers must be a list of layers such as Dense"),
        (lambda: Network([ONE])(np.ones(1)), "inputs must have 1 columns, got shape"),
        (lambda: Network([ONE])(np.ones((0, 1))), "inputs must hold at least one"),
        (lambda: Network([MeanPool()])(np.ones((4, 3))), "inputs must have channels and a grid"),
        (lambda: Residual([Dense([[1.0, 1.0]])])([[1.0, 2.0]]), "must keep the shape"),
        (lambda: CONVOLUTION(np.ones((4, 5))), "inputs must have 2 channels on a grid of 1 dim"),
        (lambda: CONVOLUTION(np.ones((4, 1, 5))), r"2 channels .* got shape \(4, 1, 5\)"),
        (lambda: CONVOLUTION(np.ones((4, 2, 2))), r"as wide as \(3,\), got shape \(4, 2, 2\)"),
        (lambda: Parallel([ONE], []), "columns must be as many as parts, 1, and at least one"),
        (lambda: Parallel([ONE], [1]), "columns must be lists of at least one number each, got 1"),
        (lambda: Parallel([ONE], [[]]), r"lists of at least one number each, got \[\]"),
        (lambda: Parallel([ONE], [[0.5]]), "columns must be an integer, got 0.5"),
        (lambda: Parallel([ONE], [[True]]), r"columns must be integers, got \[True\]"),
        (lambda: Parallel([ONE], [[-1]]), "columns must be at least 0, got -1"),
        (lambda: Parallel([ONE], [[3]])([[1.0, 2.0]]), r"a column 3 for columns, got shape \(1, 2"),
        (lambda: Parallel([ONE], [[0]])([1.0, 2.0]), r"a column 0 for columns, got shape \(2,\)"),
        (lambda: Parallel([ONE, TWO], [[0], [1]])([[1.0, 2.0]]), r"one shape, got \[\(1, 1\), \(1"),
        (lambda: Network([ONE])([[np.nan]]), "inputs must be finite, got nan"),
        (lambda: dead_input([]), "widths must be 1-D with at least one entry"),
        (lambda: dead_input([1.5]), r"widths must be integers, got \[1.5\]"),
        (lambda: dead_network_bounds([2], 0), "n_inputs must be at least 1, got 0"),
        (lambda: lost_inputs(network.dense([1, 1], ReLU()), [[np.nan]]), "must be finite"),
        (lambda: lost_inputs(Network([Network([BLOCK])]), [[1.0]]), "the other, got .* Residual"),
        (lambda: lost_inputs(Network([PARTS]), [[1.0]]), "one after the other, got .* Parallel"),
        (lambda: train(NET, INPUTS, TARGETS, learning_rate=0.0), "learning_rate must be positive"),
        (lambda: train(NET, INPUTS, TARGETS, momentum=1.0), r"momentum must be in \[0, 1\), got 1"),
        (lambda: train(NET, INPUTS, TARGETS, batch_size=9), "batch_size must be at most 4"),
        (lambda: train(NET, INPUTS * np.nan, TARGETS), r"inputs must be finite, got nan at \(0, 0"),
        (lambda: train(NET, INPUTS, TARGETS * np.inf), "targets must be finite, got inf"),
        (lambda: train(NET, np.ones((0, 2)), np.ones((0, 1))), "inputs must hold at least one"),
        (lambda: train(NET, INPUTS, np.ones((8, 1))), "targets must be as many as inputs, 4, got"),
        (lambda: train(NET, INPUTS, np.ones(4)), r"shape of the outputs, \(4, 1\), got \(4,\)"),
        (lambda: gradient(NET, INPUTS, TARGETS, SquaredLoss), r"loss must be one such as Squared"),
        # Labels of 0, as other libraries have them, would silently have no effect.
        (lambda: gradient(NET, INPUTS, 0 * TARGETS, LogisticLoss()), "labels -1 or 1, got 0"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(ValueError, match=words):
        make()
