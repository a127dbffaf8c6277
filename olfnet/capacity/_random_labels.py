"""The trials behind a capacity: random labels for drawn patterns, one seed per trial."""

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import joblib
import numpy as np
from numpy.random import SeedSequence
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from olfnet import checks
from olfnet.capacity.manifolds.cutting_planes import ellipsoid_prefix, separate_ellipsoids
from olfnet.capacity.manifolds.ellipsoids import Ellipsoids, clouds
from olfnet.checks import FloatArray
from olfnet.readout._certify.prefix import separable_prefix
from olfnet.readout.separability import separate

Rng = np.random.Generator
Draw = Callable[[int, Rng], ArrayLike]
Panel = FloatArray | Ellipsoids  # arrays of points (2-D) or of clouds of points (3-D)
DrawPanel = Callable[[int, Rng], ArrayLike | Ellipsoids]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Readout:
    """The kind of linear readout whose capacity is asked for.

    Parameters
    ----------
    bias : bool
        Free bias.
    nonnegative : bool
        No negative weights.
    margin : float
        Distance from the hyperplane that every pattern must keep, in the patterns' unit.
    robustness : float, optional
        Distance from a fixed positive threshold that every weighted sum must exceed, in parts of
        the threshold, below 1; for non-negative weights without bias and margin.  None for no
        threshold.
    """

    bias: bool = False
    nonnegative: bool = False
    margin: float = 0.0
    robustness: float | None = None

    def __post_init__(self) -> None:
        for name in ("bias", "nonnegative"):
            checks.flag(name, getattr(self, name))
        checks.nonnegative("margin", self.margin)
        if self.robustness is not None:
            if checks.nonnegative("robustness", self.robustness) >= 1:
                raise ValueError(
                    "robustness must be below 1, since no sum of excitatory inputs is below 0, got "
                    f"{self.robustness:g}"
                )
            if self.bias or self.margin or not self.nonnegative:
                raise ValueError(
                    "robustness must come with non-negative weights, no bias and no margin, got "
                    f"nonnegative={self.nonnegative}, bias={self.bias}, margin={self.margin:g}"
                )

    @property
    def words(self) -> str:
        """Definition for figures and results."""
        weights = "non-negative weights" if self.nonnegative else "free weights"
        bias = "a free bias" if self.bias else "no bias"
        margin = f" and margin {self.margin:g}" if self.margin else ""
        if self.robustness is not None:
            bias = "a fixed threshold"
            margin = f" and robustness {self.robustness:g} of it" if self.robustness else ""
        return f"a linear readout with {weights}, {bias}{margin}"

    def separates(self, patterns: Panel, labels: FloatArray) -> bool:
        """Whether such a readout gives every pattern its label."""
        if isinstance(patterns, Ellipsoids):
            patterns = self._whole_seen(patterns, labels)
            return separate_ellipsoids(patterns, labels, **self._options).separable
        points, labels = _points(patterns, labels)
        return separate(self._seen(points, labels), labels, **self._options).separable

    def prefix(self, patterns: Panel, labels: FloatArray) -> int:
        """Largest number of first patterns to which such a readout gives their labels."""
        if isinstance(patterns, Ellipsoids):
            patterns = self._whole_seen(patterns, labels)
            return ellipsoid_prefix(patterns, labels, **self._options)
        points, each = _points(patterns, labels)
        found = separable_prefix(self._seen(points, each), each, **self._options)
        return found * len(labels) // len(each)  # a cloud counts only as a whole

    @property
    def _options(self) -> dict[str, Any]:
        return {"bias": self.bias, "nonnegative": self.nonnegative, "margin": self.margin}

    def _seen(self, patterns: FloatArray, labels: FloatArray) -> FloatArray:
        """Patterns with the threshold as one more weight: y (w . x - theta) >= K theta."""
        if self.robustness is None:
            return patterns
        return np.column_stack((patterns, -(1 + self.robustness * labels)))

    def _whole_seen(self, patterns: Ellipsoids, labels: FloatArray) -> Ellipsoids:
        """As :meth:`_seen`: the threshold is the same for all points of an ellipsoid."""
        if self.robustness is None:
            return patterns
        return patterns.with_column(-(1 + self.robustness * labels))


