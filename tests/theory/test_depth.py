"""Stacks of layers: theory against random networks, gradients against finite differences."""

import numpy as np
import pytest

from olfnet.theory import network
from olfnet.theory.activations import Erf, Identity, ReLU, Sigmoid, Tanh
from olfnet.theory.network import Activate, Dense, Network, Residual, SquaredLoss
from olfnet.theory.propagation import (
    chain_gradient,
    gradients,
    profile,
    sampled_profile,
    stack,
    states,
)


def sampled(n_networks, *args, n_units=200, **options):
    """Signals and squared gradients of several networks, each of shape (n_networks, depth + 1)."""
    found = [
        sampled_profile(*args, n_units=n_units, rng=rng, **options)
        for rng in np.random.default_rng(0).spawn(n_networks)
    ]
    return np.array([f.signal for f in found]), np.array([f.gradient**2 for f in found])


def off(samples, theory):
    """Mean over theory less 1, and its standard error."""
    ratio = samples / theory
    return ratio.mean(axis=0) - 1, ratio.std(axis=0, ddof=1) / len(ratio) ** 0.5


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize(
    ("activation", "weight_variance", "bias_variance"),
    [(Tanh(), 1.5, 0.05), (Tanh(), 0.5, 0.0), (ReLU(), 2.0, 0.0), (Sigmoid(), 1.0, 0.1)],
    ids=repr,
)
def test_wide_networks_follow_theory(activation, weight_variance, bias_variance, residual):
    """Means of 25 networks at 4 standard errors, and 1 / 200 for each layer that was passed.

    Those of residual networks of activations that are not odd differ by more; see below.
    """
    depth, setting = 6, (activation, 6, weight_variance, bias_variance)
    theory = profile(*setting, residual=residual)
    signals, squares = sampled(25, *setting, residual=residual)
    passed = np.arange(depth + 1)
    difference, error = off(signals, theory.signal)
    assert (np.abs(difference) < 4 * error + 1e-12 + passed / 200).all()
    difference, error = off(squares, theory.gradient**2)
    slack = 3 if residual and activation in (ReLU(), Sigmoid()) else 1
    assert (np.abs(difference) < 4 * error + 1e-12 + slack * passed[::-1] / 200).all()
    other = profile(activation, depth, 1.2 * weight_variance, bias_variance, residual=residual)
    difference, error = off(squares, other.gradient**2)
    assert (np.abs(difference) > 4 * error + 3 / 200)[:-3].all() or residual


def test_rectified_residual_networks_approach_theory_as_their_width_grows():
    """What is left falls by 4 with four times the units, within 3.5 standard errors."""
    theory = profile(ReLU(), 5, 1.5, residual=True).gradient[0] ** 2
    found = {}
    for n_units, n_networks in ((30, 200), (120, 60)):
        squares = sampled(n_networks, ReLU(), 5, 1.5, residual=True, n_units=n_units)[1][:, 0]
        found[n_units] = off(squares, theory)
    (few, few_error), (many, many_error) = found.values()
    assert few > 5 * few_error
    assert abs(few - 4 * many) < 3.5 * np.hypot(few_error, 4 * many_error)


def test_residual_gradients_never_fade():
    plain, kept = (profile(Tanh(), 50, 0.5, residual=residual) for residual in (False, True))
    np.testing.assert_allclose(plain.gradient[0], 0.5**25, rtol=0.6)  # slopes are below 1 at first
    assert plain.gradient[0] < 1e-6
    assert (kept.gradient >= 1).all()
    assert (np.diff(kept.gradient) < 0).all()


def test_known_profiles():
    """Linear and rectified layers in closed form."""
    found = profile(Identity(), 3, 2.0, 1.0, signal=0.5)
    np.testing.assert_allclose(found.signal, [0.5, 2, 5, 11], rtol=1e-12)
    np.testing.assert_allclose(found.gradient, [8**0.5, 2, 2**0.5, 1], rtol=1e-12)
    found = profile(ReLU(), 4, [1.0, 2.0, 4.0])
    assert found.signal.shape == found.gradient.shape == (5, 3)
    np.testing.assert_allclose(found.signal[-1], [1 / 16, 1, 16], rtol=1e-12)
    np.testing.assert_allclose(found.gradient[0], [1 / 4, 1, 4], rtol=1e-12)
    found = profile(Identity(), 2, 1.0, residual=True)
    np.testing.assert_allclose(found.signal, [1, 2, 4], rtol=1e-12)
    np.testing.assert_allclose(found.gradient, [2, 2**0.5, 1], rtol=1e-12)


def test_rectified_residual_signals_add_up():
    """Two layers by hand: E relu = sqrt(q / 2 pi) shifts the mean of what follows."""
    found = profile(ReLU(), 2, 1.0, residual=True)
    q = 1.5  # after the first layer, whose inputs have mean 0
    wanted = q + q / 2 + 2 * (1 / np.sqrt(2 * np.pi)) * np.sqrt(q / (2 * np.pi))
    np.testing.assert_allclose(found.signal, [1, 1.5, wanted], rtol=1e-12)


