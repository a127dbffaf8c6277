"""Units that never respond: the probability that a unit is silent on a whole panel of odors.

A rectifier whose drive never exceeds its threshold has output and slope 0, and learns nothing.  The
probability follows from the joint distribution of drives over the panel: in closed form where they
share one normal component, by quadrature for any normal drives, and for a measured panel by
counting all wirings.  In the mushroom body such units are silent Kenyon cells.  For whole networks
that are silent at initialization see ``network.dead_input``.
"""

from dataclasses import dataclass
from itertools import chain, combinations, islice
from math import comb
from typing import Any

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
    """Return the probability that a unit with normal drives responds to no odor at all.

    Parameters
    ----------
    n_odors : array of integers of at least 0
        Size of the panel.
    threshold : array
        In standard deviations of the drive, from its mean; the negative of a bias.
    correlation : array of numbers in [0, 1]
        Of a unit's drives by any two odors: the fraction of their variance that is the unit's own.

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
    p, t, r = checks.broadcast(
        n_odors=checks.counts("n_odors", n_odors, minimum=0),
        threshold=threshold,
        correlation=checks.within("correlation", correlation, 0, 1),
    )
    checks.require_finite("threshold", t)
    return np.asarray(np.vectorize(_one_factor, otypes=[float])(p, t, r))[()]


def jointly_silent(
    threshold: ArrayLike,
    covariance: ArrayLike,
    *,
    mean: ArrayLike = 0.0,
    rng: Seed = None,
) -> float:
    """Return the probability that a unit with any jointly normal drives is silent.

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
        If shapes do not fit, or the covariance is not symmetric or has a negative eigenvalue.

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
    threshold = checks.for_each("threshold", threshold, n_odors)
    mean = checks.for_each("mean", mean, n_odors)
    varies = np.diag(covariance) > 0
    if (threshold < mean)[~varies].any() or not varies.any():
        return float((threshold >= mean).all())
    law = scipy.stats.multivariate_normal(
        mean[varies],
        covariance[np.ix_(varies, varies)],
        allow_singular=True,
        seed=np.random.default_rng(rng),
        maxpts=20_000,
        abseps=3e-4,
        releps=0.0,
    )
    return float(np.clip(law.cdf(threshold[varies]), 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class RandomDrive:
    """Drive of units with a few inputs drawn at random, on a panel of odors.

    Parameters
    ----------
    panel : array of shape (n_odors, n_inputs)
        Rates, such as of projection neurons.
    fan_in : int
        Distinct inputs of each unit, all with weight 1.

    Raises
    ------
    ValueError
        If there are more inputs of a unit than inputs.

    Examples
    --------
    >>> drive = RandomDrive([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]], fan_in=1)
    >>> drive.mean, drive.sd, drive.correlation
    (1.0, 0.816..., 0.0)
    """

    panel: Any
    fan_in: int

    def __post_init__(self) -> None:
        panel = checks.matrix("panel", self.panel).copy("K")
        panel.flags.writeable = False
        object.__setattr__(self, "panel", panel)
        checks.count("fan_in", self.fan_in, maximum=panel.shape[1])

    @property
    def means(self) -> FloatArray:
        """Mean over wirings for each odor, shape (n_odors,)."""
        return np.asarray(self.fan_in * self.panel.mean(axis=1))

    @property
    def covariance(self) -> FloatArray:
        """Covariance over wirings, shape (n_odors, n_odors)."""
        return np.asarray(self._n_independent * np.cov(self.panel, bias=True))

    @property
    def mean(self) -> float:
        """Mean over wirings and odors."""
        return float(self.fan_in * self.panel.mean())

    @property
    def sd(self) -> float:
        """Standard deviation over wirings and odors."""
        return float(self._variance**0.5)

    @property
    def correlation(self) -> float:
        """Correlation over wirings and pairs of odors, both drawn with replacement."""
        own = float(self._n_independent * self.panel.mean(axis=0).var())
        variance = self._variance
        return min(own / variance, 1.0) if variance > 0 else 1.0  # but for rounding

    def response_counts(self, threshold: ArrayLike) -> FloatArray:
        """Return the fractions of wirings that respond to 0, 1, ... odors, by counting them all.

        Parameters
        ----------
        threshold : array
            In the unit of the panel.

        Returns
        -------
        array of shape (*threshold.shape, n_odors + 1)
            Adds up to 1; the first entry is the fraction of silent units.

        Raises
        ------
        ValueError
            If there are more than five million wirings.

        Examples
        --------
        >>> RandomDrive([[3.0, 0.0, 1.0], [0.0, 0.0, 4.0]], 2).response_counts(3.5).round(3)
        array([0.333, 0.333, 0.333])
        """
        (threshold,) = checks.broadcast(threshold=threshold)
        checks.require_finite("threshold", threshold)
        panel, fan_in = self.panel, self.fan_in
        n_odors, n_inputs = panel.shape
        n_wirings = comb(n_inputs, fan_in)
        if n_wirings > _MOST_WIRINGS:
            raise ValueError(f"fan_in must leave at most {_MOST_WIRINGS} wirings, got {n_wirings}")
        rows = max(1, _BLOCK_SIZE // n_odors)
        wirings = combinations(range(n_inputs), fan_in)
        counts = np.zeros((threshold.size, n_odors + 1))
        for start in range(0, n_wirings, rows):
            n = min(rows, n_wirings - start)
            flat = np.fromiter(
                chain.from_iterable(islice(wirings, n)), dtype=np.intp, count=n * fan_in
            )
            # Not as a product of matrices, whose rounding could lift a drive above its threshold.
            drive = panel.T[flat.reshape(n, fan_in)].sum(axis=1)
            for row, t in zip(counts, threshold.flat, strict=True):
                row += np.bincount(np.count_nonzero(drive > t, axis=1), minlength=n_odors + 1)
        return counts.reshape(*threshold.shape, n_odors + 1) / n_wirings

    @property
    def _n_independent(self) -> float:
        """Variance of a sum of inputs over that of one: below fan_in, as none is drawn twice."""
        n_inputs = int(self.panel.shape[1])
        return self.fan_in * (n_inputs - self.fan_in) / max(n_inputs - 1, 1)

    @property
    def _variance(self) -> float:
        wired = self._n_independent * self.panel.var(axis=1)
        return float(self.fan_in**2 * self.panel.mean(axis=1).var() + wired.mean())


def rarefied(counts: ArrayLike, n_odors: ArrayLike) -> FloatArray:
    """Return the mean fraction of silent units over subsets of a panel.

    Parameters
    ----------
    counts : array of shape (n_panel + 1,)
        Adds up to 1: fractions of units that respond to 0, 1, ... of the odors of the whole panel.
    n_odors : array of integers
        Size of the subsets.

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
    size = len(counts) - 1
    n = checks.counts("n_odors", n_odors, minimum=0, maximum=size).astype(float)
    missed = scipy.stats.hypergeom.pmf(0, size, np.arange(size + 1), n[..., None])
    return np.asarray(missed @ counts)[()]


def _one_factor(n_odors: float, threshold: float, correlation: float) -> float:
    if n_odors == 0:
        return 1.0
    if correlation == 1:
        return float(scipy.special.ndtr(threshold))
    # Trapezoids: the power of Phi rises within 1 / sqrt(2 ln P) standard deviations of the rest.
    step = 0.25 / np.sqrt(1 + 2 * np.log1p(n_odors))
    if correlation > 0.5:
        # Over the largest m of the rest, whose density is P phi(m) Phi(m)^(P - 1).
        most = 9 + np.sqrt(2 * np.log(n_odors))
        m = step * np.arange(-np.ceil(9 / step), np.ceil(most / step) + 1)
        density = np.log(n_odors) + (n_odors - 1) * scipy.special.log_ndtr(m) - m**2 / 2
        own = (threshold - np.sqrt(1 - correlation) * m) / np.sqrt(correlation)
        values = scipy.special.ndtr(own) * np.exp(density)
        return float(min(step * values.sum() / np.sqrt(2 * np.pi), 1.0))
    width = np.sqrt((1 - correlation) / max(correlation, 1e-300))
    step = min(0.25, step * width)
    shared = step * np.arange(-np.ceil(9 / step), np.ceil(9 / step) + 1)
    rest = (threshold - np.sqrt(correlation) * shared) / np.sqrt(1 - correlation)
    values = np.exp(n_odors * scipy.special.log_ndtr(rest) - shared**2 / 2)
    return float(min(step * values.sum() / np.sqrt(2 * np.pi), 1.0))
