"""Connectomes as matrices, bundled ones and those of users, and their weights.

A connectome is a labeled table of synapse counts, units by inputs, with source, license and what
was dropped in its ``attrs``.  ``weights`` turns it into the weights of a ``Circuit``.
"""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.sparse import csr_array

from olfnet import checks
from olfnet.expansion.connectome._counts import labeled
from olfnet.receptors.tables import UNKNOWN_LICENSE, data_folder, distinct, rows_of

# A connectome is data/NAME.csv, an entry in data/README.md, and a line here.
_EICHLER = {
    "source": "Eichler et al. 2017, Nature 548:175-182",
    "doi": "10.1038/nature23455",
    "license": "MIT (as part of graspologic); cite the article",
    "animal": "first-instar larva of Drosophila melanogaster",
}
_PACKAGED = {
    "eichler_2017_left": _EICHLER | {"hemisphere": "left"},
    "eichler_2017_right": _EICHLER | {"hemisphere": "right"},
}


def load_connectome(source: str | os.PathLike[str], *, license: str | None = None) -> xr.DataArray:
    """Load a connectome: the number of synapses from each input to each unit.

    Parameters
    ----------
    source : str or path-like
        ``"eichler_2017_left"`` or ``"eichler_2017_right"`` (the larval mushroom body, projection
        neurons onto Kenyon cells), or the path of a matrix of your own: text with commas,
        semicolons or tabs, unit names in the first column, one column for each input.
    license : str, optional
        That of your own matrix.

    Returns
    -------
    xarray.DataArray of shape (n_units, n_inputs)
        Numbers of synapses, with dimensions ``unit`` and ``input``.  ``attrs`` holds units, source
        and license.

    Raises
    ------
    ValueError
        If there is no such name or file, rows differ in length, a name is missing or occurs twice,
        or a count is missing, negative or no integer.

    Examples
    --------
    >>> left = load_connectome("eichler_2017_left")
    >>> left.shape, int(left.sum())
    ((101, 58), 2404)
    """
    if isinstance(source, str) and source in _PACKAGED:
        if license is not None:
            raise ValueError(f"license must not be given for a bundled connectome, got {license!r}")
        return labeled(_matrix(data_folder() / f"{source}.csv"), _PACKAGED[source])
    if not isinstance(source, os.PathLike) and not re.search(r"[/\\.]", str(source)):
        raise ValueError(
            f"source must be {', '.join(_PACKAGED)} or the path of a table, got {source!r}"
        )
    attrs = {"source": Path(source).name, "license": license or UNKNOWN_LICENSE}
    return labeled(_matrix(source), attrs)


def weights(connectome: xr.DataArray, *, threshold: int = 1, counted: bool = False) -> csr_array:
    """Return the weights of a circuit with this wiring.

    Parameters
    ----------
    connectome : DataArray of shape (n_units, n_inputs)
        Synapse counts.
    threshold : int
        Fewest synapses that count as a connection.
    counted : bool
        Weights are numbers of synapses; otherwise all are 1.

    Returns
    -------
    csr_array, shape (n_units, n_inputs)

    Raises
    ------
    ValueError
        If ``connectome`` has other dimensions or units, or missing or negative counts.

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
    """Read a matrix of counts, still as text, with units in rows."""
    header, *rows = rows_of(path)
    if not rows:
        raise ValueError(f"{header.place} must be followed by at least one unit")
    inputs = distinct("input", ((header.place, name) for name in header.cells[1:]))
    units = distinct("unit", ((row.place, row.cells[0]) for row in rows))
    return pd.DataFrame([row.cells[1:] for row in rows], units, inputs)
