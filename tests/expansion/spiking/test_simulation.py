"""The spiking circuit against a plain simulation of the same equations, written for this test."""

import multiprocessing
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from typing import ClassVar

import brian2
import numpy as np
import pytest
import scipy.sparse

from olfnet.expansion import presets, random_expansion, spiking
from olfnet.expansion.dynamics import Dynamics, GradedInhibition, Noise, SpikingInhibition, Synapse
from olfnet.expansion.neurons import LIF, ConductanceLIF, Izhikevich
from olfnet.expansion.trains import Gamma, Poisson, TimeCourse

DT, STEPS = 1e-4, 1000
CELL = ConductanceLIF(
    capacitance=100e-12, leak=10e-9, rest=-0.07, threshold=-0.055, reset=-0.07, refractory=0.002
)
SPIKING = Dynamics(
    neuron=CELL,
    excitation=Synapse(strength=2.5e-9, tau=0.003, delay=0.0005),
    inhibition=SpikingInhibition(
        neuron=replace(CELL, capacitance=20e-12),
        excitation=Synapse(strength=1e-9, tau=0.004, delay=0.0003),
        inhibition=Synapse(strength=4e-9, tau=0.010, delay=0.0007),
    ),
)
GRADED = replace(
    SPIKING, inhibition=GradedInhibition(gain=1e-9, tau=0.02, threshold=1.0, delay=0.0004)
)
FREE = replace(SPIKING, inhibition=None)
NOISY = replace(SPIKING, noise=Noise(std=5e-11, interval=0.003))
CURRENTS = Dynamics(
    neuron=LIF(), excitation=Synapse(strength=2e-10, tau=0.005, delay=0.0018), inhibition=None
)
ADAPTIVE = replace(SPIKING, neuron=presets.rapp_nawrot_2020().neuron)
ADAPTIVE = replace(ADAPTIVE, excitation=replace(SPIKING.excitation, strength=2e-8))
ALL = {"spiking": SPIKING, "graded": GRADED, "free": FREE, "noisy": NOISY, "currents": CURRENTS}
ALL["adaptive"] = ADAPTIVE


@pytest.fixture(scope="module")
def circuit():
    return random_expansion(n_inputs=20, n_units=60, fan_in=5, coding_level=0.1, rng=1)


@pytest.fixture(scope="module")
def odors():
    return np.random.default_rng(2).exponential(50.0, size=(5, 20))


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


@pytest.mark.parametrize("name", ALL)
def test_plain_simulation(circuit, odors, name):
    """All spikes; potentials up to the order in which numbers are added up."""
    dynamics = ALL[name]
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


def test_inhibition_inhibits(circuit, odors):
    total = {
        name: spiking.respond(circuit, odors, duration=0.1, rng=1, dynamics=dynamics).counts.sum()
        for name, dynamics in ALL.items()
    }
    assert total["spiking"] < 0.9 * total["free"]
    assert total["graded"] < 0.9 * total["free"]


def same(one, other):
    assert one.spikes.times.size == other.spikes.times.size > 50
    for name in ("odors", "units", "times"):
        assert np.array_equal(getattr(one.spikes, name), getattr(other.spikes, name))
    assert np.array_equal(one.voltages, other.voltages)


@pytest.mark.parametrize("name", ALL)
def test_batches_and_workers_change_nothing(circuit, odors, name):
    options = {"duration": 0.1, "rng": 3, "dynamics": ALL[name], "record": [1]}
    whole = spiking.respond(circuit, odors, **options)
    same(whole, spiking.respond(circuit, odors, **options, batch_size=2))
    same(whole, spiking.respond(circuit, odors, **options, batch_size=1, workers=2))
    # An odor's answer does not depend on those that come after it.
    first = spiking.respond(circuit, odors[:2], **options)
    assert np.array_equal(first.counts, whole.counts[:2])


def test_time_step_of_records(circuit, odors):
    """Potentials and delays keep to the time step that was asked for."""
    dynamics = replace(SPIKING, excitation=replace(SPIKING.excitation, delay=0.001))
    course, process = TimeCourse(starts=(0.01,)), Gamma(order=1e6)
    response = spiking.respond(
        circuit, odors, duration=0.05, rng=3, dynamics=dynamics, dt=5e-5, record=[0, 1],
        course=course, process=process,
    )  # fmt: skip
    assert response.voltages.shape == (5, 2, 1000)
    moved = np.argmax((response.voltages != CELL.rest).any(axis=(0, 1)))
    assert 0.011 / 5e-5 <= moved < 0.015 / 5e-5


