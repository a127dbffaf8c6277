"""What sets the coding level: how the summed input of the units becomes a sparse code.

All sparsifiers share one contract.  Called with drives of shape (n_odors, n_units) they return a
``Code``: a unit fires where its drive lies strictly above a threshold, and its rate is the excess.
They differ in who sets the threshold: the odor's own strongest units (``TopK``), one number for all
(``GlobalThreshold``), each unit for itself (``UnitThresholds``), or the activity of the population
fed back (``FeedbackInhibition``).  The last three are recipes: ``calibrated(drive)`` carries them
out on a panel and returns a ``FixedThreshold`` or ``FixedFeedback``, where nothing is left open;
called directly, they calibrate on the drives of that call.

A coding level f of n values means the round(f n) strongest of them, halves rounded up and at least
one.  The threshold is the strongest drive that stays silent.  Where a calibrated threshold meets
several equal drives they all stay silent, so that the level is missed from below; only ``TopK``
chooses among equals.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.expansion import _top_k


class Code(NamedTuple):
    """A sparse answer: rates above 0 only, and per odor the units lost to the tie rule."""

    rates: csr_array
    n_ties: NDArray[np.int64]


@runtime_checkable
class Sparsifier(Protocol):
    """Whatever turns drives into a sparse code, each odor for itself."""

    def __call__(self, drive: ArrayLike) -> Code:
        """Sparsify drives of shape (n_odors, n_units)."""


@runtime_checkable
class Calibratable(Sparsifier, Protocol):
    """A sparsifier that has to see a panel of odors before it can answer to one."""

    def calibrated(self, drive: ArrayLike) -> Sparsifier:
        """Fix everything on the drives of a panel, shape (n_odors, n_units)."""


@dataclass(frozen=True)
class TopK:
    """Exactly the k most strongly driven units respond to each odor.

    The rate of a chosen unit is its drive minus the strongest silent drive, as if feedback had
    raised the threshold until k units were left.  Where several units tie at the cut, those of
    lower index win; the others are counted in ``n_ties``, and the threshold is the next lower drive
    so that all k rates are positive.  Where no lower drive exists, the threshold lies below the
    weakest chosen drive by 1/k of the range of the chosen drives, or by 1 if they are all equal.

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

    def __call__(self, drive: ArrayLike) -> Code:
        """Sparsify drives of shape (n_odors, n_units)."""
        drive = checks.matrix("drive", drive)
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
class FixedThreshold:
    """Units respond above a threshold that is the same whatever the odors.

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

    def __call__(self, drive: ArrayLike) -> Code:
        """Sparsify drives of shape (n_odors, n_units)."""
        drive = checks.matrix("drive", drive)
        threshold = _fitting(self.threshold, drive)
        return _without_ties(_top_k.excess(drive, drive > threshold, threshold))


@dataclass(frozen=True)
class GlobalThreshold:
    """One threshold for all units, set so that the wanted fraction of responses comes out.

    Parameters
    ----------
    coding_level : float
        Fraction of all responses on the calibration panel, in (0, 1].  It is met to within one
        response unless drives tie at the threshold; tied units stay silent.
    """

    coding_level: float

    def __post_init__(self) -> None:
        checks.fraction("coding_level", self.coding_level)

    def calibrated(self, drive: ArrayLike) -> FixedThreshold:
        """Fix the threshold on the drives of a panel, shape (n_odors, n_units)."""
        pooled = checks.matrix("drive", drive).reshape(1, -1)
        return FixedThreshold(_top_k.thresholds(pooled, self.coding_level)[0])

    def __call__(self, drive: ArrayLike) -> Code:
        """Sparsify drives of shape (n_odors, n_units), calibrated on themselves."""
        return self.calibrated(drive)(drive)


@dataclass(frozen=True)
class UnitThresholds:
    """Each unit has a threshold of its own and responds to the same fraction of the odors.

    Parameters
    ----------
    coding_level : float
        Fraction of the calibration odors to which each unit responds, in (0, 1].  It is met to
        within one odor, so a panel should hold many times 1 / coding_level odors; a unit whose
        drives tie at its threshold responds to fewer.
    """

    coding_level: float

    def __post_init__(self) -> None:
        checks.fraction("coding_level", self.coding_level)

    def calibrated(self, drive: ArrayLike) -> FixedThreshold:
        """Fix the thresholds on the drives of a panel, shape (n_odors, n_units)."""
        by_unit = np.ascontiguousarray(checks.matrix("drive", drive).T)
        return FixedThreshold(_top_k.thresholds(by_unit, self.coding_level))

    def __call__(self, drive: ArrayLike) -> Code:
        """Sparsify drives of shape (n_odors, n_units), calibrated on themselves."""
        return self.calibrated(drive)(drive)


@dataclass(frozen=True, eq=False)
class FixedFeedback:
    """Units inhibit each other through one giant neuron (APL) that hears and inhibits them all.

    The rates are the one solution of rate_i = max(0, drive_i - threshold_i - gain * mean(rate)),
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

    def __call__(self, drive: ArrayLike) -> Code:
        """Sparsify drives of shape (n_odors, n_units)."""
        drive = checks.matrix("drive", drive)
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
class FeedbackInhibition:
    """Feedback through one giant neuron (APL), as strong as the wanted coding level demands.

    Calibration sets first the threshold without feedback, at which ``release`` times as many units
    would respond, then the gain that brings them down to ``coding_level``.

    Parameters
    ----------
    coding_level : float
        Fraction of all responses on the calibration panel, in (0, 1].  It is met to within one
        response unless drives tie at the cut.
    release : float
        How many times more units respond when the feedback is cut; about 2 in the fly (Lin et al.
        2014, 10.1038/nn.3660).  At least 1, and ``release * coding_level`` at most 1.
    """

    coding_level: float
    release: float = 2.0

    def __post_init__(self) -> None:
        level = checks.fraction("coding_level", self.coding_level)
        if checks.positive("release", self.release) < 1:
            raise ValueError(f"release must be at least 1, got {self.release:g}")
        if self.release * level > 1:
            raise ValueError(
                f"release * coding_level must be at most 1, got {self.release * level:g}"
            )

    def calibrated(self, drive: ArrayLike) -> FixedFeedback:
        """Fix threshold and gain on the drives of a panel, shape (n_odors, n_units)."""
        drive = checks.matrix("drive", drive)
        uninhibited = GlobalThreshold(self.release * self.coding_level)
        threshold = np.asarray(uninhibited.calibrated(drive).threshold)
        return FixedFeedback(self._gain(drive - threshold), threshold)

    def __call__(self, drive: ArrayLike) -> Code:
        """Sparsify drives of shape (n_odors, n_units), calibrated on themselves."""
        return self.calibrated(drive)(drive)

    def _gain(self, excess: FloatArray) -> float:
        # A unit of positive excess is silenced by the gain n excess / spread and any larger one, so
        # that the wanted gain lies between those of two units.  Their inverses are kept because
        # no gain silences the strongest unit of an odor (0), and none is needed below threshold.
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
