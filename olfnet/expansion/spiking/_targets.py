"""How Brian2 runs a network: NumPy, Cython, or a compiled program of its own.

NumPy needs no compiler and starts at once.  The compiled program takes seconds to build and is
three to five times faster then; it is built once and fed with new input for each batch.  Because
Brian2 holds that program's device in global state, it lives in a process of its own.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.expansion.spiking._batches import Batch, Source
from olfnet.expansion.spiking._brian import brian2
from olfnet.expansion.spiking._network import Plan, assemble, potentials_of, spikes_of
from olfnet.workers import processes

NAMES = ("numpy", "standalone", "cython")

# Measured on two cores (studies/benchmarks/spiking.py): seconds to build the program, and seconds
# for each unit and time step, and for each time step whatever the size.
_BUILD = 12.0
_PER_UPDATE = {"numpy": 1.5e-8, "standalone": 3.5e-9}
_PER_STEP = 1.5e-4

# Units side by side: more gain nothing, because their states fall out of the cache.
_SIDE_BY_SIDE = 2**15

# Plain arithmetic, in the order as written, so that programs agree with NumPy to the last bit.
_COMPILER_FLAGS = ["-w", "-O3", "-march=native", "-ffp-contract=off", "-std=c++11"]


@dataclass(frozen=True, eq=False)
class Answer:
    """What came out of a batch.

    Parameters
    ----------
    n_odors : int
    units, steps : int arrays of shape (n_spikes,)
        Units of all odors, one odor after the other, and the time steps in which they spiked.
    inhibitors, inhibitor_steps : int arrays
        The same of spiking inhibitors, one for each odor.
    voltages : array, shape (n_odors * n_recorded, n_steps), optional
        In V.
    """

    n_odors: int
    units: NDArray[np.int64]
    steps: NDArray[np.int64]
    inhibitors: NDArray[np.int64]
    inhibitor_steps: NDArray[np.int64]
    voltages: FloatArray | None


def choose(
    target: str | None,
    n_odors: int,
    n_units: int,
    n_steps: int,
    *,
    batch_size: int | None = None,
    n_workers: int = 1,
) -> str:
    """Return the target that is expected to be done first, or the wanted one if it can run.

    Batches count at their full size, for silence fills up the last one.  Workers share them out
    and build their programs side by side, as far as there are cores.

    Raises
    ------
    ValueError
        If the wanted target is unknown or lacks its compiler.
    """
    if target is not None:
        checks.one_of("target", target, known=NAMES)
        if tool := _lacking(target):
            raise ValueError(f"target {target!r} needs {tool}, and none was found on PATH")
        return target
    size = batch_size or min(n_odors, side_by_side(n_units))
    rounds = -(-n_odors // (size * min(n_workers, os.cpu_count() or 1)))
    updates = rounds * size * n_units * n_steps
    plain = updates * _PER_UPDATE["numpy"] + rounds * n_steps * _PER_STEP
    compiled = _BUILD + updates * _PER_UPDATE["standalone"]
    return "standalone" if compiled < plain and not _lacking("standalone") else "numpy"


def side_by_side(n_units: int) -> int:
    """How many odors fill a network, as far as speed goes."""
    return max(1, _SIDE_BY_SIDE // n_units)


def run(
    target: str,
    plan: Plan,
    source: Source,
    batches: list[tuple[FloatArray, list[np.random.Generator]]],
    *,
    batch_size: int,
    n_workers: int,
) -> list[Answer]:
    """Simulate batches of odors, in this process or in several.

    Parameters
    ----------
    target : str
    plan : Plan
    source : Source
        Where the input of a batch is drawn from.
    batches : list of (rates, streams)
    batch_size : int
        Odors in a network; the last batch may be smaller.
    n_workers : int
        Processes.
    """
    if target == "numpy" and n_workers == 1:
        return _in_this_process(target, plan, source, batches, batch_size)
    n_workers = min(n_workers, len(batches))
    groups = [batches[i::n_workers] for i in range(n_workers)]
    with processes(n_workers, _silence) as pool:
        tasks = [
            pool.submit(_in_a_worker, target, plan, source, group, batch_size) for group in groups
        ]
        found = [task.result() for task in tasks]
    return [found[i % n_workers][i // n_workers] for i in range(len(batches))]


def _silence() -> None:
    """Let Brian2 log errors only."""
    logging.getLogger("brian2").setLevel(logging.ERROR)


def _in_a_worker(*task: Any) -> list[Answer]:
    """Simulate; Brian2's own exceptions do not travel between processes, but their texts do."""
    try:
        return _in_this_process(*task)
    except ValueError:
        raise
    except Exception as error:
        chain, one = [], error
        while one is not None:
            chain.append(f"{type(one).__name__}: {one}")
            one = one.__cause__  # type: ignore[assignment]
        raise RuntimeError("; because of ".join(chain)) from None


