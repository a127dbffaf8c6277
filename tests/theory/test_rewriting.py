"""Rewritten networks compute the same function; the check notices one weight off by a millionth."""

import numpy as np
import pytest

from olfnet.theory.activations import LeakyReLU, ReLU, Tanh
from olfnet.theory.approximation import (
    bounded,
    composed,
    deep_square,
    largest_weight,
    maximum,
    n_units,
    normalized,
    square,
)
from olfnet.theory.network import Activate, Dense, Flatten, Network, dense

EPS = np.finfo(float).eps


def inputs(n_inputs, seed=0):
    return np.random.default_rng(seed).standard_normal((500, n_inputs))


def sensitivity(network, x):
    """What rounding could add up to: all weights without their signs."""
    size = np.abs(x)
    for layer in network.layers:
        if isinstance(layer, Dense):
            size = size @ np.abs(layer.weights).T + np.abs(layer.bias)
    return size.max() * EPS * 8 * len(network.layers)


def wide(activation, seed=1, widths=(6, 20, 15, 3)):
    """A random network with large weights and biases."""
    return dense(widths, activation, weight_variance=50.0, bias_variance=100.0, rng=seed)


@pytest.mark.parametrize("bound", [100.0, 3.0, 0.5])
@pytest.mark.parametrize("activation", [ReLU(), LeakyReLU(0.2)], ids=repr)
@pytest.mark.parametrize("widths", [(6, 20, 3), (6, 9, 8, 3)])
def test_small_weights_compute_the_same(activation, bound, widths):
    network, x = wide(activation, widths=widths), inputs(6)
    other = bounded(network, bound)
    assert largest_weight(other) <= bound * (1 + 2 * EPS)
    reach = sensitivity(network, x)
    np.testing.assert_allclose(other(x), network(x), rtol=0, atol=reach)
    assert (n_units(other) > n_units(network)) == (bound < 100)
    off = network.with_parameters([array * (1 + 1e-6) for array in network.parameters])
    assert np.abs(off(x) - network(x)).max() > 10 * reach


def test_what_a_small_bound_costs():
    """Weights 6 and 1 under a bound b: the product must come from 6 / b^2 copies, or more.

    The scale is the next power of two, so that it may take up to twice as many.
    """
    steep = Network([Dense([[6.0]]), Activate(ReLU()), Dense([[1.0]])])
    for bound in (1.0, 0.5, 0.1, 0.01):
        found = n_units(bounded(steep, bound))
        assert 6 / bound**2 <= found < 2 * 6 / bound**2 + 1


def test_small_weights_are_left_alone():
    network = deep_square(4)
    same = bounded(network, 4.0)
    for one, two in zip(network.parameters, same.parameters, strict=True):
        assert np.array_equal(one, two)
    x = np.linspace(0, 1, 257)[:, None]
    np.testing.assert_allclose(bounded(network, 0.25)(x), network(x), rtol=0, atol=1e-13)


def test_raw_inputs_give_what_normalized_ones_gave():
    rng = np.random.default_rng(0)
    mean, sd = rng.uniform(5, 40, 6), rng.uniform(10, 50, 6)  # spikes/s
    network, z = wide(Tanh()), inputs(6)
    raw = normalized(network, mean, sd)
    reach = 1e3 * sensitivity(network, z)  # Tanh'(x) <= 1; the shift adds mean / sd <= 4
    np.testing.assert_allclose(raw(mean + sd * z), network(z), rtol=0, atol=reach)
    assert np.abs(network(mean + sd * z) - network(z)).max() > 1e6 * reach
    assert len(raw.layers) == len(network.layers)
    assert n_units(raw) == n_units(network)
    one = normalized(network, 20.0, 10.0)
    np.testing.assert_allclose(one(20 + 10 * z), network(z), rtol=0, atol=reach)


