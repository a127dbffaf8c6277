"""The jackknife by which the claim about APL tells how sure its ratio is."""

import numpy as np

from olfnet.lab.claims import Measured
from olfnet.lab.claims.physiology import pseudo_values


def test_of_a_mean_they_are_the_sample():
    """A ratio with equal denominators is a mean, of which the jackknife changes nothing."""
    sample = np.random.default_rng(1).exponential(size=9)
    np.testing.assert_allclose(pseudo_values(sample, np.ones(9)), sample, rtol=1e-12)


def test_intervals_hold_the_ratio_as_often_as_they_say():
    """Of 99.9 % intervals of 400 samples at most 5 may miss, with probability .9999 (binomial)."""
    rng, misses, narrow = np.random.default_rng(2), 0, 0
    for _ in range(400):
        odors = rng.gamma(4.0, size=16)
        found = pseudo_values(2 * odors * rng.gamma(9.0, 1 / 9, size=16), odors)
        measured = Measured.mean(found)
        misses += not measured.low <= 2 <= measured.high
        half = (measured.high - measured.low) / 6  # control: a third of the width misses often
        narrow += abs(measured.value - 2) > half
    assert misses <= 5 < narrow
