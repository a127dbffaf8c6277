"""What several tests share."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

# Tests may run side by side, where threads of BLAS slow each other down.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from olfnet.lab import load_study, run, sweep  # noqa: E402  (reads these variables)

ROOT = Path(__file__).parents[1]

EXAMPLE = '''
"""A study of a few milliseconds."""

import time

import xarray as xr

from olfnet.lab import Parameter, Study, main


def measure(*, size, kind, fail, rng):
    time.sleep({pause})
    if size == fail:
        raise RuntimeError(f"size {{size}} is cursed")
    noise = xr.DataArray(rng.standard_normal(3), {{"place": [10, 20, 30]}}, attrs={{"units": "Hz"}})
    tail = xr.DataArray([1.5] * size, dims="i")
    return {{"noise": noise, "total": int(noise.size), "tail": tail}}


def figure(dataset):
    from matplotlib.figure import Figure

    drawing = Figure()
    drawing.subplots().hist(dataset["noise"].values.ravel())
    return drawing


study = Study(
    name="example",
    question="Does the lab work?",
    source="none",
    parameters=(
        Parameter("size", (1, 2, 3), "length of a list", quick=1),
        Parameter("kind", ("b", "a"), "a label"),
        Parameter("fail", 0, "size that fails", unit="1"),
    ),
    measure=measure,
    figure=figure,
    n_repeats=2,
)

if __name__ == "__main__":
    main(study)
'''


@pytest.fixture(scope="session")
def threads():
    """Executor without processes, for tests of everything else."""
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def no_processes(monkeypatch, threads):
    """Let commands measure their points in threads."""
    monkeypatch.setattr(sweep, "processes", lambda n_workers: nullcontext(threads))


@pytest.fixture
def example(tmp_path):
    """File of a study with 12 points that returns numbers, lists and labeled arrays."""
    return write_example(tmp_path, pause=0)


@pytest.fixture
def slow_example(tmp_path):
    """The same, a tenth of a second for each point."""
    return write_example(tmp_path, pause=0.1)


@pytest.fixture
def reference(example, tmp_path, threads):
    """Folder of an undisturbed run."""
    return run(load_study(example), out=tmp_path / "reference", executor=threads).folder


def write_example(folder, pause):
    file = folder / "studies" / "example.py"
    file.parent.mkdir()
    file.write_text(EXAMPLE.format(pause=pause))
    return file


@pytest.fixture
def data_bytes():
    """Contents of all arrays; the group's own file holds date and command, and is left out."""

    def read(folder):
        data = folder / "data.zarr"
        files = [file for file in data.rglob("*") if file.is_file()]
        assert len(files) > 5
        contents = {str(file.relative_to(folder)): file.read_bytes() for file in files}
        del contents["data.zarr/zarr.json"]
        return contents

    return read


@pytest.fixture
def wait_for():
    """Wait until a journal has so many lines."""

    def wait(file, n_lines):
        while not file.is_file() or file.read_bytes().count(b"\n") < n_lines:
            time.sleep(0.02)

    return wait


@pytest.fixture
def shell(tmp_path):
    """Run a Python command in an empty folder, as a user would."""

    def run(*arguments, start=subprocess.run, **options):
        source = {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, *map(str, arguments)]
        return start(command, cwd=tmp_path, env=os.environ | source, **streams | options)

    return run
