"""Results of a study: label what is measured, select finished repeats, and tabulate them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.stats
import xarray as xr
from numpy.typing import ArrayLike
from rich.table import Table

from olfnet import checks
from olfnet.capacity import Extrapolation, extrapolate
from olfnet.checks import FloatArray
from olfnet.lab.dataset import DONE


def labeled(values: ArrayLike, meaning: str, units: str = "", **coords: Any) -> xr.DataArray:
    """Label a measured quantity with its meaning, its units and its coordinates.

    Parameters
    ----------
    values : number or array
        With a dimension for each of ``coords``, in their order.
    meaning : str
        One line for a reader who has not seen the code.
    units : str
        Empty for counts and pure numbers.
    **coords
        Coordinates along each dimension: an array, a labeled array of the same name with a meaning
        of its own, or None for a dimension without coordinates.

    Examples
    --------
    >>> error = labeled([0.1, 0.2], "fraction of wrong labels", noise=[1.0, 5.0])
    >>> error.dims, error.attrs
    (('noise',), {'meaning': 'fraction of wrong labels', 'units': ''})
    """
    given = {
        name: list(along) if isinstance(along, (Mapping, tuple)) else along
        for name, along in coords.items()
        if along is not None
    }
    return xr.DataArray(values, given, list(coords), attrs={"meaning": meaning, "units": units})


def labeled_each(
    meanings: Mapping[str, str],
    values: Mapping[str, ArrayLike] | Iterable[ArrayLike],
    units: str = "",
    **coords: Any,
) -> dict[str, xr.DataArray]:
    """Label several measured quantities that have the same units and coordinates.

    Parameters
    ----------
    meanings : mapping of name to str
    values : mapping of name to array, or iterable of arrays
        An iterable has the order of ``meanings``.
    units, **coords
        As for `labeled`.
    """
    if isinstance(values, Mapping):
        values = [values[name] for name in meanings]
    return {
        name: labeled(array, meaning, units, **coords)
        for (name, meaning), array in zip(meanings.items(), values, strict=True)
    }


def finished(dataset: xr.Dataset, *, pool: tuple[str, ...] = (), **at: Any) -> xr.Dataset:
    """Return the finished repeats at one point of a study's grid.

    Parameters
    ----------
    dataset : xarray.Dataset
        What a study has measured.
    pool : tuple of str
        Parameters whose repeats are taken together.
    **at
        Values of parameters, and of other dimensions. Parameters that are not named here are at
        their first value; at a value that was not measured nothing is finished.

    Returns
    -------
    xarray.Dataset
        Every variable has the dimension ``repeat`` first, which may have length 0.

    Raises
    ------
    ValueError
        If a name is not that of a dimension, or the dataset is not that of a study.

    Examples
    --------
    >>> status = (("fan_in", "repeat"), [[1, 0, 1], [2, 2, 2]])
    >>> error = (("fan_in", "repeat"), [[0.1, np.nan, 0.3], [np.nan, np.nan, np.nan]])
    >>> result = xr.Dataset({"status": status, "error": error}, {"fan_in": [3, 6]})
    >>> finished(result, fan_in=3)["error"].values
    array([0.1, 0.3])
    >>> finished(result, fan_in=6).sizes["repeat"]
    0
    """
    if "status" not in dataset:
        raise ValueError(f"dataset must have the status of a study's, got {list(dataset)}")
    for name in (*pool, *at):
        if name not in dataset.dims:
            raise ValueError(
                f"{name} must be a dimension, one of {', '.join(map(str, dataset.dims))}"
            )
    measured = {name: value for name, value in at.items() if value in dataset[name].values}
    selected, kept = dataset.sel(measured), ("repeat", *pool)
    first = {name: 0 for name in selected["status"].dims if name not in kept}
    selected = selected.isel(first)
    if pool:
        selected = selected.stack(pooled=kept, create_index=False)
        selected = selected.drop_vars(kept, errors="ignore").rename(pooled="repeat")
    done = np.flatnonzero((selected["status"].values == DONE) & (measured == at))
    return selected.isel(repeat=done).transpose("repeat", ...)


def along(
    dataset: xr.Dataset, name: str, dim: str, *, pool: tuple[str, ...] = (), **at: Any
) -> dict[Any, FloatArray]:
    """Return the finished repeats of one variable at each value along a dimension that has some.

    Parameters
    ----------
    dataset : xarray.Dataset
        What a study has measured.
    name, dim : str
        Variable, and the parameter or other dimension whose values are the keys.
    pool, **at
        As for `finished`.

    Returns
    -------
    dict of value to ndarray of shape (n_repeats, ...)

    Raises
    ------
    ValueError
        If a name is not that of a variable or dimension.
    """
    checks.one_of("name", name, known=dataset.data_vars)
    checks.one_of("dim", dim, known=dataset.dims)
    samples = {
        value: finished(dataset, pool=pool, **{dim: value}, **at)[name].values
        for value in dataset[dim].values.tolist()
    }
    return {value: repeats for value, repeats in samples.items() if len(repeats)}


def mean_and_half_width(
    samples: ArrayLike, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Mean over the first axis, and half the width of Student's interval.

    Parameters
    ----------
    samples : array of shape (n_samples, ...)
    confidence : float

    Returns
    -------
    tuple of arrays of shape (...)
        The half-width of a single sample is nan.

    Examples
    --------
    >>> [float(number.round(2)) for number in mean_and_half_width([1.0, 2.0, 3.0])]
    [2.0, 2.48]
    """
    samples = np.asarray(samples, dtype=float)
    mean = samples.mean(axis=0)
    if len(samples) < 2:
        return mean, np.full_like(mean, np.nan)
    quantile = scipy.stats.t.ppf((1 + confidence) / 2, len(samples) - 1)
    return mean, np.asarray(quantile * scipy.stats.sem(samples, axis=0))


