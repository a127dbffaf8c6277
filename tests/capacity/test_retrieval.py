"""Retrieval of neighbors: textbook formulas, ties, and bad input."""

from itertools import permutations

import numpy as np
import pytest
import scipy.sparse
from sklearn.neighbors import NearestNeighbors

from olfnet.capacity import retrieve


def by_hand(inputs, codes, query, n):
    """Average precision without ties, and listed precision, by lists of (distance, index)."""
    near, ranked = (
        [
            other
            for _, other in sorted(
                (float(np.sum((vectors[query] - vectors[other]) ** 2)), other)
                for other in range(len(vectors))
                if other != query
            )
        ]
        for vectors in (inputs, codes)
    )
    hits = [rank for rank, other in enumerate(ranked, start=1) if other in near[:n]]
    precision = [k / rank for k, rank in enumerate(hits, start=1)]
    listed = [value for value, rank in zip(precision, hits, strict=True) if rank <= n]
    return np.mean(precision), np.mean(listed) if listed else 0.0


@pytest.mark.parametrize("binary", [False, True])
def test_precisions_are_those_of_plain_loops(binary):
    """Binary codes have many ties: of equal distances the list takes the first."""
    rng = np.random.default_rng(0)
    inputs = rng.random((100, 10))
    codes = (inputs[:, :4] > 0.7).astype(float) if binary else inputs[:, :4]
    queries = np.sort(np.random.default_rng(3).choice(100, 30, replace=False))
    average, listed = np.transpose([by_hand(inputs, codes, query, 6) for query in queries])
    for given in (codes, scipy.sparse.csr_array(codes)):
        results = retrieve(inputs, given, n_neighbors=6, n_queries=30, rng=3)
        np.testing.assert_allclose(results.listed_precision, listed, rtol=1e-12)
        assert binary or results.average_precision == pytest.approx(average, rel=1e-12)
    assert (retrieve(inputs, 2 * inputs, n_neighbors=6).listed_precision == 1).all()


def test_recall_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    inputs = rng.random((80, 5))
    codes = inputs[:, :3]
    results = retrieve(inputs, codes, n_neighbors=7)
    sets = [
        NearestNeighbors(n_neighbors=7).fit(vectors).kneighbors(return_distance=False)
        for vectors in (inputs, codes)
    ]
    expected = [len(set(a) & set(b)) / 7 for a, b in zip(*sets, strict=True)]
    np.testing.assert_allclose(results.recall, expected)


def test_recall_averages_over_all_orders_of_ties():
    inputs = np.array([[0.0], [1.0], [2.1], [3.3], [4.6]])
    codes = np.array([[0.0], [1.0], [0.0], [0.0], [1.0]])
    results = retrieve(inputs, codes, n_neighbors=2)
    query = 0
    recalls = []
    for order in permutations(range(1, 5)):
        ranked = sorted(order, key=lambda k: abs(codes[k, 0] - codes[query, 0]))
        recalls.append(len(set(ranked[:2]) & {1, 2}) / 2)
    assert results.recall[query] == pytest.approx(np.mean(recalls))


def test_sparse_and_dense_codes_find_the_same():
    rng = np.random.default_rng(2)
    inputs, codes = rng.random((50, 4)), rng.random((50, 30)) < 0.2
    dense = retrieve(inputs, codes.astype(float), n_neighbors=5, n_queries=20, rng=3)
    sparse = retrieve(inputs, scipy.sparse.csr_array(codes), n_neighbors=5, n_queries=20, rng=3)
    np.testing.assert_allclose(dense.average_precision, sparse.average_precision)
    np.testing.assert_allclose(dense.recall, sparse.recall)
    assert len(dense.recall) == 20


def test_large_sparse_codes_do_not_cancel():
    """Codes of some 1e9 that differ by some 1: the same neighbors as without what is common."""
    rng = np.random.default_rng(4)
    inputs, small = rng.random((60, 4)), rng.random((60, 6))
    large = small.copy()
    large[:, :3] += 1e9
    dense = retrieve(inputs, large, n_neighbors=5)
    sparse = retrieve(inputs, scipy.sparse.csr_array(large), n_neighbors=5)
    np.testing.assert_array_equal(dense.average_precision, sparse.average_precision)
    expected = retrieve(inputs, small, n_neighbors=5)
    np.testing.assert_allclose(sparse.average_precision, expected.average_precision, rtol=1e-4)


def test_random_codes_recall_by_chance():
    """Recall is the fraction of neighbors, and the interval excludes that of informative codes."""
    rng = np.random.default_rng(3)
    inputs = rng.random((300, 4))
    blind = retrieve(inputs, rng.random((300, 4)), n_neighbors=30)
    error = blind.recall.std() / np.sqrt(300)
    assert abs(blind.recall.mean() - 30 / 299) < 4 * error
    low, high = blind.interval(0.999)
    assert low < blind.mean_average_precision < high
    assert high < retrieve(inputs, inputs[:, :3], n_neighbors=30).interval(0.999)[0]


@pytest.mark.parametrize(
    ("codes", "options", "message"),
    [
        (np.eye(4), {}, "codes must have a row for each of 5 inputs"),
        (np.eye(5), {"n_neighbors": 4}, "n_neighbors must be at most 3, got 4"),
        (np.eye(5), {"n_queries": 6}, "n_queries must be at most 5, got 6"),
        (np.eye(5), {"n_queries": 0}, "n_queries must be at least 1, got 0"),
        (scipy.sparse.csr_array([[np.nan]] * 5), {}, "codes must be finite, got nan"),
    ],
)
def test_bad_input(codes, options, message):
    with pytest.raises(ValueError, match=message):
        retrieve(np.eye(5), codes, **{"n_neighbors": 2} | options)
    with pytest.raises(ValueError, match="the number of inputs must be at least 3, got 2"):
        retrieve(np.eye(2), np.eye(2), n_neighbors=1)
