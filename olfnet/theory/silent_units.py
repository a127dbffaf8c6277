"""Units that never respond: how likely a unit is silent on a whole panel of odors.

A rectifier that no input drives above threshold gives nothing and, having no slope, learns nothing.
How likely that is follows from what drives do jointly over the panel: by a closed form where they
share one normal component, by quadrature for any normal drives, and for a measured panel by
counting all wirings.  In the mushroom body such units are silent Kenyon cells.  Whole networks that
are silent at birth are in ``born_dead``.
"""

from itertools import chain, combinations, islice
from math import comb
from typing import NamedTuple

import numpy as np
import scipy.special
import scipy.stats
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed

_BLOCK_SIZE = 2**22  # drives held at once
_MOST_WIRINGS = 5_000_000


def silent_fraction(
    n_odors: ArrayLike, threshold: ArrayLike, correlation: ArrayLike = 0.0
) -> FloatArray:
    """Return how likely a unit with normal drives responds to no odor at all.

    Parameters
    ----------
    n_odors : array
        Size of the panel.
    threshold : array
        In standard deviations of the drive, from its mean; a bias counts negative.
    correlation : array of numbers in [0, 1]
        Of a unit's drives by any two odors: the part of their variance that is the unit's own.

    Returns
    -------
    array
        ``E[Phi((T - sqrt(r) t) / sqrt(1 - r))^P]`` over normal t, to 1e-10; ``Phi(T)^P`` for
        independent drives.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> silent_fraction(100, 2.0, [0.0, 0.5, 1.0]).round(4)
    array([0.1001, 0.6184, 0.9772])
    """
    p, t, r = checks.broadcast(n_odors=n_odors, threshold=threshold, correlation=correlation)
    checks.require_finite("threshold", t)
    checks.at_least(0, n_odors=p)
    if (broken := p != np.floor(p)).any():
        raise ValueError(f"n_odors must be integers, got {p[broken][0]:g}")
    if not ((r >= 0) & (r <= 1)).all():
        worst = r[~((r >= 0) & (r <= 1))][0]
        raise ValueError(f"correlation must be in [0, 1], got {worst:g}")
    return np.asarray(np.vectorize(_one_factor, otypes=[float])(p, t, r))[()]


def jointly_silent(
    threshold: ArrayLike,
    covariance: ArrayLike,
    *,
    mean: ArrayLike = 0.0,
    rng: Seed = None,
) -> float:
    """Return how likely a unit is silent whose drives are jointly normal, in any manner.

    For a unit with normal weights of variance v and a normal bias of variance b, the covariance
    over a panel X is ``v X X^T + b``; for one with few inputs drawn at random this is approximate.

    Parameters
    ----------
    threshold : float or array of shape (n_odors,)
    covariance : array of shape (n_odors, n_odors)
        May be singular.
    mean : float or array of shape (n_odors,)
    rng : seed or Generator

    Returns
    -------
    float
        To about 3e-4, by SciPy's quasi-Monte Carlo method.

    Raises
    ------
    ValueError
        If shapes do not fit, or the covariance is none.

    Examples
    --------
    >>> round(jointly_silent(0.0, [[1.0, 0.5], [0.5, 1.0]], rng=1), 3)  # 1/4 + 1/12
    0.333
    """
    covariance = checks.matrix("covariance", covariance)
    n_odors = len(covariance)
    if covariance.shape[1] != n_odors or not np.allclose(covariance, covariance.T):
        raise ValueError(f"covariance must be symmetric, got shape {covariance.shape}")
    if np.linalg.eigvalsh(covariance)[0] < -1e-9 * np.trace(covariance):
        raise ValueError("covariance must have no negative eigenvalue")
    threshold, mean = (
        checks.vector(name, np.broadcast_to(values, n_odors) if np.ndim(values) == 0 else values)
        for name, values in (("threshold", threshold), ("mean", mean))
    )
    for name, values in (("threshold", threshold), ("mean", mean)):
        if len(values) != n_odors:
            raise ValueError(f"{name} must have {n_odors} entries, got {len(values)}")
    moves = np.diag(covariance) > 0
    if (threshold < mean)[~moves].any() or not moves.any():
        return float((threshold >= mean).all())
    law = scipy.stats.multivariate_normal(
        mean[moves],
        covariance[np.ix_(moves, moves)],
        allow_singular=True,
        seed=np.random.default_rng(rng),
        maxpts=20_000,
        abseps=3e-4,
        releps=0.0,
    )
    return float(np.clip(law.cdf(threshold[moves]), 0.0, 1.0))


class Drive(NamedTuple):
    """Statistics of the drive of units with a few inputs drawn at random."""

    mean: float
    sd: float
    correlation: float


def drive_statistics(panel: ArrayLike, fan_in: int) -> Drive:
    """Mean and spread of the drive, and its correlation between odors within a unit.

    Parameters
    ----------
    panel : array of shape (n_odors, n_inputs)
        Rates, such as of projection neurons.
    fan_in : int
        Distinct inputs of each unit, all with weight 1.

    Returns
    -------
    Drive
        Over all wirings and pairs of different draws from the panel; for ``silent_fraction``.

    Examples
    --------
    >>> drive_statistics([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]], 1)
    Drive(mean=1.0, sd=0.816..., correlation=0.0)
    """
    panel, fan_in = _panel(panel, fan_in)
    n_inputs = panel.shape[1]
    if n_inputs == 1:
        own, wired = 0.0, np.zeros(len(panel))
    else:
        # Drawn without replacement, the variance of a sum is less than fan_in times that of one.
        share = fan_in * (n_inputs - fan_in) / (n_inputs - 1)
        own = float(share * panel.mean(axis=0).var())
        wired = share * panel.var(axis=1)
    variance = float(fan_in**2 * panel.mean(axis=1).var() + wired.mean())
    correlation = min(own / variance, 1.0) if variance > 0 else 1.0  # but for rounding
    return Drive(float(fan_in * panel.mean()), variance**0.5, correlation)


