"""How well codes find the neighbors that their inputs have: similarity search by hashing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, issparse
from sklearn.metrics import average_precision_score

from olfnet import checks
from olfnet.checks import FloatArray, Seed


@dataclass(frozen=True, eq=False)
class Retrieval:
    """What queries found among all others.

    Attributes
    ----------
    average_precision, recall : arrays of shape (n_queries,)
        Of each query; 1 at best.
    n_neighbors : int
        How many nearest neighbors were to be found.
    """

    average_precision: FloatArray
    recall: FloatArray
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
        reach = scipy.stats.t.ppf((1 + confidence) / 2, n - 1)
        reach *= scipy.stats.sem(self.average_precision)
        return float(max(mean - reach, 0.0)), float(min(mean + reach, 1.0))


def retrieve(
    inputs: ArrayLike,
    codes: Any,
    *,
    n_neighbors: int,
    n_queries: int | None = None,
    rng: Seed = None,
) -> Retrieval:
    """Look for the nearest neighbors of inputs by the distance of their codes.

    Parameters
    ----------
    inputs : array of shape (n_samples, n_inputs)
        What the neighbors are defined by: Euclidean distance.
    codes : array or sparse array, shape (n_samples, n_units)
        What is searched, by Euclidean distance, too; for binary codes it orders as Hamming distance
        does.
    n_neighbors : int
        Neighbors of each query that count as right, such as 2 % of all samples.
    n_queries : int, optional
        Samples that ask, drawn at random; all of them without it.
    rng : seed or Generator

    Returns
    -------
    Retrieval
        Average precision as scikit-learn defines it, with equal distances as one step; recall among
        the ``n_neighbors`` nearest codes, in the mean over all orders of equal distances.

    Raises
    ------
    ValueError
        If shapes do not fit or numbers are not legal.

    Examples
    --------
    >>> points = np.random.default_rng(0).random((50, 3))
    >>> retrieve(points, 2 * points, n_neighbors=5).mean_average_precision
    1.0
    """
    rng = np.random.default_rng(rng)
    inputs = checks.matrix("inputs", inputs)
    codes = _sparse(codes) if issparse(codes) else checks.matrix("codes", codes)
    n_samples = checks.count("the number of inputs", len(inputs), minimum=3)
    if codes.shape[0] != n_samples:
        raise ValueError(f"codes must have a row for each of {n_samples} inputs, got {codes.shape}")
    n_neighbors = checks.count("n_neighbors", n_neighbors, maximum=n_samples - 2)
    n_queries = n_samples if n_queries is None else n_queries
    n_queries = checks.count("n_queries", n_queries, maximum=n_samples)
    found = [
        _search(_nearness(inputs, query), _nearness(codes, query), query, n_neighbors)
        for query in np.sort(rng.choice(n_samples, n_queries, replace=False))
    ]
    precision, recall = np.transpose(found)
    return Retrieval(precision, recall, n_neighbors)


def _sparse(codes: Any) -> csr_array:
    codes = csr_array(codes, dtype=float)
    checks.require_finite("codes", codes.data)
    return codes


def _nearness(vectors: Any, query: int) -> FloatArray:
    """Minus the squared distance from one vector to each."""
    if not issparse(vectors):
        return np.asarray(-np.sum((vectors - vectors[query]) ** 2, axis=1))
    # Differences where the query is not 0, squares elsewhere: no large numbers that cancel.
    target = vectors[[query]].toarray()[0]
    there = np.flatnonzero(target)
    apart = np.sum((vectors[:, there].toarray() - target[there]) ** 2, axis=1)
    elsewhere = np.where(target[vectors.indices] == 0, vectors.data, 0.0) ** 2
    rows = np.repeat(np.arange(len(apart)), np.diff(vectors.indptr))
    return np.asarray(-apart - np.bincount(rows, elsewhere, minlength=len(apart)))


def _search(truth: FloatArray, scores: FloatArray, query: int, n: int) -> tuple[float, float]:
    """Average precision and recall of one query, which is not among those to be found."""
    truth, scores = np.delete(truth, query), np.delete(scores, query)
    right = np.zeros(len(truth), dtype=bool)
    right[np.argsort(-truth, kind="stable")[:n]] = True
    last = np.partition(scores, -n)[-n]
    surely, perhaps = scores > last, scores == last
    chosen = (n - surely.sum()) / perhaps.sum()  # of those that tie for the last places
    recall = (right[surely].sum() + chosen * right[perhaps].sum()) / n
    return float(average_precision_score(right, scores)), float(recall)