PREFERENCES = """
core.default_float_dtype = float32
codegen.loop_invariant_optimisations = False
codegen.cpp.extra_compile_args = ['-O1', '-ffast-math']
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spiking", "graded", "noisy"])
def test_compiled_program_gives_the_same_spikes(circuit, odors, name, tmp_path, monkeypatch):
    """Three batches of 2, 2 and 1 odors from one program, whatever the user's file prefers."""
    (tmp_path / "brian_preferences").write_text(PREFERENCES)
    monkeypatch.chdir(tmp_path)
    options = {"duration": 0.1, "rng": 3, "dynamics": ALL[name], "record": [1]}
    whole = spiking.respond(circuit, odors, **options, target="numpy")
    same(whole, spiking.respond(circuit, odors, **options, target="standalone", batch_size=2))


@pytest.mark.slow
def test_cython_gives_the_same_spikes(circuit, odors):
    options = {"duration": 0.1, "rng": 3, "dynamics": SPIKING, "record": [1]}
    whole = spiking.respond(circuit, odors, **options, target="numpy")
    same(whole, spiking.respond(circuit, odors, **options, target="cython"))


def test_regular_input_gives_the_closed_form_rate():
    """Many weak inputs that tick like clocks are nearly a constant conductance."""
    circuit = random_expansion(n_inputs=400, n_units=30, fan_in=200, coding_level=0.1, rng=1)
    rates = np.linspace(20, 80, 6)[:, None] * np.ones(400)
    dynamics = replace(FREE, excitation=Synapse(strength=0.1e-9, tau=0.005))
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


def test_time_course_and_spontaneous_rates(circuit, odors):
    course = TimeCourse(starts=(0.1,), length=0.1)
    response = spiking.respond(circuit, odors, duration=0.3, rng=1, dynamics=FREE, course=course)
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


@pytest.mark.parametrize("name", presets.NAMES)
def test_presets_run(circuit, odors, name):
    dynamics = presets.load(name)
    weights = replace(circuit, weights=circuit.weights * (20 if name == "shiu_2024" else 1))
    response = spiking.respond(weights, odors, duration=0.1, rng=1, dynamics=dynamics, dt=5e-5)
    assert response.counts.sum() > 10


def test_the_caller_is_left_alone(circuit, odors):
    """Names, random numbers, preferences and error handling of whoever calls."""
    tau_exc = strength = feedback = raster = dt = "not yours"  # noqa: F841
    np.random.seed(5)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    flags = brian2.prefs.codegen.cpp.extra_compile_args_gcc
    target, clock, handler = brian2.prefs.codegen.target, brian2.defaultclock.dt, sys.excepthook
    spiking.respond(circuit, odors[:1], duration=0.01, rng=1)
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    assert brian2.prefs.codegen.cpp.extra_compile_args_gcc == flags
    assert (brian2.prefs.codegen.target, brian2.defaultclock.dt) == (target, clock)
    assert sys.excepthook is handler


def test_beside_another_device(circuit, odors, tmp_path):
    alone = spiking.respond(circuit, odors[:2], duration=0.05, rng=1, dynamics=FREE, record=[0])
    brian2.set_device("cpp_standalone", build_on_run=False, directory=str(tmp_path))
    try:
        beside = spiking.respond(
            circuit, odors[:2], duration=0.05, rng=1, dynamics=FREE, record=[0]
        )
        assert type(brian2.get_device()).__name__ == "CPPStandaloneDevice"
    finally:
        brian2.device.reinit()
        brian2.devices.reset_device()
    same(alone, beside)


