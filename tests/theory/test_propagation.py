"""Maps, fixed points, the critical line and depth scales, published and against each other."""

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
from olfnet.theory.propagation import (
    code_correlation,
    correlation_depth,
    correlation_fixed_point,
    correlation_map,
    critical_weight_variance,
    glorot,
    gradient_map,
    he,
    variance_depth,
    variance_fixed_point,
    variance_map,
)

BIASES = np.array([0.0, 0.01, 0.05, 0.1, 0.2])


def iterated(activation, weight_variance, bias_variance, *, c=0.5, q=1.0, n=60):
    """Variance and correlation behind each of n layers, from the maps alone."""
    for _ in range(60):
        q = variance_map(activation, q, weight_variance, bias_variance)
    found = [c]
    for _ in range(n):
        found.append(correlation_map(activation, found[-1], q, weight_variance, bias_variance))
    return q, np.array(found)


def test_published_correlations_of_rectified_layers():
    _, c = iterated(ReLU(), 2.0, 0.0, c=0.0, n=5)
    np.testing.assert_allclose(c[[1, 2, 3, 5]], [0.318310, 0.493731, 0.604826, 0.735946], atol=5e-7)
    exact = (np.sqrt(1 - c**2) + c * (np.pi - np.arccos(c))) / np.pi
    np.testing.assert_allclose(c[1:], exact[:-1], rtol=1e-13)
    tail = correlation_map(ReLU(), -1.0, 1.0, 2.0)
    assert tail == pytest.approx(0, abs=1e-15)


def test_published_critical_line():
    """The third is 1.7609546 in 16 digits; published is 1.76096, one up in the last place."""
    found = critical_weight_variance(Tanh(), BIASES)
    np.testing.assert_allclose(found, [1, 1.42421, 1.76096, 1.98607, 2.28515], atol=6e-6)
    with mpmath.workdps(16):
        edges = [-9, -3, 0, 3, 9]

        def slope(q):
            return mpmath.quad(lambda z: mpmath.sech(q**0.5 * z) ** 4 * mpmath.npdf(z), edges)

        def square(q):
            return mpmath.quad(lambda z: mpmath.tanh(q**0.5 * z) ** 2 * mpmath.npdf(z), edges)

        q = mpmath.findroot(lambda q: q - square(q) / slope(q) - mpmath.mpf("0.05"), (0.3, 0.6))
        assert found[2] == pytest.approx(float(1 / slope(q)), rel=1e-11)


def test_published_depth_scales():
    weights = [1.0, 1.5, 2.5, 4.0]
    limits = correlation_fixed_point(Tanh(), weights, 0.05)
    np.testing.assert_allclose(limits, [1, 1, 0.4468, 0.1651], atol=5e-5)
    depths = correlation_depth(Tanh(), weights, 0.05)
    assert depths[0] == pytest.approx(3.627, abs=5e-4)
    assert depths[1] == pytest.approx(15.79, abs=5e-3)
    assert depths[2] == pytest.approx(11.8, abs=0.05)
    assert depths[3] == pytest.approx(6.98, abs=5e-3)


@pytest.mark.parametrize(
    ("activation", "weight_variance"),
    [
        (Identity(), 1.0),
        (ReLU(), 2.0),
        (LeakyReLU(0.1), 2 / 1.01),
        (Tanh(), 1.0),
        (Erf(), np.pi / 4),
    ],
    ids=repr,
)
def test_he_is_the_critical_line_without_biases(activation, weight_variance):
    assert critical_weight_variance(activation) == pytest.approx(weight_variance, rel=1e-11)
    assert gradient_map(activation, 0.0, weight_variance) == pytest.approx(1, rel=1e-11)
    assert variance_map(activation, 1e-9, weight_variance) == pytest.approx(1e-9, rel=1e-8)


def test_variances_of_initial_weights():
    assert he(50) == 2 / 50
    assert he([10, 20], slope=1.0).tolist() == [0.1, 0.05]
    forward, backward = 30 * glorot(30, 70), 70 * glorot(30, 70)
    assert (forward + backward) / 2 == pytest.approx(1, rel=1e-15)
    assert glorot([1, 2], 3).shape == (2,)


@pytest.mark.parametrize("activation", [Tanh(), Erf(), Sigmoid()], ids=repr)
def test_gradients_neither_grow_nor_fade_on_the_critical_line(activation):
    biases = np.array([0.02, 0.3, 2.0])
    edge = critical_weight_variance(activation, biases)
    for factor, low, high in ((1.0, 1 - 1e-10, 1 + 1e-10), (0.99, 0.9, 0.9999), (1.01, 1.0001, 2)):
        q = variance_fixed_point(activation, factor * edge, biases)
        chi = gradient_map(activation, q, factor * edge)
        assert ((low < chi) & (chi < high)).all()
        apart = correlation_fixed_point(activation, factor * edge, biases) < 1
        assert (apart == (factor > 1)).all() or factor == 1


