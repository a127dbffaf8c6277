"""Parameters of a study: their values, and how to read them from a command line."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from olfnet import checks
from olfnet.lab.points import Value, require_unit

_NOUNS = {bool: "true or false", int: "an integer", float: "a finite number", str: "a text"}
_RESERVED = {"rng", "repeat", "status", "failure"}


@dataclass(frozen=True)
class Parameter:
    """A quantity to sweep, with its values, meaning and unit.

    Parameters
    ----------
    name : str
        A keyword of ``measure``.
    values : value or iterable of values
        Swept by default; all of one type, bool, int, float or str.
    meaning : str
        One line for a reader who has not seen the code.
    unit : str
        Empty for counts and pure numbers.
    quick : value or iterable of values, optional
        Swept in a quick trial of the study; by default ``values``.
    check : callable (name, value), optional
        Raises ValueError for a value that makes no sense, before anything runs; for instance
        ``olfnet.checks.fraction``.

    Raises
    ------
    ValueError
        If the name is not an identifier, or a value is missing, repeated, or of another type.

    Examples
    --------
    >>> Parameter("n_units", (50, 100), "units of the expansion").read("200,400")
    (200, 400)
    """

    name: str
    values: Any
    meaning: str
    unit: str = ""
    quick: Any = None
    check: Callable[[str, Any], Any] | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name in _RESERVED:
            raise ValueError(f"a parameter cannot have the name {self.name!r}")
        require_unit(self.unit)
        object.__setattr__(self, "values", _several(self.values))
        object.__setattr__(self, "values", self.accept(self.values))
        quick = self.values if self.quick is None else self.accept(self.quick)
        object.__setattr__(self, "quick", quick)

    @classmethod
    def count(
        cls,
        name: str,
        values: Any,
        meaning: str,
        *,
        quick: Any = None,
        minimum: int = 1,
        maximum: int | None = None,
    ) -> "Parameter":
        """Return a parameter whose values are integers in [minimum, maximum].

        Examples
        --------
        >>> Parameter.count("fan_in", 6, "inputs of each unit", maximum=24).accept(25)
        Traceback (most recent call last):
        ValueError: fan_in must be at most 24, got 25
        """
        check = partial(checks.count, minimum=minimum, maximum=maximum)
        return cls(name, values, meaning, quick=quick, check=check)

    @classmethod
    def fraction(
        cls, name: str, values: Any, meaning: str, *, quick: Any = None, ends: str = "(]"
    ) -> "Parameter":
        """Return a parameter between 0 and 1, with ``ends`` as for `olfnet.checks.within`."""
        return cls(name, values, meaning, quick=quick, check=partial(checks.fraction, ends=ends))

    @classmethod
    def choice(
        cls, name: str, known: Iterable[str], meaning: str, *, quick: Any = None
    ) -> "Parameter":
        """Return a parameter whose values are some of those known; all of them by default."""
        known = tuple(known)
        return cls(name, known, meaning, quick=quick, check=partial(checks.one_of, known=known))

    @property
    def kind(self) -> type[Value]:
        """Type of the values; integers among real numbers are real numbers."""
        kinds = {type(value) for value in self.values}
        return float if kinds == {int, float} else type(self.values[0])

    @property
    def about(self) -> dict[str, str]:
        """Meaning, unit and type, as stored with a result."""
        return {"meaning": self.meaning, "units": self.unit, "kind": self.kind.__name__}

    def accept(self, values: Any) -> tuple[Value, ...]:
        """Return one value or several as a tuple, each of the right type and within its range."""
        accepted = tuple(self._checked(value) for value in _several(values))
        if not accepted:
            raise ValueError(f"{self.name} needs at least one value")
        if len(set(accepted)) < len(accepted):
            raise ValueError(f"{self.name} needs values that differ, got {accepted}")
        return accepted

    def read(self, text: str) -> tuple[Value, ...]:
        """Return the values that a command line gives, separated by commas."""
        return self.accept([_parse(part.strip(), self.kind) for part in text.split(",")])

    def _checked(self, value: Any) -> Any:
        if self.kind is float and type(value) is int:
            value = float(value)
        infinite = isinstance(value, float) and not math.isfinite(value)
        if type(value) is not self.kind or self.kind not in _NOUNS or infinite:
            noun = _NOUNS.get(self.kind, "a bool, int, float or str")
            raise ValueError(f"{self.name} must be {noun}, got {value!r}")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueError(f"{self.name} must be an integer of 64 bits, got {value}")
        if isinstance(value, str) and not value.isprintable():
            raise ValueError(f"{self.name} must be a text of printable characters, got {value!r}")
        if self.check is not None:
            self.check(self.name, value)
        return float(value) + 0.0 if self.kind is float else value  # no negative zero


def _several(values: Any) -> tuple[Any, ...]:
    """One value or an iterable of them as a tuple, NumPy numbers as Python ones."""
    single = isinstance(values, str) or not isinstance(values, Iterable)
    return tuple(getattr(v, "item", lambda v=v: v)() for v in ((values,) if single else values))


def _parse(text: str, kind: type) -> Any:
    """Read ``text`` as ``kind``; what cannot be read stays a text, which is refused later."""
    try:
        return {"true": True, "false": False}[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        return text
