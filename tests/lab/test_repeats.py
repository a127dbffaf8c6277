"""Finished repeats, against a loop over all points of a grid with holes."""

from itertools import product

import numpy as np
import pytest
import xarray as xr

from olfnet.lab.results import along, finished


@pytest.fixture
def dataset():
    rng = np.random.default_rng(5)
    shape = {"kind": 2, "fan_in": 3, "repeat": 6}
    status = rng.integers(0, 3, tuple(shape.values()))
    status[1, 2] = 0
    values = rng.random((*shape.values(), 4))
    values[status != 1] = np.nan
    coords = {"kind": ["a", "b"], "fan_in": [2, 4, 7], "repeat": np.arange(6)}
    return xr.Dataset({"status": (tuple(shape), status), "x": ((*shape, "time"), values)}, coords)


def loop(dataset, kinds, fan_ins):
    points = [(k, f, r) for k, f, r in product(kinds, fan_ins, dataset["repeat"].values)]
    at = [dataset.sel(kind=k, fan_in=f, repeat=r) for k, f, r in points]
    return [one["x"].values for one in at if int(one["status"]) == 1]


def test_one_place(dataset):
    found = finished(dataset, kind="b", fan_in=4)
    np.testing.assert_array_equal(found["x"].values, loop(dataset, ["b"], [4]))
    assert not np.isnan(found["x"].values).any()


def test_parameters_without_a_name_are_at_their_first_value(dataset):
    wanted = loop(dataset, ["a"], [7])
    np.testing.assert_array_equal(finished(dataset, fan_in=7)["x"].values, wanted)
    assert len(wanted) != len(loop(dataset, ["b"], [7]))


def test_pooled_repeats(dataset):
    found = finished(dataset, kind="b", pool=("fan_in",))["x"].values
    wanted = np.array(loop(dataset, ["b"], [2, 4, 7]))
    np.testing.assert_array_equal(np.sort(found, axis=0), np.sort(wanted, axis=0))


def test_repeats_come_first_however_the_dataset_is_laid_out(dataset):
    turned = dataset.transpose("time", "repeat", "fan_in", "kind")
    a, b = (finished(one, fan_in=4)["x"].values for one in (dataset, turned))
    np.testing.assert_array_equal(a, b)


def test_along_a_parameter(dataset):
    found = along(dataset, "x", "fan_in", kind="b")
    assert list(found) == [2, 4]  # nothing is finished at 7
    assert all(isinstance(value, int) for value in found)
    np.testing.assert_array_equal(found[2], loop(dataset, ["b"], [2]))


def test_nothing_is_finished_at_a_value_that_was_not_measured(dataset):
    assert finished(dataset, fan_in=5)["x"].shape == (0, 4)
    assert not along(dataset, "x", "fan_in", kind="c")


def test_bad_input(dataset):
    with pytest.raises(ValueError, match="claws must be a parameter, one of kind, fan_in, repeat"):
        finished(dataset, claws=5)
    with pytest.raises(ValueError, match=r"dataset must have the status of a study's, got \['x'\]"):
        finished(dataset[["x"]])
    with pytest.raises(ValueError, match="name must be one of status, x, got 'y'"):
        along(dataset, "y", "fan_in")
    with pytest.raises(ValueError, match="parameter must be one of .*, got 'claws'"):
        along(dataset, "x", "claws")
