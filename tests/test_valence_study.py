"""A readout of units that bend at random knots errs as theory says; one of inputs is straight."""

from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study
from olfnet.theory import approximation

STUDY = Path(__file__).parents[1] / "studies" / "valence.py"


def test_the_longest_piece_sets_the_error():
    """The mean of 60 wirings lies within 4 standard errors; with half the knots it would not."""
    measure = load_study(STUDY).measure
    streams = np.random.default_rng(0).spawn(60)
    found = [measure(n_units=20, fan_in=6, rng=stream) for stream in streams]
    errors = np.array([float(one["error"]) for one in found])
    reach = 4 * errors.std() / 60**0.5
    assert errors.mean() == pytest.approx(approximation.random_knots_error(21), abs=reach)
    assert abs(errors.mean() - approximation.random_knots_error(10)) > reach
    # The best line through t^2 errs by 1/8 at most, the one of least squares by 1/6.
    assert float(found[0]["linear"]) == pytest.approx(1 / 6, abs=1e-3)
