"""Networks for parity on all inputs; a missing part is noticed."""

from functools import partial

import numpy as np
import pytest

from olfnet.theory.approximation import n_units
from olfnet.theory.network import Activate, Dense, Network
from olfnet.theory.parity import bit_sum, normal_form, parity, truth_table, xor_tree


def computes_parity(network, n):
    """Exhaustively."""
    return np.array_equal(network(truth_table(n))[:, 0], parity(truth_table(n)))


@pytest.mark.parametrize("n", range(2, 13))
def test_networks_are_exact_on_all_inputs(n):
    """Of the shallow ones, n rectifiers do it with weights of at most 2."""
    n_gates = partial(n_units, min_inputs=2)
    for build, count, size in (
        (xor_tree, n_gates, 3 * (n - 1)),
        (normal_form, n_gates, 2 ** (n - 1) + 1),
        (bit_sum, n_units, n),
    ):
        assert computes_parity(build(n), n)
        assert count(build(n)) == size
    n_layers = sum(isinstance(layer, Activate) for layer in xor_tree(n).layers)
    assert n_layers == 2 * int(np.ceil(np.log2(n)))
    assert max(np.abs(layer.weights).max() for layer in bit_sum(n).layers[::2]) <= 2
    assert n_gates(Network([xor_tree(n)])) == 3 * (n - 1), "of nested networks, too"


@pytest.mark.parametrize("build", [xor_tree, normal_form, bit_sum])
def test_the_truth_table_would_notice_a_missing_part(build):
    network = build(6)
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Dense):
            weights = layer.weights.copy()
            weights[-1, np.flatnonzero(weights[-1])[-1]] = 0
            layers = [*network.layers]
            layers[index] = Dense(weights, layer.bias)
            assert not computes_parity(Network(layers), 6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: truth_table(0), "n_bits must be at least 1, got 0"),
        (lambda: truth_table(30), "n_bits must be at most 20, got 30"),
        (lambda: parity([0, 1]), "bits must be 2-D"),
        (lambda: parity([[0, 0.5]]), "bits must be 0 or 1, got 0.5"),
        (lambda: parity([[-1, 1]]), "bits must be 0 or 1, got -1"),
        (lambda: xor_tree(1), "n_bits must be at least 2, got 1"),
        (lambda: normal_form(1), "n_bits must be at least 2, got 1"),
        (lambda: normal_form(21), "n_bits must be at most 20, got 21"),
        (lambda: bit_sum(0), "n_bits must be at least 1, got 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
