"""Measured wiring: a connectome in the box, and those that users download themselves.

A connectome is a labeled table of synapse counts, units by inputs, whose ``attrs`` say where it is
from, under which licence, and what was dropped on the way.  ``weights`` turns it into those of a
``Circuit``, and ``null_models`` into null models.
"""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.sparse import csr_array

from olfnet import checks
from olfnet.receptors.tables import UNKNOWN_LICENSE, data_folder, distinct, rows_of

# A connectome is data/NAME.csv, an entry in data/README.md, and a line here.
_EICHLER = {
    "source": "Eichler et al. 2017, Nature 548:175-182",
    "doi": "10.1038/nature23455",
    "license": "MIT (as part of graspologic); cite the article",
    "animal": "first-instar larva of Drosophila melanogaster",
}
PACKAGED = {
    "eichler_2017_left": _EICHLER | {"hemisphere": "left"},
    "eichler_2017_right": _EICHLER | {"hemisphere": "right"},
}


def load_connectome(source: str | os.PathLike[str], *, license: str | None = None) -> xr.DataArray:
    """Load a connectome: how many synapses each unit gets from each input.

    Parameters
    ----------
    source : str or path-like
        ``"eichler_2017_left"`` or ``"eichler_2017_right"`` (the larval mushroom body, projection
        neurons onto Kenyon cells), or the path of a matrix of your own: text with commas,
        semicolons or tabs, unit names in the first column, one column for each input.
    license : str, optional
        That of your own matrix; travels with it.

    Returns
    -------
    xarray.DataArray of shape (n_units, n_inputs)
        Dimensions ``unit`` and ``input``, whole numbers of synapses.  ``attrs`` says units, source
        and license.

    Raises
    ------
    ValueError
        If there is no such name or file, a row is longer or shorter than the first, a name is
        missing or stands twice, or a count is missing, negative or no whole number.

    Examples
    --------
    >>> left = load_connectome("eichler_2017_left")
    >>> left.shape, int(left.sum())
    ((101, 58), 2404)
    """
    if isinstance(source, str) and source in PACKAGED:
        if license is not None:
            raise ValueError(f"license must not be given for what is in the box, got {license!r}")
        return labeled(_matrix(data_folder() / f"{source}.csv"), PACKAGED[source])
    if not isinstance(source, os.PathLike) and not re.search(r"[/\\.]", str(source)):
        raise ValueError(
            f"source must be {', '.join(PACKAGED)} or the path of a table, got {source!r}"
        )
    attrs = {"source": Path(source).name, "license": license or UNKNOWN_LICENSE}
    return labeled(_matrix(source), attrs)


def weights(connectome: xr.DataArray, *, threshold: int = 1, counted: bool = False) -> csr_array:
    """Weights of a circuit with this wiring.

    Parameters
    ----------
    connectome : DataArray of shape (n_units, n_inputs)
        Synapse counts.
    threshold : int
        Fewest synapses that count as a connection.
    counted : bool
        Weigh connections by their synapses; otherwise all weigh 1.

    Returns
    -------
    csr_array, shape (n_units, n_inputs)

    Raises
    ------
    ValueError
        If ``connectome`` is not labeled so, is in another unit, or has missing or negative counts.

    Examples
    --------
    >>> left = load_connectome("eichler_2017_left")
    >>> claws = weights(left).sum(axis=1)
    >>> round(float(claws.mean()), 2), int((claws == 0).sum())
    (4.33, 18)
    """
    threshold = checks.count("threshold", threshold)
    dims = getattr(connectome, "dims", None)
    if dims != ("unit", "input"):
        raise ValueError(f"connectome must be (unit, input), got dimensions {dims}")
    if connectome.attrs.get("units", "synapses") != "synapses":
        raise ValueError(f"connectome must be in synapses, got {connectome.attrs['units']!r}")
    synapses = checks.matrix("connectome", connectome.values, nonnegative=True)
    strong = np.where(synapses >= threshold, synapses, 0.0)
    return csr_array(strong if counted else (strong > 0).astype(float))


def _matrix(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a matrix of counts, as text yet, with units in rows."""
    header, *rows = rows_of(path)
    if not rows:
        raise ValueError(f"{header.place} must be followed by at least one unit")
    inputs = distinct("input", ((header.place, name) for name in header.cells[1:]))
    units = distinct("unit", ((row.place, row.cells[0]) for row in rows))
    return pd.DataFrame([row.cells[1:] for row in rows], units, inputs)


def counts_of(name: str, column: "pd.Series[Any]") -> "pd.Series[int]":
    """Whole numbers of synapses.

    Raises
    ------
    ValueError
        If one is missing, negative, no whole number, or beyond 2**53.
    """
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    bad = ~((numbers >= 0) & (numbers <= 2.0**53) & (numbers == np.floor(numbers)))
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        value, row = column.tolist()[place], column.index[place]
        raise ValueError(
            f"{name} must be whole numbers of synapses, at least 0, got {value!r} in row {row}"
        )
    return numbers.astype(np.int64)


def labeled(table: pd.DataFrame, attrs: dict[str, Any]) -> xr.DataArray:
    """Check counts and label them.

    Raises
    ------
    ValueError
        If names of units or inputs are not different, or counts are no counts.
    """
    for name, labels in (("units", table.index), ("inputs", table.columns)):
        if labels.duplicated().any():
            raise ValueError(
                f"{name} must have different names, got {labels[labels.duplicated()][0]} twice"
            )
    if table.empty:
        raise ValueError(f"a connectome must have a unit and an input, got shape {table.shape}")
    counts = np.column_stack([counts_of(str(name), table[name]) for name in table])
    return xr.DataArray(
        counts,
        dims=("unit", "input"),
        coords={
            "unit": table.index.map(str).to_numpy(),
            "input": table.columns.map(str).to_numpy(),
        },
        name="synapses",
        attrs={"units": "synapses", **attrs},
    )
