"""The studies of spike codes and their capacity on a small circuit: what must hold at any size."""

import inspect
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from olfnet.expansion import spiking
from olfnet.lab import load_study

STUDIES = Path(__file__).parents[1] / "studies"
N_UNITS, LEVEL, NOISE = 40, 0.2, 2e-10
STRENGTHS = {0.0: 4.8e-9, NOISE: 2.5e-9}  # of synapses in S, as calibration finds them; see below


def calibrate(*given, **options):
    """Stand in for calibration, which takes most of the time and has tests of its own."""
    inspect.signature(spiking.calibrate).bind(*given, **options)
    cells = options["dynamics"]
    strength = STRENGTHS[cells.noise.std if cells.noise else 0.0]
    return replace(cells, excitation=replace(cells.excitation, strength=strength))


def run(name, noises):
    """Both the study and one repeat for each noise, with a coarse time step."""
    study = load_study(STUDIES / f"{name}.py")
    quick = SimpleNamespace(calibrate=calibrate, respond=spiking.respond)
    study.measure.__globals__.update(DT=5e-4, spiking=quick)
    points = []
    for noise in noises:
        rng = np.random.default_rng(1)
        found = study.measure(n_units=N_UNITS, coding_level=LEVEL, noise=noise, rng=rng)
        points.append(xr.Dataset(found | {"status": 1}).expand_dims(noise=[noise]))
    return study, xr.concat(points, "noise")


@pytest.fixture(scope="module")
def capacity():
    return run("spiking_capacity", (0.0, NOISE))


@pytest.fixture(scope="module")
def codes():
    return run("spike_codes", (0.0,))


def test_codes_fill_with_time(capacity):
    dataset = capacity[1]
    assert (dataset["level"].diff("window") > 0).all()
    assert (dataset["silent"].diff("window") <= 0).all()
    assert (dataset["n_dims"] <= N_UNITS).all()
    assert (np.abs(dataset["level"].isel(window=-1) - LEVEL) < LEVEL / 2).all()


def test_nothing_stores_much_more_than_two_per_dimension(capacity):
    """Cover's law of breaking points: mean 2 n, variance 2 n; 4.5 standard deviations above."""
    dataset = capacity[1]
    bound = 2 * dataset["n_dims"] + 4.5 * np.sqrt(2 * dataset["n_dims"])
    assert (dataset["breaking_point"] <= bound).all()
    assert (dataset["breaking_point"].isel(window=-1) > dataset["n_dims"].isel(window=-1)).all()


def test_error_rises_with_load_and_noise_and_falls_with_time(capacity):
    """64 trials decide on each error: one of 1/2 has a standard deviation of .06."""
    error = capacity[1]["error"]
    free = error.sel(noise=0.0)
    last = free.isel(window=-1)
    assert last.isel(load=-1) > last.isel(load=0) + 0.06
    assert free.isel(window=0).mean() > last.mean() + 0.1
    assert error.sel(noise=NOISE).isel(window=-1).mean() > last.mean() + 0.1
    assert error.max() < 0.5 + 4.5 * 0.0625  # chance is .5


def test_capacity_at_the_stated_error(capacity):
    names = capacity[0].measure.__globals__
    loads, stated = names["NOISY_LOADS"], names["STATED_ERROR"]
    steep = stated * loads / 0.2
    always = np.full(loads.size, stated + 0.01)
    found = names["capacity_at"](np.array([steep, always, 0 * loads]))
    np.testing.assert_allclose(found, [0.2, 0, loads[-1]])


def test_a_readout_that_knows_nothing_errs_half_the_time(capacity):
    """At all loads: with labels drawn one by one, guessing would look good at the small ones."""
    names = capacity[0].measure.__globals__
    rng = np.random.default_rng(1)
    labels = names["balanced"](44, rng)
    silence = np.zeros((44, names["N_LEARNED"] + names["N_TESTED"], 5))
    for n_odors in names["sizes"](100):
        errors = list(names["each"](silence, labels, n_odors))
        assert errors == [0.5] * (44 // n_odors)
    assert np.ptp([names["balanced"](6, rng)[0] for _ in range(20)]) == 2


def test_trials_that_tell_are_learned(capacity):
    """Without noise from trial to trial nothing is left to err about."""
    names = capacity[0].measure.__globals__
    n_trials = names["N_LEARNED"] + names["N_TESTED"]
    clear = np.repeat(np.eye(12)[:, None], n_trials, axis=1)
    labels = names["balanced"](12, np.random.default_rng(1))
    assert list(names["each"](clear, labels, 6)) == [0.0, 0.0]


def test_counts_resemble_the_rates_of_their_own_odor(codes):
    """Shares of 320 places that are active at most: standard deviations below .03."""
    one = codes[1].sel(noise=0.0)
    first, last = one.isel(window=0), one.isel(window=-1)
    assert last["overlap"] > last["chance"] + 0.15
    assert last["correlation"] > 0.5
    for name in ("overlap", "repeated", "correlation"):
        assert last[name] > first[name] + 0.1, name
    assert (one["level"].diff("window") > 0).all()


def test_agreement_of_codes_that_are_known(codes):
    names = codes[0].measure.__globals__
    one = np.array([[2, 1, 0, 0], [0, 0, 3, 1]])
    assert names["shared"](one > 0, one > 0) == 1
    assert names["shared"](one > 0, one[::-1] > 0) == 0
    assert names["shared"](one > 0, one > 1) == 0.5
    np.testing.assert_allclose(names["correlation"](one, 5 * one), 1)
    np.testing.assert_allclose(names["correlation"](one, -one), -1)
    assert names["correlation"](one, np.ones((2, 4))) == 0  # rates that do not differ tell nothing


def test_raster_begins_with_the_units_of_most_input(codes):
    one = codes[1].sel(noise=0.0)
    spikes = one["spikes"].sum("time").values
    assert spikes.size == N_UNITS
    active = one["rates"].values > 0
    assert active.sum() == LEVEL * N_UNITS
    assert active[: active.sum()].all()
    assert spikes[active].mean() > 2 * spikes[~active].mean()


@pytest.mark.parametrize(("name", "n_rows"), [("capacity", 2 * 4), ("codes", 5)])
def test_table_and_figure_bear_failed_and_missing_points(name, n_rows, request):
    study, dataset = request.getfixturevalue(name)
    dataset = xr.concat([dataset, dataset], "repeat", join="exact")
    dataset = dataset.expand_dims(n_units=[N_UNITS], coding_level=[LEVEL]).copy(deep=True)
    assert study.table(dataset).row_count == n_rows
    labels = [axes.get_xlabel() for axes in study.figure(dataset).axes]
    assert labels[2] == "window (ms)"
    dataset["status"][{"repeat": 1, "noise": 0}] = 0
    assert study.table(dataset).row_count == n_rows
    study.figure(dataset)
    dataset["status"][{"noise": 0}] = 2
    assert study.table(dataset).row_count == n_rows - len(dataset["window"])
    study.figure(dataset)
