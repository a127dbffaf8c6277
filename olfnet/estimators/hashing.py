"""Hashing as the fly does it, and the dense random projections that it is compared with.

Similar vectors get similar hashes, by which their neighbors can be looked up
(``capacity.retrieve``).  All three hash arbitrary vectors, not only odors.
"""

from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from olfnet import checks, random_expansion
from olfnet.checks import FloatArray
from olfnet.estimators.circuits import generator
from olfnet.expansion import rate
from olfnet.expansion.sparsify import TopK
from olfnet.expansion.wiring import FixedFanIn


class _Hash(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What all hashes share: random projections that know nothing of the data."""

    random_state: Any
    _n_features_out: int

    def fit(self, X: Any, y: Any = None) -> Self:
        """Draw the projection.

        Parameters
        ----------
        X : array-like or sparse, shape (n_vectors, n_inputs)
        y : ignored
        """
        validate_data(self, X, accept_sparse="csr", dtype=np.float64)
        self._n_features_out = self._draw(self.n_features_in_, generator(self.random_state))
        return self

    def transform(self, X: Any) -> Any:
        """Return a hash for each vector, shape (n_vectors, n_units or hash_length)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return self._hash(csr_array(X) if issparse(X) else X)

    def _draw(self, n_inputs: int, rng: np.random.Generator) -> int:
        """Draw the projection and return the number of its outputs."""
        raise NotImplementedError

    def _hash(self, X: Any) -> Any:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that sparse vectors are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class FlyHash(_Hash):
    """Winner-take-all hash of a sparse random expansion.

    Parameters
    ----------
    hash_length : int
        Winners: units that are not 0 in each hash.
    n_units : int
        Units, of which the winners are chosen.
    fan_in : float
        Inputs of each unit, a whole number, of which there are never more than all; below 1 a
        fraction of all inputs, but at least one.
    binary : bool
        Winners are 1.  If not they keep their drive, the sum of their inputs, by which short hashes
        find more neighbors; vectors should then be non-negative and have equal means.
    sparse_output : bool
        Return sparse arrays; dense ones of many units take much memory.
    random_state : int, numpy.random.Generator, RandomState or None
        Source of the wiring.

    Attributes
    ----------
    circuit_ : Circuit
        Wiring drawn by ``fit``.

    Notes
    -----
    Dasgupta, Stevens & Navlakha 2017 (10.1126/science.aam9868), who scale all vectors to the same
    mean, use ten units for each input, and keep the drives.  Multiplying a vector by a positive
    number does not change who wins, so that scales do not matter to binary hashes.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).random((3, 50))
    >>> hashes = FlyHash(hash_length=16, n_units=1000, random_state=1).fit_transform(vectors)
    >>> hashes.shape, hashes.sum(axis=1)
    ((3, 1000), array([16., 16., 16.]))
    >>> FlyHash(2, n_units=4, binary=False, random_state=1).fit_transform([[3.0, 5.0]]).data
    array([5., 3.])
    """

    def __init__(
        self,
        hash_length: int = 32,
        *,
        n_units: int = 2000,
        fan_in: float = 0.1,
        binary: bool = True,
        sparse_output: bool = True,
        random_state: Any = None,
    ) -> None:
        self.hash_length = hash_length
        self.n_units = n_units
        self.fan_in = fan_in
        self.binary = binary
        self.sparse_output = sparse_output
        self.random_state = random_state

    def _draw(self, n_inputs: int, rng: np.random.Generator) -> int:
        n_units = checks.count("n_units", self.n_units)
        hash_length = checks.count("hash_length", self.hash_length, maximum=n_units)
        self.circuit_ = random_expansion(
            n_inputs=n_inputs,
            n_units=n_units,
            wiring=FixedFanIn(self._claws(n_inputs)),
            sparsifier=TopK(hash_length / n_units),
            rng=rng,
        )
        return n_units

    def _claws(self, n_inputs: int) -> int:
        fan_in = checks.positive("fan_in", self.fan_in)
        if fan_in < 1:
            return max(1, round(fan_in * n_inputs))
        if not fan_in.is_integer():
            raise ValueError(f"fan_in must be below 1 or a whole number, got {fan_in:g}")
        return min(int(fan_in), n_inputs)

    def _hash(self, X: Any) -> Any:
        codes = rate.respond(self.circuit_, X).codes
        codes.data[:] = 1.0 if self.binary else self._drives(codes, X)
        return codes if self.sparse_output else np.asarray(codes.toarray())

    def _drives(self, codes: csr_array, X: Any) -> FloatArray:
        """Return the drives of winners, whose rates lie below them by one number in each vector."""
        first = codes.indptr[:-1]
        inputs = self.circuit_.weights[codes.indices[first]]
        below = inputs.multiply(X).sum(axis=1) - codes.data[first]
        return np.asarray(codes.data + np.repeat(below, np.diff(codes.indptr)))


class DenseHash(_Hash):
    """Locality-sensitive hashing: a few Gaussian projections, as they are.

    Parameters
    ----------
    hash_length : int
        Projections.
    random_state : int, numpy.random.Generator, RandomState or None

    Attributes
    ----------
    weights_ : array of shape (n_inputs, hash_length)

    Notes
    -----
    Keeps Euclidean distances on average (Johnson & Lindenstrauss 1984; Datar et al. 2004).

    Examples
    --------
    >>> DenseHash(hash_length=4, random_state=1).fit_transform(np.eye(3)).shape
    (3, 4)
    """

    def __init__(self, hash_length: int = 32, *, random_state: Any = None) -> None:
        self.hash_length = hash_length
        self.random_state = random_state

    def _draw(self, n_inputs: int, rng: np.random.Generator) -> int:
        hash_length = checks.count("hash_length", self.hash_length)
        self.weights_: FloatArray = rng.standard_normal((n_inputs, hash_length))
        return hash_length

    def _hash(self, X: Any) -> FloatArray:
        return np.asarray(X @ self.weights_)


class SimHash(DenseHash):
    """Signs of a few Gaussian projections: bits that keep angles (Charikar 2002).

    Parameters
    ----------
    hash_length : int
        Bits.
    random_state : int, numpy.random.Generator, RandomState or None

    Examples
    --------
    >>> vectors = [[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]]
    >>> same, scaled, opposite = SimHash(hash_length=8, random_state=1).fit_transform(vectors)
    >>> (same == scaled).all(), (same == 1 - opposite).all()
    (np.True_, np.True_)
    """

    def _hash(self, X: Any) -> FloatArray:
        return (super()._hash(X) > 0).astype(float)
