"""Means of products f(u) g(v) of jointly normal numbers, by Mehler's series.

Normalized Hermite polynomials h_n have the mean product E h_n(u) h_m(v) = c^n for n = m and 0
otherwise, for standard normal u and v of correlation c (Mehler 1866).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from olfnet._hermite import weighted_polynomials
from olfnet.checks import FloatArray

_N_TERMS = (64, 128, 256, 512, 1024, 2048)
_ACCURACY = 1e-12
# A normal density times a polynomial of degree 2048 integrates to below 1e-17 beyond 13; panels of
# 1/2 hold at most 4 of its periods.
_EDGES = np.linspace(-13, 13, 53)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True, eq=False)
class Series:
    """Hermite series of a function of normal numbers, for several standard deviations s.

    Attributes
    ----------
    coefficients : array of shape (n_terms, n_sds)
        E f(s z) h_n(z).
    square : array of shape (n_sds,)
        E f(s z)^2.
    tails : array of shape (n_terms,)
        The largest part of it that is missing after each term.
    """

    coefficients: FloatArray
    square: FloatArray
    tails: FloatArray

    def __getitem__(self, rows: slice) -> "Series":
        """Return the series for some of the standard deviations."""
        return Series(self.coefficients[:, rows], self.square[rows], self.tails)


def series(
    function: Callable[[FloatArray], FloatArray], sd: FloatArray, kinks: Iterable[float] = ()
) -> Series:
    """Expand a function of normal numbers of mean 0, by Gaussian quadrature between its kinks.

    The series has so many terms that 1e-12 of the mean square is missing, or 2048.

    Examples
    --------
    >>> square = series(np.square, np.array([1.0]))  # z^2 = h_0 + sqrt(2) h_2
    >>> square.coefficients[:4, 0].round(8) + 0.0, square.square.round(12)
    (array([1.        , 0.        , 1.41421356, 0.        ]), array([3.]))
    """
    kinks = list(kinks)
    moving = np.array([kink for kink in kinks if kink])  # they depend on sd: one after the other
    parts = []
    for part in np.split(sd, len(sd)) if moving.size else [sd]:
        z, weights = _nodes(moving, part[0])
        parts.append((z, weights, function(np.multiply.outer(part, z))))
    square = np.concatenate([values**2 @ weights for _, weights, values in parts])
    for n_terms in _N_TERMS[-1:] if kinks else _N_TERMS:
        coefficients = np.concatenate(
            [weighted_polynomials(z, weights, n_terms) @ values.T for z, weights, values in parts],
            axis=1,
        )
        tails = np.maximum((square - np.cumsum(coefficients**2, axis=0)).max(axis=1), 0.0)
        if tails[-1] <= _ACCURACY * square.max():
            break
    return Series(coefficients, square, tails)


def _nodes(kinks: FloatArray, sd: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of a mean over normal numbers, in panels without kinks."""
    with np.errstate(divide="ignore"):
        edges = np.sort(np.concatenate([_EDGES, np.clip(kinks / sd, -13, 13)]))
    half = np.diff(edges)[:, None] / 2
    z = (edges[:-1, None] + half + half * _NODES).ravel()
    return z, (half * _WEIGHTS).ravel() * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def product(left: Series, right: Series, correlation: FloatArray) -> FloatArray:
    """Return E f(s u) g(t v), shape (n_left, n_right), to 1e-12 of the larger mean square.

    Raises
    ------
    ValueError
        If the series does not converge at these correlations.
    """
    n_terms = min(len(left.tails), len(right.tails))
    # Cauchy and Schwarz: the remainder is at most |c|^n times the root of the product of tails.
    remainder = np.sqrt(left.tails[:n_terms] * right.tails[:n_terms])
    remainder *= np.abs(correlation).max() ** np.arange(1, n_terms + 1)
    enough = np.flatnonzero(remainder <= _ACCURACY * max(left.square.max(), right.square.max()))
    if not enough.size:
        raise ValueError(
            f"Hermite series did not converge in {n_terms} terms (remainder {remainder[-1]:.1g}): "
            "use a smoother activation, a smaller variance or a correlation further from 1"
        )
    a, b = (series.coefficients[: enough[0] + 1] for series in (left, right))
    if _vanish(a[1::2], b[1::2]):
        return _horner(a[::2], b[::2], correlation**2)
    if _vanish(a[2::2], b[2::2]):
        odd = _horner(a[1::2], b[1::2], correlation**2)
        return np.asarray(odd * correlation + np.multiply.outer(a[0], b[0]))
    return _horner(a, b, correlation)


def _vanish(left: FloatArray, right: FloatArray) -> bool:
    """Whether these terms are rounding errors, as every other one of odd and even functions is."""
    return bool(np.sum(np.abs(left).max(axis=1) * np.abs(right).max(axis=1)) < 1e-25)


def _horner(left: FloatArray, right: FloatArray, power: FloatArray) -> FloatArray:
    total, term = np.zeros_like(power), np.empty_like(power)
    for a, b in zip(left[::-1], right[::-1], strict=True):
        total *= power
        total += np.multiply.outer(a, b, out=term)
    return total
