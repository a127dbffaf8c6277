"""Kills at random moments, full disks: the same command ends in the bytes of an undisturbed run."""

import os
import random
import resource
import signal
import subprocess
import time

import pytest

from olfnet.lab import load_study, run
from olfnet.lab.journal import NAME

pytestmark = pytest.mark.slow


def children(pid):
    """Worker processes of a run, as the operating system lists them."""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True
    )
    lines = listing.stdout.decode().splitlines()
    return [int(line.split()[0]) for line in lines if "popen_loky" in line]


@pytest.mark.parametrize("seed", range(20))
def test_random_kills(slow_example, shell, tmp_path, data_bytes, seed):
    """Main process or workers, one to three times, with 1, 2 or 4 workers; then left in peace."""
    chance = random.Random(seed)
    command = [slow_example, "--out", "r", "--workers", chance.choice([1, 2, 4])]
    for _ in range(chance.randint(1, 3)):
        process = shell(*command, start=subprocess.Popen)
        time.sleep(chance.uniform(0.5, 4))
        victims = children(process.pid) if chance.random() < 0.4 else []
        for victim in victims[:1] or [process.pid]:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it was faster
        if victims:
            time.sleep(chance.uniform(0, 1))
            process.kill()
        process.communicate()
    answer = shell(*command)
    assert answer.returncode == 0, answer.stderr
    whole = run(load_study(slow_example), out=tmp_path / "whole").folder
    assert data_bytes(tmp_path / "r") == data_bytes(whole)


def test_workers_do_not_outlive_a_killed_main_process(slow_example, shell, tmp_path, wait_for):
    process = shell(slow_example, "--out", "r", "--repeats", "100", start=subprocess.Popen)
    wait_for(tmp_path / "r" / NAME, 4)
    workers = children(process.pid)
    process.kill()
    process.communicate()
    assert workers
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(os.path.exists(f"/proc/{pid}") for pid in workers)


@pytest.mark.parametrize("n_bytes", [100, 1500, 3000, 5000])
def test_a_disk_that_is_full(slow_example, shell, tmp_path, data_bytes, n_bytes):
    """A limit to the size of files stands for the disk: the call that fails is the same."""
    command = (slow_example, "--out", "r")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))

    stopped = shell(*command, preexec_fn=limit)
    assert stopped.returncode == 2
    assert "Traceback" not in stopped.stderr
    sentence = stopped.stderr.splitlines()[-1]
    assert "File too large" in sentence
    assert n_bytes < 300 or ("r/points.jsonl cannot grow" in sentence) != ("written" in sentence)
    done = (tmp_path / "r" / NAME).read_bytes()
    assert shell(*command).returncode == 0
    after = (tmp_path / "r" / NAME).read_bytes()
    assert after.startswith(done[: done.rfind(b"\n") + 1])
    whole = run(load_study(slow_example), out=tmp_path / "whole").folder
    assert data_bytes(tmp_path / "r") == data_bytes(whole)
