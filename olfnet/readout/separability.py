"""Certified linear separability of labeled patterns.

Every result comes with a proof: weights that put every pattern on its side, or non-negative
multipliers that show that no weights can (Gordan's theorem).  Floating-point search proposes,
rounding bounds confirm, and exact rational arithmetic decides what they leave open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.readout._certify import exact, proofs
from olfnet.readout._certify.constraints import Constraints, label_signs
from olfnet.readout._certify.decision import decide
from olfnet.readout._certify.dichotomy import Dichotomy, dichotomy, normal_form
from olfnet.readout._certify.prefix import largest_prefix
from olfnet.readout._certify.search import shared_searches

# Distances below this, relative to the largest, are recomputed exactly.
_ROUNDED = 1e-9


@dataclass(frozen=True, eq=False)
class Separation:
    """Result of one separability problem, with its proof.

    Attributes
    ----------
    separable : bool
        Whether a linear readout under the constraints exists.
    weights : array of shape (n_features,) or None
        Weights of such a readout, None if there is none.
    bias : float
        Its bias; 0 without bias or without readout.
    multipliers : array of shape (n_patterns,) or None
        Non-negative proof that there is no readout, None if there is one.
    margin : float or None
        Distance of the closest pattern from the hyperplane of ``weights``, in the patterns' unit;
        0.0 if it is below the smallest double.
    exact : tuple of Fraction or None
        The weights (then the bias), or the multipliers, where doubles cannot carry the proof.
    constraints : Constraints
        Those on the readout, which ``verify`` takes into account.
    """

    separable: bool
    weights: FloatArray | None
    bias: float
    multipliers: FloatArray | None
    margin: float | None
    exact: tuple[Fraction, ...] | None = None
    constraints: Constraints = Constraints()

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def verify(self, patterns: ArrayLike, labels: ArrayLike) -> bool:
        """Re-check the proof against the patterns, independently of how it was found.

        Parameters
        ----------
        patterns : array of shape (n_patterns, n_features)
        labels : array of shape (n_patterns,)

        Returns
        -------
        bool
            True only if the weights solve the problem exactly, or if the multipliers, or others
            next to them, cancel exactly.
        """
        problem = dichotomy(patterns, labels, self.constraints)
        floats = self.weights if self.separable else self.multipliers
        if self.separable and problem.bias and floats is not None:
            floats = np.append(floats, self.bias)
        scale = problem.column_scale if self.separable else problem.row_scale
        if floats is None or floats.shape != scale.shape:
            return False
        if self.exact is not None and not np.array_equal(floats, [float(v) for v in self.exact]):
            return False
        scaled_floats = floats / scale
        if not np.isfinite(floats).all():
            return False
        if self.exact is not None or not np.array_equal(scaled_floats * scale, floats):
            fractions = self.exact or exact.rationals(floats)
            scaled = tuple(v / Fraction(float(s)) for v, s in zip(fractions, scale, strict=True))
            return bool((exact.separates if self.separable else exact.refutes)(problem, scaled))
        if self.separable:
            return proofs.separates(problem, scaled_floats)
        return proofs.refutes(problem, scaled_floats) or proofs.refutes_in_span(
            problem, scaled_floats
        )


def separate(
    patterns: ArrayLike,
    labels: ArrayLike,
    bias: bool = False,
    nonnegative: bool | ArrayLike = False,
    margin: float = 0.0,
) -> Separation:
    """Decide whether a linear readout can give every pattern its label, and prove it.

    The readout w (with bias b if asked for) must satisfy y_i (w . x_i + b) > 0 for every pattern,
    or y_i (w . x_i + b) >= margin |w| when a margin is given.

    Parameters
    ----------
    patterns : array or sparse array of shape (n_patterns, n_features)
        One pattern per row, any unit.
    labels : array of shape (n_patterns,)
        Two values, the larger one being the positive class; a single value counts by its sign.
    bias : bool
        Allow a free bias, which counts as one more dimension.
    nonnegative : bool or array of shape (n_features,)
        True for weights that must not be negative, or a sign (-1, 0, 1) for each weight.
    margin : float
        Smallest allowed distance from the hyperplane, in the patterns' unit.

    Returns
    -------
    Separation
        The result with weights or multipliers; ``verify`` re-checks it.

    Raises
    ------
    ValueError
        If patterns or labels are not finite, of the wrong shape, or have more than two labels.

    Notes
    -----
    Gordan's theorem (1873): either Z w > 0 has a solution, or lambda >= 0, lambda != 0,
    Z^T lambda = 0 has one.  Both are proven here for the doubles as given, without tolerance.  Mind
    patterns that are mixtures of fewer causes, computed in floating point: their rounding errors
    put them in general position, and it takes exact arithmetic, which is slow, to see that.
    Round the causes and the mixing weights to few digits if that is not what you mean.

    Examples
    --------
    Exclusive or is not linearly separable, one of its corners is.

    >>> corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> separation = separate(corners, [0, 1, 1, 0], bias=True)
    >>> separation.separable, separation.verify(corners, [0, 1, 1, 0])
    (False, True)
    >>> separate(corners, [0, 0, 0, 1], bias=True).separable
    True
    """
    constraints = Constraints(bias, nonnegative, margin)
    problem = dichotomy(patterns, labels, constraints)
    return _separation(problem, *decide(problem), constraints)


def separate_many(
    patterns: ArrayLike,
    labels: ArrayLike,
    bias: bool = False,
    nonnegative: bool | ArrayLike = False,
) -> list[Separation]:
    """Decide many dichotomies of the same patterns, sharing what does not depend on the labels.

    Scaling, Gram matrix, its factor and the first Newton step (least squares to the labels, one
    matrix product for all) are made once.

    Parameters
    ----------
    patterns : array of shape (n_patterns, n_features)
    labels : array of shape (n_dichotomies, n_patterns)
        One dichotomy per row, as for :func:`separate`.
    bias, nonnegative
        As for :func:`separate`.

    Returns
    -------
    list of Separation
        One result per dichotomy, with its proof.

    Raises
    ------
    ValueError
        As :func:`separate`.

    Examples
    --------
    Of the 16 labelings of a square's corners, two are beyond a linear readout.

    >>> import itertools
    >>> corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> labelings = list(itertools.product([-1, 1], repeat=4))
    >>> sum(result.separable for result in separate_many(corners, labelings, bias=True))
    14
    """
    constraints = Constraints(bias, nonnegative)
    labels = np.atleast_2d(np.asanyarray(labels))  # masks are kept, to be refused
    patterns = checks.matrix("patterns", patterns)
    if not len(labels):
        return []
    signs = np.array([label_signs(row, len(patterns)) for row in labels])
    shared = normal_form(patterns, np.ones(len(patterns)), constraints)
    separations = []
    for search in shared_searches(shared, signs):
        problem = replace(shared, rows=search.rows)
        separations.append(_separation(problem, *decide(problem, search), constraints))
    return separations


def separable_prefix(
    patterns: ArrayLike,
    labels: ArrayLike,
    *,
    bias: bool = False,
    nonnegative: bool | ArrayLike = False,
    margin: float = 0.0,
) -> int:
    """Largest n for which the first n patterns are separable; every decision is certified.

    Parameters
    ----------
    patterns : array of shape (n_patterns, n_features)
    labels : array of shape (n_patterns,)
        Two values, as for :func:`olfnet.separate`.
    bias, nonnegative, margin
        As for :func:`olfnet.separate`.

    Returns
    -------
    int
        Between 0 and n_patterns.

    Raises
    ------
    ValueError
        As :func:`olfnet.separate`.

    Examples
    --------
    >>> separable_prefix([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], bias=True)
    3
    """
    return largest_prefix(dichotomy(patterns, labels, Constraints(bias, nonnegative, margin)))


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _separation(
    problem: Dichotomy,
    separable: bool,
    certificate: FloatArray | exact.Rationals,
    constraints: Constraints,
) -> Separation:
    """Bring a certificate back to the units of the patterns, its largest entry near one."""
    scale = problem.column_scale if separable else problem.row_scale
    fractions = None
    if isinstance(certificate, np.ndarray):
        floats = certificate * scale
        exponent = np.frexp(np.abs(floats).max())[1]
        floats = np.ldexp(floats, -exponent)
        if not np.array_equal(np.ldexp(floats / scale, exponent), certificate):
            return _separation(
                problem, *exact.decide(problem), constraints
            )  # out of doubles' range
    else:
        scaled = [v * Fraction(float(s)) for v, s in zip(certificate, scale, strict=True)]
        top = max(abs(v) for v in scaled)
        fractions = tuple(v / top for v in scaled)
        floats = np.array([float(v) for v in fractions])
    if not separable:
        return Separation(False, None, 0.0, floats, None, fractions, constraints)
    weights, bias = (floats[:-1], float(floats[-1])) if problem.bias else (floats, 0.0)
    distance, largest = _distances(problem, floats)
    if fractions is not None or not distance > _ROUNDED * largest:
        distance = exact.distance(problem, fractions or exact.rationals(floats))
    return Separation(True, weights, bias, None, distance, fractions, constraints)


def _distances(problem: Dichotomy, floats: FloatArray) -> tuple[float, float]:
    """Smallest and largest distance of a pattern from the hyperplane."""
    length = float(np.linalg.norm(floats[: problem.n_weights]))
    heights = problem.rows @ (floats / problem.column_scale) / problem.row_scale
    if length == 0:
        return 0.0, 0.0
    return float(heights.min() / length), float(heights.max() / length)
