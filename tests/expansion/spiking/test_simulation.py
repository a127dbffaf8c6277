"""The spiking backend against a simulation in plain NumPy and closed forms."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from olfnet.expansion import presets, spiking
from olfnet.expansion.dynamics import Dynamics, GradedInhibition, Noise, SpikingInhibition, Synapse
from olfnet.expansion.neurons import LIF, Izhikevich
from olfnet.expansion.trains import Gamma, Poisson, TimeCourse

DT, STEPS = 1e-4, 600


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


def reference(circuit, dynamics, raster, noise):
    """Forward Euler: counts and potentials of all units.

    Within a step potentials move first, on the inputs that were there; then spikes are found,
    synapses act, and those that spiked are reset.
    """
    cell, apl = dynamics.neuron, dynamics.inhibition
    weights = circuit.weights.toarray()
    v, (exc, slow) = np.full(circuit.n_units, cell.rest), np.zeros((2, circuit.n_units))
    resting_until = np.full(circuit.n_units, -np.inf)  # until when a unit is refractory
    a_v, a_exc, a_resting_until, activity, feedback = cell.rest, 0.0, -np.inf, 0.0, 0.0
    counts, potentials = np.zeros(circuit.n_units, int), []
    received, inhibited = np.zeros(STEPS + 100), np.zeros(STEPS + 100)  # spikes on their way
    delay = round(dynamics.excitation.delay / DT)
    delayed = np.vstack((np.zeros((delay, raster.shape[1])), raster))
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
            a_v += DT * slope / apl.neuron.capacitance if step >= a_resting_until else 0.0
            a_exc -= DT * a_exc / apl.excitation.tau
            feedback -= DT * feedback / apl.inhibition.tau
        potentials.append(v.copy())
        if isinstance(cell, LIF):
            slope = (cell.rest - v + cell.resistance * (exc - feedback + noise[step])) / cell.tau
        else:
            current = exc * (0.0 - v) + feedback * (-0.075 - v) + slow * (-0.09 - v) + noise[step]
            slope = (cell.leak * (cell.rest - v) + current) / cell.capacitance
        free = step >= resting_until
        v = v + np.where(free, DT * slope, 0)
        slow -= DT * slow / getattr(cell, "adaptation_tau", 1.0)
        exc -= DT * exc / dynamics.excitation.tau
        fired = (v >= cell.threshold) & free
        counts += fired
        a_fired = isinstance(apl, SpikingInhibition) and a_v >= apl.neuron.threshold
        a_fired = a_fired and step >= a_resting_until
        exc += dynamics.excitation.strength * (weights @ delayed[step])
        received[step + to_apl] += fired.sum()
        if isinstance(apl, GradedInhibition):
            activity += received[step] / (circuit.n_units * apl.tau)
        elif apl is not None:
            a_exc += apl.excitation.strength * received[step]
            feedback += apl.inhibition.strength * inhibited[step]
        if a_fired:
            inhibited[step + from_apl] += 1
            feedback += apl.inhibition.strength * (from_apl == 0)
            a_v, a_resting_until = apl.neuron.reset, step + round(apl.neuron.refractory / DT)
        slow[fired] += getattr(cell, "adaptation", 0.0)
        v[fired] = cell.reset
        resting_until[fired] = step + round(cell.refractory / DT)
    return counts, np.array(potentials)


def test_reference_simulation(circuit, odors, dynamics, cells):
    """All spikes; potentials up to the order in which numbers are added."""
    options = {"duration": STEPS * DT, "dynamics": dynamics, "record": [0, 7]}
    response = spiking.respond(circuit, odors, rng=7, **options)
    inputs = zip(*drawn(circuit, odors, 7, dynamics.noise), strict=True)
    outputs = [reference(circuit, dynamics, *odor) for odor in inputs]
    counts = np.array([counts for counts, _ in outputs])
    assert counts.sum() > 60
    assert np.array_equal(response.counts, counts)
    potentials = np.array([potentials[:, [0, 7]].T for _, potentials in outputs])
    np.testing.assert_allclose(response.voltages, potentials, rtol=0, atol=1e-9)
    other = spiking.respond(circuit, odors, rng=8, **options)
    assert (other.counts == counts).mean() < 0.95
    if dynamics in (cells["spiking"], cells["graded"]):
        free = spiking.respond(circuit, odors, rng=7, **options | {"dynamics": cells["free"]})
        assert counts.sum() < 0.9 * free.counts.sum()


def test_time_step_of_records(circuit, odors, cells):
    """Potentials and delays keep the time step of the call."""
    cell = cells["spiking"]
    dynamics = replace(cell, excitation=replace(cell.excitation, delay=0.001))
    course, process = TimeCourse(starts=(0.01,)), Gamma(order=1e6)
    response = spiking.respond(
        circuit, odors, duration=0.05, rng=3, dynamics=dynamics, dt=5e-5, record=[0, 1],
        course=course, process=process,
    )  # fmt: skip
    assert response.voltages.shape == (5, 2, 1000)
    first = np.argmax((response.voltages != cell.neuron.rest).any(axis=(0, 1)))
    assert 0.011 / 5e-5 <= first < 0.015 / 5e-5


def test_time_course_and_spontaneous_rates(circuit, odors, cells):
    options = {"duration": 0.2, "rng": 1, "dynamics": cells["free"]}
    course = TimeCourse(starts=(0.05,), length=0.05)
    response = spiking.respond(circuit, odors, course=course, **options)
    assert response.spikes.between(0, 0.05).counts.sum() == 0
    assert response.spikes.between(0.05, 0.1).counts.sum() > 50
    assert response.spikes.between(0.15, 0.2).counts.sum() == 0
    spontaneous = replace(course, spontaneous=80.0)
    response = spiking.respond(circuit, 0 * odors, course=spontaneous, **options)
    assert response.spikes.between(0, 0.05).counts.sum() > 50


def test_any_neuron_model(circuit, odors):
    """An Izhikevich neuron with adaptation of its own, and an inhibitor of another model."""
    dynamics = Dynamics(
        neuron=Izhikevich(),
        excitation=Synapse(strength=3e-10, tau=0.005),
        inhibition=SpikingInhibition(
            neuron=LIF(),
            excitation=Synapse(strength=1e-11, tau=0.005),
            inhibition=Synapse(strength=1e-10, tau=0.01),
        ),
    )
    response = spiking.respond(circuit, odors, duration=0.1, rng=1, dynamics=dynamics, record=[0])
    assert response.counts.sum() > 30
    assert np.isfinite(response.voltages).all()
    assert response.voltages.max() < 0.03


@pytest.mark.parametrize("name", presets.__all__)
def test_presets_run(circuit, odors, name):
    dynamics = getattr(presets, name)()
    weights = replace(circuit, weights=circuit.weights * (20 if name == "shiu_2024" else 1))
    response = spiking.respond(weights, odors, duration=0.1, rng=1, dynamics=dynamics)
    assert response.counts.sum() > 10


@pytest.mark.parametrize("name", ["spiking", "graded"])
def test_time_step_too_long_for_the_inhibition(circuit, odors, cells, name):
    """Where Euler's method would overshoot, the response would be wrong."""
    kind = cells[name].inhibition
    if name == "spiking":
        strong = replace(kind, inhibition=replace(kind.inhibition, strength=1e-6))
    else:
        strong = replace(kind, gain=1e-6)
    options = {"duration": 0.02, "rng": 1, "dynamics": replace(cells[name], inhibition=strong)}
    with pytest.raises(ValueError, match="under the strongest inhibition, got 0.0001 s against"):
        spiking.respond(circuit, odors, **options)
    assert spiking.respond(circuit, odors, **options, dt=1e-5).counts.sum() > 0


