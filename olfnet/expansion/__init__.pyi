from . import (
    connectome,
    dynamics,
    lipschitz,
    neurons,
    presets,
    pruning,
    rate,
    sparsify,
    spiking,
    trains,
    wiring,
)
from .circuit import Circuit, Response
from .spikes import Spikes

__all__ = [
    "Circuit",
    "Response",
    "Spikes",
    "connectome",
    "dynamics",
    "lipschitz",
    "neurons",
    "presets",
    "pruning",
    "rate",
    "sparsify",
    "spiking",
    "trains",
    "wiring",
]
