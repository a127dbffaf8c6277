"""How recall is reported: recalled fraction against load, with intervals, and in words."""

from dataclasses import dataclass

import numpy as np
import scipy.stats
import xarray
from scipy.optimize import isotonic_regression

from olfnet import checks
from olfnet.capacity.curves import IntArray, in_words, labeled, proportion
from olfnet.checks import FloatArray


@dataclass(frozen=True, eq=False)
class RecallCurve:
    """Recalled fraction of random associations against the number of patterns.

    Attributes
    ----------
    n_patterns : int array of shape (n_loads,)
    recalled : array of shape (n_trials, n_loads)
        Fraction of associations that are right, in each trial.
    n_tests : int
        Tests of each association in each trial.
    n_dims : int
        Rank of the patterns of the first trial.
    rule : str
        The learning rule, with its parameters.
    error : float
        Fraction of wrong answers at which capacity is read.
    n_learned : int or None
        Trials of each pattern that were learned, where the others were tested; None where the
        learned patterns themselves were.
    label_fraction : float
        How likely each label is positive.
    """

    n_patterns: IntArray
    recalled: FloatArray
    n_tests: int
    n_dims: int
    rule: str
    error: float
    n_learned: int | None = None
    label_fraction: float = 0.5

    def __post_init__(self) -> None:
        sizes = checks.integers("n_patterns", self.n_patterns)
        if not sizes.size or not (np.diff(sizes, prepend=0) > 0).all():
            raise ValueError(f"n_patterns must be positive and rise, got {sizes}")
        recalled = checks.matrix("recalled", self.recalled, nonnegative=True)
        if recalled.shape[1] != sizes.size or recalled.max() > 1:
            raise ValueError(
                f"recalled must be fractions, {sizes.size} for each trial, got shape "
                f"{recalled.shape} and {recalled.max():g} at most"
            )
        object.__setattr__(self, "n_patterns", sizes)
        object.__setattr__(self, "recalled", recalled)
        checks.count("n_tests", self.n_tests)
        checks.count("n_dims", self.n_dims)

    @property
    def definition(self) -> str:
        """What is counted, and at which level capacity is read."""
        labels = in_words(self.label_fraction)
        where = f", on trials after {self.n_learned} others" if self.n_learned else ""
        return (
            f"{1 - self.error:g} of all random associations{labels} are recalled by "
            f"{self.rule}{where}"
        )

    @property
    def n_trials(self) -> int:
        """Independent panels with labels."""
        return len(self.recalled)

    @property
    def load(self) -> FloatArray:
        """Patterns per dimension, shape (n_loads,)."""
        return self.n_patterns / self.n_dims

    @property
    def fraction(self) -> FloatArray:
        """Recalled fraction at each load, mean of all trials, shape (n_loads,)."""
        return np.asarray(self.recalled.mean(axis=0))

    def interval(self, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Interval of the fraction at each load, low and high.

        Student's over trials, and never narrower than the exact binomial one of all tests together,
        so that a rule without any mistake does not look certain.
        """
        confidence = checks.fraction("confidence", confidence)
        n_each = self.n_patterns * self.n_tests
        right = np.rint(self.recalled * n_each).sum(axis=0).astype(int)
        exact = [
            proportion(int(k), int(n), confidence)
            for k, n in zip(right, n_each * self.n_trials, strict=True)
        ]
        low, high = np.transpose(exact)
        if self.n_trials > 1 and confidence < 1:
            reach = scipy.stats.t.ppf((1 + confidence) / 2, self.n_trials - 1)
            reach = reach * scipy.stats.sem(self.recalled, axis=0)
            low = np.minimum(low, np.clip(self.fraction - reach, 0, 1))
            high = np.maximum(high, np.clip(self.fraction + reach, 0, 1))
        return low, high

    @property
    def capacity(self) -> float:
        """Load at which the recalled fraction falls below 1 - error.

        The measured fractions are made to fall with the load first, by isotonic regression: chance
        would otherwise make the first of many loads cross too early.

        Raises
        ------
        ValueError
            If the measured fractions do not get there, or start below.
        """
        found = self._crossing(self.fraction)
        if not 0 < found < np.inf:
            raise ValueError(
                f"n_patterns must reach from loads where {1 - self.error:g} are recalled to loads "
                f"where fewer are, got fractions from {self.fraction[0]:g} to "
                f"{self.fraction[-1]:g}"
            )
        return found

    def capacity_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Find the loads at which the ends of the interval cross; 0 or infinite if they do not."""
        low, high = self.interval(confidence)
        return self._crossing(low), self._crossing(high)

    def _crossing(self, fraction: FloatArray) -> float:
        weights = self.n_patterns.astype(float)
        fraction = isotonic_regression(fraction, weights=weights, increasing=False).x
        below = np.flatnonzero(fraction < 1 - self.error)
        if not below.size:
            return np.inf
        if below[0] == 0:
            return 0.0
        at = slice(below[0] - 1, below[0] + 1)
        return float(np.interp(self.error, 1 - fraction[at], self.load[at]))

    def to_xarray(self, confidence: float = 0.95) -> xarray.Dataset:
        """Labeled dataset along ``n_patterns`` with load, fraction and its interval."""
        recalled = (("trial", "n_patterns"), self.recalled, {"meaning": "of each trial"})
        about = {
            "n_tests": self.n_tests,
            "rule": self.rule,
            "error": self.error,
            **({} if self.n_learned is None else {"n_learned": self.n_learned}),
        }
        return labeled(self, confidence, "recalled fraction", {"recalled": recalled}, about)
