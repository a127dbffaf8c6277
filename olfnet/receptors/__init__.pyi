from . import glomeruli, odors, panels
from .glomeruli import DivisiveNormalization, NoNormalization, ResponseGain
from .panels import absolute_rates, load_panel, surrogate

__all__ = [
    "DivisiveNormalization",
    "NoNormalization",
    "ResponseGain",
    "absolute_rates",
    "glomeruli",
    "load_panel",
    "odors",
    "panels",
    "surrogate",
]
