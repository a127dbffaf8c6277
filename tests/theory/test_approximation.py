"""Exact networks against NumPy's functions, errors of x^2 against closed forms, rewriting."""

import numpy as np
import pytest

from olfnet.theory.activations import LeakyReLU, ReLU, Tanh
from olfnet.theory.approximation import (
    bounded,
    composed,
    deep_square,
    gate,
    interpolation,
    largest_weight,
    max_of_minima,
    maximum,
    minimum,
    n_units,
    normalized,
    piecewise_linear,
    ramp,
    random_knots_error,
    square,
    switch,
    winner_take_all,
)
from olfnet.theory.network import Activate, Dense, Flatten, Network, dense

EPS = np.finfo(float).eps


def numbers(n_inputs, n_samples=2000, seed=0):
    """Integers, ties among them, and real numbers of every size."""
    rng = np.random.default_rng(seed)
    real = rng.standard_normal((n_samples, n_inputs)) * rng.choice([1e-3, 1, 1e6], (n_samples, 1))
    return np.vstack((real, rng.integers(-3, 4, (n_samples, n_inputs)), np.zeros((1, n_inputs))))


@pytest.mark.parametrize("n", [2, 3, 8, 13])
@pytest.mark.parametrize(("network", "witness"), [(maximum, np.max), (minimum, np.min)])
def test_extremes_are_exact_to_rounding(network, witness, n):
    """Each round adds a rounded difference, at most 2 max|x|, and a number: 3 eps max|x|."""
    x = numbers(n)
    extremes, exact = network(n)(x)[:, 0], witness(x, axis=1)
    n_rounds = int(np.ceil(np.log2(n)))
    assert (np.abs(extremes - exact) <= 3 * EPS * n_rounds * np.abs(x).max(axis=1)).all()
    whole = (x == np.rint(x)).all(axis=1) & (np.abs(x) < 1e3).all(axis=1)
    assert np.array_equal(extremes[whole], exact[whole])
    assert whole.sum() > 1000
    assert np.abs(extremes - witness(x[:, 1:], axis=1)).max() > 1
    assert len([layer for layer in network(n).layers if isinstance(layer, Activate)]) == n_rounds


@pytest.mark.parametrize("n", [2, 6])
def test_winner_keeps_its_lead(n):
    x = numbers(n)
    ranked = np.sort(x, axis=1)
    exact = np.where(x == ranked[:, -1:], ranked[:, -1:] - ranked[:, -2:-1], 0)
    leads, tolerance = winner_take_all(n)(x), 12 * EPS * np.abs(x).max(axis=1, keepdims=True)
    assert (np.abs(leads - exact) <= tolerance).all()
    assert ((leads > tolerance).sum(axis=1) <= 1).all()


def test_gate_passes_or_stops():
    signal = np.random.default_rng(0).uniform(0, 100, 500)
    for position in (0.0, 1.0):
        outputs = gate(100.0)(np.column_stack((signal, np.full(500, position))))[:, 0]
        np.testing.assert_allclose(outputs, position * signal, rtol=0, atol=200 * EPS)
    assert gate(100.0)([[130.0, 0.0]]) == 30.0, "signals that are too large leak"


def test_ramp_ends_at_one_however_far():
    """The difference of two rectifiers would round to 0 there."""
    x = np.array([[1e10], [1e17], [1e300], [-1e300]])
    for slope in (1.0, 1e8):
        assert ramp(0.0, slope)(x).ravel().tolist() == [1, 1, 1, 0]
    pair = Network([Dense([[1.0], [1.0]], [0.5, -0.5]), Activate(ReLU()), Dense([[1.0, -1.0]])])
    assert pair([[1e17]]) == 0


@pytest.mark.parametrize("seed", range(3))
def test_any_piecewise_linear_function_of_one_number(seed):
    """Against NumPy's interpolation, with straight lines added outside; slope changes add up."""
    rng = np.random.default_rng(seed)
    knots = np.sort(rng.uniform(-5, 5, 12))
    values, left, right = rng.standard_normal(12), *rng.standard_normal(2)
    x = np.concatenate((rng.uniform(-9, 9, 3000), knots))
    inside = np.interp(x, knots, values)
    outside = left * np.minimum(x - knots[0], 0) + right * np.maximum(x - knots[-1], 0)
    net = piecewise_linear(knots, values, left, right)
    tolerance = 20 * EPS * np.abs(net.layers[2].weights).sum() * 14
    np.testing.assert_allclose(net(x[:, None])[:, 0], inside + outside, rtol=0, atol=tolerance)
    assert np.abs(net(x[:, None])[:, 0] - inside).max() > 1e6 * tolerance
    assert n_units(net) == 13


