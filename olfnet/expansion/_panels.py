"""Validation of matrices that may be sparse: weights, codes and panels of odors."""

from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from olfnet import checks


def canonical(name: str, matrix: Any) -> csr_array:
    """Return a finite csr_array of float64 with sorted indices, repeated entries summed."""
    if not issparse(matrix):
        return csr_array(checks.matrix(name, matrix))
    sparse = csr_array(matrix, dtype=np.float64)
    if 0 in sparse.shape:
        raise ValueError(f"{name} must have at least one row and column, got shape {sparse.shape}")
    if not np.isfinite(sparse.data).all():
        raise ValueError(f"{name} must be finite, got {sparse.data[~np.isfinite(sparse.data)][0]}")
    if not sparse.has_canonical_format:
        sparse = sparse.copy()
        sparse.sum_duplicates()
    return sparse


def odor_panel(odors: Any, weights: csr_array) -> Any:
    """Return odors for these weights as a float array, or as a csr_array if they are sparse."""
    panel = canonical("odors", odors) if issparse(odors) else checks.matrix("odors", odors)
    if panel.shape[1] != weights.shape[1]:
        raise ValueError(
            f"odors must have n_inputs={weights.shape[1]} columns, got {panel.shape[1]}"
        )
    largest = abs(panel).max()
    with np.errstate(over="ignore"):
        bound = largest * abs(weights).sum(axis=1).max()
    if not np.isfinite(bound):
        raise ValueError(f"odors must give finite drives, got {largest:g}")
    return panel
