from .kernel_regression import KernelFlow, one_step
from .tangent_features import Scaled, empirical, scaled, tangents
from .wide_network import Kernels, WideNetwork

__all__ = [
    "KernelFlow",
    "Kernels",
    "Scaled",
    "WideNetwork",
    "empirical",
    "one_step",
    "scaled",
    "tangents",
]
