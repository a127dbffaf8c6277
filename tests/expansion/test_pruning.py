"""Pruning: what importance means, and which connections are removed."""

import numpy as np
import pytest
from scipy.sparse import csr_array

import olfnet
from olfnet.expansion import Circuit, pruning


@pytest.fixture
def circuit():
    drawn = olfnet.random_expansion(n_inputs=20, n_units=30, fan_in=6, coding_level=0.1, rng=0)
    weights = drawn.weights.copy()
    weights.data *= np.random.default_rng(1).lognormal(size=weights.nnz)
    return Circuit(weights, drawn.sparsifier)


def test_importance_is_the_loss_of_variance(circuit):
    """Of independent inputs; the variance of 10^5 odors has a relative error of sqrt(2 / 10^5)."""
    odors = np.random.default_rng(2).normal(3.0, np.linspace(0.5, 2, 20), (100_000, 20))
    importance = pruning.importance(circuit, odors)
    before = circuit.drive(odors).var(axis=0)
    assert importance.sum(axis=1) == pytest.approx(before, rel=0.03)
    unit, columns = 4, slice(*circuit.weights.indptr[4:6])
    index = columns.start + int(np.argmax(importance.data[columns]))
    weights = circuit.weights.copy()
    weights.data[index] = 0.0
    loss = before - Circuit(weights, circuit.sparsifier).drive(odors).var(axis=0)
    assert loss[unit] == pytest.approx(importance.data[index], rel=0.05)
    assert np.abs(np.delete(loss, unit)).max() < 1e-9
    sparse = pruning.importance(circuit, csr_array(odors[:100]))
    assert (sparse != pruning.importance(circuit, odors[:100])).nnz == 0


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 1.0])
def test_the_least_important_are_removed(circuit, fraction):
    weights = circuit.weights
    values = np.random.default_rng(3).random(weights.nnz)
    importance = csr_array((values, weights.indices, weights.indptr), shape=weights.shape)
    remaining = pruning.pruned(circuit, fraction, importance=importance, rng=1).weights
    kept = remaining.toarray() != 0
    assert remaining.nnz == weights.nnz - round(fraction * weights.nnz)
    assert (weights.toarray()[kept] == remaining.toarray()[kept]).all()
    removed = (weights.toarray() != 0) & ~kept
    if 0 < fraction < 1:
        assert importance.toarray()[removed].max() < importance.toarray()[kept].min()


@pytest.mark.parametrize("equal", [False, True])
def test_without_importance_all_connections_are_equally_likely(circuit, equal):
    """Each of 180 is removed in 30 % of 500 draws; 5 standard deviations for the largest error."""
    rng, connected = np.random.default_rng(4), circuit.weights.toarray() != 0
    options = {"importance": connected * 1.0} if equal else {}
    counts = sum(
        pruning.pruned(circuit, 0.3, rng=rng, **options).weights.toarray() == 0 for _ in range(500)
    )[connected]
    assert np.abs(counts - 150).max() < 5 * np.sqrt(500 * 0.3 * 0.7)
    assert np.ptp(counts) > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: pruning.importance(c, np.ones((1, 20))), "at least 2 odors are required, got 1"),
        (lambda c: pruning.importance(c, np.ones((3, 4))), "n_inputs=20 columns, got 4"),
        (lambda c: pruning.pruned(c, 1.5), r"fraction must be in \[0, 1\], got 1.5"),
        (
            lambda c: pruning.pruned(c, 0.5, importance=np.ones((2, 2))),
            r"importance must have the shape \(30, 20\), got \(2, 2\)",
        ),
    ],
)
def test_bad_input(circuit, call, message):
    with pytest.raises(ValueError, match=message):
        call(circuit)
