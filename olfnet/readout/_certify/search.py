"""Floating-point proposals for one dichotomy: weights or multipliers that a proof may confirm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from olfnet.checks import FloatArray
from olfnet.readout._certify.dichotomy import Dichotomy
from olfnet.readout._certify.hinge import SquaredHinge

# Relative size under which a singular value of the patterns is taken for rounding.
NEGLIGIBLE = 1e-13
# Largest number of ridge values tried in the search for a margin.
MAX_RIDGES = 60
# Margins whose squares leave the range of doubles; exact arithmetic decides them.
HUGE = 1e150


class Proposal(NamedTuple):
    """Weights of the scaled columns, or multipliers of the scaled rows, believed to be a proof."""

    weights: FloatArray | None = None
    multipliers: FloatArray | None = None


def proposals(problem: Dichotomy, search: SquaredHinge | None = None) -> Iterator[Proposal]:
    """Candidates for a proof, cheapest first; they may run out."""
    rows = problem.rows
    silent = np.all(rows == 0, axis=1)
    if silent.any():
        yield Proposal(multipliers=silent.astype(np.float64))
    elif problem.margin > 0:
        yield from _within_ball(problem)
    elif problem.constrained.any() or len(rows) > rows.shape[1]:
        constrained = np.flatnonzero(problem.constrained)
        yield from _newton(search or SquaredHinge(rows, constrained), constrained)
        yield from _least_squares(rows, constrained)
    else:
        yield from _in_span(rows)


def shared_searches(problem: Dichotomy, signs: FloatArray) -> Iterator[SquaredHinge]:
    """Start searches for labels (n_dichotomies, n_patterns) of patterns that are all positive.

    The Gram matrix does not depend on the labels, and neither does the factor of the first step,
    the least-squares fit of heights of one.
    """
    rows = problem.rows
    constrained = np.flatnonzero(problem.constrained)
    first = SquaredHinge(rows, start=np.zeros(rows.shape[1]))
    gram = first.hessian
    starts = first.solve(rows.T @ signs.T)
    for sign, start in zip(signs, starts.T, strict=True):
        yield SquaredHinge(sign[:, None] * rows, constrained, start=start, gram=gram)


def _newton(search: SquaredHinge, constrained: NDArray[np.intp]) -> Iterator[Proposal]:
    """Minimum of the squared hinge."""
    for point in search.descend():
        if point.heights.min() > 0:
            yield Proposal(weights=_clipped(point.weights, constrained))
        if point.multipliers is not None:
            yield Proposal(multipliers=point.multipliers)


def _least_squares(rows: FloatArray, constrained: NDArray[np.intp]) -> Iterator[Proposal]:
    """Propose by least squares: slower than Newton, but stable where many patterns just fit.

    Such are sparse codes, whose rarely active units fit single patterns.  See ``exact``.
    """
    vectors = hull_vectors(rows, constrained)
    multipliers = nonnegative_least_squares(vectors)
    weights = (multipliers @ vectors)[:-1]
    yield Proposal(multipliers=multipliers[: len(rows)])
    yield Proposal(weights=_clipped(weights, constrained))


def hull_vectors(rows: FloatArray, constrained: NDArray[np.intp]) -> FloatArray:
    """Vectors (z_i, 1), and (e_j, 0) for constrained weights j."""
    slack = np.zeros((len(constrained), rows.shape[1] + 1))
    slack[np.arange(len(constrained)), constrained] = 1.0
    return np.vstack((np.column_stack((rows, np.ones(len(rows)))), slack))


def nonnegative_least_squares(vectors: FloatArray) -> FloatArray:
    """X >= 0 that brings sum_k x_k v_k closest to (0, 1); zeros where the method does not end.

    A little noise helps where degeneracy makes the method cycle.
    """
    target = np.append(np.zeros(vectors.shape[1] - 1), 1.0)
    noise = np.random.default_rng(0).standard_normal(vectors.shape)
    for size in (0.0, 1e-11, 1e-9):
        try:
            solution: FloatArray = scipy.optimize.nnls(
                (vectors * (1 + size * noise)).T, target, maxiter=50 * len(vectors)
            )[0]
        except RuntimeError:  # out of iterations
            continue
        return solution
    return np.zeros(len(vectors))


def _clipped(weights: FloatArray, constrained: NDArray[np.intp]) -> FloatArray:
    """Weights with constrained entries that rounding made negative set to zero."""
    if len(constrained):
        weights = weights.copy()
        weights[constrained] = np.maximum(weights[constrained], 0.0)
    return weights


def _in_span(rows: FloatArray) -> Iterator[Proposal]:
    """No more patterns than dimensions: work with the Gram matrix of the patterns.

    Linearly independent patterns can all be given height one; otherwise Newton runs in the
    coordinates of the patterns' own span.
    """
    gram = rows @ rows.T
    if not np.isfinite(gram).all():
        return
    sizes, axes = np.linalg.eigh(gram)
    kept = sizes > NEGLIGIBLE * sizes[-1]
    sizes, axes = sizes[kept], axes[:, kept]
    roots = np.sqrt(sizes)
    weights = rows.T @ (axes @ (axes.sum(axis=0) / sizes))
    yield Proposal(weights=weights)
    coordinates = np.ascontiguousarray(axes * roots)
    for proposal in _newton(SquaredHinge(coordinates), np.arange(0)):
        if proposal.weights is not None:
            yield Proposal(weights=rows.T @ (axes @ (proposal.weights / roots)))
        else:
            yield proposal


def _within_ball(problem: Dichotomy) -> Iterator[Proposal]:
    """Margin kappa: minimise sum_i (1 - z_i . w)_+^2 over the ball |w| <= 1/kappa.

    On the sphere sum_i r_i z_i = ridge w, and kappa sum_i r_i - |sum_i r_i z_i| is proportional to
    sum_i r_i^2, so the residuals prove that no margin of kappa exists unless they vanish.  The
    ridge with |w| = 1/kappa is bracketed: |w| falls as the ridge grows.
    """
    rows, kappa = problem.rows, problem.margin
    if problem.one_sided or kappa > HUGE:
        return
    penalised = (np.arange(rows.shape[1]) < problem.n_weights).astype(np.float64)
    constrained = np.flatnonzero(problem.constrained)
    ridge, low, high = 0.1 * kappa**2 * len(rows), 0.0, np.inf
    weights = np.zeros(rows.shape[1])
    for _ in range(MAX_RIDGES):
        point = None
        for point in SquaredHinge(rows, constrained, ridge * penalised, weights).descend():
            weights = _clipped(point.weights, constrained)
            yield Proposal(weights, point.multipliers)
        if point is None:
            return
        excess = float(np.linalg.norm(point.weights[: problem.n_weights])) * kappa
        low, high = (ridge, high) if excess > 1 else (low, ridge)
        if low == 0:
            ridge = 0.1 * ridge
        elif high == np.inf:
            ridge = 10 * ridge
        else:
            ridge = np.sqrt(low * high)
