from . import (
    anchors,
    curves,
    cutting,
    geometry,
    learning,
    manifolds,
    measurement,
    overlaps,
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
from .overlaps import Decorrelation, cluster_size, decorrelation, overlap
from .recall import RecallCurve
from .retrieval import Retrieval, retrieve
from .scaling import Extrapolation, extrapolate

__all__ = [
    "CapacityCurve",
    "Decorrelation",
    "Ellipsoids",
    "Extrapolation",
    "ManifoldGeometry",
    "RecallCurve",
    "Retrieval",
    "anchors",
    "breaking_points",
    "cluster_size",
    "curves",
    "cutting",
    "decorrelation",
    "dimension",
    "extrapolate",
    "geometry",
    "manifold_geometry",
    "learning",
    "manifolds",
    "measure_capacity",
    "measure_recall",
    "measurement",
    "overlap",
    "overlaps",
    "recall",
    "retrieval",
    "retrieve",
    "scaling",
]
