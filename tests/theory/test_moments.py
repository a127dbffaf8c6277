"""Moments against SciPy's adaptive quadrature, published numbers, exact fractions, and sampling."""

from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import scipy.stats
from scipy.integrate import quad

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
from olfnet.theory.moments import moments, summed, threshold

CLOSED = [Identity(), ReLU(), LeakyReLU(0.1), LeakyReLU(-0.5), Step()]
FAMILIES = {
    "normal": scipy.stats.norm,
    "uniform": lambda mean, sd: scipy.stats.uniform(mean - 3**0.5 * sd, 2 * 3**0.5 * sd),
    "laplace": lambda mean, sd: scipy.stats.laplace(mean, sd / 2**0.5),
}
NORMAL = scipy.stats.norm()


class Of(SimpleNamespace):
    """Any function as an activation."""

    kinks, derivative = (), None

    def __call__(self, inputs):
        return self.function(inputs)


def integral(function, inputs, edges):
    low, high = inputs.ppf(1e-18), inputs.isf(1e-18)
    edges = [low, *sorted(e for e in edges if low < e < high), high]
    return sum(
        quad(lambda z: float(function(z)) * inputs.pdf(z), a, b, epsabs=1e-13, limit=200)[0]
        for a, b in zip(edges[:-1], edges[1:], strict=True)
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("activation", [*CLOSED, Tanh(), Sigmoid(), Erf()], ids=repr)
@pytest.mark.parametrize(("mean", "sd", "bias"), [(0.7, 2, -0.4), (-2, 0.9, 0.3)])
def test_moments_equal_adaptive_quadrature(family, activation, mean, sd, bias):
    inputs = FAMILIES[family](mean, sd)
    edges = (-bias, float(mean), mean - 3 * sd, mean + 3 * sd)
    first = integral(lambda z: activation(z + bias), inputs, edges)
    second = integral(lambda z: activation(z + bias) ** 2, inputs, edges)
    output = moments(activation, inputs, bias)
    assert output.mean == pytest.approx(first, abs=1e-11)
    assert output.second == pytest.approx(second, abs=1e-11)
    assert output.variance == pytest.approx(second - first**2, abs=1e-10)
    assert output.second != pytest.approx(second + 1e-9, abs=1e-11)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("activation", CLOSED, ids=repr)
def test_closed_forms_equal_own_quadrature(family, activation):
    """Different formulas, same numbers to rounding, from far below threshold to far above."""
    inputs = FAMILIES[family](np.linspace(-4, 4, 41), 0.8)
    closed, quadrature = (moments(a, inputs) for a in (activation, Thresholded(activation, 0.0)))
    np.testing.assert_allclose(closed.mean, quadrature.mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(closed.variance, quadrature.variance, rtol=1e-12, atol=1e-14)
    wide = scipy.stats.norm(np.zeros((3, 1)), [1.0, 2.0])
    assert moments(activation, wide, np.zeros((5, 1, 1))).mean.shape == (5, 3, 2)


@pytest.mark.parametrize(
    ("mean", "sd"), [(-30, 1), (-6, 2), (1e-9, 1), (5, 1), (1e9, 1), (3, 1e-6)]
)
def test_no_digits_are_lost_far_from_threshold(mean, sd):
    with mpmath.workdps(60):
        m, s = mpmath.mpf(mean), mpmath.mpf(sd)
        first = m * mpmath.ncdf(m / s) + s * mpmath.npdf(m / s)
        variance = (m**2 + s**2) * mpmath.ncdf(m / s) + m * s * mpmath.npdf(m / s) - first**2
    output = moments(ReLU(), scipy.stats.norm(mean, sd))
    np.testing.assert_allclose(output, [float(first), float(variance)], rtol=1e-12)
    far = moments(ReLU(), NORMAL, [-1e300, 1e300])
    np.testing.assert_array_equal(far, [[0, 1e300], [0, 1]])


@pytest.mark.parametrize(
    "inputs",
    [
        scipy.stats.t(3), scipy.stats.gamma(0.5), scipy.stats.lognorm(1.0),
        scipy.stats.logistic(3, 1000), scipy.stats.beta(2, 3), scipy.stats.norm(1e5, 1e-3),
    ],
    ids=lambda inputs: inputs.dist.name,
)  # fmt: skip
def test_any_distribution_of_scipy(inputs):
    """Own moments of each distribution through a linear function; tanh by 40,000 samples."""
    output = moments(Thresholded(Identity(), 0.0), inputs)
    np.testing.assert_allclose(output, [inputs.mean(), inputs.var()], rtol=1e-8, atol=1e-12)
    samples = np.tanh(inputs.rvs(40_000, random_state=1))
    output = moments(Tanh(), inputs)
    error = np.sqrt(output.variance / samples.size)
    assert abs(samples.mean() - output.mean) <= 4 * error + 1e-12


def test_sums_become_normal():
    """Sums of K exponential inputs are gamma; Edgeworth's first term is what their skew adds.

    It is phi(z) (z^2 - 1) 2 / (6 sqrt(K)) at skewness 2; the next term is smaller by 1 / sqrt(K).
    """
    inputs = scipy.stats.expon(scale=20.0)
    z = NORMAL.isf(0.05)
    for fan_in in (16, 256, 4096):
        exact = scipy.stats.gamma(fan_in, scale=20.0).sf(threshold(0.05, summed(inputs, fan_in)))
        first = NORMAL.pdf(z) * (z**2 - 1) / (3 * fan_in**0.5)
        assert exact - 0.05 == pytest.approx(first, rel=2 / fan_in**0.5)
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
    assert moments(ReLU(), scipy.stats.t(3)).second == pytest.approx(1.5, rel=1e-11)
    with pytest.raises(ValueError, match="tails of norm fade"):
        moments(Of(function=lambda z: np.exp(z**2)), NORMAL)
    assert moments(Of(function=np.exp), NORMAL).mean == pytest.approx(np.exp(0.5), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: moments(ReLU(), NORMAL, np.nan), "bias must be finite, got nan"),
        (lambda: moments(ReLU(), scipy.stats.norm([0, 1]), [1, 2, 3]), "bias, inputs must have"),
        (lambda: moments(np.tanh, NORMAL), r"activation must be one such as ReLU\(\)"),
        (lambda: moments(Of(function=lambda z: z * np.nan), NORMAL), "activation must be finite"),
        (lambda: moments(ReLU(), scipy.stats.poisson(3)), "inputs must be a frozen continuous"),
        (lambda: moments(ReLU(), scipy.stats.cauchy()), "finite mean and variance, got cauchy"),
        (lambda: moments(ReLU(), scipy.stats.norm(0, -1)), "must have finite mean and variance"),
        (lambda: moments(Tanh(), scipy.stats.triang(0.3)), "smooth density .* got triang"),
        (lambda: threshold(1.0, NORMAL), r"coding_level must be in \(0, 1\), got 1"),
        (lambda: threshold(0.1, None), "inputs must be a frozen continuous distribution"),
        (lambda: summed(NORMAL, 2, 0.0), "weight must not be 0"),
        (lambda: summed(NORMAL, 0), "fan_in must be at least 1, got 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
