"""Null models of a measured wiring: what is kept, and everything else drawn at random.

Each one is a wiring like those of ``olfnet.expansion.wiring``, made from measured weights; its
``draw`` returns weights of the same shape.  From the least that is kept to the most:

======================  ==============================  ================================
null model              each unit keeps                 each input keeps
======================  ==============================  ================================
``AnyPairs``            (the number of all synapses)
``SameClaws``           its claws
``ShuffledInputs``                                      its units
``SameDegrees``         its claws                       its units
======================  ==============================  ================================

Weights stay with the side that is kept: a unit deals its own weights out to its new inputs, and an
input to its new units.

Less is kept by wirings that know a few numbers of the measured one only: its mean fan-in
(``wiring.BinomialFanIn``), that rounded, the same for all units (``FixedFanIn``), or its histogram
of claws (``ClawDistribution``), each in the mean over many units.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from olfnet.checks import Seed
from olfnet.expansion.circuit import canonical

# Rounds of trades between all rows; far more than it takes (see the tests).
N_ROUNDS = 100


@dataclass(frozen=True, eq=False)
class _Null:
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
        for name, wanted, size in zip(
            ("n_units", "n_inputs"), (n_units, n_inputs), self.weights.shape, strict=True
        ):
            if wanted is not None and wanted != size:
                raise ValueError(f"{name} must be that of the weights, {size}, got {wanted}")
        return self._redrawn(np.random.default_rng(rng))

    def _redrawn(self, rng: np.random.Generator) -> csr_array:
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class AnyPairs(_Null):
    """Keep the number of synapses only: any pair of unit and input is as likely (Erdos-Renyi).

    Examples
    --------
    >>> AnyPairs([[1, 1, 0], [1, 0, 0]]).draw(rng=1).nnz
    3
    """

    def _redrawn(self, rng: np.random.Generator) -> csr_array:
        size = self.weights.shape[0] * self.weights.shape[1]
        places = rng.choice(size, self.weights.nnz, replace=False)
        data = rng.permutation(self.weights.data)
        return csr_array((data, np.divmod(places, self.weights.shape[1])), self.weights.shape)


@dataclass(frozen=True, eq=False)
class SameClaws(_Null):
    """Every unit keeps its number of claws, which find any inputs.

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
    """Every input keeps its number of units, but finds new ones.

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
    arXiv 1609.05137): all rows are paired at random, and each pair deals out anew the inputs that
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
        for _ in range(N_ROUNDS):
            _trade(links, rng)
        links = links.T if turned else links
        n_inputs = links.shape[1]
        columns = np.sort(np.where(links, np.arange(n_inputs), n_inputs), axis=1)
        return _dealt(self.weights, columns, columns < n_inputs, rng)


def _trade(links: Any, rng: np.random.Generator) -> None:
    """Pair all rows at random, and let each pair deal out what only one of them has."""
    order = rng.permutation(len(links))
    one, other = order[: len(order) // 2], order[len(order) // 2 :][: len(order) // 2]
    a, b = links[one], links[other]
    lone = a ^ b
    # Lone columns first, in random order; the first of them go to one row, the rest to the other.
    ranks = np.where(lone, rng.random(lone.shape, dtype=np.float32), np.float32(2)).argsort(axis=1)
    n_first = (a & lone).sum(axis=1)
    dealt = np.zeros_like(a)
    np.put_along_axis(dealt, ranks, np.arange(a.shape[1]) < n_first[:, None], axis=1)
    both = a & b
    links[one] = both | dealt
    links[other] = both | (lone & ~dealt)


def _dealt(weights: csr_array, columns: Any, taken: Any, rng: np.random.Generator) -> csr_array:
    """Give each unit its own weights for new inputs, in random order."""
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    data = weights.data[np.lexsort((rng.random(weights.nnz), rows))]
    return csr_array((data, columns[taken], weights.indptr), shape=weights.shape)
