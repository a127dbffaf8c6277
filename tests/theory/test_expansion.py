"""Theory of expansion layers against published numbers, other integrals, and brute simulation."""

import mpmath
import numpy as np
import pytest
import scipy.stats

from olfnet.theory import expansion
from olfnet.theory.expansion import codes

OVERLAP = {0.5: 0.63662, 0.2: 0.48987, 0.1: 0.34222, 0.05: 0.22394, 0.01: 0.07175}
CLUSTER = {0.5: 0.2871, 0.2: 0.3129, 0.1: 0.3459, 0.05: 0.3817, 0.01: 0.4627}
DIMENSION = [48.8, 162.1, 194.2, 193.2, 180.1, 162.3, 143.5, 125.6]


def test_published_numbers():
    np.testing.assert_allclose(
        expansion.excess_overlap(list(OVERLAP)), list(OVERLAP.values()), atol=6e-6
    )
    np.testing.assert_allclose(
        expansion.cluster_size(0.1, list(CLUSTER)), list(CLUSTER.values()), atol=6e-5
    )
    found = expansion.dimension(50, 2000, np.arange(1, 9), 0.1)
    np.testing.assert_allclose(found, DIMENSION, atol=0.06)
    assert expansion.dimension(50, 2000, 7, 0.1, inhibition=True) == pytest.approx(295.2, abs=0.06)


@pytest.mark.parametrize("size", [0.0, 1e-300, 1e-30, 1e-14, 1e-9, 0.1, 0.5, 1.0])
def test_half_active_codes_have_a_closed_form(size):
    wanted = 2 / np.pi * (2 * np.arcsin(np.sqrt(size / 2)))  # arccos(1 - dS)
    assert expansion.cluster_size(size, 0.5) == pytest.approx(wanted, rel=1e-13)


def joint(threshold, r):
    """P11 by quadrature over one number, with the other's tail given it, in 40 digits."""
    tail = lambda x: mpmath.erfc(x / mpmath.sqrt(2)) / 2  # noqa: E731
    given = lambda x: mpmath.npdf(x) * tail((threshold - r * x) / mpmath.sqrt(1 - r * r))  # noqa: E731
    return mpmath.quad(given, [threshold + k for k in (0, 0.2, 1, 2, 4, 8, 20)])


@pytest.mark.parametrize("f", [0.9, 0.3, 0.01, 1e-6, 1e-12])
@pytest.mark.parametrize("r", [-0.3, 0.05, 0.5, 0.9])
def test_against_another_integral(f, r):
    with mpmath.workdps(40):
        level = mpmath.mpf(f)
        threshold = -mpmath.sqrt(2) * mpmath.erfinv(2 * level - 1)
        both, spread = joint(threshold, mpmath.mpf(r)), level * (1 - level)
        wanted, lost = float((both - level**2) / spread), float((level - both) / spread)
    assert expansion.correlation(r, f) == pytest.approx(wanted, rel=1e-9)
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


@pytest.mark.parametrize(
    ("n_inputs", "fan_in"), [(10, 10), (10, 9), (50, 30), (2000, 3), (2000, 1998), (10**9, 40)]
)
def test_dimension_from_binomials(n_inputs, fan_in):
    """Shared inputs counted by whole numbers, correlations by the other integral."""
    with mpmath.workdps(30):
        whole = mpmath.binomial(n_inputs, fan_in)
        least = max(2 * fan_in - n_inputs, 0)
        squared = mpmath.mpf(0)
        for n in range(least, fan_in + 1):
            ways = mpmath.binomial(fan_in, n) * mpmath.binomial(n_inputs - fan_in, fan_in - n)
            squared += ways / whole * float(expansion.correlation(n / fan_in, 0.1)) ** 2
        wanted = float(1 / (mpmath.mpf(1) / 300 + (1 - mpmath.mpf(1) / 300) * squared))
    assert expansion.dimension(n_inputs, 300, fan_in, 0.1) == pytest.approx(wanted, rel=1e-11)


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
    wanted = squares @ np.array([0.25, 0.5, 0.25])
    assert expansion.overlap(2, n_units, f, all_orders=True) == pytest.approx(wanted, rel=1e-12)


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
    found = np.reshape(errors, (12, 2))
    error = 4 * scipy.stats.sem(found)  # odds of 1 in 500 for Student's t
    wanted = expansion.readout_error(200, 100, 2000, f, size, n_learned)
    assert (np.abs(found.mean(axis=0) - wanted) < error).all()
    clean = expansion.readout_error(200, 100, 2000, f, size)
    assert (np.abs(found.mean(axis=0) - clean) > error)[0]
    noiseless = expansion.readout_error(200, 100, 2000, f, 0.0, n_learned)
    np.testing.assert_allclose(noiseless, expansion.readout_error(200, 100, 2000, f), rtol=1e-12)


