"""A simulation, validated and with all defaults filled in, and the input that it draws."""

import os
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.expansion import presets
from olfnet.expansion._panels import odor_panel
from olfnet.expansion.circuit import Circuit
from olfnet.expansion.dynamics import Dynamics
from olfnet.expansion.trains import Poisson, Process, TimeCourse

# Fraction of the free memory that networks may fill, and bytes for each synapse and for each unit.
_MEMORY_FRACTION = 0.25
_PER_SYNAPSE, _PER_UNIT = 100, 400


@dataclass(frozen=True, eq=False)
class Batch:
    """Input of several odors, simulated side by side in one network.

    Parameters
    ----------
    n_odors : int
    raster : array, shape (n_steps, n_odors * n_inputs)
        1 where an input spikes in a time step, else 0.
    noise : array, shape (n_intervals, n_odors * n_units), optional
        Current into each unit, in A.
    """

    n_odors: int
    raster: FloatArray
    noise: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """What is simulated for each odor.

    Parameters
    ----------
    circuit : Circuit
    dynamics : Dynamics
    process : Process
    course : TimeCourse
    n_steps : int
    dt : float
        Time step, in s.
    recorded : int array of shape (n_recorded,)
        Units whose potentials are kept.
    """

    circuit: Circuit
    dynamics: Dynamics
    process: Process
    course: TimeCourse
    n_steps: int
    dt: float
    recorded: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        circuit: Circuit,
        *,
        duration: float,
        dynamics: Dynamics | None = None,
        process: Process | None = None,
        course: TimeCourse | None = None,
        dt: float = 1e-4,
        record: ArrayLike = (),
    ) -> Self:
        """Validate the arguments of ``respond`` and fill in its defaults."""
        dynamics = presets.rapp_nawrot_2020() if dynamics is None else dynamics
        course, process = course or TimeCourse(), process or Poisson()
        _require("circuit", circuit, Circuit, "random_expansion(...)")
        _require("dynamics", dynamics, Dynamics, "a preset")
        _require("course", course, TimeCourse, "TimeCourse()")
        _require("process", process, Process, "trains.Poisson()")
        if circuit.weights.nnz and circuit.weights.data.min() < 0:
            least = circuit.weights.data.min()
            raise ValueError(f"weights of a spiking circuit must be non-negative, got {least:g}")
        _require_step(checks.positive("dt", dt), dynamics, course)
        n_steps = round(checks.positive("duration", duration) / dt)
        if n_steps < 1:
            raise ValueError(f"duration must be at least dt={dt:g} s, got {duration:g} s")
        last = circuit.n_units - 1
        recorded = np.ravel(checks.counts("record", record, minimum=0, maximum=last))
        plan = cls(circuit, dynamics, process, course, n_steps, dt, recorded)
        needed, total = plan.memory / 2**30, _memory("SC_PHYS_PAGES", np.inf) / 2**30
        if needed > total:
            raise ValueError(
                f"duration must be one whose input fits into {total:.3g} GiB of memory, "
                f"got {duration:g} s, which needs {needed:.3g} GiB for each odor"
            )
        return plan

    @property
    def noise_steps(self) -> int:
        """Time steps for which each value of the noise lasts."""
        noise = self.dynamics.noise
        return 0 if noise is None else round(noise.interval / self.dt)

    @property
    def duration(self) -> float:
        """Simulated time, in s."""
        return self.n_steps * self.dt

    @property
    def memory(self) -> float:
        """Bytes for each odor."""
        n_units, noise = self.circuit.n_units, self.dynamics.noise
        n_held = self.n_steps * (self.circuit.n_inputs + self.recorded.size)
        n_held += 0 if noise is None else int(self.duration / noise.interval + 2) * n_units
        return float(8 * n_held + _PER_SYNAPSE * self.circuit.weights.nnz + _PER_UNIT * n_units)

    def n_fitting(self, n_workers: int) -> int:
        """Return how many odors of each worker fit into the free memory."""
        free = _MEMORY_FRACTION * _memory("SC_AVPHYS_PAGES", 2.0**31)
        return int(free / n_workers / self.memory)

    def rates(self, odors: Any) -> FloatArray:
        """Return validated rates of the inputs, dense and non-negative."""
        panel = odor_panel(odors, self.circuit.weights)
        rates: FloatArray = panel.toarray() if issparse(panel) else panel
        if rates.min() < 0:
            raise ValueError(f"odors must be non-negative, got a smallest entry of {rates.min():g}")
        return rates

    def draw(self, rates: FloatArray, streams: list[np.random.Generator], n_odors: int) -> Batch:
        """Draw the input of these odors, and silence up to ``n_odors``."""
        n_inputs, n_units = self.circuit.n_inputs, self.circuit.n_units
        raster = np.zeros((self.n_steps, n_odors * n_inputs))
        noise, model = None, self.dynamics.noise
        if model is not None:
            noise = np.zeros((self.n_steps // self.noise_steps + 1, n_odors * n_units))
        for k, (odor, stream) in enumerate(zip(rates, streams, strict=True)):
            spikes, current = stream.spawn(2)
            expected = self.course.expected(odor, self.n_steps, self.dt)
            highest = np.diff(expected).max()
            if highest > 0.5:
                raise ValueError(
                    f"odors must drive inputs at rates up to 1 / (2 dt) = {0.5 / self.dt:g} Hz, "
                    f"got {highest / self.dt:g} Hz"
                )
            inputs, steps = self.process.draw(expected, self.dt, rng=spikes)
            raster[steps, k * n_inputs + inputs] = 1.0
            if noise is not None and model is not None:
                columns = slice(k * n_units, (k + 1) * n_units)
                noise[:, columns] = current.normal(0, model.std, (len(noise), n_units))
        return Batch(n_odors, raster, noise)


def _require(name: str, value: Any, kind: Any, example: str) -> None:
    if isinstance(value, type) or not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise ValueError(
            f"{name} must be {article} {kind.__name__}, such as {example}, got {value!r}"
        )


def _require_step(dt: float, dynamics: Dynamics, course: TimeCourse) -> None:
    """Raise if a time step is too long for the cells, their noise or the odor's pulses."""
    if course.length is not None and course.length < dt:
        raise ValueError(f"course.length must be at least dt={dt:g} s, got {course.length:g} s")
    if dynamics.noise is not None and dt > dynamics.noise.interval:
        raise ValueError(
            f"dt must be at most noise.interval={dynamics.noise.interval:g} s, got {dt:g} s"
        )
    for name, tau in dynamics.fastest.items():
        if dt >= tau:
            raise ValueError(
                f"dt must be shorter than every time constant, got {dt:g} s against {tau:g} s "
                f"of {name}"
            )


def _memory(pages: str, default: float) -> float:
    """Return the free or the total memory in bytes, or a default if the system does not tell."""
    try:
        return float(os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError, AttributeError):
        return default
