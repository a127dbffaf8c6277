"""Connectomes from edge lists, as neuPrint, the hemibrain and FlyWire give them."""

import csv
import gzip
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from olfnet import checks
from olfnet.expansion.connectome._counts import counts_of, labeled
from olfnet.receptors.glomerulus_names import current_names
from olfnet.receptors.tables import UNKNOWN_LICENSE, separator_of


@dataclass(frozen=True)
class Columns:
    """Column names of an edge list and of its table of neuron types.

    Parameters
    ----------
    pre, post, synapses : str
        In the edge list; rows of the same pair (one for each neuropil) are added.
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
    license: str = UNKNOWN_LICENSE,
) -> xr.DataArray:
    """Read a connectome from an edge list, as of neuPrint, the hemibrain or FlyWire.

    Parameters
    ----------
    edges : path or DataFrame
        One row for each pair of neurons, or for each pair and neuropil.  Files are text with
        commas, semicolons or tabs, or gzip files of such text.  Neurons are integers or text.
    neurons : path or DataFrame
        One row for each neuron, with its type.
    units : str
        Regular expression for the types of the units, such as ``"KC.*"``.
    inputs : str
        Regular expression for the types of the inputs.  If it has a group ``glomerulus``, such as
        ``"(?P<glomerulus>.+)_.*PN"``, neurons of the same glomerulus are added to one input;
        otherwise each neuron is an input.
    columns : Columns
        ``NEUPRINT``, ``FLYWIRE``, or your own.
    threshold : int
        Fewest synapses of a connected pair of neurons.
    naming : str
        Synonyms of glomeruli, ``"any"`` or ``"hemibrain_v1"``; see
        :func:`olfnet.receptors.glomerulus_names.current_names`.
    source, license : str
        Stored in ``attrs``.

    Returns
    -------
    xarray.DataArray of shape (n_units, n_inputs)
        As of :func:`load_connectome`; ``attrs["dropped"]`` lists what was left out, a line each,
        and ``attrs["renamed"]`` renamed glomeruli.  Units and inputs without a connection are kept.

    Raises
    ------
    ValueError
        If a column is missing or occurs twice, a row is too long, a neuron is missing, has two
        types or lost digits, a count is negative or no integer, no neuron is a unit or an input, or
        none of these are connected.
    """
    threshold = checks.count("threshold", threshold)
    pairs = _frame("edges", edges, (columns.pre, columns.post, columns.synapses))
    cells = _frame("neurons", neurons, (columns.neuron, columns.type))
    pre, post, neuron = _ids(pairs[columns.pre], pairs[columns.post], cells[columns.neuron])
    types = _types(neuron, cells[columns.type])
    unit_names = {neuron: str(neuron) for neuron in types[_matches("units", types, units)].index}
    written = _inputs(types[_matches("inputs", types, inputs)], inputs)
    renamed = current_names(naming) if _has_glomeruli(inputs) else {}
    input_names = {neuron: renamed.get(name, name) for neuron, name in written.items()}
    counts = counts_of(columns.synapses, pairs[columns.synapses]).rename("synapses")
    known = pre.isin(types.index) & post.isin(types.index)
    ours = pre.isin(list(input_names)) & post.isin(list(unit_names))
    if not ours.any():
        raise ValueError(f"edges must connect an input to a unit, got none in {len(ours)} rows")
    summed = counts[ours].groupby([pre[ours], post[ours]]).sum()
    weak = (summed > 0) & (summed < threshold)
    dropped = [
        *_left_out(neuron[cells[columns.type].isna()], "neurons without a type"),
        *_left_out(counts[~known], "rows with a neuron of no known type"),
        *_left_out(counts[known & ~ours], "rows between neurons that are not an input and a unit"),
        *_left_out(summed[weak], f"pairs with fewer than {threshold} synapses"),
    ]
    attrs = {
        "source": source,
        "license": license,
        "dropped": "\n".join(dropped),
        "renamed": ", ".join(
            f"{old} is {renamed[old]}" for old in sorted({*written.values()} & {*renamed})
        ),
        "threshold": threshold,
    }
    return labeled(_table(summed[~weak], unit_names, input_names), attrs)


def _table(
    synapses: "pd.Series[int]", unit_names: dict[Any, str], input_names: dict[Any, str]
) -> pd.DataFrame:
    """Sum the synapses of pairs of neurons (pre, post) in a table of units and inputs."""
    units = pd.Index(unit_names.values())
    inputs = pd.Index(dict.fromkeys(input_names.values()))
    pre, post = (synapses.index.get_level_values(k) for k in (0, 1))
    positions = (
        units.get_indexer([unit_names[neuron] for neuron in post]),
        inputs.get_indexer([input_names[neuron] for neuron in pre]),
    )
    counts = np.zeros((len(units), len(inputs)), dtype=np.int64)
    np.add.at(counts, positions, synapses.to_numpy())
    return pd.DataFrame(counts, units, inputs)


def _types(neurons: "pd.Series[Any]", types: "pd.Series[Any]") -> "pd.Series[str]":
    """Return the type of each neuron that has one."""
    if neurons.duplicated().any():
        raise ValueError(
            f"neurons must name each neuron once, got {neurons[neurons.duplicated()].iloc[0]} twice"
        )
    return types.set_axis(pd.Index(neurons)).dropna().astype(str)


def _inputs(types: "pd.Series[str]", pattern: str) -> dict[Any, str]:
    """Return the name of the input that each neuron belongs to, as written."""
    if not _has_glomeruli(pattern):
        return {neuron: str(neuron) for neuron in types.index}
    names = {neuron: re.fullmatch(pattern, kind)["glomerulus"] for neuron, kind in types.items()}  # type: ignore[index]
    for neuron, name in names.items():
        if not name:
            raise ValueError(
                f"inputs must find a glomerulus in each type, got none in {types[neuron]!r}"
            )
    return names


def _has_glomeruli(pattern: str) -> bool:
    return "glomerulus" in re.compile(pattern).groupindex


def _matches(name: str, types: "pd.Series[str]", pattern: str) -> "pd.Series[bool]":
    try:
        matches = types.str.fullmatch(pattern)
    except re.error as error:
        raise ValueError(f"{name} must be a regular expression, got {pattern!r}: {error}") from None
    if not matches.any():
        some = ", ".join(types.unique()[:5])
        raise ValueError(f"{name} must match a type of neuron, got {pattern!r} among {some}, ...")
    return matches


def _ids(*columns: "pd.Series[Any]") -> list["pd.Series[Any]"]:
    """Return names of neurons, all as integers, or all as text if one of them is no number."""
    names = [_exact(column) for column in columns]
    if all(column.dtype == np.int64 for column in names):
        return names
    return [column.astype(str) for column in names]


def _exact(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return names of neurons, if none is missing or has lost digits."""
    if column.isna().any():
        row = column.index[int(np.flatnonzero(column.isna())[0])]
        raise ValueError(f"{column.name} must name a neuron in each row, got none in row {row}")
    if column.dtype.kind == "f":
        lost = (column != np.floor(column)) | (column.abs() >= 2.0**53)
        if lost.any():
            raise ValueError(
                f"{column.name} must be whole numbers below 2**53, integers or text, got "
                f"{column[lost].iloc[0]}"
            )
    elif column.dtype.kind not in "iu":
        text = column.astype(str).str.strip()
        if not text.str.fullmatch(r"[1-9]\d{0,17}").all():
            return text
        column = text
    return column.astype(np.int64)


