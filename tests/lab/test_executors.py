"""Runs on Dask workers: what is no scheduler, killed processes, a SLURM node."""

import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from olfnet.lab import executors, load_study, run
from olfnet.lab.journal import NAME

pytest.importorskip("distributed", reason="needs the extra olfnet[cluster]")

DASK = (sys.executable, "-m", "dask")


@pytest.mark.parametrize(
    ("scheduler", "message"),
    [
        ("nosuch.json", "must be a scheduler file or an address such as .*, got 'nosuch.json'"),
        ("foo://x:1", "must be a scheduler file or an address such as .*, got 'foo://x:1'"),
        ("", "must be a scheduler file or an address such as .*, got ''"),
        ("tcp://nowhere", "must be a scheduler file or an address such as .*, got 'tcp://nowhere'"),
        ("bad.json", "must be a file of Dask's, got 'bad.json'"),
        ("tcp://127.0.0.1:9", "must be a running one, got 'tcp://127.0.0.1:9': .* refused"),
        ("tcp://127.0.0.1:99999", "must be a running one, got 'tcp://127.0.0.1:99999'"),
        ("silent", "must be a running one, got 'tcp://.*': no response within 0.1 s"),
    ],
)
def test_what_is_no_scheduler(tmp_path, monkeypatch, scheduler, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text("{")
    monkeypatch.setattr(executors, "_in_time", functools.partial(executors._in_time, seconds=0.1))
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts calls and sends nothing
        if scheduler == "silent":
            scheduler = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ValueError, match=f"scheduler {message}"):
            with executors.cluster(scheduler):
                pass


def start(*command, **options):
    """Start a process in a group of its own, so that it can be killed with its children."""
    return subprocess.Popen(
        list(map(str, command)),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,
    )


def kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def running(*processes):
    try:
        yield processes
    finally:
        for process in processes:
            if process.poll() is None:
                kill(process)


def scheduler_of(file):
    file.unlink(missing_ok=True)
    command = ("scheduler", "--scheduler-file", file, "--host", "127.0.0.1", "--port", 0)
    process = start(*DASK, *command, "--no-dashboard")
    while not file.is_file() or not file.stat().st_size:
        time.sleep(0.05)
    return process


def worker_of(file, prefix=(), **options):
    command = ("worker", "--scheduler-file", file, "--nthreads", 1, "--no-dashboard")
    return start(*prefix, *DASK, *command, **options)


@pytest.fixture
def whole(slow_example, tmp_path, data_bytes, threads):
    """Contents of an undisturbed local run."""
    return data_bytes(
        run(load_study(slow_example), out=tmp_path / "whole", executor=threads).folder
    )


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["worker", "main"])
def test_a_cluster_gives_the_same_bytes(
    slow_example, shell, tmp_path, whole, victim, data_bytes, wait_for
):
    file = tmp_path / "scheduler.json"
    command = (slow_example, "--out", "r", "--scheduler", file)
    with running(scheduler_of(file), worker_of(file), worker_of(file)) as (_, first, _):
        process = shell(*command, start=subprocess.Popen)
        wait_for(tmp_path / "r" / NAME, 5)
        if victim == "worker":
            kill(first)
        else:
            process.kill()
            process.communicate()
            process = shell(*command, start=subprocess.Popen)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert data_bytes(tmp_path / "r") == whole


@pytest.mark.slow
def test_a_killed_scheduler_ends_in_a_sentence_and_a_new_one_goes_on(
    slow_example, shell, tmp_path, whole, data_bytes, wait_for
):
    file = tmp_path / "scheduler.json"
    command = (slow_example, "--out", "r", "--scheduler", file)
    with running(scheduler_of(file), worker_of(file)) as (first, _):
        process = shell(*command, start=subprocess.Popen)
        wait_for(tmp_path / "r" / NAME, 5)
        kill(first)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the scheduler was lost" in errors.strip().splitlines()[-1]
    assert "Traceback" not in errors
    done = (tmp_path / "r" / NAME).read_bytes()
    with running(scheduler_of(file), worker_of(file)):
        assert shell(*command).returncode == 0
    assert (tmp_path / "r" / NAME).read_bytes().startswith(done)
    assert data_bytes(tmp_path / "r") == whole


@pytest.fixture
def slurm(tmp_path):
    """A one-node SLURM of this test's own; skipped where its daemons are missing."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    needed = ("munged", "slurmctld", "slurmd", "srun")
    missing = [name for name in needed if shutil.which(name, path=path) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs SLURM's daemons, started as root: {', '.join(missing)} not installed")
    host = os.uname().nodename.split(".")[0]
    conf = tmp_path / "slurm.conf"
    conf.write_text(SLURM.format(host=host, folder=tmp_path, cpus=os.cpu_count()))
    environment = os.environ | {"SLURM_CONF": str(conf)}
    os.makedirs("/run/munge", exist_ok=True)
    shutil.chown("/run/munge", "munge")
    daemons = [
        start("runuser", "-u", "munge", "--", "munged", "--foreground"),
        start("slurmctld", "-D", env=environment),
        start("slurmd", "-D", env=environment),
    ]
    with running(*daemons):
        for _ in range(100):
            states = subprocess.run(
                ["sinfo", "-h", "-o", "%t"], env=environment, capture_output=True, text=True
            )
            if states.stdout.strip() == "idle":
                break
            time.sleep(0.2)
        else:
            pytest.skip(f"SLURM did not start: {states.stdout} {states.stderr}")
        yield environment


SLURM = """
ClusterName=test
SlurmctldHost={host}
SlurmctldPort=17817
SlurmdPort=17818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
NodeName={host} CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@pytest.mark.slow
def test_slurm_runs_the_workers(slow_example, shell, tmp_path, whole, slurm, data_bytes):
    file = tmp_path / "scheduler.json"
    with running(scheduler_of(file), worker_of(file, ("srun", "--ntasks", "2"), env=slurm)):
        process = shell(slow_example, "--out", "r", "--scheduler", file)
    assert process.returncode == 0, process.stderr
    assert data_bytes(tmp_path / "r") == whole
