from . import curves, cutting, geometry, manifolds, measurement, recall, retrieval, scaling
from .curves import CapacityCurve
from .geometry import dimension
from .manifolds import Ellipsoids
from .measurement import breaking_points, measure_capacity
from .recall import RecallCurve, measure_recall
from .retrieval import Retrieval, retrieve
from .scaling import Extrapolation, extrapolate

__all__ = [
    "CapacityCurve",
    "Ellipsoids",
    "Extrapolation",
    "RecallCurve",
    "Retrieval",
    "breaking_points",
    "curves",
    "cutting",
    "dimension",
    "extrapolate",
    "geometry",
    "manifolds",
    "measure_capacity",
    "measure_recall",
    "measurement",
    "recall",
    "retrieval",
    "retrieve",
    "scaling",
]
