"""Negative patterning: mixtures that add up, and proofs that no readout of such rates solves it."""

import numpy as np
import pytest

import olfnet
from olfnet.receptors import DivisiveNormalization
from olfnet.receptors.negative_patterning import problems
from olfnet.theory.parity import parity, truth_table


def whole_rates(n_odors, n_receptors=24, seed=0):
    return np.rint(np.random.default_rng(seed).exponential(40.0, (n_odors, n_receptors)))


def test_one_problem_is_exclusive_or():
    """Two odors that drive one receptor each: corners of a square, and the parity of two bits."""
    patterns, labels = problems([[0, 1], [1, 0]])
    table = truth_table(2)
    assert np.array_equal(patterns, table)
    assert np.array_equal(labels, 2 * parity(table) - 1)


@pytest.mark.parametrize("air", [0.0, 7.0, np.arange(24)])
def test_mixtures_add_what_odors_add(air):
    odors = whole_rates(10) + np.asarray(air)
    patterns, labels = problems(odors, air)
    assert patterns.shape == (16, 24)
    assert np.array_equal(patterns[0], np.broadcast_to(air, 24))
    one, other, both = patterns[1::3], patterns[2::3], patterns[3::3]
    assert np.array_equal(np.stack((one, other), axis=1).reshape(10, 24), odors)
    assert np.array_equal(both - air, (one - air) + (other - air))
    assert labels.tolist() == [-1] + 5 * [1, 1, -1]


@pytest.mark.parametrize("n_problems", [1, 2, 6])
@pytest.mark.parametrize("n_receptors", [1, 2, 24])
def test_no_readout_of_receptors_solves_any(n_problems, n_receptors):
    """However many receptors; the multipliers of one problem, 1 each, are the proof."""
    patterns, labels = problems(whole_rates(2 * n_problems, n_receptors))
    answer = olfnet.separate(patterns, labels, bias=True)
    assert not answer.separable
    assert answer.verify(patterns, labels)
    first = labels[:4, None] * np.column_stack((patterns[:4], np.ones(4)))
    assert not first.sum(axis=0).any()


def test_other_labels_and_a_bent_readout_are_no_such_problem():
    """Negative controls: A against the rest, and rates behind the antennal lobe."""
    patterns, labels = problems(whole_rates(2))
    assert olfnet.separate(patterns, [-1, 1, -1, 1], bias=True).separable
    normalized = DivisiveNormalization()(patterns)
    assert olfnet.separate(normalized, labels, bias=True).separable


def test_rounding_tells_mixtures_from_sums():
    """As the notes say: of rates that are not whole, some can be told apart, by rounding alone."""
    odors = whole_rates(2) / 7 + 0.1
    patterns, labels = problems(odors, 0.1)
    answer = olfnet.separate(patterns, labels, bias=True)
    assert answer.separable
    assert answer.margin < 1e-12
    eighths = problems(whole_rates(2) / 8 + 0.125, 0.125)
    assert not olfnet.separate(*eighths, bias=True).separable


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: problems([[1.0], [2.0], [3.0]]), "even number of rows, got 3"),
        (lambda: problems([1.0, 2.0]), "odors must be 2-D"),
        (lambda: problems([[1.0], [np.nan]]), "odors must be finite, got nan"),
        (
            lambda: problems([[1.0], [-2.0]]),
            "below air, got -2 spikes/s relative",
        ),
        (
            lambda: problems([[9.0], [4.0]], 5.0),
            "below air, got -1 spikes/s relative",
        ),
        (
            lambda: problems([[9.0], [9.0]], -1.0),
            "air must be non-negative, .* got",
        ),
        (
            lambda: problems([[9.0], [9.0]], np.nan),
            "air must be non-negative, .* got",
        ),
        (lambda: problems([[9.0], [9.0]], np.inf), "below air, got -inf"),
        (lambda: problems([[9.0], [9.0]], [[1], [2]]), "one per receptor, got"),
        (lambda: problems([[9.0, 1], [9.0, 1]], [1, 1, 1]), "shapes that fit"),
        (lambda: problems([[9.0], [9.0]], "a"), "air must be numbers, got 'a'"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
