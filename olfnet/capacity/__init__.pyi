from . import curves, geometry
from .curves import CapacityCurve, breaking_points, measure_capacity
from .geometry import dimension

__all__ = [
    "CapacityCurve",
    "breaking_points",
    "curves",
    "dimension",
    "geometry",
    "measure_capacity",
]
