from . import door, glomeruli, odors, panels
from .door import complete, load_door
from .glomeruli import DivisiveNormalization, NoNormalization, ResponseGain
from .panels import absolute_rates, load_panel, surrogate

__all__ = [
    "DivisiveNormalization",
    "NoNormalization",
    "ResponseGain",
    "absolute_rates",
    "complete",
    "door",
    "glomeruli",
    "load_door",
    "load_panel",
    "odors",
    "panels",
    "surrogate",
]
