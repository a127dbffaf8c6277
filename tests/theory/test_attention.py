"""Attention and competition against quadrature, sampling, projections and exact limits."""

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from scipy.integrate import quad

from olfnet.theory import attention
from olfnet.theory.attention import Feedback, NormalScores, random_energy, sparsemax

MEANS = {
    "entropy": (NormalScores.mean_entropy, attention.entropy),
    "concentration": (NormalScores.mean_concentration, attention.concentration),
    "largest": (NormalScores.mean_largest, lambda weights: weights.max(axis=-1)),
}


def two_keys(statistic, sd):
    """Mean over the difference of two scores, which alone matters; even in it."""
    sd = 2**0.5 * sd

    def value(x):
        p = scipy.special.expit(x)
        return float(statistic(np.array([p, 1 - p])) * scipy.stats.norm.pdf(x, 0, sd))

    edges = [0, min(1, sd), *np.linspace(min(2, 2 * sd), 9 * sd, 5)]
    return 2 * sum(
        quad(value, *ends, epsabs=1e-13, limit=200)[0]
        for ends in zip(edges[:-1], edges[1:], strict=True)
    )


@pytest.mark.parametrize("name", MEANS)
@pytest.mark.parametrize("sd", [0.01, 0.999, 1.0, 30.0])
def test_two_keys_are_an_integral(name, sd):
    """Adaptive quadrature of a one-dimensional integral, to the stated 1e-9."""
    mean, statistic = MEANS[name]
    assert mean(NormalScores(2, sd)) == pytest.approx(two_keys(statistic, sd), abs=1e-9)
    assert mean(NormalScores(2, sd)) != pytest.approx(two_keys(statistic, 1.001 * sd), abs=1e-9)


def test_steps_are_fine_enough(monkeypatch):
    """Half the steps change nothing beyond 1e-9, for one to a billion keys."""
    cases = [(1, 1e-4), (1, 50.0), (24, 0.9), (24, 1.1), (1e9, 0.5), (1e9, 40.0)]
    before = [[mean(NormalScores(*case)) for mean, _ in MEANS.values()] for case in cases]
    monkeypatch.setattr(random_energy, "_STEP", random_energy._STEP / 2)
    monkeypatch.setattr(random_energy, "_FINENESS", random_energy._FINENESS * 2)
    monkeypatch.setattr(random_energy, "_NODES", np.polynomial.legendre.leggauss(20)[0])
    monkeypatch.setattr(random_energy, "_WEIGHTS", np.polynomial.legendre.leggauss(20)[1])
    after = [[mean(NormalScores(*case)) for mean, _ in MEANS.values()] for case in cases]
    np.testing.assert_allclose(before, after, rtol=0, atol=1e-9)
    np.testing.assert_allclose(before[:2], [[0, 1, 1]] * 2, atol=1e-9)


@pytest.mark.parametrize("name", ["entropy", "concentration"])
def test_warm_limits_hold_for_many_keys_and_fail_beyond_freezing(name):
    """Without the terms of order 1/n the rest falls as 1/n, with them as its square.

    At twice the freezing point the limits would be below zero, or above one.
    """
    scores = NormalScores(np.array([1e3, 1e4, 1e5]))
    exact = MEANS[name][0](scores)
    for corrected, ratio in ((False, 10), (True, 100)):
        rest = np.abs(getattr(scores, f"warm_{name}")(corrected=corrected) - exact)
        rest /= 1 if name == "entropy" else exact
        np.testing.assert_allclose(rest[:-1] / rest[1:], ratio, rtol=0.3)
    frozen = NormalScores(128, 2 * NormalScores(128).freezing_point)
    limit, exact = getattr(frozen, f"warm_{name}")(), MEANS[name][0](frozen)
    assert limit < 0 < exact if name == "entropy" else limit > 1 > exact


def test_widest_and_equal_scores():
    """Two keys tie at a density of 1 / (2 sd sqrt(pi)); a logit's entropy integrates to pi^2 / 3.

    What is left out falls as 1 / sd^3.
    """
    sd = np.array([1e3, 9e4, 1.1e5, 1e6, 1e12])
    two, many = NormalScores(2, sd), NormalScores(128, sd).mean_entropy()
    np.testing.assert_allclose(two.mean_entropy(), np.pi**1.5 / 6 / sd, rtol=2e-5)
    assert (np.diff(many * sd) / many[1:] / sd[1:] < 2e-3).all()
    np.testing.assert_allclose(two.mean_concentration()[-1], 1, atol=1e-9)
    widest = NormalScores(128, [40.0, 1e200])
    assert (widest.warm_entropy(corrected=True) == np.inf).all()
    assert widest.warm_concentration(corrected=True)[0] == -np.inf
    assert (NormalScores(128, [0.0, 1e-320]).frozen_concentration() == 0).all()
    equal = NormalScores(4, 0.0)
    assert [mean(equal) for mean, _ in MEANS.values()] == [np.log(4), 1 / 4, 1 / 4]


