from .codes import cluster_size, correlation, dimension, excess_overlap, overlap, readout_error
from .kernels import Kernel

__all__ = [
    "Kernel",
    "cluster_size",
    "correlation",
    "dimension",
    "excess_overlap",
    "overlap",
    "readout_error",
]
