"""Networks that are dead at initialization, against networks drawn at random and trained."""

import numpy as np
import pytest
import scipy.stats

from olfnet.theory import network, ntk
from olfnet.theory.activations import LeakyReLU, ReLU, Tanh
from olfnet.theory.network import (
    Activate,
    Dense,
    Network,
    Parallel,
    Residual,
    dead_input,
    dead_network_bounds,
    lost_inputs,
)


def lost(widths, inputs, n_networks, rng):
    """Whether each input is lost in each of many networks, shape (n_networks, n_inputs)."""
    alive = np.broadcast_to(inputs, (n_networks, *np.shape(inputs)))
    for width in widths:
        weights = rng.standard_normal((n_networks, alive.shape[2], width))
        alive = np.maximum(alive @ weights, 0)
    return ~alive.any(axis=2)


@pytest.mark.parametrize("widths", [[1], [3], [2, 4, 3], [3] * 12])
def test_probability_of_losing_one_input(widths):
    """20,000 networks; the exact binomial interval of 99.99 %."""
    dead = lost(widths, [[0.3, -1.2]], 20_000, np.random.default_rng(0))
    interval = scipy.stats.binomtest(int(dead.sum()), 20_000).proportion_ci(0.9999)
    assert interval.low <= dead_input(widths) <= interval.high
    assert not interval.low <= dead_input([*widths, 2]) <= interval.high


@pytest.mark.parametrize(
    ("inputs", "nonnegative"),
    [
        ([[-1.0], [1.0]], False),
        (np.eye(4), True),
        (np.random.default_rng(1).random((5, 3)), True),
        (np.random.default_rng(2).standard_normal((4, 3)), False),
    ],
)
@pytest.mark.parametrize("widths", [[2] * 3, [3] * 10])
def test_probabilities_of_dead_networks_are_between_the_bounds(inputs, nonnegative, widths):
    """20,000 networks, 4 standard errors beyond either bound."""
    dead = lost(widths, inputs, 20_000, np.random.default_rng(3)).all(axis=1).mean()
    low, high = dead_network_bounds(widths, len(inputs), nonnegative=nonnegative)
    tolerance = 4 * np.sqrt(max(dead, 1e-3) / 20_000)
    assert low - tolerance <= dead <= high + tolerance
    assert 0 < low < high < 1


def test_bounds_are_sharp():
    """The upper one by parallel inputs, the lower one by orthogonal inputs in a single layer."""
    rng = np.random.default_rng(4)
    parallel = lost([2] * 4, [[1.0, 2.0], [3.0, 6.0]], 20_000, rng).all(axis=1).mean()
    assert parallel == pytest.approx(dead_network_bounds([2] * 4, 2)[1], abs=2 / 20_000**0.5)
    orthogonal = lost([1], np.eye(3), 20_000, rng).all(axis=1).mean()
    low, high = dead_network_bounds([1], 3, nonnegative=True)
    assert (low, high) == (1 / 8, 1 / 2)
    assert orthogonal == pytest.approx(low, abs=4 * np.sqrt(low / 20_000))
    assert dead_network_bounds([4], 2) == (0, pytest.approx(1 / 16))
    assert dead_network_bounds([4], 1) == (pytest.approx(1 / 16), pytest.approx(1 / 16))
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


def trained(activation, seed):
    """Fraction of the variance of |x| that a dead network leaves after training, and both nets."""
    inputs = np.linspace(-1, 1, 11)[:, None]
    targets = np.abs(inputs)
    for stream in np.random.default_rng(seed).spawn(1000):  # about one in ten networks is dead
        weights = int(stream.integers(2**62))
        with_relu = network.dense([1, 3, 3, 3, 1], ReLU(), rng=weights)
        if lost_inputs(with_relu, inputs)[-1].all():
            break
    net = network.dense([1, 3, 3, 3, 1], activation, rng=weights)
    done = network.train(net, inputs, targets, learning_rate=0.05, momentum=0.9, n_steps=300)
    return 2 * done.losses[-1] / targets.var(), net.parameters, done.network.parameters


def test_only_leaky_rectifiers_recover():
    """Dead networks learn the mean, and nothing else; leaky ones of the same weights learn."""
    left, before, after = trained(ReLU(), 0)
    assert left == pytest.approx(1, abs=1e-6)
    same = [np.array_equal(*pair) for pair in zip(before, after, strict=True)]
    assert same == [True] * 7 + [False]  # all but the output's bias
    # Three units a layer are few: some stop at a function with a single bend, at .7 or .8.
    left = [trained(LeakyReLU(0.1), seed)[0] for seed in (0, 1, 2)]
    assert max(left) < 0.9
    assert min(left) < 0.1


BLOCK, PARTS = Residual([Dense([[1.0]])]), Parallel([Dense([[1.0]])], [[0]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dead_input([]), "widths must be 1-D with at least one entry"),
        (lambda: dead_input([2, 0]), "widths must be at least 1, got 0"),
        (lambda: dead_input([1.5]), r"widths must be integers, got \[1.5\]"),
        (lambda: dead_network_bounds([2], 0), "n_inputs must be at least 1, got 0"),
        (lambda: lost_inputs(network.dense([1, 1], ReLU()), [[np.nan]]), "must be finite"),
        (
            lambda: lost_inputs(Network([Network([BLOCK])]), [[1.0]]),
            "after the other, got .* Resid",
        ),
        (lambda: lost_inputs(Network([PARTS]), [[1.0]]), "one after the other, got .* Parallel"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
