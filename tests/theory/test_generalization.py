"""Counts of parameters, and the error of random features against simulation and exact limits."""

import numpy as np
import pytest

from olfnet.theory import network
from olfnet.theory.activations import LeakyReLU, ReLU, Tanh
from olfnet.theory.generalization import n_parameters, random_feature_error, vc_bound
from olfnet.theory.network import Activate, Convolution, Dense, Flatten, MeanPool, Network, Residual

MODES = np.arange(1, 301) ** -1.5
TARGET = 1 / np.arange(1, 301)


def test_random_features_without_ridge_are_the_limit_of_little_ridge():
    n, k = np.array([50, 50, 50]), np.array([20, 100, 1000])
    little = random_feature_error(MODES, TARGET, n, k, ridge=1e-12, noise_variance=0.1)
    none = random_feature_error(MODES, TARGET, n, k, noise_variance=0.1)
    np.testing.assert_allclose(little, none, rtol=1e-6)


def test_fewer_features_than_samples_and_noise_alone():
    """The least-squares law, for large n the exact one (Breiman & Freedman 1983)."""
    n, k = 4000, np.array([100, 1000, 3000])
    errors = random_feature_error(np.ones(5000), np.zeros(5000), n, k, noise_variance=2.0)
    np.testing.assert_allclose(errors, 2 * n / (n - k), rtol=1e-9)
    np.testing.assert_allclose(errors, 2 + 2 * k / (n - k - 1), rtol=2e-3)


def test_infinitely_many_features_are_kernel_regression():
    """Bordelon, Canatar & Pehlevan 2020: sum (g / (l + g))^2 v^2 / (1 - q / n), z = n."""
    low, high = 1e-9, 10.0
    for _ in range(200):
        g = np.sqrt(low * high)
        low, high = (g, high) if np.sum(MODES / (MODES + g)) > 50 else (low, g)
    learned = MODES / (MODES + g)
    expected = np.sum((1 - learned) ** 2 * TARGET**2) / (1 - np.sum(learned**2) / 50)
    assert random_feature_error(MODES, TARGET, 50, 1e9) == pytest.approx(expected, rel=1e-6)


def test_the_peak_is_where_features_are_as_many_as_samples():
    k = np.arange(5, 200)
    errors = random_feature_error(MODES, TARGET, 40, k, noise_variance=0.1)
    assert k[np.argmax(errors)] == 40
    assert np.isinf(errors.max())
    damped = random_feature_error(MODES, TARGET, 40, k, ridge=0.5, noise_variance=0.1)
    assert (np.diff(damped) < 0).all()
    assert (np.diff(errors[k > 40]) < 0).all()


def shared(readout=1, activation=None, window=(5,)):
    kernels = np.ones((8, 1, *window))
    body = [Convolution(kernels, padding="circular"), Activate(activation or ReLU()), MeanPool()]
    return Network([*body, Dense(np.ones((readout, 8)))])


def test_parameters_are_counted_once():
    layers = [Convolution(np.ones((8, 2, 5))), Activate(ReLU()), Flatten(), Dense(np.ones((1, 40)))]
    assert n_parameters(Network(layers)) == 8 * 2 * 5 + 8 + 40 + 1
    assert n_parameters(network.dense([3, 4, 2], ReLU(), rng=0)) == 3 * 4 + 4 + 4 * 2 + 2


def bound(units, parameters):
    """The formula, from units and parameters of each layer."""
    layers = np.arange(1, len(units) + 1)
    r, w = layers @ np.array(units), layers[::-1] @ np.array(parameters)
    return len(units) + w * np.log2(4 * np.e * r * np.log2(2 * np.e * r))


def test_vc_bound_of_dense_networks():
    """It is no less than the VC dimension of a threshold unit, and like W L log W."""
    net = network.dense([7, 5, 6, 1], LeakyReLU(0.1), rng=0)
    expected = bound([5, 6, 1], [5 * 8, 6 * 6, 7])
    assert vc_bound(net, (7,)) == vc_bound(Network([net]), (7,)) == pytest.approx(expected)
    assert vc_bound(network.dense([50, 1], ReLU(), rng=0), (50,)) >= 51
    small, large = (network.dense([n, 2 * n, 2 * n, 1], ReLU(), rng=0) for n in (50, 100))
    assert 3.9 < vc_bound(large, (100,)) / vc_bound(small, (50,)) < 4.7


@pytest.mark.parametrize(("window", "shape"), [((5,), (1, 32)), ((3, 2), (1, 9, 8))])
def test_shared_weights_count_once_and_units_everywhere(window, shape):
    """By hand: 8 kernels at all points, then one sum of 8 means."""
    n_points, kernels = np.prod(shape), 8 * np.prod(window) + 8
    value = vc_bound(shared(window=window), shape)
    assert value == pytest.approx(bound([8 * n_points, 1], [kernels, 9]), rel=1e-12)
    unshared = [8 * n_points * (n_points + 1), 8 * n_points + 1]
    assert value < bound([8 * n_points, 1], unshared) / 20


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: vc_bound(shared(activation=Tanh()), (1, 32)), "and rectifiers only, got .*Tanh"),
        (lambda: vc_bound(Network([Residual([Dense([[1.0]])])]), (1,)), "only, got Residual"),
        (lambda: vc_bound(shared(readout=2), (1, 32)), "and one output, got 2 outputs"),
        (lambda: vc_bound(Network([Activate(ReLU())]), (1,)), "network must have weights"),
        (lambda: vc_bound(shared(), (32,)), "inputs must have 1 channels"),
        (lambda: random_feature_error([1, 1], [1, 1], np.nan, 1), "n_samples must be finite"),
        (lambda: random_feature_error([1, 1], [1, 1], 0, 5), "n_samples must be .* 1, got 0"),
        (lambda: random_feature_error([1, 0], [1, 1], 1, 1), "eigenvalues must be positive"),
        (lambda: random_feature_error([1, 1], [1, 1], 2, 5), "eigenvalues must be more than"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
