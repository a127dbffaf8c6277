"""Null models of a measured wiring, which keep some of its statistics.

Each one is a wiring like those of ``olfnet.expansion.wiring``, made from measured weights; its
``draw`` returns random weights of the same shape:

======================  ==============================  ================================
null model              each unit keeps                 each input keeps
======================  ==============================  ================================
``AnyPairs``            (the number of all synapses)
``SameClaws``           its claws
``ShuffledInputs``                                      its units
``SameDegrees``         its claws                       its units
======================  ==============================  ================================

The weights of a unit (or an input) that is kept are distributed among its new partners at random.

Less is kept by wirings with the measured mean fan-in (``wiring.BinomialFanIn``), the same rounded
for all units (``FixedFanIn``), or the histogram of claws (``ClawDistribution``).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from olfnet.checks import Seed
from olfnet.expansion._panels import canonical

# Rounds of trades between all rows, more than enough (see the tests).
_N_ROUNDS = 100


@dataclass(frozen=True, eq=False)
class _Null(ABC):
    """Measured weights to be redrawn.

    Parameters
    ----------
    weights : sparse array or array_like, shape (n_units, n_inputs)
        Synapses, 0 where there is none.

    Raises
    ------
    ValueError
        If weights are not finite, or there is no synapse.
    """

    weights: Any

    def __post_init__(self) -> None:
        weights = canonical("weights", self.weights)
        weights.eliminate_zeros()
        if not weights.nnz:
            raise ValueError(f"weights must hold a synapse, got none in {weights.shape}")
        object.__setattr__(self, "weights", weights)

    def draw(
        self, n_units: int | None = None, n_inputs: int | None = None, *, rng: Seed = None
    ) -> csr_array:
        """Draw weights of the measured shape.

        Parameters
        ----------
        n_units, n_inputs : int, optional
            Must be those of the measured weights.
        rng : seed or Generator

        Returns
        -------
        csr_array, shape (n_units, n_inputs)
        """
        given = {"n_units": n_units, "n_inputs": n_inputs}
        for (name, n), size in zip(given.items(), self.weights.shape, strict=True):
            if n is not None and n != size:
                raise ValueError(f"{name} must be that of the weights, {size}, got {n}")
        return self._redrawn(np.random.default_rng(rng))

    @abstractmethod
    def _redrawn(self, rng: np.random.Generator) -> csr_array:
        """Draw weights."""


@dataclass(frozen=True, eq=False)
class AnyPairs(_Null):
    """Keep the number of synapses only; all pairs of unit and input are equally likely.

    Examples
    --------
    >>> AnyPairs([[1, 1, 0], [1, 0, 0]]).draw(rng=1).nnz
    3
    """

    def _redrawn(self, rng: np.random.Generator) -> csr_array:
        size = self.weights.shape[0] * self.weights.shape[1]
        indices = rng.choice(size, self.weights.nnz, replace=False)
        data = rng.permutation(self.weights.data)
        return csr_array((data, np.divmod(indices, self.weights.shape[1])), self.weights.shape)


@dataclass(frozen=True, eq=False)
class SameClaws(_Null):
    """Every unit keeps its number of claws, with random inputs.

    Examples
    --------
    >>> SameClaws([[1, 1, 0], [1, 0, 0]]).draw(rng=1).sum(axis=1)
    array([2., 1.])
    """

    def _redrawn(self, rng: np.random.Generator) -> csr_array:
        n_inputs = self.weights.shape[1]
        order = rng.random(self.weights.shape).argsort(axis=1)
        taken = np.arange(n_inputs) < np.diff(self.weights.indptr)[:, None]
        return _dealt(self.weights, np.sort(np.where(taken, order, n_inputs)), taken, rng)


@dataclass(frozen=True, eq=False)
class ShuffledInputs(_Null):
    """Every input keeps its number of units, which are random.

    Examples
    --------
    >>> ShuffledInputs([[1, 1, 0], [1, 0, 0]]).draw(rng=1).sum(axis=0)
    array([2., 1., 0.])
    """

    def _redrawn(self, rng: np.random.Generator) -> csr_array:
        turned = SameClaws(csc_array(self.weights).T)
        return csr_array(turned.draw(rng=rng).T)


@dataclass(frozen=True, eq=False)
class SameDegrees(_Null):
    """Every unit keeps its number of claws and every input its number of units.

    Notes
    -----
    Global curveball trades (Strona et al. 2014, 10.1038/ncomms5114; Carstens, Berger & Strona 2018,
    arXiv 1609.05137): all rows are paired at random, and each pair redistributes the inputs that
    only one of them has.  All matrices with the same margins become equally likely.

    Examples
    --------
    >>> drawn = SameDegrees([[1, 1, 0], [1, 0, 1], [0, 1, 0]]).draw(rng=1)
    >>> drawn.sum(axis=0), drawn.sum(axis=1)
    (array([2., 2., 1.]), array([2., 2., 1.]))
    """

    def _redrawn(self, rng: np.random.Generator) -> csr_array:
        turned = self.weights.shape[0] > self.weights.shape[1]
        links = self.weights.astype(bool).toarray()
        links = np.ascontiguousarray(links.T) if turned else links
        for _ in range(_N_ROUNDS):
            _trade(links, rng)
        links = links.T if turned else links
        n_inputs = links.shape[1]
        columns = np.sort(np.where(links, np.arange(n_inputs), n_inputs), axis=1)
        return _dealt(self.weights, columns, columns < n_inputs, rng)


def _trade(links: Any, rng: np.random.Generator) -> None:
    """Pair all rows at random, and redistribute what only one row of a pair has."""
    order = rng.permutation(len(links))
    first, second = order[: len(order) // 2], order[len(order) // 2 :][: len(order) // 2]
    a, b = links[first], links[second]
    single = a ^ b
    # Columns of one row only, in random order: the first of them go to a, the rest to b.
    ranks = np.where(single, rng.random(single.shape, dtype=np.float32), np.float32(2)).argsort(
        axis=1
    )
    n_first = (a & single).sum(axis=1)
    dealt = np.zeros_like(a)
    np.put_along_axis(dealt, ranks, np.arange(a.shape[1]) < n_first[:, None], axis=1)
    both = a & b
    links[first] = both | dealt
    links[second] = both | (single & ~dealt)


def _dealt(weights: csr_array, columns: Any, taken: Any, rng: np.random.Generator) -> csr_array:
    """Assign the weights of each unit to its new inputs, in random order."""
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    data = weights.data[np.lexsort((rng.random(weights.nnz), rows))]
    return csr_array((data, columns[taken], weights.indptr), shape=weights.shape)
