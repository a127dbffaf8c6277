"""Moments against SciPy's adaptive quadrature, published numbers, exact fractions, and sampling."""

import mpmath
import numpy as np
import pytest
import scipy.stats
from scipy.integrate import quad

from olfnet.theory.activations import Erf, Identity, LeakyReLU, ReLU, Sigmoid, Step, Tanh
from olfnet.theory.moments import expectation, moments, small_bias_mean, summed, threshold

CLOSED = [Identity(), ReLU(), LeakyReLU(0.1), LeakyReLU(-0.5), Step()]
FAMILIES = {
    "normal": scipy.stats.norm,
    "uniform": lambda mean, sd: scipy.stats.uniform(mean - 3**0.5 * sd, 2 * 3**0.5 * sd),
    "laplace": lambda mean, sd: scipy.stats.laplace(mean, sd / 2**0.5),
}


def integral(function, inputs, edges):
    low, high = inputs.ppf(1e-18), inputs.isf(1e-18)
    places = [low, *sorted(e for e in edges if low < e < high), high]
    return sum(
        quad(lambda z: float(function(z)) * inputs.pdf(z), a, b, epsabs=1e-13, limit=200)[0]
        for a, b in zip(places[:-1], places[1:], strict=True)
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("activation", [*CLOSED, Tanh(), Sigmoid(), Erf()], ids=repr)
@pytest.mark.parametrize(("mean", "sd", "bias"), [(0, 1, 0), (0.7, 2, -0.4), (-2, 0.9, 0.3)])
def test_moments_equal_adaptive_quadrature(family, activation, mean, sd, bias):
    inputs = FAMILIES[family](mean, sd)
    edges = (-bias, float(mean), mean - 3 * sd, mean + 3 * sd)
    first = integral(lambda z: activation(z + bias), inputs, edges)
    second = integral(lambda z: activation(z + bias) ** 2, inputs, edges)
    found = moments(activation, inputs, bias)
    assert found.mean == pytest.approx(first, abs=1e-11)
    assert found.second == pytest.approx(second, abs=1e-11)
    assert found.variance == pytest.approx(second - first**2, abs=1e-10)
    assert found.second != pytest.approx(second + 1e-9, abs=1e-11)  # the test is sharp


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("activation", CLOSED, ids=repr)
def test_closed_forms_equal_own_quadrature(family, activation):
    """Different formulas, same numbers to rounding, from far below threshold to far above."""
    inputs = FAMILIES[family](np.linspace(-4, 4, 41), 0.8)
    found = moments(activation, inputs)
    mean = expectation(activation, inputs, [0.0])
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12, atol=1e-14)
    variance = expectation(lambda z: (activation(z) - mean) ** 2, inputs, [0.0])
    np.testing.assert_allclose(found.variance, variance, rtol=1e-12, atol=1e-14)


def test_published_numbers():
    """Of N(0, 1), and exact fractions of uniform and Laplacian inputs on a unit scale."""
    normal = moments(ReLU(), scipy.stats.norm())
    assert normal.mean.round(6) == 0.398942
    assert normal.variance.round(6) == 0.340845
    uniform = moments(ReLU(), scipy.stats.uniform(-1, 2))
    np.testing.assert_allclose([uniform.mean, uniform.second], [1 / 4, 1 / 6], rtol=1e-14)
    laplace = moments(ReLU(), scipy.stats.laplace())
    np.testing.assert_allclose([laplace.mean, laplace.second], [1 / 2, 1], rtol=1e-14)


def exact_normal(mean, sd):
    """Mean and variance of a rectified normal number in 60 digits."""
    with mpmath.workdps(60):
        m, s = mpmath.mpf(mean), mpmath.mpf(sd)
        first = m * mpmath.ncdf(m / s) + s * mpmath.npdf(m / s)
        second = (m**2 + s**2) * mpmath.ncdf(m / s) + m * s * mpmath.npdf(m / s)
        return float(first), float(second - first**2)


