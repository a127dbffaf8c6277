"""Worker processes that end with the process that started them."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def processes(n_workers: int, prepare: Callable[[], None] | None = None) -> Iterator[Executor]:
    """Start fresh worker processes with one BLAS thread each.

    They receive functions by value, so that those may be defined in a notebook. They ignore Ctrl-C,
    which is for the main process, and end with the block, at once if it is left by an exception.
    If the main process is killed, they exit within a second.

    Parameters
    ----------
    n_workers : int
    prepare : callable, optional
        Called in each worker before its first task.

    Yields
    ------
    concurrent.futures.Executor
    """
    pool = ProcessPoolExecutor(
        n_workers,
        initializer=_start,
        initargs=(os.getpid(), prepare),
        env=dict.fromkeys(_THREADS, "1"),
    )
    finished = False
    try:
        with _children_allowed():
            yield pool
        finished = True
    finally:
        pool.shutdown(wait=True, kill_workers=not finished)


@contextmanager
def _children_allowed() -> Iterator[None]:
    """Let a daemon, such as a worker of Dask, start processes.

    Multiprocessing forbids it because such processes could outlive the daemon. These do not.
    """
    process: Any = multiprocessing.current_process()
    daemon = process.daemon
    if daemon:
        process._config["daemon"] = False
    try:
        yield
    finally:
        if daemon:
            process._config["daemon"] = True


def _start(parent: int, prepare: Callable[[], None] | None) -> None:
    """Prepare a worker: leave Ctrl-C to the parent process, and follow that to its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    if prepare is not None:
        prepare()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
