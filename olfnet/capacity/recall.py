"""Recall of random associations by a learning rule, on learned patterns or on new trials.

``measure_capacity`` decides whether any readout could do it; here one rule has to.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray
from numpy.random import SeedSequence
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression
from sklearn.base import BaseEstimator, clone, is_classifier

from olfnet import checks
from olfnet.capacity._curves import (
    IntArray,
    dataset,
    half_width,
    labels_in_words,
    proportion,
    rising,
)
from olfnet.capacity._random_labels import (
    Draw,
    rank,
    require_callable,
    require_number,
    run,
    seeds_of,
    sizes_of,
)
from olfnet.checks import FloatArray, Seed


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
        Rank of the patterns, as for :class:`CapacityCurve`.
    rule : str
        The learning rule, with its parameters.
    error : float
        Fraction of wrong labels at which capacity is read.
    n_learned : int or None
        Trials of each pattern that were learned, where the others were tested; None where the
        learned patterns themselves were.
    label_fraction : float
        Probability that a label is positive.
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
        sizes = rising(self.n_patterns)
        recalled = checks.matrix("recalled", self.recalled, n_columns=sizes.size)
        object.__setattr__(self, "n_patterns", sizes)
        object.__setattr__(self, "recalled", checks.within("recalled", recalled, 0, 1))
        checks.count("n_tests", self.n_tests)
        checks.count("n_dims", self.n_dims)

    @property
    def definition(self) -> str:
        """What is counted, and at which level capacity is read."""
        labels = labels_in_words(self.label_fraction)
        tested = f", on trials after {self.n_learned} others" if self.n_learned else ""
        return (
            f"{1 - self.error:g} of all random associations{labels} are recalled by "
            f"{self.rule}{tested}"
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
            width = half_width(self.recalled, confidence)
            low = np.minimum(low, np.clip(self.fraction - width, 0, 1))
            high = np.maximum(high, np.clip(self.fraction + width, 0, 1))
        return low, high

    @property
    def capacity(self) -> float:
        """Load at which the recalled fraction falls below 1 - error.

        The measured fractions are made to fall with the load first, by isotonic regression:
        otherwise the first of many loads would cross too early by chance.

        Raises
        ------
        ValueError
            If the measured fractions do not get there, or start below.
        """
        capacity = self._crossing(self.fraction)
        if not 0 < capacity < np.inf:
            raise ValueError(
                f"n_patterns must reach from loads where {1 - self.error:g} are recalled to loads "
                f"where fewer are, got fractions from {self.fraction[0]:g} to "
                f"{self.fraction[-1]:g}"
            )
        return capacity

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
        both = slice(below[0] - 1, below[0] + 1)
        return float(np.interp(self.error, 1 - fraction[both], self.load[both]))

    def to_xarray(self, confidence: float = 0.95) -> xarray.Dataset:
        """Labeled dataset along ``n_patterns`` with load, fraction and its interval."""
        recalled = (("trial", "n_patterns"), self.recalled, {"meaning": "of each trial"})
        attrs = {
            "n_tests": self.n_tests,
            "rule": self.rule,
            "error": self.error,
            **({} if self.n_learned is None else {"n_learned": self.n_learned}),
        }
        return dataset(self, confidence, "recalled fraction", {"recalled": recalled}, attrs)


def measure_recall(
    draw: Draw,
    *,
    n_patterns: ArrayLike,
    n_trials: int,
    rule: Any,
    error: float = 0.05,
    n_learned: int | None = None,
    label_fraction: float = 0.5,
    n_workers: int = 1,
    rng: Seed = None,
) -> RecallCurve:
    """Measure how the recalled fraction of random associations falls with the load.

    Parameters
    ----------
    draw : callable (n_patterns, rng) -> array of shape (n_patterns, n_features)
        Draws a new panel of patterns; called once for each trial.  With ``n_learned`` the array has
        shape (n_patterns, n_presentations, n_features): noisy trials of the same patterns.
    n_patterns : int array of shape (n_loads,)
        Numbers of patterns to learn, at least 2, each as the first of the same panel; the curve has
        them in rising order and each once.
    n_trials : int
        Panels with random labels.
    rule : scikit-learn classifier
        Learns anew at each load, such as ``readout.HebbianReadout()``.  Where its ``random_state``
        is None it gets a seed, so that the same ``rng`` gives the same result.
    error : float in (0, 1)
        Fraction of wrong labels at which capacity is read; below that of the rarer label, which a
        constant label would give.
    n_learned : int, optional
        Presentations of each pattern that are learned; the others are tested.  Without it the
        learned patterns themselves are tested.
    label_fraction : float
        Probability that a label is positive; if all are the same, one is turned.
    n_workers : int
        Processes that share the trials, each with one BLAS thread; the result is the same for any
        number.
    rng : seed or Generator

    Returns
    -------
    RecallCurve

    Raises
    ------
    ValueError
        If a number is out of range, the rule is no classifier, or ``draw`` returns patterns of the
        wrong shape.

    Examples
    --------
    >>> from olfnet.readout import HebbianReadout
    >>> curve = measure_recall(
    ...     lambda n, rng: rng.standard_normal((n, 100)),
    ...     n_patterns=[10, 40, 90],
    ...     n_trials=20,
    ...     rule=HebbianReadout(),
    ...     rng=1,
    ... )
    >>> curve.definition
    '0.95 of all random associations are recalled by HebbianReadout()'
    >>> low, high = curve.capacity_interval()
    >>> bool(low < 0.37 < high)  # Phi(1 / sqrt(load)) = .95
    True
    """
    rng = np.random.default_rng(rng)
    if not isinstance(rule, BaseEstimator) or not is_classifier(rule):
        raise ValueError(f"rule must be a scikit-learn classifier, got {rule!r}")
    sizes = sizes_of(n_patterns, minimum=2)
    error = checks.fraction("error", error, "()")
    label_fraction = checks.fraction("label_fraction", label_fraction, "()")
    if error >= (rarer := min(label_fraction, 1 - label_fraction)):
        raise ValueError(f"error must be below {rarer:g}, that of a constant label, got {error:g}")
    trials = _Trials(draw, sizes, rule, n_learned, label_fraction)
    seeds = seeds_of(rng, checks.count("n_trials", n_trials))
    recalled, n_tests, vectors = zip(*run(_trial, seeds, n_workers, trials), strict=True)
    return RecallCurve(
        sizes,
        np.array(recalled),
        n_tests[0],
        rank(vectors),
        " ".join(repr(rule).split()),
        error,
        n_learned,
        label_fraction,
    )


@dataclass(frozen=True, eq=False)
class _Trials:
    """Random associations of drawn patterns, which a rule learns anew at every size."""

    draw: Draw
    sizes: IntArray
    rule: Any
    n_learned: int | None
    label_fraction: float

    def __post_init__(self) -> None:
        require_callable(self.draw)
        if self.n_learned is not None:
            checks.count("n_learned", self.n_learned)

    def presentations(self, rng: np.random.Generator) -> FloatArray:
        """Draw presentations of each pattern, shape (n_patterns, n_presentations, n_features)."""
        n_patterns, name = int(self.sizes[-1]), "draw(n_patterns, rng)"
        drawn = self.draw(n_patterns, rng)
        shape = np.shape(drawn)
        if self.n_learned is None:
            patterns = checks.matrix(name, drawn)[:, None]
        elif len(shape) == 3 and shape[1] > self.n_learned:
            patterns = checks.array(name, drawn, 3)
        else:
            raise ValueError(
                "draw must return an array (n_patterns, n_presentations, n_features) with more "
                f"presentations than n_learned={self.n_learned}, got shape {shape}"
            )
        require_number(patterns, n_patterns)
        return patterns

    def labels(self, n_patterns: int, rng: np.random.Generator) -> IntArray:
        """Draw labels -1 and 1 independently; if all are the same, a random one is turned."""
        labels = np.where(rng.random(n_patterns) < self.label_fraction, 1, -1)
        if abs(labels.sum()) == n_patterns:
            labels[rng.integers(n_patterns)] *= -1
        return labels


def _trial(
    index: int, seed: SeedSequence, trials: _Trials
) -> tuple[list[float], int, FloatArray | None]:
    """Recalled fraction for every size, tests of each pattern, and vectors for the rank."""
    pattern_rng, label_rng, rule_rng = np.random.default_rng(seed).spawn(3)
    rule = _seeded(trials.rule, rule_rng)
    patterns = trials.presentations(pattern_rng)
    n_learned = trials.n_learned or patterns.shape[1]
    learned = patterns[:, :n_learned]
    tested = patterns[:, n_learned:] if trials.n_learned else patterns
    recalled = []
    for n in trials.sizes:
        labels = trials.labels(int(n), label_rng)
        fitted = clone(rule).fit(*_flat(learned[:n], labels))
        tests, targets = _flat(tested[:n], labels)
        recalled.append(float(np.mean(fitted.predict(tests) == targets)))
    n_patterns, _, n_features = patterns.shape
    vectors = patterns[:, 0] if index * n_patterns < n_features else None
    return recalled, tested.shape[1], vectors


def _seeded(rule: Any, rng: np.random.Generator) -> Any:
    """Copy a rule with a seed wherever it would draw its own."""
    unseeded = [
        name
        for name, value in rule.get_params(deep=True).items()
        if name.split("__")[-1] == "random_state" and value is None
    ]
    seeds = {name: int(rng.integers(2**31)) for name in sorted(unseeded)}
    return clone(rule).set_params(**seeds)


def _flat(presentations: FloatArray, labels: IntArray) -> tuple[FloatArray, IntArray]:
    """All presentations as rows, each with the label of its pattern."""
    n_each, n_features = presentations.shape[1:]
    return presentations.reshape(-1, n_features), np.repeat(labels, n_each)
