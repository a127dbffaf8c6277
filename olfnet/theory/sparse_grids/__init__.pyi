from .basis import Basis, Hat, OpenHat, Polynomial, combined, lifted
from .grid import (
    Level,
    SparseGrid,
    above,
    below,
    block_points,
    full,
    n_points,
    parabola_error,
    regular,
)
from .interpolation import Adapted, Function, Interpolant, adaptive, interpolate

__all__ = [
    "Adapted",
    "Basis",
    "Function",
    "Hat",
    "Interpolant",
    "Level",
    "OpenHat",
    "Polynomial",
    "SparseGrid",
    "above",
    "adaptive",
    "below",
    "block_points",
    "combined",
    "full",
    "interpolate",
    "lifted",
    "n_points",
    "parabola_error",
    "regular",
]
