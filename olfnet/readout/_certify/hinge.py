"""Finite Newton on the squared hinge: the fast search behind ``separate``.

For signed patterns z_i the function

    2 F(w) = sum_i (1 - z_i . w)_+^2 + sum_{j constrained} (-w_j)_+^2 + sum_j ridge_j w_j^2

is convex and piecewise quadratic, so Newton steps with an exact line search end after finitely many
steps (Mangasarian 2002, Optim. Methods Softw. 17:913).  Without ridge its minimum decides
separability either way: a point with every z_i . w > 0 separates, and at any other
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

BoolArray = NDArray[np.bool_]

MAX_STEPS = 80
# More damping than this, relative to the first, is only needed where squares overflow.
ENDLESS = 1e40
# A pattern that can be fitted on its own has a residual of zero, give or take this.
ROUNDING = 1e-9
# Residuals below this are those of a separable problem: elsewhere one of them is at least 1.
NEGLIGIBLE = 1e-6
# Added to the Hessian's diagonal, relative to its mean: keeps directions finite when few patterns
# are active, and is too small to slow the steps where the Hessian is regular.
DAMPING = 1e-13
# With at most this many patterns per column still on the wrong side, the weights are lengthened by
# LIFT, up to MAX_LIFTS times: patterns that are right, but lower than one, then stop pulling.  It
# saves a third of the steps near capacity.
FEW = 1 / 12
LIFT = 3.0
MAX_LIFTS = 4
# Weights that are kept for other patterns are shortened to this mean height.
KEPT_HEIGHT = 5.0


class Point(NamedTuple):
    """An iterate: weights, heights z . w of all patterns, multipliers once they cancel."""

    weights: FloatArray
    heights: FloatArray
    multipliers: FloatArray | None


class SquaredHinge:
    """Newton's state on F, whose terms are the patterns and then the constrained weights.

    Parameters
    ----------
    rows : array of shape (n_patterns, n_columns)
        Signed patterns z_i.
    constrained : int array, optional
        Columns whose weight must not be negative.
    ridge : array of shape (n_columns,), optional
        Weight of w_j^2 / 2 in F.
    start : array of shape (n_columns,), optional
        First weights; by default the least-squares step along the sum of the patterns.
    gram : array of shape (n_columns, n_columns), optional
        Lower triangle of rows.T @ rows, if it is known already.
    """

    def __init__(
        self,
        rows: FloatArray,
        constrained: NDArray[np.intp] | None = None,
        ridge: FloatArray | None = None,
        start: FloatArray | None = None,
        gram: FloatArray | None = None,
    ) -> None:
        self.rows = rows
        self.n_patterns, n_columns = rows.shape
        self.constrained = constrained if constrained is not None and len(constrained) else None
        self.ridge = ridge
        self.weights = self._hebbian() if start is None else start
        self.slack = self._slack()
        self.active: BoolArray
        if gram is None:
            self.active = self.slack > 0
            self.hessian = self._gram(self.active)
        else:
            self.active = np.arange(len(self.slack)) < self.n_patterns
            self.hessian = gram.copy(order="F")
        self.damping = DAMPING * (self.hessian.trace() / n_columns or 1.0)
        self.shifted = np.empty_like(self.hessian)

    def descend(self) -> Iterator[Point]:
        """Yield iterates until the minimum is reached; continue from here if called again."""
        lifts = 0 if self.ridge is None else MAX_LIFTS
        for _ in range(MAX_STEPS):
            self._update(self.slack > 0)
            factor = self._factor()
            if factor is None:
                return
            step: FloatArray = dpotrs(factor, self._downhill(), lower=1)[0]
            move = self._forward(step)
            after = self.slack - move
            kept = after * self.active
            if kept.min() >= -ROUNDING and kept.max() > NEGLIGIBLE:
                # No term leaves: the residuals of the active terms cancel, whatever enters.
                yield self._balanced(factor, step, after)
            scale = self._line_search(step, move)
            self.weights = self.weights + scale * step
            self.slack = self.slack - scale * move
            yield Point(self.weights, 1.0 - self.slack[: self.n_patterns], None)
            if ((self.slack > 0) == self.active).all():
                return
            if lifts < MAX_LIFTS and np.count_nonzero(self.slack >= 1) <= FEW * len(self.weights):
                lifts += 1
                self.weights = LIFT * self.weights
                self.slack = self._slack()

    def resize(self, rows: FloatArray) -> None:
        """Continue with more or fewer patterns: the old rows begin with the new ones or vice versa.

        Near capacity weights grow very long; shortened ones lie closer to the next solution.
        """
        before, now = self.n_patterns, len(rows)
        height = np.abs(1.0 - self.slack[:before]).mean()
        if height > KEPT_HEIGHT:
            self.weights = self.weights * (KEPT_HEIGHT / height)
        kept = min(before, now)
        active = self.slack > 0
        active[kept:before] = False
        self._update(active)
        self.rows, self.n_patterns = rows, now
        added = np.zeros(now - kept, dtype=bool)
        self.active = np.concatenate((active[:kept], added, active[before:]))
        self.slack = self._slack()

    def solve(self, right: FloatArray) -> FloatArray:
        """Hessian^-1 times the columns of ``right``; zeros if doubles cannot hold the Hessian."""
        factor = self._factor()
        solution: FloatArray = (
            np.zeros_like(right) if factor is None else dpotrs(factor, right, lower=1)[0]
        )
        return solution

    def _balanced(self, factor: FloatArray, step: FloatArray, after: FloatArray) -> Point:
        """Full step, with one refinement so that the residuals cancel to rounding."""
        residual = after * self.active
        weights = self.weights + step
        downhill = self._backward(residual)
        if self.ridge is not None:
            downhill -= self.ridge * weights
        correction = dpotrs(factor, downhill, lower=1)[0]
        after = after - self._forward(correction)
        multipliers = np.maximum(after * self.active, 0.0)[: self.n_patterns]
        return Point(weights + correction, 1.0 - after[: self.n_patterns], multipliers)

    def _hebbian(self) -> FloatArray:
        """Multiple of the sum of all patterns whose heights come closest to one."""
        total = np.ones(self.n_patterns) @ self.rows
        heights = self.rows @ total
        length = heights.sum() / (heights @ heights or 1.0)
        return total * length if np.isfinite(length) else np.zeros_like(total)

    def _forward(self, weights: FloatArray) -> FloatArray:
        """Heights of the patterns, then the constrained weights."""
        heights: FloatArray = self.rows @ weights
        if self.constrained is None:
            return heights
        return np.concatenate((heights, weights[self.constrained]))

    def _slack(self) -> FloatArray:
        """Residuals of all terms at the present weights."""
        slack = -self._forward(self.weights)
        slack[: self.n_patterns] += 1.0
        return slack

    def _backward(self, residual: FloatArray) -> FloatArray:
        """Transpose of :meth:`_forward`."""
        pull: FloatArray = residual[: self.n_patterns] @ self.rows
        if self.constrained is not None:
            pull[self.constrained] += residual[self.n_patterns :]
        return pull

    def _downhill(self) -> FloatArray:
        """Minus the gradient of F."""
        pull = self._backward(np.maximum(self.slack, 0.0))
        return pull if self.ridge is None else pull - self.ridge * self.weights

    def _gram(self, terms: BoolArray) -> FloatArray:
        """Hessian of the chosen terms, lower triangle."""
        chosen = terms[: self.n_patterns]
        rows = self.rows if chosen.all() else self.rows[chosen]
        gram: FloatArray = dsyrk(1.0, rows.T, lower=1)
        if self.constrained is not None:
            gram[self.constrained, self.constrained] += terms[self.n_patterns :]
        return gram

    def _update(self, active: BoolArray) -> None:
        """Bring the Hessian to the terms that are active now."""
        changed = (active != self.active).nonzero()[0]
        if not len(changed):
            return
        entering = active[changed]
        self.active = active
        if len(changed) > np.count_nonzero(active):
            self.hessian = self._gram(active)
            return
        for sign, terms in ((1.0, changed[entering]), (-1.0, changed[~entering])):
            if self.constrained is not None:
                border = terms.searchsorted(self.n_patterns)
                columns = self.constrained[terms[border:] - self.n_patterns]
                self.hessian[columns, columns] += sign
                terms = terms[:border]
            if len(terms):
                self.hessian = dsyrk(
                    sign, self.rows[terms].T, beta=1.0, c=self.hessian, lower=1, overwrite_c=1
                )

    def _factor(self) -> FloatArray | None:
        """Cholesky factor of the Hessian, damped as needed; None if no damping suffices."""
        damping = self.damping
        while damping < ENDLESS * self.damping:
            shifted = self.shifted
            np.copyto(shifted, self.hessian)
            diagonal = shifted.ravel(order="K")[:: len(shifted) + 1]
            diagonal += damping
            if self.ridge is not None:
                diagonal += self.ridge
            factor: FloatArray
            factor, info = dpotrf(shifted, lower=1, clean=0, overwrite_a=1)
            if info == 0:
                return factor
            damping *= 100
        return None

    def _line_search(self, step: FloatArray, move: FloatArray) -> float:
        """Minimise F along the step: dF/dt = t b - a is increasing and linear between breakpoints.

        The residual slack - t move of a term enters or leaves the sum where it crosses zero.
        """
        inside = move[self.slack > 0]
        a, b = move @ np.maximum(self.slack, 0.0), inside @ inside
        if self.ridge is not None:
            a -= (self.ridge * self.weights) @ step
            b += (self.ridge * step) @ step
        crossing = (move * self.slack > 0).nonzero()[0]
        move = move[crossing]
        at = self.slack[crossing] / move
        order = at.argsort()
        at, move = at[order], move[order]
        jumps = move * np.abs(move)
        slopes = a - (jumps * at).cumsum()
        curvatures = b - jumps.cumsum()
        k = np.count_nonzero(at * curvatures < slopes)
        low = 0.0
        if k:
            low, a, b = at[k - 1], slopes[k - 1], curvatures[k - 1]
        best = a / b if b > 0 else low
        return float(max(min(best, at[k]) if k < len(at) else best, low))