def _in_this_process(
    target: str,
    plan: Plan,
    source: Source,
    batches: list[tuple[FloatArray, list[np.random.Generator]]],
    batch_size: int,
) -> list[Answer]:
    simulate = _compiled if target == "standalone" else _interpreted
    drawn = (source.draw(*batch, n_odors=batch_size) for batch in batches)
    sizes = [len(rates) for rates, _ in batches]
    return [
        _answer(network, plan, n_odors)
        for network, n_odors in zip(simulate(target, plan, drawn), sizes, strict=True)
    ]


def _interpreted(target: str, plan: Plan, batches: Iterator[Batch]) -> Iterator[brian2.Network]:
    """Run one network after the other in this process, which may have networks of its own."""
    with _untouched_preferences(), _runtime_device():
        for batch in batches:
            network = assemble(plan, batch, codeobj_class=_code(target))
            network.run(plan.duration * brian2.second, namespace={})
            if network.t / brian2.second < plan.duration - plan.dt / 2:
                raise KeyboardInterrupt  # Brian2 may have caught it, and ended early
            yield network


def _compiled(target: str, plan: Plan, batches: Iterator[Batch]) -> Iterator[brian2.Network]:
    """Build a program for the first batch, and run it for all of them; for a process of its own."""
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


def _answer(network: brian2.Network, plan: Plan, n_odors: int) -> Answer:
    """Take the spikes of a network that has run, without those of silence that filled it up."""
    units, steps = spikes_of(network["spikes"], plan.dt)
    asked = units < n_odors * plan.circuit.n_units
    inhibitors = inhibitor_steps = np.zeros(0, dtype=np.int64)
    if "inhibitor_spikes" in network:
        inhibitors, inhibitor_steps = spikes_of(network["inhibitor_spikes"], plan.dt)
    voltages = None
    if plan.recorded.size:
        voltages = potentials_of(network["voltages"])[: n_odors * plan.recorded.size]
    return Answer(n_odors, units[asked], steps[asked], inhibitors, inhibitor_steps, voltages)


def _code(target: str) -> Any:
    if target == "numpy":
        from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

        return NumpyCodeObject
    from brian2.codegen.runtime.cython_rt import CythonCodeObject

    return CythonCodeObject


def _lacking(target: str) -> str | None:
    """Name what a target needs and this machine has not got."""
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
    """Set what spikes could depend on, and give the choices of the caller or of a file back."""
    wanted = {
        "codegen.cpp.extra_compile_args": None,  # would take the place of the next ones
        "codegen.cpp.extra_compile_args_gcc": _COMPILER_FLAGS,
        "codegen.loop_invariant_optimisations": True,
        "codegen.string_expression_target": "numpy",
        "core.default_float_dtype": np.float64,
    }
    before = {name: brian2.prefs[name] for name in wanted}
    try:
        for name, value in wanted.items():
            brian2.prefs[name] = value
        yield
    finally:
        for name, value in before.items():
            brian2.prefs[name] = value


@contextmanager
def _runtime_device() -> Iterator[None]:
    """Stand beside a caller who has chosen another device."""
    from brian2.devices.device import RuntimeDevice, get_device, reset_device, set_device

    chosen = not isinstance(get_device(), RuntimeDevice)
    if chosen:
        set_device("runtime")
    try:
        yield
    finally:
        if chosen:
            reset_device()
