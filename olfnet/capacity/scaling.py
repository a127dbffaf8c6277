"""Extrapolation of measured capacities to infinite size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from olfnet import checks


@dataclass(frozen=True)
class Extrapolation:
    """Straight line in 1 / n_dims, and its limit.

    Attributes
    ----------
    value, low, high : float
        Limit of infinite size, and its interval.
    slope : float
        Of the approach to it: value + slope / n_dims.
    p_value : float or None
        Probability that measurements on a line deviate from one by as much; None for two sizes,
        which lie on a line in any case.
    """

    value: float
    low: float
    high: float
    slope: float
    p_value: float | None


def extrapolate(
    n_dims: ArrayLike, samples: Sequence[ArrayLike], confidence: float = 0.95
) -> Extrapolation:
    """Extrapolate capacities measured at several sizes to infinite size.

    Parameters
    ----------
    n_dims : array of shape (n_sizes,)
        Two or more different sizes.
    samples : sequence of arrays of shape (n_repeats,)
        Capacities of the repeats at each size, two or more.
    confidence : float in (0, 1)

    Returns
    -------
    Extrapolation
        Least squares on 1 / n_dims, weighted by the number of repeats and the size.

    Raises
    ------
    ValueError
        If there are not as many samples as sizes, too few repeats, or sizes are all the same.

    Notes
    -----
    Breaking points vary as the square root of the size (in Cover's law exactly), and capacities as
    its inverse: so all repeats together estimate one variance, and Student's and F distributions
    hold for few repeats, too.  Capacities are whole numbers over the size, which bounds the
    variance.

    Examples
    --------
    >>> limit = extrapolate([50, 100], [[1.0, 1.04], [1.0, 1.02]])
    >>> round(limit.value, 9), round(limit.slope, 9), limit.p_value
    (1.0, 1.0, None)
    """
    sizes = checks.vector("n_dims", n_dims)
    columns = [checks.vector("samples", column) for column in samples]
    confidence = checks.fraction("confidence", confidence, "()")
    if len(sizes) != len(columns):
        raise ValueError(f"samples must be one for each of {len(sizes)} sizes, got {len(columns)}")
    if sizes.min() <= 0 or np.unique(sizes).size < 2:
        raise ValueError(f"n_dims must be positive and hold two different sizes, got {sizes}")
    n_repeats = np.array([len(column) for column in columns])
    if n_repeats.min() < 2:
        raise ValueError(f"samples must hold two repeats or more, got {n_repeats.min()}")
    n_free = int(n_repeats.sum() - len(sizes))
    squares = [n * np.sum((c - c.mean()) ** 2) for n, c in zip(sizes, columns, strict=True)]
    variance = max(sum(squares) / n_free, 1 / (12 * sizes.min()))
    means = np.array([column.mean() for column in columns])
    weights = np.sqrt(sizes * n_repeats / variance)
    line = np.column_stack((np.ones_like(sizes), 1 / sizes))
    (value, slope), residuals, *_ = np.linalg.lstsq(weights[:, None] * line, weights * means)
    error = np.linalg.pinv(weights[:, None] * line)[0]
    half_width = scipy.stats.t.isf((1 - confidence) / 2, n_free) * np.linalg.norm(error)
    more = len(sizes) - 2
    p_value = (
        float(scipy.stats.f.sf(residuals[0] / more, more, n_free))
        if more and residuals.size
        else None
    )
    return Extrapolation(
        float(value), float(value - half_width), float(value + half_width), float(slope), p_value
    )
