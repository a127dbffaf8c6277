from . import door_database, glomeruli, glomerulus_names, lipschitz, noise, odors, panels
from .door_database import complete, load_door
from .glomeruli import DivisiveNormalization, NoNormalization, ResponseGain
from .panels import absolute_rates, fly_odors, load_panel, surrogate
from .patterning import negative_patterning

__all__ = [
    "DivisiveNormalization",
    "NoNormalization",
    "ResponseGain",
    "absolute_rates",
    "complete",
    "door_database",
    "fly_odors",
    "glomeruli",
    "glomerulus_names",
    "lipschitz",
    "load_door",
    "load_panel",
    "negative_patterning",
    "noise",
    "odors",
    "panels",
    "surrogate",
]