def test_first_order_is_that_of_many_inputs():
    levels = np.array([0.5, 0.1, 0.01])
    for n_inputs, at_least, at_most in ((3000, 0, 0.03), (100, 4e-3, 0.5)):
        first = expansion.overlap(n_inputs, 10**9, levels)
        all_orders = expansion.overlap(n_inputs, 10**9, levels, all_orders=True)
        off = all_orders / first - 1
        assert ((off > at_least) & (off < at_most)).all()


def test_dimension_of_simulated_codes():
    """A circuit of 200 units with K = 3 of 20 inputs, thresholds at their exact quantiles."""
    rng = np.random.default_rng(1)
    n_inputs, n_units, fan_in, f = 20, 200, 3, 0.2
    found = []
    for _ in range(10):
        weights = np.zeros((n_units, n_inputs))
        for row in weights:
            row[rng.choice(n_inputs, fan_in, replace=False)] = fan_in**-0.5
        active = rng.standard_normal((20_000, n_inputs)) @ weights.T > scipy.stats.norm.isf(f)
        covariance = np.cov(active.T.astype(float))
        found.append(np.trace(covariance) ** 2 / np.sum(covariance**2))
    wanted = expansion.dimension(n_inputs, n_units, fan_in, f)
    error = scipy.stats.sem(found)
    assert abs(np.mean(found) - wanted) < 5 * error + 0.01 * wanted  # 1 % for 20,000 samples
    assert abs(np.mean(found) - expansion.dimension(n_inputs, n_units, 4, f)) > 5 * error + 0.5


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: expansion.excess_overlap(0.0), r"coding_level must be in \(0, 1\), got 0"),
        (lambda: expansion.cluster_size(1.5, 0.1), r"input_size must be in \[0, 1\], got 1.5"),
        (lambda: expansion.correlation("a", 0.1), "input_correlation must be numbers, got 'a'"),
        (
            lambda: expansion.cluster_size([0.1, 0.2], [0.1, 0.2, 0.3]),
            r"input_size, coding_level must have shapes that fit, got \(2,\), \(3,\)",
        ),
        (
            lambda: expansion.readout_error([1, 2], [1, 2, 3], 10, 0.1),
            "n_patterns, n_inputs, n_units, coding_level, input_size, n_learned must have shapes",
        ),
        (
            lambda: expansion.readout_error(10, 10, 10, 0.1, 0.1, n_learned=0),
            "n_learned must be integers of at least 1, got 0",
        ),
        (
            lambda: expansion.overlap(10, 10, 0.1, all_orders="no"),
            "all_orders must be True or False, got 'no'",
        ),
        (lambda: expansion.correlation(2.0, 0.1), r"input_correlation must be in \[-1, 1\], got 2"),
        (
            lambda: expansion.dimension(10, 100, 11, 0.1),
            "fan_in must be at most n_inputs=10",
        ),
        (lambda: expansion.dimension(10, 2.5, 3, 0.1), "n_units must be integers of at least 1"),
        (
            lambda: expansion.dimension(10, 100, 10, 0.1, inhibition=True),
            "fan_in must be below n_inputs=10 with inhibition, got 10",
        ),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
