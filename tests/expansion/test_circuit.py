"""The circuit record, the response record and input validation of random_expansion."""

import dataclasses

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array

from olfnet import random_expansion
from olfnet.expansion import Circuit, Response, wiring
from olfnet.expansion.sparsify import FixedThreshold, GlobalThreshold, TopK


def expansion(**changes):
    choices = {"n_inputs": 5, "n_units": 8, "fan_in": 2, "coding_level": 0.5, "rng": 0}
    return random_expansion(**(choices | changes))


def test_shorthand_and_seeds():
    short = expansion(rng=5)
    full = expansion(
        fan_in=None, wiring=wiring.FixedFanIn(2), coding_level=None, sparsifier=TopK(0.5), rng=5
    )
    assert (short.n_units, short.n_inputs) == (8, 5)
    assert (short.fan_in == 2).all()
    assert (short.weights != full.weights).nnz == 0
    assert short.sparsifier == full.sparsifier
    assert (short.weights != expansion(rng=6).weights).nnz > 0


def test_weights_become_canonical_and_the_given_matrix_is_unchanged():
    entries = np.array([1.0, 2.0, 3.0]), (np.array([0, 0, 1]), np.array([1, 1, 0]))
    given = coo_array(entries, shape=(2, 2))
    circuit = Circuit(given, TopK(0.5))
    assert circuit.weights.toarray().tolist() == [[0, 3], [3, 0]]
    assert given.nnz == 3
    unsorted = csr_array((np.array([1.0, 2.0]), np.array([1, 0]), np.array([0, 2])), shape=(1, 2))
    assert Circuit(unsorted, TopK(1.0)).weights.indices.tolist() == [0, 1]
    assert unsorted.indices.tolist() == [1, 0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        circuit.sparsifier = TopK(1.0)


def test_drive_is_the_weighted_sum_of_dense_and_sparse_odors():
    circuit = Circuit([[1.0, 0.0, 2.0], [0.0, -1.0, 0.0]], TopK(0.5))
    for odors in ([[1, 2, 3], [4, 5, 6]], csr_array([[1, 2, 3], [4, 5, 6]])):
        assert circuit.drive(odors).tolist() == [[7, -2], [16, -5]]


def test_calibration_fixes_the_threshold():
    odors = np.random.default_rng(0).standard_normal((50, 6))
    circuit = Circuit(np.eye(6), GlobalThreshold(0.1))
    fixed = circuit.calibrated(odors)
    assert fixed.sparsifier.threshold == np.sort(odors.ravel())[-31]
    assert fixed.calibrated(3 * odors) is fixed
    assert circuit.sparsifier == GlobalThreshold(0.1)


def test_large_panels_are_calibrated_on_odors_from_all_of_it(monkeypatch):
    """A panel that repeats a series of 4 concentrations is sampled at each of them equally."""
    monkeypatch.setattr("olfnet.expansion.circuit._CALIBRATION_SIZE", 200)
    seen = []

    class Recorder:
        def __call__(self, drive):
            raise NotImplementedError

        def calibrated(self, drive):
            seen.extend(drive[:, 0])
            return FixedThreshold(0.0)

    series = np.column_stack([np.arange(400), np.zeros(400)])
    Circuit(np.eye(2), Recorder()).calibrated(series)
    assert np.array_equal(np.array(seen) // 4, np.arange(100)), "one from each block"
    assert np.ptp(np.bincount(np.array(seen, dtype=int) % 4)) <= 3, "a fixed step would give 100"


def test_response_reports_silent_units_and_empty_codes():
    response = Response(csr_array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]), np.array([1, 0]))
    assert response.rates.tolist() == [[0, 2, 0], [0, 0, 0]]
    assert response.active.tolist() == [[False, True, False], [False, False, False]]
    assert response.coding_level.tolist() == [1 / 3, 0]
    assert response.silent_units.tolist() == [True, False, True]
    assert response.empty.tolist() == [False, True]
    with pytest.raises(AttributeError, match="no spikes"):
        response.counts  # noqa: B018


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: expansion(n_inputs=0), "n_inputs must be at least 1, got 0"),
        (lambda: expansion(n_units=2.5), "n_units must be an integer, got 2.5"),
        (lambda: expansion(fan_in=6), "fan_in must be at most n_inputs=5, got 6"),
        (lambda: expansion(coding_level=1.5), r"coding_level must be in \(0, 1\], got 1.5"),
        (lambda: expansion(fan_in=None), "either fan_in or wiring, got neither"),
        (lambda: expansion(wiring=wiring.DenseGaussian()), "either fan_in or wiring, got both"),
        (lambda: expansion(sparsifier=TopK(0.5)), "coding_level or sparsifier, got both"),
        (lambda: Circuit(np.eye(2), 0.05), "sparsifier must be callable, .* got 0.05"),
        (lambda: Circuit([1.0, 2.0], TopK(0.5)), r"weights must be 2-D .* got shape \(2,\)"),
        (lambda: Circuit(csr_array([[np.inf]]), TopK(0.5)), "weights must be finite, got inf"),
        (lambda: Circuit(csr_array((0, 3)), TopK(0.5)), r"weights must have at least one row"),
        (lambda: Response(csr_array([[-1.0]]), np.zeros(1)), "rates above 0 only, got -1"),
        (lambda: Response(csr_array([[1.0]]), np.zeros(2)), "n_ties must have .* 1 odors"),
    ],
)
def test_bad_input(build, message):
    with pytest.raises(ValueError, match=message):
        build()