def test_without_normalization_units_saturate():
    """Slopes of tanh units at rates of tens of Hz, and at normalized ones, against theory.

    Weights of variance 1/n make drives N(0, mean square of the inputs), so that a share 2 Phi(-t)
    has a slope below 1 - tanh(t s)^2.  The mean squares of the inputs of 100 odors scatter.
    """
    import scipy.stats

    rng = np.random.default_rng(3)
    rates = rng.exponential(40.0, (100, 24))
    network = dense([24, 2000, 1], Tanh(), weight_variance=1.0, rng=rng)
    saturated = np.arctanh(np.sqrt(0.99))  # where a slope is below .01

    def share(layer, x):
        return np.mean(np.abs(x @ layer.weights.T + layer.bias) > saturated)

    def theory(x):
        return np.mean(2 * scipy.stats.norm.sf(saturated / np.sqrt(np.mean(x**2, axis=1))))

    mean, sd = rates.mean(axis=0), rates.std(axis=0)
    z = (rates - mean) / sd
    absorbed = normalized(network, mean, sd)
    raw, calm = share(network.layers[0], rates), share(absorbed.layers[0], rates)
    # Units see the same odors: the share of 2000 independent units, 4 standard errors.
    assert abs(raw - theory(rates)) < 4 * np.sqrt(0.25 / 2000)
    assert abs(calm - theory(z)) < 4 * np.sqrt(0.25 / 2000)
    assert raw > 0.9
    assert calm < 0.01


def test_composed_networks():
    network = composed(maximum(3), square(4))
    x = np.random.default_rng(0).random((400, 3))
    wanted = square(4)(maximum(3)(x))
    np.testing.assert_allclose(network(x), wanted, rtol=0, atol=1e-14)
    assert len(network.layers) == len(maximum(3).layers) + len(square(4).layers) - 1
    nested = Network([maximum(3), Network([square(4)])])
    assert n_units(nested) == n_units(network) == 8 + 4
    assert np.abs(network(x) - x.max(axis=1, keepdims=True) ** 2).max() > 1e-3


def test_small_biases_need_no_units_of_their_own():
    network = Network([Dense([[1e-9]]), Activate(ReLU()), Dense([[1e-9]], [1e-9])])
    assert n_units(bounded(network, 1e-8)) == 1
    assert largest_weight(Network([Activate(ReLU())])) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bounded(wide(ReLU()), 0), "bound must be positive, got 0"),
        (lambda: bounded(wide(Tanh()), 1), "network must have rectifiers of one kind, got Tanh"),
        (
            lambda: bounded(Network([Dense([[1.0]])]), 1),
            "be dense layers .* got Dense",
        ),
        (
            lambda: bounded(Network([Flatten(), Activate(ReLU()), Dense([[1.0]])]), 1),
            "must be dense layers with activations between them, got Flatten, Activate, Dense",
        ),
        (lambda: normalized(Network([Flatten()]), 0, 1), "begin with a dense layer, got Flatten"),
        (lambda: normalized(wide(ReLU()), 0, 0), "sd finite and positive"),
        (lambda: normalized(wide(ReLU()), np.nan, 1), "mean must be finite"),
        (lambda: normalized(wide(ReLU()), [1, 2], 1), "mean, sd, inputs must have shapes that fit"),
        (lambda: composed(square(2), maximum(2)), "must fit, got 1 outputs before 2 inputs"),
        (
            lambda: composed(square(2), Activate(ReLU()), maximum(2)),
            "must fit, got 1 outputs before 2 inputs",
        ),
        (lambda: bounded(wide(ReLU()), 1e-9), "bound must take at most 10000000 units, got 1e-09"),
        (lambda: bounded(wide(ReLU()), 1e-200), "bound must take .* got 1e-200, which takes inf"),
        (lambda: bounded(wide(ReLU()), 1e-320), "bound must take .* got .*e-32., which takes inf"),
        (lambda: bounded(square(4), 1e-300), "bound must take .* got 1e-300, which takes inf"),
        (lambda: normalized(Network([]), 0, 1), "begin with a dense layer, got NoneType"),
        (lambda: normalized(wide(ReLU()), [[0], [1]], 1), r"or one per input, got \(2, 6\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
