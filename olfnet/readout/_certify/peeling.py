"""Peeling: patterns with a unit of their own can always be fitted and are left out.

In a sparse code some units are active for a single pattern.  The weight of such a unit gives its
pattern any height without touching the others, so that the others decide; and in a proof that
nothing separates, the multiplier of the pattern must be zero.  Without that pattern further units
may be left with a single one, and so on: what remains is the core.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from olfnet.checks import FloatArray
from olfnet.readout._certify import exact
from olfnet.readout._certify.dichotomy import Dichotomy

IntArray = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Peeling:
    """A dichotomy's core, and what was peeled off it.

    Attributes
    ----------
    core : Dichotomy
        The patterns ``rows`` and the columns ``columns`` of the whole; no patterns if all are off.
    order : list of (int, int)
        Pattern and its own column, in the order of peeling.
    """

    whole: Dichotomy
    core: Dichotomy
    rows: IntArray
    columns: IntArray
    order: list[tuple[int, int]]

    def weights(self, core: FloatArray) -> FloatArray:
        """Weights of all columns from those of the core: the last one peeled is put back first."""
        weights = np.zeros(self.whole.rows.shape[1])
        weights[self.columns] = core
        for i, j in reversed(self.order):
            missing = 1.0 - self.whole.rows[i] @ weights
            if missing > 0:
                weights[j] = missing / self.whole.rows[i, j]
        return weights

    def exact_weights(self, core: exact.Rationals) -> exact.Rationals:
        """As :meth:`weights`, in fractions."""
        weights = [Fraction(0)] * self.whole.rows.shape[1]
        for j, weight in zip(self.columns, core, strict=True):
            weights[j] = weight
        for i, j in reversed(self.order):
            missing = 1 - exact.dot(weights, self.whole.rows[i])
            if missing > 0:
                weights[j] = missing / Fraction(float(self.whole.rows[i, j]))
        return tuple(weights)


def peel(problem: Dichotomy) -> Peeling | None:
    """Peel a dichotomy of free weights without margin; None if no pattern comes off."""
    rows = problem.rows
    if problem.margin > 0 or problem.constrained.any() or rows.all():
        return None
    active = rows != 0
    counts = active.sum(axis=0)
    alive = np.ones(len(rows), dtype=bool)
    order: list[tuple[int, int]] = []
    while (own := np.flatnonzero(counts == 1)).size:
        owners = (active[:, own] & alive[:, None]).argmax(axis=0)
        # The strongest of a pattern's own units keeps its weight small.
        strongest = np.lexsort((-np.abs(rows[owners, own]), owners))
        patterns, first = np.unique(owners[strongest], return_index=True)
        order += zip(patterns.tolist(), own[strongest][first].tolist(), strict=True)
        alive[patterns] = False
        counts = counts - active[patterns].sum(axis=0)
    if not order:
        return None
    left, columns = np.flatnonzero(alive), np.flatnonzero(counts)
    core = replace(
        problem,
        rows=np.ascontiguousarray(rows[np.ix_(left, columns)]),
        constrained=problem.constrained[columns],
        row_scale=problem.row_scale[left],
        column_scale=problem.column_scale[columns],
    )
    return Peeling(problem, core, left, columns, order)
