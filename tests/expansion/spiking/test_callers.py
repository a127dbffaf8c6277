"""Whoever calls is left alone, and may bring networks, threads and models of their own."""

import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from typing import ClassVar

import brian2
import numpy as np
import pytest

from olfnet.expansion import spiking


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


def test_beside_another_device(circuit, odors, tmp_path, cells, same):
    options = {"duration": 0.05, "rng": 1, "dynamics": cells["free"], "record": [0]}
    alone = spiking.respond(circuit, odors[:2], **options)
    brian2.set_device("cpp_standalone", build_on_run=False, directory=str(tmp_path))
    try:
        beside = spiking.respond(circuit, odors[:2], **options)
        assert type(brian2.get_device()).__name__ == "CPPStandaloneDevice"
    finally:
        brian2.device.reinit()
        brian2.devices.reset_device()
    same(alone, beside)


def test_preferences_of_the_caller_do_not_matter(circuit, odors, cells, same):
    options = {"duration": 0.1, "rng": 1, "dynamics": cells["spiking"], "record": [0]}
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


def test_ctrl_c_ends_in_an_interrupt(circuit, odors, cells):
    """Brian2 may catch it and end a run early; half an answer must never pass for a whole one."""
    ready = threading.Timer(0.7, signal.raise_signal, (signal.SIGINT,))
    before = signal.getsignal(signal.SIGINT)
    ready.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            spiking.respond(
                circuit, odors, duration=20.0, rng=1, dynamics=cells["free"], record=[0]
            )
    finally:
        ready.cancel()
        assert signal.getsignal(signal.SIGINT) is before


def test_first_call_from_a_thread(tmp_path):
    program = """
import signal, sys, threading
import numpy as np
from olfnet import random_expansion
from olfnet.expansion import spiking
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


def test_network_to_extend(circuit, odors, cells):
    network = spiking.build(circuit, odors, duration=0.05, rng=1, dynamics=cells["spiking"])
    monitor = brian2.StateMonitor(network["inhibitor"], "feedback", record=True)
    network.add(monitor)
    network.run(0.05 * brian2.second, namespace={})
    response = spiking.respond(circuit, odors, duration=0.05, rng=1, dynamics=cells["spiking"])
    assert network["spikes"].num_spikes == response.counts.sum() > 50
    assert np.asarray(monitor.feedback).max() > 0


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


def test_a_model_is_one_class(circuit, odors, cells):
    dynamics = replace(cells["spiking"], neuron=Minimal())
    response = spiking.respond(circuit, odors, duration=0.1, rng=1, dynamics=dynamics)
    assert response.counts.sum() > 20
    wrong = replace(cells["spiking"], neuron=Misspelt())
    with pytest.raises(RuntimeError, match="DimensionMismatchError"):
        spiking.respond(circuit, odors, duration=0.01, dynamics=wrong, n_workers=2, batch_size=1)
