"""Random layers: maps, fixed points, the edge of chaos and stacks against drawn networks."""

import mpmath
import numpy as np
import pytest
import scipy.stats

from olfnet.theory import expansion
from olfnet.theory.activations import (
    Erf,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Step,
    Tanh,
    Thresholded,
)
from olfnet.theory.network import Activate, Dense, Network
from olfnet.theory.propagation import (
    RandomLayer,
    code_correlation,
    correlated_inputs,
    drive_correlation,
    gradients,
    profile,
    sampled_profile,
    stack,
    states,
)

BIASES = np.array([0.0, 0.01, 0.05, 0.1, 0.2])


def iterated(layer, *, c=0.5, n=60):
    """Variance and correlation behind each of n layers, from the maps alone."""
    q = 1.0
    for _ in range(60):
        q = layer.variance_map(q)
    correlations = [c]
    for _ in range(n):
        correlations.append(layer.correlation_map(correlations[-1], q))
    return q, np.array(correlations)


def test_published_correlations_of_rectified_layers():
    _, c = iterated(RandomLayer(ReLU(), 2.0), c=0.0, n=5)
    np.testing.assert_allclose(c[[1, 2, 3, 5]], [0.318310, 0.493731, 0.604826, 0.735946], atol=5e-7)
    exact = (np.sqrt(1 - c**2) + c * (np.pi - np.arccos(c))) / np.pi
    np.testing.assert_allclose(c[1:], exact[:-1], rtol=1e-13)
    assert RandomLayer(ReLU(), 2.0).correlation_map(-1.0, 1.0) == pytest.approx(0, abs=1e-15)


def test_published_critical_line():
    """The third is 1.7609546 in 16 digits; published is 1.76096, one up in the last place."""
    weights = RandomLayer.critical(Tanh(), BIASES).weight_variance
    np.testing.assert_allclose(weights, [1, 1.42421, 1.76096, 1.98607, 2.28515], atol=6e-6)
    with mpmath.workdps(16):
        edges = [-9, -3, 0, 3, 9]

        def slope(q):
            return mpmath.quad(lambda z: mpmath.sech(q**0.5 * z) ** 4 * mpmath.npdf(z), edges)

        def square(q):
            return mpmath.quad(lambda z: mpmath.tanh(q**0.5 * z) ** 2 * mpmath.npdf(z), edges)

        q = mpmath.findroot(lambda q: q - square(q) / slope(q) - mpmath.mpf("0.05"), (0.3, 0.6))
        assert weights[2] == pytest.approx(float(1 / slope(q)), rel=1e-11)


def test_published_limits_and_depth_scales():
    layer = RandomLayer(Tanh(), [1.0, 1.5, 2.5, 4.0], 0.05)
    np.testing.assert_allclose(layer.fixed_correlation, [1, 1, 0.4468, 0.1651], atol=5e-5)
    np.testing.assert_allclose(layer.correlation_depth, [3.627, 15.79, 11.8, 6.98], rtol=7e-4)


@pytest.mark.parametrize(
    ("activation", "weight_variance"),
    [(Identity(), 1), (ReLU(), 2), (LeakyReLU(0.1), 2 / 1.01), (Tanh(), 1), (Erf(), np.pi / 4)],
    ids=repr,
)
def test_he_is_the_critical_line_without_biases(activation, weight_variance):
    layer = RandomLayer.critical(activation)
    assert layer.weight_variance == pytest.approx(weight_variance, rel=1e-11)
    assert layer.chi(0.0) == pytest.approx(1, rel=1e-11)
    assert layer.variance_map(1e-9) == pytest.approx(1e-9, rel=1e-8)


@pytest.mark.parametrize("activation", [Tanh(), Erf(), Sigmoid()], ids=repr)
def test_the_critical_line_parts_order_from_chaos(activation):
    biases = np.array([0.02, 0.3, 2.0])
    edge = RandomLayer.critical(activation, biases)
    for factor, low, high in ((1.0, 1 - 1e-10, 1 + 1e-10), (0.99, 0.9, 0.9999), (1.01, 1.0001, 2)):
        layer = RandomLayer(activation, factor * edge.weight_variance, biases)
        chi = layer.chi(layer.fixed_variance())
        assert ((low < chi) & (chi < high)).all()
        assert ((layer.fixed_correlation < 1) == (factor > 1)).all() or factor == 1


