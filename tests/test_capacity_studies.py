"""Studies of what readouts can store, on small sizes: what must hold at any."""

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from olfnet import lab
from olfnet.lab import load_study
from olfnet.lab.results import along
from olfnet.theory import gardner

STUDIES = Path(__file__).parents[1] / "studies"


def run(name, folder, **settings):
    study = load_study(STUDIES / f"{name}.py")
    return study, lab.run(study, quick=True, settings=settings, out=folder / name).dataset


@pytest.fixture(scope="module")
def margins(tmp_path_factory):
    return run("margins_and_labels", tmp_path_factory.mktemp("studies"), n_dims=(15, 30, 60))


@pytest.fixture(scope="module")
def signs(tmp_path_factory):
    return run("sign_constraints", tmp_path_factory.mktemp("studies"), n_dims=(15, 30))


def test_margins_and_labels_follow_theory(margins):
    """Means of four repeats scatter by up to .1 at 60 dimensions: four and a half times that."""
    study, dataset = margins
    found = study.measure.__globals__
    for name, values in (("at_margin", found["MARGINS"]), ("at_fraction", found["FRACTIONS"])):
        samples = along(dataset, name, "n_dims")[60]
        theory = np.array([found["predicted"](name, value) for value in values])
        assert (np.abs(samples.mean(axis=0) / theory - 1) < 0.45).all()
    margin = along(dataset, "at_margin", "n_dims")[60].mean(axis=0)
    assert (np.diff(margin) < 0).all()


def test_constraints_follow_theory(signs):
    study, dataset = signs
    found = study.measure.__globals__
    silent = along(dataset, "silent", "n_dims")[30].mean(axis=0)
    rho, loads = found["robust_loads"]()
    theory = gardner.silent_fraction(np.interp(found["LOADS"], loads, rho))
    assert np.abs(silent - theory).max() < 0.15
    assert (np.diff(silent) < 0).all()
    robust = along(dataset, "at_robustness", "n_dims")[30].mean(axis=0)
    assert robust[0] > 1.5 * robust[-1]


@pytest.mark.parametrize("name", ["margins", "signs"])
def test_tables_and_figures_bear_missing_points(name, request):
    study, dataset = request.getfixturevalue(name)
    whole = study.table(dataset).row_count
    holes = dataset.copy(deep=True)
    holes["status"][{"n_dims": 0}] = 2
    holes["status"][{"n_dims": 1, "repeat": slice(1, None)}] = 0
    assert study.table(holes).row_count == whole
    assert len(study.figure(holes).axes) == len(study.figure(dataset).axes)


def test_recall(tmp_path):
    study, dataset = run("recall", tmp_path)
    rules = study.measure.__globals__["RULES"]
    done = dataset.squeeze(drop=True).mean("repeat")
    assert (done["recalled"].sel(load=0.01) == 1).all()  # two odors
    at_one = done["recalled"].sel(load=1.0)
    best = at_one.sel(rule=["perceptron", "maximum margin"])
    assert (best > 0.9).all()
    assert (at_one.drop_sel(rule=best["rule"].values) < 0.85).all()
    assert (done["on_trials"].isel(noisy_load=-1) < done["on_trials"].isel(noisy_load=1)).all()
    assert study.table(dataset).row_count == len(rules)
    page = Console(width=80, record=True, file=io.StringIO())
    page.print(study.table(dataset))
    assert "…" not in page.export_text()  # no number is cut off
    study.figure(dataset)
    dataset["status"][:] = 2
    assert study.table(dataset).row_count == 0
    study.figure(dataset)
