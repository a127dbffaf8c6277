"""Generalization in studies: double descent as in theory, what sharing and training save."""

from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study

STUDIES = Path(__file__).parents[1] / "studies"


def repeated(measure, n_repeats, name, **settings):
    streams = np.random.default_rng(0).spawn(n_repeats)
    return np.array([float(measure(**settings, rng=stream)[name]) for stream in streams])


@pytest.fixture(scope="module")
def descent():
    return load_study(STUDIES / "double_descent.py").measure


@pytest.mark.parametrize(("n_units", "decay"), [(40, 0.0), (1000, 0.0), (100, 0.01)])
def test_error_of_dense_codes_is_that_of_theory(descent, n_units, decay):
    """Median of 24 valences; its standard error is 1.25 sd / sqrt(24), at 4 of them."""
    settings = {"n_odors": 100, "coding_level": 0.5, "fan_in": 6, "noise": 0.2, "decay": decay}
    found = repeated(descent, 24, "error", n_units=n_units, **settings)
    module = descent.__globals__
    values, coefficients = module["modes"](0.5, 6)

    def predicted(n_units):
        return module["generalization"].random_feature_error(
            values, coefficients, 100, n_units, ridge=decay * values.sum(), noise_variance=0.04
        )

    reach = 4 * 1.25 * np.std(found) / 24**0.5
    assert np.median(found) == pytest.approx(predicted(n_units), abs=reach)
    other = predicted(10 if n_units == 100 else 90)
    assert abs(np.median(found) - other) > reach


def test_three_samples_give_a_median_no_interval(descent):
    """Of three samples all lie on one side of the median with a probability of 1/4."""
    reach = descent.__globals__["median_and_reach"]
    assert reach(np.array([1.0, 2.0, 4.0])) == pytest.approx((2.0, np.nan, np.nan), nan_ok=True)
    assert reach(np.arange(7.0)) == pytest.approx((3.0, 3.0, 3.0))


def test_error_peaks_where_units_are_as_many_as_odors(descent):
    settings = {"n_odors": 60, "coding_level": 0.1, "fan_in": 6, "noise": 0.2, "decay": 0.0}
    few, equal, many = (
        np.median(repeated(descent, 6, "error", n_units=n, **settings)) for n in (20, 60, 1000)
    )
    assert equal > 10 * few
    assert many < few
    assert repeated(descent, 2, "learned", n_units=1000, **settings).max() < 0.05 < few


def test_shared_weights_save_samples_where_places_do_not_matter():
    study = load_study(STUDIES / "weight_sharing.py").measure
    for task, better, worse in (
        ("which motif", "shared weights", "dense"),
        ("which place", "dense", "shared weights"),
    ):
        good, bad = (
            repeated(study, 3, "error", task=task, network=kind, n_samples=100)
            for kind in (better, worse)
        )
        assert good.max() < 0.3 < bad.min()


def test_motifs_differ_in_nothing_but_their_order():
    module = load_study(STUDIES / "weight_sharing.py").measure.__globals__
    first, second = module["motifs"]()
    assert sorted(first) == sorted(second)
    assert not np.array_equal(first, second)
    rng = np.random.default_rng(1)
    inputs, labels = module["signals"](4000, "which place", rng)
    power = (inputs[:, 0] ** 2).reshape(4000, 2, 16).sum(axis=2)
    assert np.corrcoef(power[:, 1] - power[:, 0], labels[:, 0])[0, 1] > 0.5
    inputs, labels = module["signals"](4000, "which motif", rng)
    power = (inputs[:, 0] ** 2).reshape(4000, 2, 16).sum(axis=2)
    assert abs(np.corrcoef(power[:, 1] - power[:, 0], labels[:, 0])[0, 1]) < 4 / 4000**0.5


def test_training_the_expansion_needs_fewer_units():
    study = load_study(STUDIES / "trained_expansion.py").measure
    settings = {"n_units": 50, "n_odors": 60, "noise": 10.0, "n_steps": 400}
    only, claws, both = (
        repeated(study, 3, "error", learns=learns, **settings)
        for learns in ("readout", "claws and readout", "expansion and readout")
    )
    assert both.mean() < claws.mean()
    assert max(both.max(), claws.max()) < only.min()


def test_claws_learn_and_no_synapses_grow():
    module = load_study(STUDIES / "trained_expansion.py").measure.__globals__
    odors = np.random.default_rng(0).exponential(size=(40, 24))
    labels = np.where(np.arange(40) % 2, 1.0, -1.0)[:, None]
    grown = {}
    for name in ("Claws", "Dense"):
        net = module["circuit"](10, odors, np.random.default_rng(1), module[name])
        done = module["train"](net, odors, labels, learning_rate=0.01, n_steps=20).network
        before, after = (one.layers[0].weights for one in (net, done))
        changed = before != after
        assert changed[before != 0].mean() > 0.9
        grown[name] = changed[before == 0].mean()
    assert grown["Claws"] == 0
    assert grown["Dense"] > 0.9
