"""Whether the time step was short enough for the inhibition that a simulation brought about."""

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from olfnet.checks import FloatArray
from olfnet.expansion.dynamics import SpikingInhibition
from olfnet.expansion.spiking._network import Plan
from olfnet.expansion.spiking._targets import Answer


def require_stable(plan: Plan, answer: Answer) -> None:
    """Refuse a time step in which a potential would overshoot its target under inhibition."""
    neuron = plan.dynamics.neuron
    if plan.dynamics.inhibition is None or not hasattr(neuron, "time_constant"):
        return
    strongest = _feedback(plan, answer).max(initial=0.0)
    fastest = neuron.time_constant(strongest)
    if plan.dt >= fastest:
        raise ValueError(
            "dt must be shorter than the units' time constant under the strongest inhibition, "
            f"got {plan.dt:g} s against {fastest:g} s at {strongest:g} S"
        )


def _feedback(plan: Plan, answer: Answer) -> FloatArray:
    """Inhibition of each odor's units in each time step, from the spikes that brought it about."""
    kind = plan.dynamics.inhibition
    if isinstance(kind, SpikingInhibition):
        rows, steps = answer.inhibitors, answer.inhibitor_steps
        jump, tau = kind.inhibition.strength, kind.inhibition.tau
    else:
        rows, steps = answer.units // plan.circuit.n_units, answer.steps
        jump, tau = 1 / (plan.circuit.n_units * kind.tau), kind.tau  # type: ignore[union-attr]
    n_rows = int(rows.max(initial=-1)) + 1
    counts = np.bincount(rows * plan.n_steps + steps, minlength=n_rows * plan.n_steps)
    decay = 1 - plan.dt / tau
    traces = counts.reshape(n_rows, plan.n_steps) * jump
    level: NDArray[np.float64] = scipy.signal.lfilter([1.0], [1.0, -decay], traces, axis=1)
    if isinstance(kind, SpikingInhibition):
        return level
    return kind.gain * np.maximum(level - kind.threshold, 0.0)  # type: ignore[union-attr]
