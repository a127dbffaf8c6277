"""Participation ratio against spectra known by construction."""

import numpy as np
import pytest

from olfnet.capacity import dimension


def test_matches_the_eigenvalues_of_the_covariance():
    rng = np.random.default_rng(1)
    for shape in [(30, 10), (10, 30)]:
        responses = rng.standard_normal(shape) * np.arange(1, shape[1] + 1)
        eigenvalues = np.linalg.eigvalsh(np.cov(responses.T))
        expected = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
        assert dimension(responses) == pytest.approx(expected, rel=1e-10)


def test_extremes():
    line = np.outer(np.arange(5.0), [1, 2, 3])
    assert dimension(line) == pytest.approx(1)
    corners = np.vstack((np.eye(6), -np.eye(6)))
    assert dimension(corners) == pytest.approx(6)
    assert dimension(1e200 * corners) == pytest.approx(6)


def test_bad_input_gets_one_sentence():
    with pytest.raises(ValueError, match="responses must vary between odors, got 4 equal rows"):
        dimension(np.ones((4, 3)))
    with pytest.raises(ValueError, match="responses must be finite"):
        dimension([[1, np.nan]])


@pytest.mark.parametrize("kind", ["gaussian", "binary"])
def test_corrected_for_few_odors(kind):
    """Means of 400 samples, against the covariance that they were drawn from."""
    rng = np.random.default_rng(0)
    spread = np.geomspace(1, 0.1, 40)
    wanted = np.sum(spread**2) ** 2 / np.sum(spread**4)
    samples = []
    for _ in range(400):
        units = rng.standard_normal((50, 40)) if kind == "gaussian" else rng.random((50, 40)) < 0.2
        samples.append(1 / dimension(units * spread, corrected=True))
    inverse = np.mean(samples)
    error = 4.5 * np.std(samples) / 20
    # The inverse of a ratio of unbiased estimates errs by the variance of its denominator.
    assert abs(inverse - 1 / wanted) < error + 0.01 / wanted
    assert dimension(units * spread) < 0.8 * wanted


def test_too_few_odors_to_correct():
    with pytest.raises(ValueError, match="at least 4 odors for a corrected dimension, got 3"):
        dimension(np.eye(3), corrected=True)
    with pytest.raises(ValueError, match="corrected must be True or False, got 'no'"):
        dimension(np.eye(5), corrected="no")
