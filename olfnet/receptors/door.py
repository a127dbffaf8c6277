"""The DoOR database, as users download it: responses merged from many studies, most missing.

What nobody measured is NaN, and everything that computes with rates refuses NaN; ``complete`` cuts
out a block without holes.
"""

import csv
import os
from pathlib import Path

import numpy as np
import xarray as xr

from olfnet import checks

_SPONTANEOUS = "SFR"  # the row of spontaneous firing, which is no odor


def load_door(
    responses: str | os.PathLike[str], mappings: str | os.PathLike[str] | None = None
) -> xr.DataArray:
    """Load DoOR's response matrix (Muench & Galizia 2016, 10.1038/srep21841).

    Parameters
    ----------
    responses : path
        ``door_response_matrix.csv`` (or ``response.matrix.csv``) of the package DoOR.data: odors in
        rows, receptors and sensory neurons in columns, ``NA`` where nothing was measured.
    mappings : path, optional
        ``door_mappings.csv`` (or ``DoOR.mappings.csv``) of the same package, for the glomeruli.

    Returns
    -------
    xarray.DataArray of shape (n_odors, n_receptors)
        Responses without unit, 1 being the strongest of each receptor; NaN where there is none, of
        which ``attrs["n_missing"]`` tells the number.  Coordinates along ``receptor``:
        ``spontaneous``, the response to nothing (NaN if not known), and ``glomerulus`` (empty if
        not known, or not one only).

    Raises
    ------
    ValueError
        If the table has no ``SFR`` row, rows of different length, a name twice, or what is neither
        a number nor NA.
    """
    names, odors, values = _matrix(Path(responses))
    if _SPONTANEOUS not in odors:
        raise ValueError(f"{Path(responses).name} must have a row {_SPONTANEOUS}, got none")
    at = odors.index(_SPONTANEOUS)
    table = np.delete(values, at, axis=0)
    glomeruli = _glomeruli(Path(mappings)) if mappings is not None else {}
    return xr.DataArray(
        table,
        dims=("odor", "receptor"),
        coords={
            "odor": [odor for odor in odors if odor != _SPONTANEOUS],
            "receptor": names,
            "spontaneous": ("receptor", values[at]),
            "glomerulus": ("receptor", [glomeruli.get(name, "") for name in names]),
        },
        name="response",
        attrs={
            "units": "1",
            "quantity": "response, merged over studies, relative to the receptor's strongest",
            "source": "DoOR, Muench & Galizia 2016, Sci. Rep. 6:21841",
            "doi": "10.1038/srep21841",
            "license": "see the downloaded package",
            "n_missing": int(np.isnan(table).sum()),
        },
    )


def complete(panel: xr.DataArray, *, n_receptors: int | None = None) -> xr.DataArray:
    """Cut a block without missing responses out of a panel.

    Parameters
    ----------
    panel : DataArray of shape (n_odors, n_receptors)
        Responses, NaN where missing.
    n_receptors : int, optional
        Keep that many receptors, the best-known ones, and all odors that are known for all of them.
        Without it the odor or receptor with the largest missing share is left out until nothing is
        missing, which makes the block large, but not the largest there is.

    Returns
    -------
    DataArray
        ``attrs`` tells how many odors and receptors were dropped.

    Raises
    ------
    ValueError
        If nothing is left.

    Examples
    --------
    >>> panel = xr.DataArray([[1.0, np.nan], [2.0, 3.0]], dims=("odor", "receptor"))
    >>> complete(panel).shape
    (1, 2)
    """
    known = ~np.isnan(panel.transpose("odor", "receptor").values)
    odors, receptors = np.arange(known.shape[0]), np.arange(known.shape[1])
    if n_receptors is not None:
        n_receptors = checks.count("n_receptors", n_receptors, maximum=len(receptors))
        receptors = np.sort(np.argsort(-known.sum(axis=0), kind="stable")[:n_receptors])
        odors = odors[known[:, receptors].all(axis=1)]
    else:
        while not (part := known[np.ix_(odors, receptors)]).all():
            rows, columns = 1 - part.mean(axis=1), 1 - part.mean(axis=0)
            if rows.max() >= columns.max():
                odors = np.delete(odors, rows.argmax())
            else:
                receptors = np.delete(receptors, columns.argmax())
    if not odors.size or not receptors.size:
        raise ValueError(f"panel must hold a complete block, got none in {panel.shape}")
    block = panel.isel(odor=odors, receptor=receptors)
    dropped = {
        "n_missing": 0,
        "n_dropped_odors": known.shape[0] - odors.size,
        "n_dropped_receptors": known.shape[1] - receptors.size,
    }
    return block.assign_attrs(dropped)


def _matrix(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Receptors, odors and responses of a table as R writes it: no name above the row names."""
    header, *rows = _rows(path)
    names = [name for name in header if name]
    if not rows or any(len(row) != len(names) + 1 for row in rows):
        lengths = sorted({len(row) for row in rows})
        raise ValueError(
            f"{path.name} must have {len(names) + 1} cells in each row, a name and a number for "
            f"each column, got {lengths}"
        )
    odors = [row[0] for row in rows]
    for kind, labels in (("receptor", names), ("odor", odors)):
        if len(set(labels)) < len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            raise ValueError(f"{path.name} must name each {kind} once, got {twice!r} twice")
    values = [[_number(path, cell) for cell in row[1:]] for row in rows]
    return names, odors, np.array(values)


def _glomeruli(path: Path) -> dict[str, str]:
    """Glomerulus of each receptor that has exactly one."""
    header, *rows = _rows(path)
    shift = len(rows[0]) - len(header) if rows else 0  # R leaves out the name of the row names
    try:
        receptor, glomerulus = (header.index(name) + shift for name in ("receptor", "glomerulus"))
    except ValueError:
        raise ValueError(
            f"{path.name} must have columns receptor and glomerulus, got {', '.join(header)}"
        ) from None
    found = {row[receptor]: row[glomerulus] for row in rows if len(row) > max(receptor, glomerulus)}
    return {name: place for name, place in found.items() if place.isalnum()}


def _rows(path: Path) -> list[list[str]]:
    """Cells of a table, whichever separator its header has."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        header = file.readline()
        marks = [mark for mark in (",", ";", "\t") if mark in header]
        if len(marks) != 1:
            raise ValueError(
                f"{path.name} must have one kind of separator in its header, got {len(marks)}"
            )
        file.seek(0)
        return [row for row in csv.reader(file, delimiter=marks[0]) if row]


def _number(path: Path, cell: str) -> float:
    if cell in ("NA", ""):
        return np.nan
    try:
        number = float(cell)
    except ValueError:
        number = np.inf
    if not np.isfinite(number):
        raise ValueError(f"{path.name} must hold numbers or NA, got {cell!r}")
    return number
