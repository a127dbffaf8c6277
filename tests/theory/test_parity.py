"""Parity on all inputs; terms and orders by brute force and by certificates."""

from itertools import combinations, product

import numpy as np
import pytest

import olfnet
from olfnet.theory.activations import Step
from olfnet.theory.approximation import n_units
from olfnet.theory.network import Activate, Dense, Network
from olfnet.theory.parity import bit_sum, n_gates, normal_form, parity, truth_table, xor_tree


def computes_parity(network, n):
    """Exhaustively, in pieces that fit into memory."""
    table = truth_table(n)
    pieces = np.array_split(table, max(1, 2 ** max(0, 2 * n - 24)))
    return all(np.array_equal(network(bits)[:, 0], parity(bits)) for bits in pieces)


@pytest.mark.parametrize("n", range(2, 17))
def test_tree_is_exact_on_all_inputs(n):
    assert computes_parity(xor_tree(n), n)
    assert n_gates(xor_tree(n)) == 3 * (n - 1)
    n_layers = sum(isinstance(layer, Activate) for layer in xor_tree(n).layers)
    assert n_layers == 2 * int(np.ceil(np.log2(n)))


@pytest.mark.parametrize("n", range(2, 13))
def test_normal_form_is_exact_on_all_inputs(n):
    assert computes_parity(normal_form(n), n)
    assert n_gates(normal_form(n)) == 2 ** (n - 1) + 1
    assert terms_give_parity(normal_form(n), n)


@pytest.mark.parametrize(
    "n", [13, 14, *(pytest.param(n, marks=pytest.mark.slow) for n in (15, 16))]
)
def test_terms_are_exact_on_all_inputs(n):
    """Without numbers of 64 bits, which the sums of a few ones do not need."""
    network = normal_form(n)
    assert terms_give_parity(network, n)
    assert n_gates(network) == 2 ** (n - 1) + 1


def terms_give_parity(network, n):
    """Whether its terms, joined by OR as its last gate does, give the parity of all inputs."""
    terms, _, gate, _ = network.layers
    assert (gate.weights == 1).all()
    assert gate.bias.tolist() == [-0.5]
    weights, bias = terms.weights.T.astype(np.float32), terms.bias.astype(np.float32)
    assert np.array_equal(weights.T, terms.weights)
    assert np.array_equal(bias, terms.bias)
    table = truth_table(n).astype(np.float32)
    pieces = np.array_split(table, max(1, 2 ** max(0, 2 * n - 22)))
    return all(
        np.array_equal((bits @ weights > -bias).any(axis=1), parity(bits) == 1) for bits in pieces
    )


@pytest.mark.parametrize("n", range(1, 17))
def test_shallow_rectifiers_are_exact_on_all_inputs(n):
    """The honest half: one hidden layer of n units does it, with weights of at most 2."""
    assert computes_parity(bit_sum(n), n)
    assert n_units(bit_sum(n)) == n
    assert max(np.abs(layer.weights).max() for layer in bit_sum(n).layers[::2]) <= 2


@pytest.mark.parametrize("build", [xor_tree, normal_form, bit_sum])
def test_the_truth_table_would_notice_a_missing_part(build):
    network = build(6)
    for place, layer in enumerate(network.layers):
        if isinstance(layer, Dense):
            weights = layer.weights.copy()
            weights[-1, np.flatnonzero(weights[-1])[-1]] = 0
            layers = [*network.layers]
            layers[place] = Dense(weights, layer.bias)
            assert not computes_parity(Network(layers), 6)


def test_the_terms_would_notice_a_missing_one():
    terms, *others = normal_form(8).layers
    assert not terms_give_parity(Network([Dense(terms.weights[1:], terms.bias[1:]), *others]), 8)


@pytest.mark.parametrize("n", range(2, 9))
def test_a_normal_form_cannot_be_shorter(n):
    """Of all 3^n terms, those that accept odd inputs only are the 2^(n - 1) complete ones."""
    table = truth_table(n)
    odd = parity(table) == 1
    legal = []
    for term in product((0, 1, None), repeat=n):
        fixed = [i for i, bit in enumerate(term) if bit is not None]
        accepted = (table[:, fixed] == [term[i] for i in fixed]).all(axis=1)
        if not (accepted & ~odd).any():
            legal.append(accepted)
    assert len(legal) == 2 ** (n - 1)
    assert (np.sum(legal, axis=0) == odd).all(), "each accepts an odd input that no other does"


@pytest.mark.parametrize("n", range(2, 8))
def test_order_of_the_perceptron(n):
    """Certificates: products of fewer than n bits never do, with the product of all bits they do.

    The proof of no is the one of Minsky and Papert: parity is orthogonal to each such product.
    """
    table = truth_table(n)
    groups = [group for k in range(n + 1) for group in combinations(range(n), k)]
    products = np.column_stack([table[:, list(group)].prod(axis=1) for group in groups])
    signs = 2 * parity(table) - 1
    short = products[:, [len(group) < n for group in groups]]
    assert not np.any(signs @ short)
    refused, solved = olfnet.separate(short, signs), olfnet.separate(products, signs)
    assert not refused.separable
    assert refused.verify(short, signs)
    assert solved.separable
    assert solved.verify(products, signs)


def test_one_neuron_computes_all_functions_of_two_bits_but_two():
    """All 16, by certificates; a neuron for each that is separable, as a network."""
    table = truth_table(2)
    impossible = []
    for outputs in product((0, 1), repeat=4):
        labels = 2 * np.array(outputs) - 1
        answer = olfnet.separate(table, labels, bias=True)
        assert answer.verify(table, labels)
        if answer.separable:
            neuron = Network([Dense(answer.weights[None], [answer.bias]), Activate(Step())])
            assert neuron(table)[:, 0].tolist() == list(outputs)
        else:
            impossible.append(outputs)
    assert impossible == [(0, 1, 1, 0), (1, 0, 0, 1)]


def test_gates_inside_networks_count():
    assert n_gates(Network([xor_tree(5)])) == n_gates(xor_tree(5)) == 12


def test_truth_table():
    assert truth_table(3)[:, 0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert len(np.unique(truth_table(10), axis=0)) == 1024
    assert [int(parity(bits[None])[0]) for bits in truth_table(3)] == [0, 1, 1, 0, 1, 0, 0, 1]


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
