"""Rigorous checks of certificates: rounding bounds first, exact arithmetic where they fail.

Notation: u = 2^-53, and gamma(n) bounds the relative error of a sum of n products in any order
(Higham 2002, Accuracy and Stability of Numerical Algorithms, section 3.1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotrf, dtrtri

from olfnet.checks import FloatArray
from olfnet.readout._certify import exact
from olfnet.readout._certify.dichotomy import Dichotomy

UNIT_ROUNDOFF = 2.0**-53
# A product may lose this much to underflow; multipliers below TINY of the largest are left out.
UNDERFLOW = float(np.finfo(np.float64).tiny)
TINY = 1e-150
# Squares below UNDERFLOW vanish, so a norm may be too small by this for each entry.
LOST = 2.0**-511
# Multipliers that rounding may have left above zero; a second proof does without them.
FAINT = 1e-10


def gamma(n_terms: int) -> float:
    """Relative rounding error of a sum of ``n_terms`` products, with a factor 2 to spare."""
    return 2 * n_terms * UNIT_ROUNDOFF


def separates(problem: Dichotomy, weights: FloatArray) -> bool:
    """Whether ``weights`` (of the scaled columns) provably solve the problem."""
    if not np.isfinite(weights).all() or (weights[problem.constrained] < 0).any():
        return False
    rows = problem.rows
    if TINY < np.abs(weights).max() < 1 / TINY:
        need = problem.margin * float(np.linalg.norm(weights[: problem.n_weights]))
        above = rows @ weights - need
        size = _row_norms(rows) * np.linalg.norm(weights) + need
        error = gamma(rows.shape[1] + 4) * size + rows.shape[1] * UNDERFLOW
        if (above > error).all():
            return True
        size = np.abs(rows) @ np.abs(weights) + need  # entry by entry, where norms are too coarse
        error = gamma(rows.shape[1] + 4) * size + rows.shape[1] * UNDERFLOW
        if (above > error).all():
            return True
        if (above < -error).any():
            return False
        doubtful = np.flatnonzero(~(above > error))  # an overflow to NaN is doubtful too
    else:
        doubtful = np.arange(len(rows))
    return exact.separates(problem, exact.rationals(weights), doubtful)


def surely_positive(rows: FloatArray, weights: FloatArray) -> NDArray[np.bool_]:
    """Which heights ``rows @ weights`` are positive beyond all rounding."""
    if not (np.isfinite(weights).all() and TINY < np.abs(weights).max() < 1 / TINY):
        return np.zeros(len(rows), dtype=bool)
    size = _row_norms(rows) * np.linalg.norm(weights)
    error = gamma(rows.shape[1] + 4) * size + rows.shape[1] * UNDERFLOW
    return np.asarray(rows @ weights > error)


def refutes(problem: Dichotomy, multipliers: FloatArray) -> bool:
    """Whether non-negative ``multipliers`` (of the scaled rows) prove that nothing separates.

    Without margin the multipliers need not cancel exactly.  Let U = diag(lambda) Z on the columns
    that must cancel, and e = Z^T lambda there.  If |e| < sigma_min(U), then
    eta = -U (U^T U)^-1 e has |eta| < 1 and lambda (1 + eta) >= 0 cancels exactly, so that a proof
    exists next to the given numbers.
    """
    top = multipliers.max(initial=0.0)
    if not (np.isfinite(multipliers).all() and (multipliers >= 0).all() and top > 0):
        return False
    multipliers = np.ldexp(multipliers, -np.frexp(top)[1])  # exact
    if problem.margin > 0:
        gap, doubt = _dual_gap(problem, multipliers)
        if abs(gap) > doubt:
            return gap > 0
        return exact.refutes(problem, exact.rationals(multipliers))
    for negligible in (TINY, FAINT):
        support = multipliers > negligible
        scaled = problem.rows[support]
        active = scaled.any(axis=0)
        if not active.all():  # a unit that is silent on the whole support cancels exactly
            scaled = np.ascontiguousarray(scaled[:, active])
        scaled *= multipliers[support, None]
        if _cancels_nearby(scaled, problem.constrained[active]):
            return True
    residual, error, _ = _column_sums(multipliers[:, None] * problem.rows)
    may_cancel = (residual <= error) & ((residual >= -error) | problem.constrained)
    return bool(may_cancel.all()) and exact.refutes(problem, exact.rationals(multipliers))


def refutes_in_span(problem: Dichotomy, multipliers: FloatArray) -> bool:
    """As :func:`refutes`, for patterns that do not span their space.

    Columns outside an exact basis cancel whenever the basis does, so only the basis needs full
    rank on the patterns used.
    """
    if problem.margin > 0 or problem.constrained.any() or not np.isfinite(multipliers).all():
        return False
    top = multipliers.max(initial=0.0)
    if not (top > 0 and multipliers.min() >= 0):
        return False
    support = multipliers > FAINT * top
    rows = problem.rows[support]
    basis = exact.column_basis(rows)
    if basis is None:
        return False
    scaled = (multipliers[support, None] / top) * rows[:, basis]
    return _cancels_nearby(scaled, np.zeros(len(basis), dtype=bool))


def _column_sums(scaled: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Column sums of U, their rounding errors, and the norms |U_j| of the columns.

    A column sum errs by at most gamma(n) sum_i |U_ij| <= gamma(n) sqrt(n) |U_j|.
    """
    n_rows = len(scaled)
    norms = np.sqrt(np.einsum("ij,ij->j", scaled, scaled)) + np.sqrt(n_rows) * LOST
    error = gamma(n_rows + 2) * np.sqrt(n_rows) * norms + n_rows * UNDERFLOW
    return scaled.sum(axis=0), error, norms