def interval_text(mean: float, half_width: float, digits: str, wide: str = "") -> str:
    """Write a value with the half-width of its interval, if it has one.

    Parameters
    ----------
    mean, half_width : float
    digits, wide : str
        Formats of both, such as ".3f"; that of the half-width is the same by default.
    """
    return f"{mean:{digits}}" + (
        f" ±{half_width:{wide or digits}}" if np.isfinite(half_width) else ""
    )


def mean_text(samples: ArrayLike, digits: str, wide: str = "") -> str:
    """Write the mean of samples with half the width of Student's interval.

    Parameters
    ----------
    samples : array of shape (n_samples,)
    digits, wide : str
        As for `interval_text`.

    Examples
    --------
    >>> mean_text([1.0, 2.0, 3.0], ".1f"), mean_text([0.5], ".0%")
    ('2.0 ±2.5', '50%')
    """
    mean, half_width = mean_and_half_width(samples)
    return interval_text(float(mean), float(half_width), digits, wide)


def limit_of_size(samples: Mapping[int, ArrayLike]) -> Extrapolation | None:
    """Extrapolate capacities to infinite size; None for a single size, or a single sample of one.

    Parameters
    ----------
    samples : mapping of size to array of shape (n_samples,)
    """
    if len(samples) < 2 or min(map(np.size, samples.values())) < 2:
        return None
    return extrapolate(list(samples), list(samples.values()))


def limit_texts(samples: Mapping[int, ArrayLike]) -> tuple[str, str, str]:
    """Write the limit of infinite size, the p-value of the line to it, and the largest size.

    Parameters
    ----------
    samples : mapping of size to array of shape (n_samples,)
    """
    largest = mean_text(samples[max(samples)], ".3f") if samples else ""
    limit = limit_of_size(samples)
    if limit is None:
        return "", "", largest
    p_value = "" if limit.p_value is None else f"{limit.p_value:.2f}"
    return interval_text(limit.value, limit.high - limit.value, ".3f"), p_value, largest


def table(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Sequence[object] | None],
    *,
    left: Iterable[str] = (),
    caption: str | None = None,
    no_wrap: bool = True,
) -> Table:
    """Make a table for the terminal and for the page of a result.

    Parameters
    ----------
    title : str
    columns : iterable of str
    rows : iterable of sequences, or None
        A cell for each column; None ends a section.
    left : iterable of str
        Columns of texts; all others are aligned to the right.
    caption : str, optional
    no_wrap : bool
        Keep each cell on one line.

    Examples
    --------
    >>> rows = [("Hebbian", 0.25), None, ("perceptron", 0.125)]
    >>> table("Errors", ("rule", "error"), rows, left=["rule"]).row_count
    2
    """
    made, left = Table(title=title, caption=caption), set(left)
    for column in columns:
        made.add_column(column, justify="left" if column in left else "right", no_wrap=no_wrap)
    for row in rows:
        if row is None:
            made.add_section()
        else:
            made.add_row(*map(str, row))
    return made
