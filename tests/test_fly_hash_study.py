"""The study of the fly's hash on small numbers: its metrics, its baselines, its ratio."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from olfnet.lab import load_study, run
from olfnet.lab.register import import_claims

STUDY = Path(__file__).parents[1] / "studies" / "fly_hash.py"
BENCHMARK = STUDY.parent / "benchmarks" / "hashing.py"


hashing = vars(import_claims("hashing"))


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    study = load_study(STUDY)
    return study, run(study, quick=True, out=tmp_path_factory.mktemp("fly") / "r").dataset


def test_data_have_equal_means(quick):
    study, dataset = quick
    for draw in (hashing["digits"], hashing["odors"]):
        vectors = draw(np.random.default_rng(0))
        np.testing.assert_allclose(vectors.mean(axis=1), 1, rtol=1e-12)
        assert vectors.min() >= 0
    assert (dataset["status"] == 1).all()
    assert dataset["hash"].values.tolist() == ["fly", "binary", "dense", "signs"]


def test_claims_hash_as_the_estimator_does():
    """Claims may not import estimators: the same wiring makes the same hashes."""
    study = load_study(STUDY)
    vectors = hashing["digits"](np.random.default_rng(0))[:100]
    fly, binary, dense, signs = study.measure.__globals__["hashers"](4, 640, 7)
    wanted = hashing["winners"](vectors, 4, np.random.default_rng(0))
    fly.fit(vectors)
    drive = fly.circuit_.drive(vectors)
    assert wanted.shape == drive.shape
    assert (np.diff(wanted.indptr) == 4).all()
    hashes = fly.transform(vectors).toarray()
    np.testing.assert_allclose(hashes[hashes > 0], drive[hashes > 0], rtol=1e-12)
    np.testing.assert_array_equal(binary.fit_transform(vectors).toarray(), hashes > 0)
    assert (fly.circuit_.fan_in == hashing["FAN_IN"]).all()


def test_the_fly_beats_dense_projections_and_these_their_signs_at_short_hashes(quick):
    """At length 2: twice as good each; 4 repeats of .45 (fly) and .3 (signs) in the log."""
    _, dataset = quick
    short = np.log(dataset["listed"].sel(hash_length=2).squeeze(drop=True))
    for data in ("digits", "odors"):
        gain = short.sel(data=data, hash="fly") - short.sel(data=data, hash="dense")
        assert gain.mean() > 0
        loss = short.sel(data=data, hash="signs") - short.sel(data=data, hash="dense")
        assert loss.mean() < 0


def test_advantage_is_the_geometric_mean_of_paired_ratios(quick):
    study, _ = quick
    advantage = study.table.__globals__["advantage"]
    samples = np.array([[0.2, 0, 0.1, 0], [0.8, 0, 0.1, 0]])
    value, low, high = advantage(samples)
    assert value == pytest.approx(4)
    assert low * high == pytest.approx(16)  # symmetrical on a scale of ratios
    assert advantage(samples[:, [2, 1, 0, 3]])[0] == pytest.approx(1 / 4)  # and in both hashes


def test_tables_and_figures_bear_holes(quick):
    study, dataset = quick
    assert study.table(dataset).row_count == 4
    holes = dataset.copy(deep=True)
    holes["status"][{"repeat": 0}] = 2
    study.table(holes)
    study.figure(holes)
    holes["status"][:] = 0
    assert study.table(holes).row_count == 0
    study.figure(holes)


@pytest.fixture
def timings():
    """Timings as the benchmark returns them, of which one package is not installed."""
    benchmark = load_study(BENCHMARK)
    hashers = next(one.values for one in benchmark.parameters if one.name == "hasher")
    seconds = np.arange(1.0, len(hashers) + 1)
    seconds[list(hashers).index("FlyHash package")] = np.nan
    dims = ("hasher", "n_vectors", "n_units", "repeat")
    values = (dims, seconds.reshape(-1, 1, 1, 1))
    coords = {"hasher": list(hashers), "n_vectors": [100], "n_units": [200], "repeat": [0]}
    return benchmark, xr.Dataset({"seconds": values, "memory": values}, coords)


def test_methods_can_be_chosen_on_the_command_line(timings):
    """There commas part the values."""
    assert not [name for name in timings[1]["hasher"].values if "," in name]


def test_a_method_that_is_not_installed_is_named(timings):
    benchmark, dataset = timings
    cells = [list(column.cells) for column in benchmark.table(dataset).columns]
    row = cells[0].index("FlyHash package")
    assert [column[row] for column in cells[3:]] == ["not timed", "", ""]
    assert "nan" not in str(cells)
    without_peer = dataset.sel(hasher=["olfnet: 6 inputs"])
    assert [list(column.cells) for column in benchmark.table(without_peer).columns][4] == [""]
    benchmark.figure(dataset)
    benchmark.figure(dataset.where(dataset["seconds"] < 0))


def test_a_timing_is_of_the_method_named(timings):
    """A process of its own that hashes; memory is what it needs, not what this one has used."""
    assert np.ones(75_000_000).sum() * 8 == 6e8
    found = timings[0].measure(
        hasher="olfnet: 6 inputs", n_vectors=40, n_units=200, rng=np.random.default_rng(0)
    )
    assert 0 < float(found["seconds"]) < 60
    assert 1e6 < float(found["memory"]) < 5e8
