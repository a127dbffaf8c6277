"""Means over normal numbers against closed forms, higher precision, and Gauss-Hermite rules."""

import mpmath
import numpy as np
import pytest
import scipy.stats

from olfnet.theory import expansion
from olfnet.theory._gaussian.means import mean, pair
from olfnet.theory.activations import Erf, ReLU, Sigmoid, Step, Tanh, Thresholded

CORRELATIONS = np.array([-1, -0.999, -0.6, 0, 1e-3, 0.3, 0.9, 0.999, 1 - 1e-6, 1 - 1e-10, 1])


def hermite(n_nodes):
    z, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    return z, weights / weights.sum()


def squared(activation):
    return lambda z: activation(z) ** 2


@pytest.mark.parametrize("sd", [1e-3, 0.5, 3.0, 100.0])
@pytest.mark.parametrize(
    ("activation", "exact", "kinks"),
    [
        (Tanh(), mpmath.tanh, ()),
        (Thresholded(Tanh(), 0.7), lambda u: mpmath.tanh(u - mpmath.mpf("0.7")), ()),
        (Thresholded(ReLU(), 0.7), lambda u: max(u - mpmath.mpf("0.7"), 0), (0.7,)),
        (Thresholded(Step(), 0.7), lambda u: u > mpmath.mpf("0.7"), (0.7,)),
    ],
    ids=["tanh", "shifted tanh", "rectifier", "step"],
)
def test_single_means_equal_20_digits(activation, exact, kinks, sd):
    assert activation.kinks == kinks
    with mpmath.workdps(20):
        edges = sorted({*np.linspace(-12, 12, 9), 0.7 / sd, 1.4 / sd, -1 / sd, *(3 / sd, 0.0)})
        edges = [mpmath.mpf(e) for e in edges if abs(e) <= 12]
        wanted = mpmath.quad(lambda z: exact(sd * z) ** 2 * mpmath.npdf(z), edges)
    found = mean(squared(activation), sd, activation.kinks)
    steep = sd == 100 and activation == Thresholded(Tanh(), 0.7)
    assert found == pytest.approx(float(wanted), rel=1e-9 if steep else 1e-12, abs=1e-30)


def test_gauss_hermite_rules_agree_where_they_converge_and_only_there():
    z, weights = hermite(150)
    for sd in (0.3, 1.0):
        assert mean(squared(Tanh()), sd) == pytest.approx(weights @ np.tanh(sd * z) ** 2, abs=1e-12)
    unit = Thresholded(Step(), 0.7)
    exact = scipy.stats.norm.sf(0.7)
    assert mean(unit, 1.0, unit.kinks) == pytest.approx(exact, rel=1e-14)
    assert abs(weights @ unit(z) - exact) > 0.01, "their error at a jump"


def test_rectified_pairs_are_the_arc_cosine_kernels():
    """Cho & Saul 2009; distances in 40 digits, relative, since they vanish with the angle."""
    found = pair(ReLU(), 3.0, CORRELATIONS, [0.0])
    for k, c in enumerate(CORRELATIONS):
        with mpmath.workdps(40):
            c, angle = mpmath.mpf(c), mpmath.acos(mpmath.mpf(c))
            product = 9 * (mpmath.sin(angle) + (mpmath.pi - angle) * c) / (2 * mpmath.pi)
            slope = (mpmath.pi - angle) / (2 * mpmath.pi)
            distance = float(4.5 - product)
            apart = product - 9 / (2 * mpmath.pi)
        assert found.product[k] == pytest.approx(float(product), abs=9e-12)
        assert found.covariance[k] == pytest.approx(float(apart), abs=9e-12)
        assert found.distance[k] == pytest.approx(distance, rel=1e-8, abs=1e-29)
        if abs(c) < 1:  # a jump of the slope costs digits where numbers are nearly the same
            reach = 1e-12 if abs(c) < 0.99 else 1e-8
            assert found.slope[k] == pytest.approx(float(slope), abs=reach)


