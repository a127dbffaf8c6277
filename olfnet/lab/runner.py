"""Carrying a sweep through: points go to worker processes, their records to the journal."""

import functools
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import xarray as xr
from threadpoolctl import threadpool_limits

from olfnet import checks
from olfnet.lab import dataset as datasets
from olfnet.lab import journal as journals
from olfnet.lab.points import Point, Record, evaluate, points_of
from olfnet.lab.provenance import provenance
from olfnet.lab.study import Study, load_study

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Report = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Result:
    """What a run leaves behind.

    Attributes
    ----------
    folder : Path
    dataset : xarray.Dataset
        Everything the folder holds, from this run and earlier ones.
    failures : list of dict
        Records of the points whose measurement raised an exception.
    n_left : int
        Points of this run that were not measured because it was stopped.
    stop : str
        Why it was stopped, or empty.
    """

    folder: Path
    dataset: xr.Dataset
    failures: list[Record]
    n_left: int
    stop: str


def run(
    study: Study,
    *,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    quick: bool = False,
    repeats: int | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
    command: str = "",
    report: Report = lambda n_done, n_points: None,
) -> Result:
    """Measure the points of a study that its result folder does not hold yet.

    Parameters
    ----------
    study : Study
    settings : mapping of parameter names to values, optional
        Values to sweep in place of the study's own.
    seed : int
    out : path, optional
        Result folder; by default ``results/<study>``, with ``-quick`` for a quick trial.  A folder
        that holds the same study with the same seed grows by the new points.
    quick : bool
        Sweep the small values of a quick trial.
    repeats : int, optional
        Draws of each combination in place of the study's own number.
    workers : int, optional
        Processes, each with one BLAS thread; by default one for each core.  A study that was not
        loaded from a file runs in this process.
    retry_failed : bool
        Measure points again whose measurement failed.
    command : str
        How this run was called, for the record.
    report : callable (n_done, n_points)
        Called at the start and after each point.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If a setting is unknown or makes no sense, or the folder holds something else.
    """
    grid = study.grid(settings, quick=quick)
    seed = checks.count("seed", seed, minimum=0)
    default_repeats = study.quick_repeats if quick else study.n_repeats
    n_repeats = checks.count("repeats", default_repeats if repeats is None else repeats)
    n_workers = checks.count("workers", (os.cpu_count() or 1) if workers is None else workers)
    n_workers = 1 if study.alone else n_workers
    folder = Path(out or Path("results", study.name + ("-quick" if quick else "")))
    with journals.opened(folder, _header(study, seed), datasets.require_intact) as journal:
        points = list(points_of(grid, n_repeats))
        todo = [p for p in points if _wanted(journal.records.get(p.key), retry_failed)]
        report(len(points) - len(todo), len(points))
        stop, n_left = "", len(todo)
        if todo:
            journal.append(json.dumps({"run": provenance(study.file, command)}))
        try:
            for line in _lines(study, todo, seed, n_workers):
                journal.append(line)
                n_left -= 1
                report(len(points) - n_left, len(points))
        except KeyboardInterrupt:
            stop = "interrupted"
        except BrokenProcessPool:
            stop = "a worker process was killed, perhaps for lack of memory"
        return Result(folder, datasets.save(journal, folder), journal.failures, n_left, stop)


def _header(study: Study, seed: int) -> Record:
    return {
        "format": journals.FORMAT,
        "study": study.name,
        "question": study.question,
        "source": study.source,
        "seed": seed,
        "parameters": {p.name: {"meaning": p.meaning, "units": p.unit} for p in study.parameters},
    }


def _wanted(record: Record | None, retry_failed: bool) -> bool:
    return record is None or (retry_failed and "failure" in record)


def _lines(study: Study, points: list[Point], seed: int, n_workers: int) -> Iterator[str]:
    """Yield the records of the points as they are finished."""
    if study.file is None:
        with threadpool_limits(limits=1):
            yield from (evaluate(study.measure, point, seed) for point in points)
    elif points:
        with worker_pool(min(n_workers, len(points))) as pool:
            task = functools.partial(_evaluate_file, study.file, seed)
            yield from _as_completed(pool, task, points, n_ahead=4 * n_workers)


def _as_completed(
    executor: Executor, task: Callable[[Point], str], points: Iterable[Point], n_ahead: int
) -> Iterator[str]:
    """Keep a few points ahead of the workers, so that even a huge sweep starts at once."""
    waiting, running = iter(points), set[Future[str]]()
    while True:
        running |= {executor.submit(task, p) for p in islice(waiting, n_ahead - len(running))}
        if not running:
            return
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


@contextmanager
def worker_pool(n_workers: int) -> Iterator[Executor]:
    """Fresh processes with one BLAS thread each; they end at once if the block is left early."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    with _environment(dict.fromkeys(_THREADS, "1")):
        with ProcessPoolExecutor(n_workers, context, initializer=_settle) as pool:
            try:
                yield pool
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in set(multiprocessing.active_children()) - others:
                    worker.terminate()
                raise


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables for child processes; BLAS libraries read them when they are loaded."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _settle() -> None:
    """Leave Ctrl-C to the main process, and do not outlive it if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _evaluate_file(file: Path, seed: int, point: Point) -> str:
    return evaluate(_loaded(file).measure, point, seed)


_loaded = functools.cache(load_study)
