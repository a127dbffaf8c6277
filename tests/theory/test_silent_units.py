"""Silence of units against sampling, closed forms of other kinds, and brute-force counts."""

from itertools import combinations

import mpmath
import numpy as np
import pytest
import scipy.stats

from olfnet.theory import silent_units
from olfnet.theory.silent_units import RandomDrive, jointly_silent, rarefied, silent_fraction


def test_independent_drives_are_a_power():
    threshold = np.linspace(-2, 4, 13)
    for n_odors in (1, 7, 10_000):
        power = np.exp(n_odors * scipy.stats.norm.logcdf(threshold))
        np.testing.assert_allclose(silent_fraction(n_odors, threshold), power, atol=1e-12)
    assert silent_fraction(0, -3.0, 0.5) == 1
    # With correlations of one half one of P + 1 independent numbers is the largest.
    assert silent_fraction(9999, 0.0, 0.5) == pytest.approx(1e-4, abs=1e-10)
    assert silent_fraction(9, 1.0, 1.0) == pytest.approx(scipy.stats.norm.cdf(1.0), rel=1e-15)
    assert silent_fraction(100, 40.0) == pytest.approx(1, abs=1e-14)
    assert silent_fraction(100, -40.0, 0.5) == pytest.approx(0, abs=1e-300)
    assert 1 - silent_fraction(100, 6.0, 0.2) < 100 * scipy.stats.norm.sf(6.0)  # union bound


@pytest.mark.parametrize("correlation", [0.01, 0.5, 0.99, 1 - 1e-6])
def test_two_odors_have_closed_forms(correlation):
    """Sheppard's formula at threshold 0, SciPy's bivariate distribution elsewhere."""
    sheppard = 0.25 + np.arcsin(correlation) / (2 * np.pi)
    assert silent_fraction(2, 0.0, correlation) == pytest.approx(sheppard, abs=1e-10)
    law = scipy.stats.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
    assert silent_fraction(2, 1.3, correlation) == pytest.approx(law.cdf([1.3, 1.3]), abs=1e-7)
    assert silent_fraction(2, 1.3, correlation) != pytest.approx(law.cdf([1.3, 1.301]), abs=1e-7)


@pytest.mark.parametrize("correlation", [0.49, 0.51, 0.9, 1 - 1e-12, 1 - 1e-16])
@pytest.mark.parametrize(("n_odors", "threshold"), [(3, -1.0), (10**6, 0.5)])
def test_both_integrals_in_higher_precision(n_odors, threshold, correlation):
    """By the largest of the rest, whose density is narrow; near and beyond where it takes over."""
    with mpmath.workdps(30):
        r, mode = mpmath.mpf(correlation), mpmath.sqrt(2 * mpmath.log(n_odors))

        def integrand(m):
            density = n_odors * mpmath.npdf(m) * mpmath.ncdf(m) ** (n_odors - 1)
            return density * mpmath.ncdf((threshold - mpmath.sqrt(1 - r) * m) / mpmath.sqrt(r))

        exact = mpmath.quad(integrand, [-9, mode - 3, mode - 1, mode, mode + 1, mode + 3, 14])
    assert silent_fraction(n_odors, threshold, correlation) == pytest.approx(
        float(exact), abs=1e-10
    )


def test_joint_silence_of_equal_correlations():
    """Another method altogether, of an error of about 3e-4; three times that is the tolerance."""
    for n_odors, threshold, correlation in ((3, 0.5, 0.2), (110, 2.0, 0.3)):
        covariance = 4.0 * ((1 - correlation) * np.eye(n_odors) + correlation)
        joint = jointly_silent(1.0 + 2 * threshold, covariance, mean=1.0, rng=1)
        assert joint == pytest.approx(silent_fraction(n_odors, threshold, correlation), abs=1e-3)
        assert abs(joint - silent_fraction(n_odors, threshold)) > 0.01


def test_joint_silence_of_drives_that_do_not_vary():
    """Silent where they are not above the threshold; others are left to their normal law."""
    assert jointly_silent([0.0, 1.0], np.zeros((2, 2)), rng=0) == 1
    assert jointly_silent([-1.0, 1.0], np.zeros((2, 2)), rng=0) == 0
    mixed = np.diag([1.0, 0.0])
    assert jointly_silent([0.0, 0.0], mixed, rng=0) == pytest.approx(0.5, abs=1e-3)
    assert jointly_silent([0.0, 0.0], mixed, mean=[0.0, 1.0], rng=0) == 0


