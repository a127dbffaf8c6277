from . import curves, geometry, measurement, recall, scaling
from .curves import CapacityCurve
from .geometry import dimension
from .measurement import breaking_points, measure_capacity
from .recall import RecallCurve, measure_recall
from .scaling import Extrapolation, extrapolate

__all__ = [
    "CapacityCurve",
    "Extrapolation",
    "RecallCurve",
    "breaking_points",
    "curves",
    "dimension",
    "extrapolate",
    "geometry",
    "measure_capacity",
    "measure_recall",
    "measurement",
    "recall",
    "scaling",
]