def test_idle_units_are_left_out():
    assert n_units(piecewise_linear([0, 1, 2, 3], [0, 1, 2, 1], right_slope=-1)) == 2
    constant = piecewise_linear([0.0], [2.5])
    assert n_units(constant) == 1
    assert constant([[-3.0], [0.0], [9.0]]).ravel().tolist() == [2.5, 2.5, 2.5]


@pytest.mark.parametrize("seed", range(3))
def test_any_piecewise_linear_function_of_several_numbers(seed):
    rng = np.random.default_rng(seed)
    weights, bias = rng.standard_normal((7, 4)), rng.standard_normal(7)
    groups = [[0, 1, 2, 3, 4], [5], [2, 6, 0]]
    x = numbers(4, seed=seed)
    pieces = x @ weights.T + bias
    exact = np.max([pieces[:, group].min(axis=1) for group in groups], axis=0)
    tolerance = 40 * EPS * (1 + np.abs(pieces).max(axis=1))
    assert (np.abs(max_of_minima(weights, bias, groups)(x)[:, 0] - exact) <= tolerance).all()
    other = max_of_minima(weights, bias, groups[:2])(x)[:, 0]
    assert (np.abs(other - exact) > tolerance).any()


@pytest.mark.parametrize("m", [1, 2, 5, 10])
def test_deep_square_errs_by_its_closed_form(m):
    """Exactly, since all its numbers are short binary fractions."""
    x, net = np.linspace(0, 1, 2 ** (m + 2) + 1)[:, None], deep_square(m)
    error = (net(x) - x**2)[:, 0]
    assert (error.max(), error.min()) == (2.0 ** -(2 * m + 2), 0)
    assert n_units(net) == 3 * m - 1
    assert np.array_equal(net(x), square(2**m)(x)), "the same function"
    assert largest_weight(net) <= 4
    error = square(2**m, balanced=True)(x) - x**2
    assert (error.max(), error.min()) == (2.0 ** -(2 * m + 3), -(2.0 ** -(2 * m + 3)))


def test_random_knots():
    """The smallest cases by hand; a claim simulates the mean."""
    assert random_knots_error(1) == 0.25
    assert random_knots_error(2) == pytest.approx(7 / 12 / 4)  # E max(u, 1 - u)^2 = 7/12
    knots = np.sort(np.append(np.random.default_rng(0).random(9), [0.0, 1.0]))
    net, x = interpolation(np.square, knots), (knots[1:] + knots[:-1])[:, None] / 2
    np.testing.assert_allclose(net(knots[:, None])[:, 0], knots**2, rtol=0, atol=1e-12)
    assert np.abs(net(x) - x**2).max() == pytest.approx(np.diff(knots).max() ** 2 / 4)


def inputs(n_inputs, seed=0):
    return np.random.default_rng(seed).standard_normal((500, n_inputs))


def rounding(network, x):
    """Bound of rounding: all weights without their signs."""
    size = np.abs(x)
    for layer in network.layers:
        if isinstance(layer, Dense):
            size = size @ np.abs(layer.weights).T + np.abs(layer.bias)
    return size.max() * EPS * 8 * len(network.layers)


def wide(activation, widths=(6, 20, 15, 3)):
    """A random network with large weights and biases."""
    return dense(widths, activation, weight_variance=50.0, bias_variance=100.0, rng=1)


@pytest.mark.parametrize("bound", [100.0, 3.0, 0.5])
@pytest.mark.parametrize("activation", [ReLU(), LeakyReLU(0.2)], ids=repr)
@pytest.mark.parametrize("widths", [(6, 20, 3), (6, 9, 8, 3)])
def test_small_weights_compute_the_same(activation, bound, widths):
    network, x = wide(activation, widths), inputs(6)
    other = bounded(network, bound)
    assert largest_weight(other) <= bound * (1 + 2 * EPS)
    tolerance = rounding(network, x)
    np.testing.assert_allclose(other(x), network(x), rtol=0, atol=tolerance)
    assert (n_units(other) > n_units(network)) == (bound < 100)
    off = network.with_parameters([array * (1 + 1e-6) for array in network.parameters])
    assert np.abs(off(x) - network(x)).max() > 10 * tolerance


