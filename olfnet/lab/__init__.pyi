from . import runner, study
from .study import Parameter, Study

__all__ = ["Parameter", "Study", "runner", "study"]
