from ._random_labels import Draw
from .curves import CapacityCurve
from .geometry import Decorrelation, cluster_size, decorrelation, dimension, overlap
from .manifolds.cutting_planes import (
    EllipsoidSeparation,
    ellipsoid_prefix,
    separate_ellipsoids,
)
from .manifolds.ellipsoids import Ellipsoids, spheres
from .manifolds.mean_field import ManifoldGeometry, manifold_geometry
from .recall import RecallCurve
from .retrieval import Retrieval, retrieve
from .scaling import Extrapolation, extrapolate

__all__ = [
    "CapacityCurve",
    "Decorrelation",
    "Draw",
    "EllipsoidSeparation",
    "Ellipsoids",
    "Extrapolation",
    "ManifoldGeometry",
    "RecallCurve",
    "Retrieval",
    "cluster_size",
    "decorrelation",
    "dimension",
    "ellipsoid_prefix",
    "extrapolate",
    "manifold_geometry",
    "overlap",
    "retrieve",
    "separate_ellipsoids",
    "spheres",
]
