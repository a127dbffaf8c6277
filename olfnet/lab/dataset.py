"""The labeled dataset of a sweep, assembled from its records and stored on disk.

The dataset depends only on the records, not on their order nor on the number of runs or workers.
Every combination of parameter values and repeats has a ``status``; values of missing and failed
points are NaN.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from olfnet.lab.journal import Journal
from olfnet.lab.points import Record
from olfnet.lab.provenance import origin

NAME = "data.zarr"
MISSING, DONE, FAILED = 0, 1, 2
_STATUS = {"flag_values": [MISSING, DONE, FAILED], "flag_meanings": "missing done failed"}
_REPEAT = {"meaning": "independent repetition, everything drawn anew"}

_Axis = dict[Any, int]  # label -> position


def assemble(journal: Journal) -> xr.Dataset:
    """Return the records of a journal as one dataset along its parameters and repeats.

    A measured dimension has the labels of all points.
    """
    described = journal.header["parameters"]
    names = (*described, "repeat")
    # Labels are kept apart from records, since a parameter may be named "values".
    labeled = [
        ([*(r["parameters"][name] for name in described), r["repeat"]], r)
        for r in journal.records.values()
    ]
    labeled.sort(key=lambda pair: pair[0])
    records = [record for _, record in labeled]
    columns = zip(*(labels for labels, _ in labeled), strict=True)
    grid = {name: _axis(sorted(set(c))) for name, c in zip(names, columns, strict=True)}
    indices = [
        tuple(axis[label] for label, axis in zip(labels, grid.values(), strict=True))
        for labels, _ in labeled
    ]
    done = [(i, r["values"]) for i, r in zip(indices, records, strict=True) if "values" in r]
    axes, coords = _measured_axes([entry for _, values in done for entry in values.values()])
    variables = _progress(grid, indices, records)
    for name in dict.fromkeys(name for _, values in done for name in values):
        entries = [(index, values[name]) for index, values in done if name in values]
        variables[name] = _variable(entries, grid, axes)
    for name, axis in grid.items():
        about = described.get(name, _REPEAT)
        coords[name] = (name, _array(axis), {k: v for k, v in about.items() if k != "kind"})
    about = {name: value for name, value in journal.header.items() if name != "parameters"}
    return xr.Dataset(variables, coords, about | origin(journal.runs))


def save(journal: Journal, folder: Path) -> xr.Dataset:
    """Replace the dataset on disk; a kill leaves the old one, the new one or none, never a part."""
    if not journal.records:
        return xr.Dataset()
    dataset = assemble(journal)
    new, old = folder / f"{NAME}.new", folder / f"{NAME}.old"
    for path in (new, old):  # left by a kill
        shutil.rmtree(path, ignore_errors=True)
    try:
        dataset.to_zarr(new, mode="w", zarr_format=3, consolidated=False)
    except OSError as error:
        raise OSError(
            f"{folder / NAME} cannot be written: {error.strerror}; all records are kept, and the "
            "same command writes it"
        ) from error
    if (folder / NAME).exists():
        (folder / NAME).rename(old)
    new.rename(folder / NAME)
    shutil.rmtree(old, ignore_errors=True)
    return dataset


def require_intact(folder: Path, journal: Journal) -> None:
    """Raise if the folder's dataset is damaged, or holds points that its journal has lost."""
    file = folder / NAME
    if not file.exists():
        return
    try:
        with xr.open_zarr(file, consolidated=False) as dataset:
            n_points = int((dataset["status"] != MISSING).sum())
    except Exception as error:
        raise ValueError(f"{file} is damaged; move it away and it is written anew") from error
    if n_points > len(journal.records):
        raise ValueError(
            f"{folder} is truncated: its journal holds {len(journal.records)} of {n_points} "
            "points; choose another --out"
        )


def _progress(grid: dict[str, _Axis], indices: list[Any], records: list[Record]) -> dict[str, Any]:
    """Status of every combination, and the exceptions if there are any."""
    shape = tuple(map(len, grid.values()))
    status, failure = np.zeros(shape, np.int8), np.full(shape, "", dtype=object)
    for index, record in zip(indices, records, strict=True):
        status[index] = FAILED if "failure" in record else DONE
        failure[index] = record.get("failure", "")
    variables: dict[str, Any] = {"status": (tuple(grid), status, _STATUS)}
    if (status == FAILED).any():
        variables["failure"] = (tuple(grid), failure, {"meaning": "exception of a failed point"})
    return variables


def _measured_axes(entries: list[Record]) -> tuple[dict[str, _Axis], dict[str, Any]]:
    """Labels along the measured dimensions, and the coordinates among them."""
    labels_of: dict[str, dict[Any, None]] = {}
    attrs: dict[str, Any] = {}
    for entry in entries:
        for dim, labels in _labels(entry).items():
            labels_of.setdefault(dim, {}).update(dict.fromkeys(labels))
        attrs |= {dim: coord["attrs"] for dim, coord in entry["coords"].items() if dim not in attrs}
    axes = {dim: _axis(labels) for dim, labels in labels_of.items()}
    return axes, {dim: (dim, _array(axes[dim]), about) for dim, about in attrs.items()}


def _variable(entries: list[Any], grid: dict[str, _Axis], axes: dict[str, _Axis]) -> Any:
    """One measured quantity over the whole grid; integers stay integers if none is missing."""
    dims = entries[0][1]["dims"]
    shape = (*map(len, grid.values()), *(len(axes[dim]) for dim in dims))
    arrays = [np.asarray(entry["data"]).reshape(entry["shape"]) for _, entry in entries]
    whole, filled = np.zeros(shape, np.result_type(*arrays)), np.zeros(shape, bool)
    for (index, entry), array in zip(entries, arrays, strict=True):
        inner = [[axes[dim][x] for x in labels] for dim, labels in _labels(entry).items()]
        cells = (*index, *np.ix_(*inner))
        whole[cells], filled[cells] = array, True
    if not filled.all():
        whole = np.where(filled, whole, np.nan)
    return (*grid, *dims), whole, entries[0][1]["attrs"]


def _labels(entry: Record) -> dict[str, Iterable[Any]]:
    """Labels of each dimension of an entry: its coordinate, or else 0, 1, 2, ..."""
    counted = {d: range(n) for d, n in zip(entry["dims"], entry["shape"], strict=True)}
    return counted | {dim: coord["data"] for dim, coord in entry["coords"].items()}


def _axis(labels: Iterable[Any]) -> _Axis:
    return {label: position for position, label in enumerate(labels)}


def _array(axis: _Axis) -> Any:
    """Labels as an array; texts as objects, which Zarr stores at their own lengths."""
    labels = np.asarray(list(axis))
    return labels.astype(object) if labels.dtype.kind == "U" else labels
