"""Run a parameter sweep: points go to worker processes, their records to the journal."""

import functools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import xarray as xr
from threadpoolctl import ThreadpoolController

from olfnet import checks
from olfnet.lab import dataset as datasets
from olfnet.lab import executors
from olfnet.lab import journal as journals
from olfnet.lab.points import Point, Record, evaluate, failed, points_of
from olfnet.lab.progress import Report
from olfnet.lab.provenance import provenance
from olfnet.lab.study import Study, load_study, require_runnable
from olfnet.workers import processes

_Pool = Callable[[], AbstractContextManager[Executor]]
_Task = Callable[[Point], str]

# Points that wait at a cluster, whose number of workers changes.
_CLUSTER_AHEAD = 500


@dataclass(frozen=True, eq=False)
class Result:
    """The result of a run.

    Attributes
    ----------
    folder : Path
    dataset : xarray.Dataset
        All points in the folder, of this run and of earlier ones.
    journal : Journal
        Records and runs behind the dataset.
    n_left : int
        Points of this run that were not measured because it was stopped.
    stop : str
        Why it was stopped, or empty.
    changed : bool
        Whether the study's file is another one than in the run before, whose points were kept.
    """

    folder: Path
    dataset: xr.Dataset
    journal: journals.Journal
    n_left: int
    stop: str
    changed: bool = False

    @property
    def failures(self) -> list[Record]:
        """Records of the points whose measurement raised an exception."""
        return self.journal.failures


def run(
    study: Study,
    *,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    quick: bool = False,
    repeats: int | None = None,
    n_workers: int | None = None,
    scheduler: str | None = None,
    executor: Executor | None = None,
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
    n_workers : int, optional
        Processes of this machine, each with one BLAS thread; by default one for each core.
    scheduler : str, optional
        Address or scheduler file of a running Dask scheduler, whose workers are used instead.
        They must see the study's file.
    executor : concurrent.futures.Executor, optional
        Measures the points instead, and stays open.
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
    require_runnable(study)
    grid = study.grid(settings, quick=quick)
    seed = checks.count("seed", seed, minimum=0)
    default_repeats = study.quick_repeats if quick else study.n_repeats
    n_repeats = checks.count("repeats", default_repeats if repeats is None else repeats)
    if (n_workers, scheduler, executor).count(None) < 2:
        raise ValueError("only one of n_workers, scheduler and executor can be given")
    n_workers = checks.count("n_workers", (os.cpu_count() or 1) if n_workers is None else n_workers)
    pool: _Pool = functools.partial(processes, 1 if study.alone else n_workers)
    if scheduler is not None:
        pool = functools.partial(executors.cluster, scheduler)
    elif executor is not None:
        pool = functools.partial(_kept_open, executor)
    n_ahead = 1 if study.alone else 2 * n_workers if scheduler is None else _CLUSTER_AHEAD
    folder = Path(out or Path("results", study.name + ("-quick" if quick else "")))
    with journals.opened(folder, study.header(seed), datasets.require_intact) as journal:
        points = list(points_of(grid, n_repeats))
        todo = [point for point in points if _is_due(point, study, journal, retry_failed)]
        n_left, stop, changed = len(todo), "", False
        report(len(points) - n_left, len(points))
        if todo:
            former = journal.runs[-1].get("digest", "") if journal.runs else study.digest
            changed = study.digest != former and not study.redo
            about = provenance(study.file, command) | {"digest": study.digest}
            journal.append(json.dumps({"run": about}))
        source = (study.file, study.digest) if study.file else study.measure
        start = time.perf_counter()
        try:
            for line in _lines(pool, functools.partial(_evaluate, source, seed), todo, n_ahead):
                journal.append(line)
                n_left -= 1
                report(len(points) - n_left, len(points))
        except KeyboardInterrupt:
            stop = "interrupted"
        except CancelledError:
            stop = "the scheduler was lost"
        except BrokenExecutor:
            stop = "the executor is broken"
        if todo:
            journal.append(json.dumps({"wall_seconds": round(time.perf_counter() - start, 3)}))
        return Result(folder, datasets.save(journal, folder), journal, n_left, stop, changed)


def _is_due(point: Point, study: Study, journal: journals.Journal, retry_failed: bool) -> bool:
    """Whether a point is to be measured, perhaps again."""
    record = journal.records.get(point.key)
    if record is None or ((retry_failed or study.redo) and "failure" in record):
        return True
    return study.redo and journal.digests[point.key] != study.digest


def _lines(pool: _Pool, task: _Task, points: list[Point], n_ahead: int) -> Iterator[str]:
    """Yield the records of the points as they are finished.

    If a worker process is killed, a new pool is made. The points that the old one held are measured
    one by one, so that a point that kills its worker again is identified and recorded.
    """
    left = {point.key: point for point in points}
    while left:
        running: dict[Future[str], Point] = {}
        before = len(left)
        try:
            with pool() as executor:
                for point, line in _as_completed(executor, task, left, n_ahead, running):
                    yield line
                    del left[point.key]
        except BrokenExecutor:
            for point in running.values():
                yield _alone(task, left.pop(point.key))
            if len(left) == before:  # the caller's own executor, which is broken
                raise


def _as_completed(
    executor: Executor,
    task: _Task,
    points: Mapping[str, Point],
    n_ahead: int,
    running: dict[Future[str], Point],
) -> Iterator[tuple[Point, str]]:
    """Submit a few points ahead of the workers, so that even a huge sweep starts at once."""
    waiting = iter(list(points.values()))
    while True:
        for point in islice(waiting, n_ahead - len(running)):
            running[executor.submit(task, point)] = point
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            line = _record(future, running[future])
            yield running.pop(future), line


def _record(future: Future[str], point: Point) -> str:
    """Return the line of a finished point; errors that concern all points stop the run.

    A cluster gives up a point whose worker is killed repeatedly.
    """
    try:
        return future.result()
    except (BrokenExecutor, CancelledError, ValueError):
        raise
    except Exception as error:
        return failed(point, error)


@contextmanager
def _kept_open(executor: Executor) -> Iterator[Executor]:
    yield executor


def _alone(task: _Task, point: Point) -> str:
    """Measure a point in a process of its own."""
    try:
        with processes(1) as executor:
            return executor.submit(task, point).result()
    except BrokenExecutor:
        return failed(point, MemoryError("its worker process was killed, perhaps for memory"))


def _evaluate(
    source: tuple[Path, str] | Callable[..., Mapping[str, Any]], seed: int, point: Point
) -> str:
    """Measure a point in a worker, by the study's file and digest or by its function."""
    measure = _loaded(*source).measure if isinstance(source, tuple) else source
    with _threads().limit(limits=1):
        return evaluate(measure, point, seed)


@functools.cache
def _loaded(file: Path, digest: str) -> Study:
    """Return the study of a file, loaded once for each version, as workers may outlive one."""
    return load_study(file, digest=digest)


_threads = functools.cache(ThreadpoolController)
