"""Attacks that may not go everywhere, and attacks in vain."""

import numpy as np
import pytest

from olfnet.theory import lipschitz
from olfnet.theory.lipschitz import attacked_radius, descend
from olfnet.theory.network import Dense, Network


def test_rates_are_not_attacked_below_zero():
    """The nearest border lies at negative rates; with none allowed, it is further away."""
    net = Network([Dense([[1.0, 0.2]])])
    inputs = np.array([[0.5, 0.05]])
    free = attacked_radius(net, inputs, rng=0)[0]
    bounded = attacked_radius(net, inputs, lower=0.0, rng=0)[0]
    assert free == pytest.approx(0.51 / np.hypot(1, 0.2), rel=1e-3)
    assert bounded == pytest.approx(np.hypot(0.5, 0.05), rel=1e-3)
    found = descend(net, inputs, 3.0, lower=0.0, rng=1)
    assert found.points.min() >= 0


def test_attacks_that_find_nothing_say_so():
    flat = Network([Dense(np.zeros((2, 3)), [1.0, 0.0])])
    assert attacked_radius(flat, np.ones((2, 3)), rng=0).tolist() == [np.inf, np.inf]
    assert lipschitz.certify(flat, np.ones((1, 3))).radius.tolist() == [np.inf]
    assert lipschitz.certify_near(flat, np.ones((1, 3))).radius.tolist() == [2.0**40]
