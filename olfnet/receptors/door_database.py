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
from olfnet.checks import FloatArray
from olfnet.receptors.glomerulus_names import current_names
from olfnet.receptors.tables import distinct, lines_of, number, separator_of

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
        not known, or not one only; ``attrs["dropped"]`` lists these, a line each), by the names of
        :func:`olfnet.receptors.glomerulus_names.current_names`.

    Raises
    ------
    ValueError
        If the table has no ``SFR`` row or no odor, rows of different length, a name twice, what is
        neither a number nor NA, or responses beyond -1 to 1, which are in another unit; if the
        mappings give a receptor two glomeruli in different rows.
    """
    names, odors, values = _matrix(Path(responses))
    if _SPONTANEOUS not in odors or len(odors) < 2:
        raise ValueError(
            f"table '{responses}' must have a row {_SPONTANEOUS} and at least one odor, "
            f"got {', '.join(odors[:3])}"
        )
    at = odors.index(_SPONTANEOUS)
    table = np.delete(values, at, axis=0)
    places = _glomeruli(Path(mappings)) if mappings is not None else {}
    glomeruli = {name: place for name, place in places.items() if place.isalnum()}
    unplaced = [name for name in names if name in places and name not in glomeruli]
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
            "license": "CC BY-SA 4.0 (DoOR.data 2.0); cite the article",
            "n_missing": int(np.isnan(table).sum()),
            "dropped": "\n".join(f"glomerulus of {one}: {places[one]!r}" for one in unplaced),
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
        If the panel is not labeled so, or nothing is left.

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
    """Receptors, odors and responses of a table as R writes it: no name above the row names."""
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
    beyond = values[np.abs(values) > 1]  # what is missing is not beyond
    if beyond.size:
        raise ValueError(
            f"{place} must hold responses relative to the receptor's strongest, from -1 to 1, got "
            f"{beyond[0]:g} (for rates in spikes/s see load_panel)"
        )
    return names, odors, values


def _glomeruli(path: Path) -> dict[str, str]:
    """Glomerulus or glomeruli of each receptor, by the names of this package."""
    header, *rows = _rows(path)
    shift = len(rows[0]) - len(header) if rows else 0  # R leaves out the name of the row names
    try:
        receptor, glomerulus = (header.index(name) + shift for name in ("receptor", "glomerulus"))
    except ValueError:
        raise ValueError(
            f"{path.name} must have columns receptor and glomerulus, got {', '.join(header)}"
        ) from None
    today, found = current_names(), dict[str, str]()
    for row in rows:
        if len(row) <= max(receptor, glomerulus):
            raise ValueError(f"{path.name} must have a glomerulus in each row, got {row}")
        name, place = row[receptor], today.get(row[glomerulus], row[glomerulus])
        if found.setdefault(name, place) != place and name:
            raise ValueError(
                f"{path.name} must give {name} the same glomeruli in each row, got "
                f"{found[name]!r} and {place!r}"
            )
    return found


def _rows(path: Path) -> list[list[str]]:
    """Cells of a table, whichever separator its header has."""
    lines = lines_of(path)
    reader = csv.reader(lines, delimiter=separator_of(path, lines[0]))
    return [[cell.strip() for cell in row] for row in reader if row]
