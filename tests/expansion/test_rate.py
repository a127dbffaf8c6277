"""The rate backend against dense algebra, and what must not change its responses."""

import tracemalloc

import numpy as np
import pytest
import xarray as xr
from scipy.sparse import coo_array, csr_array

from olfnet import checks, random_expansion
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
RECIPES = [member for member in SPARSIFIERS if isinstance(member, sparsify.Calibratable)]
WIRINGS = [wiring.FixedFanIn(4), wiring.DenseGaussian()]
family = pytest.mark.parametrize("sparsifier", SPARSIFIERS, ids=repr)


def build(sparsifier, wiring=WIRINGS[0]):
    return random_expansion(n_inputs=10, n_units=60, wiring=wiring, sparsifier=sparsifier, rng=1)


def panel(n_odors=90, n_inputs=10):
    return np.random.default_rng(2).exponential(10.0, (n_odors, n_inputs))


def same(first, second):
    parts = ("data", "indices", "indptr")
    codes = (getattr(first.codes, p).tobytes() == getattr(second.codes, p).tobytes() for p in parts)
    return all(codes) and np.array_equal(first.n_ties, second.n_ties)


@pytest.mark.parametrize("kind", WIRINGS, ids=repr)
@family
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
@family
def test_chunks_and_formats_do_not_change_a_bit(sparsifier, kind):
    circuit, odors = build(sparsifier, kind), np.floor(panel())
    whole = respond(circuit, odors)
    assert all(same(whole, respond(circuit, odors, chunk_size=n)) for n in (1, 7, 33, 1000))
    labeled = xr.DataArray(odors, dims=("odor", "receptor"))
    for given in (odors.astype(int), odors.tolist(), labeled, csr_array(odors), coo_array(odors)):
        assert same(whole, respond(circuit, given))
    assert not same(whole, respond(circuit, odors * (1 + 1e-9))), "a small change is seen"


@family
def test_a_users_sparsifier_gets_the_same_drives(sparsifier):
    """Whether a class of its own, or one of ours with another call."""

    class Louder(type(sparsifier)):
        def __call__(self, drive):
            rates, n_ties = super().__call__(drive)
            return sparsify.Code(2 * rates, n_ties)

    fields = {name: getattr(sparsifier, name) for name in sparsifier.__dataclass_fields__}
    louder = respond(build(Louder(**fields)), panel())
    recipe = isinstance(sparsifier, sparsify.Calibratable)  # its call is not that of the result
    np.testing.assert_array_equal(
        louder.rates, respond(build(sparsifier), panel()).rates * (1 if recipe else 2)
    )
    own = respond(Circuit(build(sparsifier).weights, lambda drive: sparsifier(drive)), panel())
    assert same(own, respond(build(sparsifier), panel(), chunk_size=90))


def test_top_k_responds_at_its_level_even_to_negative_odors():
    response = respond(build(sparsify.TopK(0.1)), -panel())
    assert (response.coding_level == 0.1).all()


@pytest.mark.parametrize("sparsifier", RECIPES, ids=repr)
def test_thresholds_are_set_on_the_odors_of_the_call_unless_fixed(sparsifier):
    circuit, odors = build(sparsifier), panel()
    assert respond(circuit, odors).coding_level.mean() == pytest.approx(0.1)
    assert respond(circuit, 2 * odors).coding_level.mean() == pytest.approx(0.1)
    fixed = circuit.calibrated(odors)
    assert same(respond(fixed, odors), respond(circuit, odors))
    assert respond(fixed, 2 * odors).coding_level.mean() > 0.15


def test_a_circuit_by_hand():
    """Unit 2 has no input; odor 1 is blank."""
    weights = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    odors = [[3.0, 5.0], [0.0, 0.0], [4.0, 4.0]]
    above = respond(Circuit(weights, sparsify.FixedThreshold(3.0)), odors)
    assert above.rates.tolist() == [[0, 2, 0], [0, 0, 0], [1, 1, 0]]
    strongest = respond(Circuit(weights, sparsify.TopK(1 / 3)), odors)
    assert strongest.rates.tolist() == [[0, 2, 0], [1, 0, 0], [4, 0, 0]]
    assert strongest.n_ties.tolist() == [0, 2, 1]


@family
def test_odors_are_validated_once(sparsifier, monkeypatch):
    names, matrix = [], checks.matrix
    monkeypatch.setattr(
        checks, "matrix", lambda name, *given, **rules: names.append(name) or matrix(name, *given)
    )
    circuit = build(sparsifier)
    respond(circuit, panel(), chunk_size=30)
    circuit.calibrated(panel())
    assert names == ["odors", "odors"]


def test_memory_follows_the_responses():
    """2000 odors x 2000 units are 32 MB dense; codes of 2.5 MB are held twice, chunks are 2 MB."""
    circuit = random_expansion(n_inputs=50, n_units=2000, fan_in=7, coding_level=0.05, rng=0)
    odors = panel(2000, 50)

    def peak(work):
        tracemalloc.start()
        work()
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used / 1e6

    assert peak(lambda: respond(circuit, odors)) < 25
    assert peak(lambda: circuit.drive(odors)) > 30


@pytest.mark.parametrize(
    ("odors", "message"),
    [
        (np.ones(10), r"odors must be 2-D .* got shape \(10,\)"),
        (np.ones((3, 9)), "odors must have n_inputs=10 columns, got 9"),
        (csr_array(np.ones((3, 9))), "odors must have n_inputs=10 columns, got 9"),
        (np.full((2, 10), np.nan), r"odors must be finite, got nan at \(0, 0\)"),
        (csr_array(np.full((2, 10), np.inf)), "odors must be finite, got inf"),
        (np.full((2, 10), 1e308), r"odors must give finite drives, got 1e\+308"),
        ([["a"] * 10], "odors must be a table of numbers"),
    ],
)
def test_bad_odors(odors, message):
    with pytest.raises(ValueError, match=message):
        respond(build(sparsify.TopK(0.1)), odors)


def test_bad_chunk_size_and_number_of_thresholds():
    with pytest.raises(ValueError, match="chunk_size must be at least 1, got 0"):
        respond(build(sparsify.TopK(0.1)), panel(), chunk_size=0)
    with pytest.raises(ValueError, match="threshold must be one number or .* 60 units, got 2"):
        respond(build(sparsify.FixedThreshold([1.0, 2.0])), panel())
