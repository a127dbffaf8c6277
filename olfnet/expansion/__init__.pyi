from . import (
    circuit,
    connectome,
    dynamics,
    lipschitz,
    neurons,
    presets,
    pruning,
    rate,
    sparsify,
    spikes,
    spiking,
    trains,
    wiring,
)
from .circuit import Circuit, Response, random_expansion
from .connectome.edge_lists import read_connectome
from .connectome.matrices import load_connectome
from .connectome.statistics import adult
from .dynamics import Dynamics, Synapse
from .spikes import Spikes

__all__ = [
    "Circuit",
    "Dynamics",
    "Response",
    "Spikes",
    "Synapse",
    "adult",
    "circuit",
    "connectome",
    "dynamics",
    "lipschitz",
    "load_connectome",
    "neurons",
    "presets",
    "pruning",
    "random_expansion",
    "rate",
    "read_connectome",
    "sparsify",
    "spikes",
    "spiking",
    "trains",
    "wiring",
]
