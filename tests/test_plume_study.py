"""The study of the plume: its profile, its codes by brute force, its noise, each with a control."""

from pathlib import Path

import numpy as np
import pytest
import scipy.integrate

import olfnet
from olfnet.lab import load_study, run
from olfnet.receptors import DivisiveNormalization, odors

STUDY = Path(__file__).parents[1] / "studies" / "odor_plume.py"
SETTINGS = {"n_odors": 12, "n_units": 200, "fan_in": 7, "coding_level": 0.1, "noise_sd": 10.0}
EFFORT = {"n_steps": 120, "n_draws": 40}


@pytest.fixture(scope="module")
def study():
    return load_study(STUDY)


@pytest.fixture(scope="module")
def module(study):
    return study.measure.__globals__


@pytest.fixture(scope="module")
def measured(study):
    return study.measure(**SETTINGS, **EFFORT, rng=np.random.default_rng(0))


def test_the_plume_balances(module):
    """What is released is what decays all along the corridor, and e times less every half meter."""
    problem, exact = module["PLUME"], module["pinn"].closed_form
    lost = scipy.integrate.quad(lambda x: 0.04 * exact(problem, [x])[0], 0, 4)[0]
    assert lost == pytest.approx(problem.low.inflow, rel=1e-8)
    near = exact(problem, [0.5, 1.0])
    assert near[0] / near[1] == pytest.approx(np.e, rel=1e-2)
    assert exact(problem, [0.0])[0] == pytest.approx(1, rel=1e-3)


def test_networks_find_the_plume_and_untrained_ones_do_not(study, measured):
    """After 120 steps errors are some 1e-3 of the concentration at the source."""
    profile = measured["concentration"]
    for form in ("energy", "residual"):
        off = np.abs(profile.sel(source=form) - profile.sel(source="closed form"))
        assert float(off.max()) < 0.01
    early = study.measure(**SETTINGS, n_steps=1, n_draws=2, rng=np.random.default_rng(0))
    profile = early["concentration"]
    for form in ("energy", "residual"):
        off = np.abs(profile.sel(source=form) - profile.sel(source="closed form"))
        assert float(off.max()) > 0.1


def test_codes_fade_with_distance(measured):
    for name, least in (("overlap", 0.8), ("recognized", 0.9)):
        for source in ("closed form", "energy", "residual"):
            values = measured[name].sel(source=source).values
            assert values[0] > least
            assert values[-1] < 0.6
        # The same noise meets all profiles: overlaps differ by what concentrations do.
    exact, network = (measured["overlap"].sel(source=s).values for s in ("closed form", "energy"))
    assert np.abs(exact - network)[:8].max() < 0.02


def test_comparison_by_brute_force(module):
    """Codes as what the 8 largest drives exceed the ninth by, cosines and neighbors one by one."""
    series = odors.concentration_series(6, 50, concentrations=[1.0, 0.05, 0.003], rng=1)
    circuit = olfnet.random_expansion(n_inputs=50, n_units=80, fan_in=5, coding_level=0.1, rng=2)
    overlap, recognized = module["compare"](circuit, series, 8.0, 3)
    weights, stream = circuit.weights.toarray(), np.random.default_rng(3)

    def code(rates):
        drive = weights @ DivisiveNormalization()(rates[None])[0]
        return np.maximum(drive - np.sort(drive)[-9], 0.0)

    memory = [code(rates) for rates in series[:, 0]]
    for nth, rates in enumerate(series.swapaxes(0, 1)):
        noisy = np.maximum(rates + 8.0 * stream.standard_normal(rates.shape), 0.0)
        own, right = [], []
        for k, one in enumerate(noisy):
            seen = code(one)
            near = [seen @ m / np.linalg.norm(seen) / np.linalg.norm(m) for m in memory]
            own.append(near[k])
            right.append(int(np.argmax(near)) == k)
        assert overlap[nth] == pytest.approx(np.mean(own), abs=1e-12)
        assert recognized[nth] == np.mean(right)
    assert overlap[2] < overlap[0] - 0.2


def test_without_noise_the_source_is_itself(module):
    series = odors.concentration_series(6, 50, concentrations=[1.0], rng=1)
    circuit = olfnet.random_expansion(n_inputs=50, n_units=80, fan_in=5, coding_level=0.1, rng=2)
    overlap, recognized = module["compare"](circuit, series, 0.0, 3)
    assert overlap[0] == pytest.approx(1, abs=1e-12)
    assert recognized[0] == 1
    assert (module["cosines"](np.zeros((1, 3)), np.ones((2, 3))) == 0).all()


def test_noise_falls_as_one_over_points(measured):
    """Means of 4 numbers of points, 40 gradients each: some 10 to 20 % of error, four times it."""
    parts = measured["parts"].mean("n_points").values
    np.testing.assert_allclose(parts, 1, atol=0.6)
    n_points = measured["parts"]["n_points"].values
    slope = np.polyfit(np.log(n_points), np.log(measured["parts"].values[0, 1] / n_points), 1)[0]
    assert slope == pytest.approx(-1, abs=0.2)
    variance = measured["variance"]
    trained, random = variance.sel(state="trained"), variance.sel(state="random")
    ratio = trained / random
    assert float(ratio.sel(form="residual")) < 1e-3
    assert float(ratio.sel(form="energy")) > 0.01


def test_half_distance(module):
    half, distances = module["half_distance"], module["DISTANCES"]
    assert half(np.ones(17)) == 4
    assert half(np.zeros(17)) == 0
    assert half(1 - distances / 4) == pytest.approx(2)


def test_figure_and_table_of_a_run(study, tmp_path):
    settings = {"n_odors": 5, "n_units": 40, "n_steps": 3, "n_draws": 2}
    dataset = run(
        study, quick=True, settings=settings, repeats=2, n_workers=1, out=tmp_path / "r"
    ).dataset
    assert (dataset["status"] == 1).all()
    assert len(study.table(dataset).rows) == 17
    assert [len(axes.lines) >= 3 for axes in study.figure(dataset).axes] == [True] * 3
