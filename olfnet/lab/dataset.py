"""From the records of a sweep to one labeled dataset, and to disk.

The dataset depends on nothing but the records: neither on their order, nor on how many runs or
workers made them.  Every combination of parameter values and repeats has a ``status``; what a
missing or failed point would have given is NaN.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from olfnet.lab.journal import Journal
from olfnet.lab.points import Record

NAME = "data.zarr"
MISSING, DONE, FAILED = 0, 1, 2
_STATUS = {"flag_values": [MISSING, DONE, FAILED], "flag_meanings": "missing done failed"}
_REPEAT = {"meaning": "independent repetition, everything drawn anew"}

Axis = dict[Any, int]  # label -> position


def assemble(journal: Journal) -> xr.Dataset:
    """Return the records of a journal as one dataset along its parameters and repeats.

    Along a measured dimension the labels of all points are united.
    """
    described = journal.header["parameters"]
    names = (*described, "repeat")
    # What a point is called and what it gave are kept apart: a parameter may be named "values".
    found = [
        ([*(r["parameters"][name] for name in described), r["repeat"]], r)
        for r in journal.records.values()
    ]
    found.sort(key=lambda one: one[0])
    records = [record for _, record in found]
    columns = zip(*(labels for labels, _ in found), strict=True)
    grid = {name: _axis(sorted(set(c))) for name, c in zip(names, columns, strict=True)}
    places = [
        tuple(axis[label] for label, axis in zip(labels, grid.values(), strict=True))
        for labels, _ in found
    ]
    done = [(p, r["values"]) for p, r in zip(places, records, strict=True) if "values" in r]
    axes, coords = _measured_axes([entry for _, values in done for entry in values.values()])
    variables = _progress(grid, places, records)
    for name in dict.fromkeys(name for _, values in done for name in values):
        entries = [(place, values[name]) for place, values in done if name in values]
        variables[name] = _variable(entries, grid, axes)
    for name, axis in grid.items():
        about = described.get(name, _REPEAT)
        coords[name] = (name, _array(axis), {k: v for k, v in about.items() if k != "kind"})
    about = {name: value for name, value in journal.header.items() if name != "parameters"}
    return xr.Dataset(variables, coords, about | origin(journal.runs))


def origin(runs: list[Record]) -> Record:
    """Where the points come from that several runs have measured: all versions and commands.

    File and date are those of the last run, and wall times are added up.
    """
    merged: Record = {}
    for name in dict.fromkeys(name for one in runs for name in one):
        values = [one[name] for one in runs if name in one]
        if name == "wall_seconds":
            merged[name] = round(sum(values), 3)
        elif name in ("file", "date", "digest"):
            merged[name] = values[-1]
        else:
            merged[name] = "; ".join(dict.fromkeys(map(str, filter(None, values))))
    return merged


def save(journal: Journal, folder: Path) -> xr.Dataset:
    """Write the dataset in the place of an older one; a kill leaves one of them whole, or none."""
    if not journal.records:
        return xr.Dataset()
    dataset = assemble(journal)
    new, old = folder / f"{NAME}.new", folder / f"{NAME}.old"
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
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


def _progress(grid: dict[str, Axis], places: list[Any], records: list[Record]) -> dict[str, Any]:
    """Status of every combination, and the exceptions if there are any."""
    shape = tuple(map(len, grid.values()))
    status, failure = np.zeros(shape, np.int8), np.full(shape, "", dtype=object)
    for place, record in zip(places, records, strict=True):
        status[place] = FAILED if "failure" in record else DONE
        failure[place] = record.get("failure", "")
    variables: dict[str, Any] = {"status": (tuple(grid), status, _STATUS)}
    if (status == FAILED).any():
        variables["failure"] = (tuple(grid), failure, {"meaning": "exception of a failed point"})
    return variables


def _measured_axes(entries: list[Record]) -> tuple[dict[str, Axis], dict[str, Any]]:
    """Labels along the measured dimensions, and the coordinates among them."""
    found: dict[str, dict[Any, None]] = {}
    attrs: dict[str, Any] = {}
    for entry in entries:
        for dim, labels in _labels(entry).items():
            found.setdefault(dim, {}).update(dict.fromkeys(labels))
        attrs |= {dim: coord["attrs"] for dim, coord in entry["coords"].items() if dim not in attrs}
    axes = {dim: _axis(labels) for dim, labels in found.items()}
    return axes, {dim: (dim, _array(axes[dim]), about) for dim, about in attrs.items()}


def _variable(entries: list[Any], grid: dict[str, Axis], axes: dict[str, Axis]) -> Any:
    """One measured quantity over the whole grid; integers stay integers if none is missing."""
    dims = entries[0][1]["dims"]
    shape = (*map(len, grid.values()), *(len(axes[dim]) for dim in dims))
    arrays = [np.asarray(entry["data"]).reshape(entry["shape"]) for _, entry in entries]
    whole, filled = np.zeros(shape, np.result_type(*arrays)), np.zeros(shape, bool)
    for (place, entry), array in zip(entries, arrays, strict=True):
        inner = [[axes[dim][x] for x in labels] for dim, labels in _labels(entry).items()]
        spot = (*place, *np.ix_(*inner))
        whole[spot], filled[spot] = array, True
    if not filled.all():
        whole = np.where(filled, whole, np.nan)
    return (*grid, *dims), whole, entries[0][1]["attrs"]


def _labels(entry: Record) -> dict[str, Iterable[Any]]:
    """Labels of each dimension of an entry: its coordinate, or else 0, 1, 2, ..."""
    counted = {d: range(n) for d, n in zip(entry["dims"], entry["shape"], strict=True)}
    return counted | {dim: coord["data"] for dim, coord in entry["coords"].items()}


def _axis(labels: Iterable[Any]) -> Axis:
    return {label: position for position, label in enumerate(labels)}


def _array(axis: Axis) -> Any:
    """Labels as an array; texts as objects, which Zarr stores at their own lengths."""
    labels = np.asarray(list(axis))
    return labels.astype(object) if labels.dtype.kind == "U" else labels
