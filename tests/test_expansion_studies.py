"""Studies of expansion layers on small sizes: what must hold at any."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from olfnet import lab
from olfnet.lab import drawing, load_study
from olfnet.theory import expansion

STUDIES = Path(__file__).parents[1] / "studies"


def run(name, folder, **settings):
    study = load_study(STUDIES / f"{name}.py")
    return study, lab.run(study, quick=True, settings=settings, out=folder / name).dataset


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


def repeated(study, n_repeats, **settings):
    """Measure one point again and again: each variable with repeats first."""
    streams = np.random.default_rng(0).spawn(n_repeats)
    found = [study.measure(**settings, rng=stream) for stream in streams]
    return {name: np.array([one[name].values for one in found]) for name in found[0]}


def sure(samples):
    """Mean, and how far from it the truth may be at odds of 1 in 10,000."""
    return drawing.mean_and_reach(samples, 0.9999)


def larger(samples, levels, than):
    """Whether values at the sparsest and the densest code exceed those at a level, at 99 %."""
    mean, reach = drawing.mean_and_reach(samples[:, [0, -1]] - samples[:, levels == than], 0.99)
    return mean > reach


def test_expansion_noise_and_theory():
    """Cluster size is exact but for distances of odors, which shrink by T^2 phi^2 / 2 / N."""
    study = load_study(STUDIES / "expansion_noise.py")
    module = study.measure.__globals__
    levels = module["LEVELS"]
    found = repeated(study, 12, n_odors=250, input_size=0.1, n_units=2000)

    mean, reach = sure(found["overlap"])
    all_orders = expansion.overlap(100, 2000, levels, all_orders=True)
    assert (np.abs(mean - all_orders) < reach).all()
    assert (np.abs(mean - expansion.overlap(100, 2000, levels)) > reach)[levels < 0.05].all()

    threshold, f = norm.isf(levels), levels * (1 - levels)
    closer = (threshold * norm.pdf(threshold)) ** 2 / 200 / f
    mean, reach = sure(found["cluster_size"])
    for size, agrees in ((0.1, True), (0.12, False)):
        off = np.abs(mean - expansion.cluster_size(size, levels))
        assert (off < reach + closer * mean).all() == agrees

    dense = levels > 0.04  # a hundred active units: sums of them are normal enough
    mean, reach = sure(found["error"])
    for n_odors, agrees in ((250, True), (500, False)):
        theory = expansion.readout_error(n_odors, 100, 2000, levels, 0.1)
        assert (np.abs(mean - theory) < reach)[dense].all() == agrees
    assert larger(found["error"], levels, than=0.02).all()


def test_expansion_noise(tmp_path):
    study, dataset = run("expansion_noise", tmp_path)
    assert study.table(dataset).row_count == 8
    bear_holes(study, dataset)


@pytest.mark.parametrize(("kind", "fan_in"), [("excitation", 3), ("inhibition", 7)])
def test_code_dimension_and_theory(kind, fan_in):
    study = load_study(STUDIES / "code_dimension.py")
    found = repeated(study, 8, kind=kind, fan_in=fan_in, n_units=200)
    mean, reach = sure(1 / found["dimension"])  # whose mean is hardly biased
    for inhibited in (False, True):
        theory = expansion.dimension(50, 200, fan_in, 0.1, inhibited)
        agrees = inhibited == (kind == "inhibition")
        assert (np.abs(mean - 1 / theory) < reach) == agrees


def test_code_dimension(tmp_path):
    study, dataset = run("code_dimension", tmp_path)
    chosen = study.measure.__globals__["chosen"]
    assert chosen(dataset, "odors")[7].mean() < 0.8 * chosen(dataset, "excitation")[7].mean()
    assert study.table(dataset).row_count == 4 * 3
    bear_holes(study, dataset)


@pytest.mark.parametrize("input_size", [0.2, 0.0])
def test_medium_coding_levels_are_best(input_size):
    """Noise is what makes the others worse: without any, they are not."""
    study = load_study(STUDIES / "coding_level.py")
    found = repeated(study, 20, n_odors=50, input_size=input_size, n_units=1000)
    levels = study.measure.__globals__["LEVELS"]
    worse = larger(found["error"], levels, than=0.05)
    assert worse.tolist() == [input_size > 0] * 2
    if input_size:  # theory, for many active units; that of one trial learned, not five, is wrong
        mean, reach = sure(found["hebbian_error"])
        for n_learned, agrees in ((5, True), (1, False)):
            theory = expansion.readout_error(50, 100, 1000, levels, input_size, n_learned)
            assert (np.abs(mean - theory) < reach)[levels > 0.04].all() == agrees


def test_coding_level(tmp_path):
    study, dataset = run("coding_level", tmp_path)
    assert study.table(dataset).row_count == 1
    bear_holes(study, dataset)
