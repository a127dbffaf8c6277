from .attacks import Attack, attacked_radius, descend, scatter
from .bounds import bound
from .certificates import Certificate, certify, certify_near
from .interval_bounds import Ball, Enclosure, enclosed
from .singular import explicit_matrix, singular_values

__all__ = [
    "Attack",
    "Ball",
    "Certificate",
    "Enclosure",
    "attacked_radius",
    "bound",
    "certify",
    "certify_near",
    "descend",
    "enclosed",
    "explicit_matrix",
    "scatter",
    "singular_values",
]
