"""Trials behind a measured capacity: random labels for drawn patterns, one seed per trial."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import joblib
import numpy as np
from numpy.random import SeedSequence
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from olfnet import checks
from olfnet.capacity._curves import IntArray
from olfnet.capacity.manifolds.cutting_planes import ellipsoid_prefix, separate_ellipsoids
from olfnet.capacity.manifolds.ellipsoids import Ellipsoids
from olfnet.checks import FloatArray
from olfnet.readout._certify.constraints import Constraints
from olfnet.readout._certify.decision import decide
from olfnet.readout._certify.dichotomy import normal_form
from olfnet.readout._certify.prefix import largest_prefix

Rng = np.random.Generator
Draw = Callable[[int, Rng], ArrayLike]
Panel = FloatArray | Ellipsoids  # arrays of points (2-D) or of clouds of points (3-D)
DrawPanel = Callable[[int, Rng], ArrayLike | Ellipsoids]
Result = TypeVar("Result")


class Span(NamedTuple):
    """Vectors of a panel from which the rank of the patterns is taken, and what a pattern is."""

    vectors: FloatArray | None
    kind: str


@dataclass(frozen=True)
class RandomLabels:
    """Random labels for drawn patterns, and the readout that is to reproduce them.

    Attributes
    ----------
    draw : callable (n_patterns, rng) -> patterns
    constraints : Constraints
        Those on the readout.
    label_fraction : float
        Probability that a label is positive.
    """

    draw: DrawPanel
    constraints: Constraints
    label_fraction: float

    def __post_init__(self) -> None:
        require_callable(self.draw)
        checks.flag("nonnegative", self.constraints.nonnegative)
        checks.fraction("label_fraction", self.label_fraction, "[]")

    def panel(self, n_patterns: int, seed: SeedSequence) -> tuple[Panel, FloatArray]:
        """Draw patterns, and labels from a stream of their own."""
        pattern_rng, label_rng = np.random.default_rng(seed).spawn(2)
        patterns = self.draw(n_patterns, pattern_rng)
        if isinstance(patterns, (list, tuple)):
            with suppress(ValueError):  # rows of different lengths, which are refused below
                patterns = np.asarray(patterns)
        if not isinstance(patterns, Ellipsoids):
            name = "draw(n_patterns, rng)"
            cloud = getattr(patterns, "ndim", 2) == 3
            patterns = checks.array(name, patterns, 3) if cloud else checks.matrix(name, patterns)
        require_number(patterns, n_patterns)
        if self.label_fraction == 0.5:
            return patterns, label_rng.choice([-1.0, 1.0], size=n_patterns)
        return patterns, np.where(label_rng.random(n_patterns) < self.label_fraction, 1.0, -1.0)

    def separates(self, patterns: Panel, labels: FloatArray) -> bool:
        """Whether such a readout gives every pattern its label."""
        if isinstance(patterns, Ellipsoids):
            return separate_ellipsoids(patterns, labels, self.constraints).separable
        return decide(normal_form(*_points(patterns, labels), self.constraints))[0]

    def prefix(self, patterns: Panel, labels: FloatArray) -> int:
        """Largest number of first patterns to which such a readout gives their labels."""
        if isinstance(patterns, Ellipsoids):
            return ellipsoid_prefix(patterns, labels, self.constraints)
        points, signs = _points(patterns, labels)
        n_points = largest_prefix(normal_form(points, signs, self.constraints))
        return n_points * len(labels) // len(signs)  # a cloud counts only as a whole

    def span(self, patterns: Panel, index: int) -> Span:
        """Vectors that span the patterns; None if ``index`` panels of this size are enough."""
        bias = self.constraints.bias
        if isinstance(patterns, Ellipsoids):
            kind = f"ellipsoids of dimension {patterns.dimension}"
            n_features = patterns.n_features
            vectors = np.vstack((patterns.centers, patterns.axes.reshape(-1, n_features)))
            constant = np.arange(len(vectors)) < len(patterns)
        else:
            kind = f"clouds of {patterns.shape[1]} points" if patterns.ndim == 3 else ""
            vectors = patterns.reshape(-1, patterns.shape[-1])
            constant = np.ones(len(vectors), dtype=bool)
        if index * len(vectors) >= vectors.shape[1] + bias:
            return Span(None, kind)
        return Span(np.column_stack((vectors, constant)) if bias else vectors, kind)


def _points(patterns: FloatArray, labels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """All points of all clouds, each with the label of its cloud; patterns are points already."""
    points = patterns.reshape(-1, patterns.shape[-1])
    return points, np.repeat(labels, len(points) // len(labels))


def breaking_point(index: int, seed: SeedSequence, trials: RandomLabels, n_patterns: int) -> int:
    """Largest separable prefix of one panel with random labels."""
    return trials.prefix(*trials.panel(n_patterns, seed))


def decisions(
    index: int, seed: SeedSequence, trials: RandomLabels, sizes: IntArray, nested: bool
) -> tuple[list[int], Span]:
    """Find the breaking point of the largest panel, or decide a new panel of every size."""
    if nested:
        patterns, labels = trials.panel(int(sizes[-1]), seed)
        return [trials.prefix(patterns, labels)], trials.span(patterns, index)
    separable = []
    for part, n in zip(seeds_of(np.random.default_rng(seed), len(sizes)), sizes, strict=True):
        patterns, labels = trials.panel(int(n), part)
        separable.append(int(trials.separates(patterns, labels)))
    return separable, trials.span(patterns, index)


def rank(spans: Sequence[FloatArray | None]) -> int:
    """Dimensions that vectors span; that of their space if they are too few to tell."""
    vectors = np.vstack([part for part in spans if part is not None])
    n_vectors, n_features = vectors.shape
    for axis in (1, 0):  # neither large patterns nor large units hide the others
        largest = np.abs(vectors).max(axis=axis, keepdims=True)
        vectors = vectors / np.where(largest > 0, largest, 1.0)
    n_dims = int(np.linalg.matrix_rank(vectors))
    if n_dims == 0:
        raise ValueError(f"draw must return patterns that are not all zero, got {vectors.shape}")
    return n_features if n_dims == n_vectors else n_dims


def sizes_of(n_patterns: ArrayLike, minimum: int = 1) -> IntArray:
    """Numbers of patterns in rising order, each once."""
    sizes = np.unique(checks.counts("n_patterns", n_patterns, minimum=minimum))
    if not sizes.size:
        raise ValueError("n_patterns must hold at least one number, got none")
    return sizes


def seeds_of(rng: Rng, n_trials: int) -> list[SeedSequence]:
    """One independent seed per trial, which travels to other processes as it is."""
    sequence = rng.bit_generator.seed_seq
    if not isinstance(sequence, SeedSequence):
        raise ValueError("rng must be a Generator, a seed or None, got a legacy RandomState")
    return sequence.spawn(n_trials)


def require_callable(draw: Any) -> None:
    """Raise unless patterns can be drawn."""
    if not callable(draw):
        raise ValueError(f"draw must be callable as draw(n_patterns, rng), got {draw!r}")


def require_number(patterns: Panel, n_patterns: int) -> None:
    """Raise unless there are as many patterns as were asked for."""
    if len(patterns) != n_patterns:
        raise ValueError(f"draw must return {n_patterns} patterns, got {len(patterns)}")


def run(
    trial: Callable[..., Result], seeds: list[SeedSequence], n_workers: int, *arguments: Any
) -> list[Result]:
    """One call of ``trial`` per seed, with its index first, in order.

    One BLAS thread everywhere: more would change the last bits of products with their number.
    """
    n_workers = checks.count("n_workers", n_workers)
    with (
        threadpool_limits(limits=1),
        joblib.parallel_config(backend="loky", inner_max_num_threads=1),
    ):
        return list(
            joblib.Parallel(n_jobs=n_workers)(
                joblib.delayed(trial)(*task, *arguments) for task in enumerate(seeds)
            )
        )
