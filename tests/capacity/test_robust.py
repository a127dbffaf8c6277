"""Non-negative weights with a fixed threshold that no weighted sum may come close to."""

import numpy as np
import pytest
import scipy.optimize

import olfnet
from olfnet.capacity._random_labels import Readout


def binary(n_patterns, rng):
    return (rng.random((n_patterns, 25)) < 0.5).astype(float)


def feasible(patterns, labels, robustness):
    """Witness: HiGHS with the threshold fixed at 1."""
    found = scipy.optimize.linprog(
        np.zeros(patterns.shape[1]),
        A_ub=-labels[:, None] * patterns,
        b_ub=-labels - robustness,
        bounds=(0, None),
    )
    assert found.status in (0, 2)
    return found.status == 0


@pytest.mark.parametrize("robustness", [0.05, 0.2])
def test_decisions_are_those_of_a_linear_program(robustness):
    rng, readout = np.random.default_rng(0), Readout(nonnegative=True, robustness=robustness)
    answers = []
    for n_patterns in range(6, 36):
        patterns, labels = binary(n_patterns, rng), rng.choice([-1.0, 1.0], n_patterns)
        answers.append(readout.separates(patterns, labels))
        assert answers[-1] == feasible(patterns, labels, robustness)
    assert 5 < sum(answers) < 25


def test_the_prefix_is_the_largest():
    rng, readout = np.random.default_rng(1), Readout(nonnegative=True, robustness=0.1)
    patterns, labels = binary(40, rng), rng.choice([-1.0, 1.0], 40)
    largest = readout.prefix(patterns, labels)
    assert readout.separates(patterns[:largest], labels[:largest])
    assert not readout.separates(patterns[: largest + 1], labels[: largest + 1])


def test_robustness_costs_capacity_and_travels_with_the_result():
    options = {"n_patterns": range(4, 60, 4), "n_trials": 100, "nonnegative": True, "rng": 1}
    curves = [
        olfnet.measure_capacity(binary, **options, robustness=robustness)
        for robustness in (0.0, 0.2, 0.8)
    ]
    ends = [curve.capacity_interval(0.999) for curve in curves]
    assert ends[0][0] > ends[1][1]
    assert ends[1][0] > ends[2][1]
    words = "non-negative weights, a fixed threshold and robustness 0.8 of it"
    assert words in curves[2].definition
    assert "robustness" not in curves[0].definition
    assert curves[2].to_xarray().attrs["robustness"] == 0.8


def test_robustness_needs_a_readout_that_has_a_threshold():
    for options in ({}, {"nonnegative": True, "bias": True}, {"nonnegative": True, "margin": 1.0}):
        with pytest.raises(ValueError, match="robustness must come with non-negative weights"):
            olfnet.breaking_points(binary, max_patterns=9, n_trials=1, robustness=0.1, **options)
    with pytest.raises(ValueError, match="robustness must be below 1, since no sum"):
        Readout(nonnegative=True, robustness=1.0)
    with pytest.raises(ValueError, match=r"nonnegative must be True or False, got \[1, 0\]"):
        Readout(nonnegative=[1, 0])
    with pytest.raises(ValueError, match="robustness must be non-negative, got -1"):
        Readout(nonnegative=True, robustness=-1)
