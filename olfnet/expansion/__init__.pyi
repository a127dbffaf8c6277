from . import (
    anatomy,
    circuit,
    connectomes,
    dynamics,
    edges,
    neurons,
    nulls,
    presets,
    pruning,
    rate,
    sparsify,
    spikes,
    spiking,
    steepness,
    trains,
    wiring,
)
from .anatomy import adult
from .circuit import Circuit, Response, random_expansion
from .connectomes import load_connectome
from .dynamics import Dynamics, Synapse
from .edges import read_connectome
from .spikes import Spikes

__all__ = [
    "Circuit",
    "Dynamics",
    "Response",
    "Spikes",
    "Synapse",
    "adult",
    "anatomy",
    "circuit",
    "connectomes",
    "dynamics",
    "edges",
    "load_connectome",
    "neurons",
    "nulls",
    "presets",
    "pruning",
    "random_expansion",
    "rate",
    "read_connectome",
    "sparsify",
    "spikes",
    "spiking",
    "steepness",
    "trains",
    "wiring",
]
