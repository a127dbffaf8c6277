"""How far codes move with their drives: pairs of drives, and the jumps of top-k."""

import numpy as np
import pytest

from olfnet.expansion import sparsify
from olfnet.expansion.lipschitz import lipschitz_bound


def stretches(sparsifier, norm, n_units, seed=0):
    """How many times further rates are apart than drives, for pairs of all distances."""
    rng = np.random.default_rng(seed)
    first = rng.normal(0, 1, (4000, n_units))
    second = first + rng.choice([-1, 1], first.shape) * 10 ** rng.uniform(-3, 1, (4000, 1))
    codes = (sparsifier(drive).rates.toarray() for drive in (first, second))
    moved = np.linalg.norm(np.subtract(*codes), norm, axis=1)
    return moved / np.linalg.norm(first - second, norm, axis=1)


@pytest.mark.parametrize("norm", [2, np.inf])
def test_fixed_thresholds_never_stretch(norm):
    found = stretches(sparsify.FixedThreshold([0.0, 1.0, -2.0, 0.3]), norm, 4)
    bound = lipschitz_bound(sparsify.FixedThreshold(), norm)
    assert found.max() <= bound * (1 + 1e-12)
    assert found.max() > 0.99


@pytest.mark.parametrize("gain", [0.0, 0.5, 20.0])
@pytest.mark.parametrize("norm", [2, np.inf])
def test_feedback_stretches_little(gain, norm):
    """Never in the 2-norm; in the max norm up to 1 + g / (1 + g), which many units come near."""
    bound = lipschitz_bound(sparsify.FixedFeedback(gain), norm)
    for n_units in (2, 6, 40):
        found = stretches(sparsify.FixedFeedback(gain, -3.0), norm, n_units)
        assert found.max() <= bound * (1 + 1e-12)
    if norm == np.inf and gain == 20:
        drive = 10 + np.where(np.arange(400) == 0, 1e-3, -1e-3)
        apart = np.subtract(*(sparsify.FixedFeedback(gain)([d]).rates.toarray()
                              for d in (drive, np.full(400, 10.0))))  # fmt: skip
        stretch = np.abs(apart).max() / 1e-3
        assert 1.9 < stretch <= bound  # control: 1 would be broken


def test_topk_jumps_at_ties():
    """A drive that moves by 1e-6 moves a rate by 1."""
    one, two = (sparsify.TopK(1 / 3)([[1 + d, 1.0, 0.0]]).rates.toarray() for d in (0.0, 1e-6))
    assert one[0, 0] - two[0, 0] == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="must not jump, got TopK, whose rates jump where drives"):
        lipschitz_bound(sparsify.TopK(0.1))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lipschitz_bound(sparsify.GlobalThreshold(0.1)), "must be calibrated first, got"),
        (lambda: lipschitz_bound(sparsify.FeedbackInhibition(0.1)), "must be calibrated first"),
        (lambda: lipschitz_bound(lambda drive: drive), "constant is known, got function"),
        (lambda: lipschitz_bound(sparsify.FixedThreshold(), 1), "norm must be one of 2, inf"),
    ],
)
def test_bad_requests(call, words):
    with pytest.raises(ValueError, match=words):
        call()
