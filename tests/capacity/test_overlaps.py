"""Overlap, cluster size and decorrelation: brute force, theory, and honest errors."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom, norm

from olfnet.capacity import cluster_size, decorrelation, overlap
from olfnet.theory import expansion


def layer(odors, f, rng, n_units=2000):
    weights = rng.standard_normal((n_units, odors.shape[1])) / odors.shape[1] ** 0.5
    return (odors @ weights.T > norm.isf(f)).astype(float)


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
    within = np.mean(
        [np.sum((versions[i, k] - centers[i]) ** 2) for i in range(7) for k in range(4)]
    )
    between = np.mean(
        [np.sum((centers[i] - centers[j]) ** 2) for i, j in combinations(range(7), 2)]
    )
    assert cluster_size(centers, versions) == pytest.approx(within / between, rel=1e-12)
    assert cluster_size(centers, versions[:, 0]) != pytest.approx(within / between, rel=1e-3)


@pytest.mark.parametrize("f", [0.5, 0.1])
def test_theory_of_layers(f):
    """R9: 3 % of higher orders in 1 / N for the overlap, four standard errors for both."""
    found = []
    for stream in np.random.default_rng(2).spawn(20):
        odors = stream.choice([-1.0, 1.0], (100, 100))
        flipped = np.where(stream.random((100, 100)).argsort(axis=1) < 5, -odors, odors)
        codes = layer(np.vstack((odors, flipped)), f, stream)
        found.append((overlap(codes[:100]), cluster_size(codes[:100], codes[100:])))
    means, errors = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(20)
    square, size = expansion.overlap(100, 2000, f), expansion.cluster_size(0.1, f)
    assert abs(means[0] - square) < 4 * errors[0] + 0.03 * square
    assert abs(means[1] - size) < 4 * errors[1] + 0.02 * size
    assert abs(means[1] - expansion.cluster_size(0.2, f)) > 4 * errors[1] + 0.02 * size


def test_decorrelation_by_brute_force():
    rng = np.random.default_rng(3)
    inputs, codes = rng.random((12, 6)), rng.random((12, 9))
    found = decorrelation(inputs, codes, n_bins=3)
    pairs = [
        (np.corrcoef(inputs[i], inputs[j])[0, 1], np.corrcoef(codes[i], codes[j])[0, 1])
        for i, j in combinations(range(12), 2)
    ]
    parts = np.array_split(np.array(sorted(pairs)), 3)
    np.testing.assert_allclose(found.before, [part[:, 0].mean() for part in parts])
    np.testing.assert_allclose(found.after, [part[:, 1].mean() for part in parts])
    assert found.n_pairs.tolist() == [22, 22, 22]


def test_decorrelation_follows_theory():
    """Correlated Gaussian inputs through dense weights: the layer's map, not the diagonal."""
    rng = np.random.default_rng(4)
    inputs = rng.standard_normal((60, 1, 200)) + 0.8 * rng.standard_normal((1, 5, 200))
    inputs = inputs.transpose(1, 0, 2).reshape(300, 200)
    inputs = (inputs - inputs.mean(axis=1, keepdims=True)) / inputs.std(axis=1, keepdims=True)
    found = decorrelation(inputs, layer(inputs, 0.1, rng, 4000), n_bins=8)
    wanted = expansion.correlation(found.before, 0.1)
    assert (np.abs(found.after - wanted) < 4 * found.error + 0.02).all()
    assert (found.after < found.before)[found.before > 0.2].all()
    assert np.abs(found.after - found.before).max() > 0.1


def test_errors_know_that_pairs_share_odors():
    """Coverage of 95 % intervals of a mean over pairs; as if independent they would miss often."""
    rng, errors, spans, naive = np.random.default_rng(5), [], [], 0
    for _ in range(300):
        tilt = rng.standard_normal((40, 1)) > 0  # half of the odors share a component
        codes = rng.standard_normal((40, 30)) + 1.5 * tilt * np.linspace(-1, 1, 30)
        found = decorrelation(rng.standard_normal((40, 5)), codes, n_bins=1)
        errors.append(found.after[0])
        low, high = found.interval()
        spans.append((low[0], high[0]))
        naive += found.error[0] > 2 * np.std(np.corrcoef(codes)) / np.sqrt(780)
    truth = np.mean(errors)
    inside = sum(low <= truth <= high for low, high in spans)
    assert binom.cdf(inside, 300, 0.93) > 0.001  # the jackknife of 40 odors errs a little
    assert naive > 250


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
    found = decorrelation(codes, codes**2)
    assert found.n_pairs.tolist() == [1] * 6
    assert np.isinf(found.error).all()
    low, high = found.interval()
    np.testing.assert_array_equal((low, high), ([-1] * 6, [1] * 6))
    whole = decorrelation(codes, codes**2, n_bins=1)
    assert 0 < whole.error[0] < np.inf
    np.testing.assert_array_equal(whole.interval(1), [[-1], [1]])


def test_bad_input():
    with pytest.raises(ValueError, match="responses must hold two odors or more, got 1"):
        overlap([[1, 2]])
    with pytest.raises(ValueError, match="responses must not all be equal"):
        overlap(np.full((3, 7), 0.1))  # whose mean is not .1 in floating point
    with pytest.raises(ValueError, match=r"noisy must be versions of codes of shape \(2, 2\), got"):
        cluster_size(np.eye(2), np.eye(3))
    with pytest.raises(ValueError, match="noisy must be numbers, got 'a'"):
        cluster_size(np.eye(2), "a")
    with pytest.raises(ValueError, match="prototypes must be codes of different odors"):
        cluster_size(np.full((7, 3), 0.1), np.ones((7, 3)))
    with pytest.raises(ValueError, match=r"noisy must be versions of .* got \(2, 0, 2\)"):
        cluster_size(np.eye(2), np.ones((2, 0, 2)))
    with pytest.raises(ValueError, match="responses must be those of the 3 inputs, got 2 rows"):
        decorrelation(np.eye(3), np.eye(2))
    with pytest.raises(ValueError, match="must vary for four odors, got 0"):
        decorrelation(np.ones((5, 3)), np.eye(5))
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\], got 1.5"):
        decorrelation(np.eye(5), np.eye(5), n_bins=1).interval(1.5)
    with pytest.raises(ValueError, match="n_bins must be at least 1, got 0"):
        decorrelation(np.eye(5), np.eye(5), n_bins=0)
