"""The caller's state is restored; networks, threads and models of its own work."""

import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import ClassVar

import brian2
import numpy as np
import pytest

from olfnet.expansion import spiking
from olfnet.expansion.spiking import _targets


def test_state_of_the_caller(circuit, odors, cells, same):
    """Its names, random numbers, preferences and error handling change nothing and stay."""
    tau_exc = strength = feedback = raster = dt = "not yours"  # noqa: F841
    options = {"duration": 0.05, "rng": 1, "dynamics": cells["spiking"], "record": [0]}
    whole = spiking.respond(circuit, odors, **options)
    schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    unusual = {
        "core.network.default_schedule": schedule,
        "core.default_float_dtype": np.float32,
        "codegen.string_expression_target": "cython",
        "codegen.cpp.extra_compile_args_gcc": ["-O0"],
    }
    np.random.seed(5)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    before = {name: brian2.prefs[name] for name in unusual}
    clock, handler = brian2.defaultclock.dt, sys.excepthook
    try:
        for name, value in unusual.items():
            brian2.prefs[name] = value
        same(whole, spiking.respond(circuit, odors, **options))
        assert {name: brian2.prefs[name] for name in unusual} == unusual
    finally:
        for name, value in before.items():
            brian2.prefs[name] = value
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    assert (brian2.defaultclock.dt, sys.excepthook) == (clock, handler)


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


def test_ctrl_c_ends_in_an_interrupt(circuit, odors, cells, monkeypatch):
    """Brian2 catches it and ends a run early; half a response must never pass for a whole one."""

    def interrupted(*given, **options):
        network = assemble(*given, **options)
        network.add(brian2.NetworkOperation(lambda: signal.raise_signal(signal.SIGINT)))
        return network

    assemble, before = _targets.assemble, signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(_targets, "assemble", interrupted)
    with pytest.raises(KeyboardInterrupt):
        spiking.respond(circuit, odors, duration=0.05, rng=1, dynamics=cells["free"])
    assert signal.getsignal(signal.SIGINT) is before


PROGRAM = """
import signal, sys, threading
import numpy as np
import olfnet
from olfnet.expansion import spiking
handlers = sys.excepthook, signal.getsignal(signal.SIGINT)
circuit = olfnet.random_expansion(n_inputs=5, n_units=10, fan_in=2, coding_level=0.1, rng=1)
counts = []
odors = np.full((1, 5), 99.0)
call = lambda: counts.append(spiking.respond(circuit, odors, duration=0.02, rng=1).counts)
thread = threading.Thread(target=call)
thread.start()
thread.join()
call()
assert (counts[0] == counts[1]).all()
assert handlers == (sys.excepthook, signal.getsignal(signal.SIGINT))
"""


def test_first_call_from_a_thread():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_network_to_extend(circuit, odors, cells, monkeypatch):
    monkeypatch.setitem(brian2.prefs, "codegen.target", "numpy")  # Cython would compile
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
    """And an error of Brian2 comes back from a worker as text."""
    dynamics = replace(cells["spiking"], neuron=Minimal())
    response = spiking.respond(circuit, odors, duration=0.05, rng=1, dynamics=dynamics)
    assert response.counts.sum() > 20
    wrong = replace(cells["spiking"], neuron=Misspelt())
    with pytest.raises(RuntimeError, match="DimensionMismatchError"):
        spiking.respond(circuit, odors, duration=0.01, dynamics=wrong, n_workers=2, batch_size=1)
