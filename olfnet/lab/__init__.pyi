from . import command, dataset, journal, points, provenance, results, study, sweep
from .parameter import Parameter
from .study import Study, load_study
from .sweep import Result

__all__ = [
    "Parameter",
    "Result",
    "Study",
    "command",
    "dataset",
    "journal",
    "load_study",
    "points",
    "provenance",
    "results",
    "sweep",
    "study",
]
