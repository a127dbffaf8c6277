"""Exact rational fallback for separability.

Every double is a rational number, so the question has an exact answer.  It is found by
non-negative least squares (Lawson & Hanson 1974, chapter 23) over the rationals: with the signed
patterns z_i as vectors a_i = (z_i, 1) and target b = (0, 1), minimise |sum_i lambda_i a_i - b|^2
over lambda >= 0.  If the residual vanishes, lambda is Gordan's proof; otherwise minus the residual
separates, and its length gives the largest margin.  Linear algebra is FLINT's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import scipy.linalg
from flint import fmpq, fmpz, fmpz_mat
from numpy.typing import NDArray

from olfnet.checks import FloatArray
from olfnet.readout._certify.dichotomy import Dichotomy
from olfnet.readout._certify.search import hull_vectors, nonnegative_least_squares

Rationals = tuple[Fraction, ...]


def rationals(values: FloatArray) -> Rationals:
    """Doubles as exact fractions."""
    return tuple(Fraction(float(value)) for value in values)


def separates(
    problem: Dichotomy, weights: Rationals, doubtful: NDArray[np.intp] | None = None
) -> bool:
    """Whether exact ``weights`` solve the ``doubtful`` rows (all by default)."""
    if any(weights[j] < 0 for j in np.flatnonzero(problem.constrained)):
        return False
    margin = Fraction(problem.margin)
    need = margin**2 * sum(w**2 for w in weights[: problem.n_weights])
    for i in range(len(problem.rows)) if doubtful is None else doubtful:
        height = dot(weights, problem.rows[i])
        if height <= 0 if margin == 0 else (height < 0 or height**2 < need or not need):
            return False
    return True


def refutes(problem: Dichotomy, multipliers: Rationals) -> bool:
    """Whether exact ``multipliers`` prove that nothing separates."""
    if any(m < 0 for m in multipliers) or not any(multipliers):
        return False
    support = [i for i, m in enumerate(multipliers) if m]
    used = [multipliers[i] for i in support]
    squares = Fraction(0)
    for j, constrained in enumerate(problem.constrained):
        total = dot(used, problem.rows[support, j])
        if constrained and total < 0:
            continue
        if total and (problem.margin == 0 or (problem.bias and j == problem.n_weights)):
            return False
        squares += total**2
    return problem.margin == 0 or squares < Fraction(problem.margin) ** 2 * sum(used) ** 2


def distance(problem: Dichotomy, weights: Sequence[Fraction]) -> float:
    """Smallest distance of a pattern from the hyperplane, both in the patterns' units."""
    scaled = [w / Fraction(float(s)) for w, s in zip(weights, problem.column_scale, strict=True)]
    height = min(
        dot(scaled, row) / Fraction(float(s))
        for row, s in zip(problem.rows, problem.row_scale, strict=True)
    )
    square = sum((w**2 for w in weights[: problem.n_weights]), Fraction(0))
    if not square:
        return math.inf
    ratio = height**2 / square
    half = (ratio.numerator.bit_length() - ratio.denominator.bit_length()) // 2
    try:
        return math.copysign(math.ldexp(math.sqrt(ratio / Fraction(4) ** half), half), height)
    except OverflowError:
        return math.inf


def column_basis(rows: FloatArray) -> NDArray[np.intp] | None:
    """Columns that span all columns of ``rows`` exactly, or None if rounding hides the rank.

    Pivoted QR proposes the columns; an exact rank confirms that no more are needed.
    """
    triangle, pivots = scipy.linalg.qr(rows, mode="r", pivoting=True)
    diagonal = np.abs(np.diagonal(triangle))
    rank = int(np.count_nonzero(diagonal > 1e-12 * diagonal[0]))
    if rank == rows.shape[1] or integers(rows)[0].rank() != rank:
        return None
    return np.sort(pivots[:rank])


