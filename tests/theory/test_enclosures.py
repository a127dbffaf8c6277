"""Enclosures against exact fractions, mpmath and attacks: rounding is bounded, too."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from olfnet.theory import lipschitz, network
from olfnet.theory.activations import Erf, LeakyReLU, ReLU, Thresholded
from olfnet.theory.lipschitz import (
    Ball,
    Enclosure,
    against,
    enclosed,
    evaluation_error,
    slopes_within,
)
from olfnet.theory.network import Activate, Dense, MeanPool, Network


def rng(seed=0):
    return np.random.default_rng(seed)


def exact_outputs(net, sample):
    """Outputs of dense layers and rectifiers as fractions."""
    x = [Fraction(v) for v in sample.tolist()]
    for layer in net.layers:
        if isinstance(layer, Dense):
            rows = zip(layer.weights.tolist(), layer.bias.tolist(), strict=True)
            x = [sum(Fraction(w) * v for w, v in zip(row, x, strict=True)) + Fraction(b)
                 for row, b in rows]  # fmt: skip
        else:
            x = [max(v, Fraction(0)) for v in x]
    return x


def test_rounding_of_outputs_is_bounded():
    worst = 0.0
    for seed in range(20):
        net = network.dense([5, 30, 30, 3], ReLU(), bias_variance=1.0, rng=seed)
        sample = 100 * rng(seed).standard_normal(5)
        ahead = against(net, int(net(sample[None]).argmax()))
        for one, error in ((net, evaluation_error(net, sample)), (ahead, None)):
            around = enclosed(one, Enclosure.of_input(sample), Ball(0.0))
            if error is None:
                error = evaluation_error(one, sample)
            exact = exact_outputs(one, sample)
            off = [abs(Fraction(v) - e) for v, e in zip(around.value.tolist(), exact, strict=True)]
            assert all(o <= Fraction(e) for o, e in zip(off, around.error.tolist(), strict=True))
            assert max(off) <= Fraction(error)
            worst = max(worst, float(max(off)) / error)
        assert error < 1e-8 * np.abs(around.value).max()
    assert worst > 1e-4  # there is rounding to be bounded


def test_slopes_near_a_threshold_and_in_tails():
    """Against mpmath: between the ends of an interval, and where slopes of the input round."""
    low, high = slopes_within(
        Thresholded(ReLU(), 2.0), np.array([0.0, 1.9, 2.1]), np.array([1.9, 2.1, 3.0])
    )
    assert (low.tolist(), high.tolist()) == ([0, 0, 1], [0, 1, 1])
    for threshold in (0.0, 0.1, 7.3):
        at = np.array([1.7, 6.02, 11.9, 20.3]) + threshold
        low, high = slopes_within(Thresholded(Erf(), threshold), at, at)
        for one, least, most in zip(at, low, high, strict=True):
            z = mpmath.mpf(float(one)) - mpmath.mpf(threshold)
            slope = 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(z**2))
            assert least <= slope <= most < least * (1 + 1e-11)


def test_rounding_at_a_threshold_is_bounded():
    """x - t is off by half a unit in the last place, which a leaky rectifier hands on."""
    worst = 0.0
    for sample in 1e3 * rng(0).standard_normal((50, 1)):
        layer = Activate(Thresholded(LeakyReLU(0.5), 0.1))
        found = layer.linearized(sample[None])[0][0, 0]
        rest = Fraction(float(sample[0])) - Fraction(0.1)
        off = abs(Fraction(float(found)) - rest * (1 if rest > 0 else Fraction(1, 2)))
        around = enclosed(layer, Enclosure.of_input(sample), Ball(0.0))
        assert off <= Fraction(float(around.error[0]))
        assert off <= Fraction(evaluation_error(layer, sample))
        worst = max(worst, float(off))
    assert worst > 0


def test_doubtful_slopes_carry_earlier_errors_on():
    """A number that is off by 1, times a slope between -2 and 2, is off by 2."""
    off = Enclosure(np.zeros(1), np.ones(1), np.ones((1, 1)), np.zeros((1, 1)))
    sums = off.weighted(np.zeros((1, 1)), np.zeros(1), doubt=np.full((1, 1), 2.0))
    assert sums.error[0] == pytest.approx(2)


def test_pooling_can_be_enclosed():
    net = Network([MeanPool(), Dense([[2.0], [1.0]])])
    found = lipschitz.certify_near(net, np.ones((1, 1, 4)))
    assert found.radius[0] == pytest.approx(2, rel=1e-9)  # mean 1, slope 1/2 along four equal moves
    assert lipschitz.attacked_radius(net, np.ones((1, 1, 4)), rng=0)[0] == pytest.approx(
        2, rel=1e-3
    )
