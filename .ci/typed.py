"""What a user's type checker sees of the installed package; read by mypy, never run."""

from typing import assert_type

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import olfnet
from olfnet.capacity import CapacityCurve
from olfnet.expansion import Circuit, Response, rate
from olfnet.readout import Separation


def draw(n_patterns: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.standard_normal((n_patterns, 20))


circuit = olfnet.random_expansion(n_inputs=20, n_units=60, fan_in=4, coding_level=0.1, rng=1)
assert_type(circuit, Circuit)
assert_type(rate.respond(circuit, draw(5, np.random.default_rng(1))), Response)
assert_type(olfnet.load_panel("hallem_carlson_2006"), xr.DataArray)
assert_type(olfnet.separate([[1.0], [2.0]], [0, 1]), Separation)
assert_type(olfnet.measure_capacity(draw, n_patterns=[30, 40], n_trials=5), CapacityCurve)
circuit.weights = circuit.weights  # type: ignore[misc]  # a frozen record
olfnet.random_expansion(n_inputs="20", n_units=60, fan_in=4)  # type: ignore[arg-type]
