"""Kills at any moment and full disks: the same command ends in the bytes of an undisturbed run."""

import os
import random
import resource
import signal
import subprocess
import time

import pytest

from olfnet.lab import load_study, run
from olfnet.lab.dataset import DONE
from olfnet.lab.journal import NAME

pytestmark = pytest.mark.slow


@pytest.fixture
def whole(slow_example, tmp_path, data_bytes, threads):
    """Contents of an undisturbed run."""
    return data_bytes(
        run(load_study(slow_example), out=tmp_path / "whole", executor=threads).folder
    )


def children(pid):
    """Worker processes of a run, as the operating system lists them."""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True
    )
    lines = listing.stdout.decode().splitlines()
    return [int(line.split()[0]) for line in lines if "popen_loky" in line]


@pytest.mark.parametrize("seed", range(4))
def test_random_kills(slow_example, shell, tmp_path, whole, data_bytes, seed):
    """Main process or workers, one to three times, with 1, 2 or 4 workers; then left in peace."""
    random_ = random.Random(seed)
    command = [slow_example, "--out", "r", "--workers", random_.choice([1, 2, 4])]
    for _ in range(random_.randint(1, 3)):
        process = shell(*command, start=subprocess.Popen)
        time.sleep(random_.uniform(0.5, 4))
        victims = children(process.pid) if random_.random() < 0.4 else []
        for victim in victims[:1] or [process.pid]:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it was faster
        if victims:
            time.sleep(random_.uniform(0, 1))
            process.kill()
        process.communicate()
    process = shell(*command)
    assert process.returncode == 0, process.stderr
    assert data_bytes(tmp_path / "r") == whole


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_stopped_runs_go_on(slow_example, shell, tmp_path, whole, blow, data_bytes, wait_for):
    command = (slow_example, "--out", "r", "--workers", "2")
    process = shell(*command, start=subprocess.Popen)
    wait_for(tmp_path / "r" / NAME, 4)
    process.send_signal(blow)
    _, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors
    assert process.returncode == (130 if blow == signal.SIGINT else -signal.SIGKILL)
    done = (tmp_path / "r" / NAME).read_bytes()
    assert 4 <= done.count(b"\n") < 14
    assert shell(*command).returncode == 0
    assert (tmp_path / "r" / NAME).read_bytes().startswith(done[: done.rindex(b"\n") + 1])
    assert data_bytes(tmp_path / "r") == whole


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
    assert (result.dataset["status"] == DONE).sum() == 8 - always


@pytest.mark.parametrize("n_bytes", [100, 1500, 5000])
def test_a_disk_that_is_full(slow_example, shell, tmp_path, whole, data_bytes, n_bytes):
    """A limit to the size of files stands for the disk: the call that fails is the same."""
    command = (slow_example, "--out", "r")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))

    stopped = shell(*command, preexec_fn=limit)
    assert stopped.returncode == 2
    assert "Traceback" not in stopped.stderr
    # Loky may add a warning of its own, below.
    message = next(line for line in stopped.stderr.splitlines() if line.startswith("olfnet: "))
    assert "File too large" in message
    assert n_bytes < 300 or ("r/points.jsonl cannot grow" in message) != ("written" in message)
    done = (tmp_path / "r" / NAME).read_bytes()
    assert shell(*command).returncode == 0
    assert (tmp_path / "r" / NAME).read_bytes().startswith(done[: done.rfind(b"\n") + 1])
    assert data_bytes(tmp_path / "r") == whole


def test_claims_go_on_after_a_kill(shell, tmp_path, wait_for):
    (tmp_path / "slow.py").write_text(
        "import time\nfrom olfnet.lab.claims import claim\n"
        "@claim('R1.x_{i}', 1.0, cases=[{'i': i} for i in range(6)], control={'i': 7},\n"
        "       source='none', systems=['S1'])\n"
        "def wait(i):\n"
        "    '''Waiting takes time.'''\n    time.sleep(0.3)\n    return float(i < 7)\n"
    )
    command = ("-m", "olfnet", "claims", "slow.py", "--workers", "1")
    process = shell(*command, start=subprocess.Popen)
    journal = tmp_path / "results/claims" / NAME
    wait_for(journal, 4)
    second = shell(*command)
    assert second.returncode == 2
    assert second.stderr.endswith(
        "another run is writing to results/claims; choose another --out\n"
    )
    process.kill()
    process.communicate()
    done = journal.read_bytes()
    third = shell(*command)
    assert third.returncode == 0, third.stderr
    assert journal.read_bytes().startswith(done[: done.rindex(b"\n") + 1])
    assert journal.read_bytes().count(b'"claim": ') == 1 + 6
