"""Backpropagation against finite differences and JAX; networks as they are drawn."""

import numpy as np
import pytest

from olfnet.theory import network, propagation
from olfnet.theory.activations import Erf, Identity, LeakyReLU, ReLU, Sigmoid, Step, Tanh
from olfnet.theory.network import (
    Activate,
    Convolution,
    Dense,
    Flatten,
    LogisticLoss,
    Network,
    Residual,
    SquaredLoss,
    gradient,
)

SMOOTH = [Identity(), Tanh(), Sigmoid(), Erf()]
KINKED = [ReLU(), LeakyReLU(0.1), Step()]


def rng(seed=0):
    return np.random.default_rng(seed)


def convolutional(padding, stride, dims, activation):
    """Convolutions, a residual block and a dense readout, on a grid of 1 or 2 dimensions."""
    random = rng(1)
    window = (3, 2)[:dims]
    first = Convolution(
        random.standard_normal((4, 2, *window)), random.standard_normal(4), stride, padding
    )
    same = Convolution(0.3 * random.standard_normal((4, 4, *(3,) * dims)), 0.1, padding="circular")
    body = [first, Activate(activation), Residual([same, Activate(activation)]), Flatten()]
    shape = (5, 2, *(7, 6)[:dims])
    width = Network(body)(np.zeros(shape)).shape[1]
    inputs = random.standard_normal(shape)
    return Network([*body, Dense(random.standard_normal((2, width)), 0.2)]), inputs


def every_network():
    for activation in SMOOTH[1:] + KINKED[:2]:
        deep = network.dense([3, 6, 5, 2], activation, bias_variance=0.3, rng=2)
        yield deep, rng(3).standard_normal((5, 3))
    for padding in ("none", "zero", "circular"):
        for stride in (1, 2):
            for dims in (1, 2):
                yield convolutional(padding, stride, dims, Tanh())


def moved(net, array, place, by):
    parameters = [one.copy() for one in net.parameters]
    parameters[array][place] += by
    return net.with_parameters(parameters)


@pytest.mark.parametrize(("net", "inputs"), list(every_network()))
@pytest.mark.parametrize("loss", [SquaredLoss(), LogisticLoss()])
def test_gradients_are_finite_differences(net, inputs, loss):
    """Central differences of step h err by h^2 (third derivatives) and 1e-16 / h (rounding)."""
    random, h = rng(4), 1e-5
    targets = random.choice([-1.0, 1.0], net(inputs).shape)
    value, slopes = gradient(net, inputs, targets, loss)
    assert value == pytest.approx(loss(net(inputs), targets)[0], rel=1e-15)
    for array, slope in enumerate(slopes):
        assert slope.shape == net.parameters[array].shape
        for _ in range(4):
            place = tuple(random.integers(n) for n in slope.shape)
            up, down = (
                gradient(moved(net, array, place, by), inputs, targets, loss)[0] for by in (h, -h)
            )
            assert slope[place] == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("net", "inputs"), list(every_network()))
def test_gradients_by_the_inputs(net, inputs):
    outputs, pull_back = net.linearized(inputs)
    random, h = rng(5), 1e-5
    weights, direction = random.standard_normal(outputs.shape), random.standard_normal(inputs.shape)
    along = np.sum(pull_back(weights)[0] * direction)
    difference = np.sum(weights * (net(inputs + h * direction) - net(inputs - h * direction)))
    assert along == pytest.approx(difference / (2 * h), rel=1e-6, abs=1e-7)


