"""Every study explains itself, and the first one agrees with Cover's theorem where it applies."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from olfnet.lab import load_study, run
from olfnet.theory import cover

STUDIES = sorted((Path(__file__).parents[1] / "studies").rglob("*.py"))


@pytest.fixture(scope="module")
def capacity(tmp_path_factory):
    """Quick trial of the capacity study."""
    (file,) = [file for file in STUDIES if file.stem == "capacity_curve"]
    study = load_study(file)
    return study, run(study, quick=True, out=tmp_path_factory.mktemp("studies") / "r").dataset


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_a_study_is_named_after_its_file_and_explains_itself(file):
    study = load_study(file)
    assert study.name == file.stem
    assert study.question.endswith("?")
    assert study.source
    assert all(parameter.meaning for parameter in study.parameters)
    assert study.figure is not None


def test_gaussian_patterns_and_receptors_follow_cover(capacity):
    """Exact binomial tail of every count, at .001 shared by all loads (Bonferroni)."""
    _, dataset = capacity
    for patterns in ("gaussian", "receptors"):
        chosen = dataset.sel(patterns=patterns).squeeze(drop=True)
        for n_units in chosen["n_units"].values:
            one = chosen.sel(n_units=n_units)
            n_dims = int(one["n_dims"].values[0])
            assert n_dims == (n_units if patterns == "gaussian" else 24)
            n_patterns = np.rint(one["load"].values * n_dims).astype(int)
            assert lowest_tail(one["separable"], n_patterns, n_dims) > 0.001 / n_patterns.size


def test_the_test_would_notice_a_wrong_capacity(capacity):
    """Negative control: the same counts against one tenth more dimensions."""
    _, dataset = capacity
    one = dataset.sel(patterns="gaussian", n_units=50).squeeze(drop=True)
    n_patterns = np.rint(one["load"].values * 50).astype(int)
    assert lowest_tail(one["separable"], n_patterns, 60) < 0.001 / n_patterns.size


def lowest_tail(separable, n_patterns, n_dims):
    counts, n_trials = separable.sum("repeat").values, separable.sizes["repeat"]
    wanted = cover.separable_fraction(n_patterns, n_dims)
    tails = [binom.cdf(counts, n_trials, wanted), binom.sf(counts - 1, n_trials, wanted)]
    return 2 * np.min(tails)


def test_no_code_stores_much_more_than_two_per_dimension(capacity):
    """Mean of 20 breaking points: at most 2 x rank plus 4 standard errors of Cover's law."""
    _, dataset = capacity
    rank = dataset["n_dims"].mean("repeat")
    bound = 2 * rank + 4 * np.sqrt(2 * rank / dataset.sizes["repeat"])
    assert (dataset["breaking_point"].mean("repeat") <= bound).all()


def test_expanding_stores_more_than_the_receptors_can(capacity):
    _, dataset = capacity
    stored = dataset["breaking_point"].mean("repeat").squeeze(drop=True).sel(n_units=50)
    assert stored.sel(patterns="expansion") > 1.3 * stored.sel(patterns="receptors")


def test_wiring_odors_and_labels_have_streams_of_their_own(capacity):
    """With fewer inputs per unit the wiring changes, but odors and labels do not."""
    study, _ = capacity
    module = study.measure.__globals__
    options = {"n_units": 40, "coding_level": 0.1, "fan_in": 6}
    seeds = np.random.SeedSequence(1)
    one = module["draw"](30, np.random.default_rng(seeds), patterns="receptors", **options)
    two = module["draw"](30, np.random.default_rng(seeds), patterns="receptors", **options)
    assert not np.array_equal(one, two)  # a spawned stream is not used twice
    fresh = [np.random.default_rng(np.random.SeedSequence(1)) for _ in range(2)]
    odors = [
        module["draw"](30, rng, patterns="receptors", **options | {"fan_in": fan_in})
        for rng, fan_in in zip(fresh, (6, 3), strict=True)
    ]
    np.testing.assert_array_equal(*odors)


def test_table_and_figure_show_every_curve(capacity):
    study, dataset = capacity
    table = study.table(dataset)
    assert table.row_count == 3 * 2 * 4
    left, right = study.figure(dataset).axes
    assert left.get_xlabel() == "load (associations per dimension)"
    assert right.get_ylabel() == "capacity (associations)"


def test_figure_and_table_bear_failed_and_missing_points(capacity):
    study, dataset = capacity
    holes = dataset.copy(deep=True)
    holes["status"][{"n_units": 0, "patterns": 0}] = 2
    holes["status"][{"n_units": 1, "repeat": 3}] = 0
    assert study.table(holes).row_count == (3 * 2 - 1) * 4
    study.figure(holes)


def test_circuits_are_told_apart(tmp_path):
    (file,) = [file for file in STUDIES if file.stem == "capacity_curve"]
    study = load_study(file)
    settings = {
        "n_units": 20,
        "coding_level": (0.1, 0.3),
        "fan_in": (2, 6),
        "patterns": "expansion",
    }
    dataset = run(study, settings=settings, repeats=8, out=tmp_path / "r").dataset
    assert study.table(dataset).row_count == 4 * 4
    labels = {text.get_text() for text in study.figure(dataset).legends[0].get_texts()}
    assert "expanded odors, f = 0.3, K = 2" in labels
