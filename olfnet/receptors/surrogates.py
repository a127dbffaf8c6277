"""Surrogate odors with the statistics of a measured panel, from a Gaussian copula.

Marginals and correlations are fitted separately. A surrogate rate is ``Q_j(Phi(z_j))``: a
correlated standard normal ``z_j``, turned into a uniform number by the normal distribution function
Phi and into a rate by the quantile function ``Q_j`` of receptor j. The quantile functions change
correlations, so those of ``z`` are chosen such that the *rates* have the measured ones.
"""

from functools import cache, lru_cache, partial

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy.special import ndtr

from olfnet import checks
from olfnet._hermite import weighted_polynomials
from olfnet.checks import FloatArray, Seed
from olfnet.receptors.panels import absolute_rates, load_panel

_ORDER = 100  # Hermite polynomials; the remainder is at most correlation**100
_BANDWIDTH = 0.25  # widest interpolated gap between two measured rates, in standard deviations
_HALVINGS = 50


def surrogate(
    panel: xr.DataArray | ArrayLike,
    n_odors: int,
    *,
    rng: Seed = None,
) -> FloatArray:
    """Draw surrogate odors with the statistics of a measured panel.

    Each receptor keeps its distribution of rates over odors, and each pair of receptors its Pearson
    correlation; dependence beyond that is Gaussian. Rates stay within each receptor's measured
    range, so absolute rates stay non-negative.

    Parameters
    ----------
    panel : array-like of shape (n_measured, n_receptors)
        Measured rates, in spikes/s, of at least two odors: changes or absolute rates.
    n_odors : int
        Number of odors to draw.
    rng : numpy.random.Generator, int or None
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_odors, n_receptors)
        Rates in spikes/s.

    Raises
    ------
    ValueError
        If ``panel`` has missing entries or fewer than two odors.

    Notes
    -----
    A mean is kept exactly and a standard deviation to a fraction ``1 / (16 sqrt(2 n_measured))``. A
    correlation is kept exactly where the copula allows it; for Hallem & Carlson (2006) the
    largest error over the 276 pairs of receptors is .02, a quarter of the measured correlations'
    own standard error. The approach is NORTA (Cario & Nelson 1997), with its correlations solved
    by Mehler's formula.

    Examples
    --------
    >>> rates = surrogate(absolute_rates(load_panel("hallem_carlson_2006")), 1000, rng=1)
    >>> rates.shape, bool(rates.min() >= 0)
    ((1000, 24), True)
    """
    n_odors = checks.count("n_odors", n_odors)
    values = checks.matrix("panel", panel)
    if len(values) < 2:
        raise ValueError(f"panel must hold at least 2 odors, got {len(values)}")
    return _draw(values, n_odors, np.random.default_rng(rng))


def fly_odors(n_odors: int | None = None, *, rng: Seed = None) -> FloatArray:
    """Return the fly's receptor rates to the measured odors, or to surrogates of them.

    Parameters
    ----------
    n_odors : int, optional
        Number of surrogate odors; without it, the measured ones are returned.
    rng : numpy.random.Generator, int or None
        Source of randomness of surrogate odors.

    Returns
    -------
    ndarray of shape (n_odors, 24)
        Absolute rates in spikes/s of the receptors of Hallem & Carlson (2006), 10.1016/
        j.cell.2006.01.050: of their 110 odors, or of a `surrogate` of them.

    Examples
    --------
    >>> fly_odors().shape, fly_odors(1000, rng=1).shape
    ((110, 24), (1000, 24))
    """
    rates = _fly_rates()
    if n_odors is None:
        return rates.copy()
    return _draw(rates, checks.count("n_odors", n_odors), np.random.default_rng(rng))


@cache
def _fly_rates() -> FloatArray:
    return absolute_rates(load_panel("hallem_carlson_2006")).to_numpy()


