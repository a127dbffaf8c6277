"""Hashing by a sparse expansion, and the dense random projections that it is compared with.

Similar vectors get similar hashes, by which their neighbors can be looked up
(``capacity.retrieve``).  All three hash arbitrary vectors, not only odors.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from olfnet import checks, random_expansion
from olfnet.checks import FloatArray
from olfnet.estimators._random import RandomTransformer
from olfnet.expansion import rate
from olfnet.expansion.sparsify import TopK
from olfnet.expansion.wiring import FixedFanIn


class FlyHash(RandomTransformer):
    """Winner-take-all hash of a sparse random expansion.

    Parameters
    ----------
    hash_length : int
        Active units of each hash.
    n_units : int
        Units of the expansion.
    fan_in : float
        Inputs of each unit, an integer; below 1 a fraction of all inputs, at least one.
    binary : bool
        Active units are 1.  Otherwise they have their drive, the sum of their inputs, with which
        short hashes find more neighbors; vectors should be non-negative and have equal means.
    sparse_output : bool
        Return sparse arrays.
    random_state : int, numpy.random.Generator, RandomState or None
        Source of the wiring.

    Attributes
    ----------
    circuit_ : Circuit
        Wiring drawn by ``fit``.

    Notes
    -----
    Dasgupta, Stevens & Navlakha 2017 (10.1126/science.aam9868), who scale all vectors to the same
    mean, use ten units for each input, and keep the drives.  Binary hashes do not depend on the
    scale of a vector.

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

    def _draw(self, X: Any, rng: np.random.Generator) -> int:
        n_units = checks.count("n_units", self.n_units)
        hash_length = checks.count("hash_length", self.hash_length, maximum=n_units)
        self.circuit_ = random_expansion(
            n_inputs=X.shape[1],
            n_units=n_units,
            wiring=FixedFanIn(self._claws(X.shape[1])),
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

    def _transformed(self, X: Any) -> Any:
        codes = rate.respond(self.circuit_, X).codes
        codes.data[:] = 1.0 if self.binary else self._drives(codes, X)
        return codes if self.sparse_output else np.asarray(codes.toarray())

    def _drives(self, codes: csr_array, X: Any) -> FloatArray:
        """Return the drives of active units: rates plus a threshold, the same for each vector."""
        first = codes.indptr[:-1]
        inputs = self.circuit_.weights[codes.indices[first]]
        below = inputs.multiply(X).sum(axis=1) - codes.data[first]
        return np.asarray(codes.data + np.repeat(below, np.diff(codes.indptr)))


class DenseHash(RandomTransformer):
    """Locality-sensitive hashing: Gaussian projections.

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

    def _draw(self, X: Any, rng: np.random.Generator) -> int:
        hash_length = checks.count("hash_length", self.hash_length)
        self.weights_: FloatArray = rng.standard_normal((X.shape[1], hash_length))
        return hash_length

    def _transformed(self, X: Any) -> FloatArray:
        return np.asarray(X @ self.weights_)


class SimHash(DenseHash):
    """Signs of Gaussian projections: bits that keep angles (Charikar 2002).

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

    def _transformed(self, X: Any) -> FloatArray:
        return (super()._transformed(X) > 0).astype(float)
