"""What a claim is: a statement with its source, a closed form, a simulation, and a way to fail."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import SupportsFloat

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
        reach = error * scipy.stats.t.ppf((1 + CONFIDENCE) / 2, samples.size - 1)
        return cls(float(value), float(value - reach), float(value + reach))

    @classmethod
    def variance(cls, samples: ArrayLike) -> "Measured":
        """Variance of independent samples, with the interval of their fourth moment."""
        samples = np.asarray(samples, dtype=float)
        return cls.mean((samples - samples.mean()) ** 2 * samples.size / (samples.size - 1))

    @classmethod
    def spread(cls, samples: ArrayLike) -> "Measured":
        """Return the standard deviation of independent samples."""
        variance = cls.variance(np.ravel(samples))
        low = max(variance.low, 0.0)
        return cls(variance.value**0.5, low**0.5, variance.high**0.5)

    @classmethod
    def share(cls, n_successes: int, n_trials: int) -> "Measured":
        """Share of successes, with the exact binomial interval."""
        test = scipy.stats.binomtest(int(n_successes), int(n_trials))
        interval = test.proportion_ci(CONFIDENCE)
        return cls(n_successes / n_trials, float(interval.low), float(interval.high))


ClosedForm = float | Callable[[], SupportsFloat]
Simulation = Callable[[int, np.random.Generator], Measured]


@dataclass(frozen=True)
class Claim:
    """One result, with everything that is needed to check it.

    Parameters
    ----------
    key : str
        The result's number in the list of references and a word, such as ``R1.mean``.
    statement, equation : str
        What is claimed, and the formula, if there is one.
    closed_form : float or callable () -> float
        What theory says, or was published; of an ordering, the value that must be exceeded.
    simulation : callable (n_samples, rng) -> Measured
    control : callable (n_samples, rng) -> Measured
        Something to which the claim does not apply; it must be found wrong.
    systems : tuple of str
        Parts of the package that it concerns, such as ``S14``.
    source : str
        By whom it is claimed.
    status : Status
    n_samples, n_quick : int
        Samples in full, and in a quick trial.
    allowance : float
        What a finite size, or the rounding of a published number, may add to the interval.
    remark : str
        Qualifications, and where the allowance comes from.
    """

    key: str
    statement: str
    equation: str
    closed_form: ClosedForm
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

    @property
    def reference(self) -> str:
        """Number of the result in the list of references."""
        return self.key.partition(".")[0]

    def predicted(self) -> float:
        """Return the value of the closed form."""
        form = self.closed_form
        return float(form() if callable(form) else form)

    def agrees(self, measured: Measured) -> bool:
        """Whether a measurement bears the claim out, or its status if it is not reproducible."""
        if self.status is Status.ORDERING:
            return measured.low > self.predicted()
        low, high = measured.low - self.allowance, measured.high + self.allowance
        inside = low <= self.predicted() <= high
        return not inside if self.status is Status.NOT_REPRODUCIBLE else inside


@dataclass(frozen=True)
class Outcome:
    """A claim after its examination."""

    claim: Claim
    predicted: float
    measured: Measured
    holds: bool
    seconds: float

    @property
    def verdict(self) -> str:
        """In one word or two."""
        if not self.holds:
            return "fails"
        return "not reproducible" if self.claim.status is Status.NOT_REPRODUCIBLE else "holds"
