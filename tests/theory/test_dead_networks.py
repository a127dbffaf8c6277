"""Networks that are dead at initialization: probabilities by counting, and lost inputs."""

from itertools import product

import numpy as np
import pytest

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
