"""Studies: a question, parameters to sweep, a measurement, a table and a figure.

A study is a Python file that defines ``study = Study(...)`` and ends with
``if __name__ == "__main__": main(study)``.
"""

import hashlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from olfnet import checks
from olfnet.lab.parameter import Parameter
from olfnet.lab.points import Record, Value

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table


@dataclass(frozen=True)
class Study:
    """A question, and the parameter sweep that answers it.

    Parameters
    ----------
    name : str
        Letters, digits, ``_`` and ``-``; results are kept in ``results/<name>``.
    question, source : str
        The question, and the publication or theorem behind it.
    parameters : iterable of Parameter
        The grid is the product of their values, times the repeats.
    measure : callable (*, <parameters>, rng) -> mapping
        Measures one point: names to numbers or labeled ``xarray.DataArray``.
    figure : callable (dataset) -> matplotlib Figure, optional
    table : callable (dataset) -> rich Table, optional
    n_repeats, quick_repeats : int
        Independent draws of each combination of values, in full and in a quick trial.
    alone : bool
        Measure one point at a time, whatever the number of workers: for timings.
    redo : bool
        Measure points again that failed, or were measured by another version (``digest``).
    file : Path, optional
        The study's file, set when it is loaded; worker processes read it, too.
    digest : str
        SHA-256 of that file, set as well, so that all workers run the same version.

    Raises
    ------
    ValueError
        If names clash, or ``measure`` does not take the parameters.
    """

    name: str
    question: str
    source: str
    parameters: tuple[Parameter, ...]
    measure: Callable[..., Mapping[str, Any]]
    figure: "Callable[[xr.Dataset], Figure] | None" = None
    table: "Callable[[xr.Dataset], Table] | None" = None
    n_repeats: int = 1
    quick_repeats: int = 1
    alone: bool = False
    redo: bool = False
    file: Path | None = None
    digest: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(self.parameters))
        names = [parameter.name for parameter in self.parameters]
        if not re.fullmatch(r"[\w-]+", self.name):
            raise ValueError(f"name must hold letters, digits, _ and - only, got {self.name!r}")
        if len(set(names)) < len(names):
            raise ValueError(f"parameters must have different names, got {', '.join(names)}")
        checks.count("n_repeats", self.n_repeats)
        checks.count("quick_repeats", self.quick_repeats)
        try:
            inspect.signature(self.measure).bind(**dict.fromkeys(names), rng=None)
        except TypeError as error:
            raise ValueError(f"measure must take the study's parameters and rng: {error}") from None

    def parameter(self, name: str) -> Parameter:
        """Return the parameter of that name."""
        known = {parameter.name: parameter for parameter in self.parameters}
        if name not in known:
            raise ValueError(f"{self.name} has no parameter {name!r}, only {', '.join(known)}")
        return known[name]

    def read(self, texts: Iterable[str]) -> dict[str, tuple[Value, ...]]:
        """Return the settings that a command line gives as ``name=value,value``."""
        settings = {}
        for text in texts:
            name, equals, values = text.partition("=")
            if not equals or name in settings:
                raise ValueError(f"--set takes name=value,value once for each name, got {text!r}")
            settings[name] = self.parameter(name).read(values)
        return settings

    def grid(
        self, settings: Mapping[str, Any] | None = None, *, quick: bool = False
    ) -> dict[str, tuple[Value, ...]]:
        """Return the values to sweep, with ``settings`` in place of the study's own."""
        chosen = {p.name: p.quick if quick else p.values for p in self.parameters}
        given = {name: self.parameter(name).accept(v) for name, v in (settings or {}).items()}
        return chosen | given

    def header(self, seed: int) -> Record:
        """Return the description of the study in the first line of a journal."""
        return {
            "study": self.name,
            "question": self.question,
            "source": self.source,
            "seed": seed,
            "parameters": {parameter.name: parameter.about for parameter in self.parameters},
        }


def load_study(file: str | Path, *, digest: str = "") -> Study:
    """Return the ``study`` that a Python file defines.

    Parameters
    ----------
    file : path
    digest : str
        What ``Study.digest`` must be, if it is given.

    Raises
    ------
    ValueError
        If the file is missing, is no Python file, cannot be executed, defines no study, or has
        another digest.
    """
    path = Path(file).resolve()
    spec = importlib.util.spec_from_file_location(f"olfnet_study_{path.stem}", path)
    if not path.is_file():
        raise ValueError(f"there is no study file {str(file)!r}")
    if spec is None or spec.loader is None:
        raise ValueError(
            f"{file} is not a Python file, as every study is: its name must end in .py"
        )
    source = path.read_bytes()
    if digest not in ("", _digest(source)):
        raise ValueError(f"{file} is not the same here as where the run was started")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    if (folder := str(path.parent)) not in sys.path:
        sys.path.append(folder)  # a study may import its neighbors, as under `python FILE`
    try:
        _LOADING.append(path)
        # Not by the loader, whose cache has a resolution of a second: a file may change faster.
        exec(compile(source, str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise ValueError(f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    finally:
        _LOADING.remove(path)
    study = getattr(module, "study", None)
    if not isinstance(study, Study):
        raise ValueError(f"{file} defines no study: it needs a line study = Study(...)")
    return replace(study, file=path, digest=_digest(source))


def _digest(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()


# Files that are being loaded, in this process.
_LOADING: list[Path] = []


def require_runnable(study: Study) -> None:
    """Refuse what is no study, and a study whose file is loaded: each worker would start it."""
    if not isinstance(study, Study):
        raise ValueError(f"study must be a Study, got {study!r}; load_study reads a file")
    if _LOADING:
        raise ValueError('a study must be run under if __name__ == "__main__":')
