"""Finished repeats, against a loop over all points of a grid with holes; labels and tables."""

from itertools import product

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from olfnet.lab import results
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
    samples = finished(dataset, kind="b", fan_in=4)["x"].values
    np.testing.assert_array_equal(samples, loop(dataset, ["b"], [4]))
    assert not np.isnan(samples).any()


def test_parameters_without_a_name_are_at_their_first_value(dataset):
    first = loop(dataset, ["a"], [7])
    np.testing.assert_array_equal(finished(dataset, fan_in=7)["x"].values, first)
    assert len(first) != len(loop(dataset, ["b"], [7]))


def test_pooled_repeats(dataset):
    pooled = finished(dataset, kind="b", pool=("fan_in",))["x"].values
    each = np.array(loop(dataset, ["b"], [2, 4, 7]))
    np.testing.assert_array_equal(np.sort(pooled, axis=0), np.sort(each, axis=0))


def test_repeats_come_first_however_the_dataset_is_laid_out(dataset):
    turned = dataset.transpose("time", "repeat", "fan_in", "kind")
    a, b = (finished(one, fan_in=4)["x"].values for one in (dataset, turned))
    np.testing.assert_array_equal(a, b)


def test_along_a_parameter(dataset):
    samples = along(dataset, "x", "fan_in", kind="b")
    assert list(samples) == [2, 4]  # nothing is finished at 7
    assert all(isinstance(value, int) for value in samples)
    np.testing.assert_array_equal(samples[2], loop(dataset, ["b"], [2]))


def test_along_a_measured_dimension(dataset):
    dataset = dataset.assign_coords(time=[0.1, 0.2, 0.5, 1.0])
    samples = along(dataset, "x", "time", kind="b", fan_in=4)
    each = np.array(loop(dataset, ["b"], [4]))
    assert list(samples) == [0.1, 0.2, 0.5, 1.0]
    np.testing.assert_array_equal(samples[0.5], each[:, 2])
    np.testing.assert_array_equal(along(dataset, "x", "fan_in", kind="b", time=0.5)[4], each[:, 2])
    assert not along(dataset, "x", "time", kind="b", fan_in=7)


def test_nothing_is_finished_at_a_value_that_was_not_measured(dataset):
    assert finished(dataset, fan_in=5)["x"].shape == (0, 4)
    assert not along(dataset, "x", "fan_in", kind="c")


def test_labels():
    place = results.labeled([1.0, 2.0], "distance", "m", place=None)
    array = results.labeled([[1, 2]], "counts", kind={"a": 0}, place=place)
    assert array.dims == ("kind", "place")
    assert array["kind"].values.tolist() == ["a"]
    assert array["place"].attrs == {"meaning": "distance", "units": "m"}
    meanings = {"x": "first", "y": "second"}
    for values in ({"y": [3], "x": [4]}, iter([[4], [3]])):
        each = results.labeled_each(meanings, values, "s", odor=None)
        assert {name: (array.item(), *array.attrs.values()) for name, array in each.items()} == {
            "x": (4, "first", "s"),
            "y": (3, "second", "s"),
        }


def test_limits_of_known_scaling():
    """Samples around 1 + 2 / n: the limit is 1, within 3.3 standard errors; that of 1.1 is not."""
    rng = np.random.default_rng(0)
    samples = {n: 1 + 2 / n + 0.05 * rng.standard_normal(50) for n in (20, 40, 80)}
    limit = results.limit_of_size(samples)
    error = (limit.high - limit.value) / scipy.stats.norm.isf(0.025)
    assert abs(limit.value - 1) < 3.3 * error < abs(limit.value - 1.1)
    assert results.limit_texts(samples)[0].startswith(f"{limit.value:.3f} ±")
    assert results.limit_texts({20: [1.0]}) == ("", "", "1.000")


def test_table():
    rows = [("a", 1), None, ("b", 2)]
    made = results.table("Title", ("kind", "n"), rows, left=["kind"], caption="below")
    assert [column.justify for column in made.columns] == ["left", "right"]
    assert [row.end_section for row in made.rows] == [True, False]
    assert (made.title, made.caption) == ("Title", "below")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda d: finished(d, claws=5), "claws must be a dimension, one of kind, fan_in, repeat"),
        (lambda d: finished(d[["x"]]), r"dataset must have the status of a study's, got \['x'\]"),
        (lambda d: along(d, "y", "fan_in"), "name must be one of status, x, got 'y'"),
        (lambda d: along(d, "x", "claws"), "dim must be one of .*, got 'claws'"),
    ],
)
def test_bad_input(dataset, call, words):
    with pytest.raises(ValueError, match=words):
        call(dataset)
