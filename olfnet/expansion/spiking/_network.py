"""A circuit as a Brian2 network, with several odors side by side."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from olfnet.expansion.dynamics import GradedInhibition, SpikingInhibition
from olfnet.expansion.spiking._brian import brian2
from olfnet.expansion.spiking._plan import Batch, Plan


def assemble(plan: Plan, batch: Batch, *, codeobj_class: Any = None) -> brian2.Network:
    """Return a Brian2 network that is ready to run.

    Its objects are those of :func:`olfnet.expansion.spiking.build`. ``codeobj_class``, Brian2's
    class of code, decides the target of these objects alone.
    """
    return _Builder(plan, batch, codeobj_class).network()


@dataclass(frozen=True, eq=False)
class _Builder:
    plan: Plan
    batch: Batch
    codeobj_class: Any

    def network(self) -> brian2.Network:
        plan, batch = self.plan, self.batch
        raster = brian2.TimedArray(batch.raster, dt=plan.dt * brian2.second, name="raster")
        inputs = self._group(
            "inputs",
            batch.raster.shape[1],
            "",
            threshold="raster(t, i) > 0",
            reset="",
            namespace={"raster": raster},
        )
        units, *wake_up = self._units()
        network = brian2.Network(inputs, units, *wake_up)
        network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
        if plan.circuit.weights.nnz:
            network.add(self._excitation(inputs, units))
        network.add(brian2.SpikeMonitor(units, name="spikes", codeobj_class=self.codeobj_class))
        if plan.dynamics.inhibition is None:
            units.namespace["inh"] = 0 * _unit(plan.dynamics.neuron.input_unit)
        else:
            network.add(*self._inhibition(units))
        if plan.recorded.size:
            odors = np.arange(batch.n_odors)[:, None]
            record = (odors * plan.circuit.n_units + plan.recorded).ravel()
            monitor = brian2.StateMonitor(
                units, "v", record=record, name="voltages", **self._shared()
            )
            network.add(monitor)
        return network

    def _shared(self) -> dict[str, Any]:
        return {"codeobj_class": self.codeobj_class, "dt": self.plan.dt * brian2.second}

    def _group(self, name: str, number: int, equations: str, **options: Any) -> brian2.NeuronGroup:
        return brian2.NeuronGroup(number, equations, name=name, **options, **self._shared())

    def _synapses(
        self, name: str, ends: tuple[Any, Any], on_pre: str, delay: float, i: Any, j: Any,
        model: str | None = None,
    ) -> brian2.Synapses:  # fmt: skip
        synapses = brian2.Synapses(
            *ends,
            model,
            on_pre=on_pre,
            delay=delay * brian2.second,
            name=name,
            namespace={},
            **self._shared(),
        )
        synapses.connect(i=i, j=j)
        return synapses

    def _units(self) -> list[brian2.BrianObject]:
        dynamics, unit = self.plan.dynamics, self.plan.dynamics.neuron.input_unit
        equations = f"dexc/dt = -exc / tau_exc : {unit}\n"
        namespace = {"tau_exc": dynamics.excitation.tau * brian2.second}
        if dynamics.inhibition is not None:
            equations += f"inh : {unit} (linked)\n"
        noise = ""
        if self.batch.noise is not None:
            interval = self.plan.noise_steps * self.plan.dt * brian2.second
            values = self.batch.noise * brian2.amp
            namespace["noise"] = brian2.TimedArray(values, dt=interval, name="noise")
            noise = " + noise(t, i)"
        n_units = self.batch.n_odors * self.plan.circuit.n_units
        return self._neurons("units", dynamics.neuron, n_units, equations, namespace, noise)

    def _neurons(
        self, name: str, neuron: Any, number: int, equations: str, namespace: dict[str, Any],
        noise: str = "",
    ) -> list[brian2.BrianObject]:  # fmt: skip
        """Return a group of neurons with noise and refractory period.

        Brian2's own refractory period is checked for every neuron in every step.  Here a spike sets
        ``awake`` to 0, and a synapse onto the neuron itself sets it to 1 in time for the first step
        after the refractory period.
        """
        n_refractory = round(neuron.refractory / self.plan.dt)
        sleeps = n_refractory > 1  # a neuron does not move in the step after its spike anyway
        equations += "\nawake : 1" if sleeps else ""
        namespace |= {key: getattr(neuron, key) * _unit(u) for key, u in neuron.units.items()}
        namespace |= {} if sleeps else {"awake": 1}
        group = self._group(
            name,
            number,
            f"{neuron.equations}\ncurrent = {neuron.input_current}{noise} : amp\n{equations}",
            threshold="v >= threshold",
            reset=neuron.reset_statements + ("; awake = 0" if sleeps else ""),
            # Forward Euler: no transcendental functions, whose last bits differ between targets.
            method="euler",
            namespace=namespace,
        )
        for variable, value in (text.split("=") for text in neuron.initial_values.split(";")):
            setattr(group, variable.strip(), value)
        if not sleeps:
            return [group]
        group.awake = 1
        delay, each = (n_refractory - 1) * self.plan.dt, np.arange(number)
        ends = group, group
        return [
            group,
            self._synapses(f"{name}_wake_up", ends, "awake_post = 1", delay, each, each),
        ]

    def _excitation(self, inputs: Any, units: Any) -> brian2.Synapses:
        """Connect each odor's own inputs and units by the circuit's wiring."""
        circuit, synapse = self.plan.circuit, self.plan.dynamics.excitation
        weights, unit = circuit.weights.tocoo(), self.plan.dynamics.neuron.input_unit
        to_unit, from_input = weights.coords
        odor = np.arange(self.batch.n_odors)[:, None]
        excitation = self._synapses(
            "excitation",
            (inputs, units),
            "exc_post += strength",
            synapse.delay,
            i=(odor * circuit.n_inputs + from_input).ravel(),
            j=(odor * circuit.n_units + to_unit).ravel(),
            model=f"strength : {unit} (constant)",
        )
        strength = synapse.strength * np.tile(weights.data, self.batch.n_odors)
        excitation.strength = strength * _unit(unit)
        return excitation

    def _inhibition(self, units: Any) -> list[brian2.BrianObject]:
        """Connect all units of each odor to one inhibitor, and back."""
        kind: Any = self.plan.dynamics.inhibition
        n_odors, n_units = self.batch.n_odors, self.plan.circuit.n_units
        if isinstance(kind, SpikingInhibition):
            objects = self._spiking_inhibitor(kind)
            on_pre = f"exc_post += {kind.excitation.strength!r} * {kind.neuron.input_unit}"
            delay = kind.excitation.delay
        else:
            objects = self._graded_inhibitor(kind)
            on_pre = f"activity_post += {1 / (n_units * kind.tau)!r} * Hz"
            delay = kind.delay
        of_odor = np.repeat(np.arange(n_odors), n_units)
        each = np.arange(n_odors * n_units)
        ends = units, objects[0]
        to_inhibitor = self._synapses("to_inhibitor", ends, on_pre, delay, each, of_odor)
        units.inh = brian2.linked_var(objects[0], "feedback", index=of_odor)
        return [*objects, to_inhibitor]

    def _spiking_inhibitor(self, kind: SpikingInhibition) -> list[brian2.BrianObject]:
        unit, n_odors = self.plan.dynamics.neuron.input_unit, self.batch.n_odors
        equations = f"""dexc/dt = -exc / tau_exc : {kind.neuron.input_unit}
        dfeedback/dt = -feedback / tau_feedback : {unit}"""
        namespace = {
            "tau_exc": kind.excitation.tau * brian2.second,
            "tau_feedback": kind.inhibition.tau * brian2.second,
            "inh": 0 * _unit(kind.neuron.input_unit),
        }
        inhibitor, *wake_up = self._neurons("inhibitor", kind.neuron, n_odors, equations, namespace)
        on_pre = f"feedback_post += {kind.inhibition.strength!r} * {unit}"
        ends, each, delay = (inhibitor, inhibitor), np.arange(n_odors), kind.inhibition.delay
        from_inhibitor = self._synapses("from_inhibitor", ends, on_pre, delay, each, each)
        spikes = brian2.SpikeMonitor(
            inhibitor, name="inhibitor_spikes", codeobj_class=self.codeobj_class
        )
        return [inhibitor, *wake_up, from_inhibitor, spikes]

    def _graded_inhibitor(self, kind: GradedInhibition) -> list[brian2.BrianObject]:
        unit = self.plan.dynamics.neuron.input_unit
        inhibitor = self._group(
            "inhibitor",
            self.batch.n_odors,
            f"""dactivity/dt = -activity / tau : Hz
            feedback : {unit}""",
            method="euler",
            namespace={
                "tau": kind.tau * brian2.second,
                "gain": kind.gain * _unit(unit) * brian2.second,
                "threshold": kind.threshold * brian2.Hz,
            },
        )
        output = inhibitor.run_regularly(
            "feedback = gain * clip(activity - threshold, 0 * Hz, inf * Hz)",
            name="inhibitor_output",
            **self._shared(),
        )
        return [inhibitor, output]


def _unit(name: str) -> Any:
    return 1 if name == "1" else getattr(brian2, name)