def all_drives(panel, fan_in):
    """Drives of every wiring, shape (n_odors, n_wirings)."""
    wirings = list(combinations(range(panel.shape[1]), fan_in))
    return np.array([panel[:, list(wiring)].sum(axis=1) for wiring in wirings]).T


@pytest.mark.parametrize("fan_in", [1, 2, 5, 6])
def test_drives_have_the_statistics_of_all_wirings(fan_in):
    panel = np.random.default_rng(4).gamma(1.0, size=(9, 6))
    drives, drive = all_drives(panel, fan_in), RandomDrive(panel, fan_in)
    assert drive.mean == pytest.approx(drives.mean(), rel=1e-12)
    assert drive.sd == pytest.approx(drives.std(), rel=1e-12)
    own = drives.mean(axis=0).var() / drives.var()
    assert drive.correlation == pytest.approx(own, abs=1e-12)
    np.testing.assert_allclose(drive.means, drives.mean(axis=1), rtol=1e-12)
    covariance = np.cov(drives, bias=True).reshape(9, 9)
    np.testing.assert_allclose(drive.covariance, covariance, rtol=1e-10, atol=1e-12)
    assert fan_in == 1 or drive.sd != pytest.approx(fan_in**0.5 * panel.std(), rel=1e-3)
    panel[:] = 0
    assert drive.mean > 0


def test_equal_odors_have_correlation_one():
    for seed in range(20):
        panel = np.tile(np.random.default_rng(seed).random((1, 9)), (7, 1))
        assert RandomDrive(panel, 3).correlation == pytest.approx(1, abs=1e-12)
    assert RandomDrive([[1.0], [1.0]], 1).correlation == 1


def test_counts_are_those_of_all_wirings(monkeypatch):
    panel = np.random.default_rng(5).gamma(1.0, size=(9, 8))
    responses = (all_drives(panel, 3) > 4.0).sum(axis=0)
    fractions = np.bincount(responses, minlength=10) / responses.size
    assert 0.1 < fractions[0] < 0.9
    np.testing.assert_allclose(RandomDrive(panel, 3).response_counts(4.0), fractions, atol=1e-14)
    monkeypatch.setattr(silent_units, "_BLOCK_SIZE", 100)
    np.testing.assert_allclose(RandomDrive(panel, 3).response_counts(4.0), fractions, atol=1e-14)
    largest = panel[:, :3].sum(axis=1).max()  # a drive at threshold is no response
    assert RandomDrive(panel[:, :3], 3).response_counts(largest)[0] == 1


def test_rarefied_counts_are_those_of_all_subsets():
    panel = np.random.default_rng(6).gamma(1.0, size=(7, 8))
    counts = RandomDrive(panel, 3).response_counts(4.0)
    for n_odors in (1, 3, 7):
        subsets = [panel[list(subset)] for subset in combinations(range(7), n_odors)]
        mean = np.mean([RandomDrive(subset, 3).response_counts(4.0)[0] for subset in subsets])
        assert rarefied(counts, n_odors) == pytest.approx(mean, abs=1e-12)
    assert rarefied(counts, [0, 7]) == pytest.approx([1, counts[0]], abs=1e-12)
    replaced = np.sum(counts * (1 - np.arange(8) / 7) ** 3)
    assert abs(rarefied(counts, 3) - replaced) > 1e-3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: silent_fraction(-1, 0.0), "n_odors must be at least 0, got -1"),
        (lambda: silent_fraction(1, np.nan), "threshold must be finite"),
        (lambda: silent_fraction(1, 0.0, 1.5), r"correlation must be in \[0, 1\], got 1.5"),
        (lambda: jointly_silent(0.0, [[1.0, 0.0]]), r"must be symmetric, got shape \(1, 2\)"),
        (lambda: jointly_silent(0.0, [[1.0, 0.2], [0.0, 1.0]]), "covariance must be symmetric"),
        (lambda: jointly_silent(0.0, [[1.0, 2.0], [2.0, 1.0]]), "no negative eigenvalue"),
        (lambda: jointly_silent([0.0] * 3, np.eye(2)), r"threshold must have 2 entries, got shape"),
        (lambda: RandomDrive([[1.0]], 2), "fan_in must be at most 1, got 2"),
        (lambda: RandomDrive(np.ones((2, 40)), 20).response_counts(1.0), "at most 5000000 wirings"),
        (lambda: rarefied([0.5, 0.6], 1), "counts must sum to 1, got 1.1"),
        (lambda: rarefied([0.5, 0.5], 2), "n_odors must be at most 1, got 2"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
