from .relu import (
    absolute,
    deep_square,
    gate,
    interpolation,
    piecewise_linear,
    ramp,
    random_knots_error,
    square,
    switch,
)
from .rewriting import bounded, composed, flattened, largest_weight, n_units, normalized
from .tournaments import max_of_minima, maximum, minimum, winner_take_all

__all__ = [
    "absolute",
    "bounded",
    "composed",
    "deep_square",
    "flattened",
    "gate",
    "interpolation",
    "largest_weight",
    "max_of_minima",
    "maximum",
    "minimum",
    "n_units",
    "normalized",
    "piecewise_linear",
    "ramp",
    "random_knots_error",
    "square",
    "switch",
    "winner_take_all",
]
