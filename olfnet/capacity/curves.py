"""Separable fraction against load, with exact intervals, and the capacity read from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray

from olfnet import checks
from olfnet.capacity._curves import (
    IntArray,
    Variables,
    dataset,
    labels_in_words,
    proportion,
    rising,
)
from olfnet.checks import FloatArray
from olfnet.readout._certify.constraints import Constraints


@dataclass(frozen=True, eq=False)
class CapacityCurve:
    """Separable fraction of random labelings against the number of patterns.

    Attributes
    ----------
    n_patterns : int array of shape (n_loads,)
    n_separable : int array of shape (n_loads,)
        Trials, out of ``n_trials``, whose labels a linear readout can reproduce.
    n_trials : int
    n_dims : int
        Rank of the patterns of the first trial, one more if a bias raises it.  Of several trials
        together where the patterns of one are fewer than features; if all of them are linearly
        independent, the number of features.
    constraints : Constraints
        Bias, sign constraint and margin of the readout; ``definition`` says them in words.
    breaking_points : int array of shape (n_trials,) or None
        Largest separable prefix of each trial where loads are prefixes of one draw; None where
        every load was drawn anew.
    label_fraction : float
        Probability that a label is positive.
    kind : str
        What each pattern is, if it is more than one point, such as "clouds of 5 points".
    """

    n_patterns: IntArray
    n_separable: IntArray
    n_trials: int
    n_dims: int
    constraints: Constraints = Constraints()
    breaking_points: IntArray | None = None
    label_fraction: float = 0.5
    kind: str = ""

    def __post_init__(self) -> None:
        checks.count("n_trials", self.n_trials)
        checks.count("n_dims", self.n_dims)
        checks.fraction("label_fraction", self.label_fraction, ends="[]")
        object.__setattr__(self, "n_patterns", rising(self.n_patterns))
        for name in ("n_separable", "breaking_points"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, checks.counts(name, getattr(self, name), minimum=0))
        sizes, counts, points = self.n_patterns, self.n_separable, self.breaking_points
        if counts.shape != sizes.shape or (counts > self.n_trials).any():
            raise ValueError(f"n_separable must be 0 to {self.n_trials} at each load, got {counts}")
        if points is not None and (
            len(points) != self.n_trials or ((points[:, None] >= sizes).sum(axis=0) != counts).any()
        ):
            raise ValueError(
                f"breaking_points must be one for each of {self.n_trials} trials and fit "
                f"n_separable, got {points}"
            )

    @property
    def definition(self) -> str:
        """What is counted, and at which level capacity is read."""
        labels = labels_in_words(self.label_fraction)
        kind = f" of {self.kind}" if self.kind else ""
        return (
            f"half of all random labelings{kind}{labels} are separable by a linear readout with "
            f"{self.constraints.description}"
        )

    @property
    def load(self) -> FloatArray:
        """Patterns per dimension, shape (n_loads,)."""
        return self.n_patterns / self.n_dims

    @property
    def fraction(self) -> FloatArray:
        """Separable fraction at each load, shape (n_loads,)."""
        return self.n_separable / self.n_trials

    def interval(self, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Exact binomial (Clopper-Pearson) interval of the fraction at each load, low and high."""
        confidence = checks.fraction("confidence", confidence)
        bounds = [proportion(int(k), self.n_trials, confidence) for k in self.n_separable]
        low, high = np.transpose(bounds)
        return low, high

    @property
    def capacity(self) -> float:
        """Load at which half of the labelings separate; the middle if there are several.

        Raises
        ------
        ValueError
            If the measured fractions do not cross one half.
        """
        points, fraction = self._survival()
        fraction = np.minimum.accumulate(fraction)
        if not fraction[0] >= 0.5 >= fraction[-1]:
            raise ValueError(
                "n_patterns must reach from loads where most labelings separate to loads where "
                f"few do, got fractions from {fraction[0]:g} to {fraction[-1]:g}"
            )
        last = np.interp(-0.5, -fraction, points)
        first = np.interp(0.5, fraction[::-1], points[::-1])
        return float((first + last) / (2 * self.n_dims))

    def capacity_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Interval of the capacity; an end is 0 or infinite where the loads do not bound it.

        A load lies below the capacity if its fraction is significantly above one half, and above
        it if significantly below.  The tests are exact binomial ones.  Where all loads come from
        the same trials the measured curve falls monotonically and each end errs with probability
        (1 - confidence) / 2 at most; independent loads share that probability (Bonferroni).
        """
        confidence = checks.fraction("confidence", confidence)
        points, fraction = self._survival()
        tests = 1 if self.breaking_points is not None else len(points)
        level = 1 - (1 - confidence) / tests
        counts = np.rint(fraction * self.n_trials).astype(int)
        bounds = {k: proportion(int(k), self.n_trials, level) for k in np.unique(counts)}
        low = [p for p, k in zip(points, counts, strict=True) if bounds[k][0] > 0.5]
        high = [p for p, k in zip(points, counts, strict=True) if bounds[k][1] < 0.5]
        return (
            float(max(low, default=0.0) / self.n_dims),
            float(min(high, default=np.inf) / self.n_dims),
        )

    def _survival(self) -> tuple[FloatArray, FloatArray]:
        """Fraction of trials still separable, at every number of patterns that was decided."""
        if self.breaking_points is None:
            return self.n_patterns.astype(float), self.fraction
        points = np.arange(1, int(self.n_patterns.max()) + 1)
        alive = (self.breaking_points[:, None] >= points).mean(axis=0)
        return points.astype(float), alive

    def to_xarray(self, confidence: float = 0.95) -> xarray.Dataset:
        """Labeled dataset along ``n_patterns`` with load, fraction and its interval."""
        constraints = self.constraints
        variables: Variables = {
            "n_separable": ("n_patterns", self.n_separable, {"meaning": "separable trials"})
        }
        if self.breaking_points is not None:
            meaning = {"meaning": "largest separable prefix of the trial"}
            variables["breaking_point"] = ("trial", self.breaking_points, meaning)
        attrs = {
            "bias": int(constraints.bias),
            "nonnegative": int(constraints.nonnegative is True),
            "margin": constraints.margin,
        }
        if constraints.robustness is not None:
            attrs["robustness"] = constraints.robustness
        return dataset(self, confidence, "separable fraction", variables, attrs)