def test_network_to_extend(circuit, odors):
    network = spiking.build(circuit, odors, duration=0.05, rng=1, dynamics=SPIKING)
    monitor = brian2.StateMonitor(network["inhibitor"], "feedback", record=True)
    network.add(monitor)
    network.run(0.05 * brian2.second, namespace={})
    response = spiking.respond(circuit, odors, duration=0.05, rng=1, dynamics=SPIKING)
    assert network["spikes"].num_spikes == response.counts.sum() > 50
    assert np.asarray(monitor.feedback).max() > 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"odors": np.full((1, 20), -1.0)}, "odors must be non-negative"),
        ({"odors": np.full((1, 20), np.nan)}, "odors must be finite"),
        ({"odors": np.ones((1, 19))}, "odors must have n_inputs=20 columns, got 19"),
        ({"duration": 0.0}, "duration must be positive, got 0"),
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
            {"dynamics": replace(SPIKING, noise=Noise(std=1e-10, interval=5e-5))},
            "dt must be at most noise.interval=5e-05 s, got 0.0001 s",
        ),
        ({"course": "pulse"}, r"course must be a TimeCourse, such as TimeCourse\(\), got 'pulse'"),
        ({"process": Poisson}, r"process must be a Process, such as .*, got <class"),
        ({"process": "gamma"}, "process must be a Process, such as .*, got 'gamma'"),
        ({"target": "gpu"}, "target must be one of numpy, standalone, cython, got 'gpu'"),
        ({"record": [60]}, r"record must hold units from 0 to 59, got \[60\]"),
        ({"record": [0.5]}, "record must be a list of integers"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"workers": 0}, "workers must be at least 1, got 0"),
    ],
)
def test_bad_input(circuit, odors, change, sentence):
    given = {"odors": odors, "duration": 0.01, "dynamics": SPIKING} | change
    with pytest.raises(ValueError, match=sentence):
        spiking.respond(circuit, given.pop("odors"), **given)


def test_negative_weights(circuit, odors):
    with pytest.raises(ValueError, match="weights of a spiking circuit must be non-negative"):
        spiking.respond(replace(circuit, weights=-circuit.weights), odors, duration=0.01)


def test_missing_compiler(circuit, odors, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ValueError, match="target 'standalone' needs a C\\+\\+ compiler"):
        spiking.respond(circuit, odors, duration=0.01, target="standalone")
    spiking.respond(circuit, odors[:1], duration=0.01)


def test_missing_tools(circuit, odors, monkeypatch, tmp_path):
    """A compiler without Make, and one that is named but not there."""
    (tmp_path / "g++").write_text("#!/bin/sh")
    (tmp_path / "g++").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ValueError, match="target 'standalone' needs make, and none was found"):
        spiking.respond(circuit, odors, duration=0.01, target="standalone")
    many = spiking.simulation.targets.choose(None, 10**6, 2000, 5000)
    assert many == "numpy"
    monkeypatch.setenv("CXX", "no-such-compiler -Wall")
    with pytest.raises(ValueError, match="needs a C\\+\\+ compiler, and none was found"):
        spiking.respond(circuit, odors, duration=0.01, target="cython")


@pytest.mark.slow
def test_compiler_that_does_not_work(circuit, odors, monkeypatch):
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(ValueError, match="compiler that works, and it did not build the program"):
        spiking.respond(circuit, odors[:1], duration=0.01, target="standalone")


def in_a_daemon(queue, *given, **options):
    queue.put(spiking.respond(*given, **options).counts)


def test_a_daemon_may_have_workers(circuit, odors):
    """The workers of a Dask cluster are daemons, which must not start processes."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    options = {"duration": 0.02, "rng": 1, "dynamics": SPIKING}
    given = {"args": (queue, circuit, odors), "kwargs": options | {"workers": 2}}
    daemon = context.Process(target=in_a_daemon, daemon=True, **given)
    daemon.start()
    found = queue.get(timeout=120)
    daemon.join()
    assert found.sum() > 10
    assert np.array_equal(found, spiking.respond(circuit, odors, **options).counts)


def test_time_step_too_long_for_the_inhibition(circuit, odors):
    """Where Euler's method would overshoot, the answer would be wrong."""
    fierce = replace(SPIKING.inhibition.inhibition, strength=1e-6)
    dynamics = replace(SPIKING, inhibition=replace(SPIKING.inhibition, inhibition=fierce))
    with pytest.raises(ValueError, match="under the strongest inhibition, got 0.0001 s against"):
        spiking.respond(circuit, odors, duration=0.1, rng=1, dynamics=dynamics)
    fine = spiking.respond(circuit, odors, duration=0.1, rng=1, dynamics=dynamics, dt=2e-6)
    assert fine.counts.sum() > 0


