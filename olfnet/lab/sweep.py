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
from olfnet.lab.study import Study, load_study, require_guard
from olfnet.workers import processes

Place = Callable[[], AbstractContextManager[Executor]]
Task = Callable[[Point], str]

# Points handed to a cluster before their turn: its workers come and go.
CLUSTER_AHEAD = 500


@dataclass(frozen=True, eq=False)
class Result:
    """What a run leaves behind.

    Attributes
    ----------
    folder : Path
    dataset : xarray.Dataset
        Everything the folder holds, from this run and earlier ones.
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
    require_guard()
    grid = study.grid(settings, quick=quick)
    seed = checks.count("seed", seed, minimum=0)
    default_repeats = study.quick_repeats if quick else study.n_repeats
    n_repeats = checks.count("repeats", default_repeats if repeats is None else repeats)
    if (n_workers, scheduler, executor).count(None) < 2:
        raise ValueError("only one of n_workers, scheduler and executor can be given")
    n_workers = checks.count("n_workers", (os.cpu_count() or 1) if n_workers is None else n_workers)
    place: Place = functools.partial(processes, 1 if study.alone else n_workers)
    if scheduler is not None:
        place = functools.partial(executors.cluster, scheduler)
    elif executor is not None:
        place = functools.partial(_as_it_is, executor)
    n_ahead = 1 if study.alone else 2 * n_workers if scheduler is None else CLUSTER_AHEAD
    folder = Path(out or Path("results", study.name + ("-quick" if quick else "")))
    with journals.opened(folder, study.header(seed), datasets.require_intact) as journal:
        points = list(points_of(grid, n_repeats))
        todo = [
            p
            for p in points
            if _wanted(journal.records.get(p.key), retry_failed)
            or (study.redo_changed and journal.digests[p.key] != study.digest)
        ]
        report(len(points) - len(todo), len(points))
        stop, n_left, changed = "", len(todo), False
        if todo:
            changed = (
                bool(journal.runs)
                and not study.redo_changed
                and study.digest != journal.runs[-1].get("digest", "")
            )
            about = provenance(study.file, command) | {"digest": study.digest}
            journal.append(json.dumps({"run": about}))
        start = time.perf_counter()
        try:
            source = (study.file, study.digest) if study.file else study.measure
            task = functools.partial(_evaluate, source, seed)
            for line in _lines(place, task, todo, n_ahead):
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
        whole = datasets.save(journal, folder)
        return Result(folder, whole, journal, n_left, stop, changed)


def _wanted(record: Record | None, retry_failed: bool) -> bool:
    return record is None or (retry_failed and "failure" in record)


def _lines(place: Place, task: Task, points: list[Point], n_ahead: int) -> Iterator[str]:
    """Yield the records of the points as they are finished.

    If a worker process is killed, the pool is made anew.  The points that had been handed to it are
    measured one by one, so that one that kills its worker again is found out and recorded.
    """
    left = {point.key: point for point in points}
    while left:
        running: dict[Future[str], Point] = {}
        before = len(left)
        try:
            with place() as pool:
                for point, line in _as_completed(pool, task, left, n_ahead, running):
                    yield line
                    del left[point.key]
        except BrokenExecutor:
            for point in running.values():
                yield _alone(task, left.pop(point.key))
            if len(left) == before:  # a pool that takes nothing: the caller's own, and broken
                raise


def _as_completed(
    pool: Executor,
    task: Task,
    points: Mapping[str, Point],
    n_ahead: int,
    running: dict[Future[str], Point],
) -> Iterator[tuple[Point, str]]:
    """Keep a few points ahead of the workers, so that even a huge sweep starts at once."""
    waiting = iter(list(points.values()))
    while True:
        for point in islice(waiting, n_ahead - len(running)):
            running[pool.submit(task, point)] = point
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            line = _record(future, running[future])
            yield running.pop(future), line


def _record(future: Future[str], point: Point) -> str:
    """Line of a finished point; errors outside the study stop the run, if they concern all points.

    A cluster gives up a point whose worker dies again and again.
    """
    try:
        return future.result()
    except (BrokenExecutor, CancelledError, ValueError):
        raise
    except Exception as error:
        return failed(point, error)


@contextmanager
def _as_it_is(executor: Executor) -> Iterator[Executor]:
    yield executor


def _alone(task: Task, point: Point) -> str:
    """Measure a point in a process of its own."""
    try:
        with processes(1) as pool:
            return pool.submit(task, point).result()
    except BrokenExecutor:
        return failed(point, MemoryError("its worker process was killed, perhaps for memory"))


def _evaluate(
    source: tuple[Path, str] | Callable[..., Mapping[str, Any]], seed: int, point: Point
) -> str:
    """Measure a point in a worker, by the study's file and its digest, or by its function."""
    measure = _loaded(*source).measure if isinstance(source, tuple) else source
    with _threads().limit(limits=1):
        return evaluate(measure, point, seed)


@functools.cache
def _loaded(file: Path, digest: str) -> Study:
    """Study of a file, loaded once for each version of it: workers may live longer."""
    return load_study(file, digest=digest)


_threads = functools.cache(ThreadpoolController)
