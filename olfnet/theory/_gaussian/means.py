"""Means over functions of normal numbers, single or in correlated pairs, with kinks or without.

What a wide random layer does to signals are such means.  Gauss-Hermite rules, the usual choice, are
exact for polynomials, but at a kink their error falls as slowly as the inverse of their size; here
nodes crowd at both ends of every smooth stretch (``quadrature.crowded``).
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian.quadrature import crowded

Function = Callable[[FloatArray], FloatArray]

_REACH = 9.5  # standard deviations; beyond are 2e-21 of all numbers
_SPACING, _CROWDED = 1 / 20, 3.2  # of nodes between kinks
_STEEP = 6.0  # standard deviations from which on a smooth activation is taken for a bent one
_PAIRS_AT_ONCE = 8  # some megabytes


class Pair(NamedTuple):
    """Means over two normal numbers u and v, of equal spread, that are correlated.

    Attributes
    ----------
    product : array
        E f(u) f(v).
    covariance : array
        The same of deviations from the mean.
    distance : array
        E (f(u) - f(v))^2 / 2, accurate also where it is tiny.
    slope : array
        E f'(u) f'(v), from f alone, such that a jump counts; infinite for equal numbers.
    """

    product: FloatArray
    covariance: FloatArray
    distance: FloatArray
    slope: FloatArray


def mean(function: Function, sd: ArrayLike, kinks: Iterable[float] = ()) -> FloatArray:
    """Return the mean of a function of a normal number of mean 0.

    Parameters
    ----------
    function : callable (array) -> array of the same shape
    sd : array of numbers of at least 0
    kinks : numbers
        Where the function or its slope jumps.

    Returns
    -------
    array of the shape of ``sd``
        To 1e-12 relative for functions that bend at 0 or at their kinks only; those that bend
        steeply elsewhere, such as tanh(100 z - 1), to 1e-9.

    Raises
    ------
    ValueError
        If ``sd`` is negative or not finite.

    Examples
    --------
    >>> mean(np.square, [1.0, 3.0]).round(12)
    array([1., 9.])
    """
    (sd,) = checks.at_least(0, sd=sd)
    z, weights = _nodes([_places(kink, 0.0, sd) for kink in {0.0, *kinks}])
    return np.asarray(np.sum(weights * function(sd * z), axis=0))[()]


def pair(
    function: Function, sd: ArrayLike, correlation: ArrayLike, kinks: Iterable[float] = ()
) -> Pair:
    """Return means over a function of two correlated normal numbers of mean 0.

    Parameters
    ----------
    function : callable (array) -> array of the same shape
    sd : array of numbers of at least 0
        Of both numbers.
    correlation : array of numbers in [-1, 1]
        Broadcast with it.
    kinks : numbers
        Where the function or its slope jumps.

    Returns
    -------
    Pair
        To 1e-12 for functions no steeper than erf(6 z), in units of ``sd``, and 1e-10 for steeper
        ones; at jumps, and for distances and slopes at kinks, to 1e-8 where numbers are nearly the
        same.

    Raises
    ------
    ValueError
        If a number is not legal.

    Notes
    -----
    Both numbers are written as a shared part and one of their own: u = sd (sqrt(c) t + sqrt(1 - c)
    x), v = sd (sqrt(c) t + sqrt(1 - c) y).  Given t they are independent, so that E f(u) f(v) is
    the mean of m(t)^2, m(t) = E f(u) given t; for negative c it is that of m(t) m(-t).

    Examples
    --------
    >>> from olfnet.theory.activations import ReLU
    >>> pair(ReLU(), 1.0, 0.0, [0.0]).product.round(6)  # 1 / (2 pi)
    np.float64(0.159155)
    """
    (sd,) = checks.at_least(0, sd=sd)
    sd, c = checks.broadcast(sd=sd, correlation=correlation)
    if not (np.abs(c) <= 1).all():
        raise ValueError(f"correlation must be in [-1, 1], got {c[~(np.abs(c) <= 1)].flat[0]:g}")
    kinks, flat, n_blocks = (
        tuple(kinks),
        np.stack([sd.ravel(), c.ravel()]),
        -(-c.size // _PAIRS_AT_ONCE),
    )
    blocks = [
        _pair(function, kinks, *part) for part in np.array_split(flat, max(n_blocks, 1), axis=1)
    ]
    parts = zip(*blocks, strict=True)
    return Pair(*(np.concatenate(part).reshape(c.shape)[()] for part in parts))


def _pair(function: Function, kinks: Iterable[float], sd: FloatArray, c: FloatArray) -> Pair:
    shared, own = sd * np.sqrt(np.abs(c)), sd * np.sqrt(1 - np.abs(c))
    if kinks or sd.max(initial=0.0) > _STEEP:
        kinks = {0.0, *kinks}
        places = [_places(kink, 0.0, shared) for kink in kinks]
        # The same to both sides, so that -t is the same list of nodes backwards.
        t, weights = _nodes([sign * place for place in places for sign in (-1, 1)])
        middle = np.zeros_like(t)
        z, inner = _nodes([middle, *(_places(kink, shared * t, own) for kink in kinks)])
    else:
        t, weights = _even_nodes(sd)
        z, inner = t[:, None], weights[:, None]
    values = function(shared * t + own * z)
    first = np.sum(inner * values, axis=0)
    spread = np.sum(inner * (values - first) ** 2, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(own > 0, np.sum(inner * values * z, axis=0) / own, np.inf)
    other, slopes = (np.where(c < 0, one[::-1], one) for one in (first, slope))
    average = np.sum(weights * first, axis=0)
    return Pair(
        np.sum(weights * first * other, axis=0),
        np.sum(weights * (first - average) * (other - average), axis=0),
        np.sum(weights * (spread + (first - other) ** 2 / 2), axis=0),
        np.sum(weights * slope * slopes, axis=0),
    )


def _places(kink: float, center: ArrayLike, sd: FloatArray) -> FloatArray:
    """Where center + sd z is at a kink, as far as nodes reach."""
    away = kink - np.asarray(center)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.where(away == 0, 0.0, away / sd)
    return np.clip(z, -_REACH, _REACH)


def _nodes(edges: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return standard normal numbers between edges, nodes first, and what each stands for."""
    ends = np.full_like(edges[0], _REACH)
    cuts = np.sort(np.stack([-ends, *edges, ends]), axis=0)
    pairs = [(low, high) for low, high in pairwise(cuts) if np.any(high > low)]
    parts = [crowded(low, high, _SPACING, _CROWDED) for low, high in pairs]
    z, lengths = (np.concatenate(part) for part in zip(*parts, strict=True))
    return z, lengths * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def _even_nodes(sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Evenly spaced numbers, of which few suffice where a function of sd z is analytic.

    Poles as near as those of tanh, pi / 2 / sd, cost exp(-pi^2 / sd / spacing) < 1e-16.
    """
    n_side = int(np.ceil(_REACH * max(2.0, 4 * sd.max(initial=0.0))))
    z = np.linspace(-_REACH, _REACH, 2 * n_side + 1)[:, None]
    return z, (z[1] - z[0]) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
