"""The rate backend against dense algebra, and what must not change its answers."""

import tracemalloc

import numpy as np
import pytest
import xarray as xr
from scipy.sparse import coo_array, csr_array

from olfnet import random_expansion
from olfnet.expansion import Circuit, sparsify, wiring
from olfnet.expansion.rate import respond

SPARSIFIERS = [
    sparsify.TopK(0.1),
    sparsify.FixedThreshold(20.0),
    sparsify.GlobalThreshold(0.1),
    sparsify.UnitThresholds(0.1),
    sparsify.FixedFeedback(3.0, 20.0),
    sparsify.FeedbackInhibition(0.1),
]
WIRINGS = [wiring.FixedFanIn(4), wiring.DenseGaussian()]


def build(sparsifier, wiring=WIRINGS[0]):
    return random_expansion(n_inputs=10, n_units=60, wiring=wiring, sparsifier=sparsifier, rng=1)


def panel(n_odors=90, n_inputs=10):
    return np.random.default_rng(2).exponential(10.0, (n_odors, n_inputs))


def same(first, second):
    parts = ("data", "indices", "indptr")
    codes = (getattr(first.codes, p).tobytes() == getattr(second.codes, p).tobytes() for p in parts)
    return all(codes) and np.array_equal(first.n_ties, second.n_ties)


@pytest.mark.parametrize("kind", WIRINGS, ids=repr)
@pytest.mark.parametrize("sparsifier", SPARSIFIERS, ids=repr)
def test_equals_dense_algebra(sparsifier, kind):
    circuit, odors = build(sparsifier, kind), panel()
    expected = sparsifier(odors @ circuit.weights.toarray().T)
    response = respond(circuit, odors)
    np.testing.assert_allclose(response.rates, expected.rates.toarray(), rtol=1e-9, atol=1e-11)
    assert np.array_equal(response.active, response.rates > 0)
    assert np.array_equal(response.coding_level, response.active.mean(axis=1))
    assert np.array_equal(response.silent_units, ~response.active.any(axis=0))
    assert np.array_equal(response.empty, ~response.active.any(axis=1))


@pytest.mark.parametrize("kind", WIRINGS, ids=repr)
@pytest.mark.parametrize("sparsifier", SPARSIFIERS, ids=repr)
def test_chunks_do_not_change_a_bit(sparsifier, kind):
    circuit, odors = build(sparsifier, kind), panel()
    whole = respond(circuit, odors)
    assert all(same(whole, respond(circuit, odors, chunk_size=n)) for n in (1, 7, 31, 33, 90, 1000))
    assert not same(whole, respond(circuit, odors * (1 + 1e-9))), "the comparison sees a nudge"


@pytest.mark.parametrize("sparsifier", SPARSIFIERS, ids=repr)
def test_same_odors_in_other_clothes(sparsifier):
    circuit, odors = build(sparsifier), np.floor(panel())
    whole = respond(circuit, odors)
    labeled = xr.DataArray(odors, dims=("odor", "receptor"))
    for clothes in (
        odors.astype(int),
        odors.tolist(),
        labeled,
        csr_array(odors),
        coo_array(odors),
    ):
        assert same(whole, respond(circuit, clothes))


def test_top_k_responds_at_its_level_even_to_negative_odors():
    response = respond(build(sparsify.TopK(0.1)), -panel())
    assert (response.coding_level == 0.1).all()
    assert not response.empty.any()


@pytest.mark.parametrize("sparsifier", SPARSIFIERS[2:4] + SPARSIFIERS[5:], ids=repr)
def test_thresholds_are_set_on_the_odors_of_the_call_unless_frozen(sparsifier):
    circuit, odors = build(sparsifier), panel()
    assert respond(circuit, odors).coding_level.mean() == pytest.approx(0.1)
    assert respond(circuit, 2 * odors).coding_level.mean() == pytest.approx(0.1)
    frozen = circuit.calibrated(odors)
    assert same(respond(frozen, odors), respond(circuit, odors))
    assert respond(frozen, 2 * odors).coding_level.mean() > 0.15


def test_silent_units_empty_codes_and_ties_of_a_circuit_drawn_by_hand():
    """Unit 2 has no input; odor 1 is blank."""
    weights = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    odors = [[3.0, 5.0], [0.0, 0.0], [4.0, 4.0]]
    above = respond(Circuit(weights, sparsify.FixedThreshold(3.0)), odors)
    assert above.rates.tolist() == [[0, 2, 0], [0, 0, 0], [1, 1, 0]]
    assert above.silent_units.tolist() == [False, False, True]
    assert above.empty.tolist() == [False, True, False]
    assert above.n_ties.tolist() == [0, 0, 0]
    strongest = respond(Circuit(weights, sparsify.TopK(1 / 3)), odors)
    assert strongest.rates.tolist() == [[0, 2, 0], [1, 0, 0], [4, 0, 0]]
    assert strongest.n_ties.tolist() == [0, 2, 1]


def test_memory_follows_the_responses():
    """4000 odors x 2000 units are 64 MB dense; codes of 5 MB are held twice, chunks are 2 MB."""
    circuit = random_expansion(n_inputs=50, n_units=2000, fan_in=7, coding_level=0.05, rng=0)
    odors = panel(4000, 50)

    def peak(work):
        tracemalloc.start()
        work()
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used / 1e6

    assert peak(lambda: respond(circuit, odors)) < 30
    assert peak(lambda: circuit.drive(odors)) > 60


@pytest.mark.parametrize(
    ("odors", "message"),
    [
        (np.ones(10), r"odors must be 2-D .* got shape \(10,\)"),
        (np.ones((0, 10)), r"odors must be 2-D .* got shape \(0, 10\)"),
        (np.ones((3, 9)), "odors must have n_inputs=10 columns, got 9"),
        (csr_array(np.ones((3, 9))), "odors must have n_inputs=10 columns, got 9"),
        (np.full((2, 10), np.nan), r"odors must be finite, got nan at \(0, 0\)"),
        (csr_array(np.full((2, 10), np.inf)), "odors must be finite, got inf"),
        (np.full((2, 10), 1e308), "drive must be finite, got inf"),
        ([["a"] * 10], "odors must be a table of numbers"),
    ],
)
def test_bad_odors(odors, message):
    with pytest.raises(ValueError, match=message):
        respond(build(sparsify.TopK(0.1)), odors)


def test_bad_chunk_size():
    with pytest.raises(ValueError, match="chunk_size must be at least 1, got 0"):
        respond(build(sparsify.TopK(0.1)), panel(), chunk_size=0)


def test_wrong_number_of_thresholds():
    with pytest.raises(ValueError, match="threshold must be one number or .* 60 units, got 2"):
        respond(build(sparsify.FixedThreshold([1.0, 2.0])), panel())
