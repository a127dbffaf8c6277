"""Generators of synthetic odor panels: one row per odor, one column per receptor.

Every generator is called as ``name(n_odors, n_receptors, *, ..., rng=None)`` and returns a float
array of shape (n_odors, n_receptors); the same ``rng`` seed gives the same odors. Rates are in
spikes/s, but those of `gaussian`, `binary` and `clusters` are dimensionless.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from olfnet import checks
from olfnet.checks import FloatArray, Seed


def gaussian(
    n_odors: int, n_receptors: int, *, mean: float = 0.0, sd: float = 1.0, rng: Seed = None
) -> FloatArray:
    """Draw every entry from one normal distribution.

    Parameters
    ----------
    n_odors, n_receptors : int
        Shape of the panel.
    mean, sd : float
        Mean and standard deviation of an entry.
    rng : numpy.random.Generator, int or None
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_odors, n_receptors)

    Raises
    ------
    ValueError
        If a count is below 1, ``mean`` is not finite or ``sd`` is not positive.

    Examples
    --------
    >>> gaussian(1000, 20, rng=1).shape
    (1000, 20)
    """
    rng = np.random.default_rng(rng)
    mean, sd = checks.finite("mean", mean), checks.positive("sd", sd)
    return rng.normal(mean, sd, _shape(n_odors, n_receptors))


def binary(
    n_odors: int, n_receptors: int, *, coding_level: float = 0.5, rng: Seed = None
) -> FloatArray:
    """Draw odors that activate each receptor or not: entries 1 and 0.

    Parameters
    ----------
    n_odors, n_receptors : int
        Shape of the panel.
    coding_level : float
        Probability that an entry is 1, in (0, 1].
    rng : numpy.random.Generator, int or None
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_odors, n_receptors)

    Raises
    ------
    ValueError
        If a count is below 1 or ``coding_level`` is outside (0, 1].

    Examples
    --------
    >>> float(binary(10, 5, coding_level=1.0, rng=1).mean())
    1.0
    """
    rng = np.random.default_rng(rng)
    coding_level = checks.fraction("coding_level", coding_level)
    return (rng.random(_shape(n_odors, n_receptors)) < coding_level).astype(float)


def exponential(
    n_odors: int, n_receptors: int, *, mean: float = 40.0, rng: Seed = None
) -> FloatArray:
    """Draw exponentially distributed rates, with the same mean for all odors.

    Parameters
    ----------
    n_odors, n_receptors : int
        Shape of the panel.
    mean : float
        Mean rate in spikes/s; that of Hallem & Carlson (2006) is 40.67.
    rng : numpy.random.Generator, int or None
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_odors, n_receptors)
        Rates in spikes/s.

    Raises
    ------
    ValueError
        If a count is below 1 or ``mean`` is not positive.

    References
    ----------
    Stevens 2015, PNAS 112:9460-9465, DOI 10.1073/pnas.1510103112.

    Examples
    --------
    >>> bool(exponential(10, 5, rng=1).min() >= 0)
    True
    """
    rng = np.random.default_rng(rng)
    return rng.exponential(checks.positive("mean", mean), _shape(n_odors, n_receptors))


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
    """Draw odors of log-normal affinity for each receptor, presented at a concentration.

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
    concentration = checks.for_each("concentration", concentration, n_odors)
    log_dose = _log_concentrations("concentration", concentration)
    return _bound_rates(affinity + log_dose[:, None], hill, max_rate)


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
    """Draw log-normal odors, each presented at several concentrations.

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
    concentrations = checks.vector("concentrations", concentrations)
    log_doses = _log_concentrations("concentrations", concentrations)
    return _bound_rates(affinity[:, None] + log_doses[:, None], hill, max_rate)


def mixtures(
    n_odors: int,
    n_receptors: int,
    *,
    n_components: int = 2,
    components: ArrayLike | None = None,
    evenness: float = 1.0,
    rng: Seed = None,
) -> FloatArray:
    """Draw mixtures, each of different components from one common stock.

    Parameters
    ----------
    n_odors, n_receptors : int
        Shape of the panel.
    n_components : int
        Different components in a mixture.
    components : array-like of shape (n_stock, n_receptors), optional
        The stock, for example a measured panel; by default `exponential` odors, as many as there
        are mixtures (at least ``n_components``).
    evenness : float
        Parameter of the symmetric Dirichlet distribution of the proportions, which add up to 1.
        With 1 all proportions are equally likely, below 1 one component tends to dominate, with
        infinity all are equal.
    rng : numpy.random.Generator, int or None
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_odors, n_receptors)
        Weighted means of the components, in their unit.

    Raises
    ------
    ValueError
        If a count is below 1, ``evenness`` is not positive, ``components`` are not finite, have
        other than ``n_receptors`` columns, or are fewer than ``n_components``.

    Examples
    --------
    >>> stock = [[100.0, 0.0], [0.0, 100.0]]
    >>> mixtures(1, 2, components=stock, evenness=math.inf, rng=1)
    array([[50., 50.]])
    """
    rng = np.random.default_rng(rng)
    n_odors, n_receptors = _shape(n_odors, n_receptors)
    n_components = checks.count("n_components", n_components)
    if components is None:
        components = exponential(max(n_odors, n_components), n_receptors, rng=rng)
    stock = checks.matrix("components", components)
    if stock.shape[1] != n_receptors:
        raise ValueError(f"components must have {n_receptors} columns, got {stock.shape[1]}")
    checks.count("n_components", n_components, maximum=len(stock))
    parts = _proportions(n_odors, n_components, evenness, rng)
    indices = [rng.choice(len(stock), n_components, replace=False) for _ in range(n_odors)]
    panel = np.zeros((n_odors, n_receptors))
    for part, rows in zip(parts.T, np.transpose(indices), strict=True):
        panel += part[:, None] * stock[rows]
    return panel


def clusters(
    n_odors: int,
    n_receptors: int,
    *,
    n_clusters: int = 10,
    cluster_size: float = 0.1,
    rng: Seed = None,
) -> FloatArray:
    """Draw noisy variants of +-1 prototypes; odor ``i`` belongs to cluster ``i % n_clusters``.

    Each entry of a prototype is +1 or -1 with equal probability, and a member of its cluster has
    each entry flipped with probability ``cluster_size / 2``. The overlap (mean product of entries)
    of a member with its prototype is ``1 - cluster_size`` on average.

    Parameters
    ----------
    n_odors, n_receptors : int
        Shape of the panel.
    n_clusters : int
        Number of prototypes.
    cluster_size : float
        In [0, 1]. With 0 all members are prototypes: ``clusters(n_clusters, n_receptors,
        n_clusters=n_clusters, cluster_size=0, rng=seed)`` are the prototypes of any other panel
        drawn with this seed.
    rng : numpy.random.Generator, int or None
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_odors, n_receptors)
        Entries +1 and -1.

    Raises
    ------
    ValueError
        If a count is below 1 or ``cluster_size`` is outside [0, 1].

    References
    ----------
    Babadi & Sompolinsky 2014, Neuron 83:1213-1226, DOI 10.1016/j.neuron.2014.07.035.

    Examples
    --------
    >>> odors = clusters(6, 4, n_clusters=3, cluster_size=0, rng=1)
    >>> bool((odors[:3] == odors[3:]).all())
    True
    """
    rng = np.random.default_rng(rng)
    shape = _shape(n_odors, n_receptors)
    n_clusters = checks.count("n_clusters", n_clusters)
    flip = checks.fraction("cluster_size", cluster_size, ends="[]") / 2
    prototypes = rng.choice([-1.0, 1.0], (n_clusters, shape[1]))
    members = prototypes[np.arange(shape[0]) % n_clusters]
    return np.where(rng.random(shape) < flip, -members, members)


def _shape(n_odors: int, n_receptors: int) -> tuple[int, int]:
    return checks.count("n_odors", n_odors), checks.count("n_receptors", n_receptors)


def _proportions(
    n_odors: int, n_components: int, evenness: float, rng: np.random.Generator
) -> FloatArray:
    if evenness == math.inf:
        return np.full((n_odors, n_components), 1 / n_components)
    alpha = np.full(n_components, checks.positive("evenness", evenness))
    return rng.dirichlet(alpha, n_odors)


def _log_affinities(
    n_odors: int, n_receptors: int, sigma: float, rng: np.random.Generator
) -> FloatArray:
    shape = checks.count("n_odors", n_odors), checks.count("n_receptors", n_receptors)
    return rng.normal(0.0, checks.positive("sigma", sigma), shape)


def _log_concentrations(name: str, concentrations: FloatArray) -> FloatArray:
    return np.asarray(np.log(checks.within(name, concentrations, 0, np.inf, "()")))


def _bound_rates(log_x: FloatArray, hill: float, max_rate: float) -> FloatArray:
    """Return max_rate x^hill / (1 + x^hill) from log x, so that no power overflows."""
    saturation: FloatArray = expit(checks.positive("hill", hill) * log_x)
    return checks.positive("max_rate", max_rate) * saturation
