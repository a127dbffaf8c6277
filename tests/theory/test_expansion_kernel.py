"""Kernels of expansion layers: arc-cosine forms, integrals, and units drawn at random."""

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

from olfnet.theory import expansion
from olfnet.theory._gaussian import tails
from olfnet.theory.activations import ReLU, Step, Tanh
from olfnet.theory.expansion import kernel, spread, units_needed

LEVELS = [0.9, 0.5, 0.2, 0.05, 0.01]
CORRELATIONS = np.array([-0.9, -0.3, 0.0, 0.4, 0.9, 0.9999, 1.0])


def test_without_threshold_they_are_the_arc_cosine_kernels():
    """Cho & Saul 2009, halved: they have twice the mean product."""
    angle = np.arccos(CORRELATIONS)
    np.testing.assert_allclose(
        kernel(CORRELATIONS, 0.5), (np.pi - angle) / (2 * np.pi), atol=1e-15, rtol=0
    )
    first = (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
    np.testing.assert_allclose(kernel(CORRELATIONS, 0.5, ReLU()), first, atol=1e-15, rtol=0)


@pytest.mark.parametrize("level", LEVELS)
def test_steps_by_another_integral(level):
    """Owen's T function, and what the decorrelation curve is made of."""
    threshold = -scipy.special.ndtri(level)
    ratio = np.sqrt((1 - CORRELATIONS) / (1 + CORRELATIONS))
    wanted = level - 2 * scipy.special.owens_t(threshold, ratio)
    np.testing.assert_allclose(kernel(CORRELATIONS, level), wanted, rtol=1e-10, atol=1e-15)
    curve = (kernel(CORRELATIONS, level) - level**2) / (level * (1 - level))
    np.testing.assert_allclose(curve, expansion.correlation(CORRELATIONS, level), atol=1e-10)


def conditional(power, correlation, level):
    """Mean of (u - T)_+^p (v - T)_+^p, of which only the outer integral is left to quadrature."""
    t = -scipy.special.ndtri(level)
    rest = (1 - correlation**2) ** 0.5

    def inner(u):
        x = (t - correlation * u) / rest
        tail, density = scipy.stats.norm.sf(x), scipy.stats.norm.pdf(x)
        if power == 1:
            return rest * (density - x * tail)
        return rest**2 * ((1 + x * x) * tail - x * density)

    def integrand(u):
        return scipy.stats.norm.pdf(u) * (u - t) ** power * inner(u)

    return scipy.integrate.quad(integrand, t, t + 12, epsabs=1e-13, epsrel=1e-11, limit=200)[0]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("correlation", [-0.3, 0.0, 0.4, 0.9])
def test_rectifiers_by_integration(level, correlation):
    mean, square = (conditional(power, correlation, level) for power in (1, 2))
    assert kernel(correlation, level, ReLU()) == pytest.approx(mean, rel=1e-6, abs=1e-13)
    wanted = (square - mean**2) ** 0.5
    assert spread(correlation, level, ReLU()) == pytest.approx(wanted, rel=1e-6)
    assert kernel(correlation + 0.05, level, ReLU()) > mean * (1 + 1e-3)


@pytest.mark.parametrize("level", LEVELS)
def test_odors_that_are_the_same(level):
    """E (u - T)_+^2 and its variance, from the moments of one normal number."""
    t = -scipy.special.ndtri(level)
    second = np.exp(tails.log_excess(t, 2))
    assert kernel(1.0, level) == pytest.approx(level, rel=1e-14)
    assert kernel(1.0, level, ReLU()) == pytest.approx(second, rel=1e-11)
    fourth = scipy.integrate.quad(lambda u: scipy.stats.norm.pdf(u) * (u - t) ** 4, t, t + 14)[0]
    assert spread(1.0, level, ReLU()) == pytest.approx((fourth - second**2) ** 0.5, rel=1e-7)
    assert kernel(-1.0, min(level, 0.5)) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("activation", [Step(), ReLU()])
@pytest.mark.parametrize(("correlation", "level"), [(0.3, 0.1), (0.8, 0.5), (-0.5, 0.3)])
def test_random_units(activation, correlation, level):
    """A million units; 4 standard errors of the mean, and of the variance by fourth moments."""
    z = np.random.default_rng(0).standard_normal((2, 1_000_000))
    t = -scipy.special.ndtri(level)
    v = correlation * z[0] + (1 - correlation**2) ** 0.5 * z[1]
    found = activation(z[0] - t) * activation(v - t)
    mean = kernel(correlation, level, activation)
    assert found.mean() == pytest.approx(mean, abs=4 * found.std() / 1000)
    assert abs(found.mean() - kernel(correlation, 0.9 * level, activation)) > 4 * found.std() / 1000
    squares = (found - found.mean()) ** 2
    wanted = spread(correlation, level, activation) ** 2
    assert squares.mean() == pytest.approx(wanted, abs=4 * squares.std() / 1000)


@pytest.mark.parametrize("activation", [Step(), ReLU()])
def test_units_needed_give_the_accuracy(activation):
    """400 expansions of so many units; their spread is known to 1 / sqrt(800), here 4 times."""
    n_units = int(units_needed(0.6, 0.2, 0.1, activation).round())
    z = np.random.default_rng(1).standard_normal((2, 400, n_units))
    t = -scipy.special.ndtri(0.2)
    found = activation(z[0] - t) * activation(0.6 * z[0] + 0.8 * z[1] - t)
    relative = found.mean(axis=1).std() / kernel(0.6, 0.2, activation)
    assert relative == pytest.approx(0.1, rel=4 / 800**0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kernel(1.5, 0.1), r"correlation must be in \[-1, 1\], got 1.5"),
        (lambda: kernel(0.5, [0.1, 0.0]), r"coding_level must be in \(0, 1\), got 0"),
        (lambda: kernel(np.nan, 0.1), r"correlation must be in \[-1, 1\], got nan"),
        (lambda: spread(0.5, 0.1, Tanh()), r"activation must be Step\(\) or ReLU\(\), got Tanh"),
        (lambda: units_needed(0.5, 0.1, 0.0), "accuracy must be positive, got 0"),
        (lambda: units_needed([0.5, -1.0], 0.1, 0.1), "some units answer both odors, got -1"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
