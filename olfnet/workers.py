"""Processes that simulate, for the one that asked."""

import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def processes(n_workers: int) -> Iterator[Executor]:
    """Fresh processes with one thread each, which take functions by value.

    They end with the block, and soon after the process that wanted them if that is killed.
    """
    pool = ProcessPoolExecutor(
        n_workers,
        initializer=_settle,
        initargs=(os.getpid(),),
        env=dict.fromkeys(_THREADS, "1"),
    )
    try:
        with _allowed_children():
            yield pool
    finally:
        pool.shutdown(wait=True, kill_workers=True)


@contextmanager
def _allowed_children() -> Iterator[None]:
    """Let a daemon start processes, which multiprocessing forbids, for they could outlive it.

    A worker of Dask is one.
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


def _settle(parent: int) -> None:
    """Say less, and do not outlive the process that wanted this one."""
    logging.getLogger("brian2").setLevel(logging.ERROR)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
