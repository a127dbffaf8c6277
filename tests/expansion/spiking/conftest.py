"""Circuit, odors and cells with which the spiking backend is tested."""

from dataclasses import replace

import numpy as np
import pytest

from olfnet import random_expansion
from olfnet.expansion import presets
from olfnet.expansion.dynamics import Dynamics, GradedInhibition, Noise, SpikingInhibition, Synapse
from olfnet.expansion.neurons import LIF, ConductanceLIF

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


@pytest.fixture(scope="session")
def cells():
    """Cells and synapses by name."""
    return ALL


@pytest.fixture(scope="module")
def circuit():
    return random_expansion(n_inputs=20, n_units=60, fan_in=5, coding_level=0.1, rng=1)


@pytest.fixture(scope="module")
def odors():
    return np.random.default_rng(2).exponential(50.0, size=(5, 20))


@pytest.fixture(scope="session")
def same():
    """Compare two responses, spike by spike; potentials may differ by rounding if told so, in V."""

    def compare(one, other, rounding=0.0):
        assert one.spikes.times.size == other.spikes.times.size > 50
        for name in ("odors", "units", "times"):
            assert np.array_equal(getattr(one.spikes, name), getattr(other.spikes, name))
        assert np.abs(one.voltages - other.voltages).max() <= rounding

    return compare