def test_freezing_sharpens_with_the_number_of_keys():
    """Squares at 1.5 times the freezing point go to 1/3, at .4 times to none."""
    n_keys = np.array([1e2, 1e4, 1e8])
    above, below = (
        NormalScores(n_keys, times * NormalScores(n_keys).freezing_point) for times in (1.5, 0.4)
    )
    np.testing.assert_allclose(above.frozen_concentration(), 1 / 3)
    assert (np.diff(np.abs(above.mean_concentration() - 1 / 3)) < 0).all()
    assert (np.diff(below.mean_concentration()) < 0).all()
    assert below.mean_concentration()[-1] < 1e-3


def test_mean_over_queries_of_one_dimension():
    """Against the integral over their lengths; claims sample those of more dimensions."""
    mean = NormalScores.mean_entropy
    lengths = (0.0, 5.0)  # beyond are 6e-7 of them
    exact = (
        2
        * quad(
            lambda x: float(mean(NormalScores(32, x)) * scipy.stats.norm.pdf(x)),
            *lengths,
            epsabs=1e-5,
        )[0]
    )
    assert attention.over_queries(mean, 32, 1, scale=1.0) == pytest.approx(exact, abs=2e-3)
    assert attention.over_queries(mean, 32, 1, scale=1.1) != pytest.approx(exact, abs=2e-3)


def test_weights_are_those_of_the_formula():
    rng = np.random.default_rng(3)
    queries, keys = rng.standard_normal((3, 5)), rng.standard_normal((4, 5))
    for scale in (None, 2.0):
        powers = np.exp((queries @ keys.T) * (5**-0.5 if scale is None else scale))
        weights = attention.weights(queries, keys, scale=scale)
        np.testing.assert_allclose(weights, powers / powers.sum(axis=1, keepdims=True), rtol=1e-12)
    assert np.isfinite(attention.weights([[1e4]], [[1e4], [-1e4]])).all()


@pytest.mark.parametrize("sd", [0.05, 1.0, 7.0])
def test_two_saturating_neurons_are_an_integral(sd):
    nodes, masses = np.polynomial.hermite_e.hermegauss(150)
    rates = scipy.special.expit(sd * np.stack(np.meshgrid(nodes, nodes), axis=-1) - 1.0)
    values = scipy.special.entr(rates / rates.sum(axis=-1, keepdims=True)).sum(axis=-1)
    exact = masses @ values @ masses / masses.sum() ** 2
    # Steep scores are polynomials of high degree only: 150 nodes leave 1e-5 at a sd of 7.
    tolerance = 1e-9 if sd <= 1 else 1e-3
    assert attention.saturating_entropy(2, sd, 1.0) == pytest.approx(exact, abs=tolerance)
    assert abs(attention.saturating_entropy(2, 1.02 * sd, 0.5) - exact) > tolerance


def test_saturation_forbids_freezing():
    """Far from it there is a softmax; steep, ln of the number above half, mean over binomials.

    A ramp of width 1 in a spread of 100 leaves about a hundredth of the neurons undecided.
    """
    sd = np.array([0.3, 1.0, 5.0])
    soft = NormalScores(24, sd).mean_entropy()
    np.testing.assert_allclose(attention.saturating_entropy(24, sd, 150.0), soft, atol=1e-9)
    assert (attention.saturating_entropy(24, sd, 0.0) > soft + 1e-3).all()
    number = np.arange(1, 25)
    exact = scipy.stats.binom.pmf(number, 24, 0.5) @ np.log(number)
    assert attention.saturating_entropy(24, 100.0, 0.0) == pytest.approx(exact, abs=0.03)
    assert NormalScores(24, 100.0).mean_entropy() < 0.04


def test_sparsemax_is_the_closest_distribution():
    rng = np.random.default_rng(1)
    for scores in 2 * rng.standard_normal((3, 4)):
        closest = scipy.optimize.minimize(
            lambda p, scores=scores: np.sum((p - scores) ** 2),
            np.full(4, 0.25),
            jac=lambda p, scores=scores: 2 * (p - scores),
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-14},
        ).x
        np.testing.assert_allclose(sparsemax(scores), closest, atol=1e-6)
        assert np.abs(scipy.special.softmax(scores) - closest).max() > 1e-3
    many = sparsemax(rng.standard_normal((3, 7, 50)))
    np.testing.assert_allclose(many.sum(axis=-1), 1, rtol=1e-12)
    np.testing.assert_allclose(sparsemax([3.0, 3.0, 3.0]), 1 / 3)
    np.testing.assert_allclose(sparsemax([1e300, 1e300, -1e300]), [0.5, 0.5, 0])
    np.testing.assert_allclose(sparsemax([3e16, 3e16 + 4]), [0, 1])


