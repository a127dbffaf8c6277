"""Points of a sweep: parameter values, an independent random stream, and the measured record."""

import hashlib
import json
import re
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

Value = bool | int | float | str
Record = dict[str, Any]

# Characters kept of an error: a record is read by people.
_LONGEST_MESSAGE, _LONGEST_TRACEBACK = 600, 10_000


@dataclass(frozen=True)
class Point:
    """One combination of parameter values, drawn for the ``repeat``-th time."""

    parameters: Mapping[str, Value]
    repeat: int

    @classmethod
    def of(cls, record: Record) -> "Point":
        """Return the point that a record belongs to."""
        return cls(record["parameters"], record["repeat"])

    @property
    def key(self) -> str:
        """Canonical text: equal for equal points, whatever the order of the parameters."""
        return json.dumps([sorted(self.parameters.items()), self.repeat])

    def stream(self, seed: int) -> np.random.Generator:
        """Random stream of this point.

        It depends on the study's seed, the parameters and the repeat, and on nothing else: not on
        the shape of the grid, the order of the points or the worker.
        """
        words = np.frombuffer(hashlib.sha256(self.key.encode()).digest(), dtype="<u4")
        key = tuple(int(word) for word in words)
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def points_of(grid: Mapping[str, tuple[Value, ...]], n_repeats: int) -> Iterator[Point]:
    """Yield all points of a grid, the repeats of each combination together."""
    for values in product(*grid.values()):
        for repeat in range(n_repeats):
            yield Point(dict(zip(grid, values, strict=True)), repeat)


def evaluate(measure: Callable[..., Mapping[str, Any]], point: Point, seed: int) -> str:
    """Measure one point and return its record as a line of JSON.

    JSON carries every double to the last bit.  An exception becomes part of the record, so that one
    bad point does not stop the others.
    """
    start = time.perf_counter()
    try:
        values = measure(**point.parameters, rng=point.stream(seed))
        result: Record = {"values": _entries(values, point)}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # some libraries raise what is not an Exception
        result = _failure(error) | {"traceback": _cut(traceback.format_exc(), _LONGEST_TRACEBACK)}
    return _line(point, round(time.perf_counter() - start, 6), result)


def failed(point: Point, error: Exception) -> str:
    """Return the record of a point that could not be measured for reasons outside the study."""
    return _line(point, 0.0, _failure(error))


def _line(point: Point, seconds: float, result: Record) -> str:
    record = {"parameters": dict(point.parameters), "repeat": point.repeat, "seconds": seconds}
    return json.dumps(record | result)


def _failure(error: BaseException) -> Record:
    """Describe the error in one line of printable characters, for tables and logs."""
    try:
        words = str(error).split()
    except Exception:
        words = ["(no message)"]
    line = "".join(c if c.isprintable() else "?" for c in " ".join(words))
    return {"failure": f"{type(error).__name__}: {_cut(line, _LONGEST_MESSAGE)}"}


def _cut(text: str, longest: int) -> str:
    """Leave out the middle of a text that is too long."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]} ... {text[-half:]}"


def _entries(values: Any, point: Point) -> Record:
    if not isinstance(values, Mapping) or not values:
        raise ValueError(f"measure must return a mapping of names to numbers, got {values!r}")
    return {str(name): _entry(str(name), value, point) for name, value in values.items()}


def _entry(name: str, value: Any, point: Point) -> Record:
    if not isinstance(value, xr.DataArray) and np.ndim(value) > 0:
        raise ValueError(f"measure must return {name} as a scalar or a labeled xarray.DataArray")
    array = xr.DataArray(value)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"measure must return numbers, got {name} of type {array.dtype}")
    taken = {*point.parameters, "repeat", "status", "failure"} & {name, *map(str, array.dims)}
    if taken:
        raise ValueError(f"measure must not reuse the name {taken.pop()!r} for {name}")
    indexed = array.drop_vars([c for c in array.coords if c not in array.dims])
    for what in (name, *map(str, indexed.dims)):
        if not re.fullmatch(r"[^/.][^/]*", what):
            raise ValueError(f"measure must return names without '/' and '.' first, got {what!r}")
    _require_plain_attrs(name, indexed.attrs)
    for dim, labels in indexed.coords.items():
        if labels.dtype.kind not in "biufUO" or len(set(labels.values.tolist())) < labels.size:
            raise ValueError(
                f"measure must label {dim} of {name} with different numbers or texts, got "
                f"{labels.values.tolist()}"
            )
        _require_plain_attrs(str(dim), labels.attrs)
    return indexed.to_dict(data="list") | {"shape": list(indexed.shape)}


# Attributes by which xarray decodes what is on disk.
_DECODING = {"_FillValue", "missing_value", "scale_factor", "add_offset", "dtype", "calendar"}


def _require_plain_attrs(name: str, attrs: Mapping[Any, Any]) -> None:
    """Refuse attributes with which xarray would read other values than were written."""
    taken = _DECODING & set(attrs)
    if taken:
        raise ValueError(f"measure must not give {name} the attribute {taken.pop()!r}")
    require_unit(str(attrs.get("units", "")))


def require_unit(unit: str) -> None:
    """Raise if xarray would read numbers of this unit as dates."""
    if re.search(r"\bsince\b", unit):
        raise ValueError(f"a unit must not be one that xarray decodes as a date, got {unit!r}")
