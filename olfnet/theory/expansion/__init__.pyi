from .codes import cluster_size, correlation, dimension, excess_overlap, overlap, readout_error
from .kernels import STEP, kernel, spread, units_needed

__all__ = [
    "STEP",
    "cluster_size",
    "correlation",
    "dimension",
    "excess_overlap",
    "kernel",
    "overlap",
    "readout_error",
    "spread",
    "units_needed",
]
