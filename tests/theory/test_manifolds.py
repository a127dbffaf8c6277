"""Capacity of spheres against limits, and quadrature in thirty digits by another library."""

import mpmath
import numpy as np
import pytest

from olfnet.theory import gardner, manifolds


def precise(radius, dimension, margin):
    """The integral over log t in 30 digits, the tail of the density near 0 in closed form."""
    r, d, k = map(mpmath.mpf, (radius, dimension, margin))

    def moment(border, center):
        density = mpmath.npdf(border)
        return (1 + center**2) * mpmath.ncdf(border) + (2 * center - border) * density

    def given(t):
        low, high = k - t / r, k + r * t
        between = (moment(high, high) - moment(low, high)) / (1 + r**2)
        return between + moment(low, k) + t * t * mpmath.ncdf(low)

    def integrand(s):
        t = mpmath.exp(s)
        chi = d * s - t * t / 2 + (1 - d / 2) * mpmath.log(2) - mpmath.loggamma(d / 2)
        return given(t) * mpmath.exp(chi)

    middle = mpmath.sqrt(d)
    low = mpmath.log(max(middle - 11, mpmath.mpf(10) ** -14 * min(r, 1 / r)))
    high = mpmath.log(middle + 11)
    near = [mpmath.log(r) + j for j in (-2, 0, 1, 2)] + [j - mpmath.log(r) for j in (-2, 0, 1, 2)]
    ends = [low, *sorted(p for p in near if low < p < high), high]
    ends = sorted({*ends, *(low + (high - low) * j / 8 for j in range(1, 8))})
    below = 0
    if middle < 11:
        below = mpmath.gammainc(d / 2, 0, mpmath.exp(2 * low) / 2, regularized=True)
    return float(1 / (mpmath.quad(integrand, ends, maxdegree=5) + below * given(mpmath.mpf(0))))


@pytest.mark.parametrize("case", [(0.1, 1e-3, 0.0), (1e-3, 1e9, 3.0), (3.0, 2, 30.0)])
def test_extremes_in_thirty_digits(case):
    with mpmath.workdps(30):
        assert manifolds.capacity(*case) == pytest.approx(precise(*case), rel=1e-10)


@pytest.mark.parametrize("dimension", [1e-6, 1e-3, 0.5, 1, 2, 10, 100, 1000, 1e6, 1e9])
def test_limits(dimension):
    """Points; spheres as large as their distance; whole subspaces."""
    capacity = manifolds.capacity
    points, spaces = pytest.approx(2, rel=1e-10), pytest.approx(1 / (dimension + 0.5), rel=1e-10)
    assert capacity(0.0, dimension) == capacity(1e-300, dimension) == points
    assert capacity(1e-12, dimension) == pytest.approx(2, rel=1e-11 * (1 + dimension**0.5))
    assert capacity(1.0, dimension) == pytest.approx(2 / (dimension + 1), rel=1e-10)
    assert capacity(np.inf, dimension) == capacity(1e300, dimension) == spaces
    assert capacity(1e12, dimension) == pytest.approx(1 / (dimension + 0.5), rel=1e-10)


def test_arrays_are_what_their_elements_are():
    """More elements than are integrated at once, in any shape, panels of very different numbers."""
    rng = np.random.default_rng(0)
    radius, dimension = 10.0 ** rng.uniform(-4, 4, (2, 300)), 10.0 ** rng.uniform(-2, 4, (2, 300))
    together = manifolds.capacity(radius, dimension, 0.3)
    for at in [(0, 0), (0, 299), (1, 211), (1, 212), (1, 299)]:
        alone = float(manifolds.capacity(radius[at], dimension[at], 0.3))
        assert together[at] == pytest.approx(alone, rel=1e-13)
    assert manifolds.capacity(1.0, 2).shape == ()
    assert manifolds.capacity([], 2).shape == (0,)


def test_order_and_points():
    """Larger manifolds are harder; points have Gardner's capacity."""
    values = manifolds.capacity(np.geomspace(1e-3, 1e3, 40)[:, None], [1, 2, 5, 20])
    assert (np.diff(values, axis=0) < 0).all()
    assert (np.diff(values, axis=1) < 0).all()
    margins = np.array([0.0, 0.5, 1.0, 3.0])
    exact = gardner.capacity(margins)
    np.testing.assert_allclose(manifolds.capacity(0.0, 3, margins), exact, rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-0.1, 1), r"radius must be in \[0, inf\], got -0.1"),
        ((np.nan, 1), r"radius must be in \[0, inf\], got nan"),
        ((1.0, 0), r"dimension must be in \[1e-06, 1e.09\], got 0"),
        ((1.0, 1e10), r"dimension must be in \[1e-06, 1e.09\], got 1e"),
        ((1.0, 1, -1.0), r"margin must be in \[0, 1e.100\], got -1"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        manifolds.capacity(*arguments)
