"""Largest separable prefix of a sequence of patterns, by one search with warm starts.

The search starts from the 2 N patterns that random labels allow in N dimensions (N under
constraints), with a standard deviation of sqrt(2 N) (see ``theory.cover.breaking_point_pmf``).
Each decision starts from the weights and the Hessian of the one before.  Weights that happen to fit
further patterns move the lower end for free; patterns after the last one that a proof of "no" uses
move the upper end, and the number of patterns that it uses tells how far to go back.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotrf

from olfnet.checks import FloatArray
from olfnet.readout._certify import exact, proofs
from olfnet.readout._certify.decision import decide
from olfnet.readout._certify.dichotomy import Dichotomy
from olfnet.readout._certify.hinge import SquaredHinge

# Decisions after which the statistics of random patterns are no longer trusted.
_EXPECTED = 4


def largest_prefix(problem: Dichotomy) -> int:
    """Largest n for which the first n rows are separable; every decision is certified."""
    free = problem.margin == 0 and not problem.constrained.any()
    problem = _full_rank(problem) if free else problem
    n_patterns, n_dims = problem.rows.shape
    separable, broken = 0, n_patterns + 1
    guess, sd = min(2 * n_dims if free else n_dims, n_patterns), math.isqrt(2 * n_dims)
    search, n_decisions = None, 0
    while broken - separable > 1:
        part = replace(problem, rows=problem.rows[:guess], row_scale=problem.row_scale[:guess])
        if problem.margin == 0 and (not free or guess > n_dims):
            search = search or SquaredHinge(part.rows, np.flatnonzero(problem.constrained))
            search.resize(part.rows)
        answer, certificate = decide(part, search)
        back, n_decisions = 0, n_decisions + 1
        if answer:
            separable = guess
            if isinstance(certificate, np.ndarray) and problem.margin == 0:
                fits = proofs.surely_positive(problem.rows[guess:], certificate)
                separable += len(fits) if fits.all() else int(fits.argmin())
        else:
            used = np.flatnonzero(np.asarray(certificate))
            broken = int(used[-1]) + 1
            back = _excess(len(used), n_dims) if free else sd
        surprises = max(n_decisions - _EXPECTED, 0)
        hop = max(min(sd << surprises, (broken - separable) // 4), 1)
        guess = broken - max(back, hop if surprises else 1)
        if answer or guess <= separable:
            guess = min(separable + hop, n_patterns)
    return separable


def _excess(n_used: int, n_dims: int) -> int:
    """Patterns beyond the break, from the number that carry the proof of Newton's method.

    Just beyond the break N + 1 patterns do.  For N + n of them, n / N = 1.57 (excess / N)^.65 was
    measured on Gaussian patterns, N = 50 to 500; it serves as a guess, the decisions do the rest.
    """
    further = max(n_used - n_dims - 1, 0) / n_dims
    return int(n_dims * (further / 1.57) ** 1.54 + 0.5)


def _full_rank(problem: Dichotomy) -> Dichotomy:
    """Leave out silent columns and, where rank is short, all but a column basis."""
    used = np.flatnonzero(problem.rows.any(axis=0))
    if 0 < len(used) < len(problem.rows) and _nearly_singular(problem.rows[:, used]):
        basis = exact.column_basis(problem.rows[:, used])
        used = used if basis is None else used[basis]
    if len(used) in (0, problem.rows.shape[1]):
        return problem
    return replace(
        problem,
        rows=np.ascontiguousarray(problem.rows[:, used]),
        constrained=problem.constrained[used],
        column_scale=problem.column_scale[used],
        bias=False,  # one more column now, if it is among those used at all
    )


def _nearly_singular(rows: FloatArray) -> bool:
    """Whether the Gram matrix of the columns is singular to rounding."""
    gram = dsyrk(1.0, rows.T, lower=1)
    gram[np.diag_indices(len(gram))] -= 1e-12 * gram.trace() / len(gram)
    return bool(dpotrf(gram, lower=1, clean=0, overwrite_a=1)[1] != 0)
