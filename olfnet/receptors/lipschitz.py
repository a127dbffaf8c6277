"""Lipschitz constants and slopes of antennal-lobe transforms.

Write a projection neuron's rate as ``P_i = max_rate F(t_i)``, with ``F(t) = t^n / (1 + t^n)``,
``t_i = R_i / b`` and ``b = (sigma^n + s^n)^(1/n)`` for the inhibition ``s = a sum(R)``,
``a = m / 190``.  With ``f(t) = F'(t) = n t^(n-1) / (1 + t^n)^2`` its slopes are

    dP_i / dR_j = max_rate / b (f(t_i) [i = j] - k t_i f(t_i)),    k = db/dsum(R) = a (s / b)^(n-1):

an own slope with respect to the same glomerulus, and a shared one, from inhibition.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.receptors.glomeruli import (
    _RATE_PER_FIELD_POTENTIAL,
    DivisiveNormalization,
    NoNormalization,
)

# A slope is made of some fifteen operations and powers, each off by 4 eps at most.
_ROUNDING = 100 * float(np.finfo(float).eps)


class Slopes(NamedTuple):
    """Bounds of slopes: ``dP_i / dR_j = own_i [i = j] - shared_i``.

    All arrays have the shape of the rates they belong to, in spikes/s per spikes/s.
    """

    own_low: FloatArray
    own_high: FloatArray
    shared_low: FloatArray
    shared_high: FloatArray


def slopes(
    transform: DivisiveNormalization | NoNormalization,
    rates: ArrayLike,
    radius: ArrayLike = 0.0,
    total_radius: ArrayLike = 0.0,
) -> Slopes:
    """Bound the slopes of projection-neuron rates with respect to receptor rates.

    Parameters
    ----------
    transform : DivisiveNormalization or NoNormalization
    rates : array of shape (n_odors, n_glomeruli)
        Receptor rates, in spikes/s.
    radius : array that fits ``rates``
        Largest deviation of a rate from the given one, in spikes/s; rates stay non-negative.
    total_radius : array that fits (n_odors, 1)
        Largest deviation of the sum of all rates, in spikes/s.

    Returns
    -------
    Slopes
        Bounds for all rates within the radii, rounded outward.

    Raises
    ------
    ValueError
        If rates or radii are negative, the slopes of the transform are not known, or its exponent
        is below 1: then a projection neuron's slope at rest is infinite.

    Examples
    --------
    >>> here = slopes(DivisiveNormalization(m=0, exponent=1.0), [[12.0]])
    >>> here.own_low.round(9), here.shared_high  # max_rate sigma / (R + sigma)^2
    (array([[3.4375]]), array([[0.]]))
    """
    rates = checks.matrix("rates", rates, nonnegative=True)
    radius = _distances("radius", radius, rates)
    total_radius = _distances("total_radius", total_radius, rates[:, :1])
    if isinstance(transform, NoNormalization):
        return Slopes(*(np.full(rates.shape, slope) for slope in (1.0, 1.0, 0.0, 0.0)))
    _require_known(transform)
    low, high = np.maximum(rates - radius, 0), rates + radius
    total = rates.sum(axis=1, keepdims=True)
    least = _half_rate(transform, np.maximum(total - total_radius, 0))
    most = _half_rate(transform, total + total_radius)
    own, shared = (
        _range(kind, transform.exponent, low / most.rate, high / least.rate)
        for kind in (_hill_slope, _hill_growth)
    )
    steep, flat = transform.max_rate / least.rate, transform.max_rate / most.rate
    inward, outward = 1 - _ROUNDING, 1 + _ROUNDING
    return Slopes(
        flat * own[0] * inward,
        steep * own[1] * outward,
        flat * least.growth * shared[0] * inward,
        steep * most.growth * shared[1] * outward,
    )


def lipschitz_bound(
    transform: DivisiveNormalization | NoNormalization, n_glomeruli: int, norm: float = 2
) -> float:
    """Return a Lipschitz constant of projection-neuron rates as a function of receptor rates.

    Parameters
    ----------
    transform : DivisiveNormalization or NoNormalization
    n_glomeruli : int
    norm : {2, np.inf}
        Norm of differences of rates.

    Returns
    -------
    float
        In spikes/s per spikes/s, for all non-negative rates.

    Raises
    ------
    ValueError
        As `slopes`, or if the norm is another one.

    Notes
    -----
    Slopes form the matrix ``max_rate / b (diag(f) - k (t f) 1')``, where ``b >= sigma``, ``k <= a``
    (as s < b) and ``t f(t) = n F (1 - F) <= n / 4``; f is greatest, c, at ``t^n = (n-1)/(n+1)``.

    Max norm: since ``k sum(t) = (s / b)^n < 1``, the diagonal is ``f (1 - k t) >= 0``, and a row
    without signs adds up to ``f + (N - 2) k t f <= c + max(N - 2, 0) a n / 4``.

    2-norm: the second part has the norm ``k sqrt(N) |t f|``, where ``|t f| <= sqrt(N) n / 4``, and
    also ``|t f|^2 <= n / 4 sum(t f) <= n c / 4 sum(t) < n c / (4 k)``.  So the whole has at most
    ``c + min(N a n / 4, sqrt(N a n c / 4))``.

    Examples
    --------
    >>> round(lipschitz_bound(DivisiveNormalization(), 24), 2)
    15.3
    """
    n_glomeruli = checks.count("n_glomeruli", n_glomeruli)
    checks.one_of("norm", norm, known=(2, np.inf))
    if isinstance(transform, NoNormalization):
        return 1.0
    _require_known(transform)
    n, a = transform.exponent, transform.m / _RATE_PER_FIELD_POTENTIAL
    steepest = float(_hill_slope(np.array(_peak(_hill_slope, n)), n))
    if norm == 2:
        lateral = n_glomeruli * a * n / 4
        lateral = min(lateral, (lateral * steepest) ** 0.5)
    else:
        lateral = max(n_glomeruli - 2, 0) * a * n / 4
    return transform.max_rate / transform.sigma * (steepest + lateral) * (1 + _ROUNDING)


class _HalfRate(NamedTuple):
    """Receptor rate b of half the maximal response, and its slope k in the sum of all rates."""

    rate: FloatArray
    growth: FloatArray


def _half_rate(transform: DivisiveNormalization, total: FloatArray) -> _HalfRate:
    n, a = transform.exponent, transform.m / _RATE_PER_FIELD_POTENTIAL
    inhibition = a * total / transform.sigma
    with np.errstate(divide="ignore"):
        rate = np.exp(np.logaddexp(0, n * np.log(inhibition)) / n)
    return _HalfRate(transform.sigma * rate, a * (inhibition / rate) ** (n - 1))


def _hill_growth(t: FloatArray, n: float) -> FloatArray:
    """Return t f(t) = n F(t) (1 - F(t)), which no input makes overflow."""
    with np.errstate(divide="ignore"):
        x = n * np.log(t)
    return np.asarray(n * expit(x) * expit(-x))


def _hill_slope(t: FloatArray, n: float) -> FloatArray:
    """Return f(t), at rest 1 for n = 1 and 0 for larger n."""
    at_rest = np.full(np.shape(t), float(n == 1))
    return np.asarray(np.divide(_hill_growth(t, n), t, out=at_rest, where=t > 0))


def _peak(kind: Callable[[FloatArray, float], FloatArray], n: float) -> float:
    """Return the maximizer of f or t f, below which both rise and above which both fall."""
    return 1.0 if kind is _hill_growth else ((n - 1) / (n + 1)) ** (1 / n)


def _range(
    kind: Callable[[FloatArray, float], FloatArray], n: float, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the least and the greatest value between two inputs."""
    least = np.minimum(kind(low, n), kind(high, n))
    return least, kind(np.clip(_peak(kind, n), low, high), n)


def _distances(name: str, distances: ArrayLike, rates: FloatArray) -> FloatArray:
    (array,) = checks.at_least(0, **{name: distances})
    if np.broadcast_shapes(array.shape, rates.shape) != rates.shape:
        raise ValueError(f"{name} must fit the shape {rates.shape}, got {array.shape}")
    return array


def _require_known(transform: DivisiveNormalization) -> None:
    if not isinstance(transform, DivisiveNormalization):
        raise ValueError(
            f"transform must be one whose slopes are known, got {type(transform).__name__}"
        )
    if transform.exponent < 1:
        raise ValueError(
            f"exponent must be at least 1 for slopes to be bounded, got {transform.exponent:g}"
        )
