"""A circuit as a Brian2 network, with several odors side by side."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from olfnet.checks import FloatArray
from olfnet.expansion.circuit import Circuit
from olfnet.expansion.dynamics import Dynamics, GradedInhibition, SpikingInhibition
from olfnet.expansion.spiking._batches import Batch
from olfnet.expansion.spiking._brian import brian2


@dataclass(frozen=True, eq=False)
class Plan:
    """What is simulated for each odor.

    Parameters
    ----------
    circuit : Circuit
    dynamics : Dynamics
    n_steps : int
    dt : float
        Time step, in s.
    recorded : int array of shape (n_recorded,)
        Units whose potentials are kept.
    """

    circuit: Circuit
    dynamics: Dynamics
    n_steps: int
    dt: float
    recorded: NDArray[np.int64]

    @property
    def noise_steps(self) -> int:
        """Time steps for which each value of the noise lasts."""
        noise = self.dynamics.noise
        return 0 if noise is None else round(noise.interval / self.dt)

    @property
    def duration(self) -> float:
        """Simulated time, in s."""
        return self.n_steps * self.dt


def assemble(plan: Plan, batch: Batch, *, codeobj_class: Any = None) -> brian2.Network:
    """Return a Brian2 network that is ready to run.

    Its objects are the groups ``inputs`` (odor by odor, n_inputs each), ``units`` (n_units each)
    and ``inhibitor`` (one for each odor), the synapses ``excitation``, ``to_inhibitor`` and
    ``from_inhibitor``, and the monitors ``spikes``, ``inhibitor_spikes`` and ``voltages``, as far
    as the dynamics have them.

    Parameters
    ----------
    plan : Plan
    batch : Batch
        Spikes of the inputs and noise of the units, for some odors.
    codeobj_class : optional
        Brian2's class of code, which decides the target of these objects alone.
    """
    shared = {"codeobj_class": codeobj_class, "dt": plan.dt * brian2.second}
    raster = brian2.TimedArray(batch.raster, dt=plan.dt * brian2.second, name="raster")
    inputs = brian2.NeuronGroup(
        batch.raster.shape[1],
        "",
        threshold="raster(t, i) > 0",
        reset="",
        name="inputs",
        namespace={"raster": raster},
        **shared,
    )
    units, *alarm = _units(plan, batch, shared)
    network = brian2.Network(inputs, units, *alarm)
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    if plan.circuit.weights.nnz:
        network.add(_excitation(plan, inputs, units, batch, shared))
    network.add(brian2.SpikeMonitor(units, name="spikes", codeobj_class=codeobj_class))
    if plan.dynamics.inhibition is None:
        units.namespace["inh"] = 0 * _unit(plan.dynamics.neuron.input_unit)
    else:
        network.add(*_inhibition(plan, plan.dynamics.inhibition, units, batch.n_odors, shared))
    if plan.recorded.size:
        record = (np.arange(batch.n_odors)[:, None] * plan.circuit.n_units + plan.recorded).ravel()
        monitor = brian2.StateMonitor(units, "v", record=record, name="voltages", **shared)
        network.add(monitor)
    return network


def _units(plan: Plan, batch: Batch, shared: dict[str, Any]) -> list[brian2.BrianObject]:
    dynamics, unit = plan.dynamics, plan.dynamics.neuron.input_unit
    equations = f"dexc/dt = -exc / tau_exc : {unit}\n"
    namespace = {"tau_exc": dynamics.excitation.tau * brian2.second}
    if dynamics.inhibition is not None:
        equations += f"inh : {unit} (linked)\n"
    noise = ""
    if batch.noise is not None:
        interval = plan.noise_steps * plan.dt * brian2.second
        values = batch.noise * brian2.amp
        namespace["noise"] = brian2.TimedArray(values, dt=interval, name="noise")
        noise = " + noise(t, i)"
    return _neurons(
        "units", dynamics.neuron, batch.n_odors * plan.circuit.n_units, equations, namespace,
        noise, shared,
    )  # fmt: skip


def _neurons(
    name: str,
    neuron: Any,
    number: int,
    equations: str,
    namespace: dict[str, Any],
    noise: str,
    shared: dict[str, Any],
) -> list[brian2.BrianObject]:
    """Neurons of a model, with further equations and noise in their current, and what wakes them.

    Brian2's own dead time looks at every neuron in every step.  Here a spike puts its neuron to
    sleep, and a synapse onto itself wakes it in time for the first step after the dead time.
    """
    n_dead = round(neuron.refractory / float(shared["dt"]))
    sleeps = n_dead > 1  # a neuron does not move in the step after its spike anyway
    equations += "\nawake : 1" if sleeps else ""
    namespace |= {key: getattr(neuron, key) * _unit(u) for key, u in neuron.units.items()}
    namespace |= {} if sleeps else {"awake": 1}
    group = brian2.NeuronGroup(
        number,
        f"{neuron.equations}\ncurrent = {neuron.input_current}{noise} : amp\n{equations}",
        threshold="v >= threshold",
        reset=neuron.reset_statements + ("; awake = 0" if sleeps else ""),
        # Forward Euler: it needs no transcendental functions, whose last bits differ by target.
        method="euler",
        name=name,
        namespace=namespace,
        **shared,
    )
    for variable, value in (one.split("=") for one in neuron.initial_values.split(";")):
        setattr(group, variable.strip(), value)
    if not sleeps:
        return [group]
    group.awake = 1
    alarm = brian2.Synapses(
        group,
        group,
        on_pre="awake_post = 1",
        delay=(n_dead - 1) * shared["dt"],
        name=f"{name}_alarm",
        namespace={},
        **shared,
    )
    alarm.connect(i=np.arange(number), j=np.arange(number))
    return [group, alarm]


def _excitation(
    plan: Plan, inputs: Any, units: Any, batch: Batch, shared: dict[str, Any]
) -> brian2.Synapses:
    """Every odor has the circuit's wiring, from its own inputs to its own units."""
    synapse, weights = plan.dynamics.excitation, plan.circuit.weights.tocoo()
    unit = plan.dynamics.neuron.input_unit
    excitation = brian2.Synapses(
        inputs,
        units,
        f"strength : {unit} (constant)",
        on_pre="exc_post += strength",
        delay=synapse.delay * brian2.second,
        name="excitation",
        namespace={},
        **shared,
    )
    to_unit, from_input = weights.coords
    odor = np.arange(batch.n_odors)[:, None]
    excitation.connect(
        i=(odor * plan.circuit.n_inputs + from_input).ravel(),
        j=(odor * plan.circuit.n_units + to_unit).ravel(),
    )
    strength = synapse.strength * np.tile(weights.data, batch.n_odors)
    excitation.strength = strength * _unit(unit)
    return excitation


