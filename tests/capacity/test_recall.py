"""Recall of given rules, beside closed forms and certified decisions."""

import numpy as np
import pytest
from scipy.stats import binom, norm
from sklearn.linear_model import LogisticRegression, SGDClassifier

import olfnet
from olfnet import measure_recall
from olfnet.capacity import RecallCurve
from olfnet.readout import HebbianReadout, MaxMarginReadout, PerceptronReadout


def gaussian(n, rng):
    return rng.standard_normal((n, 60))


def presentations(n, rng, sd=0.5):
    centers = rng.standard_normal((n, 1, 60))
    return centers + sd * rng.standard_normal((n, 5, 60))


def test_one_shot_recall_is_signal_over_crosstalk():
    """A field is |x|^2 plus a sum of P - 1 random overlaps: Phi(sqrt(N / P)) to order 1 / N."""
    curve = measure_recall(
        lambda n, rng: rng.standard_normal((n, 200)),
        n_patterns=[50, 100, 200, 400],
        n_trials=60,
        rule=HebbianReadout(centered=False),
        rng=0,
    )
    low, high = curve.interval(0.999)
    theory = norm.cdf(1 / np.sqrt(curve.load))
    assert (np.abs(curve.load - [0.25, 0.5, 1, 2]) < 1e-12).all()
    assert ((low - 1 / 200 <= theory) & (theory <= high + 1 / 200)).all()
    twice = norm.cdf(1 / np.sqrt(2 * curve.load))  # negative control: half the dimensions
    assert ((twice < low) | (twice > high)).all()
    low, high = curve.capacity_interval(0.999)
    assert low <= 1 / norm.ppf(0.95) ** 2 <= high  # .3696
    assert low < curve.capacity < high


def test_a_perceptron_recalls_what_can_be_recalled():
    """Certified: a perceptron recalls all after enough epochs, up to where no readout can."""
    options = {"n_patterns": [30, 54, 240], "n_trials": 5, "rng": 1}
    rule = PerceptronReadout(bias=False, max_epochs=300)
    curve = measure_recall(gaussian, **options, rule=rule)
    certified = olfnet.measure_capacity(gaussian, **options)
    assert certified.fraction.tolist() == [1, 1, 0]
    assert (curve.recalled[:, :2] == 1).all()
    assert (curve.recalled[:, 2] < 1).all()


def test_noise_is_tested_on_other_presentations():
    options = {"n_patterns": [10, 30, 90], "n_trials": 12, "rule": HebbianReadout()}
    clean = measure_recall(gaussian, **options, rng=0)
    learned = measure_recall(lambda n, rng: presentations(n, rng)[:, 0], **options, rng=0)
    noisy = measure_recall(presentations, **options, n_learned=3, rng=0)
    loud = measure_recall(lambda n, r: presentations(n, r, 3.0), **options, n_learned=3, rng=0)
    assert noisy.n_tests == 2
    assert clean.n_tests == learned.n_tests == 1
    assert (loud.fraction < noisy.fraction - 0.1).all()
    assert noisy.definition == (
        "0.95 of all random associations are recalled by HebbianReadout(), on trials after 3 others"
    )


def test_trials_after_learning_are_never_those_learned():
    """Independent noise alone: a maximal margin learns all by heart, and is right by chance."""

    def noise(n, rng):
        return rng.standard_normal((n, 2, 60))

    curve = measure_recall(
        noise, n_patterns=[30], n_trials=60, rule=MaxMarginReadout(), n_learned=1, rng=0
    )
    low, high = curve.interval(0.999)
    assert low[0] < 0.5 < high[0]


def test_any_classifier_and_the_caller_s_stays_as_it_is():
    rule = LogisticRegression(C=100.0)
    curve = measure_recall(gaussian, n_patterns=[20, 30], n_trials=3, rule=rule, rng=0)
    assert not hasattr(rule, "coef_")
    assert (curve.recalled == 1).all()
    assert "LogisticRegression(C=100.0)" in curve.definition


def test_rare_labels():
    curve = measure_recall(
        gaussian, n_patterns=[2, 200], n_trials=40, rule=HebbianReadout(), label_fraction=0.02,
        error=0.01, rng=0,
    )  # fmt: skip
    assert "with 0.02 positive labels" in curve.definition
    assert curve.fraction[0] > 0.9  # two patterns with different labels


def test_no_mistake_is_not_certainty():
    curve = RecallCurve(np.array([10]), np.ones((5, 1)), 1, 10, "rule", 0.05)
    low, high = curve.interval()
    assert low[0] == pytest.approx(0.025 ** (1 / 50))  # Clopper & Pearson: 50 of 50
    assert high[0] == 1