@pytest.mark.parametrize(
    ("mean", "sd"), [(-30, 1), (-6, 2), (1e-9, 1), (5, 1), (1e9, 1), (3, 1e-6)]
)
def test_no_digits_are_lost_far_from_threshold(mean, sd):
    found = moments(ReLU(), scipy.stats.norm(mean, sd))
    np.testing.assert_allclose([found.mean, found.variance], exact_normal(mean, sd), rtol=1e-12)
    naive = (mean**2 + sd**2) * scipy.stats.norm.cdf(mean / sd) - found.mean**2
    assert mean < 1e8 or abs(naive / sd**2 - 1) > 0.01, "the textbook formula loses them"


def test_arrays_give_arrays():
    inputs = scipy.stats.norm(np.zeros((3, 1)), [1.0, 2.0])
    for activation in (ReLU(), Step(), Tanh(), Identity()):
        found = moments(activation, inputs, np.zeros((5, 1, 1)))
        assert found.mean.shape == found.variance.shape == (5, 3, 2)


@pytest.mark.parametrize(
    "inputs",
    [
        scipy.stats.t(3), scipy.stats.gamma(0.5), scipy.stats.lognorm(1.0),
        scipy.stats.logistic(3, 1000), scipy.stats.beta(2, 3), scipy.stats.norm(1e5, 1e-3),
    ],
    ids=lambda inputs: inputs.dist.name,
)  # fmt: skip
def test_any_distribution_of_scipy(inputs):
    """Own moments of each distribution through a linear function; tanh between its bounds."""
    mean = expectation(lambda z: z, inputs)
    assert mean == pytest.approx(inputs.mean(), rel=1e-10)
    variance = expectation(lambda z: (z - mean) ** 2, inputs)
    assert variance == pytest.approx(inputs.var(), rel=1e-9)
    samples = np.tanh(inputs.rvs(40_000, random_state=1))
    found = moments(Tanh(), inputs)
    error = np.sqrt(found.variance / samples.size)
    assert abs(samples.mean() - found.mean) <= 4 * error + 1e-12  # 4 standard errors: 6e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_small_biases_count_one_half(family):
    """Slope 1/2 and curvature p(0); what is left over shrinks with the cube of the bias."""
    inputs = FAMILIES[family](0.0, 1.5)
    biases = np.array([0.1, 0.05, 0.025])
    exact = moments(ReLU(), inputs, biases).mean
    left = exact - small_bias_mean(inputs, biases)
    first_order = exact - moments(ReLU(), inputs).mean - biases / 2
    # |p'| is below 1 / sd^2 = .45 for all three, so that the remainder is below .45 b^3 / 6.
    assert (np.abs(left) <= 0.45 / 6 * biases**3 + 1e-15).all()
    assert (first_order > 0.9 * biases**2 / 2 * inputs.pdf(0)).all()


