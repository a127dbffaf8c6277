"""Pruning: which connections of a circuit matter, and the circuit without the others.

As a dimension-adaptive grid refines only the directions in which a function changes, a circuit can
do without the connections whose input hardly changes from odor to odor, or hardly counts.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from olfnet import checks
from olfnet.checks import Seed
from olfnet.expansion.circuit import Circuit, canonical, odor_panel


def importance(circuit: Circuit, odors: Any) -> csr_array:
    """Return how much each connection makes its unit's drive vary over odors.

    Parameters
    ----------
    circuit : Circuit
    odors : array_like or sparse array, shape (n_odors, n_inputs)
        At least two, in the unit of the inputs.

    Returns
    -------
    csr_array of shape (n_units, n_inputs)
        ``weight^2`` times the variance of the input, stored where the weights are: what the
        variance of the drive loses with the connection, if inputs are uncorrelated.

    Raises
    ------
    ValueError
        If odors do not fit the circuit, or there is only one.

    Examples
    --------
    >>> from olfnet.expansion import sparsify
    >>> circuit = Circuit([[1.0, 2.0]], sparsify.TopK(1.0))
    >>> importance(circuit, [[0.0, 5.0], [2.0, 5.0]]).toarray()
    array([[1., 0.]])
    """
    odors = odor_panel(odors, circuit.n_inputs)
    if odors.shape[0] < 2:
        raise ValueError(f"odors must be at least 2, got {odors.shape[0]}")
    dense = odors if isinstance(odors, np.ndarray) else odors.toarray()
    weights = circuit.weights
    found = weights.data**2 * dense.var(axis=0)[weights.indices]
    return csr_array((found, weights.indices, weights.indptr), shape=weights.shape)


def pruned(
    circuit: Circuit, fraction: float, *, importance: Any = None, rng: Seed = None
) -> Circuit:
    """Return the circuit without a fraction of its connections, the least important ones.

    Parameters
    ----------
    circuit : Circuit
    fraction : float
        Of all connections, in [0, 1]; their number is rounded to the next integer.
    importance : sparse array or array_like of shape (n_units, n_inputs), optional
        Of each connection, as from :func:`importance`; without it, connections to prune are drawn
        at random.
    rng : numpy.random.Generator or int, optional
        Draws the connections, or among those that are equally important.

    Returns
    -------
    Circuit
        With the same sparsifier; units without connections are never driven.

    Raises
    ------
    ValueError
        If the fraction is not one, or the importance has another shape than the weights.

    Examples
    --------
    >>> import olfnet
    >>> circuit = olfnet.random_expansion(n_inputs=9, n_units=20, fan_in=7, coding_level=0.1, rng=1)
    >>> pruned(circuit, 0.3, rng=2).weights.nnz / circuit.weights.nnz
    0.7
    """
    rng = np.random.default_rng(rng)
    weights = circuit.weights
    n_pruned = round(checks.fraction("fraction", fraction, ends="[]") * weights.nnz)
    ranks = rng.permutation(weights.nnz)
    if importance is not None:
        ranks = np.lexsort((ranks, _stored(circuit, importance)))
    kept = weights.data.copy()
    kept[ranks[:n_pruned]] = 0.0
    left = csr_array((kept, weights.indices.copy(), weights.indptr.copy()), shape=weights.shape)
    left.eliminate_zeros()
    return replace(circuit, weights=left)


def _stored(circuit: Circuit, importance: Any) -> Any:
    """Return the importance of the stored weights, in their order."""
    given, weights = canonical("importance", importance), circuit.weights
    if given.shape != weights.shape:
        raise ValueError(f"importance must have the shape {weights.shape}, got {given.shape}")
    rows = np.repeat(np.arange(circuit.n_units), circuit.fan_in)
    return np.asarray(given[rows, weights.indices]).ravel()
