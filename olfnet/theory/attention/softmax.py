"""Softmax attention to random keys, and what the scaling of products is for.

A query is compared with n keys by products, and a softmax turns these into weights that add up to
1.  Given its query, products with standard normal keys are independent normal scores of standard
deviation scale |q|: the theory is that of :class:`NormalScores`.  The same goes for any competition
that divides a response by the sum of all, such as that of the antennal lobe: its exponent is an
inverse temperature of the logarithms of rates.
"""

from collections.abc import Callable

import numpy as np
import scipy.linalg
import scipy.special
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray, Seed
from olfnet.theory.attention.random_energy import NormalScores

_BLOCK_SIZE = 2**22  # numbers drawn at once
_N_LENGTHS = 16


def weights(queries: ArrayLike, keys: ArrayLike, *, scale: float | None = None) -> FloatArray:
    """Return attention weights: the softmax of the products of queries and keys.

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
    blocks = []
    for start in range(0, n_draws, rows):
        n = min(rows, n_draws - start)
        queries = rng.standard_normal((n, n_dims, 1))
        scores = (rng.standard_normal((n, n_keys, n_dims)) @ queries)[..., 0]
        blocks.append(scipy.special.softmax(_scale(n_dims, scale) * scores, axis=1))
    return np.concatenate(blocks)


def entropy(weights: ArrayLike) -> FloatArray:
    """Return the entropy of each row of weights, in nats.

    Parameters
    ----------
    weights : array of shape (..., n_keys)
        Non-negative, with rows that add up to 1.

    Returns
    -------
    array of shape (...)
        Between 0, all on one key, and ln n_keys, equal weights.

    Raises
    ------
    ValueError
        If a row is negative somewhere or does not add up to 1.

    Examples
    --------
    >>> entropy([[0.5, 0.5], [1.0, 0.0]]).round(4)
    array([0.6931, 0.    ])
    """
    return np.asarray(scipy.special.entr(_distributions(weights)).sum(axis=-1))


def concentration(weights: ArrayLike) -> FloatArray:
    """Return the sum of squared weights of each row: 1 / the effective number of keys.

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


def over_queries(
    mean: Callable[[NormalScores], FloatArray],
    n_keys: int,
    n_dims: int,
    *,
    scale: float | None = None,
) -> float:
    """Average a mean over scores over standard normal queries, whose lengths differ.

    Parameters
    ----------
    mean : callable (NormalScores) -> array
        Such as ``NormalScores.mean_entropy``.
    n_keys, n_dims : int
    scale : float, optional
        As in :func:`weights`.

    Returns
    -------
    float
        To 1e-4, or 1e-3 for a single dimension.  In many dimensions all queries have nearly the
        same length, and it tends to the mean at ``NormalScores(n_keys, sqrt(n_dims) * scale)``.

    Notes
    -----
    Half the squared length has a gamma distribution of shape n_dims / 2, to which belongs Laguerre
    quadrature, whose nodes are eigenvalues (Golub & Welsch 1969).

    Examples
    --------
    >>> entropy = NormalScores.mean_entropy
    >>> [round(over_queries(entropy, 128, n_dims), 3) for n_dims in (4, 16, 1024)]
    [4.377, 4.368, 4.366]
    """
    n_dims = checks.count("n_dims", n_dims)
    k, above = np.arange(_N_LENGTHS), n_dims / 2 - 1
    nodes, axes = scipy.linalg.eigh_tridiagonal(2 * k + above + 1, np.sqrt(k[1:] * (k[1:] + above)))
    sd = abs(_scale(n_dims, scale)) * np.sqrt(2 * np.maximum(nodes, 0.0))
    return float(axes[0] ** 2 @ mean(NormalScores(checks.count("n_keys", n_keys), sd)))


def _scale(n_dims: int, scale: float | None) -> float:
    return n_dims**-0.5 if scale is None else checks.finite("scale", scale)


def _distributions(weights: ArrayLike) -> FloatArray:
    """Return rows that are non-negative and add up to 1, to rounding."""
    (weights,) = checks.broadcast(weights=weights)
    checks.require_finite("weights", weights)
    if weights.ndim == 0 or weights.min(initial=0.0) < 0:
        raise ValueError(f"weights must be rows of non-negative numbers, got {weights.min():g}")
    totals = weights.sum(axis=-1)
    if not np.allclose(totals, 1.0, rtol=0, atol=1e-9):
        worst = totals.flat[np.abs(totals - 1).argmax()]
        raise ValueError(f"weights must have rows that add up to 1, got {worst:.10g}")
    return weights
