"""Codes of a random expansion layer: overlap, cluster size, readout error and dimension."""

import numpy as np
import scipy.special
import scipy.stats
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray
from olfnet.theory._gaussian.tails import (
    joint_tail_deficit,
    joint_tail_excess,
    log_density,
    upper_tail,
)


def excess_overlap(coding_level: ArrayLike) -> FloatArray:
    """Return Q, the overlap of codes of different odors beyond chance, relative to their inputs.

    Parameters
    ----------
    coding_level : array in (0, 1)
        f.

    Returns
    -------
    array
        phi(T)^2 / (f (1 - f)) at the threshold T with upper tail f (Babadi & Sompolinsky 2014,
        Neuron 83:1213), to 1e-12 relative.

    Examples
    --------
    >>> excess_overlap([0.5, 0.1, 0.01]).round(5)
    array([0.63662, 0.34222, 0.07175])
    """
    return _excess_overlap(_level(coding_level))


def cluster_size(input_size: ArrayLike, coding_level: ArrayLike) -> FloatArray:
    """Return the distance of codes of a noisy odor, relative to that of codes of other odors.

    Parameters
    ----------
    input_size : array in [0, 1]
        dS: the same for the inputs; an input of +-1 is flipped with probability dS / 2.
    coding_level : array in (0, 1)
        f, broadcast with it.

    Returns
    -------
    array
        dC = (f - P11) / (f (1 - f)), with P11 the probability that two standard normal numbers of
        correlation 1 - dS are both above the threshold (Babadi & Sompolinsky 2014), to 1e-10
        relative.

    Examples
    --------
    >>> cluster_size(0.1, [0.5, 0.1, 0.01]).round(4)
    array([0.2871, 0.3459, 0.4627])
    """
    distance, f = checks.broadcast(
        input_size=checks.within("input_size", input_size, 0, 1), coding_level=_level(coding_level)
    )
    return _cluster_size(distance, f)


def correlation(input_correlation: ArrayLike, coding_level: ArrayLike) -> FloatArray:
    """Return the correlation of two codes (or two units) from that of their inputs.

    Parameters
    ----------
    input_correlation : array in [-1, 1]
    coding_level : array in (0, 1)
        f, broadcast with it.

    Returns
    -------
    array
        (P11 - f^2) / (f (1 - f)), to 1e-10 relative.

    Examples
    --------
    >>> correlation(0.5, [0.5, 0.1, 0.01]).round(4)
    array([0.3333, 0.2489, 0.1206])
    """
    r, f = checks.broadcast(input_correlation=input_correlation, coding_level=_level(coding_level))
    checks.within("input_correlation", r, -1, 1)
    return _correlation(r, f)


def overlap(
    n_inputs: ArrayLike, n_units: ArrayLike, coding_level: ArrayLike, all_orders: bool = False
) -> FloatArray:
    """Return the mean square overlap of the codes of two odors, as ``capacity.overlap``.

    Parameters
    ----------
    n_inputs, n_units : arrays of numbers of at least 1
        N and N_c.
    coding_level : array in (0, 1)
        f, broadcast with them.
    all_orders : bool
        Whether to sum over all distances of odors of +-1, instead of taking the first order in
        1 / n_inputs, which is too small for few inputs and sparse codes.

    Returns
    -------
    array
        1 / N_c + Q^2 / N (Babadi & Sompolinsky 2014), which is the first order of E[(1 + r (1 -
        2 f)^2 / (f (1 - f))) / N_c + (1 - 1 / N_c) r^2] over the correlation c = 1 - 2 k / N of two
        odors, k being binomial, and r that of the responses of a unit (:func:`correlation`).

    Examples
    --------
    >>> overlap(100, 2000, [0.5, 0.1, 0.02]).round(5)
    array([0.00455, 0.00167, 0.00064])
    >>> overlap(100, 2000, [0.5, 0.1, 0.02], all_orders=True).round(5)
    array([0.00459, 0.00171, 0.00074])
    """
    checks.flag("all_orders", all_orders)
    n, m, f = checks.broadcast(
        n_inputs=checks.counts("n_inputs", n_inputs),
        n_units=checks.counts("n_units", n_units),
        coding_level=_level(coding_level),
    )
    if not all_orders:
        return _overlap(n, m, f)
    differ = np.arange(int(n.max(initial=0)) + 1)
    n, m, f = (x[..., None] for x in (n, m, f))
    weight = scipy.stats.binom.pmf(differ, n, 0.5)
    r = _correlation(np.maximum(1 - 2 * differ / n, -1), f)
    squared = 1 + r * (1 - 2 * f) ** 2 / (f * (1 - f))
    return np.asarray(np.sum(weight * (squared / m + (1 - 1 / m) * r**2), axis=-1))


