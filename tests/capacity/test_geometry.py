"""Dimension, overlap, cluster size and decorrelation: brute force, theory, and honest errors."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom

from olfnet.capacity import cluster_size, decorrelation, dimension, overlap


@pytest.mark.parametrize("shape", [(30, 10), (10, 30)])
def test_dimension_matches_the_eigenvalues_of_the_covariance(shape):
    responses = np.random.default_rng(1).standard_normal(shape) * np.arange(1, shape[1] + 1)
    eigenvalues = np.linalg.eigvalsh(np.cov(responses.T))
    expected = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    assert dimension(responses) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("kind", ["gaussian", "binary"])
def test_dimension_corrected_for_few_odors(kind):
    """Means of 300 samples, against the covariance that they were drawn from."""
    rng = np.random.default_rng(0)
    sd = np.geomspace(1, 0.1, 40)
    target = np.sum(sd**2) ** 2 / np.sum(sd**4)
    samples = []
    for _ in range(300):
        units = rng.standard_normal((50, 40)) if kind == "gaussian" else rng.random((50, 40)) < 0.2
        samples.append(1 / dimension(units * sd, corrected=True))
    error = 4.5 * np.std(samples) / 300**0.5
    # The inverse of a ratio of unbiased estimates errs by the variance of its denominator.
    assert abs(np.mean(samples) - 1 / target) < error + 0.01 / target
    assert dimension(units * sd) < 0.8 * target


@pytest.mark.parametrize("shape", [(9, 30), (30, 9)])
def test_overlap_by_brute_force(shape):
    codes = np.random.default_rng(0).random(shape) + 5
    centered = (codes - codes.mean()) / codes.std()
    pairs = [
        (centered[i] @ centered[j] / shape[1]) ** 2 for i, j in combinations(range(shape[0]), 2)
    ]
    assert overlap(codes) == pytest.approx(np.mean(pairs), rel=1e-10)
    assert overlap(7 * codes - 3) == pytest.approx(overlap(codes), rel=1e-9)


def test_cluster_size_by_brute_force():
    rng = np.random.default_rng(1)
    centers, versions = rng.random((7, 11)), rng.random((7, 4, 11))
    within = np.mean(np.sum((versions - centers[:, None]) ** 2, axis=2))
    between = np.mean(
        [np.sum((centers[i] - centers[j]) ** 2) for i, j in combinations(range(7), 2)]
    )
    assert cluster_size(centers, versions) == pytest.approx(within / between, rel=1e-12)
    assert cluster_size(centers, versions[:, 0]) != pytest.approx(within / between, rel=1e-3)


def test_decorrelation_by_brute_force():
    rng = np.random.default_rng(3)
    inputs, codes = rng.random((12, 6)), rng.random((12, 9))
    curve = decorrelation(inputs, codes, n_bins=3)
    pairs = [
        (np.corrcoef(inputs[i], inputs[j])[0, 1], np.corrcoef(codes[i], codes[j])[0, 1])
        for i, j in combinations(range(12), 2)
    ]
    parts = np.array_split(np.array(sorted(pairs)), 3)
    np.testing.assert_allclose(curve.before, [part[:, 0].mean() for part in parts])
    np.testing.assert_allclose(curve.after, [part[:, 1].mean() for part in parts])
    assert curve.n_pairs.tolist() == [22, 22, 22]


def test_errors_allow_for_pairs_that_share_odors():
    """Coverage of 95 % intervals of a mean over pairs; as if independent they would miss often."""
    rng, means, intervals, n_wider = np.random.default_rng(5), [], [], 0
    for _ in range(200):
        tilt = rng.standard_normal((40, 1)) > 0  # half of the odors share a component
        codes = rng.standard_normal((40, 30)) + 1.5 * tilt * np.linspace(-1, 1, 30)
        curve = decorrelation(rng.standard_normal((40, 5)), codes, n_bins=1)
        means.append(curve.after[0])
        intervals.append(np.ravel(curve.interval()))
        n_wider += curve.error[0] > 2 * np.std(np.corrcoef(codes)) / np.sqrt(780)
    low, high = np.transpose(intervals)
    inside = np.sum((low <= np.mean(means)) & (np.mean(means) <= high))
    assert binom.cdf(inside, 200, 0.93) > 0.001  # the jackknife of 40 odors errs a little
    assert n_wider > 160


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_any_unit(scale):
    """Squares of these numbers are 0 or infinite; ratios and correlations do not have a unit."""
    rng = np.random.default_rng(6)
    one, two = rng.random((9, 30)), rng.random((9, 30))
    assert overlap(scale * one) == pytest.approx(overlap(one), rel=1e-9)
    assert cluster_size(scale * one, scale * two) == pytest.approx(cluster_size(one, two), rel=1e-9)
    plain, scaled = (decorrelation(u * one, u * two, n_bins=2) for u in (1.0, scale))
    np.testing.assert_allclose(scaled.after, plain.after, rtol=1e-9)
    np.testing.assert_allclose(scaled.error, plain.error, rtol=1e-9)


def test_bins_that_one_odor_fills_have_no_error():
    """Four odors have six pairs: a bin of one pair must not look certain."""
    codes = np.random.default_rng(7).random((4, 9))
    curve = decorrelation(codes, codes**2)
    assert curve.n_pairs.tolist() == [1] * 6
    assert np.isinf(curve.error).all()
    np.testing.assert_array_equal(curve.interval(), ([-1] * 6, [1] * 6))
    whole = decorrelation(codes, codes**2, n_bins=1)
    assert 0 < whole.error[0] < np.inf
    np.testing.assert_array_equal(whole.interval(1), [[-1], [1]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dimension(np.ones((4, 3))), "responses must vary between odors, got 4 equal rows"),
        (lambda: dimension([[1, np.nan]]), "responses must be finite"),
        (lambda: dimension(np.eye(3), corrected=True), "at least 4 odors for a corrected .* got 3"),
        (lambda: dimension(np.eye(5), corrected="no"), "corrected must be True or False, got 'no'"),
        (lambda: overlap([[1, 2]]), "responses must hold two odors or more, got 1"),
        # Its mean is not .1 in floating point.
        (lambda: overlap(np.full((3, 7), 0.1)), "responses must not all be equal"),
        (lambda: cluster_size(np.eye(2), np.eye(3)), r"noisy must be .* of shape \(2, 2\), got"),
        (lambda: cluster_size(np.eye(2), "a"), "noisy must be numbers, got 'a'"),
        (lambda: cluster_size(np.eye(2), np.ones((2, 0, 2))), r"noisy must be .* got \(2, 0, 2\)"),
        (lambda: cluster_size(np.ones((7, 3)), np.ones((7, 3))), "must be codes of different od"),
        (lambda: decorrelation(np.eye(3), np.eye(2)), "responses must have 3 rows, got 2"),
        (lambda: decorrelation(np.ones((5, 3)), np.eye(5)), "must vary for four odors, got 0"),
        (lambda: decorrelation(np.eye(5), np.eye(5), n_bins=0), "n_bins must be at least 1, got 0"),
        (
            lambda: decorrelation(np.eye(5), np.eye(5), n_bins=1).interval(1.5),
            r"confidence must be in \(0, 1\], got 1.5",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
