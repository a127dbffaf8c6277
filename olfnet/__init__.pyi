from . import capacity, checks, estimators, expansion, lab, readout, receptors, theory
from .capacity.measurement import breaking_points, measure_capacity
from .capacity.recall import measure_recall
from .expansion.circuit import random_expansion
from .readout.separability import separate
from .receptors.panels import load_panel

__version__: str

__all__ = [
    "breaking_points",
    "capacity",
    "checks",
    "estimators",
    "expansion",
    "lab",
    "load_panel",
    "measure_capacity",
    "measure_recall",
    "random_expansion",
    "readout",
    "receptors",
    "separate",
    "theory",
]
