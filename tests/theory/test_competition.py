"""Saturating and subtractive competition against sampling, projections, and limits."""

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from scipy.integrate import quad

from olfnet.theory import attention
from olfnet.theory.attention import sparsemax


def shares(rates):
    return rates / rates.sum(axis=-1, keepdims=True)


def entropies(rates):
    return scipy.special.entr(shares(rates)).sum(axis=-1)


@pytest.mark.parametrize(("sd", "half"), [(0.5, 0.0), (2.0, 1.0), (6.0, 3.0), (8.0, -3.0)])
def test_saturating_shares_by_sampling(sd, half):
    """10,000 draws of 24 neurons; 4 standard errors."""
    scores = sd * np.random.default_rng(0).standard_normal((10_000, 24))
    found = entropies(scipy.special.expit(scores - half))
    reach = 4 * found.std() / 100
    assert found.mean() == pytest.approx(attention.saturating_entropy(24, sd, half), abs=reach)
    assert abs(found.mean() - attention.saturating_entropy(24, 1.2 * sd, half + 0.3)) > reach


@pytest.mark.parametrize("sd", [0.05, 1.0, 7.0])
def test_two_saturating_neurons_are_an_integral(sd):
    nodes, chances = np.polynomial.hermite_e.hermegauss(150)
    rates = scipy.special.expit(sd * np.stack(np.meshgrid(nodes, nodes), axis=-1) - 1.0)
    wanted = chances @ entropies(rates) @ chances / chances.sum() ** 2
    # Steep scores are polynomials of high degree only: 150 nodes leave 1e-5 at a spread of 7.
    tolerance = 1e-9 if sd <= 1 else 1e-3
    found = attention.saturating_entropy(2, sd, 1.0)
    assert found == pytest.approx(wanted, abs=tolerance)
    assert abs(attention.saturating_entropy(2, 1.02 * sd, 0.5) - wanted) > tolerance


def test_far_from_saturation_it_is_a_softmax():
    sd = np.array([0.3, 1.0, 5.0])
    soft = attention.mean_entropy(24, sd)
    np.testing.assert_allclose(attention.saturating_entropy(24, sd, 150.0), soft, atol=1e-9)
    assert (attention.saturating_entropy(24, sd, 0.0) > soft + 1e-3).all()


def test_saturation_forbids_freezing():
    """Steep and with half of the neurons above: ln of their number, in the mean over binomials.

    A ramp of width 1 in a spread of 100 leaves about a hundredth of the neurons undecided.
    """
    number = np.arange(1, 25)
    chance = scipy.stats.binom.pmf(number, 24, 0.5)
    found = attention.saturating_entropy(24, 100.0, 0.0)
    assert found == pytest.approx(chance @ np.log(number), abs=0.03)
    assert attention.mean_entropy(24, 100.0) < 0.04


def test_sparsemax_is_the_closest_distribution():
    rng = np.random.default_rng(1)
    for scores in 2 * rng.standard_normal((5, 4)):
        found = scipy.optimize.minimize(
            lambda p, scores=scores: np.sum((p - scores) ** 2),
            np.full(4, 0.25),
            jac=lambda p, scores=scores: 2 * (p - scores),
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-14},
        )
        np.testing.assert_allclose(sparsemax(scores), found.x, atol=1e-6)
        assert np.abs(scipy.special.softmax(scores) - found.x).max() > 1e-3
    many = sparsemax(rng.standard_normal((3, 7, 50)))
    np.testing.assert_allclose(many.sum(axis=-1), 1, rtol=1e-12)
    np.testing.assert_allclose(sparsemax([3.0, 3.0, 3.0]), 1 / 3)
    np.testing.assert_allclose(sparsemax([1e9, 0.0]), [1, 0])
    np.testing.assert_allclose(sparsemax([1e300, 1e300, -1e300]), [0.5, 0.5, 0])
    np.testing.assert_allclose(sparsemax([3e16, 3e16 + 4]), [0, 1])


def settled(gain, threshold, drives):
    """Rates under feedback, by bisection of the inhibition of each row."""
    low, high = np.zeros(len(drives)), np.maximum(drives.max(axis=1), 0) + 10
    for _ in range(80):
        middle = (low + high) / 2
        rates = np.maximum(drives - threshold - middle[:, None], 0)
        more = gain * rates.mean(axis=1) > middle
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return rates


