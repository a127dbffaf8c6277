"""How many manifolds, rather than points, a linear readout can sort: spheres in random places."""

import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory.gaussian import upper_tail

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
# Edges of the panels, relative to the radius and to its inverse, where the integrand bends.
_BENDS = np.array([0.1, 0.3, 1.0, 2.0, 4.0, 8.0])
_REACH, _N_PANELS = 10.0, 16


def capacity(radius: ArrayLike, dimension: ArrayLike, margin: ArrayLike = 0.0) -> FloatArray:
    """Manifolds per dimension that a linear readout can tell apart, each one as a whole.

    Parameters
    ----------
    radius : array, at least 0
        R of spheres (with their insides) relative to the length of their centers; may be infinite.
    dimension : array, positive
        D of the subspaces that they lie in.
    margin : array, at least 0
        kappa, relative to the length of the centers; broadcast with the others.

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
        If a radius or margin is negative, or a dimension not positive.

    Examples
    --------
    >>> capacity([0.0, 0.1, 0.5, 1.0, 2.0], 1).round(4)
    array([2.    , 1.7748, 1.2576, 1.    , 0.83  ])
    >>> capacity([1.0, np.inf], 5).round(4)  # 2 / (D + 1) and 1 / (D + 1/2)
    array([0.3333, 0.1818])
    """
    radius, dimension, margin = checks.broadcast(radius=radius, dimension=dimension, margin=margin)
    _require("radius", radius, (radius >= 0), "at least 0")
    _require("dimension", dimension, (dimension > 0) & np.isfinite(dimension), "positive")
    _require("margin", margin, (margin >= 0) & np.isfinite(margin), "finite and at least 0")
    flat = [one.ravel() for one in (radius, dimension, margin)]
    return np.array([1 / _inverse(*one) for one in zip(*flat, strict=True)]).reshape(radius.shape)


def _require(name: str, values: FloatArray, good: NDArray[np.bool_], rule: str) -> None:
    if not good.all():
        raise ValueError(f"{name} must be {rule}, got {values[~good].flat[0]:g}")


def _inverse(radius: float, dimension: float, margin: float) -> float:
    """Mean over t, by panels that are short where the chi density or the integrand bends."""
    middle = dimension**0.5
    low, high = max(0.0, middle - _REACH), middle + _REACH
    edges = [np.linspace(low, high, _N_PANELS + 1)]
    for scale in (radius, 1 / radius if radius else np.inf):
        edges += [scale * _BENDS, scale * _BENDS * max(margin, 1.0)] if np.isfinite(scale) else []
    inside = np.concatenate(edges)
    # Near 0 the density is a power of t, which panels that shrink geometrically follow.
    shrinking = high * 2.0 ** -np.arange(1, 130) if low == 0 else np.zeros(0)
    inside = np.unique(np.concatenate([inside, shrinking]))
    inside = inside[(inside >= low) & (inside <= high)]
    half = np.diff(inside)[:, None] / 2
    t = (inside[:-1, None] + half + half * _NODES).ravel()
    weights = (half * _WEIGHTS).ravel()
    density = np.exp(
        (1 - dimension / 2) * np.log(2)
        + (dimension - 1) * np.log(t)
        - t**2 / 2
        - scipy.special.gammaln(dimension / 2)
    )
    return float(np.sum(weights * density * _given_length(t, radius, margin)))


def _given_length(t: FloatArray, radius: float, margin: float) -> FloatArray:
    """Mean over x, in closed form."""
    if np.isinf(radius):
        # Both borders are at kappa, or beyond all numbers: t^2 above kappa, with the rest below.
        return np.asarray(
            t**2 * upper_tail(margin)
            + _square(-np.inf, margin, margin)
            + t**2 * upper_tail(-margin)
        )
    ratio = t / radius if radius else np.full_like(t, np.inf)
    between = _square(margin - ratio, margin + radius * t, margin + radius * t)
    below = _square(-np.inf, margin - ratio, margin)
    return np.asarray(between / (1 + radius**2) + below + t**2 * upper_tail(ratio - margin))


def _square(low: ArrayLike, high: ArrayLike, center: ArrayLike) -> FloatArray:
    """Mean of (x - center)^2 over standard normal x between two borders."""
    center = np.asarray(center, dtype=float)
    return _moment(high, center) - _moment(low, center)


def _moment(border: ArrayLike, center: FloatArray) -> FloatArray:
    """Return the same below a border: (1 + c^2) Phi(b) + (2 c - b) phi(b)."""
    border = np.asarray(border, dtype=float)
    finite = np.where(np.isfinite(border), border, 0.0)
    density = np.where(np.isfinite(border), np.exp(-(finite**2) / 2) / np.sqrt(2 * np.pi), 0.0)
    whole = (1 + center**2) * upper_tail(-border) + (2 * center - finite) * density
    return np.asarray(whole)
