"""The spiking circuit against a plain simulation of the same equations, written for this test."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from olfnet import random_expansion
from olfnet.expansion import presets, spiking
from olfnet.expansion.dynamics import Dynamics, GradedInhibition, SpikingInhibition, Synapse
from olfnet.expansion.neurons import LIF, Izhikevich
from olfnet.expansion.trains import Gamma, Poisson, TimeCourse

DT, STEPS = 1e-4, 1000
NAMES = ("spiking", "graded", "free", "noisy", "currents", "adaptive")  # see conftest.py


def drawn(circuit, odors, seed, noise=None):
    """Spikes and noise of the inputs, drawn as the package documents: a stream for each odor."""
    rasters, noises = [], []
    for odor, stream in zip(odors, np.random.default_rng(seed).spawn(len(odors)), strict=True):
        spikes, current = stream.spawn(2)
        expected = TimeCourse().expected(odor, STEPS, DT)
        inputs, steps = Poisson().draw(expected, DT, rng=spikes)
        raster = np.zeros((STEPS, odor.size))
        raster[steps, inputs] = 1
        rasters.append(raster)
        noises.append(np.zeros((STEPS, circuit.n_units)))
        if noise is not None:
            n_held = round(noise.interval / DT)
            values = current.normal(0, noise.std, (STEPS // n_held + 1, circuit.n_units))
            noises[-1] = values[np.arange(STEPS) // n_held]
    return rasters, noises


def plain(circuit, dynamics, raster, noise):
    """Forward Euler: counts and potentials of all units.

    Within a step potentials move first, on the inputs that were there; then spikes are found,
    synapses act, and those that spiked are reset.
    """
    cell, apl = dynamics.neuron, dynamics.inhibition
    weights = circuit.weights.toarray()
    v, (exc, slow) = np.full(circuit.n_units, cell.rest), np.zeros((2, circuit.n_units))
    quiet = np.full(circuit.n_units, -np.inf)  # until when a unit is refractory
    a_v, a_exc, a_quiet, activity, feedback = cell.rest, 0.0, -np.inf, 0.0, 0.0
    counts, potentials = np.zeros(circuit.n_units, int), []
    heard, inhibited = np.zeros(STEPS + 100), np.zeros(STEPS + 100)  # what is under way
    late = round(dynamics.excitation.delay / DT)
    delayed = np.vstack((np.zeros((late, raster.shape[1])), raster))
    to_apl, from_apl = 0, 0
    if isinstance(apl, GradedInhibition):
        to_apl = round(apl.delay / DT)
    elif apl is not None:
        to_apl, from_apl = (round(s.delay / DT) for s in (apl.excitation, apl.inhibition))
    for step in range(STEPS):
        if isinstance(apl, GradedInhibition):
            feedback = apl.gain * max(activity - apl.threshold, 0.0)
            activity -= DT * activity / apl.tau
        elif apl is not None:
            slope = apl.neuron.leak * (apl.neuron.rest - a_v) + a_exc * (0.0 - a_v)
            a_v += DT * slope / apl.neuron.capacitance if step >= a_quiet else 0.0
            a_exc -= DT * a_exc / apl.excitation.tau
            feedback -= DT * feedback / apl.inhibition.tau
        potentials.append(v.copy())
        if isinstance(cell, LIF):
            slope = (cell.rest - v + cell.resistance * (exc - feedback + noise[step])) / cell.tau
        else:
            current = exc * (0.0 - v) + feedback * (-0.075 - v) + slow * (-0.09 - v) + noise[step]
            slope = (cell.leak * (cell.rest - v) + current) / cell.capacitance
        free = step >= quiet
        v = v + np.where(free, DT * slope, 0)
        slow -= DT * slow / getattr(cell, "adaptation_tau", 1.0)
        exc -= DT * exc / dynamics.excitation.tau
        fired = (v >= cell.threshold) & free
        counts += fired
        a_fired = isinstance(apl, SpikingInhibition) and a_v >= apl.neuron.threshold
        a_fired = a_fired and step >= a_quiet
        exc += dynamics.excitation.strength * (weights @ delayed[step])
        heard[step + to_apl] += fired.sum()
        if isinstance(apl, GradedInhibition):
            activity += heard[step] / (circuit.n_units * apl.tau)
        elif apl is not None:
            a_exc += apl.excitation.strength * heard[step]
            feedback += apl.inhibition.strength * inhibited[step]
        if a_fired:
            inhibited[step + from_apl] += 1
            feedback += apl.inhibition.strength * (from_apl == 0)
            a_v, a_quiet = apl.neuron.reset, step + round(apl.neuron.refractory / DT)
        slow[fired] += getattr(cell, "adaptation", 0.0)
        v[fired] = cell.reset
        quiet[fired] = step + round(cell.refractory / DT)
    return counts, np.array(potentials)


@pytest.mark.parametrize("name", NAMES)
def test_plain_simulation(circuit, odors, name, cells):
    """All spikes; potentials up to the order in which numbers are added up."""
    dynamics = cells[name]
    response = spiking.respond(
        circuit, odors, duration=STEPS * DT, rng=7, dynamics=dynamics, record=[0, 7]
    )
    rasters, noises = drawn(circuit, odors, 7, dynamics.noise)
    found = [plain(circuit, dynamics, *one) for one in zip(rasters, noises, strict=True)]
    counts = np.array([one[0] for one in found])
    assert counts.sum() > 100
    assert np.array_equal(response.counts, counts)
    potentials = np.array([one[1][:, [0, 7]].T for one in found])
    np.testing.assert_allclose(response.voltages, potentials, rtol=0, atol=1e-9)
    other = spiking.respond(circuit, odors, duration=STEPS * DT, rng=8, dynamics=dynamics)
    assert (other.counts == counts).mean() < 0.9


def test_inhibition_inhibits(circuit, odors, cells):
    total = {
        name: spiking.respond(circuit, odors, duration=0.1, rng=1, dynamics=dynamics).counts.sum()
        for name, dynamics in cells.items()
    }
    assert total["spiking"] < 0.9 * total["free"]
    assert total["graded"] < 0.9 * total["free"]


def test_time_step_of_records(circuit, odors, cells):
    """Potentials and delays keep to the time step that was asked for."""
    cell = cells["spiking"]
    dynamics = replace(cell, excitation=replace(cell.excitation, delay=0.001))
    course, process = TimeCourse(starts=(0.01,)), Gamma(order=1e6)
    response = spiking.respond(
        circuit, odors, duration=0.05, rng=3, dynamics=dynamics, dt=5e-5, record=[0, 1],
        course=course, process=process,
    )  # fmt: skip
    assert response.voltages.shape == (5, 2, 1000)
    moved = np.argmax((response.voltages != cell.neuron.rest).any(axis=(0, 1)))
    assert 0.011 / 5e-5 <= moved < 0.015 / 5e-5


def test_regular_input_gives_the_closed_form_rate(cells):
    """Many weak inputs that tick like clocks are nearly a constant conductance."""
    circuit = random_expansion(n_inputs=400, n_units=30, fan_in=200, coding_level=0.1, rng=1)
    rates = np.linspace(20, 80, 6)[:, None] * np.ones(400)
    dynamics = replace(cells["free"], excitation=Synapse(strength=0.1e-9, tau=0.005))
    response = spiking.respond(
        circuit, rates, duration=1.0, rng=1, dynamics=dynamics, process=Gamma(order=1000.0)
    )
    late = response.spikes.between(0.2, 1.0)
    rate = dynamics.onset_rates(circuit.drive(rates))
    assert (rate > 5).mean() > 0.6
    # A spike at each end, a time step in each interval, and ripple where it hardly fires.
    bound = 1 + 0.8 * rate**2 * DT + 0.06 * 0.8 * rate
    clear = (rate > 5) | (rate == 0)
    assert (np.abs(late.counts - 0.8 * rate) <= bound)[clear].all()
    assert (np.abs(late.counts - 0.8 * 1.2 * rate) > bound).any()


def test_time_course_and_spontaneous_rates(circuit, odors, cells):
    course = TimeCourse(starts=(0.1,), length=0.1)
    response = spiking.respond(
        circuit, odors, duration=0.3, rng=1, dynamics=cells["free"], course=course
    )
    assert response.spikes.between(0, 0.1).counts.sum() == 0
    assert response.spikes.between(0.1, 0.2).counts.sum() > 100
    assert response.spikes.between(0.25, 0.3).counts.sum() == 0


def test_any_neuron_model(circuit, odors):
    """An Izhikevich neuron with adaptation of its own, and a mixed circuit of two models."""
    cells = Dynamics(
        neuron=Izhikevich(),
        excitation=Synapse(strength=3e-10, tau=0.005),
        inhibition=SpikingInhibition(
            neuron=LIF(),
            excitation=Synapse(strength=1e-11, tau=0.005),
            inhibition=Synapse(strength=1e-10, tau=0.01),
        ),
    )
    response = spiking.respond(circuit, odors, duration=0.2, rng=1, dynamics=cells, record=[0])
    assert response.counts.sum() > 50
    assert np.isfinite(response.voltages).all()
    assert response.voltages.max() < 0.03


@pytest.mark.parametrize("name", presets.__all__)
def test_presets_run(circuit, odors, name):
    dynamics = getattr(presets, name)()
    weights = replace(circuit, weights=circuit.weights * (20 if name == "shiu_2024" else 1))
    response = spiking.respond(weights, odors, duration=0.1, rng=1, dynamics=dynamics, dt=5e-5)
    assert response.counts.sum() > 10


def test_time_step_too_long_for_the_inhibition(circuit, odors, cells):
    """Where Euler's method would overshoot, the answer would be wrong."""
    cell = cells["spiking"]
    fierce = replace(cell.inhibition.inhibition, strength=1e-6)
    dynamics = replace(cell, inhibition=replace(cell.inhibition, inhibition=fierce))
    with pytest.raises(ValueError, match="under the strongest inhibition, got 0.0001 s against"):
        spiking.respond(circuit, odors, duration=0.1, rng=1, dynamics=dynamics)
    fine = spiking.respond(circuit, odors, duration=0.1, rng=1, dynamics=dynamics, dt=2e-6)
    assert fine.counts.sum() > 0


def test_a_circuit_without_synapses(circuit, odors):
    empty = replace(circuit, weights=scipy.sparse.csr_array(circuit.weights.shape))
    assert spiking.respond(empty, odors, duration=0.01, rng=1).counts.sum() == 0
