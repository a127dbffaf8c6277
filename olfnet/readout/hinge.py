"""Finite Newton on the squared hinge: the fast search behind ``separate``.

For signed patterns z_i the function

    2 F(w) = sum_i (1 - z_i . w)_+^2 + sum_{j constrained} (-w_j)_+^2 + sum_j ridge_j w_j^2

is convex and piecewise quadratic, so Newton steps with an exact line search end after finitely many
steps (Mangasarian 2002, Optim. Methods Softw. 17:913).  Without ridge its minimum answers the
question of separability either way: a point with every z_i . w > 0 separates, and at any other
minimum the residuals r_i = (1 - z_i . w)_+ satisfy sum_i r_i z_i = 0 (<= 0 in constrained columns),
which is Gordan's proof that nothing separates.  Only rounding stands between these numbers and a
proof; that is checked in ``proofs``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotrf, dpotrs

from olfnet.checks import FloatArray

MAX_STEPS = 200
# Smallest pivot of the Hessian relative to its mean diagonal; keeps directions finite when few
# patterns are active, and costs one more step where the Hessian is regular.
DAMPING = 1e-13


class Point(NamedTuple):
    """Weights, the residuals 1 - z . w of all patterns, and whether F is smallest here."""

    weights: FloatArray
    slack: FloatArray
    stationary: bool

    @property
    def multipliers(self) -> FloatArray:
        """Residuals of the patterns inside the margin, shape (n_patterns,)."""
        return np.maximum(self.slack, 0.0)


def descend(
    rows: FloatArray,
    constrained: NDArray[np.bool_] | None = None,
    ridge: FloatArray | None = None,
    start: FloatArray | None = None,
) -> Iterator[Point]:
    """Yield the iterates of damped Newton on F, the last of them stationary.

    Parameters
    ----------
    rows : array of shape (n_patterns, n_columns)
        Signed patterns z_i.
    constrained : bool array of shape (n_columns,), optional
        Columns whose weight must not be negative.
    ridge : array of shape (n_columns,), optional
        Weight of w_j^2 / 2 in F.
    start : array of shape (n_columns,), optional
        First weights; zero by default.
    """
    weights = np.zeros(rows.shape[1]) if start is None else start
    slack = np.ones(len(rows)) if start is None else 1.0 - rows @ weights
    active = slack > 0
    hessian = _gram(rows if active.all() else rows[active])
    for _ in range(MAX_STEPS):
        violated = None if constrained is None else (weights < 0) & constrained
        factor = _factor(hessian, ridge, violated)
        step = dpotrs(factor, _downhill(rows, slack, weights, ridge, violated), lower=1)[0]
        move = rows @ step
        scale = _exact_line_search(slack, move, weights, step, constrained, ridge)
        weights = weights + scale * step
        slack = slack - scale * move
        now_active = slack > 0
        settled = np.array_equal(now_active, active)
        if constrained is not None and violated is not None:
            settled = settled and np.array_equal((weights < 0) & constrained, violated)
        if settled:  # refine with the factor at hand, so that the residuals cancel to rounding
            slack = 1.0 - rows @ weights
            downhill = _downhill(rows, slack, weights, ridge, violated)
            weights = weights + dpotrs(factor, downhill, lower=1)[0]
            yield Point(weights, 1.0 - rows @ weights, True)
            return
        yield Point(weights, slack, False)
        hessian = _update(hessian, rows, active, now_active)
        active = now_active


def _downhill(
    rows: FloatArray,
    slack: FloatArray,
    weights: FloatArray,
    ridge: FloatArray | None,
    violated: NDArray[np.bool_] | None,
) -> FloatArray:
    """Minus the gradient of F."""
    downhill: FloatArray = np.maximum(slack, 0.0) @ rows
    if ridge is not None:
        downhill -= ridge * weights
    if violated is not None:
        downhill -= np.where(violated, weights, 0.0)
    return downhill


def _gram(rows: FloatArray) -> FloatArray:
    """Lower triangle of rows.T @ rows."""
    gram: FloatArray = dsyrk(1.0, rows.T, lower=1)
    return gram


def _update(
    hessian: FloatArray, rows: FloatArray, before: NDArray[np.bool_], now: NDArray[np.bool_]
) -> FloatArray:
    """Hessian of the patterns active now, from that of those active before."""
    entering, leaving = rows[now & ~before], rows[before & ~now]
    if len(entering) + len(leaving) > np.count_nonzero(now):
        return _gram(rows[now])
    for sign, changed in ((1.0, entering), (-1.0, leaving)):
        if len(changed):
            hessian = dsyrk(sign, changed.T, beta=1.0, c=hessian, lower=1, overwrite_c=1)
    return hessian


def _factor(
    hessian: FloatArray, ridge: FloatArray | None, violated: NDArray[np.bool_] | None
) -> FloatArray:
    """Cholesky factor of the Hessian; the damping grows until the factorisation succeeds."""
    diagonal = hessian.diagonal()
    if ridge is not None:
        diagonal = diagonal + ridge
    if violated is not None:
        diagonal = diagonal + violated
    damping = DAMPING * (diagonal.mean() or 1.0)
    while True:
        shifted = hessian.copy(order="F")
        np.fill_diagonal(shifted, diagonal + damping)
        factor: FloatArray
        factor, info = dpotrf(shifted, lower=1, clean=0, overwrite_a=1)
        if info == 0:
            return factor
        damping *= 100


def _exact_line_search(
    slack: FloatArray,
    move: FloatArray,
    weights: FloatArray,
    step: FloatArray,
    constrained: NDArray[np.bool_] | None,
    ridge: FloatArray | None,
) -> float:
    """Minimise F along the step: dF/dt = -a + t b is increasing and linear between breakpoints.

    Along w + t step the residual of a pattern is slack - t move; that of a constrained weight is
    (-w_j) - t step_j.  A residual enters or leaves the sum where it crosses zero.
    """
    if constrained is not None:
        slack = np.concatenate((slack, -weights[constrained]))
        move = np.concatenate((move, step[constrained]))
    inside = slack > 0
    product = move * slack
    a, b = product[inside].sum(), np.square(move[inside]).sum()
    if ridge is not None:
        a -= (ridge * weights) @ step
        b += (ridge * step) @ step
    crossing = np.flatnonzero(product > 0)
    if crossing.size:
        slack, move = slack[crossing], move[crossing]
        at = slack / move
        order = np.argsort(at)
        at, slack, move = at[order], slack[order], move[order]
        size = np.abs(move)
        slopes = a - np.concatenate(([0.0], np.cumsum(size * slack)))
        curvatures = b - np.concatenate(([0.0], np.cumsum(move * size)))
        rising = at * curvatures[:-1] >= slopes[:-1]
        k = int(np.argmax(rising)) if rising.any() else len(at)
        a, b = slopes[k], curvatures[k]
        low, high = at[k - 1] if k else 0.0, at[k] if k < len(at) else np.inf
        return float(np.clip(a / b, low, high)) if b > 0 else float(low)
    return float(a / b) if b > 0 else 1.0
