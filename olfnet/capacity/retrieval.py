"""Retrieval of nearest neighbors by codes: similarity search by hashing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, issparse
from sklearn.metrics import average_precision_score

from olfnet import checks
from olfnet.capacity._curves import half_width
from olfnet.checks import FloatArray, Seed


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Retrieval of the nearest neighbors of queries.

    Attributes
    ----------
    average_precision, recall : arrays of shape (n_queries,)
        Of each query; 1 at best.
    listed_precision : array of shape (n_queries,)
        Average precision of the ``n_neighbors`` nearest codes alone: the mean over those of them
        that are right, so that missing neighbors cost nothing.
    n_neighbors : int
        Nearest neighbors of a query that count as right.
    """

    average_precision: FloatArray
    recall: FloatArray
    listed_precision: FloatArray
    n_neighbors: int

    @property
    def mean_average_precision(self) -> float:
        """Mean over queries (mAP)."""
        return float(self.average_precision.mean())

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Student's interval of the mean average precision over queries, low and high."""
        confidence = checks.fraction("confidence", confidence)
        mean, n = self.mean_average_precision, len(self.average_precision)
        if n < 2:
            return 0.0, 1.0
        width = float(half_width(self.average_precision, confidence))
        return max(mean - width, 0.0), min(mean + width, 1.0)


def retrieve(
    inputs: ArrayLike,
    codes: Any,
    *,
    n_neighbors: int,
    n_queries: int | None = None,
    rng: Seed = None,
) -> Retrieval:
    """Retrieve the nearest neighbors of inputs by the distance of their codes.

    Parameters
    ----------
    inputs : array of shape (n_samples, n_inputs)
        Neighbors are those of smallest Euclidean distance here.
    codes : array or sparse array, shape (n_samples, n_units)
        Searched by Euclidean distance, too; for binary codes it has the order of Hamming distance.
    n_neighbors : int
        Neighbors of each query that count as right, such as 2 % of all samples.
    n_queries : int, optional
        Samples that are queries, drawn at random; all of them without it.
    rng : seed or Generator

    Returns
    -------
    Retrieval
        Average precision as scikit-learn defines it, with equal distances as one step; recall among
        the ``n_neighbors`` nearest codes, averaged over all orders of equal distances; listed
        precision as in Dasgupta et al. 2017 (10.1126/science.aam9868), equal distances by index.

    Raises
    ------
    ValueError
        If shapes do not fit or numbers are out of range.

    Examples
    --------
    >>> points = np.random.default_rng(0).random((50, 3))
    >>> retrieve(points, 2 * points, n_neighbors=5).mean_average_precision
    1.0
    """
    rng = np.random.default_rng(rng)
    inputs = checks.matrix("inputs", inputs)
    if issparse(codes):
        codes = csr_array(codes, dtype=float)
        checks.require_finite("codes", codes.data)
    else:
        codes = checks.matrix("codes", codes)
    n_samples = checks.count("the number of inputs", len(inputs), minimum=3)
    if codes.shape[0] != n_samples:
        raise ValueError(f"codes must have a row for each of {n_samples} inputs, got {codes.shape}")
    n_neighbors = checks.count("n_neighbors", n_neighbors, maximum=n_samples - 2)
    n_queries = n_samples if n_queries is None else n_queries
    n_queries = checks.count("n_queries", n_queries, maximum=n_samples)
    results = [
        _search(_nearness(inputs, query), _nearness(codes, query), query, n_neighbors)
        for query in np.sort(rng.choice(n_samples, n_queries, replace=False))
    ]
    precision, recall, listed = np.transpose(results)
    return Retrieval(precision, recall, listed, n_neighbors)


def _nearness(vectors: Any, query: int) -> FloatArray:
    """Minus the squared distance from one vector to each."""
    if not issparse(vectors):
        return np.asarray(-np.sum((vectors - vectors[query]) ** 2, axis=1))
    # Differences where the query is not 0, squares elsewhere: no large numbers that cancel.
    target = vectors[[query]].toarray()[0]
    support = np.flatnonzero(target)
    squares = np.sum((vectors[:, support].toarray() - target[support]) ** 2, axis=1)
    elsewhere = np.where(target[vectors.indices] == 0, vectors.data, 0.0) ** 2
    rows = np.repeat(np.arange(len(squares)), np.diff(vectors.indptr))
    return np.asarray(-squares - np.bincount(rows, elsewhere, minlength=len(squares)))


def _search(truth: FloatArray, scores: FloatArray, query: int, n: int) -> tuple[float, ...]:
    """Average precision, recall and listed precision of a query, not its own neighbor."""
    truth, scores = np.delete(truth, query), np.delete(scores, query)
    right = np.zeros(len(truth), dtype=bool)
    right[np.argsort(-truth, kind="stable")[:n]] = True
    last = np.partition(scores, -n)[-n]
    above, tied = scores > last, scores == last
    chosen = (n - above.sum()) / tied.sum()  # fraction of those that tie for the last ranks
    recall = (right[above].sum() + chosen * right[tied].sum()) / n
    listed = right[np.argsort(-scores, kind="stable")[:n]]
    hits = np.cumsum(listed)
    listed_precision = np.sum(listed * hits / np.arange(1, n + 1)) / max(hits[-1], 1)
    return float(average_precision_score(right, scores)), float(recall), float(listed_precision)
