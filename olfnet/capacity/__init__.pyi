from . import (
    anchors,
    curves,
    cutting,
    geometry,
    learning,
    manifolds,
    measurement,
    recall,
    retrieval,
    scaling,
)
from .anchors import ManifoldGeometry, manifold_geometry
from .curves import CapacityCurve
from .geometry import dimension
from .learning import measure_recall
from .manifolds import Ellipsoids
from .measurement import breaking_points, measure_capacity
from .recall import RecallCurve
from .retrieval import Retrieval, retrieve
from .scaling import Extrapolation, extrapolate

__all__ = [
    "CapacityCurve",
    "Ellipsoids",
    "Extrapolation",
    "ManifoldGeometry",
    "RecallCurve",
    "Retrieval",
    "anchors",
    "breaking_points",
    "curves",
    "cutting",
    "dimension",
    "extrapolate",
    "geometry",
    "manifold_geometry",
    "learning",
    "manifolds",
    "measure_capacity",
    "measure_recall",
    "measurement",
    "recall",
    "retrieval",
    "retrieve",
    "scaling",
]