@pytest.mark.parametrize("cut", [-3.0, 0.0, 6.0])
def test_feedback_by_quadrature(cut):
    """Another integral, over drives instead of rates, each to 1e-10 of its value."""

    def integral(function):
        ends = cut + np.array([0, 1e-6, 0.01, 0.5, 2, 5, 12])
        return sum(
            quad(lambda z: function(z - cut) * scipy.stats.norm.pdf(z), a, b, epsabs=0,
                 epsrel=1e-11)[0]
            for a, b in zip(ends[:-1], ends[1:], strict=True)
        )  # fmt: skip

    mean = integral(lambda r: r)
    exact = np.log(100 * mean) - integral(lambda r: r * np.log(r) if r > 0 else 0.0) / mean
    assert Feedback(0.0, cut).entropy(100) == pytest.approx(exact, rel=1e-8)
    for theory in (Feedback(0.0, cut), Feedback(1 / mean, cut - 1)):  # an inhibition of 1
        assert theory.entropy(100) == pytest.approx(exact, rel=1e-6)
        assert theory.entropy(101) != pytest.approx(exact, rel=1e-4)
        assert theory.active == pytest.approx(scipy.stats.norm.sf(cut), rel=1e-6)
        assert theory.temperature(100) == pytest.approx(100 * mean, rel=1e-6)


def test_stronger_feedback_is_colder():
    """The cut solves its equation; that of the last unit approaches a softmax's freezing point."""
    theory = Feedback(np.geomspace(0.1, float(attention.lone_gain(2000)), 20))
    for falling in (theory.active, theory.entropy(2000)):
        assert (np.diff(falling) < 0).all()
    mean = [quad(lambda z, c=c: (z - c) * scipy.stats.norm.pdf(z), c, c + 12, epsabs=1e-14)[0]
            for c in theory.cut]  # fmt: skip
    np.testing.assert_allclose(theory.gain * mean, theory.cut, rtol=1e-6)
    lone = Feedback(attention.lone_gain(2000, 0.5), 0.5)
    assert 2000 * lone.active == pytest.approx(1, rel=1e-9)
    n_units = [1e2, 1e4, 1e8]
    ratio = Feedback(attention.lone_gain(n_units)).cut / NormalScores(n_units).freezing_point
    assert (np.diff(ratio) > 0).all()
    assert 0.9 < ratio[-1] < 1


def test_the_strongest_feedback_has_a_cut():
    """The excess at the cut times the gain is the cut, in logarithms of either."""
    for gain in (1e10, 1e300):
        with mpmath.workdps(50):
            cut = mpmath.mpf(float(Feedback(gain).cut))
            excess = mpmath.npdf(cut) - cut * mpmath.erfc(cut / mpmath.sqrt(2)) / 2
            assert abs(mpmath.log(gain * excess / cut)) < 1e-9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: attention.weights([[1.0]], [[1.0, 2.0]]), "keys must have as many dim.* 1, got 2"),
        (lambda: attention.weights([[1e200]], [[-1e200]]), "products .* must be finite, got -inf"),
        (lambda: attention.entropy([0.5, 0.6]), "rows that add up to 1, got 1.1"),
        (lambda: attention.entropy([1.5, -0.5]), "weights must be rows of non-neg.* got -0.5"),
        (lambda: attention.concentration([np.nan, 1.0]), "weights must be finite, got nan"),
        (lambda: attention.concentration(1.0), "weights must be rows"),
        (lambda: NormalScores(2e9).mean_largest(), "n_keys must be at most 1e.09, got 2e.09"),
        (lambda: NormalScores(0.5), "n_keys must be finite and at least 1, got 0.5"),
        (lambda: NormalScores(3, [1, np.nan]), "sd must be finite and at least 0, got nan"),
        (lambda: attention.over_queries(len, 3, 0), "n_dims must be at least 1, got 0"),
        (lambda: attention.saturating_entropy(0, 1, 0), r"n_keys must be in \[1, 1e.09\], got 0"),
        (lambda: attention.saturating_entropy(2, 0, 0), r"sd must be in \(0, 200\], got 0"),
        (lambda: attention.saturating_entropy(2, 1, np.inf), "half must be in .* got inf"),
        (lambda: sparsemax(1.0), "scores must be rows of numbers, got 1"),
        (lambda: Feedback(1.0).entropy(0), "n_units must be finite and at least 1, got 0"),
        (lambda: attention.lone_gain(1), r"n_units must be in \(1, inf\), got 1"),
        (lambda: attention.lone_gain(100, 3.0), "threshold must leave more than one unit, got 3"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
