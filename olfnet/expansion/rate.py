"""The rate-based backend: odors through the weights, drives through the sparsifier."""

from typing import Any

import numpy as np
from scipy.sparse import issparse, vstack

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.expansion._panels import odor_panel
from olfnet.expansion.circuit import Circuit, Response
from olfnet.expansion.sparsify import _unchecked

# Drives held at once, 4 MB: larger chunks fall out of the cache and are hardly faster.
_CHUNK_SIZE = 2**19


def respond(circuit: Circuit, odors: Any, *, chunk_size: int | None = None) -> Response:
    """Compute a sparse code of rates for each odor.

    Odors are processed in chunks, and only rates above 0 are kept.  The work grows with the number
    of synapses times odors, the memory with the number of responses.

    Parameters
    ----------
    circuit : Circuit
        Its sparsifier, if not calibrated, is calibrated on ``odors`` as by ``Circuit.calibrated``;
        thresholds then depend on the whole panel.
    odors : array_like or sparse array, shape (n_odors, n_inputs)
        Input rates, usually of projection neurons in spikes/s; any finite numbers.
    chunk_size : int, optional
        Odors processed at once; changes memory and time, never the result.

    Returns
    -------
    Response
        Codes of shape (n_odors, n_units), in the unit of weights times odors.

    Raises
    ------
    ValueError
        If odors are not finite or do not have one column for each input.

    Examples
    --------
    >>> from olfnet import random_expansion
    >>> circuit = random_expansion(n_inputs=50, n_units=2000, fan_in=7, coding_level=0.05, rng=1)
    >>> odors = np.random.default_rng(2).exponential(20.0, size=(10, 50))
    >>> respond(circuit, odors).coding_level.mean()
    np.float64(0.05)
    """
    odors = odor_panel(odors, circuit.weights)
    if chunk_size is None:
        chunk_size = max(1, _CHUNK_SIZE // circuit.n_units)
    starts = range(0, odors.shape[0], checks.count("chunk_size", chunk_size))
    circuit = circuit._calibrated(odors)
    code = _unchecked(circuit.sparsifier)
    codes = [code(_drive(circuit, odors[i : i + chunk_size])) for i in starts]
    return Response(
        codes=vstack([code.rates for code in codes], format="csr"),
        n_ties=np.concatenate([code.n_ties for code in codes]),
    )


def _drive(circuit: Circuit, odors: Any) -> FloatArray:
    """Return ``circuit.drive(odors)``, laid out as the product leaves it: a copy takes longer."""
    few = odors.toarray() if issparse(odors) else odors
    return np.asarray((circuit.weights @ few.T).T)
