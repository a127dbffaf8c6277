"""Means, tails and series of normal numbers against closed forms and higher precision."""

import mpmath
import numpy as np
import pytest
import scipy.stats

from olfnet.theory._gaussian import hermite, tails
from olfnet.theory._gaussian.means import mean, pair
from olfnet.theory.activations import Erf, ReLU, Step, Tanh, Thresholded

CORRELATIONS = np.array([-1, -0.999, -0.6, 0, 1e-3, 0.3, 0.9, 0.999, 1 - 1e-6, 1 - 1e-10, 1])


@pytest.mark.parametrize("sd", [1e-3, 0.5, 100.0])
@pytest.mark.parametrize(
    ("activation", "exact"),
    [
        (Tanh(), mpmath.tanh),
        (Thresholded(Tanh(), 0.7), lambda u: mpmath.tanh(u - mpmath.mpf("0.7"))),
        (Thresholded(ReLU(), 0.7), lambda u: max(u - mpmath.mpf("0.7"), 0)),
        (Thresholded(Step(), 0.7), lambda u: u > mpmath.mpf("0.7")),
    ],
    ids=["tanh", "shifted tanh", "rectifier", "step"],
)
def test_single_means_equal_20_digits(activation, exact, sd):
    with mpmath.workdps(20):
        edges = sorted({*np.linspace(-12, 12, 9), 0.7 / sd, 1.4 / sd, -1 / sd, 3 / sd})
        edges = [mpmath.mpf(e) for e in edges if abs(e) <= 12]
        expected = mpmath.quad(lambda z: exact(sd * z) ** 2 * mpmath.npdf(z), edges)
    steep = sd == 100 and activation == Thresholded(Tanh(), 0.7)
    square = mean(lambda z: activation(z) ** 2, sd, activation.kinks)
    assert square == pytest.approx(float(expected), rel=1e-9 if steep else 1e-12, abs=1e-30)


def test_rectified_pairs_are_the_arc_cosine_kernels():
    """Cho & Saul 2009; distances in 40 digits, relative, since they vanish with the angle."""
    means = pair(ReLU(), 3.0, CORRELATIONS, [0.0])
    for k, c in enumerate(CORRELATIONS):
        with mpmath.workdps(40):
            c, angle = mpmath.mpf(c), mpmath.acos(mpmath.mpf(c))
            product = 9 * (mpmath.sin(angle) + (mpmath.pi - angle) * c) / (2 * mpmath.pi)
            slope = (mpmath.pi - angle) / (2 * mpmath.pi)
            distance = float(4.5 - product)
            covariance = product - 9 / (2 * mpmath.pi)
        assert means.product[k] == pytest.approx(float(product), abs=9e-12)
        assert means.covariance[k] == pytest.approx(float(covariance), abs=9e-12)
        assert means.distance[k] == pytest.approx(distance, rel=1e-8, abs=1e-29)
        if abs(c) < 1:  # a jump of the slope costs digits where numbers are nearly the same
            tolerance = 1e-12 if abs(c) < 0.99 else 1e-8
            assert means.slope[k] == pytest.approx(float(slope), abs=tolerance)


def test_error_functions_have_closed_forms():
    """Williams 1997: E erf(u) erf(v) = (2 / pi) arcsin(2 q c / (1 + 2 q))."""
    for q in (0.01, 1.0, 30.0, 100.0):
        product = pair(Erf(), q**0.5, CORRELATIONS).product
        exact = 2 / np.pi * np.arcsin(2 * q * CORRELATIONS / (1 + 2 * q))
        np.testing.assert_allclose(product, exact, rtol=0, atol=1e-12 if q < 36 else 1e-10)
        wrong = 2 / np.pi * np.arcsin(2 * q * CORRELATIONS / (1.001 + 2 * q))
        assert np.abs(product - wrong).max() > 1e-7


def test_both_sets_of_nodes_agree_where_one_takes_over():
    c = np.array([-0.5, 0.2, 0.9])
    bent, even = pair(Tanh(), 5.9, c, [0.0]), pair(Tanh(), 5.9, c)
    np.testing.assert_allclose(even.product, bent.product, rtol=0, atol=1e-12)
    np.testing.assert_allclose(even.distance, bent.distance, rtol=1e-11)
    assert not np.array_equal(even.product, bent.product)


def test_shapes_and_limits():
    assert mean(np.square, np.ones((2, 3))).shape == (2, 3)
    assert mean(np.cos, 0.0) == 1.0
    means = pair(Tanh(), [[1.0], [2.0]], [0.0, 0.5, 1.0])
    assert all(part.shape == (2, 3) for part in means)
    assert means.distance[0, 2] == pytest.approx(0, abs=1e-30)
    assert pair(Tanh(), [], []).product.shape == (0,)
    assert pair(Tanh(), 0.0, 0.3).product == 0.0


@pytest.mark.parametrize("level", [0.9, 0.1, 1e-5])
def test_joint_tails_keep_their_stated_error(level):
    """P11 - f^2 and f - P11 in 30 digits, by Plackett's integral over the correlation itself."""
    c = np.array([-0.9, -0.01, 0.0, 0.3, 0.9, 0.9999])
    threshold = -scipy.special.ndtri(level)
    excess = tails.joint_tail_excess(threshold, c)
    deficit = tails.joint_tail_deficit(threshold, 1 - c)
    for k, r in enumerate(c):
        with mpmath.workdps(30):
            t, end = mpmath.mpf(threshold), mpmath.asin(mpmath.mpf(r))
            exact = mpmath.quad(
                lambda a, t=t: mpmath.exp(-(t**2) / (1 + mpmath.sin(a))),
                [end * part / 4 for part in range(5)],
            ) / (2 * mpmath.pi)
            f = mpmath.ncdf(-t)
            assert abs(excess[k] - exact) <= 1e-14 * (f**2 + abs(exact))
            assert deficit[k] == pytest.approx(float(f - f**2 - exact), rel=1e-12)


def test_many_joint_tails_are_computed_in_blocks():
    c = np.linspace(-1, 1, 2**16 + 2).reshape(2, -1)
    assert tails.joint_tail_excess(1.0, c)[1, -3:] == pytest.approx(
        tails.joint_tail_excess(1.0, c[1, -3:]), rel=1e-14
    )


def test_series_of_a_polynomial_is_exact():
    sd = np.array([0.5, 2.0])
    coefficients = hermite.series(lambda z: z**3 - z, sd).coefficients
    np.testing.assert_allclose(coefficients[3], sd**3 * np.sqrt(6), rtol=1e-13)
    np.testing.assert_allclose(coefficients[1], 3 * sd**3 - sd, rtol=1e-12)
    assert np.abs(coefficients[[0, 2, 4, 5, 20]]).max() < 1e-12


@pytest.mark.parametrize(
    ("function", "sd", "kinks"), [(ReLU(), 1.0, [0.0]), (np.tanh, 1e3, [])], ids=["kink", "steep"]
)
def test_series_that_do_not_converge_are_refused(function, sd, kinks):
    series = hermite.series(function, np.array([sd]), kinks)
    with pytest.raises(ValueError, match=r"did not converge in 2048 terms \(remainder [0-9.e-]+\)"):
        hermite.product(series, series, np.array([[0.9999]]))