def readout_error(
    n_patterns: ArrayLike,
    n_inputs: ArrayLike,
    n_units: ArrayLike,
    coding_level: ArrayLike,
    input_size: ArrayLike = 0.0,
    n_learned: ArrayLike | None = None,
) -> FloatArray:
    """Return the error rate of a Hebbian readout for a noisy version of a learned odor.

    Parameters
    ----------
    n_patterns : array
        P, odors learned, half of them with either label.
    n_inputs, n_units : arrays
        N and N_c.
    coding_level : array in (0, 1)
    input_size : array in [0, 1]
        Noise, as for :func:`cluster_size`.
    n_learned : array, optional
        n, noisy trials of each odor that it learned; None for one presentation without noise.

    Returns
    -------
    array
        H((1 - dC) / sqrt(P (1 / N_c + Q^2 / N))) (Babadi & Sompolinsky 2014).  Two trials of an
        odor correlate by c = (1 - dS)^2, and their codes by r(c), :func:`correlation`: after n
        trials it is H(r / sqrt(P (s / N_c + (1 / n + (1 - 1 / n) c) Q^2 / N))) with s = 1 / n +
        (1 - 1 / n) r, the part of other odors that the mean of n trials keeps.

    Examples
    --------
    >>> readout_error(1000, 100, 2000, [0.5, 0.1, 0.01], input_size=0.1).round(4)
    array([0.3692, 0.3064, 0.2347])
    """
    p, n, m, f, size, trials = checks.broadcast(
        n_patterns=checks.counts("n_patterns", n_patterns),
        n_inputs=checks.counts("n_inputs", n_inputs),
        n_units=checks.counts("n_units", n_units),
        coding_level=_level(coding_level),
        input_size=checks.within("input_size", input_size, 0, 1),
        n_learned=np.inf if n_learned is None else checks.counts("n_learned", n_learned),
    )
    if n_learned is None:
        return upper_tail((1 - _cluster_size(size, f)) / np.sqrt(p * _overlap(n, m, f)))
    c = (1 - size) ** 2
    r = _correlation(c, f)
    units, inputs = (1 / trials + (1 - 1 / trials) * same for same in (r, c))
    return upper_tail(r / np.sqrt(p * (units / m + inputs * _excess_overlap(f) ** 2 / n)))


def dimension(
    n_inputs: ArrayLike,
    n_units: ArrayLike,
    fan_in: ArrayLike,
    coding_level: ArrayLike,
    inhibition: bool = False,
) -> FloatArray:
    """Return the participation ratio of the codes of independent inputs.

    Parameters
    ----------
    n_inputs, n_units, fan_in : integers or arrays of them
        N, M, and K <= N inputs of each unit, chosen at random with equal weights; broadcast.
    coding_level : array in (0, 1)
        f, the same for all units; broadcast with them.
    inhibition : bool
        Whether global inhibition subtracts the mean input, so that weights of a unit sum to 0.

    Returns
    -------
    array
        1 / (1 / M + (1 - 1 / M) <rho^2>) over the correlation rho of two units, which share a
        hypergeometric number n of inputs and whose drives correlate by n / K, or (n / K - K / N) /
        (1 - K / N) with inhibition (Litwin-Kumar et al. 2017, Neuron 93:1153).

    Raises
    ------
    ValueError
        If a number is out of range, or inhibition removes inputs that all units share.

    Examples
    --------
    >>> dimension(50, 2000, [1, 3, 7], 0.1).round(1)
    array([ 48.8, 194.2, 143.5])
    >>> round(float(dimension(50, 2000, 7, 0.1, inhibition=True)), 1)
    295.2
    """
    checks.flag("inhibition", inhibition)
    n, m, k, f = checks.broadcast(
        n_inputs=checks.counts("n_inputs", n_inputs),
        n_units=checks.counts("n_units", n_units),
        fan_in=checks.counts("fan_in", fan_in),
        coding_level=_level(coding_level),
    )
    allowed = k < n if inhibition else k <= n
    if not allowed.all():
        bad = tuple(np.argwhere(~allowed)[0])
        rule, end = ("below", " with inhibition") if inhibition else ("at most", "")
        raise ValueError(f"fan_in must be {rule} n_inputs={n[bad]:g}{end}, got {k[bad]:g}")
    n, m, k, f = (x[..., None] for x in (n, m, k, f))
    shared, weight = _shared(n, k)
    drive = np.minimum(shared / k, 1.0)  # beyond K nothing is shared, and the weight is 0
    if inhibition:
        drive = (drive - k / n) / (1 - k / n)
    squared = np.sum(weight * _correlation(np.clip(drive, -1, 1), f) ** 2, axis=-1)
    return np.asarray(1 / (1 / m[..., 0] + (1 - 1 / m[..., 0]) * squared))


def _excess_overlap(f: FloatArray) -> FloatArray:
    log_ratio = 2 * log_density(scipy.special.ndtri(f)) - np.log(f) - np.log1p(-f)
    return np.asarray(np.exp(log_ratio))


def _cluster_size(distance: FloatArray, f: FloatArray) -> FloatArray:
    return np.asarray(joint_tail_deficit(scipy.special.ndtri(f), distance) / (f * (1 - f)))


def _correlation(r: FloatArray, f: FloatArray) -> FloatArray:
    return np.asarray(joint_tail_excess(scipy.special.ndtri(f), r) / (f * (1 - f)))


def _overlap(n: FloatArray, m: FloatArray, f: FloatArray) -> FloatArray:
    return np.asarray(1 / m + _excess_overlap(f) ** 2 / n)


def _shared(n: FloatArray, k: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return numbers of inputs that two units share, and their hypergeometric probabilities.

    From ratios of neighbors, (K - s + 1)^2 / (s (N - 2 K + s)), in logarithms.
    """
    shared = np.arange(k.max(initial=0) + 1)
    possible = (shared <= k) & (shared >= 2 * k - n)
    later = possible & (shared > np.maximum(2 * k - n, 0))
    above = np.where(later, (k - shared + 1) ** 2, 1.0)
    below = np.where(later, shared * (n - 2 * k + shared), 1.0)
    log_weight = np.where(possible, np.cumsum(np.log(above / below), axis=-1), -np.inf)
    weight = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True, initial=-np.inf))
    some = (weight > 0).any(axis=tuple(range(weight.ndim - 1)))  # only these have a probability
    return shared[some], weight[..., some] / weight.sum(axis=-1, keepdims=True)


def _level(coding_level: ArrayLike) -> FloatArray:
    return checks.within("coding_level", coding_level, 0, 1, "()")
