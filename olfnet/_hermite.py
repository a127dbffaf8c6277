"""Normalized Hermite polynomials, which receptors and theory share."""

import numpy as np
from numpy.typing import NDArray


def weighted_polynomials(
    z: NDArray[np.float64], weights: NDArray[np.float64], n_terms: int
) -> NDArray[np.float64]:
    """Return h_n(z) times weights for n = 0, 1, ..., shape (n_terms, len(z)).

    The polynomials are orthonormal under the standard normal density.  The weights are inside the
    recursion, so that neither factor overflows.
    """
    h = np.empty((n_terms, z.size))
    h[:2] = weights, z * weights
    for n in range(2, n_terms):
        h[n] = (z * h[n - 1] - np.sqrt(n - 1) * h[n - 2]) / np.sqrt(n)
    return h
