"""Capacity of a linear readout for manifolds rather than points: spheres at random centers."""

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian.tails import upper_tail

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
# Edges of the panels, relative to the radius and to its inverse, where the integrand bends.
_BENDS = np.array([0.1, 0.3, 1.0, 2.0, 4.0, 8.0])
_STEPS = np.array([-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0])
_CUTOFF = 10.0
# Below it spheres are points, above its inverse whole subspaces, to rounding.
_TINY = 1e-15
# Elements at once, which bounds the memory.
_N_AT_ONCE = 512


def capacity(radius: ArrayLike, dimension: ArrayLike, margin: ArrayLike = 0.0) -> FloatArray:
    """Return the manifolds per dimension that a linear readout can classify, each as a whole.

    Parameters
    ----------
    radius : array, at least 0
        R of spheres (with their insides) relative to the length of their centers; may be infinite.
    dimension : array
        D of the subspaces that they lie in, from 1e-6 to 1e9.
    margin : array, at least 0
        kappa, relative to the length of the centers, at most 1e100; broadcast with the others.

    Returns
    -------
    array
        1 / alpha is the mean, over t of the chi distribution with D degrees of freedom and standard
        normal x, of (R t + kappa - x)^2 / (1 + R^2) between x = kappa - t / R and kappa + R t, and
        of (x - kappa)^2 + t^2 below (Chung, Lee & Sompolinsky 2018, PRX 8:031003, balls).  To 1e-10
        relative.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> capacity([0.0, 0.1, 0.5, 1.0, 2.0], 1).round(4)
    array([2.    , 1.7748, 1.2576, 1.    , 0.83  ])
    >>> capacity([1.0, np.inf], 5).round(4)  # 2 / (D + 1) and 1 / (D + 1/2)
    array([0.3333, 0.1818])
    """
    radius, dimension, margin = checks.broadcast(radius=radius, dimension=dimension, margin=margin)
    checks.within("radius", radius, 0, np.inf)
    checks.within("dimension", dimension, 1e-6, 1e9)
    checks.within("margin", margin, 0, 1e100)
    radius = np.where(radius < _TINY, 0.0, np.where(radius > 1 / _TINY, np.inf, radius))
    flat = np.array([x.ravel() for x in (radius, dimension, margin)])
    parts = [_inverse(*flat[:, k : k + _N_AT_ONCE]) for k in range(0, flat.shape[1], _N_AT_ONCE)]
    return np.asarray(1 / np.concatenate([*parts, np.zeros(0)])).reshape(radius.shape)


def _inverse(radius: FloatArray, dimension: FloatArray, margin: FloatArray) -> FloatArray:
    """Integrate over t by panels; below the first of them spheres are points."""
    edges = _edges(radius, dimension, margin)
    widths = np.diff(edges, axis=1)
    which, at = np.nonzero(widths > 0)  # panels of all elements in one row
    half = widths[which, at][:, None] / 2
    t = edges[which, at][:, None] + half + half * _NODES
    r, d, k = (x[which, None] for x in (radius, dimension, margin))
    mass = half * _WEIGHTS * np.exp(_log_density(t, d))
    sums = np.sum(mass * _given_length(t, r, k), axis=1)
    total = np.bincount(which, sums, len(radius))
    below = scipy.special.gammainc(dimension / 2, edges[:, 0] ** 2 / 2)
    point = _given_length(np.zeros((len(radius), 1)), radius[:, None], margin[:, None])[:, 0]
    return np.asarray(total + below * point)


def _edges(radius: FloatArray, dimension: FloatArray, margin: FloatArray) -> FloatArray:
    """Return borders of panels, (n, n_edges), short where the density or the integrand bends."""
    middle = np.sqrt(dimension)[:, None]
    high = middle + _CUTOFF
    # Where less than 1e-18 of the density lies below, and the integrand is that of t = 0.
    negligible = np.maximum(1e-18 ** (1 / np.maximum(dimension, 0.4)), 1e-45)[:, None]
    low = np.maximum(middle - _CUTOFF, negligible)
    # Near 0 the density is a power of t, which panels that grow geometrically follow.
    growing = high * 4.0 ** -np.arange(1, 80)
    even = middle + _CUTOFF * np.linspace(-1, 1, 17)
    inverse = np.divide(1, radius, where=radius > 0, out=np.zeros_like(radius))
    scale = np.column_stack((np.where(np.isinf(radius), 0.0, radius), inverse))
    bends = (scale[:, :, None] * _BENDS).reshape(len(radius), -1)
    # Where kappa - t / R passes zero.
    steps = scale[:, :1] * (margin[:, None] + _STEPS)
    edges = np.concatenate((low, growing, even, bends, steps, high), axis=1)
    return np.sort(np.clip(edges, low, high), axis=1)


def _log_density(t: FloatArray, dimension: FloatArray) -> FloatArray:
    """Return the logarithm of the chi density, relative to t^2 = D, as large terms cancel."""
    half = dimension / 2
    # log Gamma(a) - (a - 1/2) log a + a is small for large a, and given by its series.
    stirling = np.where(
        half > 1e3,
        np.log(2 * np.pi) / 2 + 1 / (12 * half) - 1 / (360 * half**3),
        scipy.special.gammaln(half) - (half - 0.5) * np.log(half) + half,
    )
    # (t / sqrt(D))^D exp(-(t^2 - D) / 2) has its maximum, 1, at t^2 = D.
    far = (t - np.sqrt(dimension)) / np.sqrt(dimension)
    log_ratio = np.where(
        far > -0.5, np.log1p(np.maximum(far, -0.5)), np.log(t) - np.log(dimension) / 2
    )
    shape = dimension * (log_ratio - far - far**2 / 2)
    return np.asarray(shape + np.log(2) + np.log(half) / 2 - stirling - np.log(t))


def _given_length(t: FloatArray, radius: FloatArray, margin: FloatArray) -> FloatArray:
    """Return the mean over x in closed form."""
    whole = np.isinf(radius)
    r = np.where(whole, 1.0, radius)
    ratio = np.divide(t, r, where=r > 0, out=np.full(np.broadcast(t, r).shape, np.inf))
    between = _square(margin - ratio, margin + r * t, margin + r * t)
    below = _square(-np.inf, margin - ratio, margin)
    spheres = between / (1 + r**2) + below + t**2 * upper_tail(ratio - margin)
    # For a subspace both borders are at kappa, or infinite: t^2 on either side of it.
    return np.asarray(np.where(whole, t**2 + _square(-np.inf, margin, margin), spheres))


def _square(low: ArrayLike, high: ArrayLike, center: ArrayLike) -> FloatArray:
    """Return the mean of (x - center)^2 over standard normal x between two borders."""
    center = np.asarray(center, dtype=float)
    return _moment(high, center) - _moment(low, center)


def _moment(border: ArrayLike, center: FloatArray) -> FloatArray:
    """Return the same below a border: (1 + c^2) Phi(b) + (2 c - b) phi(b)."""
    border = np.asarray(border, dtype=float)
    near = np.clip(border, -40.0, 40.0)  # beyond which the density is 0
    density = np.exp(-(near**2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray((1 + center**2) * upper_tail(-border) + (2 * center - near) * density)
