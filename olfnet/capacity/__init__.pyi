from . import curves, geometry, measurement
from .curves import CapacityCurve
from .geometry import dimension
from .measurement import breaking_points, measure_capacity

__all__ = [
    "CapacityCurve",
    "breaking_points",
    "curves",
    "dimension",
    "geometry",
    "measure_capacity",
    "measurement",
]
