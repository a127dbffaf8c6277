"""Can any linear readout sort whole ellipsoids?  A certified answer by cutting planes.

Of infinitely many points only a pool is looked at, at first the centers.  Weights that sort the
pool are tried on the whole ellipsoids, each of which has a worst point in closed form; worst points
on the wrong side join the pool.  This ends with weights that sort all ellipsoids, or with a pool
that no weights can sort (Chung, Cohen, Sompolinsky & Lee 2018, 10.1162/neco_a_01119).

What is certified
    A yes: the weights keep all points of all ellipsoids, as given in doubles, farther from the
    hyperplane than the margin, beyond all rounding.
    A no: no weights keep them all farther than the margin by ``TOLERANCE`` times the largest
    number among centers and axes (the power of two above it).  The proof is a bound from
    non-negative multipliers of the pool, beyond all rounding, and mostly far below the tolerance.

So ellipsoids that only just touch the margin, within the tolerance, may get either answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.capacity.manifolds.ellipsoids import Ellipsoids
from olfnet.checks import FloatArray
from olfnet.readout._certify.dichotomy import label_signs
from olfnet.readout._certify.hinge import SquaredHinge
from olfnet.readout._certify.prefix import separable_prefix
from olfnet.readout._certify.proofs import UNDERFLOW, gamma

TOLERANCE = 1e-6
# Weights for the pool have a ridge, relative to the square of the largest number: a smaller one
# comes closer to the widest margin, down to what doubles can solve.
RIDGE, SMALLEST_RIDGE = 1e-3, 1e-13
MAX_ROUNDS = 2000

IntArray = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class EllipsoidSeparation:
    """Answer for whole ellipsoids, with its proof.

    Attributes
    ----------
    separable : bool
        Whether a readout of the wanted kind sorts all ellipsoids.
    weights : array of shape (n_features,) or None
        Weights of such a readout, None if there is none.
    bias : float
        Its bias; 0 without bias or without readout.
    points : array of shape (n_points, n_features)
        The pool: points of the ellipsoids that were looked at.
    owners : int array of shape (n_points,)
        Which ellipsoid each of them belongs to.
    multipliers : array of shape (n_points,) or None
        Non-negative proof that there is no readout, None if there is one: with labels y_i, no
        weights of length 1 give all points more than |sum_i l_i y_i x_i| / sum_i l_i.  Under a
        bias sum_i l_i y_i is 0; for non-negative weights only positive entries of the sum count.
    """

    separable: bool
    weights: FloatArray | None
    bias: float
    points: FloatArray
    owners: IntArray
    multipliers: FloatArray | None


def separate_ellipsoids(
    manifolds: Ellipsoids,
    labels: ArrayLike,
    *,
    bias: bool = False,
    nonnegative: bool = False,
    margin: float = 0.0,
) -> EllipsoidSeparation:
    """Decide whether a linear readout can give all points of every ellipsoid its label.

    Parameters
    ----------
    manifolds : Ellipsoids
    labels : array of shape (n_manifolds,)
    bias, nonnegative, margin
        As for :func:`olfnet.separate`.

    Returns
    -------
    EllipsoidSeparation

    Raises
    ------
    ValueError
        As :func:`olfnet.separate`.

    Examples
    --------
    Two disks side by side, until they overlap.

    >>> centers, disk = [[-1.0, 0.0], [1.0, 0.0]], np.eye(2)
    >>> [
    ...     separate_ellipsoids(Ellipsoids(centers, [r * disk, r * disk]), [0, 1]).separable
    ...     for r in (0.9, 1.1)
    ... ]
    [True, False]
    """
    return _Pool(manifolds, labels, bias, nonnegative, margin).decide(len(manifolds))


def ellipsoid_prefix(
    manifolds: Ellipsoids,
    labels: ArrayLike,
    *,
    bias: bool = False,
    nonnegative: bool = False,
    margin: float = 0.0,
) -> int:
    """Largest n for which the first n ellipsoids are separable; every decision is certified.

    The centers' own prefix bounds it from above, and bisection does the rest with a pool that all
    decisions share.  Weights that happen to sort further manifolds move the lower end, the last
    manifold that a proof of "no" uses moves the upper one.

    Parameters
    ----------
    manifolds, labels, bias, nonnegative, margin
        As for :func:`separate_ellipsoids`.

    Returns
    -------
    int
        Between 0 and the number of manifolds.
    """
    pool = _Pool(manifolds, labels, bias, nonnegative, margin)
    separable = 0
    broken = 1 + separable_prefix(
        manifolds.centers, labels, bias=bias, nonnegative=nonnegative, margin=margin
    )
    while broken - separable > 1:
        answer = pool.decide((separable + broken) // 2)
        if answer.multipliers is not None:
            broken = int(answer.owners[answer.multipliers > 0].max()) + 1
        else:
            wrong = np.flatnonzero(~pool.sorted_ones())
            separable = min(wrong[0] if len(wrong) else len(manifolds), broken - 1)
    return int(separable)


class _Pool:
    """Ellipsoids in normal form, and those of their points that have been looked at.

    Labels are folded in, so that all weighted sums are to be positive; the bias is one more feature
    of ones; and all is multiplied by a power of two, which is exact.
    """

    def __init__(
        self,
        manifolds: Ellipsoids,
        labels: ArrayLike,
        bias: bool,
        nonnegative: bool,
        margin: float,
    ) -> None:
        self.bias, self.nonnegative = bias, nonnegative
        self.n_weights = manifolds.n_features
        self.signs = label_signs(labels, len(manifolds))
        largest = max(np.abs(manifolds.centers).max(), np.abs(manifolds.axes).max())
        self.scale = float(np.ldexp(1.0, -np.frexp(largest)[1]))
        self.margin = checks.nonnegative("margin", margin) * self.scale
        signed = Ellipsoids(
            self.signs[:, None] * manifolds.centers * self.scale, manifolds.axes * self.scale
        )
        self.whole = signed.with_column(self.signs) if bias else signed
        self.points, self.owners = self.whole.centers, np.arange(len(manifolds))
        self.weights = np.zeros(self.whole.n_features)

    def decide(self, n_manifolds: int) -> EllipsoidSeparation:
        """Answer for the first manifolds, whose worst points join the pool on the way."""
        members = np.flatnonzero(self.owners < n_manifolds)
        search, ridge = self._search(members), RIDGE
        for _ in range(MAX_ROUNDS):
            reach, bound = self._descend(search, ridge)
            doubtful = reach <= 0
            if doubtful and bound > TOLERANCE and self.margin == 0:
                reach, bound = self._descend(search, 0.0)  # sorts the pool if anything does
            if bound <= TOLERANCE:
                return self._answer(members, self._multipliers(search))
            if self.sorted_ones()[:n_manifolds].all():
                return self._answer(members)
            added, depth = self._add_worst(n_manifolds, max(reach, 0.0))
            # Cuts are shallow where the manifolds do as well as the pool.
            if doubtful or depth > reach - (bound - reach) / 2:
                ridge = max(ridge / 10, SMALLEST_RIDGE)
            members = np.append(members, added)
            search.resize(self.points[members])
        raise RuntimeError(f"cutting planes found no answer in {MAX_ROUNDS} rounds")

    def sorted_ones(self) -> NDArray[np.bool_]:
        """Which manifolds the weights sort as a whole, beyond all rounding."""
        length, need = float(np.linalg.norm(self.weights)), self.margin * self._length
        above = self.whole.centers @ self.weights - self.whole.extents(self.weights) - need
        n_terms = sum(self.whole.axes.shape[1:])
        error = gamma(n_terms + 8) * (self.whole.sizes * length + need) + n_terms * UNDERFLOW
        return np.asarray(above > error)

    @property
    def _length(self) -> float:
        """Length of the weights without the bias."""
        return float(np.linalg.norm(self.weights[: self.n_weights])) or UNDERFLOW

    def _search(self, members: IntArray) -> SquaredHinge:
        """Newton's method for a part of the pool."""
        constrained = np.arange(self.n_weights if self.nonnegative else 0)
        return SquaredHinge(self.points[members], constrained, start=self.weights)

    def _descend(self, search: SquaredHinge, ridge: float) -> tuple[float, float]:
        """Find weights for the pool: how far beyond the margin they reach, and any could.

        The bias has no ridge.
        """
        search.ridge = np.where(np.arange(len(self.weights)) < self.n_weights, ridge, 0.0)
        for _ in search.descend():
            pass
        self.weights = search.weights.copy()
        if self.nonnegative:
            np.maximum(self.weights[: self.n_weights], 0.0, out=self.weights[: self.n_weights])
        reach = float((search.rows @ self.weights).min()) / self._length
        return reach - self.margin, self._bound(search) - self.margin

    def _multipliers(self, search: SquaredHinge) -> FloatArray:
        """Residuals r of the pool: at the minimum sum_i r_i z_i = ridge w.

        With a bias the classes are balanced, to rounding.
        """
        found = np.maximum(search.slack[: search.n_patterns], 0.0)
        if self.bias:
            positive = search.rows[:, -1] > 0
            above, below = found[positive].sum(), found[~positive].sum()
            found = np.where(positive, found * below, found * above)
        return found

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

    def _add_worst(self, n_manifolds: int, reach: float) -> tuple[IntArray, float]:
        """Add worst points of manifolds that do not reach so far; return the least reach of all."""
        worst = self.whole.first(n_manifolds).lowest(self.weights)
        depths = worst @ self.weights / self._length - self.margin
        wrong = np.flatnonzero(depths <= reach)
        self.points = np.vstack((self.points, worst[wrong]))
        self.owners = np.append(self.owners, wrong)
        return len(self.owners) - len(wrong) + np.arange(len(wrong)), float(depths.min())

    def _answer(
        self, members: IntArray, multipliers: FloatArray | None = None
    ) -> EllipsoidSeparation:
        """Bring weights and points back to the units of the manifolds."""
        owners = self.owners[members]
        points = self.signs[owners, None] * self.points[members, : self.n_weights] / self.scale
        if multipliers is not None:
            return EllipsoidSeparation(False, None, 0.0, points, owners, multipliers)
        bias = float(self.weights[-1]) if self.bias else 0.0
        weights = self.weights[: self.n_weights] * self.scale
        return EllipsoidSeparation(True, weights, bias, points, owners, None)
