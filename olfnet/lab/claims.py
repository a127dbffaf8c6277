"""What a claim is: a statement with its source, an expected value, a simulation, and a control.

A file of claims holds functions with the decorator `claim`, each of which is the simulation of one
result or of a family of results; `olfnet.lab.register` checks them.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from functools import partial
from typing import Any, SupportsFloat, TypeVar

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

CONFIDENCE = 0.999


class Status(Enum):
    """What kind of truth a claim has."""

    EXACT = "exact"
    ASYMPTOTIC = "asymptotic"
    ORDERING = "ordering"
    QUALIFIED = "qualified"
    NOT_REPRODUCIBLE = "not reproducible"


@dataclass(frozen=True)
class Measured:
    """A measured number with its interval."""

    value: float
    low: float
    high: float

    @classmethod
    def number(cls, value: float, error: float = 0.0) -> "Measured":
        """Return what involves no chance; ``error`` is the rounding of a published number."""
        return cls(float(value), float(value) - error, float(value) + error)

    @classmethod
    def mean(cls, samples: ArrayLike) -> "Measured":
        """Mean of independent samples, with Student's interval."""
        samples = np.asarray(samples, dtype=float)
        value, error = samples.mean(), scipy.stats.sem(samples)
        half_width = error * scipy.stats.t.ppf((1 + CONFIDENCE) / 2, samples.size - 1)
        return cls(float(value), float(value - half_width), float(value + half_width))

    @classmethod
    def variance(cls, samples: ArrayLike) -> "Measured":
        """Variance of independent samples, with the interval of their fourth moment."""
        samples = np.asarray(samples, dtype=float)
        return cls.mean((samples - samples.mean()) ** 2 * samples.size / (samples.size - 1))

    @classmethod
    def standard_deviation(cls, samples: ArrayLike) -> "Measured":
        """Return the standard deviation of independent samples."""
        variance = cls.variance(np.ravel(samples))
        low = max(variance.low, 0.0)
        return cls(variance.value**0.5, low**0.5, variance.high**0.5)

    @classmethod
    def fraction(cls, n_successes: int, n_trials: int) -> "Measured":
        """Fraction of successes, with the exact binomial interval."""
        test = scipy.stats.binomtest(int(n_successes), int(n_trials))
        interval = test.proportion_ci(CONFIDENCE)
        return cls(n_successes / n_trials, float(interval.low), float(interval.high))

    @classmethod
    def ratio(cls, above: ArrayLike, below: ArrayLike) -> "Measured":
        """Ratio of two sums of paired terms, with the jackknife's interval.

        Of arrays of shape (n_ratios, n_terms), the mean ratio of the sums of rows.  Each term has
        a pseudo-value, all of which together stand for a sample of independent values (Tukey 1958,
        Ann. Math. Stat. 29:614).
        """
        above, below = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
        sums = above.sum(axis=-1, keepdims=True), below.sum(axis=-1, keepdims=True)
        left_out = (sums[0] - above) / (sums[1] - below)
        n_terms = above.shape[-1]
        return cls.mean(np.ravel(n_terms * sums[0] / sums[1] - (n_terms - 1) * left_out))


