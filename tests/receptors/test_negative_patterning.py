"""Negative patterning: mixtures that add up, and proofs that no readout of such rates solves it."""

import numpy as np
import pytest

import olfnet
from olfnet.receptors import DivisiveNormalization
from olfnet.receptors.negative_patterning import problems
from olfnet.theory.parity import parity, truth_table


def integer_rates(n_odors, n_receptors=24):
    return np.rint(np.random.default_rng(0).exponential(40.0, (n_odors, n_receptors)))


def test_one_problem_is_exclusive_or():
    """Two odors that drive one receptor each: corners of a square, and the parity of two bits."""
    patterns, labels = problems([[0, 1], [1, 0]])
    assert np.array_equal(patterns, truth_table(2))
    assert np.array_equal(labels, 2 * parity(truth_table(2)) - 1)


@pytest.mark.parametrize("air", [0.0, 7.0, np.arange(24)])
def test_mixtures_add_what_odors_add(air):
    odors = integer_rates(10) + np.asarray(air)
    patterns, labels = problems(odors, air)
    assert np.array_equal(patterns[0], np.broadcast_to(air, 24))
    a, b, both = patterns[1::3], patterns[2::3], patterns[3::3]
    assert np.array_equal(np.stack((a, b), axis=1).reshape(10, 24), odors)
    assert np.array_equal(both - air, (a - air) + (b - air))
    assert labels.tolist() == [-1] + 5 * [1, 1, -1]


@pytest.mark.parametrize("n_problems", [1, 6])
@pytest.mark.parametrize("n_receptors", [1, 24])
def test_no_readout_of_receptors_solves_any(n_problems, n_receptors):
    """However many receptors; the multipliers of one problem, 1 each, are the proof."""
    patterns, labels = problems(integer_rates(2 * n_problems, n_receptors))
    separation = olfnet.separate(patterns, labels, bias=True)
    assert not separation.separable
    assert separation.verify(patterns, labels)
    first = labels[:4, None] * np.column_stack((patterns[:4], np.ones(4)))
    assert not first.sum(axis=0).any()


def test_controls_are_separable():
    """Other labels, rates behind the antennal lobe, and rounded sums, as the notes say."""
    patterns, labels = problems(integer_rates(2))
    assert olfnet.separate(patterns, [-1, 1, -1, 1], bias=True).separable
    assert olfnet.separate(DivisiveNormalization()(patterns), labels, bias=True).separable
    rounded = problems(integer_rates(2) / 7 + 0.1, 0.1)
    assert olfnet.separate(*rounded, bias=True).separable
    exact = problems(integer_rates(2) / 8 + 0.125, 0.125)
    assert not olfnet.separate(*exact, bias=True).separable


@pytest.mark.parametrize(
    ("odors", "air", "message"),
    [
        ([[1.0], [2.0], [3.0]], 0.0, "even number of rows, got 3"),
        ([1.0, 2.0], 0.0, "odors must be 2-D"),
        ([[1.0], [np.nan]], 0.0, "odors must be finite, got nan"),
        ([[1.0], [-2.0]], 0.0, "below air, got -2 spikes/s relative"),
        ([[9.0], [4.0]], 5.0, "below air, got -1 spikes/s relative"),
        ([[9.0], [9.0]], -1.0, "air must be non-negative, .* got"),
        ([[9.0], [9.0]], np.nan, "air must be non-negative, .* got"),
        ([[9.0], [9.0]], np.inf, "below air, got -inf"),
        ([[9.0], [9.0]], [[1], [2]], "one per receptor, got"),
        ([[9.0, 1], [9.0, 1]], [1, 1, 1], "shapes that fit"),
        ([[9.0], [9.0]], "a", "air must be numbers, got 'a'"),
    ],
)
def test_bad_input(odors, air, message):
    with pytest.raises(ValueError, match=message):
        problems(odors, air)
