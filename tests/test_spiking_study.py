"""The study of spiking capacity on a small circuit: what must hold at any size."""

from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study

FILE = Path(__file__).parents[1] / "studies" / "spiking_capacity.py"


@pytest.fixture(scope="module")
def spiking(tmp_path_factory):
    study = load_study(FILE)
    settings = {"n_units": 20, "coding_level": 0.3, "noise": (0.0, 3e-10)}
    folder = tmp_path_factory.mktemp("studies") / "r"
    return study, study.run(settings=settings, repeats=2, out=folder).dataset.squeeze(drop=True)


def test_codes_fill_with_time(spiking):
    _, dataset = spiking
    assert (dataset["status"] == 1).all()
    assert (dataset["level"].diff("window") > 0).all()
    assert (dataset["silent"].diff("window") <= 0).all()
    assert (dataset["n_dims"] <= 20).all()
    last = dataset["level"].isel(window=-1)
    assert (np.abs(last - 0.3) < 0.1).all()


def test_nothing_stores_much_more_than_two_per_dimension(spiking):
    _, dataset = spiking
    bound = 2 * dataset["n_dims"] + 4.5 * np.sqrt(2 * dataset["n_dims"])
    assert (dataset["breaking_point"] <= bound).all()


def test_counts_resemble_the_rate_code_of_their_own_odor(spiking):
    _, dataset = spiking
    last = dataset.isel(window=-1).sel(noise=0.0)
    assert (last["overlap"] > last["chance"] + 0.1).all()
    assert (last["correlation"] > 0.4).all()


def test_error_rises_with_load_and_noise(spiking):
    _, dataset = spiking
    last = dataset["error"].isel(window=-1).mean("repeat")
    free = last.sel(noise=0.0)
    assert free.isel(load=-1) > free.isel(load=0)
    heavy = last.mean("load")
    assert heavy.max() < 0.65  # chance is .5; the smallest loads have two odors
    assert heavy.sel(noise=3e-10) > heavy.sel(noise=0.0)


def test_capacity_at_the_stated_error():
    capacity_at = load_study(FILE).measure.__globals__["capacity_at"]
    loads = load_study(FILE).measure.__globals__["NOISY_LOADS"]
    found = capacity_at(np.array([0.5 * loads, np.full(loads.size, 0.2)]))
    np.testing.assert_allclose(found, [0.2, loads[0] / 2])


def test_table_and_figure_bear_failed_and_missing_points(spiking):
    study, _ = spiking
    dataset = spiking[1].expand_dims(n_units=[20], coding_level=[0.3]).copy(deep=True)
    assert study.table(dataset).row_count == 2 * 4
    dataset["status"][{"noise": 1}] = 2
    dataset["status"][{"noise": 0, "repeat": 1}] = 0
    assert study.table(dataset).row_count == 4
    assert [axes.get_xlabel() for axes in study.figure(dataset).axes][2] == "window (ms)"


def test_a_readout_that_knows_nothing_errs_half_the_time():
    """At all loads: with labels drawn one by one, guessing would look good at the small ones."""
    names = load_study(FILE).measure.__globals__
    rng = np.random.default_rng(1)
    for n_odors in names["sizes"](100):
        labels = names["balanced"](n_odors, rng)
        assert labels.sum() == 0
        silence = np.zeros((n_odors, names["N_LEARNED"] + names["N_TESTED"], 5))
        assert names["error"](silence, labels) == 0.5
    assert np.ptp([names["balanced"](6, rng)[0] for _ in range(20)]) == 2
