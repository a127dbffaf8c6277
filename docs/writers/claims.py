"""Which parts of the theory a claim is about, and what was measured of it."""

import functools
import inspect
import json
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from olfnet.lab.claims import Claim, Status
from olfnet.lab.files import bundled_studies
from olfnet.lab.register import load_register

from .api import put

FILE = Path(__file__).parents[1] / "claims.json"
# Where the closed form is from, of claims that hold a number computed beforehand, by reference.
HOMES = {
    "R1": "cover",
    "R2": "gardner",
    "R3": "gardner",
    "R4": "gardner",
    "R5": "cover",
    "R7": "manifolds",
    "R9": "expansion",
    "R10": "expansion",
}
_THEORY, _CLAIMS = "olfnet.theory.", "olfnet_claims_"
REGISTER = load_register(bundled_studies() / "claims").claims


def write(folder: Path) -> None:
    """Write the page of claims that hold with a qualification, or do not hold."""
    wanted = (Status.QUALIFIED, Status.NOT_REPRODUCIBLE)
    rows = [
        [claim.key, claim.status.value, f"{claim.statement} ({claim.source})", claim.remark]
        for claim in REGISTER
        if claim.status in wanted
    ]
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows]
    put(
        folder / "qualified.md",
        "# Claims with a qualification\n\nPublished or expected results that hold only in part, "
        "and what does hold. All others hold under the conditions that they name: "
        "[Claims](../claims.md).\n\n"
        "| claim | status | statement | remark |\n| --- | --- | --- | --- |\n"
        + "\n".join(lines)
        + "\n",
    )


@dataclass(frozen=True)
class Examined:
    """A claim of the register, and its record in ``docs/claims.json`` if it has one."""

    claim: Claim
    record: dict[str, Any] | None


def of_module(name: str) -> list[Examined]:
    """Claims whose closed form, simulation or control calls ``olfnet.theory.<name>``."""
    records = {record["key"]: record for record in json.loads(FILE.read_text())["claims"]}
    return [
        Examined(claim, records.get(claim.key))
        for claim in REGISTER
        if f"{_THEORY}{name}" in _modules(claim) or HOMES.get(claim.reference) == name
    ]


@functools.cache
def _modules(claim: Claim) -> frozenset[str]:
    seen: set[int] = set()
    found: set[str] = set()
    for function in (claim.expected, claim.simulation, claim.control):
        found.update(_reached(function, seen))
    return frozenset(found)


def _reached(thing: Any, seen: set[int]) -> Iterator[str]:
    """Theory modules that a function calls, directly or through the register's own functions."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, types.ModuleType):
        if thing.__name__.startswith(_THEORY):
            yield thing.__name__
    elif isinstance(thing, functools.partial):
        for part in (thing.func, *thing.args, *thing.keywords.values()):
            yield from _reached(part, seen)
    elif inspect.isfunction(thing) or inspect.isclass(thing):
        if thing.__module__.startswith(_THEORY):
            yield thing.__module__
        elif thing.__module__.startswith(_CLAIMS) and inspect.isfunction(thing):
            for part in _parts(thing):
                yield from _reached(part, seen)
    elif inspect.ismethod(thing) and thing.__module__.startswith(_CLAIMS):
        for part in (thing.__func__, *vars(thing.__self__).values()):
            yield from _reached(part, seen)
    elif isinstance(thing, tuple | list):
        for part in thing:
            yield from _reached(part, seen)
    elif type(thing).__module__.startswith(_THEORY):
        yield type(thing).__module__


def _parts(function: types.FunctionType) -> Iterator[Any]:
    """Whatever a function's code names: globals, defaults, and what it closes over."""
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        codes += [const for const in code.co_consts if isinstance(const, types.CodeType)]
        named = [function.__globals__.get(name) for name in code.co_names]
        for thing in named:
            yield thing
            if isinstance(thing, types.ModuleType) and thing.__name__.startswith(_THEORY):
                # Modules show what others of the room define: ``propagation.variance_map``.
                yield from (getattr(thing, name, None) for name in code.co_names)
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    for cell in function.__closure__ or ():
        yield cell.cell_contents
