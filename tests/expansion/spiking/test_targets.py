"""Targets, batches and workers change time and memory, never a spike."""

import numpy as np
import pytest

from olfnet.expansion import spiking
from olfnet.expansion.spiking import _targets

NAMES = ("spiking", "graded", "free", "noisy", "currents", "adaptive")  # see conftest.py


@pytest.mark.parametrize("name", NAMES)
def test_batches_and_workers_change_nothing(circuit, odors, name, cells, same):
    options = {"duration": 0.1, "rng": 3, "dynamics": cells[name], "record": [1]}
    whole = spiking.respond(circuit, odors, **options)
    same(whole, spiking.respond(circuit, odors, **options, batch_size=2))
    same(whole, spiking.respond(circuit, odors, **options, batch_size=1, n_workers=2))
    # An odor's answer does not depend on those that come after it.
    first = spiking.respond(circuit, odors[:2], **options)
    assert np.array_equal(first.counts, whole.counts[:2])


PREFERENCES = """
core.default_float_dtype = float32
codegen.loop_invariant_optimisations = False
codegen.cpp.extra_compile_args = ['-O1', '-ffast-math']
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spiking", "graded", "noisy"])
def test_compiled_program_gives_the_same_spikes(
    circuit, odors, name, tmp_path, monkeypatch, cells, same
):
    """Three batches of 2, 2 and 1 odors from one program, whatever the user's file prefers."""
    (tmp_path / "brian_preferences").write_text(PREFERENCES)
    monkeypatch.chdir(tmp_path)
    options = {"duration": 0.1, "rng": 3, "dynamics": cells[name], "record": [1]}
    whole = spiking.respond(circuit, odors, **options, target="numpy")
    same(whole, spiking.respond(circuit, odors, **options, target="standalone", batch_size=2))


@pytest.mark.slow
def test_cython_gives_the_same_spikes(circuit, odors, cells, same):
    """Every step rounds potentials below 0.1 V a few times, by 1.4e-17 V: 1e-13 V in 1000 steps."""
    options = {"duration": 0.1, "rng": 3, "dynamics": cells["spiking"], "record": [1]}
    whole = spiking.respond(circuit, odors, **options, target="numpy")
    same(whole, spiking.respond(circuit, odors, **options, target="cython"), rounding=1e-13)


def test_missing_compiler(circuit, odors, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ValueError, match="target 'standalone' needs a C\\+\\+ compiler"):
        spiking.respond(circuit, odors, duration=0.01, target="standalone")
    spiking.respond(circuit, odors[:1], duration=0.01)


def test_missing_tools(circuit, odors, monkeypatch, tmp_path):
    """A compiler without Make, and one that is named but not there."""
    (tmp_path / "g++").write_text("#!/bin/sh")
    (tmp_path / "g++").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ValueError, match="target 'standalone' needs make, and none was found"):
        spiking.respond(circuit, odors, duration=0.01, target="standalone")
    many = _targets.choose(None, 10**6, 2000, 5000)
    assert many == "numpy"
    monkeypatch.setenv("CXX", "no-such-compiler -Wall")
    with pytest.raises(ValueError, match="needs a C\\+\\+ compiler, and none was found"):
        spiking.respond(circuit, odors, duration=0.01, target="cython")


@pytest.mark.slow
def test_compiler_that_does_not_work(circuit, odors, monkeypatch):
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(ValueError, match="compiler that works, and it did not build the program"):
        spiking.respond(circuit, odors[:1], duration=0.01, target="standalone")


def test_workers_share_a_small_panel(circuit, odors, monkeypatch):
    seen = []

    def run(target, plan, source, batches, *, batch_size, n_workers):
        seen.append([len(rates) for rates, _ in batches])
        raise KeyboardInterrupt

    monkeypatch.setattr(_targets, "run", run)
    with pytest.raises(KeyboardInterrupt):
        spiking.respond(circuit, odors, duration=0.01, n_workers=2)
    assert seen == [[3, 2]]


def test_the_target_depends_on_batches_and_workers(monkeypatch):
    """NumPy's seconds by hand, 1.5e-4 for a step and 1.5e-8 for an update; a program needs 12."""
    monkeypatch.setattr(_targets.shutil, "which", lambda name: name)
    monkeypatch.setattr(_targets.os, "cpu_count", lambda: 4)

    def target(n_steps, **options):
        return _targets.choose(None, 10, 100, n_steps, **options)

    assert target(100_000) == "standalone"  # 15 + 1.5
    assert target(50_000) == "numpy"  # 7.5 + .8
    assert target(50_000, batch_size=1) == "standalone"  # ten times 7.5
    assert target(50_000, batch_size=1, n_workers=8) == "standalone"  # 4 cores, thrice 7.5
    assert target(75_000, batch_size=3) == "standalone"  # four times 11.3
    assert target(75_000, batch_size=3, n_workers=4) == "numpy"  # 11.3 + .3
