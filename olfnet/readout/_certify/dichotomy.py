"""Normal form of a separability problem, shared by all methods and proofs.

A dichotomy asks for weights w (and a bias b) with y_i (w . x_i + b) > 0 for every pattern x_i with
label y_i, or >= margin |w| when a margin is given.  In normal form the labels are folded into the
patterns, the bias is one more column of ones, columns are flipped so that sign-constrained weights
are non-negative, and rows and columns are multiplied by powers of two, which is exact, so that
entries of 1e-150 and of 1e150 reach the solver as numbers near one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.readout._certify.constraints import Constraints, label_signs, weight_signs

# Rows and columns are rescaled only when their magnitudes differ by more than this factor.
_MAX_RATIO = 2.0**10


@dataclass(frozen=True, eq=False)
class Dichotomy:
    """Signed, scaled patterns, to find w with ``rows @ w > 0`` and ``w[constrained] >= 0``.

    Attributes
    ----------
    rows : array of shape (n_patterns, n_columns)
        ``row_scale[i] * y_i * (x_i, 1) * column_scale``; the column of ones only with ``bias``.
    constrained : bool array of shape (n_columns,)
        Columns whose weight must be non-negative.
    bias : bool
        Whether the last column is the bias; it does not count in the norm of the weights.
    margin : float
        Required distance of every pattern from the hyperplane, in the scaled patterns' units.
    row_scale, column_scale : arrays
        Powers of two, the latter with the sign of a weight that must not be positive.
    """

    rows: FloatArray
    constrained: NDArray[np.bool_]
    bias: bool
    margin: float
    row_scale: FloatArray
    column_scale: FloatArray

    @property
    def n_weights(self) -> int:
        """Number of weights without the bias."""
        return int(self.rows.shape[1]) - self.bias

    @property
    def one_sided(self) -> bool:
        """Whether there is a bias and one class only: a large bias gives any margin."""
        return self.bias and abs(np.sign(self.rows[:, -1]).sum()) == len(self.rows)


def dichotomy(patterns: ArrayLike, labels: ArrayLike, constraints: Constraints) -> Dichotomy:
    """Validate patterns and labels, and bring them to normal form."""
    patterns = checks.matrix("patterns", patterns)
    return normal_form(patterns, label_signs(labels, len(patterns)), constraints)


def normal_form(patterns: FloatArray, signs: FloatArray, constraints: Constraints) -> Dichotomy:
    """Bring patterns with labels of -1 and 1 to normal form.

    A fixed threshold is one more non-negative weight: y (w . x - theta) >= K theta.
    """
    allowed = weight_signs(constraints.nonnegative, patterns.shape[1])
    if constraints.robustness is not None:
        patterns = np.column_stack((patterns, -(1 + constraints.robustness * signs)))
        allowed = np.append(allowed, 1.0)
    bias, margin = constraints.bias, constraints.margin
    rows = signs[:, None] * patterns
    if bias:
        rows = np.column_stack((rows, signs))
        allowed = np.append(allowed, 0.0)
    row_scale, column_scale = _scales(rows, bias, uniform=margin > 0)
    column_scale = np.where(allowed < 0, -column_scale, column_scale)
    scaled = rows
    if not (np.all(row_scale == 1) and np.all(column_scale == 1)):
        scaled = rows * row_scale[:, None] * column_scale
        same = np.array_equal(scaled / row_scale[:, None] / column_scale, rows)
        unit = float(row_scale[0])
        if not same or margin * unit / unit != margin:  # out of the range of doubles
            row_scale, column_scale = np.ones_like(row_scale), np.sign(column_scale)
            scaled = rows * column_scale
    return Dichotomy(
        scaled, allowed != 0, bias, margin * float(row_scale[0]), row_scale, column_scale
    )


def _scales(rows: FloatArray, bias: bool, uniform: bool) -> tuple[FloatArray, FloatArray]:
    """Powers of two that bring rows and columns near one; one common factor if ``uniform``."""
    row_scale, column_scale = np.ones(len(rows)), np.ones(rows.shape[1])
    if uniform:
        row_scale[:] = _power_of_two(np.abs(rows[:, :-1] if bias else rows).max())
        if bias:
            column_scale[-1] = 1 / row_scale[0]
    elif not (_comparable(rows, axis=1) and _comparable(rows, axis=0)):
        row_scale = _power_of_two(np.abs(rows).max(axis=1))
        column_scale = _power_of_two(np.abs(rows * row_scale[:, None]).max(axis=0))
    return row_scale, column_scale


def _comparable(rows: FloatArray, axis: int) -> bool:
    """Whether the mean squares along ``axis`` lie near one; all zeros do not count."""
    squares = np.einsum("ij,ij->j" if axis == 0 else "ij,ij->i", rows, rows) / rows.shape[axis]
    if not squares.all():
        squares = squares[rows.any(axis=axis)]
    return squares.size == 0 or bool(
        _MAX_RATIO**-2 < squares.min() and squares.max() < _MAX_RATIO**2
    )


def _power_of_two(magnitudes: FloatArray) -> FloatArray:
    """Reciprocal of each magnitude, rounded to a power of two that cannot overflow."""
    exponents = np.where(magnitudes > 0, np.frexp(magnitudes)[1], 0)
    scale: FloatArray = np.ldexp(1.0, np.clip(-exponents, -1000, 1000))
    return scale
