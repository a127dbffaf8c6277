"""Pruning: what importance means, and which connections go."""

import numpy as np
import pytest
from scipy.sparse import csr_array

import olfnet
from olfnet.expansion import Circuit, pruning, sparsify


@pytest.fixture
def circuit():
    rng = np.random.default_rng(0)
    made = olfnet.random_expansion(n_inputs=20, n_units=30, fan_in=6, coding_level=0.1, rng=rng)
    return Circuit(made.weights * 1.0, made.sparsifier)


def test_importance_is_what_the_drive_loses(circuit):
    """Of independent inputs; the variance of 10^5 odors is off by sqrt(2 / 10^5) each."""
    weights = circuit.weights.copy()
    weights.data *= np.random.default_rng(1).lognormal(size=weights.nnz)
    circuit = Circuit(weights, circuit.sparsifier)
    odors = np.random.default_rng(2).normal(3.0, np.linspace(0.5, 2, 20), (100_000, 20))
    found = pruning.importance(circuit, odors)
    assert found.sum(axis=1) == pytest.approx(circuit.drive(odors).var(axis=0), rel=0.03)
    unit, start = 4, circuit.weights.indptr[4]
    slot = start + int(np.argmax(found.data[start : circuit.weights.indptr[5]]))
    lost = circuit.weights.copy()
    lost.data[slot] = 0.0
    left = Circuit(lost, circuit.sparsifier).drive(odors).var(axis=0)
    change = circuit.drive(odors).var(axis=0) - left
    assert change[unit] == pytest.approx(found.data[slot], rel=0.05)
    assert np.abs(np.delete(change, unit)).max() < 1e-9


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 1.0])
def test_the_least_important_go(circuit, fraction):
    rng = np.random.default_rng(3)
    matters = csr_array(
        (rng.random(circuit.weights.nnz), circuit.weights.indices, circuit.weights.indptr),
        shape=circuit.weights.shape,
    )
    left = pruning.pruned(circuit, fraction, importance=matters, rng=1).weights
    kept = left.toarray() != 0
    assert left.nnz == circuit.weights.nnz - round(fraction * circuit.weights.nnz)
    assert (circuit.weights.toarray()[kept] == left.toarray()[kept]).all()
    gone = (circuit.weights.toarray() != 0) & ~kept
    if 0 < fraction < 1:
        assert matters.toarray()[gone].max() < matters.toarray()[kept].min()


def test_without_importance_all_connections_are_equally_likely_to_go(circuit):
    """Each of 180 goes in 30 % of 2000 draws; a count errs by 5 standard deviations at most."""
    rng = np.random.default_rng(4)
    gone = sum(
        1.0 - (pruning.pruned(circuit, 0.3, rng=rng).weights.toarray() != 0) for _ in range(2000)
    )[circuit.weights.toarray() != 0]
    assert np.abs(gone - 600).max() < 5 * np.sqrt(2000 * 0.3 * 0.7)
    assert np.ptp(gone) > 0


def test_equal_importance_leaves_it_to_chance(circuit):
    same = circuit.weights != 0
    one, other = (pruning.pruned(circuit, 0.5, importance=same * 1.0, rng=s) for s in (1, 2))
    assert (one.weights != other.weights).nnz > 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: pruning.importance(c, np.ones((1, 20))), "odors must be at least 2, got 1"),
        (lambda c: pruning.importance(c, np.ones((3, 4))), "n_inputs=20 columns, got 4"),
        (lambda c: pruning.pruned(c, 1.5), r"fraction must be in \[0, 1\], got 1.5"),
        (
            lambda c: pruning.pruned(c, 0.5, importance=np.ones((2, 2))),
            r"importance must have the shape \(30, 20\), got \(2, 2\)",
        ),
    ],
)
def test_bad_input_gets_one_sentence(circuit, call, words):
    with pytest.raises(ValueError, match=words):
        call(circuit)


def test_units_without_inputs_stay_silent():
    circuit = Circuit([[1.0, 2.0], [0.5, 0.1]], sparsify.TopK(0.5))
    left = pruning.pruned(circuit, 0.5, importance=[[2.0, 2.0], [1.0, 1.0]])
    assert left.fan_in.tolist() == [2, 0]