@pytest.mark.parametrize(("gain", "threshold"), [(0, 0.5), (1, -1.0), (10, 0.5), (100, 0.0)])
def test_feedback_by_sampling(gain, threshold):
    """200 rows of 2000 normal drives, settled by bisection.

    Beyond 4 standard errors of the mean, fluctuations add to the entropy what is of the order of
    one by the number of active units; two of that are allowed.
    """
    drives = np.random.default_rng(2).standard_normal((200, 2000))
    rates = settled(gain, threshold, drives)
    active = attention.feedback_active(gain, threshold)
    for found, wanted, allowed in (
        ((rates > 0).mean(axis=1), active, 1 / 2000),
        (rates.sum(axis=1), attention.feedback_temperature(2000, gain, threshold), 0.2),
        (entropies(rates), attention.feedback_entropy(2000, gain, threshold), 1 / 1000 / active),
    ):
        reach = 4 * found.std() / 200**0.5 + allowed
        assert found.mean() == pytest.approx(wanted, abs=reach)
        assert abs(wanted - found.mean() * 1.05) > reach
    if gain:
        colder = drives / rates.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(sparsemax(colder), shares(rates), atol=1e-12)


@pytest.mark.parametrize("cut", [-3.0, 0.0, 1.5, 6.0])
def test_entropy_without_feedback_by_quadrature(cut):
    """Another integral, over drives instead of rates, each to 1e-10 of its value."""
    density = scipy.stats.norm.pdf

    def integral(function):
        ends = cut + np.array([0, 1e-6, 0.01, 0.5, 2, 5, 12])
        return sum(
            quad(lambda z: function(z - cut) * density(z), a, b, epsabs=0, epsrel=1e-11)[0]
            for a, b in zip(ends[:-1], ends[1:], strict=True)
        )

    mean = integral(lambda r: r)
    wanted = np.log(100 * mean) - integral(lambda r: r * np.log(r) if r > 0 else 0.0) / mean
    found = attention.feedback_entropy(100, 0.0, cut)
    assert found == pytest.approx(wanted, rel=1e-8)
    assert attention.feedback_entropy(101, 0.0, cut) != pytest.approx(wanted, rel=1e-4)


def test_stronger_feedback_is_colder():
    gains = np.geomspace(0.1, float(attention.lone_gain(2000)), 20)
    for function in (attention.feedback_active, lambda g: attention.feedback_entropy(2000, g)):
        assert (np.diff(function(gains)) < 0).all()
    cuts = attention.feedback_cut(gains)
    mean = np.array([quad(lambda z, c=c: (z - c) * scipy.stats.norm.pdf(z), c, c + 12,
                          epsabs=1e-14)[0] for c in cuts])  # fmt: skip
    np.testing.assert_allclose(gains * mean, cuts, rtol=1e-6)
    lone = attention.lone_gain(2000, 0.5)
    assert 2000 * attention.feedback_active(lone, 0.5) == pytest.approx(1, rel=1e-9)
    # The cut of the last unit approaches the freezing point of a softmax, slowly.
    cuts = attention.feedback_cut(attention.lone_gain([1e2, 1e4, 1e8]))
    ratio = cuts / attention.freezing_point([1e2, 1e4, 1e8])
    assert (np.diff(ratio) > 0).all()
    assert 0.9 < ratio[-1] < 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: attention.saturating_entropy(0, 1, 0), "n_keys must be from 1 to 1e9, got 0"),
        (
            lambda: attention.saturating_entropy(2, 0, 0),
            "sd must be positive and at .* got 0",
        ),
        (lambda: attention.saturating_entropy(2, 1e6, 0), "sd must be .* at most 200, got 1e.06"),
        (lambda: attention.saturating_entropy(2, np.nan, 0), "sd must be positive .* got nan"),
        (
            lambda: attention.saturating_entropy(2, 1, np.inf),
            "half must be from -1e4 .* got inf",
        ),
        (lambda: sparsemax([1.0, np.nan]), "scores must be finite"),
        (lambda: sparsemax(1.0), "scores must be rows of numbers, got 1"),
        (lambda: attention.feedback_cut(-1.0), "gain must be finite and at least 0, got -1"),
        (lambda: attention.feedback_cut([1.0, np.inf]), "gain must be .* at least 0, got inf"),
        (lambda: attention.feedback_cut(1.0, np.nan), "threshold must be finite"),
        (lambda: attention.feedback_entropy(0, 1.0), "n_units must be finite and at .* got 0"),
        (lambda: attention.feedback_temperature(0, 1.0), "n_units must be finite and at least 1"),
        (lambda: attention.lone_gain(1), "n_units must be above 1, got 1"),
        (lambda: attention.lone_gain(100, 3.0), "threshold must leave more than one unit, got 3"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_strongest_feedback_has_a_cut():
    """The excess at the cut times the gain is the cut, in logarithms of either."""
    for gain in (1e10, 1e100, 1e300):
        with mpmath.workdps(50):
            cut = mpmath.mpf(float(attention.feedback_cut(gain)))
            excess = mpmath.npdf(cut) - cut * mpmath.erfc(cut / mpmath.sqrt(2)) / 2
            assert abs(mpmath.log(gain * excess / cut)) < 1e-9
