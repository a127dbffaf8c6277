"""Selection of the k largest values: cut, ties and excess."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from olfnet.checks import FloatArray


def n_chosen(coding_level: float, n_values: int) -> int:
    """Return the number of values of a coding level: halves rounded up, at least one."""
    # 0.29 * 50 is 14.499999999999998 in floating point but means 14.5, which rounds up.
    return max(1, math.floor(round(coding_level * n_values, 9) + 0.5))


def around_cut(values: FloatArray, k: int) -> tuple[FloatArray, FloatArray]:
    """Return the k-th and (k+1)-th largest value of each row; minus infinity if there is none."""
    if k == values.shape[1]:
        return values.min(axis=1), np.full(len(values), -np.inf)
    parted = _candidates(values, k + 1)
    n_rest = parted.shape[1] - k
    parted.partition(n_rest - 1, axis=1)
    return parted[:, n_rest:].min(axis=1), parted[:, n_rest - 1].copy()


def _candidates(values: FloatArray, n_best: int) -> FloatArray:
    """Copy the largest values of each row, and a few others if ``n_best`` is small."""
    # The n largest values are in the n blocks with the largest maxima.  This number of blocks
    # leaves the fewest values; where blocks are small, partitioning all values is as fast.
    n_blocks = math.isqrt(n_best * values.shape[1])
    size = values.shape[1] // n_blocks
    if size < 8:
        return np.array(values, order="C")
    blocks = values[:, : size * n_blocks].reshape(len(values), size, n_blocks)
    best = np.argpartition(blocks.max(axis=1), -n_best, axis=1)[:, np.newaxis, -n_best:]
    best_values = np.take_along_axis(blocks, best, axis=2).reshape(len(values), -1)
    return np.hstack((best_values, values[:, size * n_blocks :]))


def thresholds(values: FloatArray, coding_level: float) -> FloatArray:
    """Return for each row the threshold above which a fraction of its values lies."""
    k = n_chosen(coding_level, values.shape[1])
    weakest, threshold = around_cut(values, k)
    return grounded(threshold, weakest, values, k)


def grounded(threshold: FloatArray, weakest: FloatArray, values: FloatArray, k: int) -> FloatArray:
    """Replace minus infinity by a threshold one mean step below the weakest chosen value.

    The mean step is 1/k of the range of the chosen values, or 1 if they are all equal.
    """
    rows = np.flatnonzero(np.isneginf(threshold))
    low = weakest[rows]
    span = values[rows].max(axis=1) - low
    step = np.where(span > 0, span / k, 1.0)
    # Relative to large values a small step is lost in rounding: at least the next lower number.
    threshold = threshold.copy()
    threshold[rows] = np.minimum(low - step, np.nextafter(low, -np.inf))
    return threshold


def lower_index_wins(
    values: FloatArray, cut: FloatArray, k: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Choose k values per row where several equal the cut, and count the others that equal it."""
    above, tied = values > cut[:, np.newaxis], values == cut[:, np.newaxis]
    vacant = k - above.sum(axis=1)
    chosen = above | (tied & (np.cumsum(tied, axis=1) <= vacant[:, np.newaxis]))
    return chosen, tied.sum(axis=1) - vacant


def largest_below(values: FloatArray, cut: FloatArray) -> FloatArray:
    """Return the largest value of each row strictly below its cut; minus infinity if none is."""
    below = values < cut[:, np.newaxis]
    return np.asarray(np.max(values, axis=1, where=below, initial=-np.inf))


def excess(values: FloatArray, active: NDArray[np.bool_], threshold: FloatArray) -> csr_array:
    """Return the active values minus a threshold that broadcasts against them."""
    rows, columns = np.divmod(np.flatnonzero(active), values.shape[1])
    threshold = np.broadcast_to(threshold, values.shape)[rows, columns]
    starts = np.searchsorted(rows, np.arange(len(values) + 1))
    return csr_array((values[rows, columns] - threshold, columns, starts), shape=values.shape)


def ranked(values: FloatArray, n_kept: int) -> tuple[FloatArray, FloatArray]:
    """Sort each row from large to small and keep the largest.

    The second array is the total excess of the m - 1 larger ones over the m-th one,
    spread_m = sum over j < m of value_j - value_m.
    """
    descending = -np.sort(-values, axis=1)[:, :n_kept]
    steps = (descending[:, :-1] - descending[:, 1:]) * np.arange(1, n_kept)
    spread = np.zeros_like(descending)
    np.cumsum(steps, axis=1, out=spread[:, 1:])
    return descending, spread
