"""The study of manifolds on small sizes: what must hold at any."""

from pathlib import Path

import numpy as np
import pytest

from olfnet.lab import load_study, run
from olfnet.readout import separable_prefix
from olfnet.theory import manifolds as theory

STUDY = Path(__file__).parents[1] / "studies" / "manifolds.py"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    study = load_study(STUDY)
    folder = tmp_path_factory.mktemp("manifolds")
    return study, run(study, quick=True, repeats=4, out=folder / "m").dataset


def test_spheres_follow_theory(small):
    """The sum over all 18 kinds, which have streams of their own.

    A break among P scatters by less than Cover's sqrt(2 P); the mean of whole numbers lies up to
    one sphere below theory for each kind.
    """
    study, dataset = small
    found = study.measure.__globals__
    n = int(dataset["n_features"].item())
    kinds = [(r, d) for d in found["DIMENSIONS"] for r in found["RADII"]]
    expected = n * theory.capacity(*np.transpose(kinds)).sum()
    total = n * float(dataset["spheres"].mean("repeat").sum())
    reach = 3.3 * np.sqrt(2 * expected / dataset.sizes["repeat"])
    assert expected - reach - len(kinds) < total < expected + reach
    spheres = dataset["spheres"].mean("repeat").squeeze(drop=True)
    assert (spheres.sel(sphere_radius=5.0) < spheres.sel(sphere_radius=0.1)).all()


def test_noise_makes_clouds_wider_and_harder(small):
    _, dataset = small
    mean = dataset.mean("repeat").squeeze(drop=True)
    quiet, loud = mean.sel(noise=1.0), mean.sel(noise=20.0)
    assert (loud["radius"] > 5 * quiet["radius"]).all()
    assert (loud["capacity"] < 0.8 * quiet["capacity"]).all()
    assert (loud["mean_field"] < 0.6 * quiet["mean_field"]).all()
    assert (mean["capacity"] < 2.5).all()


def test_white_centers_change_no_decision(small):
    study, _ = small
    whitened = study.measure.__globals__["whitened"]
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((12, 12))
    clouds = (rng.standard_normal((200, 1, 12)) + 0.3 * rng.standard_normal((200, 3, 12))) @ mixing
    white = whitened(clouds)
    np.testing.assert_allclose(np.cov(white.mean(axis=1).T), np.eye(12), atol=1e-9)
    labels = np.repeat(rng.choice([-1.0, 1.0], 200), 3)
    prefixes = [separable_prefix(points.reshape(-1, 12), labels) for points in (white, clouds)]
    assert prefixes[0] == prefixes[1] > 0


def test_tables_and_figures_bear_missing_points(small):
    study, dataset = small
    assert study.table(dataset).row_count == 18 + 10
    assert len(study.figure(dataset).axes) == 4
    holes = dataset.copy(deep=True)
    holes["status"][{"repeat": slice(1, None)}] = 0
    assert study.table(holes).row_count == 18 + 10
    study.figure(holes)
    holes["status"][:] = 2
    assert study.table(holes).row_count == 0
    study.figure(holes)