@pytest.mark.parametrize(
    ("activation", "weight_variance", "bias_variance"),
    [
        (Tanh(), 1.2, 0.05), (Tanh(), 3.0, 0.05), (Sigmoid(), 4.0, 0.1), (ReLU(), 1.5, 0.2),
        (Thresholded(ReLU(), 0.3), 1.5, 0.3), (Step(), 1.0, 0.1), (Erf(), 2.0, 0.0),
    ],
    ids=repr,
)  # fmt: skip
def test_maps_lead_to_their_fixed_points_as_fast_as_depth_scales_tell(
    activation, weight_variance, bias_variance
):
    setting = activation, weight_variance, bias_variance
    q, c = iterated(*setting)
    assert variance_fixed_point(*setting) == pytest.approx(q, rel=1e-8)
    limit = correlation_fixed_point(*setting)
    assert correlation_map(activation, limit, q, *setting[1:]) == pytest.approx(limit, abs=1e-10)
    assert c[-1] == pytest.approx(limit, abs=2e-2)
    # Close to the limit one step shrinks what is left by exp(-1 / depth), up to its size.
    near = limit + (1e-4 if limit < 0.9 else -1e-4)
    after = correlation_map(activation, near, q, *setting[1:])
    shrunk = np.exp(-1 / correlation_depth(*setting))
    assert (after - limit) / (near - limit) == pytest.approx(shrunk, abs=5e-3)
    above = variance_map(activation, q * 1.001, *setting[1:])
    below = variance_map(activation, q / 1.001, *setting[1:])
    slope = (above - below) / (q * (1.001 - 1 / 1.001))
    depth = variance_depth(*setting)
    assert depth == pytest.approx(-1 / np.log(abs(slope)) if slope else 0, rel=1e-4)


def test_slopes_of_the_correlation_map_are_products_of_gradients():
    c = np.array([-0.7, 0.0, 0.4, 0.95])
    for activation in (Tanh(), ReLU(), Sigmoid()):
        q = variance_fixed_point(activation, 1.7, 0.1)
        ends = [correlation_map(activation, c + h, q, 1.7, 0.1) for h in (1e-4, -1e-4)]
        chi = gradient_map(activation, q, 1.7, c)
        # Third derivatives times h^2 / 6; those of ReLU grow like (1 - c^2)^(-3/2).
        np.testing.assert_allclose((ends[0] - ends[1]) / 2e-4, chi, rtol=0, atol=1e-6)
        assert np.abs((ends[0] - ends[1]) / 2e-4 - 1.01 * chi).max() > 1e-4, "the test is sharp"


def test_order_and_chaos():
    """Inputs that are nearly the same grow alike on one side, come apart on the other."""
    for weight_variance, grows in ((1.5, False), (2.0, True)):
        q = variance_fixed_point(Tanh(), weight_variance, 0.05)
        near = 1 - correlation_map(Tanh(), 1 - 1e-6, q, weight_variance, 0.05)
        assert (near > 1e-6) == grows
        assert (correlation_fixed_point(Tanh(), weight_variance, 0.05) < 1) == grows
    edge = critical_weight_variance(Tanh(), 0.05)
    assert correlation_depth(Tanh(), edge, 0.05) > 1e8
    assert correlation_fixed_point(Step(), 2.0, 0.1) < 1, "a jump is chaotic whatever the weights"


def test_where_signals_die_or_stay():
    found = variance_fixed_point(Tanh(), [0.5, 1.0, 1.0 + 1e-6])
    assert found[:2].tolist() == [0, 0]
    # V(q) = w (q - 2 q^2 + 17 q^3 / 3 ...), so that q* = (1 - 1 / w) / 2.
    assert found[2] == pytest.approx(5e-7, rel=1e-4)
    assert correlation_fixed_point(Tanh(), 0.5) == 1
    assert correlation_depth(Tanh(), 0.5) == pytest.approx(1 / np.log(2), rel=1e-12)
    assert variance_depth(Tanh(), 0.5) == pytest.approx(1 / np.log(2), rel=1e-12)
    assert correlation_fixed_point(Erf(), 2.0) == pytest.approx(0, abs=1e-10)
    assert variance_fixed_point(ReLU(), 2.0, start=[0.3, 7.0]).tolist() == [0.3, 7.0]
    assert variance_fixed_point(ReLU(), 1.0, 0.1) == pytest.approx(0.2, rel=1e-12)
    assert variance_fixed_point(Tanh(), 0.0, [0.4, 1e-20]).tolist() == pytest.approx([0.4, 1e-20])