def integers(rows: FloatArray) -> tuple[fmpz_mat, int]:
    """``rows`` times 2**shift as an integer matrix, and shift."""
    mantissas, exponents = np.frexp(rows)
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    powers = np.where(whole != 0, exponents - 53 + trailing, 0)
    shift = -int(powers.min())
    odd = whole >> np.maximum(trailing, 0)
    shifts = np.where(whole != 0, powers + shift, 0)
    entries = [o << s for o, s in zip(odd.ravel().tolist(), shifts.ravel().tolist(), strict=True)]
    return fmpz_mat(rows.shape[0], rows.shape[1], entries), shift


def decide(problem: Dichotomy) -> tuple[bool, Rationals]:
    """Decide exactly: (True, weights) or (False, multipliers), of the scaled problem.

    With a margin, the weights have the largest margin, which is compared with the required one.
    """
    if problem.margin > 0 and problem.one_sided:
        return True, _far_away(problem)
    multipliers, residual = _LeastSquares(problem).solve()
    weights = tuple(-r for r in residual)
    if problem.margin > 0 and problem.bias:
        weights = (*weights, _middle(problem, weights))
    if any(weights) and separates(problem, weights):
        return True, weights
    return False, multipliers


def _far_away(problem: Dichotomy) -> Rationals:
    """One class only: any direction, with a bias that is large enough."""
    margin, signs = Fraction(problem.margin), problem.rows[:, -1]
    need = max(margin - Fraction(float(x)) for x in problem.rows[:, 0])
    bias = max(need, Fraction(0)) / Fraction(float(signs[0]))
    return (Fraction(1), *[Fraction(0)] * (problem.n_weights - 1), bias)


def _middle(problem: Dichotomy, weights: Rationals) -> Fraction:
    """Bias that is equally far from both classes."""
    signs = problem.rows[:, -1]
    heights = [dot(weights, row[:-1]) for row in problem.rows]
    nearest = [min(h for h, s in zip(heights, signs, strict=True) if s * y > 0) for y in (1, -1)]
    return (nearest[1] - nearest[0]) / (2 * Fraction(float(abs(signs[0]))))