def test_chaos_begins_in_proportion_to_the_distance_from_the_edge():
    """At e times the critical weights 1 - c* is a e + O(e^2); rounding is 1e-15 / 1e-9 at most."""
    edge, away = RandomLayer.critical(Tanh(), 0.05), np.array([1e-4, 1e-7, 1e-9])
    assert edge.correlation_depth > 1e8
    chaotic = RandomLayer(Tanh(), edge.weight_variance * (1 + away), 0.05)
    rise = (1 - chaotic.fixed_correlation) / away
    np.testing.assert_allclose(rise, rise[0], rtol=5e-3)


@pytest.mark.parametrize(
    "layer",
    [
        RandomLayer(Tanh(), 1.2, 0.05), RandomLayer(Tanh(), 3.0, 0.05),
        RandomLayer(Sigmoid(), 4.0, 0.1), RandomLayer(ReLU(), 1.5, 0.2),
        RandomLayer(Thresholded(ReLU(), 0.3), 1.5, 0.3), RandomLayer(Step(), 1.0, 0.1),
        RandomLayer(Erf(), 2.0, 0.0),
    ],
    ids=lambda layer: f"{layer.activation} {layer.weight_variance:g}",
)  # fmt: skip
def test_maps_lead_to_fixed_points_at_the_depth_scale(layer):
    q, c = iterated(layer)
    assert layer.fixed_variance() == pytest.approx(q, rel=1e-8)
    limit = layer.fixed_correlation
    assert layer.correlation_map(limit, q) == pytest.approx(limit, abs=1e-10)
    assert c[-1] == pytest.approx(limit, abs=2e-2)
    # Close to the limit one step shrinks what is left by exp(-1 / depth), up to its size.
    near = limit + (1e-4 if limit < 0.9 else -1e-4)
    ratio = (layer.correlation_map(near, q) - limit) / (near - limit)
    assert ratio == pytest.approx(np.exp(-1 / layer.correlation_depth), abs=5e-3)
    above, below = layer.variance_map(q * 1.001), layer.variance_map(q / 1.001)
    slope = (above - below) / (q * (1.001 - 1 / 1.001))
    depth = -1 / np.log(abs(slope)) if slope else 0
    assert layer.variance_depth == pytest.approx(depth, rel=1e-4)


@pytest.mark.parametrize("activation", [Tanh(), ReLU(), Sigmoid()], ids=repr)
def test_chi_is_the_slope_of_the_correlation_map(activation):
    c, layer = np.array([-0.7, 0.0, 0.4, 0.95]), RandomLayer(activation, 1.7, 0.1)
    q = layer.fixed_variance()
    slope = (layer.correlation_map(c + 1e-4, q) - layer.correlation_map(c - 1e-4, q)) / 2e-4
    # Third derivatives times h^2 / 6; those of ReLU grow like (1 - c^2)^(-3/2).
    np.testing.assert_allclose(slope, layer.chi(q, c), rtol=0, atol=1e-6)
    assert np.abs(slope - 1.01 * layer.chi(q, c)).max() > 1e-4


def test_where_signals_die_or_stay():
    dead = RandomLayer(Tanh(), [0.5, 1.0, 1.0 + 1e-6])
    variances = dead.fixed_variance()
    assert variances[:2].tolist() == [0, 0]
    # V(q) = w (q - 2 q^2 + 17 q^3 / 3 ...), so that q* = (1 - 1 / w) / 2.
    assert variances[2] == pytest.approx(5e-7, rel=1e-4)
    assert dead.fixed_correlation[0] == 1
    assert dead.correlation_depth[0] == pytest.approx(1 / np.log(2), rel=1e-12)
    assert dead.variance_depth[0] == pytest.approx(1 / np.log(2), rel=1e-12)
    assert RandomLayer(Erf(), 2.0).fixed_correlation == pytest.approx(0, abs=1e-10)
    assert RandomLayer(ReLU(), 2.0).fixed_variance(start=[0.3, 7.0]).tolist() == [0.3, 7.0]
    assert RandomLayer(ReLU(), 1.0, 0.1).fixed_variance() == pytest.approx(0.2, rel=1e-12)
    only_biases = RandomLayer(Tanh(), 0.0, [0.4, 1e-20])
    assert only_biases.fixed_variance().tolist() == pytest.approx([0.4, 1e-20])
    assert RandomLayer(Step(), 2.0, 0.1).fixed_correlation < 1, "a jump is chaotic at any weights"
    # The rounding of a correlation next to 1 must not pass for inputs that come apart.
    for activation in (Identity(), LeakyReLU(1.0)):
        assert RandomLayer(activation, 1.0).fixed_correlation == 1.0
        assert RandomLayer(activation, 1.0).correlation_depth == np.inf


