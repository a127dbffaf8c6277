"""One winner of a circuit is that of a network of rectifiers; an input that gates it is a gate."""

import numpy as np

from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold, TopK
from olfnet.theory.approximation import gate, winner_take_all

EPS = np.finfo(float).eps


def test_the_only_winner_keeps_its_lead():
    """Three rounds of the tournament and the lead are rounded, each to 3 eps of the drives."""
    drive = np.random.default_rng(0).standard_normal((400, 6))
    found = TopK(1 / 6)(drive).rates.toarray()
    wanted = winner_take_all(6)(drive)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=12 * EPS * np.abs(drive).max())
    assert ((wanted > 0).sum(axis=1) == 1).all()
    two = TopK(2 / 6)(drive).rates.toarray()
    assert np.abs(two - wanted).max() > 0.1


def test_only_ties_tell_them_apart():
    """Where units tie, the sparsifier lets the first one win; nobody leads in the network."""
    drive = [[2.0, 5.0, 5.0]]
    assert TopK(1 / 3)(drive).rates.toarray().tolist() == [[0, 3, 0]]
    assert winner_take_all(3)(drive).tolist() == [[0, 0, 0]]


def test_an_input_gates_a_circuit():
    """Every unit hears a state with the weight of its threshold, 100; rounding of sums to 200."""
    rng = np.random.default_rng(1)
    odors, state = rng.uniform(0, 30, (300, 3)), rng.integers(2, size=300)
    weights = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    circuit = Circuit(np.column_stack((weights, [100.0, 100.0])), FixedThreshold(100.0))
    found = rate.respond(circuit, np.column_stack((odors, state))).rates
    drive = odors @ weights.T
    for unit in range(2):
        wanted = gate(100.0)(np.column_stack((drive[:, unit], state)))[:, 0]
        np.testing.assert_allclose(found[:, unit], wanted, rtol=0, atol=200 * EPS)
        np.testing.assert_allclose(wanted, drive[:, unit] * state, rtol=0, atol=200 * EPS)
    weak = Circuit(np.column_stack((weights, [30.0, 30.0])), FixedThreshold(30.0))
    leaks = rate.respond(weak, np.column_stack((odors, np.zeros(300)))).rates
    assert leaks.max() > 10
