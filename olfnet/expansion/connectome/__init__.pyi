from . import null_models, statistics
from .edge_lists import FLYWIRE, NEUPRINT, Columns, read_connectome
from .matrices import load_connectome, weights

__all__ = [
    "FLYWIRE",
    "NEUPRINT",
    "Columns",
    "load_connectome",
    "null_models",
    "read_connectome",
    "statistics",
    "weights",
]
