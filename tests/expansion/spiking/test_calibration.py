"""Calibration reaches the wanted coding level, or says that it cannot."""

from dataclasses import replace

import numpy as np
import pytest

from olfnet import random_expansion
from olfnet.expansion import presets, spiking
from olfnet.expansion.dynamics import Dynamics, Synapse
from olfnet.expansion.neurons import LIF, Izhikevich

PULSE = Synapse(strength=1e-10, tau=0.005)


@pytest.fixture(scope="module")
def circuit():
    return random_expansion(n_inputs=20, n_units=200, fan_in=5, coding_level=0.1, rng=1)


@pytest.fixture(scope="module")
def odors():
    return np.random.default_rng(2).exponential(40.0, size=(6, 20))


@pytest.mark.parametrize("by", ["excitation", "threshold"])
@pytest.mark.parametrize("wanted", [0.05, 0.2])
def test_level_is_reached(circuit, odors, by, wanted):
    start = presets.rapp_nawrot_2020()
    options = {"duration": 0.2, "rng": np.random.default_rng(3)}
    found = spiking.calibrate(circuit, odors, coding_level=wanted, dynamics=start, by=by, **options)
    kept = replace(found, neuron=start.neuron, excitation=start.excitation)
    assert kept == start
    seed = int(np.random.default_rng(3).integers(2**62))
    response = spiking.respond(circuit, odors, duration=0.2, rng=seed, dynamics=found)
    assert abs(response.coding_level.mean() - wanted) <= 0.05 * wanted
    before = spiking.respond(circuit, odors, duration=0.2, rng=seed, dynamics=start)
    assert abs(before.coding_level.mean() - wanted) > 0.05 * wanted


def test_inhibition_alone(circuit, odors):
    start = presets.rapp_nawrot_2020()
    weaker = replace(start, excitation=replace(start.excitation, strength=6e-9))
    found = spiking.calibrate(
        circuit, odors, coding_level=0.07, duration=0.2, rng=3, dynamics=weaker, by="inhibition"
    )
    assert replace(found, inhibition=weaker.inhibition) == weaker
    strengths = found.inhibition.inhibition.strength, weaker.inhibition.inhibition.strength
    assert strengths[0] != strengths[1]
    seed = int(np.random.default_rng(3).integers(2**62))
    levels = [
        spiking.respond(circuit, odors, duration=0.2, rng=seed, dynamics=d).coding_level.mean()
        for d in (found, weaker)
    ]
    assert abs(levels[0] - 0.07) <= 0.05 * 0.07 < abs(levels[1] - 0.07)


def test_a_neuron_without_a_formula(circuit, odors):
    start = Dynamics(neuron=Izhikevich(), excitation=Synapse(strength=1e-10, tau=0.005))
    found = spiking.calibrate(circuit, odors, coding_level=0.3, duration=0.1, rng=3, dynamics=start)
    response = spiking.respond(circuit, odors, duration=0.1, rng=9, dynamics=found)
    assert 0.1 < response.coding_level.mean() < 0.5


def test_thresholds_that_come_close_to_the_reset(circuit, odors):
    start = presets.rapp_nawrot_2020()
    high = replace(start, neuron=replace(start.neuron, reset=-0.065))
    found = spiking.calibrate(
        circuit, odors, coding_level=0.5, duration=0.1, rng=1, dynamics=high, by="threshold"
    )
    assert -0.065 < found.neuron.threshold < -0.045


def test_an_inhibitor_without_a_formula(circuit, odors):
    start = presets.rapp_nawrot_2020()
    odd = replace(
        start.inhibition, neuron=Izhikevich(), excitation=Synapse(strength=1e-10, tau=0.002)
    )
    dynamics = replace(start, inhibition=odd)
    found = spiking.calibrate(
        circuit, odors, coding_level=0.2, duration=0.1, rng=1, dynamics=dynamics
    )
    assert found.inhibition == odd


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"coding_level": 0.0}, r"coding_level must be in \(0, 1\], got 0"),
        ({"by": "luck"}, "by must be one of excitation, threshold, inhibition, got 'luck'"),
        ({"tolerance": 0.0}, "tolerance must be positive"),
        ({"duration": None}, "duration must be a number, got None"),
        (
            {"dynamics": Dynamics(neuron=LIF(rest=-0.04), excitation=PULSE), "by": "threshold"},
            "needs a neuron at rest below its threshold -0.045 V, got a rest of -0.04 V",
        ),
        ({"dynamics": "shiu"}, "dynamics must be a Dynamics, such as a preset, got 'shiu'"),
        (
            {"dynamics": replace(presets.rapp_nawrot_2020(), inhibition=None), "by": "inhibition"},
            "by='inhibition' needs dynamics with inhibition, got none",
        ),
        (
            {"odors": np.zeros((1, 20))},
            "coding_level must be one that excitation can bring about within 0.05 of it, got 0.1",
        ),
    ],
)
def test_bad_input(circuit, odors, change, sentence):
    given = {"odors": odors, "coding_level": 0.1, "duration": 0.02} | change
    with pytest.raises(ValueError, match=sentence):
        spiking.calibrate(circuit, given.pop("odors"), rng=1, **given)