def response_counts(panel: ArrayLike, fan_in: int, threshold: ArrayLike) -> FloatArray:
    """Share of all wirings that respond to 0, 1, ... odors of a panel, by counting them all.

    Parameters
    ----------
    panel : array of shape (n_odors, n_inputs)
    fan_in : int
        As in :func:`drive_statistics`.
    threshold : array
        In the unit of the panel.

    Returns
    -------
    array of shape (*threshold.shape, n_odors + 1)
        Adds up to 1; the first entry is the share of silent units.

    Raises
    ------
    ValueError
        If there are more than five million wirings.

    Examples
    --------
    >>> response_counts([[3.0, 0.0, 1.0], [0.0, 0.0, 4.0]], 2, 3.5).round(3)
    array([0.333, 0.333, 0.333])
    """
    panel, fan_in = _panel(panel, fan_in)
    (threshold,) = checks.broadcast(threshold=threshold)
    checks.require_finite("threshold", threshold)
    n_odors, n_inputs = panel.shape
    n_wirings = comb(n_inputs, fan_in)
    if n_wirings > _MOST_WIRINGS:
        raise ValueError(f"fan_in must leave at most {_MOST_WIRINGS} wirings, got {n_wirings}")
    rows = max(1, _BLOCK_SIZE // n_odors)
    wirings = combinations(range(n_inputs), fan_in)
    counts = np.zeros((threshold.size, n_odors + 1))
    for start in range(0, n_wirings, rows):
        n = min(rows, n_wirings - start)
        flat = np.fromiter(chain.from_iterable(islice(wirings, n)), dtype=np.intp, count=n * fan_in)
        # Not as a product of matrices, whose rounding could lift a drive above its threshold.
        drive = panel.T[flat.reshape(n, fan_in)].sum(axis=1)
        for row, one in zip(counts, threshold.flat, strict=True):
            row += np.bincount(np.count_nonzero(drive > one, axis=1), minlength=n_odors + 1)
    return counts.reshape(*threshold.shape, n_odors + 1) / n_wirings


def rarefied(counts: ArrayLike, n_odors: ArrayLike) -> FloatArray:
    """Share of units that are silent on a part of the panel, in the mean over all such parts.

    Parameters
    ----------
    counts : array of shape (n_panel + 1,)
        Adds up to 1: shares of units that respond to 0, 1, ... of the odors of the whole panel.
    n_odors : array of integers
        Odors that are drawn from it without replacement.

    Returns
    -------
    array
        ``sum_k counts_k C(n_panel - k, n_odors) / C(n_panel, n_odors)``, as ecologists extrapolate
        downwards how many species a smaller sample would hold.

    Examples
    --------
    >>> rarefied([0.0, 1.0, 0.0, 0.0, 0.0], [0, 1, 4])
    array([1.  , 0.75, 0.  ])
    """
    counts = checks.vector("counts", counts, nonnegative=True)
    if abs(counts.sum() - 1) > 1e-9:
        raise ValueError(f"counts must sum to 1, got {counts.sum():.10g}")
    (n,) = checks.broadcast(n_odors=n_odors)
    size = len(counts) - 1
    if not ((n >= 0) & (n <= size) & (n == np.floor(n))).all():
        raise ValueError(f"n_odors must be integers from 0 to {size}, got {n_odors!r}")
    missed = scipy.stats.hypergeom.pmf(0, size, np.arange(size + 1), n[..., None])
    return np.asarray(missed @ counts)[()]


def _one_factor(n_odors: float, threshold: float, correlation: float) -> float:
    if n_odors == 0:
        return 1.0
    if correlation == 1:
        return float(scipy.special.ndtr(threshold))
    # Trapezoids: the power of Phi rises over 1 / sqrt(2 ln P) of the rest's spread.
    step = 0.25 / np.sqrt(1 + 2 * np.log1p(n_odors))
    if correlation > 0.5:
        # As seen from the rest, whose largest m has the density P phi(m) Phi(m)^(P - 1).
        most = 9 + np.sqrt(2 * np.log(n_odors))
        m = step * np.arange(-np.ceil(9 / step), np.ceil(most / step) + 1)
        density = np.log(n_odors) + (n_odors - 1) * scipy.special.log_ndtr(m) - m**2 / 2
        own = (threshold - np.sqrt(1 - correlation) * m) / np.sqrt(correlation)
        chances = scipy.special.ndtr(own) * np.exp(density)
        return float(min(step * chances.sum() / np.sqrt(2 * np.pi), 1.0))
    width = np.sqrt((1 - correlation) / max(correlation, 1e-300))
    step = min(0.25, step * width)
    shared = step * np.arange(-np.ceil(9 / step), np.ceil(9 / step) + 1)
    rest = (threshold - np.sqrt(correlation) * shared) / np.sqrt(1 - correlation)
    chances = np.exp(n_odors * scipy.special.log_ndtr(rest) - shared**2 / 2)
    return float(min(step * chances.sum() / np.sqrt(2 * np.pi), 1.0))


def _panel(panel: ArrayLike, fan_in: int) -> tuple[FloatArray, int]:
    panel = checks.matrix("panel", panel)
    return panel, checks.count("fan_in", fan_in, maximum=panel.shape[1])