def test_published_sigmoid_numbers():
    np.testing.assert_allclose(
        chain_gradient(0.25, [5, 10, 20]), [9.8e-4, 9.5e-7, 9.1e-13], rtol=5e-3
    )
    for depth in (5, 10, 20):
        assert profile(Sigmoid(), depth, 1.0).gradient[0] < chain_gradient(0.25, depth)
    assert profile(Tanh(), 20, 1.0).gradient[0] > 1e6 * chain_gradient(0.25, 20)


@pytest.mark.parametrize("factor", [-0.5, 0.25, 0.9, 1.1])
def test_a_chain_multiplies_its_factors(factor):
    chain = Network([Dense([[factor]])] * 7)
    found = gradients(chain, [[0.3]], [[1.0]])[:, 0, 0]
    np.testing.assert_allclose(found, chain_gradient(factor, np.arange(8)[::-1]), rtol=1e-14)
    assert np.abs(found - chain_gradient(factor, np.arange(1, 9)[::-1])).max() > 1e-6


@pytest.mark.parametrize("residual", [False, True])
def test_gradients_are_finite_differences(residual):
    rng = np.random.default_rng(1)
    drawn = stack(Erf(), 6, 3, weight_variance=1.5, bias_variance=0.2, residual=residual, rng=rng)
    inputs, by_outputs = rng.standard_normal((2, 4, 6))
    found = gradients(drawn, inputs, by_outputs)
    assert np.array_equal(found[-1], by_outputs)
    passed = states(drawn, inputs)
    assert np.array_equal(passed[-1], drawn(inputs))
    for place in range(4):
        rest, nudge = Network(drawn.layers[place:]), rng.standard_normal((4, 6))
        ends = [np.sum(rest(passed[place] + h * nudge) * by_outputs) for h in (1e-5, -1e-5)]
        wanted = (ends[0] - ends[1]) / 2e-5
        assert np.sum(found[place] * nudge) == pytest.approx(wanted, abs=1e-8)
        assert np.sum(found[place] * nudge) != pytest.approx(1.001 * wanted, abs=1e-8)


def test_a_stack_is_a_network_that_can_learn():
    drawn = stack(Tanh(), 5, 2, weight_variance=1.0, residual=True, rng=3)
    assert all(isinstance(layer, Residual) for layer in drawn.layers)
    assert [p.shape for p in drawn.parameters] == [(5, 5), (5,)] * 2
    loss, slopes = network.gradient(drawn, np.ones((2, 5)), np.zeros((2, 5)), SquaredLoss())
    assert loss > 0
    assert len(slopes) == 4


def test_weights_have_the_variance_that_is_asked_for():
    """Of 40,000 weights, whose variance has a relative standard error of sqrt(2 / 40,000)."""
    drawn = stack(Tanh(), 200, 1, weight_variance=3.0, bias_variance=0.5, rng=4)
    weights, bias = drawn.parameters
    assert 200 * weights.var() == pytest.approx(3.0, rel=4 * (2 / 40_000) ** 0.5)
    assert bias.var() == pytest.approx(0.5, rel=4 * (2 / 200) ** 0.5)
    again = stack(Tanh(), 200, 1, weight_variance=3.0, bias_variance=0.5, rng=4)
    assert np.array_equal(again.parameters[0], weights)
    plain = stack(Tanh(), 4, 1, weight_variance=3.0, rng=4)
    assert not plain.parameters[1].any()


def narrowing():
    return Network([Dense([[1.0, 1.0]])])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chain_gradient(0.5, -1), "depth must be integers of at least 0, got -1"),
        (lambda: chain_gradient(0.5, [1, 2.5]), "depth must be integers of at least 0, got 2.5"),
        (lambda: chain_gradient(np.nan, 1), "factor must be finite, got nan"),
        (lambda: profile(Tanh(), 0, 1.0), "depth must be at least 1, got 0"),
        (lambda: profile(Tanh(), 1, -1.0), "weight_variance must be finite and at least 0, got -1"),
        (lambda: profile(Tanh(), 1, 1.0, signal=-1), "signal must be finite and at least 0"),
        (lambda: stack(Tanh(), 0, 1, weight_variance=1), "n_units must be at least 1, got 0"),
        (lambda: stack(Tanh(), 2, 1, weight_variance=-1), "weight_variance must be non-negative"),
        (lambda: states(Network([Activate(Tanh())]), [1.0]), "inputs must be 2-D"),
        (lambda: gradients(Network([]), [[1.0]], [[1.0, 2.0]]), r"shape of inputs, \(1, 1\), got"),
        (
            lambda: sampled_profile(Tanh(), 1, 1.0, n_units=3, n_samples=0),
            "n_samples must be at least 1, got 0",
        ),
        (lambda: sampled_profile(Tanh(), 1, 1.0, n_units=3, signal=-1), "signal must be non-neg"),
        (lambda: chain_gradient(0.5, np.inf), "depth must be integers of at least 0, got inf"),
        (lambda: profile(Tanh, 1, 1.0), r"activation must be one such as ReLU\(\), got <class"),
        (lambda: profile(Tanh(), 1, 1.0, residual="no"), "residual must be True or False"),
        (lambda: states(narrowing(), [[1.0, 2.0]]), r"as many units as inputs, got \[2, 1\]"),
        (lambda: gradients(narrowing(), [[1.0, 2.0]], [[1.0, 2.0]]), "as many units as inputs"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
