"""Targets, batches and workers change time and memory, but no spikes."""

from types import SimpleNamespace

import numpy as np
import pytest

from olfnet.expansion import spiking
from olfnet.expansion.spiking import _targets
from olfnet.expansion.spiking._targets import Execution


def test_batches_change_nothing(circuit, odors, dynamics, same):
    options = {"duration": 0.05, "rng": 3, "dynamics": dynamics, "record": [1]}
    whole = spiking.respond(circuit, odors, **options)
    same(whole, spiking.respond(circuit, odors, **options, batch_size=2))
    # The response to an odor does not depend on those that come after it.
    first = spiking.respond(circuit, odors[:2], **options)
    assert np.array_equal(first.counts, whole.counts[:2])


def test_workers_change_nothing(circuit, odors, cells, same):
    options = {"duration": 0.05, "rng": 3, "dynamics": cells["noisy"], "record": [1]}
    whole = spiking.respond(circuit, odors, **options)
    same(whole, spiking.respond(circuit, odors, **options, batch_size=1, n_workers=2))


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


@pytest.mark.slow
def test_compiler_that_does_not_work(circuit, odors, monkeypatch):
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(ValueError, match="compiler that works, and it did not build the program"):
        spiking.respond(circuit, odors[:1], duration=0.01, target="standalone")


@pytest.mark.parametrize(
    ("tools", "compiler", "target", "message"),
    [
        (
            [],
            None,
            "standalone",
            "target 'standalone' needs a C\\+\\+ compiler, and none",
        ),
        (["g++"], None, "standalone", "target 'standalone' needs make, and none was found on PATH"),
        (["g++"], "no-such-compiler -Wall", "cython", "target 'cython' needs a C\\+\\+ compiler"),
    ],
)
def test_missing_tools(circuit, odors, monkeypatch, tmp_path, tools, compiler, target, message):
    for tool in tools:
        (tmp_path / tool).write_text("#!/bin/sh")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    if compiler:
        monkeypatch.setenv("CXX", compiler)
    with pytest.raises(ValueError, match=message):
        spiking.respond(circuit, odors, duration=0.01, target=target)
    plan = SimpleNamespace(circuit=circuit, n_steps=10**9)
    assert Execution.of(plan, 10, batch_size=1).target == "numpy"
    assert spiking.respond(circuit, odors[:1], duration=0.01).counts.shape == (1, 60)


def execution(n_steps, n_odors=10, fitting=100, **options):
    """Of 100 units, of which memory holds this many odors."""
    circuit = SimpleNamespace(n_units=100)
    plan = SimpleNamespace(circuit=circuit, n_steps=n_steps, n_fitting=lambda n: fitting)
    return Execution.of(plan, n_odors, **options)


def test_batches_are_as_large_as_memory_and_workers_allow():
    assert execution(10).batch_size == 10
    assert execution(10, n_workers=4).batch_size == 3
    assert execution(10, fitting=2).batch_size == 2
    assert execution(10, fitting=0).batch_size == 1
    assert execution(10, batch_size=50).batch_size == 10


@pytest.mark.parametrize(
    ("n_steps", "options", "target"),
    [
        (100_000, {}, "standalone"),  # 15 + 1.5
        (50_000, {}, "numpy"),  # 7.5 + .8
        (50_000, {"batch_size": 1}, "standalone"),  # ten times 7.5
        (50_000, {"batch_size": 1, "n_workers": 8}, "standalone"),  # 4 cores, thrice 7.5
        (75_000, {"batch_size": 3}, "standalone"),  # four times 11.3
        (75_000, {"batch_size": 3, "n_workers": 4}, "numpy"),  # 11.3 + .3
    ],
)
def test_the_target_depends_on_batches_and_workers(monkeypatch, n_steps, options, target):
    """NumPy's seconds by hand, 1.5e-4 for a step and 1.5e-8 for an update; a program needs 12."""
    monkeypatch.setattr(_targets.shutil, "which", lambda name: name)
    monkeypatch.setattr(_targets.os, "cpu_count", lambda: 4)
    assert execution(n_steps, **options).target == target
