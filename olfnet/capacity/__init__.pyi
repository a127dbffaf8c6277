from . import (
    curves,
    geometry,
    learning,
    manifolds,
    measurement,
    overlaps,
    recall,
    retrieval,
    scaling,
)
from .curves import CapacityCurve
from .geometry import dimension
from .learning import measure_recall
from .manifolds.ellipsoids import Ellipsoids
from .manifolds.mean_field import ManifoldGeometry, manifold_geometry
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
    "breaking_points",
    "cluster_size",
    "curves",
    "decorrelation",
    "dimension",
    "extrapolate",
    "geometry",
    "learning",
    "manifold_geometry",
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
