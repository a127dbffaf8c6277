"""Input validation: every error names the parameter, the rule and the value.

Called once, in the public function or record that takes the input.
"""

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

FloatArray = NDArray[np.float64]
Seed = np.random.Generator | int | None  # what the keyword rng takes everywhere


def matrix(
    name: str,
    values: ArrayLike,
    *,
    nonnegative: bool = False,
    n_rows: int | None = None,
    n_columns: int | None = None,
) -> FloatArray:
    """Return ``values`` as a finite float array (n_samples, n_features), both at least 1.

    SciPy's sparse arrays are made dense.
    """
    dims = getattr(values, "dims", ())
    if "odor" in dims[1:]:
        raise ValueError(f"{name} must have its odors first, got dimensions {dims}")
    dense: Any = values.toarray() if issparse(values) else values  # type: ignore[union-attr]
    array = _floats(name, dense, "a table of numbers", type(values).__name__)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"{name} must be 2-D with at least one row and column, got shape {array.shape}"
        )
    for axis, n, entries in ((0, n_rows, "rows"), (1, n_columns, "columns")):
        if n is not None and array.shape[axis] != n:
            raise ValueError(f"{name} must have {n} {entries}, got {array.shape[axis]}")
    return _finite(name, array, nonnegative)


def vector(
    name: str, values: ArrayLike, *, nonnegative: bool = False, length: int | None = None
) -> FloatArray:
    """Return ``values`` as a finite float array of shape (n_entries,), at least one entry long."""
    array = _floats(name, values, "a list of numbers")
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be 1-D with at least one entry, got shape {array.shape}")
    if length is not None and len(array) != length:
        raise ValueError(f"{name} must have {length} entries, got {len(array)}")
    return _finite(name, array, nonnegative)


def array(name: str, values: ArrayLike, n_dims: int) -> FloatArray:
    """Return ``values`` as a finite float array of ``n_dims`` dimensions, none of them empty."""
    numbers = _floats(name, values, "an array of numbers", type(values).__name__)
    if numbers.ndim != n_dims or 0 in numbers.shape:
        raise ValueError(
            f"{name} must have {n_dims} dimensions, none of them empty, got shape {numbers.shape}"
        )
    return _finite(name, numbers, False)


def for_each(name: str, values: ArrayLike, n: int) -> FloatArray:
    """Return ``n`` finite numbers, from one number for all or ``n`` of them."""
    (numbers,) = broadcast(**{name: values})
    if numbers.shape not in ((), (n,)):
        raise ValueError(f"{name} must have {n} entries, got shape {numbers.shape}")
    return vector(name, np.broadcast_to(numbers, n))


def broadcast(**given: ArrayLike) -> tuple[FloatArray, ...]:
    """Return arrays of numbers, of any shapes, broadcast against each other."""
    arrays = [_floats(name, values, "numbers") for name, values in given.items()]
    try:
        return tuple(np.broadcast_arrays(*arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(f"{', '.join(given)} must have shapes that fit, got {shapes}") from None


def at_least(minimum: float, /, **given: ArrayLike) -> tuple[FloatArray, ...]:
    """Return arrays of numbers, broadcast, finite and none of them below ``minimum``."""
    arrays = broadcast(**given)
    for name, array in zip(given, arrays, strict=True):
        bad = array[~(np.isfinite(array) & (array >= minimum))]
        if bad.size:
            raise ValueError(f"{name} must be finite and at least {minimum:g}, got {bad.flat[0]:g}")
    return arrays


def within(name: str, values: ArrayLike, low: float, high: float, ends: str = "[]") -> FloatArray:
    """Return ``values`` as a float array of any shape, all of it between ``low`` and ``high``.

    ``ends`` says which ends belong to the range: both for "[]", neither for "()".
    """
    array = _floats(name, values, "numbers")
    above = array >= low if ends[0] == "[" else array > low
    below = array <= high if ends[1] == "]" else array < high
    if not (legal := above & below).all():
        bad = array[~legal].flat[0]
        raise ValueError(f"{name} must be in {ends[0]}{low:g}, {high:g}{ends[1]}, got {bad:g}")
    return array


def require_finite(name: str, array: FloatArray) -> None:
    """Raise if ``array`` holds NaN or infinity, and name the position of the first one."""
    bad = ~np.isfinite(array)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{name} must be finite, got {array[index]} at {index}")


def count(name: str, value: Any, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Return ``value`` as an integer in [minimum, maximum]."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be an integer, got {value!r}") from None
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {number}")
    return number


def counts(
    name: str, values: ArrayLike, *, minimum: int = 1, maximum: int | None = None
) -> NDArray[np.int64]:
    """Return ``values`` as an integer array of any shape, all of it in [minimum, maximum]."""
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, got {values!r}")
    if array.min(initial=minimum) < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {array.min()}")
    if maximum is not None and array.max(initial=minimum) > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {array.max()}")
    return array.astype(np.int64)


def finite(name: str, value: Any) -> float:
    """Return ``value`` as a float that is neither infinite nor NaN."""
    return _real(name, value)


def positive(name: str, value: Any) -> float:
    """Return ``value`` as a finite float above 0."""
    number = _real(name, value)
    if not number > 0:
        raise ValueError(f"{name} must be positive, got {number:g}")
    return number


def nonnegative(name: str, value: Any) -> float:
    """Return ``value`` as a finite float of at least 0."""
    number = _real(name, value)
    if number < 0:
        raise ValueError(f"{name} must be non-negative, got {number:g}")
    return number


def fraction(name: str, value: Any, ends: str = "(]") -> float:
    """Return ``value`` as a float between 0 and 1, with ``ends`` as for :func:`within`."""
    return float(within(name, _real(name, value), 0, 1, ends))


def flag(name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False; "no" would count as True."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def one_of(name: str, value: Any, *, known: Iterable[Any]) -> Any:
    """Return ``value`` if it is among those known."""
    if value not in (known := list(known)):
        raise ValueError(f"{name} must be one of {', '.join(map(str, known))}, got {value!r}")
    return value


def _finite(name: str, array: FloatArray, nonnegative: bool) -> FloatArray:
    require_finite(name, array)
    if nonnegative and array.min() < 0:
        raise ValueError(f"{name} must be non-negative, got a smallest entry of {array.min():g}")
    return array


def _floats(name: str, values: Any, rule: str, got: str = "") -> FloatArray:
    """Return ``values`` as doubles, if doubles can hold them as they are."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} must not have masked entries, got {np.ma.getmask(values).sum()}")
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO":
            raise TypeError("no real numbers")
        array = given.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        # Printing a large array takes longer than most computations with it.
        raise ValueError(f"{name} must be {rule}, got {got or repr(values)}") from error
    if not _held(given, array):
        raise ValueError(f"{name} must be numbers that doubles can hold, got {given.dtype} beyond")
    return array


def _held(given: NDArray[Any], array: FloatArray) -> bool:
    """Whether doubles lost nothing of integers and of long floating-point numbers."""
    if given.dtype.kind == "f":
        return given.dtype.itemsize <= 8 or bool(((array == given) | np.isnan(given)).all())
    if given.dtype.kind == "b" or np.abs(array).max(initial=0.0) < 2.0**53:
        return True
    pairs = zip(given.ravel().tolist(), array.ravel().tolist(), strict=True)
    return all(float_ == value for value, float_ in pairs if isinstance(value, int))


def _real(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, got {value!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}")
    return number
