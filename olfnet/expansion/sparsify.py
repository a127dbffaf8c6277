"""Sparse thresholding rules: from the summed input of the units to a sparse code.

Called with drives of shape (n_odors, n_units), a sparsifier returns a ``Code``: a unit is active
where its drive is strictly above a threshold, and its rate is the excess.  The threshold is set by
the strongest units of each odor (``TopK``), by one number for all units (``GlobalThreshold``), by
one number for each unit (``UnitThresholds``), or by feedback of the population activity
(``FeedbackInhibition``).  The last three are recipes: ``calibrated(drive)`` returns a
``FixedThreshold`` or ``FixedFeedback`` that is fixed on a panel; called directly, they are
calibrated on the drives of that call.

A coding level f of n values means the round(f n) strongest of them, halves rounded up and at least
one.  The threshold is the strongest silent drive.  Where several drives equal a calibrated
threshold they are all silent, and the level is below f; only ``TopK`` chooses among equals.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.expansion import _top_k


class Code(NamedTuple):
    """Sparse rates, all above 0, and for each odor the number of units silenced by the tie rule."""

    rates: csr_array
    n_ties: NDArray[np.int64]


@runtime_checkable
class Sparsifier(Protocol):
    """A rule that turns the drives of each odor into a sparse code."""

    def __call__(self, drive: ArrayLike) -> Code:
        """Sparsify drives of shape (n_odors, n_units)."""


@runtime_checkable
class Calibratable(Sparsifier, Protocol):
    """A sparsifier that is calibrated on a panel of odors first."""

    def calibrated(self, drive: ArrayLike) -> Sparsifier:
        """Return a sparsifier fixed on the drives of a panel, shape (n_odors, n_units)."""


class _Rule(ABC):
    """A sparsifier of this module, which validates the drives it is called with."""

    def __call__(self, drive: ArrayLike) -> Code:
        """Sparsify drives of shape (n_odors, n_units)."""
        return self._code(checks.matrix("drive", drive))

    @abstractmethod
    def _code(self, drive: FloatArray) -> Code:
        """Sparsify validated drives."""


@dataclass(frozen=True)
class _Recipe(_Rule):
    """A sparsifier that reaches a coding level by calibration."""

    coding_level: float

    def __post_init__(self) -> None:
        checks.fraction("coding_level", self.coding_level)

    def calibrated(self, drive: ArrayLike) -> "FixedThreshold | FixedFeedback":
        """Return the sparsifier fixed on the drives of a panel, shape (n_odors, n_units)."""
        return self._calibrated(checks.matrix("drive", drive))

    @abstractmethod
    def _calibrated(self, drive: FloatArray) -> "FixedThreshold | FixedFeedback":
        """Calibrate on validated drives."""

    def _code(self, drive: FloatArray) -> Code:
        return self._calibrated(drive)._code(drive)


def _unchecked(sparsifier: Sparsifier) -> Callable[[FloatArray], Code]:
    """Return the sparsifier as a function of validated drives."""
    if isinstance(sparsifier, _Rule) and type(sparsifier).__call__ is _Rule.__call__:
        return sparsifier._code
    return sparsifier


def _calibrated_on(sparsifier: Calibratable, drive: FloatArray) -> Sparsifier:
    """Calibrate a sparsifier on validated drives."""
    if isinstance(sparsifier, _Recipe) and type(sparsifier).calibrated is _Recipe.calibrated:
        return sparsifier._calibrated(drive)
    return sparsifier.calibrated(drive)


@dataclass(frozen=True)
class TopK(_Rule):
    """Exactly the k most strongly driven units respond to each odor.

    The rate of an active unit is its drive minus the strongest silent drive.  Where several units
    tie at the cut, those of lower index are active; the others are counted in ``n_ties``, and the
    threshold is the next lower drive, so that all k rates are positive.  Where no lower drive
    exists, the threshold lies below the weakest active drive by 1/k of the range of the active
    drives, or by 1 if they are all equal.

    Parameters
    ----------
    coding_level : float
        Fraction of units that respond, in (0, 1].

    Examples
    --------
    >>> code = TopK(0.5)([[1, 5, 3, 3]])
    >>> code.rates.toarray(), code.n_ties
    (array([[0., 4., 2., 0.]]), array([1]))
    """

    coding_level: float

    def __post_init__(self) -> None:
        checks.fraction("coding_level", self.coding_level)

    def _code(self, drive: FloatArray) -> Code:
        k = _top_k.n_chosen(self.coding_level, drive.shape[1])
        weakest, threshold = _top_k.around_cut(drive, k)
        active = drive > threshold[:, np.newaxis]
        n_ties = np.zeros(len(drive), dtype=np.int64)
        tied = np.flatnonzero(weakest == threshold)
        active[tied], n_ties[tied] = _top_k.lower_index_wins(drive[tied], weakest[tied], k)
        threshold[tied] = _top_k.largest_below(drive[tied], weakest[tied])
        threshold = _top_k.grounded(threshold, weakest, drive, k)
        return Code(_top_k.excess(drive, active, threshold[:, np.newaxis]), n_ties)


@dataclass(frozen=True, eq=False)
class FixedThreshold(_Rule):
    """Units respond above a fixed threshold.

    Parameters
    ----------
    threshold : float or array_like, shape (n_units,)
        One threshold for all units or one for each, in the unit of the drive.

    Examples
    --------
    >>> FixedThreshold([0, 2])([[1.0, 5.0], [-1.0, 2.0]]).rates.toarray()
    array([[1., 3.],
           [0., 0.]])
    """

    threshold: ArrayLike = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", _checked_threshold(self.threshold))

    def _code(self, drive: FloatArray) -> Code:
        threshold = _fitting(self.threshold, drive)
        return _without_ties(_top_k.excess(drive, drive > threshold, threshold))


@dataclass(frozen=True)
class GlobalThreshold(_Recipe):
    """One threshold for all units, calibrated to a fraction of responses.

    Parameters
    ----------
    coding_level : float
        Fraction of all responses on the calibration panel, in (0, 1].  It is met to within one
        response unless drives tie at the threshold; tied units are silent.
    """

    def _calibrated(self, drive: FloatArray) -> FixedThreshold:
        return FixedThreshold(_top_k.thresholds(drive.reshape(1, -1), self.coding_level)[0])


@dataclass(frozen=True)
class UnitThresholds(_Recipe):
    """One threshold for each unit, calibrated to the same fraction of the odors.

    Parameters
    ----------
    coding_level : float
        Fraction of the calibration odors to which each unit responds, in (0, 1].  It is met to
        within one odor, so a panel should hold many times 1 / coding_level odors; a unit whose
        drives tie at its threshold responds to fewer.
    """

    def _calibrated(self, drive: FloatArray) -> FixedThreshold:
        by_unit = np.ascontiguousarray(drive.T)
        return FixedThreshold(_top_k.thresholds(by_unit, self.coding_level))


@dataclass(frozen=True, eq=False)
class FixedFeedback(_Rule):
    """Feedback inhibition by one neuron (APL) that receives input from all units.

    The rates are the only solution of rate_i = max(0, drive_i - threshold_i - gain * mean(rate)),
    the mean being taken over all units.

    Parameters
    ----------
    gain : float
        Inhibition per mean rate, non-negative.
    threshold : float or array_like, shape (n_units,)
        Threshold without feedback, in the unit of the drive.

    Examples
    --------
    >>> rates = FixedFeedback(gain=3)([[4.0, 1.0, 0.0]]).rates.toarray()
    >>> rates, 4 - 3 * rates.mean()
    (array([[2., 0., 0.]]), np.float64(2.0))
    """

    gain: float
    threshold: ArrayLike = 0.0

    def __post_init__(self) -> None:
        checks.nonnegative("gain", self.gain)
        object.__setattr__(self, "threshold", _checked_threshold(self.threshold))

    def _code(self, drive: FloatArray) -> Code:
        excess = np.subtract(drive, _fitting(self.threshold, drive), order="C")
        inhibition = self._inhibition(excess)[:, np.newaxis]
        return _without_ties(_top_k.excess(excess, excess > inhibition, inhibition))

    def _inhibition(self, excess: FloatArray) -> FloatArray:
        # If the m strongest units fire, the sum S of rates solves S = sum of their excess
        # - m gain S / n, so that the inhibition is gain S / n = gain sum / (n + m gain).  The m-th
        # unit lies above this inhibition exactly if n excess_m > gain spread_m.
        n_units, n_above = excess.shape[1], np.count_nonzero(excess > 0, axis=1)
        ranked, spread = _top_k.ranked(excess, max(1, n_above.max()))
        fires = (ranked > 0) & (n_units * ranked > self.gain * spread)
        n_active = np.count_nonzero(fires, axis=1)
        weakest = np.arange(len(excess)), np.maximum(n_active, 1) - 1
        total = spread[weakest] + n_active * ranked[weakest]
        return np.asarray(self.gain * total / (n_units + n_active * self.gain))


@dataclass(frozen=True)
class FeedbackInhibition(_Recipe):
    """Feedback inhibition by one neuron (APL), calibrated to a fraction of responses.

    Calibration sets first the threshold without feedback, at which ``release`` times as many units
    would respond, then the gain that reduces them to ``coding_level``.

    Parameters
    ----------
    coding_level : float
        Fraction of all responses on the calibration panel, in (0, 1].  It is met to within one
        response unless drives tie at the cut.
    release : float
        Factor by which the number of responses rises without feedback; about 2 in the fly (Lin et
        al. 2014, 10.1038/nn.3660).  At least 1, and ``release * coding_level`` at most 1.
    """

    release: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if checks.positive("release", self.release) < 1:
            raise ValueError(f"release must be at least 1, got {self.release:g}")
        if self.release * self.coding_level > 1:
            raise ValueError(
                "release * coding_level must be at most 1, got "
                f"{self.release * self.coding_level:g}"
            )

    def _calibrated(self, drive: FloatArray) -> FixedFeedback:
        uninhibited = GlobalThreshold(self.release * self.coding_level)
        threshold = np.asarray(uninhibited._calibrated(drive).threshold)
        return FixedFeedback(self._gain(drive - threshold), threshold)

    def _gain(self, excess: FloatArray) -> float:
        # A unit of positive excess is silenced by the gain n excess / spread and any larger one, so
        # that the gain lies between those of two units.  Inverses are used because no gain silences
        # the strongest unit of an odor (0), and none is needed below threshold (infinity).
        ranked, spread = _top_k.ranked(excess, excess.shape[1])
        inverse = np.full(excess.shape, np.inf)
        np.divide(spread, excess.shape[1] * ranked, out=inverse, where=ranked > 0)
        k = _top_k.n_chosen(self.coding_level, inverse.size)
        last, first_silent = _top_k.around_cut(-inverse.reshape(1, -1), k)
        if first_silent[0] == 0:
            raise ValueError(
                f"coding_level must be at least {np.mean(inverse == 0):g} here, as feedback never "
                f"silences the strongest unit of an odor, got {self.coding_level:g}"
            )
        return float(-2 / (last[0] + first_silent[0]))


def _without_ties(rates: csr_array) -> Code:
    return Code(rates, np.zeros(rates.shape[0], dtype=np.int64))


def _checked_threshold(threshold: ArrayLike) -> float | FloatArray:
    if np.ndim(threshold) == 0:
        return checks.finite("threshold", threshold)
    return checks.vector("threshold", threshold)


def _fitting(threshold: ArrayLike, drive: FloatArray) -> FloatArray:
    threshold = np.asarray(threshold, dtype=np.float64)
    if threshold.ndim and len(threshold) != drive.shape[1]:
        raise ValueError(
            f"threshold must be one number or one for each of {drive.shape[1]} units, "
            f"got {len(threshold)}"
        )
    return threshold
