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
GRADED = GradedInhibition(gain=1e-9, tau=0.02, threshold=1.0, delay=0.0004)
ALL = {
    "spiking": SPIKING,
    "graded": replace(SPIKING, inhibition=GRADED),
    "free": replace(SPIKING, inhibition=None),
    "noisy": replace(SPIKING, noise=Noise(std=5e-11, interval=0.003)),
    "currents": Dynamics(
        neuron=LIF(), excitation=Synapse(strength=2e-10, tau=0.005, delay=0.0018), inhibition=None
    ),
    "adaptive": replace(
        SPIKING,
        neuron=presets.rapp_nawrot_2020().neuron,
        excitation=replace(SPIKING.excitation, strength=2e-8),
    ),
}


@pytest.fixture(scope="session")
def cells():
    """Cells and synapses by name."""
    return ALL


@pytest.fixture(params=ALL)
def dynamics(request):
    """Each of them."""
    return ALL[request.param]


@pytest.fixture(scope="session")
def circuit():
    return random_expansion(n_inputs=20, n_units=60, fan_in=5, coding_level=0.1, rng=1)


@pytest.fixture(scope="session")
def odors():
    return np.random.default_rng(2).exponential(50.0, size=(5, 20))


@pytest.fixture(scope="session")
def same():
    """Compare two responses, spike by spike; potentials may differ by rounding if told so, in V."""

    def compare(first, second, rounding=0.0):
        assert first.spikes.times.size == second.spikes.times.size > 30
        for name in ("odors", "units", "times"):
            assert np.array_equal(getattr(first.spikes, name), getattr(second.spikes, name))
        assert np.abs(first.voltages - second.voltages).max() <= rounding

    return compare
