"""Text tables of odors and receptors."""

import csv
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from olfnet.checks import FloatArray

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_MISSING = {"", "na", "n/a", "nan"}
UNKNOWN_LICENSE = "not stated"


def data_folder() -> Path:
    """Return the folder of packaged tables: within the package, or beside it in a clone."""
    package = Path(__file__).parents[1]
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "data"


class Table(NamedTuple):
    """A table of numbers with its names; NaN marks what was not measured."""

    odors: list[str]
    receptors: list[str]
    values: FloatArray


class _Row(NamedTuple):
    """One line of the file, and its number and path for errors."""

    place: str
    cells: list[str]


def read_table(path: str | os.PathLike[str]) -> Table:
    """Read a tidy or wide table of rates from a text file.

    Parameters
    ----------
    path : path-like
        UTF-8 text with commas, semicolons or tabs between its columns. *Tidy*: the columns
        ``odor``, ``receptor`` and one of numbers. *Wide*: odor names in the first column, one
        column per receptor.

    Returns
    -------
    Table
        In the file's order. Entries that are empty, ``NA`` or ``nan``, and pairs that a tidy table
        lacks, are NaN.

    Raises
    ------
    ValueError
        If the file cannot be read, mixes separators, has no entries, repeats a name, or holds
        anything but finite numbers.
    """
    header, *rows = rows_of(path)
    if not rows:
        raise ValueError(f"{header.place} must be followed by at least one row of numbers")
    columns = [cell.lower() for cell in header.cells]
    if columns[:2] == ["odor", "receptor"]:
        return _tidy(header, rows)
    return _wide(header, rows)


def rows_of(path: str | os.PathLike[str]) -> list[_Row]:
    """Split a file into rows of cells, all as long as the first one."""
    lines = lines_of(path)
    separator = separator_of(path, lines[0])
    rows = list(_cells(path, lines, separator))
    width = len(rows[0].cells)
    for row in rows:
        if len(row.cells) != width:
            raise ValueError(
                f"{row.place} must have {width} columns separated by a {_SEPARATORS[separator]}, "
                f"as the first line has, got {len(row.cells)} (mixed separators?)"
            )
    return rows


def lines_of(path: str | os.PathLike[str]) -> list[str]:
    """Read a text file that is not empty."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"table '{path}' must be UTF-8 text, got other bytes") from None
    except OSError as error:
        raise ValueError(f"table '{path}' cannot be read: {error.strerror}") from error
    if not text.strip():
        raise ValueError(f"table '{path}' must have a header and rows, got an empty file")
    return text.lstrip("\r\n").splitlines()


def separator_of(path: str | os.PathLike[str], header: str) -> str:
    """Return the only separator that occurs in the header outside quotation marks."""
    bare = "".join(header.split('"')[::2])
    marks = [mark for mark in _SEPARATORS if mark in bare]
    if len(marks) != 1:
        names = " and ".join(_SEPARATORS[mark] for mark in marks) or "none"
        raise ValueError(
            f"table '{path}' must use one separator (comma, semicolon or tab) in its header, "
            f"got {names}"
        )
    return marks[0]


def _cells(path: str | os.PathLike[str], lines: list[str], separator: str) -> Iterator[_Row]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _Row(
                    f"line {reader.line_num} of table '{path}'",
                    [" ".join(c.split()) for c in cells],
                )
    except csv.Error as error:
        raise ValueError(
            f"line {reader.line_num} of table '{path}' cannot be read: {error}"
        ) from error


def _wide(header: _Row, rows: list[_Row]) -> Table:
    receptors = distinct("receptor", ((header.place, name) for name in header.cells[1:]))
    odors = distinct("odor", ((row.place, row.cells[0]) for row in rows))
    values = [[number(row.place, cell) for cell in row.cells[1:]] for row in rows]
    return Table(odors, receptors, np.array(values))


def _tidy(header: _Row, rows: list[_Row]) -> Table:
    if len(header.cells) != 3:
        raise ValueError(
            f"{header.place} must name the columns odor, receptor and one of numbers, "
            f"got {len(header.cells)} columns"
        )
    entries: dict[tuple[str, str], float] = {}
    for place, (odor, receptor, cell) in rows:
        _require_name("odor", place, odor)
        _require_name("receptor", place, receptor)
        if (odor, receptor) in entries:
            raise ValueError(
                f"{place} must not repeat the odor '{odor}' for the receptor '{receptor}'"
            )
        entries[odor, receptor] = number(place, cell)
    odors = list(dict.fromkeys(odor for odor, _ in entries))
    receptors = list(dict.fromkeys(receptor for _, receptor in entries))
    values = [[entries.get((odor, receptor), math.nan) for receptor in receptors] for odor in odors]
    return Table(odors, receptors, np.array(values))


def distinct(kind: str, names: Iterable[tuple[str, str]]) -> list[str]:
    """Return names, each given with its position, if none is empty and none occurs twice."""
    seen: dict[str, None] = {}
    for place, name in names:
        _require_name(kind, place, name)
        if name in seen:
            raise ValueError(f"{place} must not repeat the {kind} '{name}'")
        seen[name] = None
    return list(seen)


def _require_name(kind: str, place: str, name: str) -> None:
    if not name:
        raise ValueError(f"{place} must name its {kind}, got an empty cell")


def number(place: str, cell: str) -> float:
    """Return a cell as a finite number, or as NaN where it is missing."""
    if cell.lower() in _MISSING:
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        raise ValueError(f"{place} must hold numbers, got '{cell}'") from None
    if not math.isfinite(value):
        raise ValueError(f"{place} must hold finite numbers, got '{cell}'")
    return value
