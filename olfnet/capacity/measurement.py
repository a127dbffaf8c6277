"""Measured capacity: certified decisions at rising load.

Patterns get random labels, and the question is whether any linear readout under given constraints
reproduces all of them: Cover's counting capacity, Gardner's with a margin, that of non-negative
weights, or that of patterns that are whole manifolds.  Every decision is certified.
"""

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.capacity._curves import IntArray
from olfnet.capacity._random_labels import (
    DrawPanel,
    RandomLabels,
    breaking_point,
    decisions,
    rank,
    run,
    seeds_of,
    sizes_of,
)
from olfnet.capacity.curves import CapacityCurve
from olfnet.checks import Seed
from olfnet.readout._certify.constraints import Constraints


def measure_capacity(
    draw: DrawPanel,
    *,
    n_patterns: ArrayLike,
    n_trials: int,
    bias: bool = False,
    nonnegative: bool = False,
    margin: float = 0.0,
    robustness: float | None = None,
    label_fraction: float = 0.5,
    nested: bool = True,
    n_workers: int = 1,
    rng: Seed = None,
) -> CapacityCurve:
    """Measure how the separable fraction of random labelings falls with the load.

    Parameters
    ----------
    draw : callable (n_patterns, rng) -> array of shape (n_patterns, n_features), or manifolds
        Draws a new panel of patterns; called once for each trial.  An array of shape (n_patterns,
        n_points, n_features) makes every pattern a cloud of points, and ``capacity.Ellipsoids`` a
        continuum; all points of a pattern get its label.
    n_patterns : int array of shape (n_loads,)
        Numbers of patterns to try; the curve has them in rising order and each once.
    n_trials : int
        Panels with random labels per load.
    bias, nonnegative, margin, robustness
        Constraints on the readout, as for :class:`olfnet.readout.Constraints`, with
        ``nonnegative`` for all weights or none.
    label_fraction : float
        Probability, from 0 to 1, that a label is positive, independently of all others.
    nested : bool
        Loads are prefixes of one panel per trial, so that one breaking point decides all of them.
        Set False if the statistics of a pattern depend on how many are drawn; each load of a trial
        is then a draw of its own.
    n_workers : int
        Processes that share the trials, each with one BLAS thread; the result is the same for any
        number.
    rng : seed or Generator

    Returns
    -------
    CapacityCurve

    Raises
    ------
    ValueError
        If a count is below 1, or ``draw`` returns patterns of the wrong number.

    Examples
    --------
    >>> curve = measure_capacity(
    ...     lambda n, rng: rng.standard_normal((n, 20)), n_patterns=[20, 40, 60], n_trials=50, rng=1
    ... )
    >>> low, high = curve.interval(confidence=0.999)
    >>> bool(low[1] < 0.5 < high[1])
    True
    """
    rng = np.random.default_rng(rng)
    constraints = Constraints(bias, nonnegative, margin, robustness)
    trials = RandomLabels(draw, constraints, label_fraction)
    sizes, n_trials = sizes_of(n_patterns), checks.count("n_trials", n_trials)
    nested = checks.flag("nested", nested)
    of_trials = run(decisions, seeds_of(rng, n_trials), n_workers, trials, sizes, nested)
    separable, spans = zip(*of_trials, strict=True)
    points = np.array(separable)[:, 0] if nested else None
    n_separable = np.sum(separable if points is None else points[:, None] >= sizes, axis=0)
    n_dims = rank([span.vectors for span in spans])
    return CapacityCurve(
        sizes, n_separable, n_trials, n_dims, constraints, points, label_fraction, spans[0].kind
    )


def breaking_points(
    draw: DrawPanel,
    *,
    max_patterns: int,
    n_trials: int,
    bias: bool = False,
    nonnegative: bool = False,
    margin: float = 0.0,
    robustness: float | None = None,
    label_fraction: float = 0.5,
    n_workers: int = 1,
    rng: Seed = None,
) -> IntArray:
    """Largest separable prefix of growing sequences of patterns with random labels.

    For patterns in general position its law is ``theory.cover.breaking_point_pmf``.

    Parameters
    ----------
    draw : callable (n_patterns, rng) -> array of shape (n_patterns, n_features), or manifolds
        As for :func:`measure_capacity`.
    max_patterns : int
        Length of each sequence; also the result for one that stays separable.
    n_trials : int
    bias, nonnegative, margin, robustness, label_fraction, n_workers
        As for :func:`measure_capacity`.
    rng : seed or Generator

    Returns
    -------
    int array of shape (n_trials,)

    Raises
    ------
    ValueError
        If a count is below 1, or ``draw`` returns patterns of the wrong number.
    """
    rng = np.random.default_rng(rng)
    constraints = Constraints(bias, nonnegative, margin, robustness)
    trials = RandomLabels(draw, constraints, label_fraction)
    seeds = seeds_of(rng, checks.count("n_trials", n_trials))
    max_patterns = checks.count("max_patterns", max_patterns)
    return np.array(run(breaking_point, seeds, n_workers, trials, max_patterns))