def _points(patterns: FloatArray, labels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """All points of all clouds, each with the label of its cloud; patterns are points already."""
    points = patterns.reshape(-1, patterns.shape[-1])
    return points, np.repeat(labels, len(points) // len(labels))


def seeds_of(rng: Rng, n_trials: int) -> list[SeedSequence]:
    """One independent seed per trial, which travels to other processes as it is."""
    sequence = rng.bit_generator.seed_seq
    if not isinstance(sequence, SeedSequence):
        raise ValueError("rng must be a Generator, a seed or None, got a legacy RandomState")
    return sequence.spawn(n_trials)


def run(
    trial: Callable[..., Result], seeds: list[SeedSequence], n_workers: int, *arguments: Any
) -> list[Result]:
    """One call of ``trial`` per seed, in order.

    One BLAS thread everywhere: more would change the last bits of products with their number.
    """
    n_workers = checks.count("n_workers", n_workers)
    with (
        threadpool_limits(limits=1),
        joblib.parallel_config(backend="loky", inner_max_num_threads=1),
    ):
        return list(
            joblib.Parallel(n_jobs=n_workers)(
                joblib.delayed(trial)(seed, *arguments) for seed in seeds
            )
        )


def breaking_point(
    seed: SeedSequence, draw: DrawPanel, max_patterns: int, readout: Readout, label_fraction: float
) -> int:
    """Largest separable prefix of one panel with random labels."""
    patterns, label_rng = _panel(draw, max_patterns, seed)
    labels = _labels(max_patterns, label_fraction, label_rng)
    return readout.prefix(patterns, labels)


def decisions_anew(
    seed: SeedSequence,
    draw: DrawPanel,
    sizes: NDArray[np.int64],
    readout: Readout,
    label_fraction: float,
) -> list[bool]:
    """Whether random labels separate, for a new panel of every size."""
    rng = np.random.default_rng(seed)
    return [
        _decision(part, draw, int(n), readout, label_fraction)
        for part, n in zip(seeds_of(rng, len(sizes)), sizes, strict=True)
    ]


def _decision(
    seed: SeedSequence, draw: DrawPanel, n_patterns: int, readout: Readout, label_fraction: float
) -> bool:
    patterns, label_rng = _panel(draw, n_patterns, seed)
    labels = _labels(n_patterns, label_fraction, label_rng)
    return readout.separates(patterns, labels)


def _panel(draw: DrawPanel, n_patterns: int, seed: SeedSequence) -> tuple[Panel, Rng]:
    """Patterns, and the independent stream of their labels."""
    if not callable(draw):
        raise ValueError(f"draw must be callable as draw(n_patterns, rng), got {draw!r}")
    pattern_rng, label_rng = np.random.default_rng(seed).spawn(2)
    patterns = draw(n_patterns, pattern_rng)
    if isinstance(patterns, (list, tuple)):
        with suppress(ValueError):  # rows of different lengths, which are refused below
            patterns = np.asarray(patterns)
    if not isinstance(patterns, Ellipsoids):
        kind = clouds if getattr(patterns, "ndim", 2) == 3 else checks.matrix
        patterns = kind("draw(n_patterns, rng)", patterns)
    if len(patterns) != n_patterns:
        raise ValueError(f"draw must return {n_patterns} patterns, got {len(patterns)}")
    return patterns, label_rng


def _labels(n_patterns: int, label_fraction: float, rng: Rng) -> FloatArray:
    """Draw labels that are +1 with a probability, each on its own."""
    if label_fraction == 0.5:
        return rng.choice([-1.0, 1.0], size=n_patterns)
    return np.where(rng.random(n_patterns) < label_fraction, 1.0, -1.0)


def rank(draw: DrawPanel, n_patterns: int, bias: bool, seed: SeedSequence) -> int:
    """Dimensions of the panel of one trial, with the bias as one more column."""
    return rank_and_kind(draw, n_patterns, bias, seed)[0]


def rank_and_kind(
    draw: DrawPanel, n_patterns: int, bias: bool, seed: SeedSequence
) -> tuple[int, str]:
    """Dimensions of the panel of one trial, as :func:`rank`, and what its patterns are."""
    patterns = _panel(draw, n_patterns, copy.deepcopy(seed))[0]  # spawning changes a seed
    columns = _columns(patterns, bias)
    if len(columns) < (n_features := columns.shape[1] - bias):  # too few to span their space
        columns = _columns(_panel(draw, n_features, copy.deepcopy(seed))[0], bias)
    for axis in (1, 0):  # neither loud patterns nor loud units hide the others
        loudest = np.abs(columns).max(axis=axis, keepdims=True)
        columns = columns / np.where(loudest > 0, loudest, 1.0)
    n_dims = int(np.linalg.matrix_rank(columns))
    if n_dims == 0:
        raise ValueError(f"draw must return patterns that are not all zero, got {columns.shape}")
    return n_dims, _kind(patterns)


def _columns(patterns: Panel, bias: bool) -> FloatArray:
    """Vectors that span what the readout sees; the bias is one more feature of the points."""
    if isinstance(patterns, Ellipsoids):
        spanning = patterns.with_column(np.ones(len(patterns))) if bias else patterns
        return np.vstack((spanning.centers, *spanning.axes))
    points = patterns.reshape(-1, patterns.shape[-1])
    return np.column_stack((points, np.ones(len(points)))) if bias else points


def _kind(patterns: Panel) -> str:
    """Say what is sorted; nothing for points."""
    if isinstance(patterns, Ellipsoids):
        return f"ellipsoids of dimension {patterns.dimension}"
    return f"clouds of {patterns.shape[1]} points" if patterns.ndim == 3 else ""
