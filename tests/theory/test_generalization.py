"""Counts of parameters, and the error of random features against simulation and exact limits."""

import numpy as np
import pytest

from olfnet.theory import generalization as theory
from olfnet.theory import network
from olfnet.theory.activations import LeakyReLU, ReLU, Tanh
from olfnet.theory.network import (
    Activate,
    Convolution,
    Dense,
    Flatten,
    MeanPool,
    Network,
    Residual,
)

MODES = np.arange(1, 301) ** -1.5
TARGET = 1 / np.arange(1, 301)


def simulated(n, k, ridge, noise, n_repeats=200):
    """Test errors of ridge regression on Gaussian random features."""
    rng, found = np.random.default_rng(n + k), []
    for _ in range(n_repeats):
        inputs = rng.standard_normal((n + 300, len(MODES)))
        mixing = rng.standard_normal((len(MODES), k)) / k**0.5
        features = (inputs * np.sqrt(MODES)) @ mixing
        targets = inputs @ TARGET + noise**0.5 * rng.standard_normal(n + 300)
        damped = features[:n].T @ features[:n] + ridge * np.eye(k)
        weights = np.linalg.solve(damped, features[:n].T @ targets[:n])
        found.append(np.mean((features[n:] @ weights - targets[n:]) ** 2))
    return np.mean(found), np.std(found) / n_repeats**0.5


@pytest.mark.parametrize(("n", "k"), [(80, 30), (80, 80), (80, 200), (30, 80)])
@pytest.mark.parametrize(("ridge", "noise"), [(0.02, 0.1), (0.3, 0.0)])
def test_random_features_against_simulation(n, k, ridge, noise):
    """Corrections are of the order 1 / min(n, k); the interval is of 4 standard errors."""
    predicted = theory.random_feature_error(MODES, TARGET, n, k, ridge=ridge, noise_variance=noise)
    mean, error = simulated(n, k, ridge, noise)
    assert mean == pytest.approx(predicted, abs=4 * error + predicted / min(n, k))
    other = theory.random_feature_error(MODES, TARGET, 4 * n, k, ridge=ridge, noise_variance=noise)
    assert abs(mean - other) > 4 * error + other / min(n, k)


def test_random_features_without_ridge_are_the_limit_of_little_ridge():
    n, k = np.array([50, 50, 50]), np.array([20, 100, 1000])
    little = theory.random_feature_error(MODES, TARGET, n, k, ridge=1e-12, noise_variance=0.1)
    none = theory.random_feature_error(MODES, TARGET, n, k, noise_variance=0.1)
    np.testing.assert_allclose(little, none, rtol=1e-6)


def test_fewer_features_than_samples_and_noise_alone():
    """The least-squares law: noise n / (n - k), for large n the exact finite one."""
    n, k = 4000, np.array([100, 1000, 3000])
    found = theory.random_feature_error(np.ones(5000), np.zeros(5000), n, k, noise_variance=2.0)
    np.testing.assert_allclose(found, 2 * n / (n - k), rtol=1e-9)
    exact = 2 + theory.least_squares_error(n, k, 2.0)
    np.testing.assert_allclose(found, exact, rtol=2e-3)
    assert abs(found[1] / exact[2] - 1) > 0.5


def test_infinitely_many_features_are_kernel_regression():
    """Bordelon, Canatar & Pehlevan 2020: sum (g / (l + g))^2 v^2 / (1 - q / n), z = n."""
    found = theory.random_feature_error(MODES, TARGET, 50, 1e9)
    low, high = 1e-9, 10.0
    for _ in range(200):
        g = np.sqrt(low * high)
        low, high = (g, high) if np.sum(MODES / (MODES + g)) > 50 else (low, g)
    shares = MODES / (MODES + g)
    wanted = np.sum((1 - shares) ** 2 * TARGET**2) / (1 - np.sum(shares**2) / 50)
    assert found == pytest.approx(wanted, rel=1e-6)


def test_the_peak_stands_where_features_are_as_many_as_samples():
    k = np.arange(5, 200)
    errors = theory.random_feature_error(MODES, TARGET, 40, k, noise_variance=0.1)
    assert k[np.argmax(errors)] == 40
    assert np.isinf(errors.max())
    damped = theory.random_feature_error(MODES, TARGET, 40, k, ridge=0.5, noise_variance=0.1)
    assert (np.diff(damped) < 0).all()
    assert (np.diff(errors[k > 40]) < 0).all()


def test_least_squares_error_is_exact():
    """Breiman & Freedman 1983, against 4000 simulations; 4 standard errors."""
    rng, n, k = np.random.default_rng(0), 12, 4
    found = []
    for _ in range(4000):
        inputs = rng.standard_normal((n, k)) * [1, 2, 3, 4]
        weights = np.linalg.lstsq(inputs, rng.standard_normal(n))[0]
        found.append(np.sum((weights * [1, 2, 3, 4]) ** 2))
    error = 4 * np.std(found) / 4000**0.5
    assert np.mean(found) == pytest.approx(theory.least_squares_error(n, k), abs=error)
    assert abs(np.mean(found) - theory.least_squares_error(n + 2, k)) > error


