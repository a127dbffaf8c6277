"""Most robust readout with non-negative weights and a fixed threshold."""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.readout._certify.constraints import label_signs


@dataclass(frozen=True, eq=False)
class RobustWeights:
    """Non-negative weights behind a threshold of 1.

    Attributes
    ----------
    weights : array of shape (n_features,)
    robustness : float
        Smallest distance of a weighted sum from the threshold, relative to the threshold; negative
        if not all patterns get their labels.
    """

    weights: FloatArray
    robustness: float

    @property
    def silent_fraction(self) -> float:
        """Fraction of the weights that are 0."""
        return float(np.mean(self.weights == 0))


def most_robust(patterns: ArrayLike, labels: ArrayLike) -> RobustWeights:
    """Find the non-negative weights whose sums stay farthest from a fixed threshold.

    Parameters
    ----------
    patterns : array of shape (n_patterns, n_features)
        Activity of excitatory inputs, not negative.
    labels : array of shape (n_patterns,)
        Two values; the positive class is to exceed the threshold.

    Returns
    -------
    RobustWeights

    Raises
    ------
    ValueError
        If labels do not take two values, or patterns are negative or not finite.

    Notes
    -----
    A linear program, solved by SciPy's HiGHS: the largest K with y (w . x - 1) >= K and w >= 0, as
    in the theory of Brunel et al. 2004 (10.1016/j.neuron.2004.08.023).  It always has a solution,
    with K of at most 1, since no sum falls below 0.  A vertex has exact zeros.

    Examples
    --------
    >>> readout = most_robust([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]], [1, -1])
    >>> readout.weights, readout.robustness, round(readout.silent_fraction, 3)
    (array([2., 0., 0.]), 1.0, 0.667)
    """
    patterns = checks.matrix("patterns", patterns, nonnegative=True)
    signs = label_signs(labels, len(patterns))
    if abs(signs.sum()) == len(signs):
        raise ValueError(f"labels must take two values, got only {np.asarray(labels)[0]}")
    largest = patterns.max(axis=0)
    scale = np.where(largest > 0, largest, 1.0)
    program = scipy.optimize.linprog(
        np.append(np.zeros(patterns.shape[1]), -1.0),
        A_ub=np.column_stack((-signs[:, None] * patterns / scale, np.ones(len(signs)))),
        b_ub=-signs,
        bounds=[(0, None)] * patterns.shape[1] + [(None, None)],
        method="highs",
    )
    if program.status != 0:
        raise RuntimeError(f"HiGHS found no optimum: {program.message}")
    scaled = np.asarray(program.x[:-1])
    weights = np.where(scaled < 1e-12 * scaled.max(), 0.0, scaled) / scale  # exact but for rounding
    heights = signs * (patterns @ weights - 1)
    return RobustWeights(weights, float(heights.min()))