Expected = float | Callable[..., SupportsFloat]
Simulation = Callable[..., Measured]
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Claim:
    """One result, with everything that is needed to check it.

    Parameters
    ----------
    key : str
        The result's number in the list of references and a word, such as ``R1.mean``.
    statement, equation : str
        What is claimed, and the formula, if there is one.
    expected : float or callable () -> float
        What theory says, or was published; of an ordering, the value that must be exceeded.
    simulation : callable (n_samples, rng) -> Measured
    control : callable (n_samples, rng) -> Measured
        Something to which the claim does not apply; it must be refused.
    systems : tuple of str
        Parts of the package that it concerns, such as ``S14``.
    source : str
        By whom it is claimed.
    status : Status
    n_samples, n_quick : int
        Samples in full, and in a quick trial; the control always takes the latter.
    allowance : float
        What a finite size, or the rounding of a published number, may add to the interval.
    remark : str
        Qualifications, and where the allowance comes from.

    Raises
    ------
    ValueError
        If the key is no reference and word, or source or systems are missing, or the remark of a
        claim that is qualified or not reproducible.
    """

    key: str
    statement: str
    equation: str
    expected: Expected
    simulation: Simulation
    control: Simulation
    _: KW_ONLY
    systems: tuple[str, ...]
    source: str
    status: Status = Status.EXACT
    n_samples: int = 1
    n_quick: int = 1
    allowance: float = 0.0
    remark: str = ""

    def __post_init__(self) -> None:
        letter, number, word = self.key[:1], self.reference[1:], self.key.partition(".")[2]
        if not (letter.isupper() and number.isdecimal() and word):
            raise ValueError(f"key must be a reference and a word as in R1.mean, got {self.key!r}")
        for name in ("statement", "source", "systems"):
            if not getattr(self, name):
                raise ValueError(f"{name} of claim {self.key} must not be empty")
        if self.status in (Status.QUALIFIED, Status.NOT_REPRODUCIBLE) and not self.remark:
            raise ValueError(f"claim {self.key} is {self.status.value} and must have a remark")

    @property
    def reference(self) -> str:
        """Number of the result in the list of references."""
        return self.key.partition(".")[0]

    def predicted(self) -> float:
        """Return the expected value."""
        return float(self.expected() if callable(self.expected) else self.expected)

    def agrees(self, measured: Measured) -> bool:
        """Whether a measurement bears the claim out, or its status if it is not reproducible."""
        if self.status is Status.ORDERING:
            return measured.low > self.predicted()
        low, high = measured.low - self.allowance, measured.high + self.allowance
        inside = low <= self.predicted() <= high
        return not inside if self.status is Status.NOT_REPRODUCIBLE else inside


def claim(
    key: str,
    expected: Expected,
    equation: str | Callable[..., str] = "",
    *,
    control: Mapping[str, Any] | Callable[..., Any],
    source: str,
    systems: Sequence[str],
    cases: Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]] = ({},),
    samples: tuple[int, int] | Callable[..., tuple[int, int]] = (1, 1),
    status: Status = Status.EXACT,
    allowance: float | Callable[..., float] = 0.0,
    statement: str = "",
    remark: str = "",
) -> Callable[[_Function], _Function]:
    """Make a function the simulation of a claim, or of one claim for each of several cases.

    The function takes a number of samples ``n``, a random generator ``rng`` (neither if nothing is
    random) and the arguments of the case.  It returns a `Measured`, a number that involves no
    randomness, or an array of independent samples whose mean is claimed.  A function that takes a
    ``stream`` instead returns one sample, and is called with n independent generators.

    The first paragraph of its docstring is the statement, followed by the equation between dollar
    signs; the rest is the remark.  Decorators can be stacked.

    Parameters
    ----------
    key, source : str
        See `Claim`.  In key, source, statement and remark, ``{name}`` and ``{name:g}`` stand for
        arguments of the case, default arguments of the function or constants of its file, and
        ``{expected}`` for the expected value; a brace is written twice.
    expected : float or callable (case) -> float
    equation : str or callable (case) -> str
        In place of that in the docstring.
    control : mapping, or callable (n, rng, case) -> Measured, or (case) -> mapping
        Arguments that replace those of the case, and perhaps ``n``, or another simulation.
    systems : sequence of str
    cases : sequence of mappings, or mapping
        One mapping a claim; or names separated by commas with their values in each case, as in
        ``{"n_dims, n_patterns": [(5, 8), (10, 15)]}``.  Each function is called with those
        arguments that it takes; others may stand in the texts.
    samples : tuple (n_samples, n_quick), or callable (case) -> tuple
    status : Status
    allowance : float or callable (case) -> float
        A function may also take the expected value, as ``expected``.
    statement, remark : str
        In place of those in the docstring.

    Returns
    -------
    callable
        The decorator; it leaves the function as it is.

    Examples
    --------
    >>> @claim("R0.coin", 0.5, control={"bias": 0.9}, source="Bernoulli", systems=["S0"])
    ... def heads(n, rng, bias=0.5):
    ...     '''A fair coin shows heads half the time. $p = 1 / 2$'''
    ...     return Measured.fraction(rng.binomial(1000, bias), 1000)
    >>> (coin,) = heads.claims
    >>> coin.statement, coin.equation, coin.agrees(coin.control(1, np.random.default_rng(0)))
    ('A fair coin shows heads half the time', 'p = 1 / 2', False)
    """

    def decorated(function: _Function) -> _Function:
        first, _, rest = inspect.cleandoc(function.__doc__ or "").partition("\n\n")
        first, _, formula = first.rstrip("$").partition("$")
        parameters = inspect.signature(function).parameters
        known = dict(getattr(function, "__globals__", {}))
        known |= {name: parameter.default for name, parameter in parameters.items()}
        made = []
        for case in _listed(cases):
            value = partial(_call, expected, case) if callable(expected) else float(expected)
            given = {**case, "expected": _Lazy(value)}
            sizes = _call(samples, case) if callable(samples) else samples
            words = {**known, **given}

            def text(template: str, words: Mapping[str, Any] = words) -> str:
                return " ".join(template.split()).format_map(words)

            made.append(
                Claim(
                    text(key),
                    text(statement or first.rstrip(". \n")),
                    _call(equation, case) if callable(equation) else equation or formula,
                    value,
                    partial(_simulate, function, case, {}),
                    _control(function, control, case),
                    systems=tuple(systems),
                    source=text(source),
                    status=status,
                    n_samples=sizes[0],
                    n_quick=sizes[1],
                    allowance=_call(allowance, given) if callable(allowance) else allowance,
                    remark=text(remark or rest),
                )
            )
        # The decorator nearest to the function is applied first.
        function.claims = (*made, *getattr(function, "claims", ()))  # type: ignore[attr-defined]
        return function

    return decorated


