"""Measured odor panels, by name or from a table of your own."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from olfnet.receptors.tables import UNKNOWN_LICENSE, Table, data_folder, read_table

_CHANGE, _ABSOLUTE = "change of rate", "absolute rate"
_AS_GIVEN = "rate as given in the table"


@dataclass(frozen=True)
class _Origin:
    """Where a packaged table comes from."""

    source: str
    doi: str
    license: str


# A panel is data/NAME.csv, data/NAME_receptors.csv, an entry in data/README.md, and a line here.
_ORIGINS = {
    "hallem_carlson_2006": _Origin(
        source="Hallem & Carlson 2006, Cell 125:143-160",
        doi="10.1016/j.cell.2006.01.050",
        license="facts of measurement; cite the article",
    )
}


def load_panel(
    source: str | os.PathLike[str], *, units: str | None = None, license: str | None = None
) -> xr.DataArray:
    """Load a measured odor panel: how strongly each odor drives each receptor.

    Parameters
    ----------
    source : str or path-like
        The name of a packaged panel (``"hallem_carlson_2006"``), or the path of a table of your
        own: text with commas, semicolons or tabs, either wide (odor names in the first column, one
        column per receptor) or tidy (columns ``odor``, ``receptor`` and one of numbers). A string
        is a path if it holds a separator, ends in .csv, .tsv or .txt, or names an existing file.
    units : str, optional
        Unit of your own table, spikes/s without it; the antennal lobe's transforms refuse others.
    license : str, optional
        That of your own table; travels with it.

    Returns
    -------
    xarray.DataArray of shape (n_odors, n_receptors)
        Dimensions ``odor`` and ``receptor``, as published: a packaged panel, in spikes/s, holds
        changes from the spontaneous rate, with the coordinates ``glomerulus`` and
        ``spontaneous_rate`` along ``receptor``. Entries missing from your own table are NaN and
        counted in ``attrs["n_missing"]``; everything that computes with rates refuses them.
        ``attrs`` also says units, quantity, source and license.

    Raises
    ------
    ValueError
        If the name is unknown, or the table cannot be read as finite numbers with distinct names.

    See Also
    --------
    absolute_rates : firing rates instead of changes.

    Examples
    --------
    >>> panel = load_panel("hallem_carlson_2006")
    >>> panel.sizes["odor"], panel.sizes["receptor"]
    (110, 24)
    >>> float(panel.sel(odor="geranyl acetate", receptor="Or82a"))
    241.0
    """
    if isinstance(source, str) and source in _ORIGINS:
        if units is not None or license is not None:
            raise ValueError(f"units and license must not be given for the packaged {source!r}")
        return _packaged(source)
    if not _is_path(source):
        raise ValueError(
            f"source must be a known panel ({', '.join(_ORIGINS)}) or the path of a table, "
            f"got {source!r}"
        )
    attrs = {
        "units": units or "spikes/s",
        "quantity": _AS_GIVEN if units in (None, "spikes/s", "Hz") else "response",
        "source": str(source),
        "license": license or UNKNOWN_LICENSE,
    }
    return _label(read_table(source), attrs)


def absolute_rates(panel: xr.DataArray) -> xr.DataArray:
    """Turn changes of rate into firing rates: add the spontaneous rate, and clip at zero.

    Parameters
    ----------
    panel : xarray.DataArray of shape (n_odors, n_receptors)
        Changes from the spontaneous rate, in spikes/s, with the coordinate ``spontaneous_rate``
        along ``receptor``. To your own table add it by
        ``assign_coords(spontaneous_rate=("receptor", rates))``.

    Returns
    -------
    xarray.DataArray of shape (n_odors, n_receptors)
        Firing rates in spikes/s, with the same labels. An inhibition that was measured as stronger
        than the spontaneous rate gives 0. Missing entries stay missing.

    Raises
    ------
    ValueError
        If there is no spontaneous rate, or ``panel`` is not one of changes.

    Examples
    --------
    >>> rates = absolute_rates(load_panel("hallem_carlson_2006"))
    >>> round(float(rates.mean()), 2)
    40.67
    """
    if not isinstance(panel, xr.DataArray):
        raise ValueError(f"panel must be a labeled xarray.DataArray, got {type(panel).__name__}")
    if "spontaneous_rate" not in panel.coords:
        raise ValueError(
            "panel must have the coordinate 'spontaneous_rate' along 'receptor', got none"
        )
    quantity = panel.attrs.get("quantity", _CHANGE)
    if quantity not in (_CHANGE, _AS_GIVEN):
        raise ValueError(f"panel must hold changes from the spontaneous rate, got '{quantity}'")
    rates: xr.DataArray = (panel + panel["spontaneous_rate"]).clip(min=0)
    return rates.transpose(*panel.dims).assign_attrs(panel.attrs | {"quantity": _ABSOLUTE})


def _is_path(source: str | os.PathLike[str]) -> bool:
    if isinstance(source, os.PathLike):
        return True
    if not isinstance(source, str):
        return False
    has_folder = any(mark in source for mark in "/\\")
    return has_folder or source.lower().endswith((".csv", ".tsv", ".txt")) or Path(source).is_file()


def _packaged(name: str) -> xr.DataArray:
    table = read_table(data_folder() / f"{name}.csv")
    with (data_folder() / f"{name}_receptors.csv").open(newline="", encoding="utf-8") as file:
        described = {row["receptor"]: row for row in csv.DictReader(file)}
    rows = [described[receptor] for receptor in table.receptors]
    attrs = {"units": "spikes/s", "quantity": _CHANGE} | vars(_ORIGINS[name])
    return _label(table, attrs).assign_coords(
        glomerulus=("receptor", [row["glomerulus"] for row in rows]),
        spontaneous_rate=("receptor", [float(row["spontaneous_rate"]) for row in rows]),
    )


def _label(table: Table, attrs: dict[str, str]) -> xr.DataArray:
    return xr.DataArray(
        table.values,
        dims=("odor", "receptor"),
        coords={"odor": table.odors, "receptor": table.receptors},
        name="rate",
        attrs=attrs | {"n_missing": int(np.isnan(table.values).sum())},
    )
