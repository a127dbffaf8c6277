"""Geometry of a set of codes: dimension, overlap, cluster size and decorrelation."""

from dataclasses import dataclass

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike, NDArray

from olfnet import checks
from olfnet.checks import FloatArray


def dimension(responses: ArrayLike, *, corrected: bool = False) -> float:
    """Measure the number of directions in which codes vary: the participation ratio.

    Parameters
    ----------
    responses : array of shape (n_odors, n_units)
        One code per row, any unit.
    corrected : bool
        Whether to estimate the dimension of all odors from the rows as a sample of independent
        ones; a few odors alone vary in few directions.

    Returns
    -------
    float
        (tr C)^2 / tr C^2 of the covariance C over odors, between 1 and the smaller of n_units and
        n_odors - 1 (Litwin-Kumar et al. 2017, 10.1016/j.neuron.2017.01.030, eq. 1).  Corrected,
        numerator and denominator are the unbiased estimates of Himeno & Yamada 2014
        (10.1016/j.jmva.2014.05.014), whatever the distribution, and the ratio may be any number.

    Raises
    ------
    ValueError
        If the responses are not finite, or do not vary between odors; corrected, if there are
        fewer than 4 of them or far too few for an estimate.

    Examples
    --------
    >>> round(dimension([[0, 0], [0, 1], [1, 0], [1, 1]]), 12)
    2.0
    """
    checks.flag("corrected", corrected)
    centered = checks.matrix("responses", responses)
    centered = centered - centered.mean(axis=0)
    centered = centered / max(np.abs(centered).max(), np.finfo(float).tiny)
    # C and the Gram matrix share their non-zero spectrum: take the smaller one.
    n_odors, n_units = centered.shape
    gram = centered @ centered.T if n_odors < n_units else centered.T @ centered
    squares = float(np.sum(gram**2))
    if squares == 0:
        raise ValueError(f"responses must vary between odors, got {n_odors} equal rows")
    if not corrected:
        return float(np.trace(gram) ** 2 / squares)
    return _of_all_odors(n_odors, float(np.trace(gram)), squares, np.sum(centered**2, axis=1))


def _of_all_odors(n: int, trace: float, squares: float, lengths: FloatArray) -> float:
    """Estimate (tr C)^2 / tr C^2 from the sums of n centered rows: tr X'X, tr (X'X)^2, |x|^2."""
    if n < 4:
        raise ValueError(f"responses must hold at least 4 odors for a corrected dimension, got {n}")
    mean = trace / (n - 1)
    square, fourth = squares / (n - 1) ** 2, float(np.sum(lengths**2)) / (n - 1)
    squared_trace = 2 * square + (n * n - 3 * n + 1) * mean**2 - n * fourth
    trace_of_square = (n - 1) * (n - 2) * square + mean**2 - n * fourth
    if trace_of_square <= 0:
        raise ValueError(f"responses must hold more odors to estimate a dimension, got {n}")
    return float(squared_trace / trace_of_square)


def overlap(responses: ArrayLike) -> float:
    """Measure the mean square overlap of two odors' codes; 1 / n_units for independent units.

    Parameters
    ----------
    responses : array of shape (n_odors, n_units)
        One code per row, any unit; two odors at least.

    Returns
    -------
    float
        Mean over pairs of ((1 / n_units) sum_i x_i y_i)^2, with mean 0 and variance 1 of all
        responses together (Babadi & Sompolinsky 2014, 10.1016/j.neuron.2014.07.035; they were f and
        f (1 - f) for binary codes).

    Raises
    ------
    ValueError
        If there is only one odor, or all responses are equal.

    Examples
    --------
    >>> round(overlap([[0, 1, 0, 1], [0, 1, 1, 0]]), 12)
    0.0
    """
    codes = checks.matrix("responses", responses)
    n_odors, n_units = codes.shape
    if n_odors < 2:
        raise ValueError(f"responses must hold two odors or more, got {n_odors}")
    codes = codes - codes.min()  # exact zeros if all are equal, which their mean would not give
    if not codes.any():
        raise ValueError(f"responses must not all be equal, got {codes.size} equal ones")
    codes /= codes.max()
    codes = (codes - codes.mean()) / codes.std()
    # All products of pairs have the same sum of squares as all products of units.
    gram = codes @ codes.T if n_odors < n_units else codes.T @ codes
    own = np.sum(np.sum(codes**2, axis=1) ** 2)
    return float((np.sum(gram**2) - own) / n_units**2 / (n_odors * (n_odors - 1)))


