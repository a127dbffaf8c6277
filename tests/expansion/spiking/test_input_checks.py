"""Bad input gets one sentence at the door."""

from dataclasses import replace

import numpy as np
import pytest

from olfnet.expansion import presets, spiking
from olfnet.expansion.dynamics import Noise
from olfnet.expansion.trains import Poisson, TimeCourse

CELLS = presets.rapp_nawrot_2020()


@pytest.mark.parametrize(
    ("change", "sentence"),
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
            {"dynamics": replace(CELLS, noise=Noise(std=1e-10, interval=5e-5))},
            "dt must be at most noise.interval=5e-05 s, got 0.0001 s",
        ),
        ({"course": "pulse"}, r"course must be a TimeCourse, such as TimeCourse\(\), got 'pulse'"),
        ({"process": Poisson}, r"process must be a Process, such as .*, got <class"),
        ({"process": "gamma"}, "process must be a Process, such as .*, got 'gamma'"),
        ({"target": "gpu"}, "target must be one of numpy, standalone, cython, got 'gpu'"),
        ({"record": [60]}, "record must be at most 59, got 60"),
        ({"record": [0.5]}, r"record must be integers, got \[0.5\]"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"n_workers": 0}, "n_workers must be at least 1, got 0"),
    ],
)
def test_bad_input(circuit, odors, change, sentence, cells):
    given = {"odors": odors, "duration": 0.01, "dynamics": cells["spiking"]} | change
    with pytest.raises(ValueError, match=sentence):
        spiking.respond(circuit, given.pop("odors"), **given)


def test_negative_weights(circuit, odors):
    with pytest.raises(ValueError, match="weights of a spiking circuit must be non-negative"):
        spiking.respond(replace(circuit, weights=-circuit.weights), odors, duration=0.01)
