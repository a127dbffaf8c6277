"""Means of functions of normal numbers, single or in correlated pairs, with kinks or without.

Gauss-Hermite rules, the usual choice, are exact for polynomials, but at a kink their error falls as
slowly as the inverse of their size; here nodes crowd at both ends of every smooth stretch.
"""

from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from olfnet.checks import FloatArray

Function = Callable[[FloatArray], FloatArray]

_CUTOFF = 9.5  # standard deviations; beyond are 2e-21 of all numbers
_SPACING, _CROWDED = 1 / 20, 3.2  # of nodes between kinks
_STEEP = 6.0  # standard deviation from which a smooth activation is treated as one with a kink
_PAIRS_AT_ONCE = 8  # some megabytes


class Pair(NamedTuple):
    """Means over two correlated normal numbers u and v of equal variance.

    Attributes
    ----------
    product : array
        E f(u) f(v).
    covariance : array
        The same of deviations from the mean.
    distance : array
        E (f(u) - f(v))^2 / 2, accurate also where it is tiny.
    slope : array
        E f'(u) f'(v), from f alone, so that jumps are included; infinite for equal numbers.
    """

    product: FloatArray
    covariance: FloatArray
    distance: FloatArray
    slope: FloatArray


def mean(function: Function, sd: ArrayLike, kinks: Iterable[float] = ()) -> FloatArray:
    """Return the mean of a function of a normal number of mean 0, in the shape of ``sd``.

    Kinks are where the function or its slope jumps.  The mean is good to 1e-12 relative for
    functions that bend at 0 or at their kinks only; for those that bend steeply elsewhere, such as
    tanh(100 z - 1), to 1e-9.

    Examples
    --------
    >>> mean(np.square, [1.0, 3.0]).round(12)
    array([1., 9.])
    """
    sd = np.asarray(sd)
    z, weights = _nodes([_edge(kink, 0.0, sd) for kink in {0.0, *kinks}])
    return np.asarray(np.sum(weights * function(sd * z), axis=0))[()]


def pair(
    function: Function, sd: ArrayLike, correlation: ArrayLike, kinks: Iterable[float] = ()
) -> Pair:
    """Return means over a function of two correlated normal numbers of mean 0.

    They are good to 1e-12 for functions no steeper than erf(6 z), in units of ``sd``, and to 1e-10
    for steeper ones; at jumps, and for distances and slopes at kinks, to 1e-8 where numbers are
    nearly the same.

    Both numbers are written as a shared part and one of their own: u = sd (sqrt(c) t + sqrt(1 - c)
    x), v = sd (sqrt(c) t + sqrt(1 - c) y).  Given t they are independent, so that E f(u) f(v) is
    the mean of m(t)^2, m(t) = E f(u) given t; for negative c it is that of m(t) m(-t).

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> pair(ReLU(), 1.0, 0.0, [0.0]).product.round(6)  # 1 / (2 pi)
    np.float64(0.159155)
    """
    sd, c = np.broadcast_arrays(np.asarray(sd, dtype=float), np.asarray(correlation, dtype=float))
    kinks, flat = tuple(kinks), np.stack([sd.ravel(), c.ravel()])
    n_blocks = max(-(-c.size // _PAIRS_AT_ONCE), 1)
    blocks = [_pair(function, kinks, *part) for part in np.array_split(flat, n_blocks, axis=1)]
    parts = zip(*blocks, strict=True)
    return Pair(*(np.concatenate(part).reshape(c.shape)[()] for part in parts))


def _pair(function: Function, kinks: Iterable[float], sd: FloatArray, c: FloatArray) -> Pair:
    shared, own = sd * np.sqrt(np.abs(c)), sd * np.sqrt(1 - np.abs(c))
    if kinks or sd.max(initial=0.0) > _STEEP:
        kinks = {0.0, *kinks}
        edges = [_edge(kink, 0.0, shared) for kink in kinks]
        # The same on both sides, so that -t is the same list of nodes backwards.
        t, weights = _nodes([sign * edge for edge in edges for sign in (-1, 1)])
        middle = np.zeros_like(t)
        z, inner = _nodes([middle, *(_edge(kink, shared * t, own) for kink in kinks)])
    else:
        t, weights = _even_nodes(sd)
        z, inner = t[:, None], weights[:, None]
    values = function(shared * t + own * z)
    first = np.sum(inner * values, axis=0)
    variance = np.sum(inner * (values - first) ** 2, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(own > 0, np.sum(inner * values * z, axis=0) / own, np.inf)
    other, slopes = (np.where(c < 0, part[::-1], part) for part in (first, slope))
    average = np.sum(weights * first, axis=0)
    return Pair(
        np.sum(weights * first * other, axis=0),
        np.sum(weights * (first - average) * (other - average), axis=0),
        np.sum(weights * (variance + (first - other) ** 2 / 2), axis=0),
        np.sum(weights * slope * slopes, axis=0),
    )


def _edge(kink: float, center: ArrayLike, sd: FloatArray) -> FloatArray:
    """Return z for which center + sd z is a kink, within the range of the nodes."""
    distance = kink - np.asarray(center)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.where(distance == 0, 0.0, distance / sd)
    return np.clip(z, -_CUTOFF, _CUTOFF)


def _nodes(edges: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return nodes between edges, nodes first, and their weights in a standard normal mean."""
    ends = np.full_like(edges[0], _CUTOFF)
    cuts = np.sort(np.stack([-ends, *edges, ends]), axis=0)
    pairs = [(low, high) for low, high in pairwise(cuts) if np.any(high > low)]
    parts = [crowded(low, high, _SPACING, _CROWDED) for low, high in pairs]
    z, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    return z, weights * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def _even_nodes(sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Evenly spaced numbers, of which few suffice where a function of sd z is analytic.

    Poles as near as those of tanh, pi / 2 / sd, cost exp(-pi^2 / sd / spacing) < 1e-16.
    """
    n_side = int(np.ceil(_CUTOFF * max(2.0, 4 * sd.max(initial=0.0))))
    z = np.linspace(-_CUTOFF, _CUTOFF, 2 * n_side + 1)[:, None]
    return z, (z[1] - z[0]) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def crowded(
    low: FloatArray, high: FloatArray, spacing: float = 1 / 64, cutoff: float = 4.0
) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of an integral between two edges, at which the nodes crowd.

    A double exponential rule (Takahasi & Mori 1974, Publ. RIMS 9:721), for functions that bend or
    jump at the edges.

    ``spacing`` and ``cutoff`` are those of the variable that is evenly spaced; the last nodes are
    within exp(-pi sinh(cutoff)) of the edges, relative to the width.

    Examples
    --------
    >>> nodes, weights = crowded(np.array(0.0), np.array(1.0))
    >>> np.sum(weights * np.sqrt(nodes)).round(12)
    np.float64(0.666666666667)
    """
    shape = (-1,) + (1,) * low.ndim
    below, above, weights = (part.reshape(shape) for part in _rule(spacing, cutoff))
    width = high - low
    nodes = np.where(below < 0.5, low + width * below, high - width * above)
    return nodes, width * weights


@cache
def _rule(spacing: float, cutoff: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distances of nodes from both edges, and weights, on the interval from 0 to 1."""
    n_side = round(cutoff / spacing)
    times = spacing * np.arange(-n_side, n_side + 1)
    below = 1 / (1 + np.exp(-np.pi * np.sinh(times)))
    return below, below[::-1], spacing * np.pi * np.cosh(times) * below * below[::-1]
