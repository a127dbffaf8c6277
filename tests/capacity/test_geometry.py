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
