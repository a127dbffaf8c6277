from .calibration import calibrate
from .simulation import build, respond

__all__ = ["build", "calibrate", "respond"]
