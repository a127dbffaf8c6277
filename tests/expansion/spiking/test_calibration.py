"""Calibration reaches a coding level, or says that it cannot."""

from dataclasses import replace

import numpy as np
import pytest

from olfnet import random_expansion
from olfnet.expansion import presets, spiking
from olfnet.expansion.dynamics import Dynamics, GradedInhibition, Synapse
from olfnet.expansion.neurons import LIF, Izhikevich

START = presets.rapp_nawrot_2020()
WEAK = replace(START, excitation=replace(START.excitation, strength=6e-9))
GRADED = replace(START, inhibition=GradedInhibition(gain=1e-9, tau=0.02))
PULSE = Synapse(strength=1e-10, tau=0.005)


@pytest.fixture(scope="module")
def circuit():
    return random_expansion(n_inputs=20, n_units=100, fan_in=5, coding_level=0.1, rng=1)


@pytest.fixture(scope="module")
def odors():
    return np.random.default_rng(2).exponential(40.0, size=(4, 20))


@pytest.mark.parametrize(
    ("start", "by", "level"),
    [(START, "excitation", 0.1), (START, "threshold", 0.3), (WEAK, "inhibition", 0.1)],
    ids=["excitation", "threshold", "inhibition"],
)
def test_level_is_reached(circuit, odors, start, by, level):
    """With the same random numbers, by changing nothing else."""
    given = {"coding_level": level, "duration": 0.06, "dynamics": start, "by": by}
    given |= {"tolerance": 0.15, "batch_size": 2}
    scaled = spiking.calibrate(circuit, odors, **given, rng=np.random.default_rng(3))
    part = "neuron" if by == "threshold" else by
    assert replace(scaled, **{part: getattr(start, part)}) == start
    seed = int(np.random.default_rng(3).integers(2**62))
    errors = [
        spiking.respond(circuit, odors, duration=0.06, rng=seed, dynamics=d).coding_level.mean()
        - level
        for d in (scaled, start)
    ]
    assert abs(errors[0]) <= 0.15 * level < abs(errors[1])


@pytest.mark.parametrize(
    ("change", "by"),
    [
        ({"neuron": replace(START.neuron, reset=-0.065)}, "threshold"),  # near the threshold
        ({"inhibition": replace(START.inhibition, neuron=Izhikevich(), excitation=PULSE)}, None),
        ({"neuron": Izhikevich(), "excitation": PULSE, "inhibition": None}, None),
    ],
    ids=["reset near the threshold", "inhibitor without formula", "neuron without formula"],
)
def test_unusual_cells(circuit, odors, change, by):
    options = {"duration": 0.05, "rng": 1, "dynamics": replace(START, **change)}
    options |= {"by": by} if by else {}
    scaled = spiking.calibrate(circuit, odors, coding_level=0.3, tolerance=0.1, **options)
    assert scaled.inhibition == options["dynamics"].inhibition
    seed = int(np.random.default_rng(1).integers(2**62))
    response = spiking.respond(circuit, odors, duration=0.05, rng=seed, dynamics=scaled)
    assert abs(response.coding_level.mean() - 0.3) <= 0.03


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coding_level": 0.0}, r"coding_level must be in \(0, 1\], got 0"),
        ({"by": "luck"}, "by must be one of excitation, threshold, inhibition, got 'luck'"),
        ({"tolerance": 0.0}, "tolerance must be positive"),
        ({"duration": None}, "duration must be a number, got None"),
        ({"target": "gpu"}, "target must be one of numpy, standalone, cython, got 'gpu'"),
        (
            {"dynamics": Dynamics(neuron=LIF(rest=-0.04), excitation=PULSE), "by": "threshold"},
            "needs a neuron at rest below its threshold -0.045 V, got a rest of -0.04 V",
        ),
        (
            {"dynamics": Dynamics(neuron=Izhikevich(), excitation=PULSE), "by": "threshold"},
            "by='threshold' needs a neuron with a resting potential, got Izhikevich",
        ),
        ({"dynamics": "shiu"}, "dynamics must be a Dynamics, such as a preset, got 'shiu'"),
        (
            {"dynamics": replace(START, inhibition=None), "by": "inhibition"},
            "by='inhibition' needs dynamics with inhibition, got none",
        ),
        (
            {"odors": np.zeros((1, 20)), "dynamics": GRADED, "by": "inhibition"},
            "coding_level must be one that inhibition can bring about within 0.05 of it, got 0.1",
        ),
    ],
)
def test_bad_input(circuit, odors, change, message):
    given = {"odors": odors, "coding_level": 0.1, "duration": 0.005} | change
    with pytest.raises(ValueError, match=message):
        spiking.calibrate(circuit, given.pop("odors"), rng=1, **given)