def _inhibition(
    plan: Plan,
    kind: SpikingInhibition | GradedInhibition,
    units: Any,
    n_odors: int,
    shared: dict[str, Any],
) -> list[brian2.BrianObject]:
    """One inhibitor for each odor, which hears its units; they all read its output."""
    if isinstance(kind, SpikingInhibition):
        objects = _spiking_inhibitor(plan, kind, n_odors, shared)
        hears = f"exc_post += {kind.excitation.strength!r} * {kind.neuron.input_unit}"
        delay = kind.excitation.delay
    else:
        objects = _graded_inhibitor(plan, kind, n_odors, shared)
        hears = f"activity_post += {1 / (plan.circuit.n_units * kind.tau)!r} * Hz"
        delay = kind.delay
    inhibitor = objects[0]
    n_units = plan.circuit.n_units
    to_inhibitor = brian2.Synapses(
        units,
        inhibitor,
        on_pre=hears,
        delay=delay * brian2.second,
        name="to_inhibitor",
        namespace={},
        **shared,
    )
    of_odor = np.repeat(np.arange(n_odors), n_units)
    to_inhibitor.connect(i=np.arange(n_odors * n_units), j=of_odor)
    units.inh = brian2.linked_var(inhibitor, "feedback", index=of_odor)
    return [*objects, to_inhibitor]


def _spiking_inhibitor(
    plan: Plan, kind: SpikingInhibition, n_odors: int, shared: dict[str, Any]
) -> list[brian2.BrianObject]:
    unit, codeobj_class = plan.dynamics.neuron.input_unit, shared["codeobj_class"]
    equations = f"""dexc/dt = -exc / tau_exc : {kind.neuron.input_unit}
    dfeedback/dt = -feedback / tau_feedback : {unit}"""
    namespace = {
        "tau_exc": kind.excitation.tau * brian2.second,
        "tau_feedback": kind.inhibition.tau * brian2.second,
        "inh": 0 * _unit(kind.neuron.input_unit),
    }
    inhibitor, *alarm = _neurons(
        "inhibitor", kind.neuron, n_odors, equations, namespace, "", shared
    )
    from_inhibitor = brian2.Synapses(
        inhibitor,
        inhibitor,
        on_pre=f"feedback_post += {kind.inhibition.strength!r} * {unit}",
        delay=kind.inhibition.delay * brian2.second,
        name="from_inhibitor",
        namespace={},
        **shared,
    )
    from_inhibitor.connect(i=np.arange(n_odors), j=np.arange(n_odors))
    heard = brian2.SpikeMonitor(inhibitor, name="inhibitor_spikes", codeobj_class=codeobj_class)
    return [inhibitor, *alarm, from_inhibitor, heard]


def _graded_inhibitor(
    plan: Plan, kind: GradedInhibition, n_odors: int, shared: dict[str, Any]
) -> list[brian2.BrianObject]:
    unit = plan.dynamics.neuron.input_unit
    inhibitor = brian2.NeuronGroup(
        n_odors,
        f"""dactivity/dt = -activity / tau : Hz
        feedback : {unit}""",
        method="euler",
        name="inhibitor",
        namespace={
            "tau": kind.tau * brian2.second,
            "gain": kind.gain * _unit(unit) * brian2.second,
            "threshold": kind.threshold * brian2.Hz,
        },
        **shared,
    )
    output = inhibitor.run_regularly(
        "feedback = gain * clip(activity - threshold, 0 * Hz, inf * Hz)",
        dt=shared["dt"],
        name="inhibitor_output",
        codeobj_class=shared["codeobj_class"],
    )
    return [inhibitor, output]


def _unit(name: str) -> Any:
    return 1 if name == "1" else getattr(brian2, name)


def spikes_of(monitor: Any, dt: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return indices and time steps of a monitor's spikes."""
    steps = np.rint(np.asarray(monitor.t) / dt).astype(np.int64)
    return np.asarray(monitor.i).astype(np.int64), steps


def potentials_of(monitor: Any) -> FloatArray:
    """Return the potentials that a monitor kept, in V."""
    return np.asarray(monitor.v)