def test_error_functions_have_closed_forms():
    """Williams 1997: E erf(u) erf(v) = (2 / pi) arcsin(2 q c / (1 + 2 q))."""
    for q in (0.01, 1.0, 30.0, 100.0):
        exact = 2 / np.pi * np.arcsin(2 * q * CORRELATIONS / (1 + 2 * q))
        found = pair(Erf(), q**0.5, CORRELATIONS)
        reach = 1e-12 if q < 36 else 1e-10
        np.testing.assert_allclose(found.product, exact, rtol=0, atol=reach)
        wrong = 2 / np.pi * np.arcsin(2 * q * CORRELATIONS / (1.001 + 2 * q))
        assert np.abs(found.product - wrong).max() > 1e-7, "the test is sharp"


@pytest.mark.parametrize("level", [0.5, 0.1, 0.01])
def test_steps_correlate_as_codes_do(level):
    """Plackett's integral on the other side; jumps cost digits where inputs are nearly the same."""
    unit = Thresholded(Step(), float(scipy.stats.norm.isf(level)))
    found = pair(unit, 1.0, CORRELATIONS, unit.kinks)
    wanted = level * (1 - level) * expansion.correlation(CORRELATIONS, level)
    np.testing.assert_allclose(found.covariance, wanted, rtol=0, atol=1e-8)
    far = np.abs(CORRELATIONS) < 0.99
    np.testing.assert_allclose(found.covariance[far], wanted[far], rtol=0, atol=1e-13)


@pytest.mark.parametrize("activation", [Tanh(), Sigmoid(), Thresholded(Tanh(), 1.0)], ids=repr)
def test_pairs_equal_a_plane_of_gauss_hermite_nodes(activation):
    """At sd 1 poles of tanh cost exp(-pi sqrt(n)) < 1e-15 with 150 nodes on each side."""
    z, weights = hermite(150)
    for c in (-0.8, 0.0, 0.5, 0.99):
        u, v = z[:, None], c * z[:, None] + np.sqrt(1 - c**2) * z
        outer = np.outer(weights, weights)
        found = pair(activation, 1.0, c)
        product = np.sum(outer * activation(u) * activation(v))
        slope = np.sum(outer * activation.derivative(u) * activation.derivative(v))
        distance = np.sum(outer * (activation(u) - activation(v)) ** 2) / 2
        assert found.product == pytest.approx(product, abs=1e-12)
        assert found.slope == pytest.approx(slope, abs=1e-11)
        assert found.distance == pytest.approx(distance, abs=1e-12)
        assert found.product == pytest.approx(
            found.covariance + mean(activation, 1.0) ** 2, abs=1e-13
        )


def test_steep_and_bent_take_the_same_road():
    """Either set of nodes, at the spread where one takes over from the other."""
    c = np.array([-0.5, 0.2, 0.9])
    bent = pair(Tanh(), 5.9, c, [0.0])
    even = pair(Tanh(), 5.9, c)
    np.testing.assert_allclose(even.product, bent.product, rtol=0, atol=1e-12)
    np.testing.assert_allclose(even.distance, bent.distance, rtol=1e-11)
    assert not np.array_equal(even.product, bent.product)


def test_shapes_and_limits():
    assert mean(np.square, np.ones((2, 3))).shape == (2, 3)
    assert mean(np.cos, 0.0) == 1.0
    found = pair(Tanh(), [[1.0], [2.0]], [0.0, 0.5, 1.0])
    assert all(part.shape == (2, 3) for part in found)
    assert found.distance[0, 2] == pytest.approx(0, abs=1e-30)
    assert pair(Tanh(), [], []).product.shape == (0,)
    assert pair(Tanh(), 0.0, 0.3).product == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean(Tanh(), [1.0, -2.0]), "sd must be finite and at least 0, got -2"),
        (lambda: mean(Tanh(), np.nan), "sd must be finite and at least 0, got nan"),
        (lambda: pair(Tanh(), -1.0, 0.5), "sd must be finite and at least 0, got -1"),
        (lambda: pair(Tanh(), np.nan, 0.5), "sd must be finite and at least 0, got nan"),
        (lambda: pair(Tanh(), 1.0, 1.5), r"correlation must be in \[-1, 1\], got 1.5"),
        (lambda: pair(Tanh(), 1.0, np.nan), r"correlation must be in \[-1, 1\], got nan"),
        (lambda: pair(Tanh(), [1.0, 2.0], [0.1] * 3), "sd, correlation must have shapes that fit"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
