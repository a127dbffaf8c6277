"""Null models: the margins that each one keeps, and all else uniform, by enumeration."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import chisquare

from olfnet import random_expansion
from olfnet.expansion import wiring
from olfnet.expansion.connectome import null_models
from olfnet.expansion.connectome.null_models import AnyPairs, SameClaws, SameDegrees, ShuffledInputs

KEPT = {AnyPairs: (), SameClaws: (1,), ShuffledInputs: (0,), SameDegrees: (0, 1)}
OWN_WEIGHTS = {AnyPairs: None, SameClaws: 1, ShuffledInputs: 0, SameDegrees: 1}
SMALL = [[[1, 1, 0], [1, 0, 1], [0, 1, 0]], [[1, 1], [1, 0], [0, 1], [0, 0], [1, 0]]]
family = pytest.mark.parametrize("model", KEPT)


@pytest.fixture(scope="module")
def weights():
    drawn = wiring.BiasedFanIn(5, np.arange(1.0, 31.0)).draw(300, 30, rng=0)
    drawn.data = np.random.default_rng(1).integers(1, 9, drawn.nnz).astype(float)
    return drawn


@family
def test_what_is_kept(weights, model):
    drawn = model(weights).draw(300, 30, rng=2)
    assert (drawn.shape, drawn.nnz) == (weights.shape, weights.nnz)
    for axis in (0, 1):
        same = drawn.astype(bool).sum(axis=axis) == weights.astype(bool).sum(axis=axis)
        assert same.all() == (axis in KEPT[model])
    axis = OWN_WEIGHTS[model]
    first, second = np.sort(drawn.toarray(), axis=axis), np.sort(weights.toarray(), axis=axis)
    np.testing.assert_array_equal(first, second)
    assert (drawn != weights).nnz > weights.nnz  # most synapses have moved
    assert (drawn != model(weights).draw(rng=2)).nnz == 0
    assert (drawn != model(weights).draw(rng=3)).nnz > 0


def matrices(model, measured):
    """All matrices with the margins that the model keeps, as bytes."""
    measured = np.array(measured, dtype=bool)
    cells = product([False, True], repeat=measured.size)
    return [
        matrix.tobytes()
        for matrix in (np.reshape(entries, measured.shape) for entries in cells)
        if matrix.sum() == measured.sum()
        and all((matrix.sum(axis=k) == measured.sum(axis=k)).all() for k in KEPT[model])
    ]


def p_value(model, measured, n_draws):
    """Chi-square of draws against equal probabilities of all allowed matrices."""
    allowed = matrices(model, measured)
    assert len(allowed) > 1
    rng, null = np.random.default_rng(5), model(measured)
    drawn = [null.draw(rng=rng).toarray().astype(bool).tobytes() for _ in range(n_draws)]
    return chisquare([drawn.count(matrix) for matrix in allowed]).pvalue


@pytest.mark.parametrize("measured", SMALL)
@family
def test_all_allowed_matrices_are_equally_likely(model, measured, monkeypatch):
    """Chi-square at the .001 level; for rows this short 20 rounds are enough."""
    monkeypatch.setattr(null_models, "_N_ROUNDS", 20)
    assert p_value(model, measured, 1500) > 0.001


def test_too_few_trades_are_noticed(monkeypatch):
    monkeypatch.setattr(null_models, "_N_ROUNDS", 1)
    assert p_value(SameDegrees, SMALL[0], 1000) < 1e-6


def test_trades_forget_their_start():
    """Synapses shared with the start are as many as those of two independent ends."""
    start = wiring.BiasedFanIn(7, np.random.default_rng(0).exponential(size=80))
    start = start.draw(600, 80, rng=0)
    ends = [SameDegrees(start).draw(rng=seed) for seed in range(6)]
    shared = [end.multiply(start).nnz / start.nnz for end in ends]
    apart = [a.multiply(b).nnz / start.nnz for a, b in zip(ends, ends[1:], strict=False)]
    sd = np.std([*shared, *apart], ddof=1)
    assert abs(np.mean(shared) - np.mean(apart)) < 4 * sd * np.sqrt(1 / 6 + 1 / 5)
    assert np.mean(shared) < 0.3


def test_as_the_wiring_of_a_circuit(weights):
    null = SameDegrees(weights)
    circuit = random_expansion(n_inputs=30, n_units=300, wiring=null, coding_level=0.1, rng=1)
    np.testing.assert_array_equal(circuit.fan_in, np.diff(weights.indptr))
    np.testing.assert_array_equal(SameDegrees([[1, 0, 1]]).draw(rng=0).toarray(), [[1, 0, 1]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SameClaws(np.zeros((2, 2))), "weights must hold a synapse"),
        (lambda: SameClaws([[np.nan]]), "weights must be finite"),
        (lambda: AnyPairs(np.eye(3)).draw(5, 3), "n_units must be that of the weights, 3, got 5"),
        (lambda: AnyPairs(np.eye(3)).draw(3, 5), "n_inputs must be that of the weights, 3, got 5"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
