"""Layers: what passes through residual blocks, and networks that cannot be."""

import numpy as np
import pytest

from olfnet.theory import network
from olfnet.theory.activations import LeakyReLU, ReLU, Tanh, Thresholded
from olfnet.theory.network import Activate, Convolution, Dense, MeanPool, Network, Residual


def rng(seed=0):
    return np.random.default_rng(seed)


def looked_at(shape):
    return Network([Convolution(np.ones((1, 2, 3)))])(np.ones(shape))


def test_residual_blocks_pass_gradients_around():
    """A block of zero weights is the identity, forwards and backwards."""
    block = Residual([Dense(np.zeros((3, 3))), Activate(Tanh())])
    inputs = rng(14).standard_normal((4, 3))
    outputs, pull_back = Network([block] * 50).linearized(inputs)
    np.testing.assert_array_equal(outputs, inputs)
    np.testing.assert_array_equal(pull_back(inputs)[0], inputs)
    plain = Network([*block.layers] * 50).linearized(inputs)[1]
    assert not plain(inputs)[0].any()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense([1.0]), "weights must be 2-D"),
        (lambda: Dense([[1.0, 2.0]], [1.0, 2.0]), "bias must have 1 entries, got 2"),
        (lambda: Convolution(np.zeros((2, 2))), "kernels must have the shape"),
        (lambda: Convolution(np.zeros((2, 2, 3)), [1.0]), "bias must have 2 entries, got 1"),
        (lambda: Convolution(np.full((2, 2, 3), np.nan)), "kernels must be finite"),
        (lambda: Convolution(np.zeros((2, 2, 3)), stride=0), "stride must be at least 1"),
        (lambda: Convolution(np.zeros((2, 2, 3)), padding="same"), "padding must be one of"),
        (lambda: network.dense([3], Tanh()), "widths must hold"),
        (lambda: network.dense([3, 0], Tanh()), "widths must be at least 1"),
        (lambda: network.dense([3, 1], Tanh(), weight_variance=-1), "weight_variance must be non"),
        (lambda: network.dense([3, 1], Tanh(), bias_variance=[-1]), "bias_variance must be non"),
        (
            lambda: network.dense([3, 1], Tanh(), weight_variance=np.nan),
            "weight_variance must be f",
        ),
        (
            lambda: network.dense([3, 4, 1], Tanh(), bias_variance=[0, 1, 2]),
            r"bias_variance must have 2 entries, got shape \(3,\)",
        ),
        (lambda: Residual([Dense([[1.0, 1.0]])])([[1.0, 2.0]]), "must keep the shape"),
        (lambda: LeakyReLU(np.nan), "slope must be finite"),
        (lambda: network.dense([2, 3, 1], ReLU, rng=0), r"activation must be one such as ReLU\(\)"),
        (lambda: Activate("relu"), "activation must be one such as .* got 'relu'"),
        (lambda: Thresholded(ReLU, 1.0), "activation must be one such as"),
        (lambda: network.dense([2.0, 1], Tanh()), "widths must be a list of integers"),
        (lambda: network.dense(3, Tanh()), "widths must be a list of integers, got 3"),
        (lambda: Network([ReLU()]), "layers must be a list of layers such as Dense"),
        (lambda: Network(Dense([[1.0]])), "layers must be a list of layers such as Dense"),
        (lambda: Network("abc"), "layers must be a list of layers such as Dense, got 'abc'"),
        (lambda: Convolution("a"), "kernels must be numbers, got 'a'"),
        (lambda: Network([Dense([[1.0]])])(np.ones(1)), "inputs must have 1 columns, got shape"),
        (lambda: Network([Dense([[1.0]])])(np.ones((0, 1))), "inputs must hold at least one"),
        (lambda: Network([MeanPool()])(np.ones((4, 3))), "inputs must have channels and a grid"),
        (lambda: looked_at((4, 5)), "inputs must have 2 channels on a grid of 1 dim"),
        (lambda: looked_at((4, 1, 5)), r"must have 2 channels .* got shape \(4, 1, 5\)"),
        (lambda: looked_at((4, 2, 5, 5)), "must have 2 channels on a grid of 1 dim"),
        (lambda: looked_at((4, 2, 2)), r"inputs must be as wide as \(3,\), got shape \(4, 2, 2\)"),
    ],
)
def test_bad_networks(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("make", "array"),
    [(Dense, np.ones((2, 3))), (Convolution, np.ones((2, 1, 3)))],
)
def test_layers_cannot_be_changed_behind_their_backs(make, array):
    layer = make(array, np.zeros(2))
    array[:] = 7.0
    assert (layer.parameters[0] == 1).all()
    for kept in layer.parameters:
        with pytest.raises(ValueError, match="read-only"):
            kept[:] = 7.0


@pytest.mark.parametrize("change", ["more", "fewer", "other"])
def test_parameters_must_fit(change):
    net = network.dense([2, 3, 1], Tanh(), rng=0)
    parameters = list(net.parameters)
    parameters = {
        "more": [*parameters, np.ones(3)],
        "fewer": parameters[:3],
        "other": [np.ones((7, 2)), *parameters[1:]],
    }[change]
    with pytest.raises(ValueError, match=r"parameters must have the shapes \[\(3, 2\), .*, got"):
        net.with_parameters(parameters)
    for layer in (Dense([[1.0]]), Convolution(np.ones((1, 1, 3)))):
        with pytest.raises(ValueError, match="parameters must have the shapes"):
            layer.with_parameters(layer.parameters[:1])


def test_layers_can_be_named_from_network():
    assert network.Dense is network.Dense
