from . import claims, drawing, journal, odor_network, register, results
from .command import main
from .parameter import Parameter
from .study import Study, load_study
from .sweep import Result, run

__all__ = [
    "Parameter",
    "Result",
    "Study",
    "claims",
    "drawing",
    "journal",
    "load_study",
    "main",
    "odor_network",
    "register",
    "results",
    "run",
]