def cluster_size(prototypes: ArrayLike, noisy: ArrayLike) -> float:
    """Measure the distance of codes of noisy versions relative to that of different odors.

    Parameters
    ----------
    prototypes : array of shape (n_odors, n_units)
        Codes of odors without noise.
    noisy : array of shape (n_odors, n_units) or (n_odors, n_trials, n_units)
        Codes of noisy versions of each.

    Returns
    -------
    float
        Mean squared distance of a noisy version from its own odor's code over that of two odors'
        codes (Babadi & Sompolinsky 2014, 10.1016/j.neuron.2014.07.035; squared distance is Hamming
        distance for binary codes).

    Raises
    ------
    ValueError
        If shapes do not fit, there are no versions, or the codes of all odors are the same.

    Examples
    --------
    >>> cluster_size([[1, 0, 0, 0], [0, 0, 1, 0]], [[1, 0, 0, 0], [0, 0, 0, 1]])
    0.5
    """
    centers = checks.matrix("prototypes", prototypes)
    (versions,) = checks.broadcast(noisy=noisy)
    versions = versions[:, None] if versions.ndim == 2 else versions
    if versions.ndim != 3 or not versions.size or versions[:, 0].shape != centers.shape:
        raise ValueError(
            f"noisy must be versions of codes of shape {centers.shape}, got {np.shape(noisy)}"
        )
    checks.require_finite("noisy", versions)
    apart = centers - centers[0]
    unit = np.abs(apart).max()  # squares must neither vanish nor overflow
    if not unit > 0:
        raise ValueError("prototypes must be codes of different odors, got one code only")
    within = np.mean(np.sum(((versions - centers[:, None]) / unit) ** 2, axis=2))
    scatter = np.sum(((apart - apart.mean(axis=0)) / unit) ** 2)
    # The mean squared distance of two of n points is twice their scatter over n - 1.
    return float(within / (2 * scatter / (len(centers) - 1)))


@dataclass(frozen=True, eq=False)
class Decorrelation:
    """Correlation of codes against that of their inputs, in bins of pairs of odors.

    Attributes
    ----------
    before, after : arrays of shape (n_bins,)
        Mean correlation of the inputs, and of the codes, of the pairs in each bin.
    error : array of shape (n_bins,)
        Standard error of ``after`` over odors; infinite where all pairs of a bin share one odor.
    n_pairs : int array of shape (n_bins,)
    """

    before: FloatArray
    after: FloatArray
    error: FloatArray
    n_pairs: NDArray[np.int64]

    def interval(self, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the normal interval of ``after``, low and high, within [-1, 1]."""
        confidence = checks.fraction("confidence", confidence)
        quantile = scipy.stats.norm.isf((1 - confidence) / 2)
        half_width = np.multiply(quantile, self.error, where=self.error > 0, out=0 * self.after)
        return np.maximum(self.after - half_width, -1), np.minimum(self.after + half_width, 1)


def decorrelation(inputs: ArrayLike, responses: ArrayLike, *, n_bins: int = 10) -> Decorrelation:
    """Measure the correlation of codes against that of their inputs.

    Parameters
    ----------
    inputs : array of shape (n_odors, n_inputs)
    responses : array of shape (n_odors, n_units)
        Codes of the same odors.
    n_bins : int
        Bins of input correlation with equally many pairs.

    Returns
    -------
    Decorrelation
        Correlations are Pearson's over inputs and units; odors that are the same everywhere have
        none and are left out.  Errors come from a jackknife over odors, since pairs that share an
        odor are not independent.

    Raises
    ------
    ValueError
        If numbers of odors differ, or fewer than four odors vary.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> odors = rng.standard_normal((50, 20))
    >>> curve = decorrelation(odors, 3 * odors + 1, n_bins=4)
    >>> bool(np.allclose(curve.before, curve.after))
    True
    """
    inputs = checks.matrix("inputs", inputs)
    responses = checks.matrix("responses", responses, n_rows=len(inputs))
    n_bins = checks.count("n_bins", n_bins)
    varied = (np.ptp(inputs, axis=1) > 0) & (np.ptp(responses, axis=1) > 0)
    if varied.sum() < 4:
        raise ValueError(f"inputs and responses must vary for four odors, got {varied.sum()}")
    r_in, r_out = _correlations(inputs[varied]), _correlations(responses[varied])
    pairs = np.triu_indices(len(r_in), 1)
    order = np.argsort(r_in[pairs], kind="stable")
    parts = [part for part in np.array_split(order, n_bins) if len(part)]
    bins = [_bin(pairs[0][part], pairs[1][part], r_in, r_out) for part in parts]
    before, after, error, n_pairs = np.transpose(bins)
    return Decorrelation(before, after, error, n_pairs.astype(np.int64))


def _correlations(rows: FloatArray) -> FloatArray:
    """Pearson's correlation of all pairs of rows, each scaled to [0, 1] first."""
    rows = rows - rows.min(axis=1, keepdims=True)
    return np.asarray(np.corrcoef(rows / rows.max(axis=1, keepdims=True)))


def _bin(
    left: NDArray[np.int64], right: NDArray[np.int64], r_in: FloatArray, r_out: FloatArray
) -> tuple[float, float, float, int]:
    """Means of the pairs of one bin, and the jackknife's error when each odor is left out."""
    values, n_odors = r_out[left, right], len(r_out)
    both, twice = np.concatenate((left, right)), np.concatenate((values, values))
    sums = np.bincount(both, twice, n_odors)
    counts = np.bincount(both, minlength=n_odors)
    error = np.inf
    if counts.max() < len(left):
        without = (values.sum() - sums) / (len(left) - counts)
        error = np.sqrt((n_odors - 1) / n_odors * np.sum((without - without.mean()) ** 2))
    return float(r_in[left, right].mean()), float(values.mean()), float(error), len(left)
