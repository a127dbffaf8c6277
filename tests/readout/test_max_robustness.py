"""The most robust readout, beside certified decisions and theory."""

import numpy as np
import pytest

from olfnet import separate
from olfnet.readout import most_robust
from olfnet.theory import gardner


def problem(n_patterns, n_features, seed):
    rng = np.random.default_rng(seed)
    patterns = 50.0 * (rng.random((n_patterns, n_features)) < 0.5)
    return patterns, rng.choice([-1.0, 1.0], n_patterns)


@pytest.mark.parametrize("seed", range(2))
def test_no_readout_is_more_robust(seed):
    """Certified: slightly less can be had, slightly more cannot."""
    patterns, labels = problem(20, 30, seed)
    readout = most_robust(patterns, labels)
    assert readout.weights.min() >= 0
    assert (labels * (patterns @ readout.weights - 1)).min() == pytest.approx(readout.robustness)
    for factor in (0.999, 1.001):
        with_threshold = np.column_stack((patterns, -(1 + factor * readout.robustness * labels)))
        assert separate(with_threshold, labels, nonnegative=True).separable == (factor < 1)


def test_units_of_single_inputs_do_not_matter():
    patterns, labels = problem(20, 30, 3)
    sizes = 10.0 ** np.random.default_rng(0).uniform(-9, 9, 30)
    readout, scaled = most_robust(patterns, labels), most_robust(patterns * sizes, labels)
    assert scaled.robustness == pytest.approx(readout.robustness, rel=1e-6)


def test_beyond_capacity_robustness_is_negative():
    patterns, labels = problem(60, 30, 0)
    assert most_robust(patterns, labels).robustness < 0
    assert not separate(
        np.column_stack((patterns, -np.ones(60))), labels, nonnegative=True
    ).separable


def test_silent_synapses_as_in_theory():
    """200 inputs at load 0.48: robustness within 8 % and silence within .04 (order 1 / N)."""
    readouts = [most_robust(*problem(96, 200, seed)) for seed in range(5)]
    rho = np.mean([one.robustness for one in readouts]) * 200**0.5
    assert gardner.capacity(rho, nonnegative=True) == pytest.approx(0.48, rel=0.08)
    silent = np.mean([one.silent_fraction for one in readouts])
    assert silent == pytest.approx(gardner.silent_fraction(rho), abs=0.04)
    assert abs(silent - gardner.silent_fraction(rho + 1)) > 0.05  # negative control


def test_bad_input():
    with pytest.raises(ValueError, match="labels must take two values, got only 1"):
        most_robust(np.eye(3), [1, 1, 1])
    with pytest.raises(ValueError, match="patterns must be non-negative, got a smallest .* -1"):
        most_robust(-np.eye(2), [1, -1])
    with pytest.raises(ValueError, match="patterns must be finite"):
        most_robust([[np.nan]], [1])