def _quantiles(sample: FloatArray, levels: FloatArray) -> FloatArray:
    """Return the rates at cumulative levels in [0, 1] of a receptor with these measured rates.

    Neighboring measured rates are joined by straight lines, so that surrogates take new values
    between them. A gap wider than a quarter of the standard deviation is only entered from its two
    ends, so that an odor that drives a receptor far more than all others does not become many odors
    of middling effect. The mean is the sample's exactly, and the variance is smaller by less than
    the fraction ``1 / (8 sqrt(2 n))``.
    """
    ordered = np.sort(sample)
    # Rate i (from 0) has level (i + 1/2) / n; there is no extrapolation beyond the outermost ones.
    position = np.clip(levels * len(ordered) - 0.5, 0, len(ordered) - 1)
    below = np.minimum(position.astype(int), len(ordered) - 2)
    weight = position - below
    gap = np.minimum(ordered[below + 1] - ordered[below], _BANDWIDTH * np.std(ordered))
    near, far = ordered[below] + gap * weight, ordered[below + 1] - gap * (1 - weight)
    return np.where(weight < 0.5, near, far)


def _latent_correlations(panel: FloatArray) -> FloatArray:
    """Return the correlation matrix of the normal variables from the panel's Pearson correlations.

    With ``Q_j(Phi(z)) = sum_m c_jm h_m(z)`` in normalized Hermite polynomials, Mehler's formula
    gives ``cov(Q_j, Q_k) = sum_m c_jm c_km r**m``, which rises with the latent correlation r
    because both functions rise with z; it is solved for r by bisection, all pairs at once.
    """
    coefficients = _hermite_coefficients(panel)
    target = np.atleast_2d(np.cov(panel, rowvar=False, bias=True))
    low, high = -np.ones_like(target), np.ones_like(target)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_small = _covariance(coefficients, middle) < target
        low, high = np.where(too_small, middle, low), np.where(too_small, high, middle)
    # A receptor with the same rate for all odors has no correlation to match.
    return _nearest_correlation(np.where(target == 0, 0.0, (low + high) / 2))


def _draw(panel: FloatArray, n_odors: int, rng: np.random.Generator) -> FloatArray:
    """Draw rates of shape (n_odors, n_receptors) from the copula fitted to ``panel``."""
    factor = _latent_factor(panel.tobytes(), panel.shape)
    levels = ndtr(rng.standard_normal((n_odors, panel.shape[1])) @ factor.T)
    return np.stack([_quantiles(*pair) for pair in zip(panel.T, levels.T, strict=True)], axis=1)


@lru_cache(maxsize=4)
def _latent_factor(panel: bytes, shape: tuple[int, ...]) -> FloatArray:
    """Root of the latent correlations; kept, because a sweep draws from one panel many times."""
    eigenvalues, axes = np.linalg.eigh(_latent_correlations(np.frombuffer(panel).reshape(shape)))
    factor: FloatArray = axes * np.sqrt(np.clip(eigenvalues, 0, None))
    factor.flags.writeable = False
    return factor


def _hermite_coefficients(panel: FloatArray) -> FloatArray:
    """Return c_jm for m = 1, 2, ... as an array (order, n_receptors), by the trapezoid rule."""
    grid, step = np.linspace(-9.0, 9.0, 7201, retstep=True)
    responses = np.apply_along_axis(partial(_quantiles, levels=ndtr(grid)), 0, panel)
    responses -= panel.mean(axis=0)
    root_density = np.exp(-(grid**2) / 4) / (2 * np.pi) ** 0.25
    weighted = responses * (root_density * step)[:, None]
    coefficients: FloatArray = weighted_polynomials(grid, root_density, _ORDER + 1)[1:] @ weighted
    return coefficients


def _covariance(coefficients: FloatArray, correlation: FloatArray) -> FloatArray:
    """Sum c_jm c_km r**m over m by Horner's rule."""
    total = np.zeros_like(correlation)
    for c in coefficients[::-1]:
        total = (total + np.outer(c, c)) * correlation
    return total


def _nearest_correlation(matrix: FloatArray) -> FloatArray:
    """Drop negative eigenvalues and restore the unit diagonal."""
    np.fill_diagonal(matrix, 1.0)
    eigenvalues, axes = np.linalg.eigh(matrix)
    semidefinite: FloatArray = (axes * np.clip(eigenvalues, 0, None)) @ axes.T
    scale = np.sqrt(np.diag(semidefinite))
    return semidefinite / np.outer(scale, scale)
