"""Studies of expansion layers on small sizes: what must hold at any."""

from pathlib import Path

import numpy as np

from olfnet.lab import drawing, load_study

STUDIES = Path(__file__).parents[1] / "studies"


def run(name, folder, **settings):
    study = load_study(STUDIES / f"{name}.py")
    return study, study.run(quick=True, settings=settings, out=folder / name).dataset


def bear_holes(study, dataset):
    """Tables and figures of results with failed and missing points."""
    study.figure(dataset)
    holes = dataset.copy(deep=True)
    holes["status"][{"repeat": 0}] = 2
    study.table(holes)
    study.figure(holes)
    holes["status"][:] = 0
    assert study.table(holes).row_count == 0
    study.figure(holes)


def test_expansion_noise(tmp_path):
    """Three layers of 500 units: within .1 of theory where codes have 25 active units or more."""
    study, dataset = run("expansion_noise", tmp_path)
    module = study.measure.__globals__
    theory = module["theory"](dataset, module["LEVELS"])
    dense = module["LEVELS"] >= 0.05
    for name, tolerance in (("cluster_size", 0.05), ("error", 0.12)):
        mean, _ = drawing.mean_and_reach(module["chosen"](dataset, name))
        assert np.abs(mean - theory[name])[dense].max() < tolerance
    size = module["chosen"](dataset, "cluster_size").mean(axis=0)
    assert size[module["LEVELS"] == 0.01] > size[-1] + 0.1
    assert study.table(dataset).row_count == 8
    bear_holes(study, dataset)


def test_code_dimension(tmp_path):
    study, dataset = run("code_dimension", tmp_path)
    chosen = study.measure.__globals__["chosen"]
    plain, inhibited = chosen(dataset, "excitation"), chosen(dataset, "inhibition")
    assert plain[3].mean() > 2 * plain[1].mean()
    assert inhibited[7].mean() > 1.3 * plain[7].mean()
    assert chosen(dataset, "odors")[7].mean() < 0.8 * plain[7].mean()
    assert study.table(dataset).row_count == 4 * 3
    bear_holes(study, dataset)


def test_coding_level(tmp_path):
    study, dataset = run("coding_level", tmp_path)
    errors = study.measure.__globals__["chosen"](dataset, 50, 0.2).mean(axis=0)
    assert errors.max() < 0.45
    assert errors[[3, 4]].mean() < errors[0]  # f = .05 and .1 against .005
    assert study.table(dataset).row_count == 1
    bear_holes(study, dataset)
