from . import (
    circuit,
    dynamics,
    neurons,
    nulls,
    presets,
    rate,
    sparsify,
    spikes,
    spiking,
    trains,
    wiring,
)
from .circuit import Circuit, Response, random_expansion
from .dynamics import Dynamics
from .spikes import Spikes

__all__ = [
    "Circuit",
    "Dynamics",
    "Response",
    "Spikes",
    "circuit",
    "dynamics",
    "neurons",
    "nulls",
    "presets",
    "random_expansion",
    "rate",
    "sparsify",
    "spikes",
    "spiking",
    "trains",
    "wiring",
]