def test_parameters_are_counted_once():
    net = Network(
        [Convolution(np.ones((8, 2, 5))), Activate(ReLU()), Flatten(), Dense(np.ones((1, 40)))]
    )
    assert theory.n_parameters(net) == 8 * 2 * 5 + 8 + 40 + 1
    assert theory.n_parameters(network.dense([3, 4, 2], ReLU(), rng=0)) == 3 * 4 + 4 + 4 * 2 + 2


def test_vc_bound_holds_and_grows_with_depth():
    """It is no less than the parameters of a threshold unit, whose VC dimension they are."""
    for n_inputs in (1, 5, 50):
        assert theory.vc_bound([n_inputs, 1]) >= n_inputs + 1
    assert theory.vc_bound([10, 20, 20, 1]) > theory.vc_bound([10, 20, 1])
    # W L log W: the bound of twice as wide layers is about four times as large.
    ratio = theory.vc_bound([100, 200, 200, 1]) / theory.vc_bound([50, 100, 100, 1])
    assert 3.9 < ratio < 4.7


def looking(readout=1, activation=None, n_kernels=8, window=(5,)):
    kernels = np.ones((n_kernels, 1, *window))
    body = [Convolution(kernels, padding="circular"), Activate(activation or ReLU()), MeanPool()]
    return Network([*body, Dense(np.ones((readout, n_kernels)))])


@pytest.mark.parametrize("widths", [[3, 1], [10, 20, 1], [7, 5, 6, 4, 1]])
def test_bounds_of_dense_networks_are_the_same_by_both_ways(widths):
    net = network.dense(widths, LeakyReLU(0.1), rng=0)
    assert theory.network_vc_bound(net, (widths[0],)) == pytest.approx(theory.vc_bound(widths))
    assert theory.network_vc_bound(Network([net]), (widths[0],)) == theory.vc_bound(widths)


@pytest.mark.parametrize(("window", "shape"), [((5,), (1, 32)), ((3, 2), (1, 9, 8))])
def test_shared_weights_count_once_and_units_everywhere(window, shape):
    """By hand: 8 kernels at all places, then one sum of 8 means."""
    first = 8 * np.prod(window) + 8
    n_places = np.prod(shape)
    reach = 8 * n_places + 2
    wanted = 2 + (2 * first + 9) * np.log2(4 * np.e * reach * np.log2(2 * np.e * reach))
    found = theory.network_vc_bound(looking(window=window), shape)
    assert found == pytest.approx(wanted, rel=1e-12)
    apart = theory.vc_bound([n_places, 8 * n_places, 1])  # the same units, nothing shared
    assert found < apart / 20


def test_shared_weights_can_shatter_no_more_than_the_bound():
    """One kernel summed over places is a threshold unit of its 5 weights and a bias."""
    net = Network([Convolution(np.ones((1, 1, 5)), stride=5), MeanPool(), Dense([[1.0]])])
    assert theory.network_vc_bound(net, (1, 30)) >= 6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: theory.network_vc_bound(looking(activation=Tanh()), (1, 32)),
            "network must have dense layers, convolutions and rectifiers only, got .*Tanh",
        ),
        (
            lambda: theory.network_vc_bound(Network([Residual([Dense([[1.0]])])]), (1,)),
            "rectifiers only, got Residual",
        ),
        (
            lambda: theory.network_vc_bound(looking(readout=2), (1, 32)),
            "network must have weights and one output, got 2 outputs",
        ),
        (
            lambda: theory.network_vc_bound(Network([Activate(ReLU())]), (1,)),
            "network must have weights",
        ),
        (lambda: theory.network_vc_bound(looking(), (32,)), "inputs must have 1 channels"),
        (lambda: theory.least_squares_error(np.nan, 3), "n_samples must be finite"),
        (lambda: theory.least_squares_error(10, -3), "n_features must be finite and at least 0"),
        (lambda: theory.least_squares_error(10, 3, -1), "noise_variance must be finite and at"),
        (
            lambda: theory.random_feature_error([1, 1, 1], [1, 1, 1], np.nan, 1),
            "n_samples must be finite",
        ),
        (
            lambda: theory.random_feature_error([1, 1, 1], [1, 1, 1], 1, [1, np.inf]),
            "n_features must be finite",
        ),
        (lambda: theory.vc_bound([3]), "widths must hold"),
        (lambda: theory.vc_bound([3, 2]), "1 at last"),
        (lambda: theory.vc_bound([0, 1]), "widths must be at least 1"),
        (lambda: theory.least_squares_error(5, 4), r"n_samples must be at least n_features \+ 2"),
        (lambda: theory.random_feature_error([1, 0], [1, 1], 1, 1), "eigenvalues must be positive"),
        (lambda: theory.random_feature_error([1, 1], [1], 1, 1), "coefficients must have 2"),
        (lambda: theory.random_feature_error([1, 1], [1, 1], 2, 5), "eigenvalues must be more"),
        (lambda: theory.random_feature_error([1, 1], [1, 1], 0, 5), "must be at least 1"),
        (
            lambda: theory.random_feature_error([1, 1], [1, 1], 1, 1, ridge=-1),
            "ridge must be non-negative",
        ),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
