"""Geometry of a set of codes."""

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray


def dimension(responses: ArrayLike, *, corrected: bool = False) -> float:
    """Participation ratio: in how many directions the codes of a panel really vary.

    Parameters
    ----------
    responses : array of shape (n_odors, n_units)
        One code per row, any unit.
    corrected : bool
        Whether to take the rows for a sample of independent odors, and estimate the dimension of
        all that might have been drawn: few odors always seem to vary in few directions.

    Returns
    -------
    float
        (tr C)^2 / tr C^2 of the covariance C over odors, between 1 and the smaller of n_units and
        n_odors - 1 (Litwin-Kumar et al. 2017, 10.1016/j.neuron.2017.01.030, eq. 1).  Corrected,
        numerator and denominator are the unbiased estimates of Himeno & Yamada 2014
        (10.1016/j.jmva.2014.05.014), whatever the distribution, and the ratio may be any number.

    Raises
    ------
    ValueError
        If the responses are not finite, or do not vary between odors; corrected, if there are
        fewer than 4 of them or far too few for an estimate.

    Examples
    --------
    >>> round(dimension([[0, 0], [0, 1], [1, 0], [1, 1]]), 12)
    2.0
    """
    checks.flag("corrected", corrected)
    centered = checks.matrix("responses", responses)
    centered = centered - centered.mean(axis=0)
    centered = centered / max(np.abs(centered).max(), np.finfo(float).tiny)
    # C and the Gram matrix share their non-zero spectrum: take the smaller one.
    n_odors, n_units = centered.shape
    gram = centered @ centered.T if n_odors < n_units else centered.T @ centered
    spread = float(np.sum(gram**2))
    if spread == 0:
        raise ValueError(f"responses must vary between odors, got {n_odors} equal rows")
    if not corrected:
        return float(np.trace(gram) ** 2 / spread)
    return _of_all_odors(n_odors, float(np.trace(gram)), spread, np.sum(centered**2, axis=1))


def _of_all_odors(n: int, trace: float, spread: float, lengths: FloatArray) -> float:
    """Estimate (tr C)^2 / tr C^2 from the sums of n centered rows: tr X'X, tr (X'X)^2, |x|^2."""
    if n < 4:
        raise ValueError(f"responses must hold at least 4 odors for a corrected dimension, got {n}")
    one, two, four = trace / (n - 1), spread / (n - 1) ** 2, float(np.sum(lengths**2)) / (n - 1)
    squared_trace = 2 * two + (n * n - 3 * n + 1) * one**2 - n * four
    trace_of_square = (n - 1) * (n - 2) * two + one**2 - n * four
    if trace_of_square <= 0:
        raise ValueError(f"responses must hold more odors to estimate a dimension, got {n}")
    return float(squared_trace / trace_of_square)
