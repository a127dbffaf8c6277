"""Deaths at birth against networks drawn at random, and what training makes of them."""

import numpy as np
import pytest
import scipy.stats

from olfnet.theory import network
from olfnet.theory.activations import LeakyReLU, ReLU, Tanh
from olfnet.theory.network import (
    Activate,
    Dense,
    Network,
    Parallel,
    Residual,
    dead_input,
    dead_network_bounds,
)


def lost(widths, inputs, n_networks, rng):
    """Whether each input is lost in each of many networks, shape (n_networks, n_inputs)."""
    alive = np.broadcast_to(inputs, (n_networks, *np.shape(inputs)))
    for width in widths:
        weights = rng.standard_normal((n_networks, alive.shape[2], width))
        alive = np.maximum(alive @ weights, 0)
    return ~alive.any(axis=2)


@pytest.mark.parametrize("widths", [[1], [3], [2, 4, 3], [3] * 12])
def test_one_input_dies_as_predicted(widths):
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
@pytest.mark.parametrize("widths", [[2] * 3, [3] * 10, [5] * 40])
def test_networks_die_between_the_bounds(inputs, nonnegative, widths):
    """20,000 networks (2000 deep ones), 4 standard errors beyond either bound."""
    n_networks = 20_000 if len(widths) < 40 else 2000
    dead = lost(widths, inputs, n_networks, np.random.default_rng(3)).all(axis=1).mean()
    low, high = dead_network_bounds(widths, len(inputs), nonnegative=nonnegative)
    reach = 4 * np.sqrt(max(dead, 1e-3) / n_networks)
    assert low - reach <= dead <= high + reach
    assert 0 < low < high < 1


def test_bounds_are_reached():
    """By inputs that are alike the upper one, by orthogonal ones in a single layer the lower."""
    rng = np.random.default_rng(4)
    alike = lost([2] * 4, [[1.0, 2.0], [3.0, 6.0]], 20_000, rng).all(axis=1).mean()
    assert alike == pytest.approx(dead_network_bounds([2] * 4, 2)[1], abs=4 * 0.5 / 20_000**0.5)
    apart = lost([1], np.eye(3), 20_000, rng).all(axis=1).mean()
    low, high = dead_network_bounds([1], 3, nonnegative=True)
    assert low == 1 / 8
    assert high == 1 / 2
    assert apart == pytest.approx(low, abs=4 * np.sqrt(low / 20_000))


def test_depth_kills_and_width_saves():
    depths = [dead_input([4] * depth) for depth in (1, 10, 100, 1000)]
    assert (np.diff(depths) > 0).all()
    assert depths[-1] == pytest.approx(1, abs=1e-9)
    assert dead_input([30] * 1000) == pytest.approx(1000 * 2.0**-30, rel=1e-4)
    low, high = dead_network_bounds([4] * 1000, 10)
    assert low > 1 - 1e-9
    assert dead_network_bounds([4], 2) == (0, pytest.approx(1 / 16))
    assert dead_network_bounds([4], 1) == (pytest.approx(1 / 16), pytest.approx(1 / 16))


def test_inputs_are_lost_where_no_unit_has_a_slope():
    rng = np.random.default_rng(5)
    inputs = rng.standard_normal((50, 3))
    net = network.dense([3, 2, 2, 2, 1], ReLU(), rng=6)
    found = network.lost_inputs(net, inputs)
    hidden = inputs
    for nth in range(3):
        dense = net.layers[2 * nth]
        hidden = np.maximum(hidden @ dense.weights.T, 0)
        np.testing.assert_array_equal(found[nth], ~hidden.any(axis=1))
    assert 0 < found[-1].sum() < 50
    slopes = np.array([np.abs(network.gradient(net, inputs[i : i + 1], [[1.0]],
                       network.SquaredLoss())[1][0]).max() for i in range(50)])  # fmt: skip
    np.testing.assert_array_equal(slopes == 0, found[-1])
    for activation in (LeakyReLU(0.01), Tanh()):
        alive = network.dense([3, 2, 2, 2, 1], activation, rng=6)
        assert not np.any(network.lost_inputs(alive, inputs))


def born_dead_network(activation, inputs, seed):
    """Draw the first network of three narrow layers that is dead on all inputs with rectifiers."""
    for stream in np.random.default_rng(seed).spawn(1000):
        weights = int(stream.integers(2**62))
        with_relu = network.dense([1, 3, 3, 3, 1], ReLU(), rng=weights)
        if network.lost_inputs(with_relu, inputs)[-1].all():
            return network.dense([1, 3, 3, 3, 1], activation, rng=weights)
    raise AssertionError("about one in ten networks is dead")


def left(activation, seed):
    """Share of the variance of |x| that is left after training."""
    inputs = np.linspace(-1, 1, 11)[:, None]
    targets = np.abs(inputs)
    net = born_dead_network(activation, inputs, seed)
    done = network.train(net, inputs, targets, learning_rate=0.05, momentum=0.9, n_steps=300)
    return 2 * done.losses[-1] / targets.var(), net, done.network


def test_only_leaky_rectifiers_recover():
    """Dead networks learn the mean, and nothing else; leaky ones of the same weights learn."""
    for seed in (0, 1):
        share, before, after = left(ReLU(), seed)
        assert share == pytest.approx(1, abs=1e-6)
        same = [np.array_equal(*pair) for pair in zip(before.parameters, after.parameters,
                                                      strict=True)]  # fmt: skip
        assert same == [True] * 7 + [False]  # all but the output's bias
    # Three units a layer are few: some stop at a function with a single bend, at .7 or .8.
    healed = [left(LeakyReLU(0.1), seed)[0] for seed in (0, 1, 2)]
    assert max(healed) < 0.9
    assert min(healed) < 0.1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dead_input([]), "widths must be 1-D with at least one entry"),
        (lambda: dead_input([2, 0]), "widths must be integers of at least 1"),
        (lambda: dead_input([1.5]), "widths must be integers of at least 1"),
        (lambda: dead_network_bounds([2], 0), "n_inputs must be at least 1, got 0"),
        (lambda: network.lost_inputs(network.dense([1, 1], ReLU()), [[np.nan]]), "must be fin"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_inputs_are_lost_in_networks_of_networks():
    layers = Dense([[1.0], [2.0]]), Activate(ReLU())
    nested = Network([Network([Network(layers)]), Dense([[1.0, 1.0]])])
    (found,) = network.lost_inputs(nested, [[1.0], [-1.0]])
    assert found.tolist() == [False, True]
    for part in (Residual([Dense([[1.0]]), Activate(ReLU())]), Parallel([Dense([[1.0]])], [[0]])):
        with pytest.raises(ValueError, match="layers one after the other, got a part of type [RP]"):
            network.lost_inputs(Network([Network([part])]), [[1.0]])
