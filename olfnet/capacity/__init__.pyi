from . import curves, geometry, measurement, recall
from .curves import CapacityCurve
from .geometry import dimension
from .measurement import breaking_points, measure_capacity
from .recall import RecallCurve, measure_recall

__all__ = [
    "CapacityCurve",
    "RecallCurve",
    "breaking_points",
    "curves",
    "dimension",
    "geometry",
    "measure_capacity",
    "measure_recall",
    "measurement",
    "recall",
]
