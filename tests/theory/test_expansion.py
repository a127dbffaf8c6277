"""Theory of expansion layers against published numbers, other integrals, and simulation."""

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

from olfnet.theory import expansion
from olfnet.theory._gaussian import tails
from olfnet.theory.activations import ReLU, Tanh
from olfnet.theory.expansion import Kernel, codes


@pytest.mark.parametrize("size", [0.0, 1e-300, 1e-14, 0.1, 1.0])
def test_half_active_codes_have_a_closed_form(size):
    exact = 2 / np.pi * (2 * np.arcsin(np.sqrt(size / 2)))  # arccos(1 - dS)
    assert expansion.cluster_size(size, 0.5) == pytest.approx(exact, rel=1e-13)


def joint(threshold, r):
    """P11 by quadrature over one number, with the other's tail given it, in 40 digits."""
    tail = lambda x: mpmath.erfc(x / mpmath.sqrt(2)) / 2  # noqa: E731
    given = lambda x: mpmath.npdf(x) * tail((threshold - r * x) / mpmath.sqrt(1 - r * r))  # noqa: E731
    return mpmath.quad(given, [threshold + k for k in (0, 0.2, 1, 2, 4, 8, 20)])


@pytest.mark.parametrize("f", [0.9, 0.3, 0.01, 1e-12])
@pytest.mark.parametrize("r", [-0.3, 0.05, 0.9])
def test_against_another_integral(f, r):
    with mpmath.workdps(40):
        level = mpmath.mpf(f)
        threshold = -mpmath.sqrt(2) * mpmath.erfinv(2 * level - 1)
        both, variance = joint(threshold, mpmath.mpf(r)), level * (1 - level)
        exact, lost = float((both - level**2) / variance), float((level - both) / variance)
    assert expansion.correlation(r, f) == pytest.approx(exact, rel=1e-9)
    assert Kernel(f)(r) == pytest.approx(float(both), rel=1e-9, abs=1e-16)
    if r >= 0:
        assert expansion.cluster_size(1 - r, f) == pytest.approx(lost, rel=1e-9)


def test_ends():
    f = np.array([0.5, 0.1, 1e-3])
    np.testing.assert_allclose(expansion.correlation(1.0, f), 1, rtol=1e-10)
    np.testing.assert_allclose(expansion.correlation(0.0, f), 0, atol=1e-15)
    np.testing.assert_allclose(expansion.cluster_size(1.0, f), 1, rtol=1e-10)
    # One input for all units, or inputs that no two units share.
    assert expansion.dimension(1, 100, 1, 0.2) == pytest.approx(1, rel=1e-9)
    assert expansion.dimension(10**9, 100, 1, 0.2) == pytest.approx(100, rel=1e-5)


@pytest.mark.parametrize(("n_inputs", "fan_in"), [(10, 10), (50, 30), (2000, 1998), (10**9, 40)])
def test_dimension_from_binomials(n_inputs, fan_in):
    """Shared inputs counted by whole numbers, correlations by the other integral."""
    with mpmath.workdps(30):
        whole = mpmath.binomial(n_inputs, fan_in)
        least = max(2 * fan_in - n_inputs, 0)
        squared = mpmath.mpf(0)
        for n in range(least, fan_in + 1):
            ways = mpmath.binomial(fan_in, n) * mpmath.binomial(n_inputs - fan_in, fan_in - n)
            squared += ways / whole * float(expansion.correlation(n / fan_in, 0.1)) ** 2
        exact = float(1 / (mpmath.mpf(1) / 300 + (1 - mpmath.mpf(1) / 300) * squared))
    assert expansion.dimension(n_inputs, 300, fan_in, 0.1) == pytest.approx(exact, rel=1e-11)


def test_dimension_of_units_with_a_million_inputs():
    """Nearly the same for all, or all: exactly one dimension, and no memory for a million terms."""
    assert expansion.dimension(10**6, 300, 10**6, 0.1) == pytest.approx(1, rel=1e-12)
    shared, weight = codes._shared(np.array([1e6]), np.array([5e5]))
    assert shared.size < 30_000  # forty standard deviations of 250 to either side, and some
    mean = weight @ shared
    assert mean == pytest.approx(2.5e5, rel=1e-10)
    assert weight @ (shared - mean) ** 2 == pytest.approx(2.5e11 / 4 / (1e6 - 1), rel=1e-8)


