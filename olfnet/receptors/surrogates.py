"""The Gaussian copula behind surrogate panels: marginals and correlations, each fitted on its own.

A surrogate rate is ``Q_j(Phi(z_j))``: a correlated standard normal ``z_j``, turned into a uniform
number by the normal distribution function Phi and into a rate by the quantile function ``Q_j`` of
receptor j. The quantile functions bend correlations, so those of ``z`` are chosen such that those
of the *rates* come out right.
"""

from functools import lru_cache, partial

import numpy as np
from scipy.special import ndtr

from olfnet.checks import FloatArray

_ORDER = 100  # Hermite polynomials kept; what is left out weighs at most correlation**100
_BANDWIDTH = 0.25  # widest interpolated gap between two measured rates, in standard deviations
_HALVINGS = 50


def quantiles(sample: FloatArray, levels: FloatArray) -> FloatArray:
    """Return a receptor's rates at the given cumulative levels.

    Neighboring measured rates are joined by straight lines, so that surrogates take new values
    between them; a gap wider than a quarter of the standard deviation is only entered from its two
    ends, because an odor that drives a receptor far more than all others must not be smeared into
    many odors of middling effect. The mean is the sample's exactly, and the variance falls short of
    it by less than the fraction ``1 / (8 sqrt(2 n))``.

    Parameters
    ----------
    sample : ndarray of shape (n,)
        Measured rates, at least two.
    levels : ndarray
        Numbers in [0, 1].

    Returns
    -------
    ndarray of the shape of ``levels``
        Rates, within the range of the sample.
    """
    ordered = np.sort(sample)
    # Rate i (from 0) stands at level (i + 1/2) / n; beyond the outermost ones nothing is known.
    position = np.clip(levels * len(ordered) - 0.5, 0, len(ordered) - 1)
    below = np.minimum(position.astype(int), len(ordered) - 2)
    way = position - below
    gap = np.minimum(ordered[below + 1] - ordered[below], _BANDWIDTH * np.std(ordered))
    near, far = ordered[below] + gap * way, ordered[below + 1] - gap * (1 - way)
    return np.where(way < 0.5, near, far)


def latent_correlations(panel: FloatArray) -> FloatArray:
    """Return the normal variables' correlations that give rates the panel's Pearson correlations.

    With ``Q_j(Phi(z)) = sum_m c_jm h_m(z)`` in normalized Hermite polynomials, Mehler's formula
    gives ``cov(Q_j, Q_k) = sum_m c_jm c_km r**m``, which rises with the latent correlation r
    because both functions rise with z; it is solved for r by bisection, all pairs at once.

    Parameters
    ----------
    panel : ndarray of shape (n_odors, n_receptors)
        Measured rates.

    Returns
    -------
    ndarray of shape (n_receptors, n_receptors)
        A correlation matrix, positive semidefinite.
    """
    coefficients = _hermite_coefficients(panel)
    wanted = np.atleast_2d(np.cov(panel, rowvar=False, bias=True))
    low, high = -np.ones_like(wanted), np.ones_like(wanted)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_small = _covariance(coefficients, middle) < wanted
        low, high = np.where(too_small, middle, low), np.where(too_small, high, middle)
    # A receptor that answers all odors alike has no correlation to match.
    return _nearest_correlation(np.where(wanted == 0, 0.0, (low + high) / 2))


def draw(panel: FloatArray, n_odors: int, rng: np.random.Generator) -> FloatArray:
    """Draw rates of shape (n_odors, n_receptors) from the copula fitted to ``panel``."""
    factor = _latent_factor(panel.tobytes(), panel.shape)
    levels = ndtr(rng.standard_normal((n_odors, panel.shape[1])) @ factor.T)
    return np.stack([quantiles(*pair) for pair in zip(panel.T, levels.T, strict=True)], axis=1)


@lru_cache(maxsize=4)
def _latent_factor(panel: bytes, shape: tuple[int, ...]) -> FloatArray:
    """Root of the latent correlations; kept, because a sweep draws from one panel many times."""
    eigenvalues, axes = np.linalg.eigh(latent_correlations(np.frombuffer(panel).reshape(shape)))
    factor: FloatArray = axes * np.sqrt(np.clip(eigenvalues, 0, None))
    factor.flags.writeable = False
    return factor


def _hermite_coefficients(panel: FloatArray) -> FloatArray:
    """Return c_jm for m = 1, 2, ... as an array (order, n_receptors), by the trapezoid rule."""
    grid, step = np.linspace(-9.0, 9.0, 7201, retstep=True)
    responses = np.apply_along_axis(partial(quantiles, levels=ndtr(grid)), 0, panel)
    responses -= panel.mean(axis=0)
    root_density = np.exp(-(grid**2) / 4) / (2 * np.pi) ** 0.25
    weighted = responses * (root_density * step)[:, None]
    coefficients: FloatArray = _hermite_functions(grid, root_density) @ weighted
    return coefficients


def _hermite_functions(grid: FloatArray, root_density: FloatArray) -> FloatArray:
    """Return h_m(z) sqrt(phi(z)) for m = 1, 2, ...; the factor keeps it from overflowing."""
    functions = [root_density, grid * root_density]
    for m in range(1, _ORDER):
        following = (grid * functions[m] - np.sqrt(m) * functions[m - 1]) / np.sqrt(m + 1)
        functions.append(following)
    return np.stack(functions[1:])


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
