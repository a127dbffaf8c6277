"""A point's stream and record: what they depend on, and what they must not depend on."""

import json

import numpy as np
import pytest
import xarray as xr

from olfnet.lab.points import Point, evaluate, points_of

HERE = Point({"n_units": 50, "level": 0.1}, 3)


def numbers(point, seed=1):
    return point.stream(seed).standard_normal(4).tolist()


def test_stream_ignores_the_order_of_parameters():
    assert numbers(HERE) == numbers(Point({"level": 0.1, "n_units": 50}, 3))


@pytest.mark.parametrize(
    ("point", "seed"),
    [
        (HERE, 2),
        (Point({"n_units": 50, "level": 0.1}, 4), 1),
        (Point({"n_units": 51, "level": 0.1}, 3), 1),
        (Point({"n_inputs": 50, "level": 0.1}, 3), 1),
        (Point({"n_units": 50.0, "level": 0.1}, 3), 1),
        (Point({"n_units": "50", "level": 0.1}, 3), 1),
    ],
)
def test_stream_follows_seed_name_value_type_and_repeat(point, seed):
    assert not set(numbers(point, seed)) & set(numbers(HERE))


def test_streams_of_neighboring_points_are_uncorrelated():
    """Correlation of 200 pairs of streams, 2000 normals each: standard normal after scaling."""
    draws = [Point({"x": i}, 0).stream(0).standard_normal(2000) for i in range(201)]
    scores = [a @ b / np.sqrt(2000) for a, b in zip(draws, draws[1:], strict=False)]
    # Chi-square with 200 degrees of freedom lies in (134, 282) with probability .9998.
    assert 134 < np.sum(np.square(scores)) < 282


def test_a_stream_never_changes():
    """A frozen number: results on disk are continued by later versions of the package."""
    assert numbers(HERE)[0] == pytest.approx(0.2403314723117324, rel=1e-15)


def test_points_are_the_product_of_values_and_repeats():
    points = list(points_of({"a": (1, 2), "b": ("x", "y", "z")}, 4))
    assert len({point.key for point in points}) == len(points) == 24


def test_record_carries_doubles_to_the_last_bit():
    values = np.random.default_rng(1).standard_normal(100) * 10.0 ** np.arange(-150, 150, 3)
    line = evaluate(lambda rng: {"x": xr.DataArray(values, dims="i")}, Point({}, 0), 0)
    assert np.array(json.loads(line)["values"]["x"]["data"]).tobytes() == values.tobytes()


def labeled(labels, **attrs):
    return xr.DataArray(np.arange(len(labels)), {"odor": list(labels)}, "odor", attrs=attrs)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2], "must return a mapping"),
        ({}, "must return a mapping"),
        ({"x": np.ones(3)}, "return x as a scalar or a labeled"),
        ({"x": "word"}, "must return numbers, got x"),
        ({"x": 1j}, "must return numbers, got x"),
        ({"a": 1.0}, "reuse the name 'a'"),
        ({"status": 1.0}, "reuse the name 'status'"),
        ({"x": xr.DataArray([1.0], dims="a")}, "reuse the name 'a' for x"),
        ({"x": labeled("aab")}, "must label odor of x with different numbers or texts"),
        ({"a/b": 1.0}, "names without '/' and '.' first, got 'a/b'"),
        ({"..": 1.0}, "names without '/' and '.' first"),
        ({"x": labeled("ab", scale_factor=2.0)}, "must not give x the attribute 'scale_factor'"),
        ({"x": labeled("ab", units="days since 2000-01-01")}, "decodes as a date"),
    ],
)
def test_unusable_measurements_are_failures(values, message):
    record = json.loads(evaluate(lambda a, rng: values, Point({"a": 1}, 0), 0))
    assert message in record["failure"]


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Panic(BaseException):
    """What libraries in other languages raise."""


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (RuntimeError("two\nlines"), "RuntimeError: two lines"),
        (ValueError("x" * 10**6), "ValueError: xxx"),
        (ValueError("bell \x07 and \x1b[31mred"), "ValueError: bell ? and ?[31mred"),
        (Speechless(), "Speechless: (no message)"),
        (SystemExit("enough"), "SystemExit: enough"),
        (Panic("help"), "Panic: help"),
    ],
)
def test_an_error_becomes_a_record_of_one_line(error, failure):
    def fail(rng):
        raise error

    line = evaluate(fail, Point({}, 0), 0)
    record = json.loads(line)
    assert record["failure"].startswith(failure)
    assert "in fail" in record["traceback"]
    assert "\n" not in line
    assert len(line) < 13_000


def test_an_interrupt_is_not_recorded():
    def interrupted(rng):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(interrupted, Point({}, 0), 0)
