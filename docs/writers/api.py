"""Pages of the API: one for each room of the package, one for each public module.

The stub files of the rooms (``__init__.pyi``) say what is public.
"""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import olfnet

ROOMS = (
    "receptors",
    "expansion",
    "expansion.connectome",
    "expansion.neurons",
    "expansion.presets",
    "expansion.spiking",
    "readout",
    "capacity",
    "theory",
    "estimators",
    "lab",
    "lab.claims",
)


def write(folder: Path) -> None:
    """Write the pages of all rooms and modules into ``folder/api``."""
    for room in ROOMS:
        modules = sorted(set(public_modules(room)))
        put(folder / "api" / f"olfnet.{room}.md", room_page(f"olfnet.{room}", modules))
        for module in modules:
            put(folder / "api" / f"{module}.md", module_page(module))
    put(folder / "api" / "index.md", index_page())


def put(file: Path, text: str) -> None:
    """Write a file only if that changes it, so that Sphinx reads only what is new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.is_file() or file.read_text() != text:
        file.write_text(text)


def _stub(room: str) -> Iterator[ast.ImportFrom]:
    stub = Path(olfnet.__file__).parent.joinpath(*room.split("."), "__init__.pyi")
    for line in ast.parse(stub.read_text()).body:
        if isinstance(line, ast.ImportFrom):
            yield line


def public_modules(room: str) -> Iterator[str]:
    """Full names of the modules that a room shows, or from which it shows names."""
    for line in _stub(room):
        names = [line.module] if line.module else [alias.name for alias in line.names]
        for name in names:
            full = f"olfnet.{room}.{name}"
            if not hasattr(importlib.import_module(full), "__path__"):
                yield full


def names_at_hand(room: str) -> Iterator[tuple[str, str]]:
    """Names that the room shows, with their full names."""
    for line in _stub(room):
        for alias in line.names if line.module else ():
            found = getattr(importlib.import_module(f"olfnet.{room}"), alias.name)
            yield alias.name, f"{getattr(found, '__module__', '')}.{alias.name}"


def _entry(name: str, full: str) -> tuple[str, str]:
    """Link and first line of a name; a value, which has no page of its own, is not linked."""
    if full.startswith("."):
        return f"`{name}`", "A value."
    return f"{{py:obj}}`{name} <{full}>`", first_line(_find(full))


def first_line(thing: object) -> str:
    """First sentence of a docstring, fit for a cell of a table."""
    text = inspect.getdoc(thing) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", r"\|")


def table(rows: list[tuple[str, str]]) -> str:
    """Two columns, without heads."""
    lines = ["| | |", "| --- | --- |", *(f"| {left} | {right} |" for left, right in rows)]
    return "\n".join(lines) + "\n"


def about(module: str, *, indexed: bool = False) -> str:
    """Docstring of a module, as it stands; links lead to the one place where it is indexed."""
    options = "   :no-members:\n" + ("" if indexed else "   :no-index:\n")
    return f"```{{eval-rst}}\n.. automodule:: {module}\n{options}```\n"


def module_page(module: str) -> str:
    """Everything that a module documents."""
    return f"# {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n```\n"


def room_page(room: str, modules: list[str]) -> str:
    """Tell what a room is for, its names at hand, and its modules."""
    short = room.removeprefix("olfnet.")
    names = [_entry(name, full) for name, full in names_at_hand(short)]
    rows = [
        (f"[{module.removeprefix(room + '.')}]({module}.md)", first_line(_find(module)))
        for module in modules
    ]
    text = f"# {room}\n\n{about(room, indexed=True)}\n"
    if names:
        text += f"## Names at hand\n\nAll of them as `{room}.NAME`.\n\n{table(names)}\n"
    text += f"## Modules\n\n{table(rows)}\n" if rows else ""
    return text + _toctree([f"{module}" for module in modules])


def index_page() -> str:
    """All rooms, and what the package itself shows."""
    names = [
        _entry(f"olfnet.{alias.name}", f"{getattr(olfnet, alias.name).__module__}.{alias.name}")
        for line in _stub(".")
        for alias in (line.names if line.module else ())
    ]
    rows = [
        (f"[olfnet.{room}](olfnet.{room}.md)", first_line(_find(f"olfnet.{room}")))
        for room in ROOMS
    ]
    return (
        "# API\n\nArrays go in, samples first, and arrays or frozen records come out; times are in "
        "seconds, rates in spikes/s.\n\n"
        f"## What most scripts need\n\n{table(names)}\n## Rooms\n\n{table(rows)}\n"
        + _toctree([f"olfnet.{room}" for room in ROOMS])
    )


def _find(full: str) -> object:
    try:
        return importlib.import_module(full)
    except ImportError:
        module, _, name = full.rpartition(".")
        return getattr(importlib.import_module(module), name)


def _toctree(pages: list[str]) -> str:
    lines = "\n".join(pages)
    return f"\n```{{toctree}}\n:hidden:\n\n{lines}\n```\n" if pages else ""
