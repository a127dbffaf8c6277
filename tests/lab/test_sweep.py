"""Runs of studies: the same bytes however they were run, failed points, changed files."""

import os
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager

import numpy as np
import pytest
import xarray as xr
from threadpoolctl import threadpool_info

from olfnet.lab import Parameter, Study, load_study, main, run, sweep
from olfnet.lab.dataset import DONE, FAILED, MISSING


def test_dataset_is_labeled_and_read_by_plain_xarray(reference):
    with xr.open_zarr(reference / "data.zarr", consolidated=False) as dataset:
        dataset.load()
    assert dataset["size"].attrs["meaning"] == "length of a list"
    assert dataset["fail"].attrs["units"] == "1"
    assert dataset["noise"].dims == ("size", "kind", "fail", "repeat", "place")
    assert dataset["noise"].attrs["units"] == "Hz"
    assert dataset["place"].values.tolist() == [10, 20, 30]
    assert dataset["kind"].values.tolist() == ["a", "b"]
    assert dataset["total"].dtype == np.int64
    assert (dataset["status"] == DONE).all()
    about = "seed study question olfnet numpy scipy python commit machine date command wall_seconds"
    assert set(about.split()) <= set(dataset.attrs)
    assert np.unique(dataset["noise"]).size == dataset["noise"].size
    assert (dataset["tail"].notnull().sum("i") == dataset["size"]).all()


@pytest.mark.parametrize("n_workers", [1, 3])
def test_worker_processes_give_the_same_bytes(example, reference, tmp_path, n_workers, data_bytes):
    run(load_study(example), out=tmp_path / "other", n_workers=n_workers)
    assert data_bytes(tmp_path / "other") == data_bytes(reference)


def test_another_seed_gives_other_numbers(example, reference, tmp_path, data_bytes, threads):
    run(load_study(example), out=tmp_path / "other", seed=1, executor=threads)
    assert data_bytes(tmp_path / "other") != data_bytes(reference)


def test_a_study_from_a_notebook_runs_on_workers_with_one_blas_thread(tmp_path):
    def measure(*, n, rng):
        return {"pid": os.getpid(), "threads": max(p["num_threads"] for p in threadpool_info())}

    study = Study("note", "?", "", (Parameter("n", (1, 2), "count"),), measure, alone=True)
    dataset = run(study, out=tmp_path / "r").dataset
    assert os.getpid() not in dataset["pid"].values
    assert (dataset["threads"] == 1).all()


@pytest.fixture
def sweep_of(tmp_path, threads):
    """Run a function over parameters, in threads; always to the same folder."""

    def swept(measure, *parameters, **options):
        study = Study("s", "Really?", "none", parameters, measure)
        return run(study, out=tmp_path / "r", **{"executor": threads} | options)

    return swept


def test_missing_values_are_nan(sweep_of):
    def measure(*, a, b, rng):
        return {
            "x": xr.DataArray(np.arange(a), dims="i"),
            "y": a,
            "empty": xr.DataArray([], dims="e"),
        }

    parameters = (Parameter("a", (1, 3), "length"), Parameter("b", ("u", "v"), "other"))
    sweep_of(measure, *parameters, settings={"a": 3})
    dataset = sweep_of(measure, *parameters, settings={"a": 1, "b": "u"}).dataset
    assert dataset["status"].sel(a=1, b="v").item() == MISSING
    assert np.isnan(dataset["y"].sel(a=1, b="v")).all()
    assert np.isnan(dataset["x"].sel(a=1).values).sum() == 5
    assert dataset["x"].sel(a=3).values.ravel().tolist() == [0, 1, 2, 0, 1, 2]
    assert dataset["empty"].shape == (2, 2, 1, 0)


@pytest.mark.parametrize("name", ["seconds", "values", "parameters", "traceback"])
def test_a_parameter_may_be_named_like_a_part_of_its_record(sweep_of, name):
    def measure(*, rng, **given):
        return {"x": 10 * given[name]}

    dataset = sweep_of(measure, Parameter(name, (2, 1, 3), "number")).dataset
    assert dataset[name].values.tolist() == [1, 2, 3]
    assert dataset["x"].values.ravel().tolist() == [10, 20, 30]


