"""Decision of one dichotomy: cheap methods first, exact arithmetic last."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from olfnet.checks import FloatArray
from olfnet.readout._certify import exact, proofs
from olfnet.readout._certify.dichotomy import Dichotomy
from olfnet.readout._certify.hinge import SquaredHinge
from olfnet.readout._certify.peeling import Peeling, peel
from olfnet.readout._certify.search import proposals

Certificate = FloatArray | exact.Rationals


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def decide(problem: Dichotomy, search: SquaredHinge | None = None) -> tuple[bool, Certificate]:
    """Decide with weights or multipliers of the scaled problem, exact ones where doubles fail.

    A ``search`` on the problem's rows continues from its present state.
    """
    peeling = peel(problem)
    if peeling is not None:
        return _decide_peeled(peeling)
    candidates: list[FloatArray] = []
    for proposal in proposals(problem, search):
        if proposal.weights is not None and proofs.separates(problem, proposal.weights):
            return True, proposal.weights
        if proposal.multipliers is not None:
            if proofs.refutes(problem, proposal.multipliers):
                return False, proposal.multipliers
            candidates.append(proposal.multipliers)
    if candidates:  # the last need not be the best
        best = min(candidates, key=lambda multipliers: _imbalance(problem, multipliers))
        if proofs.refutes_in_span(problem, best):
            return False, best
    if search is not None:
        return decide(problem)  # the warm start may be what failed
    return _decide_distinct(problem)


def _imbalance(problem: Dichotomy, multipliers: FloatArray) -> float:
    """Largest column sum of the multipliers, relative to their own sum."""
    total = float(multipliers.sum())
    return float(np.abs(multipliers @ problem.rows).max()) / total if total > 0 else np.inf


def _decide_distinct(problem: Dichotomy) -> tuple[bool, Certificate]:
    """Decide without duplicate rows, which make exact arithmetic slow; exactly if there are none.

    Opposite rows refute each other where no margin is required.
    """
    n_rows = len(problem.rows)
    signed = np.vstack((problem.rows, -problem.rows)) + 0.0  # no negative zeros
    kinds = np.unique(signed, axis=0, return_inverse=True)[1].reshape(2, n_rows)
    opposite = np.isin(kinds[0], kinds[1])
    if opposite.any() and problem.margin == 0:
        kind = kinds[0, opposite.argmax()]
        pair = [(kinds[0] == kind).argmax(), (kinds[1] == kind).argmax()]
        return False, _padded(np.ones(2), pair, n_rows)
    kept = np.unique(kinds[0], return_index=True)[1]
    if len(kept) == n_rows:
        return exact.decide(problem)
    distinct = replace(problem, rows=problem.rows[kept], row_scale=problem.row_scale[kept])
    separable, certificate = decide(distinct)
    return separable, certificate if separable else _padded(certificate, kept, n_rows)


def _decide_peeled(peeling: Peeling) -> tuple[bool, Certificate]:
    """Decide by the core: its multipliers are a proof for the whole, its weights are a start."""
    core: Certificate = np.zeros(len(peeling.columns))
    if len(peeling.rows):
        separable, core = decide(peeling.core)
        if not separable:
            return False, _padded(core, peeling.rows, len(peeling.whole.rows))
    if isinstance(core, np.ndarray):
        weights = peeling.weights(core)
        if proofs.separates(peeling.whole, weights):
            return True, weights
        core = exact.rationals(core)
    return True, peeling.exact_weights(core)


def _padded(multipliers: Certificate, rows: ArrayLike, n_rows: int) -> Certificate:
    """Multipliers of some rows as those of all, zero elsewhere."""
    floats = isinstance(multipliers, np.ndarray)
    whole = np.zeros(n_rows) if floats else np.full(n_rows, Fraction(0))
    whole[np.asarray(rows)] = multipliers
    return whole if floats else tuple(whole)
