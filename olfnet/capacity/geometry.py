"""Geometry of a set of codes."""

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks


def dimension(responses: ArrayLike) -> float:
    """Participation ratio: in how many directions the codes of a panel really vary.

    Parameters
    ----------
    responses : array of shape (n_odors, n_units)
        One code per row, any unit.

    Returns
    -------
    float
        (tr C)^2 / tr C^2 of the covariance C over odors, between 1 and the smaller of n_units and
        n_odors - 1 (Litwin-Kumar et al. 2017, 10.1016/j.neuron.2017.01.030, eq. 1).

    Raises
    ------
    ValueError
        If the responses are not finite, or do not vary between odors.

    Examples
    --------
    >>> round(dimension([[0, 0], [0, 1], [1, 0], [1, 1]]), 12)
    2.0
    """
    centered = checks.matrix("responses", responses)
    centered = centered - centered.mean(axis=0)
    centered = centered / max(np.abs(centered).max(), np.finfo(float).tiny)
    # C and the Gram matrix share their non-zero spectrum: take the smaller one.
    n_odors, n_units = centered.shape
    gram = centered @ centered.T if n_odors < n_units else centered.T @ centered
    spread = float(np.sum(gram**2))
    if spread == 0:
        raise ValueError(f"responses must vary between odors, got {n_odors} equal rows")
    return float(np.trace(gram) ** 2 / spread)