def test_lopsided_inputs_have_another_slope():
    inputs = scipy.stats.expon(-1.0)
    slope = (moments(ReLU(), inputs, 1e-4).mean - moments(ReLU(), inputs, -1e-4).mean) / 2e-4
    assert slope == pytest.approx(np.exp(-1), abs=1e-6)
    assert abs(slope - 0.5) > 0.1
    assert small_bias_mean(inputs, 0.01) == pytest.approx(
        moments(ReLU(), inputs, 0.01).mean, abs=0.01**3
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_threshold_and_rate_of_a_unit(family):
    """Step and rectifier at the threshold give coding level and mean rate of 200,000 samples."""
    drive = FAMILIES[family](50.0, 20.0)
    levels = np.array([0.5, 0.1, 0.02])
    at = threshold(levels, drive)
    np.testing.assert_allclose(moments(Step(), drive, -at).mean, levels, rtol=1e-12)
    samples = np.maximum(drive.rvs(200_000, random_state=2)[:, None] - at, 0)
    rate = moments(ReLU(), drive, -at)
    z = (samples.mean(axis=0) - rate.mean) / np.sqrt(rate.variance / len(samples))
    assert np.abs(z).max() < 4
    assert threshold(0.1, drive).shape == ()


def test_sums_become_normal():
    """Sums of K exponential inputs are gamma; Edgeworth's first term is what their skew adds.

    It is phi(z) (z^2 - 1) 2 / (6 sqrt(K)) at skewness 2; the next term is smaller by 1 / sqrt(K).
    """
    inputs = scipy.stats.expon(scale=20.0)
    z = scipy.stats.norm.isf(0.05)
    for fan_in in (16, 256, 4096):
        exact = scipy.stats.gamma(fan_in, scale=20.0).sf(threshold(0.05, summed(inputs, fan_in)))
        first = scipy.stats.norm.pdf(z) * (z**2 - 1) / (3 * fan_in**0.5)
        assert exact - 0.05 == pytest.approx(first, rel=2 / fan_in**0.5)
        assert exact - 0.05 > 0.4 * first
    both = summed(scipy.stats.norm(3, 2), 7, weight=-0.5)
    assert (both.mean(), both.std()) == pytest.approx((-10.5, 7**0.5))


def test_tails_that_are_too_heavy_are_refused():
    """Of t(2.1) the square fades so slowly that a hundredth of it lies beyond 1e19; tanh is fine.

    Without the refusal the variance would be 9.895; exactly it is var(t) / 2 - mean^2 = 10.04.
    """
    heavy = scipy.stats.t(2.1)
    with pytest.raises(ValueError, match="slowly than the tails of t fade, .* 0.0069 is missing"):
        moments(ReLU(), heavy)
    assert moments(Tanh(), heavy).mean == pytest.approx(0, abs=1e-14)
    third = moments(ReLU(), scipy.stats.t(3))
    assert third.second == pytest.approx(1.5, rel=1e-11)  # half of the variance, 3
    with pytest.raises(ValueError, match="tails of norm fade"):
        expectation(lambda z: np.exp(z**2), scipy.stats.norm())
    assert expectation(np.exp, scipy.stats.norm()) == pytest.approx(np.exp(0.5), rel=1e-12)


def test_thresholds_beyond_all_bounds():
    far = moments(ReLU(), scipy.stats.norm(), [-1e300, 1e300])
    assert far.mean.tolist() == [0, 1e300]
    assert far.variance.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: moments(ReLU(), scipy.stats.norm(), np.nan), "bias must be finite, got nan"),
        (lambda: moments(Tanh(), scipy.stats.norm(), [0, np.inf]), "bias must be finite, got inf"),
        (lambda: moments(ReLU(), scipy.stats.norm([0, 1]), [1, 2, 3]), "bias, inputs must have"),
        (lambda: moments(np.tanh, scipy.stats.norm()), r"activation must be one such as ReLU\(\)"),
        (lambda: small_bias_mean(scipy.stats.norm(), np.nan), "bias must be finite, got nan"),
        (lambda: expectation(np.abs, scipy.stats.norm(), [np.nan]), "kinks must be numbers, got"),
        (lambda: expectation(lambda z: z * np.nan, scipy.stats.norm()), "function must be finite"),
        (lambda: summed(scipy.stats.norm(), 2, 0.0), "weight must not be 0"),
        (lambda: moments(ReLU(), 3.0), "must be a frozen continuous distribution .* got 3.0"),
        (lambda: moments(ReLU(), scipy.stats.poisson(3)), "inputs must be a frozen continuous"),
        (lambda: moments(ReLU(), scipy.stats.cauchy()), "finite mean and variance, got cauchy"),
        (lambda: moments(ReLU(), scipy.stats.norm(0, -1)), "must have finite mean and variance"),
        (lambda: moments(Tanh(), scipy.stats.triang(0.3)), "smooth density .* got triang"),
        (lambda: moments(ReLU(), scipy.stats.norm(), "a"), "bias must be numbers"),
        (lambda: threshold(1.0, scipy.stats.norm()), r"coding_level must be in \(0, 1\), got 1"),
        (lambda: threshold([0.1, np.nan], scipy.stats.norm()), r"must be in \(0, 1\), got nan"),
        (lambda: threshold(0.1, None), "inputs must be a frozen continuous distribution"),
        (lambda: summed(scipy.stats.norm(), 0), "fan_in must be at least 1, got 0"),
        (lambda: summed(scipy.stats.norm(), 2, np.inf), "weight must be finite, got inf"),
    ],
)  # fmt: skip
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
