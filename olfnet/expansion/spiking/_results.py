"""From what Brian2's monitors recorded to the response of a circuit."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from olfnet.checks import FloatArray
from olfnet.expansion.circuit import Response
from olfnet.expansion.dynamics import SpikingInhibition
from olfnet.expansion.spikes import Spikes
from olfnet.expansion.spiking._plan import Plan

_IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Output:
    """Spikes and potentials of a batch.

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
    units: _IntArray
    steps: _IntArray
    inhibitors: _IntArray
    inhibitor_steps: _IntArray
    voltages: FloatArray | None

    @classmethod
    def of(cls, network: Any, plan: Plan, n_odors: int) -> Self:
        """Read the monitors of a network that has run, without the silence that fills it up."""
        units, steps = _spikes_of(network["spikes"], plan.dt)
        kept = units < n_odors * plan.circuit.n_units
        inhibitors = inhibitor_steps = np.zeros(0, dtype=np.int64)
        if "inhibitor_spikes" in network:
            inhibitors, inhibitor_steps = _spikes_of(network["inhibitor_spikes"], plan.dt)
        voltages = None
        if plan.recorded.size:
            voltages = np.asarray(network["voltages"].v)[: n_odors * plan.recorded.size]
        return cls(n_odors, units[kept], steps[kept], inhibitors, inhibitor_steps, voltages)


def response_of(plan: Plan, outputs: list[Output]) -> Response:
    """Join the outputs of all batches.

    Raises
    ------
    ValueError
        If the time step was too long for the inhibition of the simulation.
    """
    n_units, n_odors = plan.circuit.n_units, sum(output.n_odors for output in outputs)
    firsts = np.cumsum([0, *(output.n_odors for output in outputs)])
    indices = [out.units + first * n_units for out, first in zip(outputs, firsts, strict=False)]
    odors, units = np.divmod(np.concatenate(indices), n_units)
    times = np.concatenate([output.steps for output in outputs]) * plan.dt
    for output in outputs:
        _require_stable(plan, output)
    spikes = Spikes(odors, units, times, n_odors=n_odors, n_units=n_units, stop=plan.duration)
    voltages = None
    if plan.recorded.size:
        kept = [output.voltages for output in outputs if output.voltages is not None]
        voltages = np.concatenate(kept).reshape(n_odors, plan.recorded.size, plan.n_steps)
    return Response.of_spikes(spikes, voltages)


def _require_stable(plan: Plan, output: Output) -> None:
    """Raise if a potential would overshoot its target under inhibition in one time step."""
    neuron = plan.dynamics.neuron
    if plan.dynamics.inhibition is None or not hasattr(neuron, "time_constant"):
        return
    strongest = _feedback(plan, output).max(initial=0.0)
    fastest = neuron.time_constant(strongest)
    if plan.dt >= fastest:
        raise ValueError(
            "dt must be shorter than the units' time constant under the strongest inhibition, "
            f"got {plan.dt:g} s against {fastest:g} s at {strongest:g} S"
        )


def _feedback(plan: Plan, output: Output) -> FloatArray:
    """Return the inhibition of each odor's units in each time step, from the spikes before it."""
    kind: Any = plan.dynamics.inhibition
    if isinstance(kind, SpikingInhibition):
        rows, steps = output.inhibitors, output.inhibitor_steps
        jump, tau = kind.inhibition.strength, kind.inhibition.tau
    else:
        rows, steps = output.units // plan.circuit.n_units, output.steps
        jump, tau = 1 / (plan.circuit.n_units * kind.tau), kind.tau
    n_rows = int(rows.max(initial=-1)) + 1
    counts = np.bincount(rows * plan.n_steps + steps, minlength=n_rows * plan.n_steps)
    traces = counts.reshape(n_rows, plan.n_steps) * jump
    decay = 1 - plan.dt / tau
    level: FloatArray = scipy.signal.lfilter([1.0], [1.0, -decay], traces, axis=1)
    if isinstance(kind, SpikingInhibition):
        return level
    return np.asarray(kind.gain * np.maximum(level - kind.threshold, 0.0))


def _spikes_of(monitor: Any, dt: float) -> tuple[_IntArray, _IntArray]:
    """Return indices and time steps of a monitor's spikes."""
    steps = np.rint(np.asarray(monitor.t) / dt).astype(np.int64)
    return np.asarray(monitor.i).astype(np.int64), steps
