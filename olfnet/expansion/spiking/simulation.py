"""One verb: odors in, spikes out."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.expansion import presets
from olfnet.expansion.circuit import Circuit, Response, odor_panel
from olfnet.expansion.dynamics import Dynamics
from olfnet.expansion.spikes import Spikes
from olfnet.expansion.spiking import _targets
from olfnet.expansion.spiking._batches import Source
from olfnet.expansion.spiking._network import Plan, assemble
from olfnet.expansion.spiking._stability import require_stable
from olfnet.expansion.spiking._targets import Answer
from olfnet.expansion.trains import Poisson, Process, TimeCourse

# Share of the free memory that networks may fill, and bytes for each synapse and for each unit.
_MEMORY_SHARE = 0.25
_PER_SYNAPSE, _PER_UNIT = 100, 400


def respond(
    circuit: Circuit,
    odors: Any,
    *,
    duration: float,
    rng: Seed = None,
    dynamics: Dynamics | None = None,
    process: Process | None = None,
    course: TimeCourse | None = None,
    dt: float = 1e-4,
    record: ArrayLike = (),
    target: str | None = None,
    batch_size: int | None = None,
    n_workers: int = 1,
) -> Response:
    """Answer each odor with the spikes of all units.

    The circuit says who connects to whom; its sparsifier is not used, for here inhibition and
    thresholds of cells keep the code sparse.  Cells begin at rest.

    Parameters
    ----------
    circuit : Circuit
    odors : array_like or sparse array, shape (n_odors, n_inputs)
        Rates of the inputs (projection neurons), in Hz.  The same odor in several rows is answered
        with independent noise.
    duration : float
        In s, rounded to whole time steps, as are delays and dead times.
    rng : numpy.random.Generator or int, optional
        Source of the inputs' spikes and of noise; each odor has a stream of its own.
    dynamics : Dynamics, optional
        Cells and synapses; ``presets.rapp_nawrot_2020()`` without it.
    process : Process, optional
        How irregularly inputs fire, ``trains.Poisson()`` or ``trains.Gamma(...)``.
    course : TimeCourse, optional
        How the rates follow the odor; without it, constant rates all the time.
    dt : float
        Time step, in s.
    record : list of int
        Units whose potentials are wanted.
    target : {"numpy", "standalone", "cython"}, optional
        How Brian2 runs; without it, whichever should be done first on a machine of two cores.
    batch_size : int, optional
        Odors side by side in one network; without it, as many as memory and cache hold.
    n_workers : int
        Processes among which the batches are shared out.  Target, batches and workers change time
        and memory, never the spikes.

    Returns
    -------
    Response
        With ``counts``, ``rates`` in Hz, ``spike_times`` in s, ``spikes`` for export and, if
        wanted, ``voltages`` in V.

    Raises
    ------
    ValueError
        If rates are negative or not finite, times are not positive, the time step is too long for
        the cells, or the target has no compiler.

    Examples
    --------
    >>> from olfnet import random_expansion
    >>> circuit = random_expansion(n_inputs=50, n_units=100, fan_in=6, coding_level=0.1, rng=1)
    >>> odors = np.random.default_rng(2).exponential(30.0, size=(2, 50))
    >>> response = respond(circuit, odors, duration=0.05, rng=3)
    >>> response.counts.shape, response.rates.max() > 0
    ((2, 100), np.True_)
    """
    checks.count("n_workers", n_workers)
    task = _Task.of(circuit, odors, duration, rng, dynamics, process, course, dt, record)
    plan, n_odors = task.plan, len(task.rates)
    if batch_size is None:
        batch_size = min(automatic_batch(plan, n_workers), -(-n_odors // n_workers))
    batch_size = min(checks.count("batch_size", batch_size), n_odors)
    target = _targets.choose(
        target, n_odors, circuit.n_units, plan.n_steps, batch_size=batch_size, n_workers=n_workers
    )
    parts = [slice(start, start + batch_size) for start in range(0, n_odors, batch_size)]
    batches = [(task.rates[part], task.streams[part]) for part in parts]
    answers = _targets.run(
        target, plan, task.source, batches, batch_size=batch_size, n_workers=n_workers
    )
    return _response(plan, answers)


def build(
    circuit: Circuit,
    odors: Any,
    *,
    duration: float,
    rng: Seed = None,
    dynamics: Dynamics | None = None,
    process: Process | None = None,
    course: TimeCourse | None = None,
    dt: float = 1e-4,
    record: ArrayLike = (),
) -> Any:
    """Return the Brian2 network that :func:`respond` would run, to be extended at will.

    Its objects, by name: the groups ``inputs`` (odor by odor, n_inputs each), ``units`` (n_units
    each) and ``inhibitor`` (one for each odor), the synapses ``excitation``, ``to_inhibitor`` and
    ``from_inhibitor``, and the monitors ``spikes``, ``inhibitor_spikes`` and ``voltages``, as far
    as the dynamics have them.

    Parameters
    ----------
    circuit, odors, duration, rng, dynamics, process, course, dt, record
        As for :func:`respond`.

    Returns
    -------
    brian2.Network
        For Brian2's present device and target.

    Examples
    --------
    >>> from olfnet import random_expansion
    >>> circuit = random_expansion(n_inputs=50, n_units=100, fan_in=6, coding_level=0.1, rng=1)
    >>> network = build(circuit, np.full((2, 50), 30.0), duration=0.05, rng=3)
    >>> len(network["units"]), len(network["inhibitor"])
    (200, 2)
    """
    task = _Task.of(circuit, odors, duration, rng, dynamics, process, course, dt, record)
    batch = task.source.draw(task.rates, task.streams, n_odors=len(task.rates))
    return assemble(task.plan, batch)


@dataclass(frozen=True, eq=False)
class _Task:
    """What is to be simulated, checked and with all defaults filled in."""

    plan: Plan
    source: Source
    rates: FloatArray
    streams: list[np.random.Generator]

    @classmethod
    def of(
        cls,
        circuit: Circuit,
        odors: Any,
        duration: float,
        rng: Seed,
        dynamics: Dynamics | None,
        process: Process | None,
        course: TimeCourse | None,
        dt: float,
        record: ArrayLike,
    ) -> "_Task":
        rng = np.random.default_rng(rng)
        dynamics = presets.rapp_nawrot_2020() if dynamics is None else dynamics
        course, process = course or TimeCourse(), process or Poisson()
        require("circuit", circuit, Circuit, "random_expansion(...)")
        require("dynamics", dynamics, Dynamics, "a preset")
        require("course", course, TimeCourse, "TimeCourse()")
        require("process", process, Process, "trains.Poisson()")
        rates = _rates(odors, circuit.n_inputs)
        if course.length is not None and course.length < dt:
            raise ValueError(f"course.length must be at least dt={dt:g} s, got {course.length:g} s")
        plan = _plan(circuit, dynamics, duration, dt, record)
        source = Source(
            process,
            course,
            dynamics.noise,
            circuit.n_units,
            plan.n_steps,
            dt,
        )
        return cls(plan, source, rates, rng.spawn(len(rates)))


def require(name: str, value: Any, kind: Any, example: str) -> None:
    """Raise if a value is not of a kind."""
    if isinstance(value, type) or not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise ValueError(
            f"{name} must be {article} {kind.__name__}, such as {example}, got {value!r}"
        )


def automatic_batch(plan: Plan, n_workers: int = 1) -> int:
    """How many odors fit side by side, by the free memory and by what the cache makes of it."""
    fitting = _MEMORY_SHARE * _memory("SC_AVPHYS_PAGES", 2.0**31) / n_workers / _needed(plan)
    return max(1, min(_targets.side_by_side(plan.circuit.n_units), int(fitting)))


def _needed(plan: Plan) -> float:
    """Bytes for each odor."""
    n_units, noise = plan.circuit.n_units, plan.dynamics.noise
    n_held = plan.n_steps * (plan.circuit.n_inputs + plan.recorded.size)
    n_held += 0 if noise is None else int(plan.duration / noise.interval + 2) * n_units
    return float(8 * n_held + _PER_SYNAPSE * plan.circuit.weights.nnz + _PER_UNIT * n_units)


def _memory(pages: str, unknown: float) -> float:
    """Free memory, or all that there is, in bytes; another number if the system does not tell."""
    try:
        return float(os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError, AttributeError):
        return unknown


def _rates(odors: Any, n_inputs: int) -> FloatArray:
    rates = odor_panel(odors, n_inputs)
    rates = rates.toarray() if issparse(rates) else rates
    return checks.matrix("odors", rates, nonnegative=True)


def _plan(
    circuit: Circuit, dynamics: Dynamics, duration: float, dt: float, record: ArrayLike
) -> Plan:
    """Check what a simulation must fulfil before it begins."""
    if circuit.weights.nnz and circuit.weights.data.min() < 0:
        least = circuit.weights.data.min()
        raise ValueError(f"weights of a spiking circuit must be non-negative, got {least:g}")
    checks.positive("dt", dt)
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
    n_steps = round(checks.positive("duration", duration) / dt)
    if n_steps < 1:
        raise ValueError(f"duration must be at least dt={dt:g} s, got {duration:g} s")
    recorded = np.ravel(checks.counts("record", record, minimum=0, maximum=circuit.n_units - 1))
    plan = Plan(circuit, dynamics, n_steps, dt, recorded)
    needed, there = _needed(plan) / 2**30, _memory("SC_PHYS_PAGES", np.inf) / 2**30
    if needed > there:
        raise ValueError(
            f"duration must be one whose input fits into {there:.3g} GiB of memory, "
            f"got {duration:g} s, which needs {needed:.3g} GiB for each odor"
        )
    return plan


def _response(plan: Plan, answers: list[Answer]) -> Response:
    n_units, n_odors = plan.circuit.n_units, sum(answer.n_odors for answer in answers)
    firsts = np.cumsum([0, *(answer.n_odors for answer in answers)])
    places = [a.units + first * n_units for a, first in zip(answers, firsts, strict=False)]
    odors, units = np.divmod(np.concatenate(places), n_units)
    steps = np.concatenate([answer.steps for answer in answers])
    for answer in answers:
        require_stable(plan, answer)
    spikes = Spikes(
        odors, units, steps * plan.dt, n_odors=n_odors, n_units=n_units, stop=plan.duration
    )
    voltages = None
    if plan.recorded.size:
        kept = [answer.voltages for answer in answers if answer.voltages is not None]
        voltages = np.concatenate(kept).reshape(n_odors, plan.recorded.size, plan.n_steps)
    return Response.of_spikes(spikes, voltages)
