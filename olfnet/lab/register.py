"""Check claims: files of claims become a study, whose points are the claims.

A register is a folder of Python files, or one file, with functions that `olfnet.lab.claims.claim`
has decorated.  Files of one folder may import each other relatively (``from .sources import X``).
"""

import hashlib
import importlib.util
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from rich.table import Table

import olfnet
from olfnet.lab.claims import CONFIDENCE, Claim, Measured, Status
from olfnet.lab.files import replace_text
from olfnet.lab.journal import Journal
from olfnet.lab.parameter import Parameter
from olfnet.lab.points import Point
from olfnet.lab.study import Study

PAGE, FILE = "claims.md", "claims.json"


@dataclass(frozen=True)
class Register:
    """The claims of a folder or of one file, in the order of their references.

    Attributes
    ----------
    path : Path
        Folder or file.
    claims : tuple of Claim
    files : dict of key to str
        File in which each claim is defined.
    digest : str
        SHA-256 of the files and of the package: claims are checked again when either changes.
    """

    path: Path
    claims: tuple[Claim, ...]
    files: Mapping[str, str]
    digest: str

    def chosen(self, names: Iterable[str]) -> list[Claim]:
        """Claims of these systems (S14), references (R1) or keys (R1.mean); all if none is named.

        Raises
        ------
        ValueError
            If a name fits no claim.
        """
        names = set(names)
        known = {n for claim in self.claims for n in _names(claim)}
        for name in sorted(names - known):
            raise ValueError(
                f"--only must name references ({_ranges('R', known)}), systems "
                f"({_ranges('S', known)}) or a claim such as {self.claims[0].key}, got {name!r}"
            )
        return [c for c in self.claims if not names or names & _names(c)]

    def study(self, claims: Sequence[Claim], *, quick: bool = False) -> Study:
        """Return the study that checks some of the claims."""
        keys = tuple(claim.key for claim in claims)
        files = {key: self.files[key] for key in keys}
        return Study(
            name="claims-quick" if quick else "claims",
            question="Do published and proven results hold in simulation?",
            source="the claims name their sources",
            parameters=(Parameter("claim", keys, "key of a claim"),),
            measure=partial(_check, files, self.digest, quick),
            digest=self.digest,
            redo=True,
        )


@dataclass(frozen=True)
class Checked:
    """A claim and what came out of its simulation and of its control."""

    claim: Claim
    predicted: float
    measured: Measured
    control: Measured
    seconds: float = 0.0

    @property
    def refused(self) -> bool:
        """Whether the control was found wrong, as it must be."""
        return not self.claim.agrees(self.control)

    @property
    def holds(self) -> bool:
        """Whether the measurement bears the claim out and the control is refused."""
        return self.claim.agrees(self.measured) and self.refused

    @property
    def verdict(self) -> str:
        """In one word or a few."""
        if not self.claim.agrees(self.measured):
            return "fails"
        if not self.refused:
            return "control not refused"
        return "not reproducible" if self.claim.status is Status.NOT_REPRODUCIBLE else "holds"


def load_register(path: str | Path) -> Register:
    """Load the claims of a folder or of one file; their Python code is executed.

    Raises
    ------
    ValueError
        If there is no such file or folder, it cannot be executed, or holds no claims, or a key
        twice.
    """
    path = Path(path).resolve()
    if not path.exists():
        raise ValueError(f"there is no file or folder of claims {str(path)!r}")
    files = [path] if path.is_file() else sorted(path.glob("[!_.]*.py"))
    digest = _digest(path.parent if path.is_file() else path)
    claims: list[Claim] = []
    origin: dict[str, str] = {}
    for file in files:
        for claim in _claims_of(_module(file, digest)):
            if claim.key in origin:
                raise ValueError(
                    f"keys of claims must be different, got {claim.key} in {origin[claim.key]} "
                    f"and {file}"
                )
            origin[claim.key] = str(file)
            claims.append(claim)
    if not claims:
        raise ValueError(f"{path} holds no claims: functions decorated by olfnet.lab.claims.claim")
    claims.sort(key=lambda claim: (claim.reference[0], int(claim.reference[1:])))
    return Register(path, tuple(claims), origin, digest)


def checked(journal: Journal, claims: Iterable[Claim], digest: str) -> list[Checked]:
    """Return what a journal holds of these claims in their present version.

    A claim whose simulation or control raised an exception fails.
    """
    results = []
    for claim in claims:
        key = Point({"claim": claim.key}, 0).key
        if key not in journal.records or journal.digests[key] != digest:
            continue
        record = journal.records[key]
        entries = record.get("values", {})
        numbers = [float(entries[name]["data"]) if entries else math.nan for name in _NUMBERS]
        measured, control = Measured(*numbers[1:4]), Measured(*numbers[4:])
        results.append(Checked(claim, numbers[0], measured, control, record["seconds"]))
    return results


_NUMBERS = ("predicted", "measured", "low", "high", "control", "control_low", "control_high")


def _check(
    files: Mapping[str, str], digest: str, quick: bool, *, claim: str, rng: np.random.Generator
) -> dict[str, float]:
    """Simulate one claim and its control in a worker, which loads the claim's file."""
    file = Path(files[claim])
    if _digest(file.parent) != digest:
        raise ValueError(f"{file} or the package has changed since the run was started")
    (known,) = [one for one in _claims_of(_module(file, digest)) if one.key == claim]
    measured = known.simulation(known.n_quick if quick else known.n_samples, rng)
    stream = Point({"control": claim}, 0).stream(1)
    control = known.control(known.n_quick, stream)
    parts = (measured.value, measured.low, measured.high, control.value, control.low, control.high)
    return dict(zip(_NUMBERS, map(float, (known.predicted(), *parts)), strict=True))


