"""Input validation: what is taken, and the one sentence for what is not."""

from functools import partial

import numpy as np
import pytest
from scipy.sparse import csr_array
from xarray import DataArray

from olfnet import checks

NAN = np.nan
ROWS = np.array([[1, 2], [3, 4]])
MASKED = np.ma.masked_equal([1, 2], 2)
UNIT = partial(checks.within, low=0, high=1)
OPEN = partial(checks.within, low=0, high=1, ends="()")


@pytest.mark.parametrize("values", [ROWS, ROWS.tolist(), csr_array(ROWS), DataArray(ROWS)])
def test_tables_of_any_kind_become_arrays(values):
    table = checks.matrix("x", values, n_rows=2, n_columns=2, nonnegative=True)
    assert table.dtype == np.float64
    np.testing.assert_array_equal(table, ROWS)


@pytest.mark.parametrize(
    ("check", "value", "result"),
    [
        (checks.vector, [1, True, 2.5], [1.0, 1.0, 2.5]),
        (partial(checks.for_each, n=3), 2, [2.0, 2.0, 2.0]),
        (UNIT, [[0, 1]], [[0.0, 1.0]]),
        (partial(checks.within, low=0, high=np.inf, ends="()"), 1e-300, 1e-300),
        (partial(checks.counts, minimum=0), [[0], [3]], [[0], [3]]),
        (checks.counts, 5, 5),
        (checks.counts, [], []),
        (checks.count, np.int32(5), 5),
        (checks.finite, "1.5", 1.5),
        (partial(checks.fraction, ends="[]"), 0, 0.0),
        (checks.flag, np.True_, True),
        (partial(checks.one_of, known="ab"), "b", "b"),
    ],
)
def test_what_is_allowed_is_returned(check, value, result):
    np.testing.assert_array_equal(check("x", value), result)


def test_arrays_are_broadcast():
    one, two = checks.broadcast(one=[1, 2], two=[[3], [4]])
    assert one.shape == two.shape == (2, 2)
    (least,) = checks.at_least(1, x=[1, 2])
    np.testing.assert_array_equal(least, [1, 2])


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (checks.matrix, [1, 2], r"x must be 2-D with at least one row .* shape \(2,\)"),
        (checks.matrix, np.ones((0, 2)), r"x must be 2-D .*, got shape \(0, 2\)"),
        (checks.matrix, [[1, NAN]], r"x must be finite, got nan at \(0, 1\)"),
        (checks.matrix, [["a"]], "x must be a table of numbers, got list"),
        (checks.matrix, [[1, 2], [3]], "x must be a table of numbers, got list"),
        (checks.matrix, [[2**70 + 1]], "x must be numbers that doubles can hold, got object"),
        (checks.matrix, DataArray(ROWS, dims=["unit", "odor"]), "x must have its odors first"),
        (partial(checks.matrix, n_rows=3), ROWS, "x must have 3 rows, got 2"),
        (partial(checks.matrix, n_columns=3), ROWS, "x must have 3 columns, got 2"),
        (partial(checks.matrix, nonnegative=True), -ROWS, "x must be non-negative, got .* -4"),
        (checks.vector, [], r"x must be 1-D with at least one entry, got shape \(0,\)"),
        (checks.vector, [1j], r"x must be a list of numbers, got \[1j\]"),
        (checks.vector, MASKED, "x must not have masked entries, got 1"),
        (partial(checks.vector, length=3), [1, 2], "x must have 3 entries, got 2"),
        (partial(checks.vector, nonnegative=True), [-1], "x must be non-negative, got .* -1"),
        (partial(checks.for_each, n=3), [1, 2], r"x must have 3 entries, got shape \(2,\)"),
        (lambda *x: checks.at_least(1, x=x[1]), [2, 0.5], "x must be .* at least 1, got 0.5"),
        (lambda *x: checks.broadcast(x=x[1], y=[1, 2, 3]), [1, 2], "x, y must have shapes"),
        (UNIT, [0.5, 2], r"x must be in \[0, 1\], got 2"),
        (OPEN, [0.5, 1], r"x must be in \(0, 1\), got 1"),
        (UNIT, NAN, r"x must be in \[0, 1\], got nan"),
        (checks.counts, [1, 2.5], r"x must be integers, got \[1, 2.5\]"),
        (checks.counts, [2, 0], "x must be at least 1, got 0"),
        (partial(checks.counts, maximum=4), [2, 5], "x must be at most 4, got 5"),
        (checks.count, 2.0, "x must be an integer, got 2.0"),
        (checks.count, 0, "x must be at least 1, got 0"),
        (partial(checks.count, maximum=4), 5, "x must be at most 4, got 5"),
        (checks.finite, "a", "x must be a number, got 'a'"),
        (checks.finite, np.inf, "x must be finite, got inf"),
        (checks.positive, 0, "x must be positive, got 0"),
        (checks.nonnegative, -1, "x must be non-negative, got -1"),
        (checks.fraction, 0, r"x must be in \(0, 1\], got 0"),
        (checks.fraction, [0.1, 0.2], r"x must be a number, got \[0.1, 0.2\]"),
        (checks.flag, "no", "x must be True or False, got 'no'"),
        (partial(checks.one_of, known="ab"), "c", "x must be one of a, b, got 'c'"),
    ],
)  # fmt: skip
def test_what_is_not_gets_one_sentence(check, value, message):
    with pytest.raises(ValueError, match=message):
        check("x", value)
