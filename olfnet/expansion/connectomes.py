"""Measured wiring: a connectome in the box, and those that users download themselves.

A connectome is a labelled table of synapse counts, units by inputs, whose ``attrs`` say where it is
from, under which licence, and what was dropped on the way.  ``weights`` turns it into those of a
``Circuit``, and ``olfnet.expansion.nulls`` into null models.
"""

import csv
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.sparse import csr_array

from olfnet import checks
from olfnet.receptors.panels import data_folder

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


def load_connectome(source: str | os.PathLike[str]) -> xr.DataArray:
    """Load a connectome: how many synapses each unit gets from each input.

    Parameters
    ----------
    source : str or path-like
        ``"eichler_2017_left"`` or ``"eichler_2017_right"`` (the larval mushroom body, projection
        neurons onto Kenyon cells), or the path of a matrix of your own: text with commas,
        semicolons or tabs, unit names in the first column, one column for each input.

    Returns
    -------
    xarray.DataArray of shape (n_units, n_inputs)
        Dimensions ``unit`` and ``input``, whole numbers of synapses.

    Raises
    ------
    ValueError
        If there is no such name, or a count is missing, negative or no whole number.

    Examples
    --------
    >>> left = load_connectome("eichler_2017_left")
    >>> left.shape, int(left.sum())
    ((101, 58), 2404)
    """
    if isinstance(source, str) and source in PACKAGED:
        return labelled(read_text(data_folder() / f"{source}.csv", index=True), PACKAGED[source])
    if isinstance(source, str) and not re.search(r"[/\\.]", source):
        raise ValueError(
            f"source must be {', '.join(PACKAGED)} or the path of a table, got {source!r}"
        )
    return labelled(read_text(source, index=True), {"source": Path(source).name})


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

    Examples
    --------
    >>> left = load_connectome("eichler_2017_left")
    >>> claws = weights(left).sum(axis=1)
    >>> round(float(claws.mean()), 2), int((claws == 0).sum())
    (4.33, 18)
    """
    threshold = checks.count("threshold", threshold)
    if connectome.dims != ("unit", "input"):
        raise ValueError(f"connectome must be (unit, input), got dimensions {connectome.dims}")
    synapses = checks.matrix("connectome", connectome.values, nonnegative=True)
    strong = np.where(synapses >= threshold, synapses, 0.0)
    return csr_array(strong if counted else (strong > 0).astype(float))


@cache
def glomerulus_names(naming: str = "any") -> dict[str, str]:
    """Names of glomeruli that are written in different ways, from ``data/glomerulus_names.csv``.

    Parameters
    ----------
    naming : str
        ``"any"`` for names that always mean the same; ``"hemibrain_v1"`` for those of the first
        versions of the hemibrain, too, some of which mean another glomerulus today.

    Returns
    -------
    dict
        From the name as written to that of this package; what is not in it stays as it is.

    Examples
    --------
    >>> glomerulus_names("hemibrain_v1")["VC5"], glomerulus_names()["VA1lm"]
    ('VM6', 'VA1v')
    """
    with (data_folder() / "glomerulus_names.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known = {row["naming"] for row in rows}
    checks.one_of("naming", naming, known=sorted(known))
    return {row["written"]: row["glomerulus"] for row in rows if row["naming"] in ("any", naming)}


def read_text(path: str | os.PathLike[str], *, index: bool = False) -> pd.DataFrame:
    """Read a text table whose header tells its one separator."""
    with Path(path).open(encoding="utf-8-sig") as file:
        header = file.readline()
    found = [mark for mark in (",", ";", "\t") if mark in header]
    if len(found) != 1:
        raise ValueError(
            f"{Path(path).name} must have one kind of separator in its header (comma, semicolon "
            f"or tab), got {len(found)}"
        )
    try:
        table = pd.read_csv(
            path, sep=found[0], index_col=0 if index else False, encoding="utf-8-sig"
        )
    except pd.errors.ParserError as error:
        raise ValueError(
            f"{Path(path).name} must have equally many cells in each row: {error}"
        ) from None
    return table


def counts_of(name: str, column: "pd.Series[Any]") -> "pd.Series[int]":
    """Whole numbers of synapses.

    Raises
    ------
    ValueError
        If one is missing, negative or no whole number.
    """
    numbers = pd.to_numeric(column, errors="coerce")
    bad = ~((numbers >= 0) & (numbers == np.floor(numbers)))
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        value, row = column.tolist()[place], column.index[place]
        raise ValueError(
            f"{name} must be whole numbers of synapses, at least 0, got {value!r} in row {row}"
        )
    return numbers.astype(np.int64)


def labelled(table: pd.DataFrame, attrs: dict[str, Any]) -> xr.DataArray:
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