@pytest.mark.parametrize("level", [0.5, 0.1, 0.02])
def test_an_expansion_layer_decorrelates_by_the_same_map(level):
    c = np.linspace(-1, 1, 9)
    unit = Thresholded(Step(), float(scipy.stats.norm.isf(level)))
    scaled = Thresholded(Step(), 3 * unit.threshold)
    expected = expansion.correlation(c, level)
    np.testing.assert_allclose(code_correlation(unit, c), expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(code_correlation(scaled, c, 9.0), expected, rtol=0, atol=1e-11)
    assert np.abs(code_correlation(unit, c) - expansion.correlation(c, 0.9 * level)).max() > 1e-4


def test_inhibition_is_a_next_layer_without_its_mean():
    """Its drives vary by w (E phi^2 - (E phi)^2), as if biases had a negative variance."""
    c = np.array([-0.5, 0.0, 0.3, 0.8])
    mean = 1 / (2 * np.pi)  # squared mean of a standard normal number, rectified
    raw = RandomLayer(ReLU(), 1.0).correlation_map(c, 1.0)
    expected = (raw / 2 - mean) / (0.5 - mean)
    np.testing.assert_allclose(code_correlation(ReLU(), c), expected, rtol=0, atol=1e-13)


def test_layers_of_arrays_and_their_record():
    weights = np.array([[1.0], [2.0]])
    layer = RandomLayer(Tanh(), weights, [0.0, 0.05, 0.1])
    for name in ("fixed_correlation", "correlation_depth", "variance_depth"):
        values = getattr(layer, name)
        assert values.shape == (2, 3)
        assert values[1, 2] == pytest.approx(getattr(RandomLayer(Tanh(), 2.0, 0.1), name), rel=1e-9)
    assert RandomLayer(Tanh(), 1.0).correlation_map([[0.1], [0.2]], [1.0, 2, 3]).shape == (2, 3)
    assert RandomLayer(Tanh(), weights).chi([1.0, 2.0], [1.0, 0.5]).shape == (2, 2)
    weights[:] = 9
    assert layer.weight_variance.max() == 2
    with pytest.raises(ValueError, match="read-only"):
        layer.weight_variance[0] = 3


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize(
    ("activation", "weight_variance", "bias_variance"),
    [(Tanh(), 1.5, 0.05), (ReLU(), 2.0, 0.0), (Sigmoid(), 1.0, 0.1)],
    ids=repr,
)
def test_wide_networks_follow_theory(activation, weight_variance, bias_variance, residual):
    """Means of 25 networks at 4 standard errors, and 1 / 100 for each layer.

    Those of residual networks of activations that are not odd differ by more.
    """
    layer = RandomLayer(activation, weight_variance, bias_variance)
    other = RandomLayer(activation, 1.2 * weight_variance, bias_variance)
    theory, control = (profile(one, 6, residual=residual) for one in (layer, other))
    profiles = [
        sampled_profile(layer, 6, n_units=100, residual=residual, rng=stream)
        for stream in np.random.default_rng(0).spawn(25)
    ]
    layers, slack = np.arange(7), 3 if residual and activation in (ReLU(), Sigmoid()) else 1
    for power, name, n in ((1, "signal", layers), (2, "gradient", slack * layers[::-1])):
        samples = np.array([getattr(one, name) for one in profiles]) ** power
        expected = getattr(theory, name) ** power
        half_width = 4 * samples.std(axis=0, ddof=1) / 5 + (1e-12 + n / 100) * expected
        assert (np.abs(samples.mean(axis=0) - expected) < half_width).all()
    if not residual:
        difference = samples.mean(axis=0) - control.gradient**2
        assert (np.abs(difference) > half_width)[:-3].all()


def test_profiles_in_closed_form():
    linear = profile(RandomLayer(Identity(), 2.0, 1.0), 3, signal=0.5)
    np.testing.assert_allclose(linear.signal, [0.5, 2, 5, 11], rtol=1e-12)
    np.testing.assert_allclose(linear.gradient, [8**0.5, 2, 2**0.5, 1], rtol=1e-12)
    rectified = profile(RandomLayer(ReLU(), [1.0, 2.0, 4.0]), 4)
    assert rectified.signal.shape == rectified.gradient.shape == (5, 3)
    np.testing.assert_allclose(rectified.signal[-1], [1 / 16, 1, 16], rtol=1e-12)
    np.testing.assert_allclose(rectified.gradient[0], [1 / 4, 1, 4], rtol=1e-12)
    blocks = profile(RandomLayer(Identity(), 1.0), 2, residual=True)
    np.testing.assert_allclose(blocks.signal, [1, 2, 4], rtol=1e-12)
    np.testing.assert_allclose(blocks.gradient, [2, 2**0.5, 1], rtol=1e-12)
    # E relu = sqrt(q / 2 pi) of one layer shifts the mean of the next.
    shifted = profile(RandomLayer(ReLU(), 1.0), 2, residual=True)
    last = 2.25 + 2 * (1 / np.sqrt(2 * np.pi)) * np.sqrt(1.5 / (2 * np.pi))
    np.testing.assert_allclose(shifted.signal, [1, 1.5, last], rtol=1e-12)


@pytest.mark.parametrize("residual", [False, True])
def test_gradients_are_finite_differences(residual):
    rng = np.random.default_rng(1)
    network = stack(RandomLayer(Erf(), 1.5, 0.2), 6, 3, residual=residual, rng=rng)
    inputs, by_outputs = rng.standard_normal((2, 4, 6))
    backward, forward = gradients(network, inputs, by_outputs), states(network, inputs)
    assert np.array_equal(backward[-1], by_outputs)
    assert np.array_equal(forward[-1], network(inputs))
    for nth in range(4):
        rest, nudge = Network(network.layers[nth:]), rng.standard_normal((4, 6))
        ends = [np.sum(rest(forward[nth] + h * nudge) * by_outputs) for h in (1e-5, -1e-5)]
        expected = (ends[0] - ends[1]) / 2e-5
        assert np.sum(backward[nth] * nudge) == pytest.approx(expected, abs=1e-8)
        assert np.sum(backward[nth] * nudge) != pytest.approx(1.001 * expected, abs=1e-8)


def test_inputs_have_exact_correlations_and_drives_those_of_the_layer():
    inputs = correlated_inputs([0.0, 0.6], 3, 200, rng=5)
    shared = inputs @ inputs.T / 200
    np.testing.assert_allclose(shared[:3, :3], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(shared[3:, 3:], 0.6 + 0.4 * np.eye(3), atol=1e-12)
    assert drive_correlation(inputs[3:], 2.0, 0.5) == pytest.approx(1.7 / 2.5)
    assert drive_correlation(inputs[3:]) == pytest.approx(0.6)


NARROWING = Network([Dense([[1.0, 1.0]])])
TANH = RandomLayer(Tanh(), 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RandomLayer(Tanh(), -1), "weight_variance must be finite and at least 0, got -1"),
        (lambda: RandomLayer(Tanh(), [1, np.inf]), "weight_variance must be finite .* got inf"),
        (lambda: RandomLayer(Tanh, 1), r"activation must be one such as ReLU\(\), got <class"),
        (lambda: TANH.variance_map(-1), "variance must be finite and at least 0, got -1"),
        (lambda: TANH.chi(1, 2), r"correlation must be in \[-1, 1\], got 2"),
        (lambda: TANH.correlation_map(0, 0), "must not all leave drives of 0, got 0, 1 and"),
        (lambda: TANH.fixed_variance(start=0), "start must be positive, got 0"),
        (lambda: RandomLayer(ReLU(), [1, 3]).fixed_variance(), "settle, got 3, for which it grows"),
        (lambda: RandomLayer(ReLU(), 2, 0.1).correlation_depth, "settle, got 2, for which it grow"),
        (lambda: RandomLayer.critical(ReLU(), 0.1), "nor fade, got 0.1 for ReLU"),
        (lambda: RandomLayer.critical(Step()), "bias_variance must be one at which .* Step"),
        (lambda: code_correlation(ReLU(), 0.5, 0), "variance must make the output of ReLU"),
        (lambda: profile(TANH, 0), "depth must be at least 1, got 0"),
        (lambda: stack(TANH, 0, 1), "n_units must be at least 1, got 0"),
        (lambda: stack(RandomLayer(Tanh(), [1, 2]), 2, 1), "weight_variance must be a number, got"),
        (lambda: correlated_inputs([1.1], 2, 3), r"correlations must be in \[0, 1\], got 1.1"),
        (lambda: correlated_inputs([0.5], 2, 2), "n_units must be at least 3, got 2"),
        (lambda: drive_correlation([1.0]), "activities must be 2-D"),
        (lambda: states(Network([Activate(Tanh())]), [1.0]), "inputs must be 2-D"),
        (lambda: gradients(Network([]), [[1.0]], [[1.0, 2.0]]), r"shape of inputs, \(1, 1\), got"),
        (lambda: gradients(NARROWING, [[1.0, 2.0]], [[1.0, 2.0]]), r"units as inputs, got \[2, 1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
