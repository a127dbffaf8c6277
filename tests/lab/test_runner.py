"""Sweeps on worker processes: identical bytes however they were run, and nothing lost."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr

from olfnet.lab import Parameter, Study, load_study, run
from olfnet.lab.dataset import DONE, FAILED, MISSING
from olfnet.lab.journal import NAME

DATA = "data.zarr"


def test_dataset_is_labeled_and_read_by_plain_xarray(reference):
    with xr.open_zarr(reference / DATA, consolidated=False) as dataset:
        dataset.load()
    assert dataset["size"].attrs["meaning"] == "length of a list"
    assert dataset["fail"].attrs["units"] == "1"
    assert dataset["noise"].dims == ("size", "kind", "fail", "repeat", "place")
    assert dataset["noise"].attrs["units"] == "Hz"
    assert dataset["place"].values.tolist() == [10, 20, 30]
    assert dataset["kind"].values.tolist() == ["a", "b"]
    assert dataset["total"].dtype == np.int64
    assert (dataset["status"] == DONE).all()
    wanted = {
        "seed",
        "study",
        "question",
        "olfnet",
        "numpy",
        "scipy",
        "python",
        "commit",
        "machine",
    }
    assert wanted | {"date", "command", "wall_seconds"} <= set(dataset.attrs)
    assert 0 < dataset.attrs["wall_seconds"] < 100
    assert np.unique(dataset["noise"]).size == dataset["noise"].size


def test_lists_of_different_length_are_filled_with_nan(reference):
    with xr.open_zarr(reference / DATA, consolidated=False) as dataset:
        lengths = dataset["tail"].notnull().sum("i")
        assert (lengths == dataset["size"]).all()


@pytest.mark.parametrize("n_workers", [1, 3])
def test_same_bytes_for_any_number_of_workers(example, reference, tmp_path, n_workers, data_bytes):
    run(load_study(example), out=tmp_path / "other", n_workers=n_workers)
    assert data_bytes(tmp_path / "other") == data_bytes(reference)


def test_another_seed_gives_other_numbers(example, reference, tmp_path, data_bytes):
    run(load_study(example), out=tmp_path / "other", seed=1)
    assert data_bytes(tmp_path / "other") != data_bytes(reference)


def test_growing_reuses_points_and_ends_in_the_same_bytes(example, reference, tmp_path, data_bytes):
    study, folder = load_study(example), tmp_path / "grown"
    run(study, out=folder, settings={"size": 3, "kind": "a"}, repeats=1)
    first = (folder / NAME).read_text()
    run(study, out=folder, settings={"kind": ["a", "b"]}, repeats=1)
    run(study, out=folder)
    assert (folder / NAME).read_text().startswith(first)
    assert len((folder / NAME).read_text().splitlines()) == 1 + 2 * 3 + 12
    assert data_bytes(folder) == data_bytes(reference)


def test_combinations_that_nobody_asked_for_are_missing(example, tmp_path):
    study, folder = load_study(example), tmp_path / "holes"
    run(study, out=folder, settings={"size": 1, "kind": "a"})
    dataset = run(study, out=folder, settings={"size": 2, "kind": "b"}).dataset
    assert dataset["status"].sel(size=1, kind="b").values.tolist() == [[MISSING, MISSING]]
    assert dataset["noise"].sel(size=1, kind="b").isnull().all()


def test_a_record_cut_short_is_measured_again(example, reference, data_bytes):
    journal = reference / NAME
    whole = data_bytes(reference)
    dataset = reference / DATA
    dataset.rename(reference / "moved")
    journal.write_bytes(journal.read_bytes()[:-30])
    result = run(load_study(example), out=reference)
    assert len(journal.read_text().splitlines()) == 1 + 1 + 12 + 2
    assert result.n_left == 0
    assert data_bytes(reference) == whole


def test_failures_are_recorded_and_can_be_measured_again(example, tmp_path):
    study = load_study(example)
    result = run(study, out=tmp_path / "r", settings={"fail": 2})
    assert len(result.failures) == 4
    assert result.dataset["failure"].sel(size=2, kind="a", repeat=0).item() == (
        "RuntimeError: size 2 is cursed"
    )
    assert result.dataset["noise"].sel(size=2).isnull().all()
    assert (result.dataset["status"].sel(size=2) == FAILED).all()
    example.write_text(example.read_text().replace("if size == fail", "if size == 99"))
    again = load_study(example)
    assert len(run(again, out=tmp_path / "r", settings={"fail": 2}).failures) == 4
    mended = run(again, out=tmp_path / "r", settings={"fail": 2}, retry_failed=True)
    assert mended.failures == []
    assert "failure" not in mended.dataset


def test_workers_have_one_blas_thread(tmp_path):
    file = tmp_path / "threads.py"
    file.write_text(
        "import numpy\nfrom threadpoolctl import threadpool_info\n"
        "from olfnet.lab import Study\n"
        "def measure(*, rng):\n"
        "    return {'n': max(p['num_threads'] for p in threadpool_info())}\n"
        "study = Study('threads', '?', '', (), measure)\n"
    )
    assert run(load_study(file), out=tmp_path / "r").dataset["n"].item() == 1


def test_a_study_from_a_notebook_runs_on_worker_processes(tmp_path):
    parameters = (Parameter("n", (1, 2), "count"),)
    study = Study("note", "?", "", parameters, lambda *, n, rng: {"pid": os.getpid() + 0 * n})
    pids = run(study, out=tmp_path / "r").dataset["pid"].values
    assert os.getpid() not in pids


def test_any_executor_will_do(example, reference, tmp_path, data_bytes):
    with ThreadPoolExecutor(2) as executor:
        run(load_study(example), out=tmp_path / "other", executor=executor)
        assert executor.submit(int).result() == 0
    assert data_bytes(tmp_path / "other") == data_bytes(reference)


def test_measured_names_must_keep_their_dimensions(tmp_path):
    def measure(*, n, rng):
        return {"x": xr.DataArray(np.ones((1,) * n), dims=["a", "b"][:n])}

    study = Study("odd", "?", "", (Parameter("n", (1, 2), "axes"),), measure)
    result = run(study, out=tmp_path / "r", n_workers=1)
    assert result.dataset["status"].values.ravel().tolist() == [1, 2]
    (failure,) = result.failures
    assert "x with the same dimensions at every point, got ['a', 'b'] after" in failure["failure"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seed": -1}, "seed must be at least 0"),
        ({"seed": 1.5}, "seed must be an integer"),
        ({"repeats": 0}, "repeats must be at least 1"),
        ({"n_workers": -1}, "n_workers must be at least 1"),
        (
            {"n_workers": 2, "scheduler": "tcp://x:1"},
            "only one of n_workers, scheduler and executor",
        ),
        ({"settings": {"nothing": 1}}, "example has no parameter 'nothing'"),
    ],
)
def test_options_that_make_no_sense(example, tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        run(load_study(example), out=tmp_path / "r", **options)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_stopped_runs_go_on_to_the_same_bytes(
    slow_example, shell, tmp_path, blow, data_bytes, wait_for
):
    command = (slow_example, "--out", "stopped", "--workers", "2")
    process = shell(*command, start=subprocess.Popen)
    wait_for(tmp_path / "stopped" / NAME, 4)
    process.send_signal(blow)
    _, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors
    assert process.returncode == (130 if blow == signal.SIGINT else -signal.SIGKILL)
    done = (tmp_path / "stopped" / NAME).read_bytes()
    assert 4 <= done.count(b"\n") < 14
    assert shell(*command).returncode == 0
    assert (tmp_path / "stopped" / NAME).read_bytes().startswith(done[: done.rindex(b"\n") + 1])
    run(load_study(slow_example), out=tmp_path / "whole")
    assert data_bytes(tmp_path / "stopped") == data_bytes(tmp_path / "whole")


def test_a_second_writer_is_refused(slow_example, shell, tmp_path, wait_for):
    first = shell(slow_example, "--out", "r", start=subprocess.Popen)
    wait_for(tmp_path / "r" / NAME, 2)
    second = shell(slow_example, "--out", "r")
    assert first.wait() == 0
    first.communicate()
    assert second.returncode == 2
    assert second.stderr.strip().endswith("another run is writing to r; choose another --out")


@pytest.mark.parametrize("always", [True, False])
def test_a_killed_worker_costs_at_most_the_point_that_kills_it(tmp_path, always):
    file = tmp_path / "deadly.py"
    file.write_text(
        "import os, pathlib, time\nfrom olfnet.lab import Parameter, Study\n"
        "def measure(*, n, rng):\n"
        "    spared = pathlib.Path(__file__).with_name('spared')\n"
        f"    if n == 3 and ({always} or not spared.exists()):\n"
        "        spared.touch()\n        time.sleep(0.5)\n        os._exit(9)\n"
        "    return {'x': rng.random()}\n"
        "study = Study('deadly', '?', '', (Parameter('n', range(8), 'n'),), measure)\n"
    )
    result = run(load_study(file), out=tmp_path / "r", n_workers=2)
    assert result.n_left == 0
    assert [record["parameters"] for record in result.failures] == ([{"n": 3}] if always else [])
    if always:
        assert result.failures[0]["failure"].startswith(
            "MemoryError: its worker process was killed"
        )
    assert (result.dataset["status"] == DONE).sum() == 8 - always


def test_a_study_that_exits_is_a_failed_point(tmp_path):
    def measure(*, n, rng):
        if n == 1:
            raise SystemExit("enough")
        return {"x": n}

    study = Study("exits", "?", "", (Parameter("n", (0, 1, 2), "n"),), measure)
    result = run(study, out=tmp_path / "r", n_workers=1)
    assert [record["failure"] for record in result.failures] == ["SystemExit: enough"]
    assert result.n_left == 0


@pytest.mark.parametrize("call", ["main", "run"])
def test_a_study_without_guard_is_refused_before_workers_start_it_again(tmp_path, call):
    file = tmp_path / "bare.py"
    file.write_text(
        "from olfnet.lab import Study, main, run\n"
        "study = Study('bare', '?', '', (), lambda *, rng: {'x': 1})\n"
        f"{call}(study)\n"
    )
    with pytest.raises(ValueError, match='must be run under if __name__ == "__main__"'):
        load_study(file)
    file.write_text(
        "from olfnet.lab import Study\nstudy = Study('b', '?', '', (), lambda *, rng: {})\n"
    )
    assert load_study(file).name == "b"


def test_negative_zero_is_zero(tmp_path):
    parameters = (Parameter("level", 0.0, "n"),)
    study = Study("zero", "?", "", parameters, lambda *, level, rng: {"x": rng.random()})
    first = run(study, out=tmp_path / "r", n_workers=1).dataset
    again = run(study, out=tmp_path / "r", n_workers=1, settings={"level": -0.0}).dataset
    assert first.equals(again)