def _claims_of(module: ModuleType) -> Iterator[Claim]:
    for thing in vars(module).values():
        if getattr(thing, "__module__", None) == module.__name__:
            yield from getattr(thing, "claims", ())


@cache
def _module(file: Path, digest: str) -> ModuleType:
    """Import a file as a part of its folder, under a name of its own for each version."""
    name = f"olfnet_claims_{digest[:16]}"
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(file.parent)]
        sys.modules[name] = package
    if (full := f"{name}.{file.stem}") in sys.modules:  # imported by a file beside it
        return sys.modules[full]
    spec = importlib.util.spec_from_file_location(full, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file} is not a Python file; its name must end in .py")
    sys.modules[full] = module = importlib.util.module_from_spec(spec)
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
        return module
    except Exception as error:
        del sys.modules[full]
        raise ValueError(f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    finally:
        sys.dont_write_bytecode = kept


@cache
def _package_digest() -> bytes:
    files = sorted(Path(olfnet.__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).digest()


def _digest(folder: Path) -> str:
    """SHA-256 of the folder's files and of the package."""
    files = sorted(f for f in folder.iterdir() if f.suffix in (".py", ".csv"))
    parts = (part for file in files for part in (file.name.encode(), file.read_bytes()))
    return hashlib.sha256(b"\0".join([_package_digest(), *parts])).hexdigest()


def _names(claim: Claim) -> set[str]:
    return {claim.key, claim.reference, *claim.systems}


def _ranges(letter: str, names: Iterable[str]) -> str:
    """Say which numbers follow a letter: R1 to R21, R23 to R32."""
    numbers = {int(name[1:]) for name in names if re.fullmatch(rf"{letter}\d+", name)}
    first = sorted(n for n in numbers if n - 1 not in numbers)
    last = sorted(n for n in numbers if n + 1 not in numbers)
    return ", ".join(
        f"{letter}{a} to {letter}{b}" if a < b else f"{letter}{a}"
        for a, b in zip(first, last, strict=True)
    )


def table(results: Sequence[Checked]) -> Table:
    """Predicted, measured, interval and verdict of each claim."""
    rows = Table(title="Claims")
    for column in ("claim", "predicted", "measured", f"{CONFIDENCE:.1%} interval", "verdict"):
        rows.add_column(column)
    for result in results:
        style = "" if result.holds else "bold red"
        rows.add_row(result.claim.key, *_cells(result), result.verdict, style=style)
    return rows


def write(results: Sequence[Checked], about: Mapping[str, Any], folder: Path) -> None:
    """Write page and file of the same results."""
    record = {"about": dict(about), "claims": [_record(result) for result in results]}
    replace_text(folder / FILE, json.dumps(record, indent=1) + "\n")
    replace_text(folder / PAGE, page(results, about))


def page(results: Sequence[Checked], about: Mapping[str, Any]) -> str:
    """Page for the docs, in Markdown."""
    counts = Counter(result.verdict for result in results)
    verdicts = ", ".join(f"{verdict}: {count}" for verdict, count in counts.most_common())
    lines = [
        "# Claims",
        "",
        f"{len(results)} claims ({verdicts}).  Written by `{about['command']}` with "
        f"olfnet {about['olfnet']} on {about['date'][:10]}.  Intervals hold {CONFIDENCE:.1%} of "
        "the time; an ordering holds if the whole interval lies above the predicted bound; an "
        "allowance for finite size or rounded print widens the interval.  Each claim has a "
        "control, to which it does not apply and which must be refused.",
        "",
        "| claim | statement | equation | status | predicted | measured | interval | allowance | "
        "verdict |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        claim = result.claim
        statement = f"{claim.statement} ({claim.source})"
        statement += f". {claim.remark}" if claim.remark else ""
        equation = f"${claim.equation}$" if claim.equation else ""
        allowance = f"{claim.allowance:g}" if claim.allowance else ""
        cells = [claim.key, statement, equation, claim.status.value, *_cells(result)]
        cells = [cell.replace("|", r"\|") for cell in [*cells, allowance, result.verdict]]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cells(result: Checked) -> tuple[str, str, str]:
    measured, bound = result.measured, result.claim.status is Status.ORDERING
    certain = np.isclose(measured.low, measured.high, rtol=1e-12, atol=0)
    interval = "" if certain else f"{measured.low:.5g} to {measured.high:.5g}"
    return (
        f"{'above ' if bound else ''}{result.predicted:.5g}",
        f"{measured.value:.5g}",
        interval,
    )


def _record(result: Checked) -> dict[str, Any]:
    claim, measured = result.claim, result.measured
    return {
        "key": claim.key,
        "systems": claim.systems,
        "statement": claim.statement,
        "source": claim.source,
        "equation": claim.equation,
        "status": claim.status.value,
        "remark": claim.remark,
        "predicted": result.predicted,
        "measured": measured.value,
        "low": measured.low,
        "high": measured.high,
        "control": result.control.value,
        "allowance": claim.allowance,
        "verdict": result.verdict,
        "seconds": round(result.seconds, 3),
    }