@pytest.mark.parametrize("level", [0.5, 0.1, 0.02])
def test_an_expansion_layer_decorrelates_by_the_same_map(level):
    c = np.linspace(-1, 1, 9)
    unit = Thresholded(Step(), float(scipy.stats.norm.isf(level)))
    wanted = expansion.correlation(c, level)
    np.testing.assert_allclose(code_correlation(unit, c), wanted, rtol=0, atol=1e-11)
    assert np.abs(code_correlation(unit, c) - expansion.correlation(c, 0.9 * level)).max() > 1e-4
    scaled = Thresholded(Step(), 3 * unit.threshold)
    np.testing.assert_allclose(code_correlation(scaled, c, 9.0), wanted, rtol=0, atol=1e-11)


def test_inhibition_is_a_next_layer_without_its_mean():
    """Its drives vary by w (E phi^2 - (E phi)^2), as if biases had a negative variance."""
    c = np.array([-0.5, 0.0, 0.3, 0.8])
    first = 1 / (2 * np.pi)  # squared mean of a standard normal number, rectified
    raw = correlation_map(ReLU(), c, 1.0, 1.0)
    wanted = (raw / 2 - first) / (0.5 - first)
    np.testing.assert_allclose(code_correlation(ReLU(), c), wanted, rtol=0, atol=1e-13)
    assert code_correlation(ReLU(), 0.0) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("activation", [Identity(), LeakyReLU(1.0)])
def test_linear_layers_that_keep_everything_are_no_chaos(activation):
    """The rounding of a correlation next to 1 must not pass for inputs that come apart."""
    assert correlation_fixed_point(activation, 1.0) == 1.0
    assert correlation_depth(activation, 1.0) == np.inf


def test_chaos_begins_in_proportion_to_the_distance_from_the_edge():
    """At e times the critical weights 1 - c* is a e + O(e^2); rounding is 1e-15 / 1e-9 at most."""
    edge, away = critical_weight_variance(Tanh(), 0.05), np.array([1e-4, 1e-7, 1e-9])
    rise = (1 - correlation_fixed_point(Tanh(), edge * (1 + away), 0.05)) / away
    np.testing.assert_allclose(rise, rise[0], rtol=5e-3)


def test_arrays_give_arrays():
    weights, biases = np.array([[1.0], [2.0]]), np.array([0.0, 0.05, 0.1])
    for function in (variance_fixed_point, correlation_fixed_point, correlation_depth):
        found = function(Tanh(), weights, biases)
        assert found.shape == (2, 3)
        assert found[1, 2] == pytest.approx(function(Tanh(), 2.0, 0.1), rel=1e-9)
    assert correlation_map(Tanh(), [[0.1], [0.2]], [1.0, 2.0, 3.0], 1.0).shape == (2, 3)
    assert gradient_map(Tanh(), [1.0, 2.0], [[1.0], [2.0]], [1.0, 0.5]).shape == (2, 2)
    assert np.shape(variance_depth(Tanh(), 2.0)) == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: variance_map(Tanh(), -1, 1), "variance must be finite and at least 0, got -1"),
        (lambda: variance_map(Tanh(), 1, [1, np.inf]), "weight_variance must be finite .* got inf"),
        (lambda: variance_map(Tanh(), 1, "a"), "weight_variance must be numbers"),
        (lambda: gradient_map(Tanh(), 1, 1, 2), r"correlation must be in \[-1, 1\], got 2"),
        (lambda: correlation_map(Tanh(), 1.1, 1, 1), r"correlation must be in \[-1, 1\], got 1.1"),
        (lambda: correlation_map(Tanh(), 0, 0, 1), "must not all leave drives of 0, got 0, 1 and"),
        (lambda: code_correlation(ReLU(), 0.5, 0), "variance must make the output of ReLU"),
        (lambda: variance_fixed_point(ReLU(), [1, 3]), "settle, got 3, for which it grows"),
        (lambda: variance_fixed_point(ReLU(), 2, 0.1), "settle, got 2, for which it grows"),
        (lambda: variance_fixed_point(Tanh(), 1, start=0), "start must be positive, got 0"),
        (lambda: correlation_depth(Tanh(), 1, -1), "bias_variance must be finite and at least 0"),
        (lambda: critical_weight_variance(ReLU(), 0.1), "nor fade, got 0.1 for ReLU"),
        (lambda: critical_weight_variance(Step()), "bias_variance must be one at which .* Step"),
        (lambda: he(0), "n_inputs must be at least 1, got 0"),
        (lambda: he(5, np.nan), "slope must be finite, got nan"),
        (lambda: glorot(5, 0.5), "n_outputs must be at least 1, got 0.5"),
        (lambda: variance_map(Tanh, 1, 1), r"activation must be one such as ReLU\(\), got <class"),
        (lambda: gradient_map(Tanh, 1, 1), "activation must be one such as"),
        (lambda: code_correlation(Step, 0.5), "activation must be one such as"),
        (
            lambda: correlation_fixed_point("tanh", 1),
            "activation must be one such as .* got 'tanh'",
        ),
        (lambda: variance_fixed_point(ReLU(), 2 - 1e-9, 1), "got 1.999999999, for which it grows"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