def _cancels_nearby(scaled: FloatArray, constrained: NDArray[np.bool_]) -> bool:
    """Apply the perturbation argument of :func:`refutes` to U = ``scaled``."""
    n_rows, n_columns = scaled.shape
    residual, error, norms = _column_sums(scaled)
    # Constrained columns that are negative by more than eta |U_j| stay so after the perturbation.
    eta = 1e-6 if constrained.any() else 1.0
    tight = ~(constrained & (residual + error < -eta * norms))
    if np.count_nonzero(tight) > n_rows:
        return False
    if not tight.any():
        return True
    if not tight.all():
        scaled, residual, error = (
            np.ascontiguousarray(scaled[:, tight]),
            residual[tight],
            error[tight],
        )
    excess = (np.abs(residual) + error) / eta
    gram = dsyrk(1.0, scaled.T, lower=1)
    if not (np.isfinite(gram).all() and np.isfinite(excess).all()):
        return False  # beyond the range of doubles, where Cholesky may not notice
    # sigma_min^2 > excess^2, allowing for the rounding of the Gram matrix and of its Cholesky
    # factor (Rump 2006, BIT Numer. Math. 46:433).
    rounding = (gamma(n_rows + 2) + gamma(n_columns + 4)) * float(gram.trace()) + UNDERFLOW
    shifted = gram.copy(order="F")
    shifted[np.diag_indices(len(gram))] -= 1.01 * (excess @ excess + rounding)
    if dpotrf(shifted, lower=1, clean=0, overwrite_a=1)[1] == 0:
        return True
    return _cancels_preconditioned(scaled, excess, gram)


def _cancels_preconditioned(scaled: FloatArray, excess: FloatArray, gram: FloatArray) -> bool:
    """As :func:`_cancels_nearby` where U^T U is too ill-conditioned to be factored in doubles.

    For any matrix X the conditions V = U X, |X^T e| < sigma_min(V) suffice too, since a V of full
    rank makes X invertible.  With X close to the inverse Cholesky factor of U^T U, V is close to
    orthonormal, so that sigma_min(V)^2 >= 1 - |I - V^T V| is far from zero.
    """
    n_rows, n_columns = scaled.shape
    factor, info = dpotrf(gram, lower=1, clean=1)
    if info != 0:
        return False
    inverse, info = dtrtri(factor, lower=1)
    if info != 0 or not np.isfinite(inverse).all():
        return False
    basis = scaled @ inverse.T
    deviation = dsyrk(1.0, basis.T, lower=1)
    deviation[np.diag_indices(n_columns)] -= 1.0
    size = float(np.linalg.norm(basis))
    rounding = gamma(n_columns + 2) * float(np.linalg.norm(scaled) * np.linalg.norm(inverse))
    # |V^T V - I| from its lower triangle, the product's own rounding, and that of V.
    difference = 1.5 * float(np.linalg.norm(deviation)) + gamma(n_rows + 4) * size**2
    difference += 2 * rounding * (size + rounding)
    size = float(np.linalg.norm(np.abs(inverse) @ excess)) * (1 + gamma(2 * n_columns))
    return size**2 * 1.01 < 1 - difference


def _dual_gap(problem: Dichotomy, multipliers: FloatArray) -> tuple[float, float]:
    """Margin times sum_i lambda_i, less |sum_i lambda_i z_i|, and the rounding error of that.

    A positive gap refutes: no w of length one has heights above |sum lambda z| / sum lambda.
    """
    rows = problem.rows
    if problem.bias:
        positive = rows[:, -1] > 0
        above, below = multipliers[positive].sum(), multipliers[~positive].sum()
        if not (above > 0 and below > 0):
            return -1.0, 0.0
        # Balanced to rounding; the error below allows for the exact balance next to it.
        multipliers = np.where(positive, multipliers * (below / above), multipliers)
        rows = rows[:, :-1]
    total = multipliers @ rows
    pull = np.where(problem.constrained[: rows.shape[1]], np.maximum(total, 0.0), total)
    bound = problem.margin * float(multipliers.sum())
    size = float(multipliers @ _row_norms(rows)) + bound
    error = gamma(2 * len(rows) + rows.shape[1] + 16) * size + np.sqrt(pull.size) * LOST
    return bound - float(np.linalg.norm(pull)), error


def _row_norms(rows: FloatArray) -> FloatArray:
    squares = np.einsum("ij,ij->i", rows, rows)
    norms: FloatArray = np.sqrt(squares) + np.sqrt(rows.shape[1]) * LOST
    return norms
