"""How many associations can be stored: certified decisions at rising load.

Patterns get random labels, and the question is whether any linear readout of the wanted kind
reproduces all of them: Cover's counting capacity, Gardner's with a margin, that of non-negative
weights, or that of patterns that are whole manifolds.  Every decision is certified.
"""

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.capacity._random_labels import (
    DrawPanel,
    Readout,
    breaking_point,
    decisions_anew,
    rank_and_kind,
    run,
    seeds_of,
)
from olfnet.capacity.curves import CapacityCurve, IntArray
from olfnet.checks import Seed


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
        Draws a panel of patterns, each time a new one.  An array of shape (n_patterns, n_points,
        n_features) makes every pattern a cloud of points, and ``capacity.Ellipsoids`` a continuum;
        all points of a pattern get its label.
    n_patterns : int array of shape (n_loads,)
        Numbers of patterns to try; the curve has them in rising order and each once.
    n_trials : int
        Panels with random labels per load.
    bias : bool
        Allow the readout a free bias.
    nonnegative : bool
        Allow the readout no negative weights.
    margin : float
        Distance from the hyperplane that every pattern must keep, in the patterns' unit.
    robustness : float, optional
        Distance from a fixed positive threshold that every weighted sum must exceed, in parts of
        the threshold, below 1; for non-negative weights without bias and margin.  None for no
        threshold.
    label_fraction : float
        How likely each label is positive, from 0 to 1, independently of all others.
    nested : bool
        Loads are prefixes of one panel per trial, so that one breaking point answers for all of
        them.  Set False if the statistics of a pattern depend on how many are drawn.
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
    readout = Readout(bias, nonnegative, margin, robustness)
    if np.size(n_patterns) == 0:
        raise ValueError("n_patterns must hold at least one number, got none")
    sizes = np.unique([checks.count("n_patterns", n) for n in np.ravel(n_patterns)])
    n_trials = checks.count("n_trials", n_trials)
    checks.flag("nested", nested)
    largest = int(sizes[-1])
    seeds = seeds_of(rng, n_trials)
    n_dims, kind = rank_and_kind(draw, largest, bias, seeds[0])
    about = (readout, checks.fraction("label_fraction", label_fraction, ends="[]"))
    points = None
    if nested:
        points = np.array(run(breaking_point, seeds, n_workers, draw, largest, *about))
        n_separable = (points[:, None] >= sizes).sum(axis=0)
    else:
        n_separable = np.sum(run(decisions_anew, seeds, n_workers, draw, sizes, *about), axis=0)
    return CapacityCurve(
        sizes, n_separable, n_trials, n_dims, readout, points, label_fraction, kind
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
        Length of each sequence; also the answer for one that never breaks.
    n_trials : int
    bias : bool
        Allow the readout a free bias.
    nonnegative : bool
        Allow the readout no negative weights.
    margin : float
        Distance from the hyperplane that every pattern must keep, in the patterns' unit.
    robustness : float, optional
        Distance from a fixed positive threshold that every weighted sum must exceed, in parts of
        the threshold, below 1; for non-negative weights without bias and margin.  None for no
        threshold.
    label_fraction : float
        How likely each label is positive, from 0 to 1, independently of all others.
    n_workers : int
        Processes that share the trials, each with one BLAS thread; the result is the same for any
        number.
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
    readout = Readout(bias, nonnegative, margin, robustness)
    max_patterns = checks.count("max_patterns", max_patterns)
    seeds = seeds_of(rng, checks.count("n_trials", n_trials))
    label_fraction = checks.fraction("label_fraction", label_fraction, ends="[]")
    return np.array(
        run(breaking_point, seeds, n_workers, draw, max_patterns, readout, label_fraction)
    )
