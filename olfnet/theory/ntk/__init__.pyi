from .dual_activations import Drives, Dual, Products, dual, products
from .kernel_regression import KernelFlow, one_step
from .tangent_features import Scaled, empirical, scaled, tangents
from .wide_network import Kernels, WideNetwork

__all__ = [
    "Drives",
    "Dual",
    "KernelFlow",
    "Kernels",
    "Products",
    "Scaled",
    "WideNetwork",
    "dual",
    "empirical",
    "one_step",
    "products",
    "scaled",
    "tangents",
]
