from . import claims, command, dataset, journal, points, provenance, register, results, study, sweep
from .parameter import Parameter
from .study import Study, load_study
from .sweep import Result

__all__ = [
    "Parameter",
    "Result",
    "Study",
    "claims",
    "command",
    "dataset",
    "journal",
    "load_study",
    "points",
    "provenance",
    "register",
    "results",
    "sweep",
    "study",
]
