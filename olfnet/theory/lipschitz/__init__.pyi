from .attacks import Attack, attacked_radius, descend, scatter
from .bounds import Shape, bound, matrix_bound, require_norm, row_bounds, steepest, up, up_sum
from .certificates import Certificate, against, certified_radius, certify, classes, evaluation_error
from .interval_bounds import Ball, Enclosure, certify_near, enclosed, slopes_within
from .singular import (
    EPS,
    blocks_error,
    explicit_matrix,
    fourier_blocks,
    require_channels,
    singular_values,
    spectral_norm,
)

__all__ = [
    "Attack",
    "Ball",
    "Certificate",
    "EPS",
    "Enclosure",
    "Shape",
    "against",
    "attacked_radius",
    "blocks_error",
    "bound",
    "certified_radius",
    "certify",
    "certify_near",
    "classes",
    "descend",
    "enclosed",
    "evaluation_error",
    "explicit_matrix",
    "fourier_blocks",
    "matrix_bound",
    "require_channels",
    "require_norm",
    "row_bounds",
    "scatter",
    "singular_values",
    "slopes_within",
    "spectral_norm",
    "steepest",
    "up",
    "up_sum",
]
