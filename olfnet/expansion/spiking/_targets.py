"""Targets of Brian2: NumPy, Cython, or a compiled program of its own.

NumPy needs no compiler and starts at once.  The compiled program takes seconds to build and is
three to five times faster then; it is built once and run with new input for each batch.  Because
Brian2 holds that program's device in global state, it has a process of its own.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.expansion.spiking._brian import brian2
from olfnet.expansion.spiking._network import assemble
from olfnet.expansion.spiking._plan import Batch, Plan
from olfnet.expansion.spiking._results import Output
from olfnet.workers import processes

_NAMES = ("numpy", "standalone", "cython")

# Measured on two cores (studies/benchmarks/spiking.py): seconds to build the program, and seconds
# for each unit and time step, and for each time step whatever the size.
_BUILD = 12.0
_PER_UPDATE = {"numpy": 1.5e-8, "standalone": 3.5e-9}
_PER_STEP = 1.5e-4

# Units side by side: with more, their states do not fit into the cache.
_SIDE_BY_SIDE = 2**15

# Plain arithmetic, in the order as written, so that programs agree with NumPy to the last bit.
_COMPILER_FLAGS = ["-w", "-O3", "-march=native", "-ffp-contract=off", "-std=c++11"]


_Task = tuple[FloatArray, list[np.random.Generator]]  # rates and streams of a batch


@dataclass(frozen=True)
class Execution:
    """How a simulation runs, which changes time and memory, but no spikes.

    Parameters
    ----------
    target : str
    batch_size : int
        Odors in a network; silence fills up the last one.
    n_workers : int
        Processes.
    """

    target: str
    batch_size: int
    n_workers: int = 1

    @classmethod
    def of(
        cls,
        plan: Plan,
        n_odors: int,
        *,
        target: str | None = None,
        batch_size: int | None = None,
        n_workers: int = 1,
    ) -> Self:
        """Validate the arguments of ``respond`` and choose what it leaves open.

        The target is the one with the shortest expected time. Workers share the batches and build
        their programs side by side, as far as there are cores.
        """
        n_workers = checks.count("n_workers", n_workers)
        if batch_size is None:
            fitting = min(max(1, _SIDE_BY_SIDE // plan.circuit.n_units), plan.n_fitting(n_workers))
            batch_size = min(max(1, fitting), -(-n_odors // n_workers))
        batch_size = min(checks.count("batch_size", batch_size), n_odors)
        if target is not None:
            checks.one_of("target", target, known=_NAMES)
            if tool := _missing_tool(target):
                raise ValueError(f"target {target!r} needs {tool}, and none was found on PATH")
            return cls(target, batch_size, n_workers)
        rounds = -(-n_odors // (batch_size * min(n_workers, os.cpu_count() or 1)))
        updates = rounds * batch_size * plan.circuit.n_units * plan.n_steps
        plain = updates * _PER_UPDATE["numpy"] + rounds * plan.n_steps * _PER_STEP
        compiled = _BUILD + updates * _PER_UPDATE["standalone"]
        pays = compiled < plain and not _missing_tool("standalone")
        return cls("standalone" if pays else "numpy", batch_size, n_workers)


def run(
    plan: Plan, rates: FloatArray, streams: list[np.random.Generator], how: Execution
) -> list[Output]:
    """Simulate all odors in batches, in this process or in several."""
    parts = [slice(i, i + how.batch_size) for i in range(0, len(rates), how.batch_size)]
    batches = [(rates[part], streams[part]) for part in parts]
    if how.target == "numpy" and how.n_workers == 1:
        return _outputs(plan, how, batches)
    n_workers = min(how.n_workers, len(batches))
    with processes(n_workers, _silence) as pool:
        tasks = [
            pool.submit(_in_a_worker, plan, how, batches[i::n_workers]) for i in range(n_workers)
        ]
        outputs = [task.result() for task in tasks]
    return [outputs[i % n_workers][i // n_workers] for i in range(len(batches))]


def _silence() -> None:
    """Let Brian2 log errors only."""
    logging.getLogger("brian2").setLevel(logging.ERROR)


def _in_a_worker(plan: Plan, how: Execution, batches: list[_Task]) -> list[Output]:
    """Simulate; Brian2's own exceptions do not travel between processes, but their texts do."""
    try:
        return _outputs(plan, how, batches)
    except ValueError:
        raise
    except Exception as error:
        chain, cause = [], error
        while cause is not None:
            chain.append(f"{type(cause).__name__}: {cause}")
            cause = cause.__cause__  # type: ignore[assignment]
        raise RuntimeError("; because of ".join(chain)) from None


