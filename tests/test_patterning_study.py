"""Negative patterning in a study: receptors never solve it, expanded codes as Cover allows."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import olfnet
from olfnet.expansion import rate
from olfnet.lab import load_study, run
from olfnet.theory import cover

STUDY = Path(__file__).parents[1] / "studies" / "negative_patterning.py"


@pytest.fixture(scope="module")
def study():
    return load_study(STUDY)


@pytest.fixture(scope="module")
def module(study):
    return study.measure.__globals__


def repeated(study, n_repeats, **settings):
    streams = np.random.default_rng(0).spawn(n_repeats)
    found = [study.measure(coding_level=0.2, fan_in=6, rng=one, **settings) for one in streams]
    return {name: np.array([int(one[name]) for one in found]) for name in found[0]}


def test_only_what_is_not_linear_solves_problems(study):
    without = repeated(study, 6, lobe="none", n_units=40)
    assert not without["receptors"].any()
    assert not without["neurons"].any()
    assert without["expanded"].min() > 5
    divisive = repeated(study, 6, lobe="divisive", n_units=40)
    assert not divisive["receptors"].any()
    assert divisive["neurons"].min() > 3


def test_a_count_of_problems_is_that_of_single_decisions(module):
    """All problems up to the count are separable, one more is not; a fourth of one is none."""
    rng = np.random.default_rng(3)
    odors = np.rint(rng.exponential(40.0, (60, 24)))
    patterns, labels = module["negative_patterning"].problems(odors)
    neurons = module["DivisiveNormalization"]()(patterns)
    n = module["solved"](neurons, labels)
    for n_problems, wanted in ((n, True), (n + 1, False)):
        first = slice(3 * n_problems + 1)
        assert olfnet.separate(neurons[first], labels[first], bias=True).separable == wanted
    assert module["solved"](patterns, labels) == 0


def test_random_labels_do_what_cover_allows(study, module):
    """Mean of 10 codes: 4 standard errors, and a tenth less since sparse codes may coincide."""
    found = repeated(study, 10, lobe="divisive", n_units=150)["random"]
    reach = 4 * np.sqrt(2 * 151 / 10) / 3  # variance of Cover's law, in problems of 3 patterns
    theory = module["predicted"](150)
    assert 0.9 * theory - reach < found.mean() < theory + reach
    assert found.mean() < module["predicted"](200) - reach


@pytest.mark.parametrize("n_units", [3, 25, 200])
def test_prediction_is_the_mean_of_breaking_points(module, n_units):
    """Problems are whole threes of the patterns after the first."""
    n_patterns = np.arange(1, 20 * n_units + 200)
    chances = cover.breaking_point_pmf(n_patterns, n_units + 1)
    wanted = np.sum(chances * ((n_patterns - 1) // 3))
    # The sum ends 8 standard deviations above the mean, where less than 1e-6 is left of it.
    assert module["predicted"](n_units) == pytest.approx(wanted, abs=1e-4)
    assert module["predicted"](n_units) != pytest.approx(wanted + 1 / 3, abs=1e-4)


def test_every_odor_excites_whole_spikes(module):
    """Of 20,000 invented odors a few excite nothing; they are left out."""
    odors = module["exciting"](10_000, np.random.default_rng(1))
    assert odors.shape == (10_000, 24)
    assert np.array_equal(odors, np.rint(odors))
    assert odors.any(axis=1).all()
    invented = module["surrogate"](module["excitation"](), 20_000, rng=np.random.default_rng(1))
    assert not np.rint(invented).clip(0).any(axis=1).all()


def test_problems_grow_with_units(study):
    few, many = (
        repeated(study, 4, lobe="divisive", n_units=n)["expanded"].mean() for n in (25, 100)
    )
    assert many > 3 * few


def test_mixtures_have_something_in_common(module):
    """Ridge regression on 100 problems ranks odors above mixtures of 33 others, by codes.

    The control learns permuted labels; its chance of a right order scatters by less than .05.
    """
    odor_rng, wiring_rng, label_rng = np.random.default_rng(0).spawn(3)
    odors = module["exciting"](266, odor_rng)
    patterns, labels = module["negative_patterning"].problems(odors)
    circuit = olfnet.random_expansion(
        n_inputs=24, n_units=200, fan_in=6, coding_level=0.2, rng=wiring_rng
    )
    codes = rate.respond(circuit, module["DivisiveNormalization"]()(patterns)).rates
    codes = np.column_stack([codes / codes.max(), np.ones(len(codes))])

    def ranked(labels):
        learned = codes[:301]
        damped = learned.T @ learned + 0.1 * np.eye(201)
        scores = codes[301:] @ np.linalg.solve(damped, learned.T @ labels[:301])
        rewarded = labels[301:] > 0
        return np.mean(scores[rewarded][:, None] > scores[~rewarded])

    assert ranked(labels) > 0.62
    assert abs(ranked(label_rng.permutation(labels)) - 0.5) < 0.1


def test_table_and_figure_show_every_readout(study, tmp_path):
    settings = {"n_units": (8, 16)}
    with ThreadPoolExecutor(1) as executor:
        options = {"settings": settings, "repeats": 2, "executor": executor}
        dataset = run(study, out=tmp_path / "r", **options).dataset
    assert study.table(dataset).row_count == 4
    left, right = study.figure(dataset).axes
    assert len(left.get_legend().get_texts()) == 2
    labels = {text.get_text() for text in right.get_legend().get_texts()}
    assert {"receptors", "projection neurons", "expanded code", "Cover"} <= labels
    holes = dataset.copy(deep=True)
    holes["status"][{"lobe": 0}] = 0
    assert study.table(holes).row_count == 2
    study.figure(holes)


def test_a_lobe_that_is_unknown(study):
    with pytest.raises(ValueError, match="lobe must be one of divisive, none, got 'linear'"):
        run(study, settings={"lobe": "linear"})