class _LeastSquares:
    """min |sum_k x_k a_k - b|^2 over x >= 0, with sum_k balance_k x_k = 0 where a bias is free."""

    def __init__(self, problem: Dichotomy) -> None:
        rows = problem.rows
        free_bias = problem.bias and problem.margin > 0
        self.n_patterns = len(rows)
        balance = np.sign(rows[:, -1]) if free_bias else np.zeros(len(rows))
        rows = rows[:, :-1] if free_bias else rows
        constrained = np.flatnonzero(problem.constrained[: rows.shape[1]])
        self.floats = hull_vectors(rows, constrained)
        self.vectors, shift = integers(self.floats)
        self.unit = fmpz(1) << shift
        self.last = [int(v) for v in self.floats[:, -1]]
        self.balance = [int(v) for v in np.append(balance, np.zeros(len(constrained)))]
        self.bordered = free_bias

    def solve(self) -> tuple[Rationals, Rationals]:
        """Multipliers of the patterns and the residual without its last entry."""
        passive, values = self._start()
        while True:
            residual, gradients = self._gradients(passive, values)
            best = max(range(len(gradients)), key=gradients.__getitem__)
            if gradients[best] <= 0:
                break
            passive, values = self._enter(best, passive, values)
        multipliers = [Fraction(0)] * self.n_patterns
        for k, value in zip(passive, values, strict=True):
            if k < self.n_patterns:
                multipliers[k] = Fraction(int(value.p), int(value.q))
        return tuple(multipliers), tuple(Fraction(int(r.p), int(r.q)) for r in residual[:-1])

    def _start(self) -> tuple[list[int], list[fmpq]]:
        """Passive set that floating-point arithmetic proposes, trimmed to positive values."""
        proposal = nonnegative_least_squares(self.floats)
        passive = np.flatnonzero(proposal > 1e-12 * proposal.max(initial=0.0)).tolist()
        while passive and not self.bordered:
            try:
                values = self._unconstrained(passive)
            except ZeroDivisionError:
                break
            if all(v > 0 for v in values):
                return passive, values
            passive = [k for k, v in zip(passive, values, strict=True) if v > 0]
        if not self.bordered:
            return [], []
        pair = [self.balance.index(1), self.balance.index(-1)]
        return pair, self._unconstrained(pair)

    def _unconstrained(self, passive: list[int]) -> list[fmpq]:
        """Least squares on the passive vectors alone."""
        return self._solve(passive)[: len(passive)]

    def _chosen(self, passive: list[int]) -> fmpz_mat:
        """Vectors of the passive set as rows."""
        width = self.vectors.ncols()
        entries = [self.vectors[k, j] for k in passive for j in range(width)]
        return fmpz_mat(len(passive), width, entries)

    def _solve(self, passive: list[int]) -> list[fmpq]:
        """Solve for the passive set alone, with the price of the balance where it is kept."""
        chosen = self._chosen(passive)
        gram = (chosen * chosen.transpose()).tolist()
        right = [self.unit**2 * self.last[k] for k in passive]
        if self.bordered:
            border = [fmpz(self.balance[k]) for k in passive]
            gram = [[*row, y] for row, y in zip(gram, border, strict=True)]
            gram.append([*border, fmpz(0)])
            right.append(fmpz(0))
        return fmpz_mat(gram).solve(fmpz_mat(len(right), 1, right)).entries()

    def _gradients(self, passive: list[int], values: list[fmpq]) -> tuple[list[fmpq], list[fmpz]]:
        """Residual b - A x over the common unit, and the slope of every vector up to a factor."""
        width = self.vectors.ncols()
        residual = fmpz_mat(1, width, [0] * (width - 1) + [self.unit])
        price, denominator = fmpz(0), fmpz(1)
        if passive:
            solution = [*values, *self._solve(passive)[len(passive) :]]
            for value in solution:
                denominator = denominator.lcm(value.q)
            whole = [value.p * (denominator // value.q) for value in solution]
            used = fmpz_mat(1, len(passive), whole[: len(passive)])
            residual = residual * denominator - used * self._chosen(passive)
            price = whole[-1] if self.bordered else price
        slopes = (self.vectors * residual.transpose()).entries()
        gradients = [g - price * y for g, y in zip(slopes, self.balance, strict=True)]
        scale = denominator * self.unit
        return [fmpq(r, scale) for r in residual.entries()], gradients

    def _enter(
        self, new: int, passive: list[int], values: list[fmpq]
    ) -> tuple[list[int], list[fmpq]]:
        """Let one vector in, and those whose value falls to zero out.

        Values on the way only choose who leaves, so they may be short; the last ones are exact.
        """
        passive, values = [*passive, new], [*map(_short, values), fmpq(0)]
        while True:
            targets = self._unconstrained(passive)
            if all(v > 0 for v in targets):
                return passive, targets
            targets = [_short(v) for v in targets]
            step = min(
                x / (x - w) for x, w in zip(values, targets, strict=True) if w <= 0 and x > 0
            )
            values = [_short(x + step * (w - x)) for x, w in zip(values, targets, strict=True)]
            kept = [i for i, x in enumerate(values) if x > 0]
            passive, values = [passive[i] for i in kept], [values[i] for i in kept]


def dot(exact_values: Sequence[Fraction], values: FloatArray) -> Fraction:
    """Sum of products of fractions and doubles."""
    return sum(
        (w * Fraction(float(v)) for w, v in zip(exact_values, values, strict=True) if v),
        Fraction(0),
    )


def _short(value: fmpq, n_bits: int = 512) -> fmpq:
    """``value`` rounded to so many significant bits; without this, fractions grow at each step."""
    shift = n_bits - int(value.p).bit_length() + int(value.q).bit_length()
    if shift >= 0:
        return fmpq((value.p << shift) // value.q, fmpz(1) << shift)
    return fmpq((value.p // (value.q << -shift)) << -shift)
