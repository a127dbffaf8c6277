"""What figures and tables read out of a study's dataset: the repeats that are finished."""

from typing import Any

import numpy as np
import xarray as xr

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.lab.dataset import DONE


def finished(dataset: xr.Dataset, *, pool: tuple[str, ...] = (), **place: Any) -> xr.Dataset:
    """Return the finished repeats at one place of a study's grid.

    Parameters
    ----------
    dataset : xarray.Dataset
        What a study has measured.
    pool : tuple of str
        Parameters whose repeats are taken together.
    **place
        Values of parameters. Those that are not named here are at their first value; at a value
        that was not measured nothing is finished.

    Returns
    -------
    xarray.Dataset
        Every variable has the dimension ``repeat`` first, which may have length 0.

    Raises
    ------
    ValueError
        If a name is not that of a parameter, or the dataset is not that of a study.

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
    parameters = dataset["status"].dims
    for name in (*pool, *place):
        if name not in parameters:
            raise ValueError(
                f"{name} must be a parameter, one of {', '.join(map(str, parameters))}"
            )
    measured = {name: v for name, v in place.items() if v in dataset[name].values}
    one, kept = dataset.sel(measured), ("repeat", *pool)
    one = one.isel({name: 0 for name in one["status"].dims if name not in kept})
    if pool:
        one = one.stack(pooled=kept, create_index=False).drop_vars(kept, errors="ignore")
        one = one.rename(pooled="repeat")
    done = np.flatnonzero((one["status"].values == DONE) & (measured == place))
    return one.isel(repeat=done).transpose("repeat", ...)


def along(dataset: xr.Dataset, name: str, parameter: str, **place: Any) -> dict[Any, FloatArray]:
    """Return the finished repeats of one variable at each value of a parameter that has some.

    Parameters
    ----------
    dataset : xarray.Dataset
        What a study has measured.
    name, parameter : str
        Variable, and parameter whose values are the keys.
    **place
        Values of other parameters, see `finished`.

    Returns
    -------
    dict of value to ndarray of shape (n_repeats, ...)

    Raises
    ------
    ValueError
        If a name is not that of a variable or parameter.
    """
    checks.one_of("name", name, known=dataset.data_vars)
    checks.one_of("parameter", parameter, known=dataset.dims)
    values = dataset[parameter].values.tolist()
    found = {v: finished(dataset, **{parameter: v}, **place)[name].values for v in values}
    return {value: samples for value, samples in found.items() if len(samples)}
