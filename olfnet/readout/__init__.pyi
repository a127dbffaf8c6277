from . import prefix, separability
from .prefix import separable_prefix
from .separability import Separation, separate, separate_many

__all__ = [
    "Separation",
    "prefix",
    "separability",
    "separable_prefix",
    "separate",
    "separate_many",
]
