from .basis import Basis, Hat, OpenHat, Polynomial
from .grid import SparseGrid, full, n_points, parabola_error, regular
from .interpolation import Adapted, Interpolant, adaptive, interpolate

__all__ = [
    "Adapted",
    "Basis",
    "Hat",
    "Interpolant",
    "OpenHat",
    "Polynomial",
    "SparseGrid",
    "adaptive",
    "full",
    "interpolate",
    "n_points",
    "parabola_error",
    "regular",
]
