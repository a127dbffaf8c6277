"""Hashes: scikit-learn's own checks, textbook formulas, and the geometry that they keep."""

import numpy as np
import pytest
import scipy.sparse
from scipy.stats import binom
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from olfnet.estimators import DenseHash, FlyHash, SimHash

ALL = [
    FlyHash(hash_length=4, n_units=50, random_state=0),
    FlyHash(hash_length=4, n_units=50, fan_in=3, sparse_output=False, random_state=0),
    FlyHash(hash_length=4, n_units=50, binary=False, random_state=0),
    DenseHash(hash_length=4, random_state=0),
    SimHash(hash_length=4, random_state=0),
]


@parametrize_with_checks([ALL[0], *ALL[3:]])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture
def vectors():
    return np.random.default_rng(0).random((40, 60))


@pytest.mark.parametrize(("fan_in", "claws"), [(0.001, 1), (0.1, 6), (1, 1), (6.0, 6), (99, 60)])
def test_fan_in_is_a_fraction_or_a_number(vectors, fan_in, claws):
    hasher = FlyHash(4, n_units=20, fan_in=fan_in, random_state=1).fit(vectors)
    assert (hasher.circuit_.fan_in == claws).all()


@pytest.mark.parametrize("binary", [True, False])
def test_equal_drives_give_full_hashes(binary):
    """Of equal drives the first units are active: no hash is shorter."""
    vectors = np.vstack((np.zeros(20), np.ones(20), -np.ones(20)))
    hashes = FlyHash(5, n_units=50, binary=binary, random_state=0).fit_transform(vectors)
    assert np.diff(hashes.indptr).tolist() == [5, 5, 5]
    assert hashes.indices.reshape(3, 5).tolist() == [list(range(5))] * 3


def plain_hash(hasher, vectors):
    """Drives of active units by a loop over units and a stable sort: equal drives go by index."""
    hashes = np.zeros((len(vectors), hasher.n_units))
    for row, vector in zip(hashes, vectors, strict=True):
        drive = np.array([vector[unit > 0].sum() for unit in hasher.circuit_.weights.toarray()])
        winners = np.argsort(-drive, kind="stable")[: hasher.hash_length]
        row[winners] = drive[winners]
    return hashes


@pytest.mark.parametrize("n_units", [40, 4000])  # the second is searched in blocks
@pytest.mark.parametrize("sparse", [False, True])
def test_kept_drives_and_ties_are_those_of_a_plain_loop(n_units, sparse):
    """Small integers: sums are exact, and many units tie for the last of them."""
    vectors = np.random.default_rng(2).integers(-1, 4, (20, 30)).astype(float)
    given = scipy.sparse.csr_array(vectors) if sparse else vectors
    hasher = FlyHash(hash_length=5, n_units=n_units, fan_in=4, random_state=1).fit(given)
    exact = plain_hash(hasher, vectors)
    np.testing.assert_array_equal(hasher.transform(given).toarray(), exact != 0)
    keeping = clone(hasher).set_params(binary=False)
    np.testing.assert_array_equal(keeping.fit_transform(given).toarray(), exact)
    last = plain_hash(clone(hasher).set_params(hash_length=6).fit(given), vectors)
    assert (np.sort(exact)[:, -5] == np.sort(last)[:, -6]).mean() > 0.5  # there are ties


def test_kept_drives_of_any_numbers(vectors):
    """Sums of 6 numbers below 1: rounding is below 6 * 6 * 2**-53."""
    hasher = FlyHash(7, n_units=300, binary=False, sparse_output=False, random_state=1)
    hashes = hasher.fit_transform(vectors)
    np.testing.assert_allclose(hashes, plain_hash(hasher, vectors), rtol=0, atol=36 * 2.0**-53)
    np.testing.assert_allclose(hasher.transform(3 * vectors), 3 * hashes, rtol=1e-14)
    negative = hasher.transform(-vectors)  # drives of active units may be negative
    np.testing.assert_allclose(negative, plain_hash(hasher, -vectors), rtol=0, atol=36 * 2.0**-53)
    assert negative.min() < 0


def test_dense_hashes_keep_distances_on_average():
    """Squared distances, in units of the hash length, have mean 1 and variance 2 / length."""
    pair = np.zeros((2, 30))
    pair[0, 3] = 2.0
    squares = [
        np.sum(np.diff(DenseHash(64, random_state=seed).fit_transform(pair), axis=0) ** 2) / 4 / 64
        for seed in range(400)
    ]
    assert abs(np.mean(squares) - 1) < 4 * np.sqrt(2 / 64 / 400)
    assert np.var(squares) == pytest.approx(2 / 64, rel=0.35)


def test_simhash_bits_differ_as_angles_do():
    """Each bit differs with probability angle / pi."""
    angle = 0.7
    pair = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
    bits = SimHash(20000, random_state=3).fit_transform(pair)
    n_different = int((bits[0] != bits[1]).sum())
    low, high = binom.ppf([0.0005, 0.9995], 20000, angle / np.pi)
    assert low <= n_different <= high
    assert not low <= 20000 * angle / 3 <= high  # negative control


def test_sparse_vectors(vectors):
    for hasher in ALL:
        dense = hasher.fit_transform(vectors)
        sparse = hasher.fit_transform(scipy.sparse.csr_array(vectors))
        if scipy.sparse.issparse(dense):
            dense, sparse = dense.toarray(), sparse.toarray()
        np.testing.assert_allclose(dense, sparse, rtol=1e-12)


@pytest.mark.parametrize(
    ("hasher", "message"),
    [
        (FlyHash(0), "hash_length must be at least 1, got 0"),
        (FlyHash(20, n_units=10), "hash_length must be at most 10, got 20"),
        (FlyHash(fan_in=0), "fan_in must be positive, got 0"),
        (FlyHash(fan_in=6.7), "fan_in must be below 1 or a whole number, got 6.7"),
        (FlyHash(fan_in=np.inf), "fan_in must be finite, got inf"),
        (FlyHash(n_units=0), "n_units must be at least 1, got 0"),
        (DenseHash(0), "hash_length must be at least 1, got 0"),
    ],
)
def test_bad_parameters(hasher, message, vectors):
    with pytest.raises(ValueError, match=message):
        hasher.fit(vectors)
