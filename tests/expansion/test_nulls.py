"""Null models: the margins that each one keeps, and all else uniform, by enumeration."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import chisquare

from olfnet import random_expansion
from olfnet.expansion import wiring
from olfnet.expansion.connectome import null_models
from olfnet.expansion.connectome.null_models import AnyPairs, SameClaws, SameDegrees, ShuffledInputs

ALL = [AnyPairs, SameClaws, ShuffledInputs, SameDegrees]
KEPT = {AnyPairs: (), SameClaws: (1,), ShuffledInputs: (0,), SameDegrees: (0, 1)}
SMALL = [
    [[1, 1, 0], [1, 0, 1], [0, 1, 0]],
    [[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0]],
    [[1, 1], [1, 0], [0, 1], [0, 0], [1, 0]],
]


@pytest.fixture(scope="module")
def weights():
    drawn = wiring.BiasedFanIn(5, np.arange(1.0, 31.0)).draw(300, 30, rng=0)
    drawn.data = np.random.default_rng(1).integers(1, 9, drawn.nnz).astype(float)
    return drawn


@pytest.mark.parametrize("model", ALL)
def test_margins(weights, model):
    drawn = model(weights).draw(300, 30, rng=2)
    assert drawn.shape == weights.shape
    assert drawn.has_canonical_format or drawn.copy().sum_duplicates() is None
    assert drawn.nnz == weights.nnz
    for axis in (0, 1):
        same = drawn.astype(bool).sum(axis=axis) == weights.astype(bool).sum(axis=axis)
        assert same.all() == (axis in KEPT[model])
    np.testing.assert_array_equal(np.sort(drawn.data), np.sort(weights.data))
    assert (drawn != weights).nnz > weights.nnz  # most synapses have moved


@pytest.mark.parametrize("model", [SameClaws, SameDegrees])
def test_units_keep_their_weights(weights, model):
    drawn = model(weights).draw(rng=3).toarray()
    np.testing.assert_array_equal(np.sort(drawn), np.sort(weights.toarray()))


def test_inputs_keep_their_weights(weights):
    drawn = ShuffledInputs(weights).draw(rng=3).toarray()
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(weights.toarray(), axis=0))


@pytest.mark.parametrize("model", ALL)
def test_the_same_seed_draws_the_same(weights, model):
    one, two, other = (model(weights).draw(rng=seed) for seed in (1, 1, 2))
    assert (one != two).nnz == 0
    assert (one != other).nnz > 0


def matrices(model, measured):
    """All matrices with the margins that the model keeps, as bytes."""
    measured = np.array(measured, dtype=bool)
    cells = product([False, True], repeat=measured.size)
    every = (np.reshape(one, measured.shape) for one in cells)
    return [
        one.tobytes()
        for one in every
        if one.sum() == measured.sum()
        and all((one.sum(axis=k) == measured.sum(axis=k)).all() for k in KEPT[model])
    ]


def p_value(model, measured, n_draws):
    """Chi-square of draws against equal chances of all allowed matrices."""
    allowed = matrices(model, measured)
    rng, null = np.random.default_rng(5), model(measured)
    drawn = [null.draw(rng=rng).toarray().astype(bool).tobytes() for _ in range(n_draws)]
    return chisquare(
        [drawn.count(one) for one in allowed], np.full(len(allowed), n_draws / len(allowed))
    ).pvalue


@pytest.mark.parametrize("measured", SMALL)
@pytest.mark.parametrize("model", ALL)
def test_all_allowed_matrices_are_equally_likely(model, measured):
    """Chi-square at the .001 level in each of twelve cases."""
    n_allowed = len(matrices(model, measured))
    assert n_allowed > 1
    assert p_value(model, measured, 10 * n_allowed + 500) > 0.001


def test_too_few_trades_are_noticed(monkeypatch):
    monkeypatch.setattr(null_models, "N_ROUNDS", 1)
    assert p_value(SameDegrees, SMALL[1], 1000) < 1e-6


def test_trades_forget_where_they_began():
    """Synapses shared with the start stay at the level of two independent ends."""
    start = wiring.BiasedFanIn(7, np.random.default_rng(0).exponential(size=150))
    start = start.draw(2000, 150, rng=0)
    ends = [SameDegrees(start).draw(rng=seed) for seed in range(6)]
    shared = [end.multiply(start).nnz / start.nnz for end in ends]
    apart = [a.multiply(b).nnz / start.nnz for a, b in zip(ends, ends[1:], strict=False)]
    spread = np.std([*shared, *apart], ddof=1)
    assert abs(np.mean(shared) - np.mean(apart)) < 4 * spread * np.sqrt(1 / 6 + 1 / 5)
    assert np.mean(shared) < 0.2


def test_as_the_wiring_of_a_circuit(weights):
    circuit = random_expansion(
        n_inputs=30, n_units=300, wiring=SameDegrees(weights), coding_level=0.1, rng=1
    )
    np.testing.assert_array_equal(circuit.fan_in, np.diff(weights.indptr))


def test_one_row_has_nobody_to_trade_with():
    np.testing.assert_array_equal(SameDegrees([[1, 0, 1]]).draw(rng=0).toarray(), [[1, 0, 1]])


def test_bad_input(weights):
    with pytest.raises(ValueError, match="weights must hold a synapse"):
        SameClaws(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="weights must be finite"):
        SameClaws([[np.nan]])
    with pytest.raises(ValueError, match="n_units must be that of the weights, 300, got 5"):
        SameDegrees(weights).draw(5, 30)
    with pytest.raises(ValueError, match="n_inputs must be that of the weights, 30, got 5"):
        SameDegrees(weights).draw(300, 5)