def _listed(
    cases: Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]],
) -> Sequence[Mapping[str, Any]]:
    if not isinstance(cases, Mapping):
        return cases
    ((names, values),) = cases.items()
    if "," not in names:
        return [{names: value} for value in values]
    return [dict(zip(names.split(", "), value, strict=True)) for value in values]


def _control(
    function: Callable[..., Any],
    control: Mapping[str, Any] | Callable[..., Any],
    case: Mapping[str, Any],
) -> Simulation:
    if callable(control) and list(inspect.signature(control).parameters)[:2] == ["n", "rng"]:
        return partial(_simulate, control, case, {})
    changed = _call(control, case) if callable(control) else control
    if not isinstance(changed, Mapping):
        raise ValueError(f"control must be a mapping or a simulation, got {changed!r}")
    return partial(_simulate, function, case, changed)


def _simulate(
    function: Callable[..., Any],
    case: Mapping[str, Any],
    changed: Mapping[str, Any],
    n: int,
    rng: np.random.Generator,
) -> Measured:
    changed = dict(changed)
    n = changed.pop("n", n)  # some controls need fewer samples
    if "stream" in inspect.signature(function).parameters:
        arguments = {**_taken(function, case), **changed}
        return Measured.mean([function(stream=stream, **arguments) for stream in rng.spawn(n)])
    result = function(**{**_taken(function, {"n": n, "rng": rng, **case}), **changed})
    if isinstance(result, Measured):
        return result
    return Measured.mean(result) if np.ndim(result) else Measured.number(result)


def _call(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    taken = _taken(function, arguments)
    return function(**{k: v.number() if isinstance(v, _Lazy) else v for k, v in taken.items()})


def _taken(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those of the arguments that a function takes."""
    if not arguments:  # of some functions in C no signature is known
        return arguments
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return arguments
    return {name: value for name, value in arguments.items() if name in parameters}


class _Lazy:
    """A value that is computed only if a text or an allowance asks for it."""

    def __init__(self, value: Expected) -> None:
        self.value = value

    def number(self) -> float:
        return float(self.value() if callable(self.value) else self.value)

    def __format__(self, spec: str) -> str:
        return format(self.number(), spec)