def test_no_preset_of_that_name():
    with pytest.raises(ValueError, match="preset must be one of rapp_nawrot_2020, .*, got 'rapp'"):
        presets.load("rapp")


def test_ctrl_c_ends_in_an_interrupt(circuit, odors):
    """Brian2 may catch it and end a run early; half an answer must never pass for a whole one."""
    ready = threading.Timer(0.7, signal.raise_signal, (signal.SIGINT,))
    before = signal.getsignal(signal.SIGINT)
    ready.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            spiking.respond(circuit, odors, duration=20.0, rng=1, dynamics=FREE, record=[0])
    finally:
        ready.cancel()
        assert signal.getsignal(signal.SIGINT) is before


def test_first_call_from_a_thread(tmp_path):
    program = """
import signal, sys, threading
import numpy as np
from olfnet.expansion import random_expansion, spiking
handlers = sys.excepthook, signal.getsignal(signal.SIGINT)
circuit = random_expansion(n_inputs=5, n_units=10, fan_in=2, coding_level=0.1, rng=1)
found = []
call = lambda: found.append(spiking.respond(circuit, np.full((1, 5), 99.0), duration=0.02, rng=1))
thread = threading.Thread(target=call)
thread.start()
thread.join()
call()
assert (found[0].counts == found[1].counts).all()
assert handlers == (sys.excepthook, signal.getsignal(signal.SIGINT))
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def test_preferences_of_the_caller_do_not_matter(circuit, odors):
    options = {"duration": 0.1, "rng": 1, "dynamics": SPIKING, "record": [0]}
    whole = spiking.respond(circuit, odors, **options)
    odd = {
        "core.network.default_schedule": [
            "start",
            "groups",
            "synapses",
            "thresholds",
            "resets",
            "end",
        ],
        "core.default_float_dtype": np.float32,
        "codegen.string_expression_target": "cython",
    }
    before = {name: brian2.prefs[name] for name in odd}
    try:
        for name, value in odd.items():
            brian2.prefs[name] = value
        same(whole, spiking.respond(circuit, odors, **options))
        assert {name: brian2.prefs[name] for name in odd} == odd
    finally:
        for name, value in before.items():
            brian2.prefs[name] = value


@dataclass(frozen=True)
class Minimal:
    """No more than what a model must have."""

    cm_: float = 1e-10
    threshold: float = -0.05
    refractory: float = 0.0
    units: ClassVar = {"cm_": "farad", "threshold": "volt"}
    input_unit: ClassVar = "siemens"
    input_current: ClassVar = "exc * (0 * mV - v) + inh * (-75 * mV - v)"
    equations: ClassVar = "dv/dt = awake * (10 * nS * (-70 * mV - v) + current) / cm_ : volt"
    initial_values: ClassVar = "v = -70 * mV"
    reset_statements: ClassVar = "v = -70 * mV"

    @property
    def fastest(self):
        return 0.01


@dataclass(frozen=True)
class Misspelt(Minimal):
    equations: ClassVar = "dv/dt = awake * (-70 * mV - v + current) / cm_ : volt"


def test_a_model_is_one_class(circuit, odors):
    dynamics = replace(SPIKING, neuron=Minimal())
    response = spiking.respond(circuit, odors, duration=0.1, rng=1, dynamics=dynamics)
    assert response.counts.sum() > 20
    wrong = replace(SPIKING, neuron=Misspelt())
    with pytest.raises(RuntimeError, match="DimensionMismatchError"):
        spiking.respond(circuit, odors, duration=0.01, dynamics=wrong, workers=2, batch_size=1)


def test_a_circuit_without_synapses(circuit, odors):
    empty = replace(circuit, weights=scipy.sparse.csr_array(circuit.weights.shape))
    assert spiking.respond(empty, odors, duration=0.01, rng=1).counts.sum() == 0


def test_workers_share_a_small_panel(circuit, odors, monkeypatch):
    seen = []

    def run(target, plan, source, batches, *, batch_size, workers):
        seen.append([len(rates) for rates, _ in batches])
        raise KeyboardInterrupt

    monkeypatch.setattr(spiking.simulation.targets, "run", run)
    with pytest.raises(KeyboardInterrupt):
        spiking.respond(circuit, odors, duration=0.01, workers=2)
    assert seen == [[3, 2]]
