"""How attention spreads over random keys, and what the scaling of products is for.

A query is compared with n keys by products, and a softmax turns them into weights that add up to 1.
Given its query, products with normal keys are independent normal scores, so that everything that
``theory.freezing`` tells of such scores holds; those functions can be named from here.  The same
goes for any competition that divides a response by the sum of all, such as that of the antennal
lobe: its exponent is an inverse temperature of the logarithms of rates.
"""

from collections.abc import Callable

import numpy as np
import scipy.linalg
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory.attention.random_energy import (
    freezing_point,
    frozen_concentration,
    mean_concentration,
    mean_entropy,
    mean_largest,
    warm_concentration,
    warm_entropy,
)

__all__ = [
    "concentration",
    "draw_weights",
    "entropy",
    "freezing_point",
    "frozen_concentration",
    "mean_concentration",
    "mean_entropy",
    "mean_largest",
    "over_queries",
    "score_variance",
    "warm_concentration",
    "warm_entropy",
    "weights",
]

_BLOCK_SIZE = 2**22  # numbers drawn at once
_N_LENGTHS = 16


def weights(queries: ArrayLike, keys: ArrayLike, *, scale: float | None = None) -> FloatArray:
    """Attention weights: softmax of the products of queries and keys.

    Parameters
    ----------
    queries : array of shape (n_queries, n_dims)
    keys : array of shape (n_keys, n_dims)
    scale : float, optional
        What products are multiplied by; ``1 / sqrt(n_dims)`` without it (Vaswani et al. 2017, arXiv
        1706.03762).

    Returns
    -------
    array of shape (n_queries, n_keys)
        Rows add up to 1.

    Raises
    ------
    ValueError
        If queries and keys do not have equally many dimensions, or products overflow.

    Examples
    --------
    >>> weights([[0.0, 0.0]], [[1.0, 2.0], [3.0, 4.0]])
    array([[0.5, 0.5]])
    """
    queries, keys = checks.matrix("queries", queries), checks.matrix("keys", keys)
    if queries.shape[1] != keys.shape[1]:
        raise ValueError(
            f"keys must have as many dimensions as queries, {queries.shape[1]}, got {keys.shape[1]}"
        )
    scale = _scale(queries.shape[1], scale)
    with np.errstate(over="ignore", invalid="ignore"):
        scores = scale * queries @ keys.T
    checks.require_finite("products of queries and keys", scores)
    return np.asarray(scipy.special.softmax(scores, axis=1))


def draw_weights(
    n_draws: int, n_keys: int, n_dims: int, *, scale: float | None = None, rng: Seed = None
) -> FloatArray:
    """Draw attention weights of standard normal queries, each with keys of its own.

    Parameters
    ----------
    n_draws, n_keys, n_dims : int
    scale : float, optional
        As in :func:`weights`.
    rng : seed or Generator

    Returns
    -------
    array of shape (n_draws, n_keys)

    Examples
    --------
    >>> draw_weights(1000, 4, 16, rng=1).mean(axis=0).round(1)
    array([0.2, 0.2, 0.3, 0.3])
    """
    rng = np.random.default_rng(rng)
    n_draws, n_keys = checks.count("n_draws", n_draws), checks.count("n_keys", n_keys)
    n_dims = checks.count("n_dims", n_dims)
    rows = max(1, _BLOCK_SIZE // (n_keys * n_dims))
    found = []
    for start in range(0, n_draws, rows):
        n = min(rows, n_draws - start)
        queries = rng.standard_normal((n, n_dims, 1))
        scores = (rng.standard_normal((n, n_keys, n_dims)) @ queries)[..., 0]
        found.append(scipy.special.softmax(_scale(n_dims, scale) * scores, axis=1))
    return np.concatenate(found)


def entropy(weights: ArrayLike) -> FloatArray:
    """Entropy of each row of weights, in nats.

    Parameters
    ----------
    weights : array of shape (..., n_keys)
        Non-negative, with rows that add up to 1.

    Returns
    -------
    array of shape (...)
        Between 0 for one key and ln n_keys for all alike.

    Raises
    ------
    ValueError
        If a row is no distribution.

    Examples
    --------
    >>> entropy([[0.5, 0.5], [1.0, 0.0]]).round(4)
    array([0.6931, 0.    ])
    """
    return np.asarray(scipy.special.entr(_distributions(weights)).sum(axis=-1))


def concentration(weights: ArrayLike) -> FloatArray:
    """Sum of squared weights of each row: one by the number of keys that share the attention.

    Parameters
    ----------
    weights : array of shape (..., n_keys)
        As in :func:`entropy`.

    Returns
    -------
    array of shape (...)
        Between 1 / n_keys and 1.

    Examples
    --------
    >>> concentration([0.5, 0.25, 0.25])
    array(0.375)
    """
    return np.asarray(np.square(_distributions(weights)).sum(axis=-1))


def score_variance(n_dims: int, *, scale: float | None = None) -> float:
    """Variance of the score of a standard normal key: n_dims scale^2, 1 with the usual scaling.

    Examples
    --------
    >>> score_variance(64), score_variance(64, scale=1.0)
    (1.0, 64.0)
    """
    n_dims = checks.count("n_dims", n_dims)
    return n_dims * _scale(n_dims, scale) ** 2


def over_queries(
    mean: Callable[[ArrayLike, ArrayLike], FloatArray],
    n_keys: int,
    n_dims: int,
    *,
    scale: float | None = None,
) -> float:
    """Mean over standard normal queries, whose length is the spread of their scores.

    Parameters
    ----------
    mean : callable (n_keys, sd) -> array
        Such as ``mean_entropy``, ``mean_concentration`` or ``mean_largest``.
    n_keys, n_dims : int
    scale : float, optional
        As in :func:`weights`.

    Returns
    -------
    float
        To 1e-4, or 1e-3 for a single dimension.  Many dimensions all but fix the length, and the
        mean goes to ``mean(n_keys, sqrt(score_variance))``.

    Notes
    -----
    Half the squared length has a gamma distribution of shape n_dims / 2, to which belongs Laguerre
    quadrature, whose nodes are eigenvalues (Golub & Welsch 1969).

    Examples
    --------
    >>> [round(over_queries(mean_entropy, 128, n_dims), 3) for n_dims in (4, 16, 1024)]
    [4.377, 4.368, 4.366]
    """
    n_dims = checks.count("n_dims", n_dims)
    k, above = np.arange(_N_LENGTHS), n_dims / 2 - 1
    nodes, axes = scipy.linalg.eigh_tridiagonal(2 * k + above + 1, np.sqrt(k[1:] * (k[1:] + above)))
    sd = abs(_scale(n_dims, scale)) * np.sqrt(2 * np.maximum(nodes, 0.0))
    return float(axes[0] ** 2 @ mean(checks.count("n_keys", n_keys), sd))


def _scale(n_dims: int, scale: float | None) -> float:
    return n_dims**-0.5 if scale is None else checks.finite("scale", scale)


def _distributions(weights: ArrayLike) -> FloatArray:
    """Check that rows are non-negative and add up to 1, to rounding."""
    (weights,) = checks.broadcast(weights=weights)
    checks.require_finite("weights", weights)
    if weights.ndim == 0 or weights.min(initial=0.0) < 0:
        raise ValueError(f"weights must be rows of non-negative numbers, got {weights.min():g}")
    totals = weights.sum(axis=-1)
    if not np.allclose(totals, 1.0, rtol=0, atol=1e-9):
        worst = totals.flat[np.abs(totals - 1).argmax()]
        raise ValueError(f"weights must have rows that add up to 1, got {worst:.10g}")
    return weights