def test_interval_covers_what_varies_between_trials():
    """Associations of a trial that fail together: binomial intervals alone would be too narrow."""
    rng, inside = np.random.default_rng(0), []
    for _ in range(300):
        right = rng.binomial(100, rng.beta(8, 2, size=(10, 1)))
        curve = RecallCurve([100], right / 100, 1, 50, "rule", 0.05)
        low, high = curve.interval(0.9)
        inside.append(low[0] <= 0.8 <= high[0])
    assert binom.sf(sum(inside), 300, 0.85) < 0.999
    assert binom.cdf(sum(inside), 300, 0.85) > 0.001


def test_capacity_outside_the_loads():
    low = RecallCurve(np.array([10, 20]), np.ones((5, 2)), 1, 10, "rule", 0.05)
    assert low.capacity_interval()[1] == np.inf
    with pytest.raises(ValueError, match="n_patterns must reach from loads where 0.95"):
        _ = low.capacity
    high = RecallCurve(np.array([10, 20]), np.full((5, 2), 0.6), 1, 10, "rule", 0.05)
    assert high.capacity_interval()[0] == 0
    with pytest.raises(ValueError, match="got fractions from 0.6 to 0.6"):
        _ = high.capacity


def test_capacity_of_a_noisy_curve_is_not_too_low():
    """Many loads, few trials: the first crossing by chance would be 10 % low (.038 of .37)."""
    rng, loads, capacities = np.random.default_rng(1), np.arange(20, 60), []
    for _ in range(60):
        right = rng.binomial(loads, norm.cdf(np.sqrt(100 / loads)), size=(10, loads.size)) / loads
        capacities.append(RecallCurve(loads, right, 1, 100, "rule", 0.05).capacity)
    assert abs(np.mean(capacities) - 0.3696) < 0.015


def test_rules_with_randomness_of_their_own_are_seeded():
    rule = SGDClassifier(max_iter=5, tol=None)
    options = {"n_patterns": [30, 80], "n_trials": 4, "rule": rule, "rng": 3}
    one, two = (measure_recall(gaussian, **options, n_workers=n) for n in (1, 2))
    np.testing.assert_array_equal(one.recalled, two.recalled)
    assert rule.random_state is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_patterns": np.array([20, 10])}, r"n_patterns must rise, got \[20 10\]"),
        ({"recalled": np.full((3, 2), 3.0)}, r"recalled must be in \[0, 1\], got 3"),
        ({"recalled": np.ones((3, 1))}, "recalled must have 2 columns, got 1"),
        ({"n_tests": 0}, "n_tests must be at least 1, got 0"),
    ],
)
def test_bad_curves(values, message):
    given = {"n_patterns": np.array([10, 20]), "recalled": np.ones((3, 2)), "n_tests": 1}
    with pytest.raises(ValueError, match=message):
        RecallCurve(**given | values, n_dims=10, rule="rule", error=0.05)


def test_dataset():
    curve = measure_recall(
        presentations, n_patterns=[10, 40], n_trials=4, rule=HebbianReadout(), n_learned=2, rng=0
    )
    dataset = curve.to_xarray()
    assert dataset["recalled"].dims == ("trial", "n_patterns")
    np.testing.assert_array_equal(dataset["fraction"], curve.fraction)
    np.testing.assert_array_equal(dataset["load"], np.array([10, 40]) / 60)
    assert dataset.attrs["definition"] == curve.definition
    assert dataset.attrs["n_learned"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_patterns": [1]}, "n_patterns must be at least 2, got 1"),
        ({"n_patterns": []}, "n_patterns must hold at least one number"),
        ({"n_trials": 0}, "n_trials must be at least 1, got 0"),
        ({"rule": HebbianReadout}, "rule must be a scikit-learn classifier, got <class"),
        ({"rule": 3}, "rule must be a scikit-learn classifier, got 3"),
        ({"error": 1.0}, r"error must be in \(0, 1\), got 1"),
        ({"label_fraction": 0.03}, "error must be below 0.03, that of a constant label, got 0.05"),
        ({"label_fraction": 0.0}, r"label_fraction must be in \(0, 1\), got 0"),
        ({"n_learned": 0}, "n_learned must be at least 1, got 0"),
        ({"n_learned": 2}, r"more presentations than n_learned=2, got shape \(9, 60\)"),
        ({"draw": presentations, "n_learned": 5}, r"n_learned=5, got shape \(9, 5, 60\)"),
        ({"draw": presentations}, r"draw\(n_patterns, rng\) must be 2-D"),
        ({"draw": lambda n, rng: np.eye(70)}, "draw must return 9 patterns, got 70"),
        ({"draw": 3}, "draw must be callable"),
    ],
)
def test_bad_input(options, message):
    given = {"draw": gaussian, "n_patterns": [9], "n_trials": 2, "rule": HebbianReadout()}
    given |= options
    with pytest.raises(ValueError, match=message):
        measure_recall(given.pop("draw"), **given, rng=0)
