"""The DoOR database: responses merged from many studies, most of them missing.

Missing entries are NaN, and everything that computes with rates refuses NaN; ``complete`` selects a
block without missing entries.
"""

import csv
import os
from pathlib import Path

import numpy as np
import xarray as xr

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.receptors.glomerulus_names import current_names
from olfnet.receptors.tables import distinct, lines_of, number, separator_of

_SPONTANEOUS = "SFR"  # row of spontaneous firing


def load_door(
    responses: str | os.PathLike[str], mappings: str | os.PathLike[str] | None = None
) -> xr.DataArray:
    """Load DoOR's response matrix (Muench & Galizia 2016, 10.1038/srep21841).

    Parameters
    ----------
    responses : path
        ``door_response_matrix.csv`` (or ``response.matrix.csv``) of the package DoOR.data: odors in
        rows, receptors and sensory neurons in columns, ``NA`` for missing entries.
    mappings : path, optional
        ``door_mappings.csv`` (or ``DoOR.mappings.csv``) of the same package, for the glomeruli.

    Returns
    -------
    xarray.DataArray of shape (n_odors, n_receptors)
        Responses without unit, relative to the strongest of each receptor; missing ones are NaN,
        and ``attrs["n_missing"]`` is their number. Coordinates along ``receptor``: ``spontaneous``,
        the response without odor (NaN if unknown), and ``glomerulus`` by its current name (empty if
        unknown or more than one; ``attrs["dropped"]`` lists these, a line each).

    Raises
    ------
    ValueError
        If the table has no ``SFR`` row or no odor, rows of different length, a name twice, an entry
        that is neither a number nor NA, or responses outside [-1, 1]; if the mappings give a
        receptor different glomeruli in two rows.
    """
    names, odors, values = _matrix(Path(responses))
    if _SPONTANEOUS not in odors or len(odors) < 2:
        raise ValueError(
            f"table '{responses}' must have a row {_SPONTANEOUS} and at least one odor, "
            f"got {', '.join(odors[:3])}"
        )
    row = odors.index(_SPONTANEOUS)
    table = np.delete(values, row, axis=0)
    given = _glomeruli(Path(mappings)) if mappings is not None else {}
    glomeruli = {name: glomerulus for name, glomerulus in given.items() if glomerulus.isalnum()}
    dropped = [name for name in names if name in given and name not in glomeruli]
    return xr.DataArray(
        table,
        dims=("odor", "receptor"),
        coords={
            "odor": [odor for odor in odors if odor != _SPONTANEOUS],
            "receptor": names,
            "spontaneous": ("receptor", values[row]),
            "glomerulus": ("receptor", [glomeruli.get(name, "") for name in names]),
        },
        name="response",
        attrs={
            "units": "1",
            "quantity": "response, merged over studies, relative to the receptor's strongest",
            "source": "DoOR, Muench & Galizia 2016, Sci. Rep. 6:21841",
            "doi": "10.1038/srep21841",
            "license": "CC BY-SA 4.0 (DoOR.data 2.0); cite the article",
            "n_missing": int(np.isnan(table).sum()),
            "dropped": "\n".join(f"glomerulus of {name}: {given[name]!r}" for name in dropped),
        },
    )


def complete(panel: xr.DataArray, *, n_receptors: int | None = None) -> xr.DataArray:
    """Select a block of a panel without missing responses.

    Parameters
    ----------
    panel : DataArray of shape (n_odors, n_receptors)
        Responses, NaN where missing.
    n_receptors : int, optional
        Keep that many receptors, those with the fewest missing entries, and the odors measured at
        all of them. Without it the odor or receptor with the largest missing fraction is left out
        until nothing is missing, which gives a large block, but not always the largest one.

    Returns
    -------
    DataArray
        ``attrs`` holds the numbers of dropped odors and receptors.

    Raises
    ------
    ValueError
        If the panel has other dimensions, or nothing is left.

    Examples
    --------
    >>> panel = xr.DataArray([[1.0, np.nan], [2.0, 3.0]], dims=("odor", "receptor"))
    >>> complete(panel).shape
    (1, 2)
    """
    dims = getattr(panel, "dims", None)
    if dims is None or set(dims) != {"odor", "receptor"}:
        raise ValueError(f"panel must be labeled by odor and receptor, got dimensions {dims}")
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


def _matrix(path: Path) -> tuple[list[str], list[str], FloatArray]:
    """Read receptors, odors and responses of a table as R writes it: no name above row names."""
    header, *rows = _rows(path)
    place = f"table '{path}'"
    names = distinct("receptor", ((place, name) for name in header if name))
    if any(len(row) != len(names) + 1 for row in rows):
        lengths = sorted({len(row) for row in rows})
        raise ValueError(
            f"{place} must have {len(names) + 1} cells in each row, a name and a number for each "
            f"column, got {lengths}"
        )
    odors = distinct("odor", ((place, row[0]) for row in rows))
    values = np.array([[number(f"{place}, {row[0]},", cell) for cell in row[1:]] for row in rows])
    beyond = values[np.abs(values) > 1]
    if beyond.size:
        raise ValueError(
            f"{place} must hold responses relative to the receptor's strongest, from -1 to 1, got "
            f"{beyond[0]:g} (for rates in spikes/s see load_panel)"
        )
    return names, odors, values


def _glomeruli(path: Path) -> dict[str, str]:
    """Read the glomerulus or glomeruli of each receptor, by current names."""
    header, *rows = _rows(path)
    shift = len(rows[0]) - len(header) if rows else 0  # R leaves out the name of the row names
    try:
        receptor, glomerulus = (header.index(name) + shift for name in ("receptor", "glomerulus"))
    except ValueError:
        raise ValueError(
            f"{path.name} must have columns receptor and glomerulus, got {', '.join(header)}"
        ) from None
    current, glomeruli = current_names(), dict[str, str]()
    for row in rows:
        if len(row) <= max(receptor, glomerulus):
            raise ValueError(f"{path.name} must have a glomerulus in each row, got {row}")
        name, place = row[receptor], current.get(row[glomerulus], row[glomerulus])
        if glomeruli.setdefault(name, place) != place and name:
            raise ValueError(
                f"{path.name} must give {name} the same glomeruli in each row, got "
                f"{glomeruli[name]!r} and {place!r}"
            )
    return glomeruli


def _rows(path: Path) -> list[list[str]]:
    """Read the cells of a table with any of the separators."""
    lines = lines_of(path)
    reader = csv.reader(lines, delimiter=separator_of(path, lines[0]))
    return [[cell.strip() for cell in row] for row in reader if row]