def test_a_circuit_without_synapses(circuit, odors):
    empty = replace(circuit, weights=scipy.sparse.csr_array(circuit.weights.shape))
    sparse = scipy.sparse.csr_array(odors)
    assert spiking.respond(empty, sparse, duration=0.01, rng=1).counts.sum() == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"odors": np.full((1, 20), -1.0)}, "odors must be non-negative"),
        ({"odors": np.full((1, 20), np.nan)}, "odors must be finite"),
        ({"odors": np.ones((1, 19))}, "odors must have n_inputs=20 columns, got 19"),
        ({"duration": 0.0}, "duration must be positive, got 0"),
        (
            {"duration": 1e9},
            r"duration must be one whose input fits into .* of memory, got 1e\+09 s, which needs",
        ),
        ({"duration": 1e-5}, "duration must be at least dt=0.0001 s, got 1e-05 s"),
        ({"dt": 0.005}, "dt must be shorter than every time constant, got 0.005 s against 0.003 s"),
        ({"dt": 0.0}, "dt must be positive"),
        ({"dynamics": "shiu"}, "dynamics must be a Dynamics, such as a preset, got 'shiu'"),
        (
            {"odors": np.full((1, 20), 1e20)},
            r"odors must drive inputs at rates up to 1 / \(2 dt\) = 5000 Hz, got 1e\+20 Hz",
        ),
        ({"course": TimeCourse(length=4e-5)}, "course.length must be at least dt=0.0001 s"),
        (
            {"dynamics": replace(presets.shiu_2024(), noise=Noise(std=1e-10, interval=5e-5))},
            "dt must be at most noise.interval=5e-05 s, got 0.0001 s",
        ),
        ({"course": "pulse"}, r"course must be a TimeCourse, such as TimeCourse\(\), got 'pulse'"),
        ({"process": Poisson}, r"process must be a Process, such as .*, got <class"),
        ({"target": "gpu"}, "target must be one of numpy, standalone, cython, got 'gpu'"),
        ({"record": [60]}, "record must be at most 59, got 60"),
        ({"record": [0.5]}, r"record must be integers, got \[0.5\]"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"n_workers": 0}, "n_workers must be at least 1, got 0"),
    ],
)
def test_bad_input(circuit, odors, change, message, cells):
    given = {"odors": odors, "duration": 0.01, "dynamics": cells["spiking"]} | change
    with pytest.raises(ValueError, match=message):
        spiking.respond(circuit, given.pop("odors"), **given)
    negative = replace(circuit, weights=-circuit.weights)
    with pytest.raises(ValueError, match="weights of a spiking circuit must be non-negative"):
        spiking.respond(negative, odors, duration=0.01)