def by_jax(jax, layer, parameters, x):
    """Compute a layer with JAX, from the definitions."""
    if isinstance(layer, Network):
        passed = x
        for part in layer.layers:
            n = len(part.parameters)
            passed = by_jax(jax, part, parameters[:n], passed)
            parameters = parameters[n:]
        return x + passed if isinstance(layer, Residual) else passed
    if isinstance(layer, Activate):
        return jax.numpy.where(x > 0, x, layer.activation.slope * x)
    if isinstance(layer, Flatten):
        return x.reshape(len(x), -1)
    weights, bias = parameters
    if isinstance(layer, Dense):
        return x @ weights.T + bias
    if layer.padding != "none":
        margins = [(0, 0)] * 2 + [((n - 1) // 2, n // 2) for n in weights.shape[2:]]
        x = jax.numpy.pad(x, margins, mode={"zero": "constant", "circular": "wrap"}[layer.padding])
    n_dims = weights.ndim - 2
    maps = jax.lax.conv(x, weights, (layer.stride,) * n_dims, "VALID")
    return maps + bias.reshape(-1, *[1] * n_dims)


@pytest.mark.parametrize("kind", ["squared", "logistic"])
@pytest.mark.parametrize(("dims", "padding"), [(1, "zero"), (1, "circular"), (2, "none"), (0, "")])
def test_gradients_of_all_layers_are_those_of_jax(kind, dims, padding):
    """Grids of 1 and 2 dimensions, residual blocks, leaky rectifiers, dense layers; both losses."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    leaky = LeakyReLU(0.1)
    net, inputs = (
        network.dense([3, 6, 5, 2], leaky, bias_variance=0.3, rng=2),
        rng(3).normal(size=(5, 3)),
    )
    if dims:
        net, inputs = convolutional(padding, 2, dims, leaky)
    labels = rng(4).choice([-1.0, 1.0], net(inputs).shape)

    def loss_of(parameters):
        outputs = by_jax(jax, net, parameters, inputs)
        if kind == "squared":
            return jax.numpy.sum((outputs - labels) ** 2) / 2 / len(inputs)
        return jax.numpy.sum(jax.numpy.logaddexp(0, -labels * outputs)) / len(inputs)

    wanted = jax.grad(loss_of)(list(net.parameters))
    loss = SquaredLoss() if kind == "squared" else LogisticLoss()
    value, slopes = gradient(net, inputs, labels, loss)
    assert value == pytest.approx(float(loss_of(net.parameters)), rel=1e-13)
    for mine, theirs in zip(slopes, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-13)
    assert not np.allclose(slopes[0][::-1], wanted[0])


def test_jacobian_is_made_of_gradients():
    net = network.dense([3, 4, 2], Tanh(), rng=8)
    inputs = rng(9).standard_normal((5, 3))
    rows = network.jacobian(net, inputs)
    assert [row.shape for row in rows] == [(5, 2, *array.shape) for array in net.parameters]
    h = 1e-6
    for array in range(len(rows)):
        place = tuple(0 for _ in net.parameters[array].shape)
        up, down = (moved(net, array, place, by)(inputs) for by in (h, -h))
        np.testing.assert_allclose(rows[array][(..., *place)], (up - down) / (2 * h), atol=1e-8)


def test_each_layer_can_have_its_variance_as_glorot_wants():
    """Standard deviations within 5 standard errors."""
    widths = np.array([200, 600, 200])
    n_inputs, n_outputs = widths[:-1], widths[1:]
    variance = propagation.glorot(n_inputs, n_outputs)
    net = network.dense(
        widths, Identity(), weight_variance=n_inputs * variance, bias_variance=[0.0, 4.0], rng=1
    )
    for layer, wanted in zip(net.layers[::2], variance, strict=True):
        error = 5 / (2 * layer.weights.size) ** 0.5
        assert layer.weights.std() / wanted**0.5 == pytest.approx(1, abs=error)
        he = propagation.he(layer.weights.shape[1])
        assert abs(layer.weights.std() / he**0.5 - 1) > error
    assert not net.layers[0].bias.any()
    assert net.layers[2].bias.std() == pytest.approx(2, abs=2 * 5 / 400**0.5)


def test_initial_variance_is_kept_by_he():
    random = rng(15)
    net = network.dense([200] + [1000] * 5 + [1], ReLU(), weight_variance=2.0, rng=random)
    inputs = random.standard_normal((20, 200))
    hidden = Network(net.layers[:-1])(inputs)
    ratio = 2 * np.mean(hidden**2, axis=1) / 2 / np.mean(inputs**2, axis=1)
    # Half the units are silent: E x^2 = v / 2 behind the rectifier, where v = 2 E x^2 before it.
    assert np.mean(ratio) == pytest.approx(1, abs=4 * np.sqrt(5 * 5 / 1000))
    for wrong in (1.0, 4.0):
        net = network.dense([200] + [1000] * 5 + [1], ReLU(), weight_variance=wrong, rng=random)
        hidden = Network(net.layers[:-1])(inputs)
        assert abs(np.log2(np.mean(hidden**2) / np.mean(inputs**2))) > 4


def test_jacobians_of_bad_samples():
    with pytest.raises(ValueError, match="inputs must be finite, got nan"):
        network.jacobian(network.dense([1, 1], Tanh(), rng=0), [[np.nan]])


@pytest.mark.parametrize("labels", [[[0.0], [1.0]], [[-1.0], [2.0]]])
def test_labels_are_minus_one_and_one(labels):
    """Labels of 0, as other libraries have them, would silently count for nothing."""
    net = network.dense([2, 1], Tanh(), rng=0)
    with pytest.raises(ValueError, match="targets must be labels -1 or 1, got [02]"):
        gradient(net, np.ones((2, 2)), labels, LogisticLoss())


@pytest.mark.parametrize("loss", [LogisticLoss, "squared"])
def test_losses_that_are_none(loss):
    with pytest.raises(ValueError, match=r"loss must be one such as SquaredLoss\(\)"):
        gradient(network.dense([2, 1], Tanh(), rng=0), np.ones((2, 2)), np.ones((2, 1)), loss)