@pytest.mark.parametrize("f", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("n_units", [1, 10, 10**6])
def test_overlap_of_two_inputs(f, n_units):
    """Odors of two signs are the same, opposite (one of two units responds), or independent."""
    opposite = -1.0 if f == 0.5 else -f / (1 - f)
    squares = [
        (1 + r * (1 - 2 * f) ** 2 / (f * (1 - f))) / n_units + (1 - 1 / n_units) * r**2
        for r in (1.0, 0.0, opposite)
    ]
    exact = squares @ np.array([0.25, 0.5, 0.25])
    assert expansion.overlap(2, n_units, f, all_orders=True) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("n_learned", [1, 5])
def test_error_after_noisy_trials(n_learned):
    """Means of trials as weights, in 12 layers; as if they were without noise it is not."""
    size, f, errors = 0.3, np.array([0.1, 0.5]), []
    labels = np.repeat([-1.0, 1.0], 100)
    for rng in np.random.default_rng(0).spawn(12):
        odors = rng.choice([-1.0, 1.0], (1 + n_learned, 200, 100))
        odors[:] = odors[0]
        trials = np.where(rng.random(odors.shape) < size / 2, -odors, odors)
        drive = trials @ rng.standard_normal((100, 2000)) / 10
        for level in f:
            codes = (drive > scipy.stats.norm.isf(level)) - level
            weights = labels @ codes[1:].mean(axis=0)
            errors.append(np.mean(codes[0] @ weights * labels <= 0))
    errors = np.reshape(errors, (12, 2))
    half_width = 4 * scipy.stats.sem(errors)  # odds of 1 in 500 for Student's t
    theory = expansion.readout_error(200, 100, 2000, f, size, n_learned)
    assert (np.abs(errors.mean(axis=0) - theory) < half_width).all()
    clean = expansion.readout_error(200, 100, 2000, f, size)
    assert (np.abs(errors.mean(axis=0) - clean) > half_width)[0]
    noiseless = expansion.readout_error(200, 100, 2000, f, 0.0, n_learned)
    np.testing.assert_allclose(noiseless, expansion.readout_error(200, 100, 2000, f), rtol=1e-12)


LEVELS = pytest.mark.parametrize("level", [0.9, 0.5, 0.05])


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


@LEVELS
@pytest.mark.parametrize("correlation", [-0.3, 0.0, 0.9])
def test_rectifiers_by_integration(level, correlation):
    mean, square = (conditional(power, correlation, level) for power in (1, 2))
    kernel = Kernel(level, ReLU())
    assert kernel(correlation) == pytest.approx(mean, rel=1e-6, abs=1e-13)
    assert kernel.sd(correlation) == pytest.approx((square - mean**2) ** 0.5, rel=1e-6)
    assert kernel(correlation + 0.05) > mean * (1 + 1e-3)


@LEVELS
def test_kernels_of_equal_odors(level):
    """E (u - T)_+^2 and its variance, from the moments of one normal number."""
    t, kernel = -scipy.special.ndtri(level), Kernel(level, ReLU())
    second = np.exp(tails.log_excess(t, 2))
    assert Kernel(level)(1.0) == pytest.approx(level, rel=1e-14)
    assert kernel(1.0) == pytest.approx(second, rel=1e-11)
    fourth = scipy.integrate.quad(lambda u: scipy.stats.norm.pdf(u) * (u - t) ** 4, t, t + 14)[0]
    assert kernel.sd(1.0) == pytest.approx((fourth - second**2) ** 0.5, rel=1e-7)
    assert Kernel(min(level, 0.5))(-1.0) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expansion.excess_overlap(0.0), r"coding_level must be in \(0, 1\), got 0"),
        (lambda: expansion.cluster_size(1.5, 0.1), r"input_size must be in \[0, 1\], got 1.5"),
        (lambda: expansion.readout_error([1, 2], [1, 2, 3], 10, 0.1), "n_patterns, .* have shapes"),
        (lambda: expansion.readout_error(9, 9, 9, 0.1, 0.1, 0), "n_learned must be at least 1"),
        (lambda: expansion.overlap(9, 9, 0.1, all_orders="no"), "all_orders must be True or False"),
        (lambda: expansion.dimension(10, 100, 11, 0.1), "fan_in must be at most n_inputs=10"),
        (lambda: expansion.dimension(10, 2.5, 3, 0.1), "n_units must be integers, got 2.5"),
        (lambda: expansion.dimension(9, 100, 9, 0.1, True), "below n_inputs=9 with inhibition"),
        (lambda: Kernel([0.1, 0.0]), r"coding_level must be in \(0, 1\), got 0"),
        (lambda: Kernel(0.1, Tanh()), r"activation must be Step\(\) or ReLU\(\), got Tanh"),
        (lambda: Kernel(0.1)([0.5, np.nan]), r"correlation must be in \[-1, 1\], got nan"),
        (lambda: Kernel(0.1).units_needed(0.5, 0.0), r"accuracy must be in \(0, inf\), got 0"),
        (lambda: Kernel(0.1).units_needed([0.5, -1.0], 0.1), "units respond to both odors, got -1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
