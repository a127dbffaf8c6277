"""Gardner's capacities against quadrature in higher precision."""

import mpmath
import numpy as np
import pytest
import scipy.special

from olfnet.theory import gardner
from olfnet.theory._gaussian.tails import log_excess


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(50):
        yield


def excess(x, power):
    """Brute quadrature of max(t - x, 0)^n against the normal density."""
    ends = [x, *(max(x, 0) + k / max(1, x) for k in (0.3, 1, 2, 4, 8, 16, 32, 64, 150))]
    if x < 0:
        ends = [x, *(e for e in (-12, -6, -3) if e > x), 0, 3, 6, 12, 30]
    return mpmath.quad(lambda t: (t - x) ** power * mpmath.npdf(t), ends)


def closed(x, power):
    """The same by the complementary error function, whose cancellation 50 digits bear."""
    tail = mpmath.erfc(x / mpmath.sqrt(2)) / 2
    if power == 1:
        return mpmath.npdf(x) - x * tail
    return (1 + x * x) * tail - x * mpmath.npdf(x)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("x", [-30.0, 0.0, 1.999, 2.001, 5.0, 20.0])
def test_tails(x, power):
    exact = mpmath.log(closed(mpmath.mpf(x), power))
    if x <= 5:  # the quadrature, where it is exact enough to be a witness
        assert abs(exact - mpmath.log(excess(mpmath.mpf(x), power))) < 1e-12
    assert abs(log_excess(x, power) - float(exact)) < 1e-13 * max(1, abs(float(exact)))


def fifty_digits(margin, fraction):
    """Smallest sum over the offset, found by a root of its derivative in 50 digits."""
    kappa, f = mpmath.mpf(margin), mpmath.mpf(fraction)

    def slope(b):
        return mpmath.log(f * closed(b - kappa, 1)) - mpmath.log((1 - f) * closed(-b - kappa, 1))

    low, high = -kappa - 12, kappa + 12
    for _ in range(90):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return float(1 / (f * closed(low - kappa, 2) + (1 - f) * closed(-low - kappa, 2)))


@pytest.mark.parametrize("margin", [0.0, 1.0, 10.0])
@pytest.mark.parametrize("fraction", [0.5, 0.9, 1e-3, 1e-12])
def test_against_fifty_digits(margin, fraction):
    assert gardner.capacity(margin, fraction) == pytest.approx(
        fifty_digits(margin, fraction), rel=1e-11
    )


def test_no_better_silence():
    """The search for B finds what ever finer grids find, at the extremes too, in 50 digits."""
    for rho, fraction in [(0.5, 0.2), (10, 1e-12), (1e8, 0.1), (1e100, 0.5)]:
        low, high = -1.5, 45.0
        for _ in range(8):
            grid = np.linspace(low, high, 101)
            length = log_excess(grid, 2) / 2
            kappa = rho * np.exp(log_excess(grid, 1) - length)
            free = np.log(gardner.capacity(kappa, fraction))
            best = grid[np.argmax(2 * scipy.special.log_ndtr(-grid) - 2 * length + free)]
            low, high = best - (high - low) / 50, best + (high - low) / 50
        at = mpmath.mpf(best)
        kappa = rho * closed(at, 1) / mpmath.sqrt(closed(at, 2))
        tail = mpmath.erfc(at / mpmath.sqrt(2)) / 2
        exact = float(tail**2 / closed(at, 2) * fifty_digits(kappa, fraction))
        capacity = gardner.capacity(rho, fraction, nonnegative=True)
        assert capacity == pytest.approx(exact, rel=1e-9)
        silent = gardner.silent_fraction(rho, fraction)
        assert silent == pytest.approx(float(1 - tail), abs=1e-5)


def test_symmetry_and_order():
    margins, fractions = np.linspace(0, 10, 41)[:, None], np.array([0.01, 0.2, 0.5])
    values = gardner.capacity(margins, fractions)
    np.testing.assert_allclose(values, gardner.capacity(margins, 1 - fractions), rtol=1e-10)
    assert (np.diff(values, axis=0) < 0).all()
    assert (np.diff(values, axis=1) < 0).all()
    signed = gardner.capacity(0.0, fractions, nonnegative=True)  # without a margin signs cost half
    np.testing.assert_allclose(signed, values[0] / 2, rtol=1e-9)


@pytest.mark.parametrize(
    ("margin", "fraction", "message"),
    [
        (-0.1, 0.5, r"margin must be in \[0, 1e.100\], got -0.1"),
        ("a", 0.5, "margin must be numbers, got 'a'"),
        ([1, 2], [0.1, 0.2, 0.3], "margin, label_fraction must have shapes that fit, got"),
        (0.0, [0.5, 1.0], r"label_fraction must be in \[1e-300, 1\), got 1"),
    ],
)
def test_bad_input(margin, fraction, message):
    with pytest.raises(ValueError, match=message):
        gardner.capacity(margin, fraction)
