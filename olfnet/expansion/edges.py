"""Connectomes from edge lists, as neuPrint, the hemibrain and FlyWire give them."""

import os
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from olfnet import checks
from olfnet.expansion.connectomes import counts_of, glomerulus_names, labelled, read_text


@dataclass(frozen=True)
class Columns:
    """Names of the columns of an edge list, and of the table that tells what each neuron is.

    Parameters
    ----------
    pre, post, synapses : str
        In the edge list; several rows of the same pair (one for each neuropil) are added up.
    neuron, type : str
        In the table of neurons.
    """

    pre: str
    post: str
    synapses: str
    neuron: str
    type: str


NEUPRINT = Columns("bodyId_pre", "bodyId_post", "weight", "bodyId", "type")
FLYWIRE = Columns("pre_root_id", "post_root_id", "syn_count", "root_id", "cell_type")


def read_connectome(
    edges: str | os.PathLike[str] | pd.DataFrame,
    neurons: str | os.PathLike[str] | pd.DataFrame,
    *,
    units: str,
    inputs: str,
    columns: Columns = NEUPRINT,
    threshold: int = 1,
    naming: str = "any",
    source: str = "",
    license: str = "",
) -> xr.DataArray:
    """Read a connectome from an edge list, as neuPrint, hemibrain and FlyWire give it.

    Parameters
    ----------
    edges : path or DataFrame
        One row for each pair of neurons, or for each pair and neuropil.
    neurons : path or DataFrame
        One row for each neuron, with its type.
    units : str
        Regular expression for the types of the units, such as ``"KC.*"``.
    inputs : str
        Regular expression for the types of the inputs.  If it has a group ``glomerulus``, such as
        ``"(?P<glomerulus>.+)_.*PN"``, the inputs of a glomerulus are added up, under its name;
        otherwise each neuron is an input.
    columns : Columns
        ``NEUPRINT``, ``FLYWIRE``, or your own.
    threshold : int
        Fewest synapses with which a pair of neurons counts as connected.
    naming : str
        Which names glomeruli have, ``"any"`` or ``"hemibrain_v1"``; see
        :func:`glomerulus_names`.
    source, license : str
        Travel with the connectome.

    Returns
    -------
    xarray.DataArray of shape (n_units, n_inputs)
        As :func:`load_connectome`; ``attrs["dropped"]`` lists what was left out, a line each.
        Units and inputs without a connection are kept.

    Raises
    ------
    ValueError
        If a column is missing, a neuron has two types, a count is negative or no whole number, or
        no neuron is a unit or an input.
    """
    threshold = checks.count("threshold", threshold)
    pairs, cells = _frame(edges), _frame(neurons)
    _require_columns("edges", pairs, (columns.pre, columns.post, columns.synapses))
    _require_columns("neurons", cells, (columns.neuron, columns.type))
    if cells[columns.neuron].duplicated().any():
        twice = cells[columns.neuron][cells[columns.neuron].duplicated()].iloc[0]
        raise ValueError(f"neurons must name each neuron once, got {twice} twice")
    types = cells.set_index(columns.neuron)[columns.type].dropna().astype(str)
    unit_names = {neuron: str(neuron) for neuron in types[_matches("units", types, units)].index}
    input_names = _input_names(types[_matches("inputs", types, inputs)], inputs, naming)
    counts = counts_of(columns.synapses, pairs[columns.synapses])
    dropped: list[str] = []
    ours = pairs[columns.pre].isin(input_names) & pairs[columns.post].isin(unit_names)
    _note(dropped, counts[~ours], "rows between neurons that are not an input and a unit")
    summed = counts[ours].groupby([pairs[columns.pre], pairs[columns.post]]).sum()
    weak = (summed > 0) & (summed < threshold)
    _note(dropped, summed[weak], f"pairs with fewer than {threshold} synapses")
    kept = summed[(summed > 0) & ~weak]
    names = list(dict.fromkeys(input_names.values()))
    table = pd.DataFrame(0, index=list(unit_names.values()), columns=names, dtype=np.int64)
    places = (
        table.index.get_indexer([unit_names[post] for post in kept.index.get_level_values(1)]),
        table.columns.get_indexer([input_names[pre] for pre in kept.index.get_level_values(0)]),
    )
    values = table.to_numpy(copy=True)
    np.add.at(values, places, kept.to_numpy())
    attrs = {"source": source, "license": license, "dropped": "\n".join(dropped)}
    return labelled(pd.DataFrame(values, table.index, names), attrs | {"threshold": threshold})


def _input_names(types: "pd.Series[str]", pattern: str, naming: str) -> dict[Any, str]:
    """Name of the input that each neuron belongs to."""
    if "glomerulus" not in re.compile(pattern).groupindex:
        return {neuron: str(neuron) for neuron in types.index}
    renamed = glomerulus_names(naming)
    found = {neuron: re.fullmatch(pattern, kind)["glomerulus"] for neuron, kind in types.items()}  # type: ignore[index]
    return {neuron: renamed.get(name, name) for neuron, name in found.items()}


def _matches(name: str, types: "pd.Series[str]", pattern: str) -> "pd.Series[bool]":
    try:
        chosen = types.str.fullmatch(pattern)
    except re.error as error:
        raise ValueError(f"{name} must be a regular expression, got {pattern!r}: {error}") from None
    if not chosen.any():
        some = ", ".join(types.unique()[:5])
        raise ValueError(f"{name} must match a type of neuron, got {pattern!r} among {some}, ...")
    return chosen


def _frame(table: str | os.PathLike[str] | pd.DataFrame) -> pd.DataFrame:
    return table if isinstance(table, pd.DataFrame) else read_text(table)


def _require_columns(name: str, table: pd.DataFrame, wanted: tuple[str, ...]) -> None:
    for column in wanted:
        if column not in table:
            raise ValueError(
                f"{name} must have a column {column}, got {', '.join(map(str, table.columns))}"
            )


def _note(dropped: list[str], what: "pd.Series[int]", words: str) -> None:
    if len(what):
        dropped.append(f"{len(what)} {words}, {int(what.sum())} synapses")