def _outputs(plan: Plan, how: Execution, batches: list[_Task]) -> list[Output]:
    simulate = _compiled if how.target == "standalone" else _interpreted
    drawn = (plan.draw(*batch, how.batch_size) for batch in batches)
    sizes = [len(rates) for rates, _ in batches]
    return [
        Output.of(network, plan, n_odors)
        for network, n_odors in zip(simulate(plan, how, drawn), sizes, strict=True)
    ]


def _interpreted(plan: Plan, how: Execution, batches: Iterator[Batch]) -> Iterator[brian2.Network]:
    """Run one network after the other in this process, which may have networks of its own."""
    with _untouched_preferences(), _runtime_device():
        for batch in batches:
            network = assemble(plan, batch, codeobj_class=_code(how.target))
            network.run(plan.duration * brian2.second, namespace={})
            if network.t / brian2.second < plan.duration - plan.dt / 2:
                raise KeyboardInterrupt  # Brian2 may have caught it, and ended early
            yield network


def _compiled(plan: Plan, how: Execution, batches: Iterator[Batch]) -> Iterator[brian2.Network]:
    """Build a program for the first batch and run it for all of them, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="olfnet-") as folder, _untouched_preferences():
        brian2.set_device("cpp_standalone", build_on_run=False, directory=folder)
        device = brian2.get_device()
        network = None
        for batch in batches:
            if network is None:
                network = assemble(plan, batch)
                network.run(plan.duration * brian2.second, namespace={})
                _build(device, folder)
                raster = network["inputs"].namespace["raster"]
                noise = network["units"].namespace.get("noise")
            arguments = {raster: batch.raster}
            if noise is not None:
                arguments[noise] = batch.noise * brian2.amp
            device.run(run_args=arguments)
            yield network


def _build(device: Any, folder: str) -> None:
    try:
        device.build(run=False, directory=folder)
    except RuntimeError as error:
        raise ValueError(
            "target 'standalone' needs a C++ compiler that works, and it did not build the program "
            f"(target='numpy' needs none): {error}"
        ) from None


def _code(target: str) -> Any:
    if target == "numpy":
        from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

        return NumpyCodeObject
    from brian2.codegen.runtime.cython_rt import CythonCodeObject

    return CythonCodeObject


def _missing_tool(target: str) -> str | None:
    """Return the name of what a target needs and this machine lacks."""
    if target == "numpy":
        return None
    # Make runs what CXX names, else g++; Python's own tools may know another name.
    usual = ["g++"] if target == "standalone" else ["g++", "c++"]
    names = [os.environ["CXX"]] if "CXX" in os.environ else usual
    if not any(name.split() and shutil.which(name.split()[0]) for name in names):
        return "a C++ compiler"
    return "make" if target == "standalone" and not shutil.which("make") else None


@contextmanager
def _untouched_preferences() -> Iterator[None]:
    """Set preferences that spikes could depend on, and restore those of the caller or a file."""
    needed = {
        "codegen.cpp.extra_compile_args": None,  # would take the place of the next ones
        "codegen.cpp.extra_compile_args_gcc": _COMPILER_FLAGS,
        "codegen.loop_invariant_optimisations": True,
        "codegen.string_expression_target": "numpy",
        "core.default_float_dtype": np.float64,
    }
    before = {name: brian2.prefs[name] for name in needed}
    try:
        for name, value in needed.items():
            brian2.prefs[name] = value
        yield
    finally:
        for name, value in before.items():
            brian2.prefs[name] = value


@contextmanager
def _runtime_device() -> Iterator[None]:
    """Use the runtime device, and restore the device of the caller."""
    from brian2.devices.device import RuntimeDevice, get_device, reset_device, set_device

    other = not isinstance(get_device(), RuntimeDevice)
    if other:
        set_device("runtime")
    try:
        yield
    finally:
        if other:
            reset_device()