def test_failures_are_recorded_and_can_be_measured_again(sweep_of):
    def measure(*, a, b, rng):
        if a == 2:
            raise RuntimeError("two")
        return {"x": a}

    a, b = Parameter("a", (1, 2), "number"), Parameter("b", ("u", "v"), "text")
    result = sweep_of(measure, a, b)
    assert [record["parameters"] for record in result.failures] == [
        {"a": 2, "b": "u"},
        {"a": 2, "b": "v"},
    ]
    assert result.dataset["failure"].sel(a=2, b="u").item() == "RuntimeError: two"
    assert result.dataset["x"].sel(a=2).isnull().all()
    assert (result.dataset["status"].sel(a=2) == FAILED).all()
    assert len(sweep_of(lambda a, b, rng: {"x": a}, b, a).failures) == 2
    mended = sweep_of(lambda a, b, rng: {"x": a}, b, a, retry_failed=True)
    assert mended.failures == []
    assert "failure" not in mended.dataset


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed must be at least 0"),
        ({"seed": 1.5}, "seed must be an integer"),
        ({"repeats": 0}, "repeats must be at least 1"),
        ({"n_workers": -1}, "n_workers must be at least 1"),
        ({"n_workers": 2, "scheduler": "x:1"}, "only one of n_workers, scheduler and executor"),
        ({"settings": {"nothing": 1}}, "example has no parameter 'nothing'"),
    ],
)
def test_invalid_options(example, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        run(load_study(example), out=tmp_path / "r", **options)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("verb", [run, main])
def test_what_is_no_study(verb):
    with pytest.raises(ValueError, match="study must be a Study, got 'example.py'; load_study"):
        verb("example.py")


def test_workers_measure_by_the_present_version_of_a_file(tmp_path, threads):
    file = tmp_path / "s.py"

    def version(factor):  # texts of the same length, within the same second
        file.write_text(
            "from olfnet.lab import Parameter, Study\n"
            f"def measure(*, n, rng):\n    return {{'x': n * {factor}}}\n"
            "study = Study('s', '?', 'none', (Parameter('n', (1, 2), 'number'),), measure)\n"
        )
        return load_study(file)

    for factor in (1, 5):
        result = run(version(factor), out=tmp_path / str(factor), executor=threads)
        assert result.dataset["x"].values.ravel().tolist() == [factor, 2 * factor]
    former = version(8)
    grown = run(version(7), out=tmp_path / "5", settings={"n": (2, 3)}, executor=threads)
    assert grown.changed
    assert grown.dataset["x"].values.ravel().tolist() == [5, 10, 21]
    with pytest.raises(ValueError, match="s.py is not the same here as where the run was started"):
        run(former, out=tmp_path / "r", executor=threads)


class Fragile(Executor):
    """Stands for workers: some points kill theirs."""

    def __init__(self, error, deadly):
        self.error, self.deadly, self.broken = error, deadly, False

    def submit(self, task, point):
        if self.broken:
            raise self.error
        future = Future()
        self.broken = self.deadly(point.parameters["n"])
        if self.broken:
            future.set_exception(self.error)
        else:
            future.set_result(task(point))
        return future


def fragile_pools(deadly):
    """Stand-in for `olfnet.workers.processes`, with new workers at each call."""

    @contextmanager
    def pool(n_workers, prepare=None):
        yield Fragile(BrokenExecutor(), deadly)

    return pool


@pytest.mark.parametrize("n_deaths", [1, 99])
def test_a_killed_worker_costs_at_most_the_point_that_kills_it(sweep_of, monkeypatch, n_deaths):
    deaths = iter(range(n_deaths))
    monkeypatch.setattr(
        sweep, "processes", fragile_pools(lambda n: n == 3 and next(deaths, None) is not None)
    )
    result = sweep_of(
        lambda n, rng: {"x": n}, Parameter("n", range(8), "n"), executor=None, n_workers=2
    )
    assert result.n_left == 0
    failures = [(record["parameters"]["n"], record["failure"]) for record in result.failures]
    killed = "MemoryError: its worker process was killed, perhaps for memory"
    assert failures == ([] if n_deaths == 1 else [(3, killed)])
    assert (result.dataset["status"] == DONE).sum() == 8 - len(failures)


@pytest.mark.parametrize(
    ("error", "stop"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (CancelledError(), "the scheduler was lost"),
        (BrokenExecutor(), "the executor is broken"),
    ],
)
def test_a_stopped_run_goes_on(sweep_of, monkeypatch, error, stop):
    monkeypatch.setattr(sweep, "processes", fragile_pools(lambda n: False))
    parameter = Parameter("n", range(8), "n")
    executor = Fragile(error, lambda n: n == 3)
    result = sweep_of(lambda n, rng: {"x": n}, parameter, executor=executor)
    assert result.stop == stop
    assert 0 < result.n_left <= 8
    assert sweep_of(lambda n, rng: {"x": n}, parameter).dataset["x"].sum() == 28


def test_a_point_that_a_cluster_gives_up_is_a_failure(sweep_of):
    executor = Fragile(RuntimeError("given up"), lambda n: n == 3)
    result = sweep_of(lambda n, rng: {"x": n}, Parameter("n", (1, 2, 3), "n"), executor=executor)
    assert [record["failure"] for record in result.failures] == ["RuntimeError: given up"]
