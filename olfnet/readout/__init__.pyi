from . import separability
from .separability import Separation, separate

__all__ = ["Separation", "separability", "separate"]
