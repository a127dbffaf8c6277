"""Worker processes: what they are told at their start, and how they end."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from olfnet.workers import processes

PROGRAM = """
import os, time
from olfnet.workers import processes
with processes(1) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


def prepared():
    os.environ["OLFNET_PREPARED"] = "yes"


def state():
    threads = os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]
    return os.environ.get("OLFNET_PREPARED"), threads, signal.getsignal(signal.SIGINT)


@pytest.mark.parametrize(("prepare", "mark"), [(None, None), (prepared, "yes")])
def test_workers_are_prepared_and_leave_threads_and_interrupts(prepare, mark):
    with processes(1, prepare) as pool:
        local = pool.submit(lambda: state()).result()  # by value: a lambda is no module's name
    assert local == (mark, ("1", "1"), signal.SIG_IGN)


def leave_early():
    with processes(1) as pool:
        pool.submit(os.getpid).result()
        pool.submit(time.sleep, 600)
        raise KeyError("left early")


# A thread of Loky may still be reading from the worker when that is killed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_workers_end_at_once_with_a_block_left_early():
    start = time.monotonic()
    with pytest.raises(KeyError, match="left early"):
        leave_early()
    assert time.monotonic() - start < 300


def of_a_daemon(queue):
    with processes(1) as pool:
        queue.put(pool.submit(os.getppid).result())
    queue.put(multiprocessing.current_process().daemon)


def test_a_daemon_may_have_workers():
    """The workers of a Dask cluster are daemons, which must not start processes."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    daemon = context.Process(target=of_a_daemon, args=(queue,), daemon=True)
    daemon.start()
    assert (queue.get(timeout=120), queue.get(timeout=120)) == (daemon.pid, True)
    daemon.join()


@pytest.mark.slow
def test_workers_do_not_outlive_a_killed_process():
    parent = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    assert os.path.exists(f"/proc/{worker}")
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{worker}") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not os.path.exists(f"/proc/{worker}")
