from . import (
    curves,
    geometry,
    manifolds,
    measurement,
    recall,
    retrieval,
    scaling,
)
from .curves import CapacityCurve
from .geometry import Decorrelation, cluster_size, decorrelation, dimension, overlap
from .manifolds.ellipsoids import Ellipsoids
from .manifolds.mean_field import ManifoldGeometry, manifold_geometry
from .measurement import breaking_points, measure_capacity
from .recall import RecallCurve, measure_recall
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
    "breaking_points",
    "cluster_size",
    "curves",
    "decorrelation",
    "dimension",
    "extrapolate",
    "geometry",
    "manifold_geometry",
    "manifolds",
    "measure_capacity",
    "measure_recall",
    "measurement",
    "overlap",
    "recall",
    "retrieval",
    "retrieve",
    "scaling",
]
