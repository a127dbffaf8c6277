"""Lipschitz constants of sparsifiers against pairs of drives at all distances."""

import numpy as np
import pytest

from olfnet.expansion import sparsify
from olfnet.expansion.lipschitz import lipschitz_bound


def ratios(sparsifier, norm, n_units):
    """Distances of rates relative to those of drives."""
    rng = np.random.default_rng(0)
    first = rng.normal(0, 1, (2000, n_units))
    second = first + rng.choice([-1, 1], first.shape) * 10 ** rng.uniform(-3, 1, (2000, 1))
    codes = (sparsifier(drive).rates.toarray() for drive in (first, second))
    change = np.linalg.norm(np.subtract(*codes), norm, axis=1)
    return change / np.linalg.norm(first - second, norm, axis=1)


@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize(
    "sparsifier",
    [sparsify.FixedThreshold(-1.0), *(sparsify.FixedFeedback(g, -3.0) for g in (0.0, 0.5, 20.0))],
    ids=["threshold", "no gain", "low gain", "high gain"],
)
def test_no_pair_of_drives_exceeds_the_bound(sparsifier, norm):
    bound = lipschitz_bound(sparsifier, norm)
    largest = max(ratios(sparsifier, norm, n_units).max() for n_units in (2, 6, 40))
    assert 0.9 < largest <= bound * (1 + 1e-12)


def test_many_units_come_near_the_bound_of_feedback():
    """In the max norm, 1 + g / (1 + g); control: 1 is exceeded."""
    feedback, equal = sparsify.FixedFeedback(20.0), np.full(400, 10.0)
    drives = [equal + np.where(np.arange(400) == 0, 1e-3, -1e-3), equal]
    change = np.subtract(*feedback(drives).rates.toarray())
    assert 1.9 < np.abs(change).max() / 1e-3 <= lipschitz_bound(feedback, np.inf)


def test_top_k_is_discontinuous_at_ties():
    """A change of a drive by 1e-6 changes a rate by 1."""
    rates = sparsify.TopK(1 / 3)([[1.0, 1.0, 0.0], [1 + 1e-6, 1.0, 0.0]]).rates.toarray()
    assert rates[0, 0] - rates[1, 0] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("sparsifier", "norm", "message"),
    [
        (sparsify.TopK(0.1), 2, "TopK is not Lipschitz continuous .*; use FixedThreshold or"),
        (sparsify.GlobalThreshold(0.1), 2, "sparsifier must be calibrated first, got"),
        (sparsify.FeedbackInhibition(0.1), 2, "must be calibrated first"),
        (lambda drive: drive, 2, "constant is known, got function"),
        (sparsify.FixedThreshold(), 1, "norm must be one of 2, inf"),
    ],
)
def test_bad_input(sparsifier, norm, message):
    with pytest.raises(ValueError, match=message):
        lipschitz_bound(sparsifier, norm)
