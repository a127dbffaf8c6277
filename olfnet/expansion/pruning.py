"""Pruning: the importance of connections, and circuits without the least important ones."""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from olfnet import checks
from olfnet.checks import Seed
from olfnet.expansion._panels import canonical, odor_panel
from olfnet.expansion.circuit import Circuit


def importance(circuit: Circuit, odors: Any) -> csr_array:
    """Return how much each connection contributes to the variance of its unit's drive over odors.

    Parameters
    ----------
    circuit : Circuit
    odors : array_like or sparse array, shape (n_odors, n_inputs)
        At least two, in the unit of the inputs.

    Returns
    -------
    csr_array of shape (n_units, n_inputs)
        ``weight^2`` times the variance of the input, stored where the weights are: the loss of the
        drive's variance without the connection, if inputs are uncorrelated.

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
    odors = odor_panel(odors, circuit.weights)
    if odors.shape[0] < 2:
        raise ValueError(f"at least 2 odors are required, got {odors.shape[0]}")
    dense = odors if isinstance(odors, np.ndarray) else odors.toarray()
    weights = circuit.weights
    values = weights.data**2 * dense.var(axis=0)[weights.indices]
    return csr_array((values, weights.indices, weights.indptr), shape=weights.shape)


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
        As from :func:`importance`; without it, connections to prune are drawn at random.
    rng : numpy.random.Generator or int, optional
        Draws the connections, or among equally important ones.

    Returns
    -------
    Circuit
        With the same sparsifier.

    Raises
    ------
    ValueError
        If the fraction is outside [0, 1], or importance and weights differ in shape.

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
    remaining = weights.copy()
    remaining.data[ranks[:n_pruned]] = 0.0
    remaining.eliminate_zeros()
    return replace(circuit, weights=remaining)


def _stored(circuit: Circuit, importance: Any) -> Any:
    """Return the importance of the stored weights, in their order."""
    given, weights = canonical("importance", importance), circuit.weights
    if given.shape != weights.shape:
        raise ValueError(f"importance must have the shape {weights.shape}, got {given.shape}")
    rows = np.repeat(np.arange(circuit.n_units), circuit.fan_in)
    return np.asarray(given[rows, weights.indices]).ravel()
