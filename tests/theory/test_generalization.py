"""Counts of parameters, and the error of random features against simulation and exact limits."""

import numpy as np
import pytest

from olfnet.theory import generalization as theory
from olfnet.theory import network
from olfnet.theory.activations import ReLU
from olfnet.theory.network import Activate, Convolution, Dense, Flatten, Network

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


@pytest.mark.parametrize(
    ("call", "words"),
    [
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
