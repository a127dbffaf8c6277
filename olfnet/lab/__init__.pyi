from . import command, dataset, journal, points, provenance, repeats, runner, study
from .parameter import Parameter
from .runner import Result
from .study import Study, load_study

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
    "repeats",
    "runner",
    "study",
]
