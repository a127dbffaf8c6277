"""From measured capacities of small systems to that of an infinite one."""

from dataclasses import dataclass

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from olfnet import checks


@dataclass(frozen=True)
class Extrapolation:
    """A straight line in 1 / n_dims, and where it ends.

    Attributes
    ----------
    value, low, high : float
        Limit of infinite size, and its interval.
    slope : float
        How fast it is approached: value + slope / n_dims.
    p_value : float
        How likely measurements stray that far from a line (chi-square); 1 for two sizes.
    """

    value: float
    low: float
    high: float
    slope: float
    p_value: float


def extrapolate(
    n_dims: ArrayLike, capacity: ArrayLike, standard_error: ArrayLike, confidence: float = 0.95
) -> Extrapolation:
    """Extrapolate capacities measured at several sizes to infinite size.

    Parameters
    ----------
    n_dims : array of shape (n_sizes,)
        Two or more different sizes.
    capacity, standard_error : arrays of shape (n_sizes,)
        Mean and standard error at each size.
    confidence : float

    Returns
    -------
    Extrapolation
        Weighted least squares on 1 / n_dims, with the normal interval of the known errors.

    Raises
    ------
    ValueError
        If shapes differ, a size or error is not positive, or sizes are all the same.

    Examples
    --------
    >>> found = extrapolate([50, 100, 200], [1.02, 1.01, 1.005], [0.01, 0.01, 0.01])
    >>> round(found.value, 9), round(found.slope, 9)
    (1.0, 1.0)
    """
    sizes, means = checks.vector("n_dims", n_dims), checks.vector("capacity", capacity)
    errors = checks.vector("standard_error", standard_error)
    confidence = checks.fraction("confidence", confidence)
    if not len(sizes) == len(means) == len(errors):
        raise ValueError(
            "n_dims, capacity and standard_error must be equally long, got "
            f"{len(sizes)}, {len(means)} and {len(errors)}"
        )
    for name, values in (("n_dims", sizes), ("standard_error", errors)):
        if not (values > 0).all():
            raise ValueError(f"{name} must be positive, got {values.min():g}")
    if np.ptp(sizes) == 0:
        raise ValueError(f"n_dims must hold two different sizes, got {sizes}")
    (slope, value), covariance = np.polyfit(1 / sizes, means, 1, w=1 / errors, cov="unscaled")
    reach = scipy.stats.norm.isf((1 - confidence) / 2) * covariance[1, 1] ** 0.5
    strays = np.sum(((means - value - slope / sizes) / errors) ** 2)
    p_value = scipy.stats.chi2.sf(strays, len(sizes) - 2) if len(sizes) > 2 else 1.0
    return Extrapolation(
        float(value), float(value - reach), float(value + reach), float(slope), float(p_value)
    )
