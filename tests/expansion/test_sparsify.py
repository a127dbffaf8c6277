"""Sparsifiers against brute force: order statistics by sorting, feedback by bisection."""

import inspect

import numpy as np
import pytest

from olfnet.expansion import sparsify
from olfnet.expansion.sparsify import (
    Calibratable,
    FeedbackInhibition,
    FixedFeedback,
    FixedThreshold,
    GlobalThreshold,
    TopK,
    UnitThresholds,
)

MEMBERS = [
    TopK(0.1),
    FixedThreshold(0.3),
    FixedThreshold(np.linspace(-1, 1, 40)),
    GlobalThreshold(0.1),
    UnitThresholds(0.1),
    FixedFeedback(gain=5.0, threshold=0.2),
    FeedbackInhibition(0.1),
]
RECIPES = [member for member in MEMBERS if isinstance(member, Calibratable)]


def gaussian(n_odors=60, n_units=40, seed=0):
    return np.random.default_rng(seed).standard_normal((n_odors, n_units))


def integers(n_odors=60, n_units=40, seed=0):
    return np.rint(3 * gaussian(n_odors, n_units, seed))


family = pytest.mark.parametrize("member", MEMBERS, ids=repr)
with_ties = pytest.mark.parametrize("draw", [gaussian, integers])


def sorted_top_k(drive, k):
    """TopK by its words, one odor at a time."""
    order = sorted(range(len(drive)), key=lambda unit: (-drive[unit], unit))
    active, weakest = order[:k], drive[order[k - 1]]
    span = drive.max() - weakest
    below = weakest - (span / k if span > 0 else 1.0)
    cut = max((d for d in drive if d < weakest), default=below)
    rates = np.zeros(len(drive))
    rates[active] = drive[active] - cut
    return rates, np.count_nonzero(drive == weakest) - np.count_nonzero(drive[active] == weakest)


def bisected_inhibition(excess, gain):
    """Solve inhibition = gain * mean(rates) for one odor; the right side falls with inhibition."""
    low, high = 0.0, max(0.0, excess.max())
    for _ in range(200):
        middle = (low + high) / 2
        too_small = gain * np.maximum(excess - middle, 0).mean() > middle
        low, high = (middle, high) if too_small else (low, middle)
    return middle


def test_every_member_is_under_contract():
    classes = {c for c in vars(sparsify).values() if hasattr(c, "__dataclass_fields__")}
    assert {c for c in classes if not inspect.isabstract(c)} == {type(m) for m in MEMBERS}


@with_ties
@family
def test_contract(member, draw):
    """Rates of each odor are its own once calibrated; a recipe calibrates on its own call."""
    drive = draw()
    before = drive.copy()
    rates, n_ties = member(drive)
    assert (rates.format, rates.shape, rates.dtype) == ("csr", drive.shape, np.float64)
    assert rates.has_canonical_format
    assert rates.nnz > 0
    assert (rates.data > 0).all()
    assert n_ties.shape == (60,)
    assert (n_ties >= 0).all()
    assert np.array_equal(drive, before)
    fixed = member.calibrated(drive) if isinstance(member, Calibratable) else member
    assert not isinstance(fixed, Calibratable)
    single = [fixed(row[np.newaxis]) for row in drive]
    assert np.array_equal(rates.toarray(), np.vstack([code.rates.toarray() for code in single]))
    assert n_ties.tolist() == [code.n_ties[0] for code in single]


@pytest.mark.parametrize("member", RECIPES, ids=repr)
def test_recipes_depend_on_their_panel(member):
    drive, louder = gaussian(), 3 * gaussian(seed=1)
    own, other = member(drive).rates, member.calibrated(louder)(drive).rates
    assert not np.array_equal(own.toarray(), other.toarray())


@with_ties
@pytest.mark.parametrize(("level", "k"), [(0.01, 1), (0.1, 4), (0.55, 22), (1.0, 40)])
def test_top_k_equals_sorting(draw, level, k):
    """It does not depend on a common shift, and is proportional to a common scale."""
    drive = draw()
    rates, n_ties = TopK(level)(drive)
    expected = [sorted_top_k(row, k) for row in drive]
    assert np.array_equal(rates.toarray(), [e[0] for e in expected])
    assert n_ties.tolist() == [e[1] for e in expected]
    assert (np.diff(rates.indptr) == k).all()
    assert np.array_equal(4 * rates.toarray(), TopK(level)(4 * drive).rates.toarray())
    shifted = TopK(level)(drive - 7).rates.toarray()
    np.testing.assert_allclose(shifted, rates.toarray(), rtol=0, atol=1e-14)


@pytest.mark.parametrize(("level", "n_units", "k"), [(0.05, 50, 3), (0.29, 50, 15), (0.28, 50, 14)])
def test_top_k_rounds_halves_up(level, n_units, k):
    assert TopK(level)(gaussian(1, n_units)).rates.nnz == k


