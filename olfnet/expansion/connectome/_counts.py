"""Synapse counts: whole numbers, labeled by units and inputs."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr


def counts_of(name: str, column: "pd.Series[Any]") -> "pd.Series[int]":
    """Return a column as integers, if none is missing, negative or above 2**53."""
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    bad = ~((numbers >= 0) & (numbers <= 2.0**53) & (numbers == np.floor(numbers)))
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        value, row = column.tolist()[position], column.index[position]
        raise ValueError(
            f"{name} must be whole numbers of synapses, at least 0, got {value!r} in row {row}"
        )
    return numbers.astype(np.int64)


def labeled(table: pd.DataFrame, attrs: dict[str, Any]) -> xr.DataArray:
    """Return a validated table of counts as a connectome."""
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
