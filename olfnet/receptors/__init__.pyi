from . import door, glomeruli, naming, odors, panels, patterning, steepness
from .door import complete, load_door
from .glomeruli import DivisiveNormalization, NoNormalization, ResponseGain
from .panels import absolute_rates, fly_odors, load_panel, surrogate
from .patterning import negative_patterning

__all__ = [
    "DivisiveNormalization",
    "NoNormalization",
    "ResponseGain",
    "absolute_rates",
    "complete",
    "door",
    "fly_odors",
    "glomeruli",
    "load_door",
    "load_panel",
    "naming",
    "negative_patterning",
    "odors",
    "panels",
    "patterning",
    "steepness",
    "surrogate",
]