@pytest.mark.parametrize("drive", [0.0, -3.0, 1e20, 1e-300])
@pytest.mark.parametrize(("level", "k"), [(0.25, 1), (0.5, 2), (1.0, 4)])
def test_equal_drives_activate_the_first_units_at_a_positive_rate(drive, level, k):
    rates, n_ties = TopK(level)(np.full((1, 4), drive))
    assert rates.indices.tolist() == list(range(k))
    assert (rates.data > 0).all()
    assert n_ties.tolist() == [4 - k]


@pytest.mark.parametrize("threshold", [0.0, -0.5, np.linspace(-1, 1, 40)])
def test_fixed_threshold_is_a_rectifier_and_feedback_without_gain_too(threshold):
    drive = gaussian()
    expected = np.maximum(drive - threshold, 0)
    for member in (FixedThreshold(threshold), FixedFeedback(0.0, threshold)):
        assert np.array_equal(member(drive).rates.toarray(), expected)


@pytest.mark.parametrize("level", [0.001, 0.05, 0.3, 1.0])
def test_calibrated_thresholds_meet_the_level(level):
    """Over all responses, or in every unit; tied units are all silent."""
    drive = gaussian() * np.geomspace(0.1, 10, 40)
    k = round(level * drive.size)
    assert GlobalThreshold(level)(drive).rates.nnz == max(1, k)
    if k < drive.size:
        assert GlobalThreshold(level).calibrated(drive).threshold == np.sort(drive.ravel())[-k - 1]
    responses = np.count_nonzero(UnitThresholds(level)(drive).rates.toarray(), axis=0)
    assert (responses == max(1, round(level * 60))).all()
    tied = np.array([[3.0, 2.0, 2.0, 0.0]])
    assert GlobalThreshold(0.5)(tied).rates.toarray().tolist() == [[1, 0, 0, 0]]
    assert UnitThresholds(0.5)(tied.T).rates.toarray().ravel().tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("gain", [0.7, 30.0, 1e9])
@pytest.mark.parametrize("threshold", [0.0, 1.2, np.linspace(-1, 1, 40)])
@with_ties
def test_feedback_solves_its_fixed_point(draw, threshold, gain):
    drive = draw()
    rates = FixedFeedback(gain, threshold)(drive).rates.toarray()
    excess = drive - threshold
    inhibition = np.array([bisected_inhibition(row, gain) for row in excess])
    np.testing.assert_allclose(rates, np.maximum(excess - inhibition[:, None], 0), atol=1e-13)
    # The rates are rounded to about eps times the largest drive, 10, which the gain amplifies.
    rounding = 10 * np.finfo(float).eps * (40 + gain)
    np.testing.assert_allclose(gain * rates.mean(axis=1), inhibition, rtol=0, atol=rounding)
    assert np.abs(gain * rates.mean(axis=1) - 1.001 * inhibition).max() > 10 * rounding


@pytest.mark.parametrize(("level", "release"), [(0.05, 2.0), (0.3, 3.0), (0.4, 1.0)])
def test_feedback_meets_the_level_and_releases_the_stated_number(level, release):
    drive = gaussian() * np.geomspace(1, 10, 60)[:, np.newaxis]
    fixed = FeedbackInhibition(level, release).calibrated(drive)
    assert fixed(drive).rates.nnz == round(level * drive.size)
    assert FixedThreshold(fixed.threshold)(drive).rates.nnz == round(release * level * drive.size)
    assert (fixed.gain > 0) == (release > 1)


@family
@pytest.mark.parametrize(
    ("drive", "message"),
    [
        ([1.0, 2.0], r"drive must be 2-D .* got shape \(2,\)"),
        ([[1.0, np.inf]], r"drive must be finite, got inf at \(0, 1\)"),
    ],
)
def test_bad_drive(member, drive, message):
    with pytest.raises(ValueError, match=message):
        member(drive)
    with pytest.raises(ValueError, match=message):
        getattr(member, "calibrated", member)(drive)


@pytest.mark.parametrize("recipe", [TopK, GlobalThreshold, UnitThresholds, FeedbackInhibition])
@pytest.mark.parametrize("level", [0, -0.1, 1.5])
def test_bad_coding_level(recipe, level):
    with pytest.raises(ValueError, match=rf"coding_level must be in \(0, 1\], got {level:g}"):
        recipe(level)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: FixedThreshold(np.nan), "threshold must be finite, got nan"),
        (lambda: FixedThreshold([[1.0]]), "threshold must be 1-D"),
        (lambda: FixedThreshold([1, 2])(gaussian()), "threshold must be .* 40 units, got 2"),
        (lambda: FixedFeedback(-1), "gain must be non-negative, got -1"),
        (lambda: FixedFeedback(1, [1, 2])(gaussian()), "threshold must be .* 40 units, got 2"),
        (lambda: FeedbackInhibition(0.1, release=0.5), "release must be at least 1, got 0.5"),
        (lambda: FeedbackInhibition(0.6), r"release \* coding_level must be at most 1, got 1.2"),
        (
            lambda: FeedbackInhibition(0.01, release=20)(gaussian()),
            "coding_level must be at least 0.025 here, as feedback never silences the strongest",
        ),
    ],
)
def test_bad_input(build, message):
    with pytest.raises(ValueError, match=message):
        build()
