"""Means over any density of SciPy's, by quadrature between the kinks of a function."""

from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray

Density = Any  # a frozen continuous distribution of scipy.stats
_FADED = 1e-40  # probability beyond the ends


def expectation(
    function: Callable[[FloatArray], FloatArray], inputs: Density, kinks: Iterable[ArrayLike] = ()
) -> FloatArray:
    """Return the mean of a function of a random number, by quadrature between its kinks.

    Parameters
    ----------
    function : callable (array) -> array of the same shape
    inputs : frozen continuous distribution of scipy.stats
    kinks : arrays
        Where the function or its derivative jumps.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        If the density is not smooth enough for the quadrature, or its tails are too heavy for this
        function, or a kink is no number.

    Examples
    --------
    >>> expectation(np.square, scipy.stats.logistic()).round(10)  # pi^2 / 3
    np.float64(3.2898681337)
    """
    mean, sd = mean_and_sd(inputs)
    ends = _ends(inputs)
    bends = [array for kink in kinks for array in checks.broadcast(kinks=kink)]
    if any(np.isnan(bend).any() for bend in bends):
        raise ValueError("kinks must be numbers, got nan")
    inner = [np.clip(place, *ends) for place in (mean, mean - 8 * sd, mean + 8 * sd, *bends)]
    edges = np.sort(np.stack(np.broadcast_arrays(*ends, *inner)), axis=0)
    total, weight, size = np.zeros((3, *edges.shape[1:]))
    for low, high in pairwise(edges):
        z, lengths = crowded(low, high)
        with np.errstate(divide="ignore", invalid="ignore"):  # infinite at the edge of its support
            shares = np.where(lengths > 0, lengths * inputs.pdf(z), 0)
        weight += shares.sum(axis=0)
        values = function(z)
        total += np.sum(shares * values, axis=0)
        size += np.sum(shares * np.abs(values), axis=0)
    if not np.all(np.abs(weight - 1) < 1e-9):
        raise ValueError(
            f"inputs must have a smooth density for quadrature, got {inputs.dist.name}, whose "
            f"integral comes out as {np.ravel(weight)[np.argmax(np.abs(weight - 1))]:.9g}"
        )
    _require_light_tails(function, inputs, edges, size)
    return np.asarray(total / weight)[()]


def mean_and_sd(inputs: Density) -> tuple[FloatArray, FloatArray]:
    """Return both of a distribution, if it is one and both are finite."""
    if not isinstance(getattr(inputs, "dist", None), scipy.stats.rv_continuous):
        raise ValueError(
            f"inputs must be a frozen continuous distribution of scipy.stats, got {inputs!r}"
        )
    mean, sd = np.asarray(inputs.mean()), np.asarray(inputs.std())
    if not (np.isfinite(mean) & np.isfinite(sd) & (sd > 0)).all():
        raise ValueError(f"inputs must have finite mean and variance, got {inputs.dist.name}")
    return mean, sd


def _require_light_tails(
    function: Callable[[FloatArray], ArrayLike],
    inputs: Density,
    edges: FloatArray,
    size: FloatArray,
) -> None:
    """Raise if what was left out beyond the ends could matter: the function there times _FADED."""
    if not np.isfinite(size).all():
        raise ValueError("function must be finite where inputs fall, got nan or infinity")
    lost = np.zeros_like(size)
    for edge, end in zip(edges[[0, -1]], inputs.support(), strict=True):
        if np.isinf(end).any():
            lost += _FADED * np.abs(function(edge))
    if not np.all(lost <= 1e-12 * size + 1e-25):
        raise ValueError(
            f"function must grow more slowly than the tails of {inputs.dist.name} fade, got a mean "
            f"of which about {np.max(lost):.2g} is missing"
        )


def _ends(inputs: Density) -> list[FloatArray]:
    """Support, or where the density has faded to nothing."""
    low, high = (np.asarray(end, dtype=float) for end in inputs.support())
    faded = inputs.ppf(_FADED), inputs.isf(_FADED)
    return [np.where(np.isinf(low), faded[0], low), np.where(np.isinf(high), faded[1], high)]


def crowded(
    low: FloatArray, high: FloatArray, spacing: float = 1 / 64, reach: float = 4.0
) -> tuple[FloatArray, FloatArray]:
    """Return places between two edges that crowd at both, and the lengths they stand for.

    A double exponential rule (Takahasi & Mori 1974, Publ. RIMS 9:721), which bears functions that
    bend or jump at the edges.

    Parameters
    ----------
    low, high : arrays of the same shape
    spacing, reach : float
        Of the variable that is evenly spaced; the last places are within exp(-pi sinh(reach)) of
        the edges, in parts of the width.

    Returns
    -------
    tuple of arrays of shape (n_places, ...)

    Examples
    --------
    >>> places, lengths = crowded(np.array(0.0), np.array(1.0))
    >>> np.sum(lengths * np.sqrt(places)).round(12)
    np.float64(0.666666666667)
    """
    shape = (-1,) + (1,) * low.ndim
    below, above, lengths = (part.reshape(shape) for part in _rule(spacing, reach))
    width = high - low
    places = np.where(below < 0.5, low + width * below, high - width * above)
    return places, width * lengths


@cache
def _rule(spacing: float, reach: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distances from both edges, and lengths, on the interval from 0 to 1."""
    n_side = round(reach / spacing)
    times = spacing * np.arange(-n_side, n_side + 1)
    below = 1 / (1 + np.exp(-np.pi * np.sinh(times)))
    return below, below[::-1], spacing * np.pi * np.cosh(times) * below * below[::-1]
