"""Odors that bind: log-normal affinities and the rates they give at any concentration."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from olfnet import checks
from olfnet.checks import FloatArray, Seed


def lognormal(
    n_odors: int,
    n_receptors: int,
    *,
    concentration: ArrayLike = 1.0,
    sigma: float = 2.0,
    hill: float = 1.0,
    max_rate: float = 300.0,
    rng: Seed = None,
) -> FloatArray:
    """Give each odor a log-normal affinity for each receptor, and present it at a concentration.

    ``rate = max_rate x^hill / (1 + x^hill)`` with ``x = concentration * affinity`` and
    ``affinity = exp(sigma z)``, z standard normal.

    Parameters
    ----------
    n_odors, n_receptors : int
        Shape of the panel.
    concentration : float or array-like of shape (n_odors,)
        Relative to the concentration at which an odor drives half of the receptors beyond
        ``max_rate / 2``.
    sigma : float
        Standard deviation of the affinities' natural logarithm.
    hill : float
        Hill coefficient.
    max_rate : float
        Rate at saturation, in spikes/s; the strongest response of Hallem & Carlson (2006) is near
        300.
    rng : numpy.random.Generator, int or None
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_odors, n_receptors)
        Rates in spikes/s.

    Raises
    ------
    ValueError
        If a count is below 1, a parameter is not positive, or ``concentration`` is neither one
        number nor one per odor.

    See Also
    --------
    concentration_series : the same odors at several concentrations.

    Examples
    --------
    >>> weak, strong = (lognormal(50, 20, concentration=c, rng=1) for c in (0.1, 10))
    >>> bool((weak < strong).all())
    True
    """
    rng = np.random.default_rng(rng)
    affinity = _log_affinities(n_odors, n_receptors, sigma, rng)
    dose = _log_concentrations("concentration", concentration)
    if dose.shape not in ((), (n_odors,)):
        raise ValueError(
            f"concentration must be one number or one per odor ({n_odors}), got shape {dose.shape}"
        )
    return _bound_rates(affinity + dose[..., None], hill, max_rate)


def concentration_series(
    n_odors: int,
    n_receptors: int,
    *,
    concentrations: ArrayLike = (0.01, 0.1, 1.0, 10.0),
    sigma: float = 2.0,
    hill: float = 1.0,
    max_rate: float = 300.0,
    rng: Seed = None,
) -> FloatArray:
    """Present the same log-normal odors at several concentrations.

    Parameters
    ----------
    n_odors, n_receptors : int
        Shape of the panel.
    concentrations : array-like of shape (n_concentrations,)
        As ``concentration`` in `lognormal`.
    sigma, hill, max_rate : float
        As in `lognormal`.
    rng : numpy.random.Generator, int or None
        Source of randomness; a seed gives the affinities that it gives `lognormal`.

    Returns
    -------
    ndarray of shape (n_odors, n_concentrations, n_receptors)
        Rates in spikes/s.

    Raises
    ------
    ValueError
        As in `lognormal`.

    Examples
    --------
    >>> concentration_series(50, 20, concentrations=[0.1, 1, 10], rng=1).shape
    (50, 3, 20)
    """
    rng = np.random.default_rng(rng)
    affinity = _log_affinities(n_odors, n_receptors, sigma, rng)
    doses = _log_concentrations("concentrations", concentrations)
    if doses.ndim != 1 or not doses.size:
        raise ValueError(f"concentrations must be a list of numbers, got shape {doses.shape}")
    return _bound_rates(affinity[:, None] + doses[:, None], hill, max_rate)


def _log_affinities(
    n_odors: int, n_receptors: int, sigma: float, rng: np.random.Generator
) -> FloatArray:
    shape = checks.count("n_odors", n_odors), checks.count("n_receptors", n_receptors)
    return rng.normal(0.0, checks.positive("sigma", sigma), shape)


def _log_concentrations(name: str, values: ArrayLike) -> FloatArray:
    (array,) = checks.broadcast(**{name: values})
    bad = array[~((array > 0) & np.isfinite(array))]
    if bad.size:
        raise ValueError(f"{name} must be positive and finite, got {bad.flat[0]:g}")
    return np.asarray(np.log(array))


def _bound_rates(log_x: FloatArray, hill: float, max_rate: float) -> FloatArray:
    """Return max_rate x^hill / (1 + x^hill), from log x so that no power overflows."""
    saturation: FloatArray = expit(checks.positive("hill", hill) * log_x)
    return checks.positive("max_rate", max_rate) * saturation