def test_units_of_a_small_bound():
    """Weights 6 and 1 under a bound b: the product must come from 6 / b^2 copies, or more.

    The scale is the next power of two, so that it may take up to twice as many.
    """
    steep = Network([Dense([[6.0]]), Activate(ReLU()), Dense([[1.0]])])
    for bound in (1.0, 0.1, 0.01):
        assert 6 / bound**2 <= n_units(bounded(steep, bound)) < 2 * 6 / bound**2 + 1
    network = deep_square(4)
    for before, after in zip(network.parameters, bounded(network, 4.0).parameters, strict=True):
        assert np.array_equal(before, after)
    tiny = Network([Dense([[1e-9]]), Activate(ReLU()), Dense([[1e-9]], [1e-9])])
    assert n_units(bounded(tiny, 1e-8)) == 1
    assert largest_weight(Network([Activate(ReLU())])) == 0


def test_raw_inputs_give_what_normalized_ones_gave():
    rng, network, z = np.random.default_rng(0), wide(Tanh()), inputs(6)
    for mean, sd in ((rng.uniform(5, 40, 6), rng.uniform(10, 50, 6)), (20.0, 10.0)):  # spikes/s
        raw = normalized(network, mean, sd)
        tolerance = 1e3 * rounding(network, z)  # Tanh'(x) <= 1; the shift adds mean / sd <= 4
        np.testing.assert_allclose(raw(mean + sd * z), network(z), rtol=0, atol=tolerance)
        assert n_units(raw) == n_units(network)
        assert np.abs(network(mean + sd * z) - network(z)).max() > 1e6 * tolerance


def test_composed_networks():
    network, x = composed(maximum(3), square(4)), np.random.default_rng(0).random((400, 3))
    np.testing.assert_allclose(network(x), square(4)(maximum(3)(x)), rtol=0, atol=1e-14)
    assert len(network.layers) == len(maximum(3).layers) + len(square(4).layers) - 1
    nested = Network([maximum(3), Network([square(4)])])
    assert n_units(nested) == n_units(network) == 8 + 4
    assert np.abs(network(x) - x.max(axis=1, keepdims=True) ** 2).max() > 1e-3
    images = x.reshape(-1, 1, 3)
    np.testing.assert_array_equal(composed(Flatten(), maximum(3))(images), maximum(3)(x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: maximum(1), "n_inputs must be at least 2, got 1"),
        (lambda: winner_take_all(51), "n_inputs must be at most 50, got 51"),
        (lambda: gate(0), "largest must be positive, got 0"),
        (lambda: switch(np.nan), "threshold must be finite, got nan"),
        (lambda: piecewise_linear([0, 1], [0]), "values must have 2 entries, got 1"),
        (lambda: piecewise_linear([0, 0], [0, 1]), "knots must increase, got"),
        (lambda: interpolation(np.sin, [1.0]), "knots must be at least 2, got 1"),
        (lambda: interpolation(lambda x: x[:1], [0, 1]), r"\(knots\) must have 2 entries, got 1"),
        (lambda: random_knots_error([3, 2.5]), "n_pieces must be integers, got .3, 2.5"),
        *((lambda groups=groups: max_of_minima([[1, 0]], [1], groups), "name some of 1 pieces")
          for groups in ([[1]], [[0], []], [[0.5]], [0], [])),
        (lambda: square(0), "n_pieces must be at least 1, got 0"),
        (lambda: deep_square(0), "n_compositions must be at least 1, got 0"),
        (lambda: bounded(wide(Tanh()), 1), "network must have rectifiers of one kind, got Tanh"),
        (lambda: bounded(Network([Dense([[1.0]])]), 1), "be dense layers .* got Dense"),
        *((lambda bound=bound: bounded(wide(ReLU()), bound), "bound must take at most .* got .*e-")
          for bound in (1e-9, 1e-200, 1e-320)),
        (lambda: bounded(square(4), 1e-300), "bound must take .* got 1e-300, which takes inf"),
        (lambda: normalized(Network([Flatten()]), 0, 1), "begin with a dense layer, got Flatten"),
        (lambda: normalized(Network([]), 0, 1), "begin with a dense layer, got NoneType"),
        (lambda: normalized(wide(ReLU()), 0, 0), "sd finite and positive"),
        (lambda: normalized(wide(ReLU()), [1, 2], 1), "mean, sd, inputs must have shapes that fit"),
        (lambda: normalized(wide(ReLU()), [[0], [1]], 1), r"or one per input, got \(2, 6\)"),
        (lambda: composed(square(2), maximum(2)), "must fit, got 1 outputs before 2 inputs"),
    ],
)  # fmt: skip
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
