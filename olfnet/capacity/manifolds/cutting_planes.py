"""Certified linear separability of whole ellipsoids, by cutting planes.

Of infinitely many points only a pool is used, at first the centers.  Weights that separate the
pool are tried on the whole ellipsoids, each of which has a worst point in closed form; worst points
on the wrong side join the pool.  This ends with weights that separate all ellipsoids, or with a
pool that no weights can separate (Chung, Cohen, Sompolinsky & Lee 2018, 10.1162/neco_a_01119).

What is certified
    A yes: the weights keep all points of all ellipsoids, as given in doubles, farther from the
    hyperplane than the margin, beyond all rounding.
    A no: no weights keep them all farther than the margin by ``_TOLERANCE`` times the largest
    number among centers and axes (the power of two above it).  The proof is a bound from
    non-negative multipliers of the pool, beyond all rounding, and mostly far below the tolerance.

So ellipsoids that only just touch the margin, within the tolerance, may get either result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.capacity.manifolds.ellipsoids import Ellipsoids
from olfnet.checks import FloatArray
from olfnet.readout._certify.constraints import Constraints, label_signs
from olfnet.readout._certify.dichotomy import normal_form
from olfnet.readout._certify.hinge import SquaredHinge
from olfnet.readout._certify.prefix import largest_prefix
from olfnet.readout._certify.proofs import UNDERFLOW, gamma

_TOLERANCE = 1e-6
# Weights for the pool have a ridge, relative to the square of the largest number: a smaller one
# comes closer to the widest margin, down to what doubles can solve.
_RIDGE, _SMALLEST_RIDGE = 1e-3, 1e-13
_MAX_ROUNDS = 2000

_IntArray = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class EllipsoidSeparation:
    """Result for whole ellipsoids, with its proof.

    Attributes
    ----------
    separable : bool
        Whether a readout under the constraints separates all ellipsoids.
    weights : array of shape (n_features,) or None
        Weights of such a readout, None if there is none.  A fixed threshold is one more of them.
    bias : float
        Its bias; 0 without bias or without readout.
    points : array of shape (n_points, n_features)
        The pool: points of the ellipsoids that decide.
    owners : int array of shape (n_points,)
        Index of the ellipsoid of each point.
    multipliers : array of shape (n_points,) or None
        Non-negative proof that there is no readout, None if there is one: with labels y_i, no
        weights of length 1 give all points more than |sum_i l_i y_i x_i| / sum_i l_i.  Under a
        bias sum_i l_i y_i is 0; for non-negative weights only positive entries of the sum count.
    """

    separable: bool
    weights: FloatArray | None
    bias: float
    points: FloatArray
    owners: _IntArray
    multipliers: FloatArray | None


def separate_ellipsoids(
    manifolds: Ellipsoids, labels: ArrayLike, constraints: Constraints
) -> EllipsoidSeparation:
    """Decide whether a linear readout can give all points of every ellipsoid its label.

    Parameters
    ----------
    manifolds : Ellipsoids
    labels : array of shape (n_manifolds,)
        Two values, as for :func:`olfnet.separate`.
    constraints : Constraints
        Those on the readout, ``nonnegative`` for all weights or none.

    Returns
    -------
    EllipsoidSeparation

    Raises
    ------
    ValueError
        If there are not as many labels as ellipsoids, or they take more than two values, or some
        weights only are constrained.

    Examples
    --------
    Two disks side by side, until they overlap.

    >>> centers, disk = [[-1.0, 0.0], [1.0, 0.0]], np.eye(2)
    >>> for radius in (0.9, 1.1):
    ...     disks = Ellipsoids(centers, [radius * disk, radius * disk])
    ...     print(separate_ellipsoids(disks, [0, 1], Constraints()).separable)
    True
    False
    """
    signs = label_signs(labels, len(manifolds))
    return _Pool(manifolds, signs, constraints).decide(len(manifolds))


def ellipsoid_prefix(manifolds: Ellipsoids, labels: ArrayLike, constraints: Constraints) -> int:
    """Largest n for which the first n ellipsoids are separable; every decision is certified.

    The centers' own prefix bounds it from above, and bisection does the rest with a pool that all
    decisions share.  Weights that happen to separate further manifolds move the lower end, the last
    manifold that a proof of "no" uses moves the upper one.

    Parameters
    ----------
    manifolds, labels, constraints
        As for :func:`separate_ellipsoids`.

    Returns
    -------
    int
        Between 0 and the number of manifolds.
    """
    signs = label_signs(labels, len(manifolds))
    pool = _Pool(manifolds, signs, constraints)
    separable = 0
    broken = 1 + largest_prefix(normal_form(manifolds.centers, signs, constraints))
    while broken - separable > 1:
        result = pool.decide((separable + broken) // 2)
        if result.multipliers is not None:
            broken = int(result.owners[result.multipliers > 0].max()) + 1
        else:
            wrong = np.flatnonzero(~pool.on_their_side())
            separable = min(wrong[0] if len(wrong) else len(manifolds), broken - 1)
    return int(separable)


class _Pool:
    """Ellipsoids in normal form, and those of their points that have been used.

    Labels are folded in, so that all weighted sums are to be positive; bias and fixed threshold are
    one more feature; and all is multiplied by a power of two, which is exact.
    """

    def __init__(self, manifolds: Ellipsoids, signs: FloatArray, constraints: Constraints) -> None:
        self.bias = constraints.bias
        self.nonnegative = checks.flag("nonnegative", constraints.nonnegative)
        self.signs = signs
        centers, axes = manifolds.centers, manifolds.axes
        if constraints.robustness is not None:
            centers, axes = _with_feature(centers, axes, -(1 + constraints.robustness * signs))
        self.n_weights = centers.shape[1]
        largest = max(np.abs(centers).max(), np.abs(axes).max())
        self.scale = float(np.ldexp(1.0, -np.frexp(largest)[1]))
        self.margin = constraints.margin * self.scale
        centers, axes = signs[:, None] * centers * self.scale, axes * self.scale
        if self.bias:
            centers, axes = _with_feature(centers, axes, signs)
        self.centers, self.axes = centers, axes
        # Bounds of the lengths of a manifold's points.
        self.sizes = np.linalg.norm(self.centers, axis=1) + np.linalg.norm(self.axes, axis=(1, 2))
        self.points, self.owners = self.centers, np.arange(len(manifolds))
        self.weights = np.zeros(self.centers.shape[1])

    def decide(self, n_manifolds: int) -> EllipsoidSeparation:
        """Decide the first manifolds, whose worst points join the pool on the way."""
        members = np.flatnonzero(self.owners < n_manifolds)
        search, ridge = self._search(members), _RIDGE
        for _ in range(_MAX_ROUNDS):
            excess, bound = self._descend(search, ridge)
            doubtful = excess <= 0
            if doubtful and bound > _TOLERANCE and self.margin == 0:
                excess, bound = self._descend(search, 0.0)  # separates the pool if anything does
            if bound <= _TOLERANCE:
                return self._separation(members, self._multipliers(search))
            if self.on_their_side()[:n_manifolds].all():
                return self._separation(members)
            added, depth = self._add_worst(n_manifolds, max(excess, 0.0))
            # Cuts are shallow where the manifolds do as well as the pool.
            if doubtful or depth > excess - (bound - excess) / 2:
                ridge = max(ridge / 10, _SMALLEST_RIDGE)
            members = np.append(members, added)
            search.resize(self.points[members])
        raise RuntimeError(f"cutting planes found no answer in {_MAX_ROUNDS} rounds")

    def on_their_side(self) -> NDArray[np.bool_]:
        """Which manifolds the weights separate as a whole, beyond all rounding."""
        length, need = float(np.linalg.norm(self.weights)), self.margin * self._length
        extents = np.linalg.norm(self.axes @ self.weights, axis=1)
        above = self.centers @ self.weights - extents - need
        n_terms = sum(self.axes.shape[1:])
        error = gamma(n_terms + 8) * (self.sizes * length + need) + n_terms * UNDERFLOW
        return np.asarray(above > error)

    @property
    def _length(self) -> float:
        """Length of the weights without the bias."""
        return float(np.linalg.norm(self.weights[: self.n_weights])) or UNDERFLOW

    def _search(self, members: _IntArray) -> SquaredHinge:
        """Newton's method for a part of the pool."""
        constrained = np.arange(self.n_weights if self.nonnegative else 0)
        return SquaredHinge(self.points[members], constrained, start=self.weights)

    def _descend(self, search: SquaredHinge, ridge: float) -> tuple[float, float]:
        """Find weights for the pool; distance beyond the margin of theirs, and of any weights.

        The bias has no ridge.
        """
        search.ridge = np.where(np.arange(len(self.weights)) < self.n_weights, ridge, 0.0)
        for _ in search.descend():
            pass
        self.weights = search.weights.copy()
        if self.nonnegative:
            np.maximum(self.weights[: self.n_weights], 0.0, out=self.weights[: self.n_weights])
        distance = float((search.rows @ self.weights).min()) / self._length
        return distance - self.margin, self._bound(search) - self.margin

    def _multipliers(self, search: SquaredHinge) -> FloatArray:
        """Residuals r of the pool: at the minimum sum_i r_i z_i = ridge w.

        With a bias the classes are balanced, to rounding.
        """
        residuals = np.maximum(search.slack[: search.n_patterns], 0.0)
        if self.bias:
            positive = search.rows[:, -1] > 0
            above, below = residuals[positive].sum(), residuals[~positive].sum()
            residuals = np.where(positive, residuals * below, residuals * above)
        return residuals

    def _bound(self, search: SquaredHinge) -> float:
        """Distance that no weights keep from all points of the pool, beyond all rounding.

        For unit weights and any r >= 0 the least height is at most |sum_i r_i z_i| / sum_i r_i.
        """
        multipliers, rows = self._multipliers(search), search.rows[:, : self.n_weights]
        total = float(multipliers.sum())
        if total == 0:
            return np.inf
        pull = multipliers @ rows
        pull = np.maximum(pull, 0.0) if self.nonnegative else pull
        size = float(multipliers @ np.linalg.norm(rows, axis=1))
        error = gamma(2 * len(rows) + self.n_weights + 16) * size
        return (float(np.linalg.norm(pull)) + error) / total

    def _add_worst(self, n_manifolds: int, limit: float) -> tuple[_IntArray, float]:
        """Add worst points at most ``limit`` beyond the margin; return the least excess of all.

        The worst point has the smallest weighted sum; it is the center if all are equal.
        """
        centers, axes = self.centers[:n_manifolds], self.axes[:n_manifolds]
        sums = axes @ self.weights
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        steps = np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0)
        worst = centers - np.einsum("md,mdn->mn", steps, axes)
        depths = worst @ self.weights / self._length - self.margin
        wrong = np.flatnonzero(depths <= limit)
        self.points = np.vstack((self.points, worst[wrong]))
        self.owners = np.append(self.owners, wrong)
        return len(self.owners) - len(wrong) + np.arange(len(wrong)), float(depths.min())

    def _separation(
        self, members: _IntArray, multipliers: FloatArray | None = None
    ) -> EllipsoidSeparation:
        """Bring weights and points back to the units of the manifolds."""
        owners = self.owners[members]
        points = self.signs[owners, None] * self.points[members, : self.n_weights] / self.scale
        if multipliers is not None:
            return EllipsoidSeparation(False, None, 0.0, points, owners, multipliers)
        bias = float(self.weights[-1]) if self.bias else 0.0
        weights = self.weights[: self.n_weights] * self.scale
        return EllipsoidSeparation(True, weights, bias, points, owners, None)


def _with_feature(
    centers: FloatArray, axes: FloatArray, values: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Centers and axes with one more feature, in which every manifold has a single value."""
    flat = np.zeros((*axes.shape[:2], 1))
    return np.column_stack((centers, values)), np.concatenate((axes, flat), axis=2)