def _frame(
    name: str, table: str | os.PathLike[str] | pd.DataFrame, columns: tuple[str, ...]
) -> pd.DataFrame:
    """Return a table, read if it is a path, that has each of these columns once."""
    frame = table if isinstance(table, pd.DataFrame) else _read(table)
    for column in columns:
        n_found = list(frame.columns).count(column)
        if not n_found:
            raise ValueError(
                f"{name} must have a column {column}, got {', '.join(map(str, frame.columns))}"
            )
        if n_found > 1:
            raise ValueError(f"{name} must have one column {column}, got {n_found}")
    return frame.reset_index(drop=True)


def _read(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a text table or a gzip file of one."""
    opened: Any = gzip.open if Path(path).suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            return _parsed(path, file)
    except OSError as error:
        raise ValueError(f"table '{path}' cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise ValueError(f"table '{path}' must be UTF-8 text, got other bytes") from None


def _parsed(path: str | os.PathLike[str], file: Any) -> pd.DataFrame:
    """Read rows that are no longer than the header, with pandas since there may be millions."""
    header = file.readline().rstrip("\r\n")
    separator = separator_of(path, header)
    names = next(csv.reader([header], delimiter=separator))
    try:
        with warnings.catch_warnings():
            # Pandas only warns of cells beyond the header, and drops them.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(file, sep=separator, names=range(len(names)), index_col=False)
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise ValueError(
            f"table '{path}' must have {len(names)} cells in each row, as its header has: "
            f"{str(error).strip()}"
        ) from None
    return table.set_axis(names, axis=1)


def _left_out(rows: "pd.Series[Any]", words: str) -> list[str]:
    """Report the number of dropped rows, if any, and of their synapses."""
    if not len(rows):
        return []
    synapses = f", {int(rows.sum())} synapses" if rows.name == "synapses" else ""
    return [f"{len(rows)} {words}{synapses}"]
