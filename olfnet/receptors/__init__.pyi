from . import glomerulus_names, lipschitz, negative_patterning, noise, odors, tables
from .door_database import complete, load_door
from .glomeruli import DivisiveNormalization, NoNormalization, ResponseGain
from .panels import absolute_rates
from .surrogates import fly_odors, surrogate

__all__ = [
    "DivisiveNormalization",
    "NoNormalization",
    "ResponseGain",
    "absolute_rates",
    "complete",
    "fly_odors",
    "glomerulus_names",
    "lipschitz",
    "load_door",
    "negative_patterning",
    "noise",
    "odors",
    "surrogate",
    "tables",
]
