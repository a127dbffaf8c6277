"""Constraints on a linear readout, and labels and weight signs as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray


@dataclass(frozen=True)
class Constraints:
    """What a linear readout may be, and how well it must separate.

    Parameters
    ----------
    bias : bool
        Whether the readout has a free bias.
    nonnegative : bool or sequence of int, shape (n_features,)
        True for weights that must not be negative, or a sign (-1, 0, 1) for each weight; kept as a
        tuple.
    margin : float
        Smallest distance of a pattern from the hyperplane, in the patterns' unit.
    robustness : float, optional
        Smallest distance of a weighted sum from a fixed positive threshold, relative to the
        threshold, below 1; for non-negative weights without bias and margin.  None for no
        threshold.

    Raises
    ------
    ValueError
        If a value is out of range, or the robustness does not go with the others.

    Examples
    --------
    >>> Constraints(nonnegative=True, robustness=0.1).description
    'non-negative weights, a fixed threshold and robustness 0.1 of it'
    """

    bias: bool = False
    nonnegative: bool | ArrayLike = False
    margin: float = 0.0
    robustness: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.nonnegative, bool | np.bool_):
            signs: bool | tuple[int, ...] = bool(self.nonnegative)
        else:
            given = weight_signs(self.nonnegative, np.size(self.nonnegative))
            signs = tuple(given.astype(int).tolist())
        object.__setattr__(self, "bias", checks.flag("bias", self.bias))
        object.__setattr__(self, "nonnegative", signs)
        object.__setattr__(self, "margin", checks.nonnegative("margin", self.margin))
        if self.robustness is None:
            return
        checks.fraction("robustness", self.robustness, "[)")  # no excitatory sum is below 0
        if self.bias or self.margin or signs is not True:
            raise ValueError(
                "robustness must come with non-negative weights, no bias and no margin, got "
                f"nonnegative={self.nonnegative}, bias={self.bias}, margin={self.margin:g}"
            )

    @property
    def description(self) -> str:
        """Weights, bias or threshold, and margin in words."""
        weights = "non-negative" if self.nonnegative is True else "sign-constrained"
        weights = weights if self.nonnegative else "free"
        bias = "a free bias" if self.bias else "no bias"
        margin = f" and margin {self.margin:g}" if self.margin else ""
        if self.robustness is not None:
            bias = "a fixed threshold"
            margin = f" and robustness {self.robustness:g} of it" if self.robustness else ""
        return f"{weights} weights, {bias}{margin}"


def weight_signs(nonnegative: bool | ArrayLike, n_weights: int) -> FloatArray:
    """Sign that each weight must have: +1, -1, or 0 for free."""
    if isinstance(nonnegative, (bool, np.bool_)):
        return np.full(n_weights, float(nonnegative))
    try:
        signs = np.asarray(nonnegative, dtype=np.float64)
    except (TypeError, ValueError):
        signs = np.empty(0)
    if signs.shape != (n_weights,) or not np.isin(signs, (-1, 0, 1)).all():
        raise ValueError(
            "nonnegative must be True, False or one sign (-1, 0, 1) per weight, shape "
            f"({n_weights},), got {nonnegative!r}"
        )
    return signs


def label_signs(labels: ArrayLike, n_patterns: int) -> FloatArray:
    """Labels as +1 and -1: the larger of two values is +1, a single value its own sign."""
    if np.ma.is_masked(labels):
        n_masked = np.ma.getmask(labels).sum()
        raise ValueError(f"labels must not have masked entries, got {n_masked}")
    try:
        array = np.asarray(labels)
        array = np.array(array.tolist()) if array.dtype == object else array
    except ValueError:
        raise ValueError(f"labels must be a list of numbers, got {labels!r}") from None
    if array.shape != (n_patterns,):
        raise ValueError(
            f"labels must have one entry per pattern, shape ({n_patterns},), got {array.shape}"
        )
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise ValueError(f"labels must be finite numbers or booleans, got {array[:5]}")
    low, high = array.min(), array.max()
    positive = array > 0 if low == high else array == high
    if not np.all(positive | (array == low)):
        raise ValueError(f"labels must take two values, got {np.unique(array)[:5].tolist()}")
    return np.where(positive, 1.0, -1.0)
