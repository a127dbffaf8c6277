"""Cover's function counting theorem: the number of dichotomies of a linear readout.

P points in general position in N dimensions have C(P, N) = 2 sum_{k<N} binom(P-1, k) dichotomies
that a hyperplane through the origin separates (Cover 1965, IEEE Trans. Electron. Comput. EC-14:326,
eq. 5).  A free bias counts as one more dimension.
"""

import math

import scipy.stats
from numpy.typing import ArrayLike

from olfnet import checks
from olfnet.checks import FloatArray


def separable_fraction(n_patterns: ArrayLike, n_dims: ArrayLike) -> FloatArray:
    """Return the fraction of all labelings of random patterns that a linear readout can learn.

    Parameters
    ----------
    n_patterns, n_dims : integer arrays, broadcast together
        Number P >= 1 of patterns and N >= 1 of dimensions.

    Returns
    -------
    array
        C(P, N) / 2^P = Pr[Binomial(P - 1, 1/2) < N], to about 1e-13 relative.

    Raises
    ------
    ValueError
        If an entry is not an integer of at least 1.

    Examples
    --------
    Twice as many patterns as dimensions: one half.

    >>> separable_fraction(200, 100).round(12)
    np.float64(0.5)
    >>> separable_fraction([8, 15, 30], [5, 10, 10]).round(6)
    array([0.773438, 0.910217, 0.030714])
    """
    n_patterns = checks.counts("n_patterns", n_patterns)
    n_dims = checks.counts("n_dims", n_dims)
    fraction: FloatArray = scipy.stats.binom.cdf(n_dims - 1, n_patterns - 1, 0.5)
    return fraction


def n_dichotomies(n_patterns: int, n_dims: int) -> int:
    """Count the separable labelings, C(P, N), as an exact integer.

    Parameters
    ----------
    n_patterns, n_dims : int
        Number P >= 1 of patterns and N >= 1 of dimensions.

    Raises
    ------
    ValueError
        If an argument is not an integer of at least 1.

    Examples
    --------
    Two of the 16 labelings of a square's corners, exclusive or and its opposite, are not separable
    in the plane; with a bias the plane counts as three dimensions.

    >>> n_dichotomies(4, 3)
    14
    """
    n_patterns = checks.count("n_patterns", n_patterns)
    n_dims = checks.count("n_dims", n_dims)
    return 2 * sum(math.comb(n_patterns - 1, k) for k in range(min(n_dims, n_patterns)))


def breaking_point_pmf(n_patterns: ArrayLike, n_dims: ArrayLike) -> FloatArray:
    """Return the probability that exactly ``n_patterns`` of a growing sequence stay separable.

    Patterns arrive one by one with random labels.  P* >= P with probability C(P, N) / 2^P, so
    P* = P when pattern P + 1 breaks the sequence, with probability binom(P-1, N-1) / 2^P: the
    number of fair coin tosses up to the N-th head, of mean 2N and variance 2N.

    Parameters
    ----------
    n_patterns, n_dims : integer arrays, broadcast together
        Number P* >= 1 of patterns and N >= 1 of dimensions.

    Returns
    -------
    array
        Probabilities, 0 for n_patterns < n_dims.

    Raises
    ------
    ValueError
        If an entry is not an integer of at least 1.

    Examples
    --------
    >>> breaking_point_pmf([1, 2, 3], 2)
    array([0.  , 0.25, 0.25])
    """
    n_patterns = checks.counts("n_patterns", n_patterns)
    n_dims = checks.counts("n_dims", n_dims)
    probability: FloatArray = scipy.stats.nbinom.pmf(n_patterns - n_dims, n_dims, 0.5)
    return probability
