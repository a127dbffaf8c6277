"""Slopes of the antennal lobe against differences of 50 digits; constants that hold everywhere."""

import mpmath
import numpy as np
import pytest

from olfnet.receptors import DivisiveNormalization, NoNormalization, ResponseGain, fly_odors
from olfnet.receptors.lipschitz import lipschitz_bound, slopes

LOBES = [
    DivisiveNormalization(),
    DivisiveNormalization(m=0),
    DivisiveNormalization(max_rate=50, sigma=30, m=300, exponent=2.5),
    DivisiveNormalization(m=100, exponent=1),
]
RATES = fly_odors()
family = pytest.mark.parametrize("lobe", LOBES, ids=str)


def response(lobe, row, i):
    """Rate of one projection neuron, in 50 digits."""
    n, s = mpmath.mpf(lobe.exponent), mpmath.mpf(lobe.m) / 190 * mpmath.fsum(row)
    own = mpmath.mpf(row[i]) ** n
    return lobe.max_rate * own / (own + mpmath.mpf(lobe.sigma) ** n + s**n)


def derivative(lobe, row, i, j):
    """Central difference; its error, h^2 of third derivatives, is far below a double's."""
    with mpmath.workdps(50):
        h, up, down = mpmath.mpf("1e-15"), list(map(mpmath.mpf, row)), list(map(mpmath.mpf, row))
        up[j] += h
        down[j] -= h
        return (response(lobe, up, i) - response(lobe, down, i)) / (2 * h)


@family
def test_slopes_are_differences(lobe):
    row = np.array([3.0, 40.0, 0.5, 220.0])
    here = slopes(lobe, row[None])
    for i in range(4):
        for j in range(4):
            exact = derivative(lobe, row, i, j)
            low = (i == j) * here.own_low[0, i] - here.shared_high[0, i]
            high = (i == j) * here.own_high[0, i] - here.shared_low[0, i]
            assert low <= exact <= high
            assert high - low <= 1e-12 * lobe.max_rate
    wrong = slopes(lobe, row[None] + 0.1)  # control
    assert not np.allclose(wrong.own_low, here.own_low, rtol=1e-6)


@family
@pytest.mark.parametrize("radius", [0.1, 5.0, 80.0])
def test_slopes_stay_within_their_bounds(lobe, radius):
    """At 200 odors around each of 5; without a radius the bounds are too narrow."""
    rng = np.random.default_rng(0)
    for row in RATES[::25]:
        moved = np.maximum(row + radius * rng.uniform(-1, 1, (200, 24)), 0)
        total = np.abs(moved.sum(axis=1) - row.sum()).max()
        bounds, found = slopes(lobe, row[None], radius, total), slopes(lobe, moved)
        for name in ("own", "shared"):
            low, high = getattr(bounds, f"{name}_low"), getattr(bounds, f"{name}_high")
            assert (getattr(found, f"{name}_low") >= low * (1 - 1e-12)).all()
            assert (getattr(found, f"{name}_high") <= high * (1 + 1e-12)).all()
        assert (found.own_high > slopes(lobe, row[None]).own_high).any()


@pytest.mark.parametrize("norm", [2, np.inf])
@family
def test_no_slopes_exceed_the_constant(lobe, norm):
    """Measured odors, weak and strong, and odors of one receptor over six decades."""
    alone = np.geomspace(1e-3, 1e3, 100)[:, None] * np.eye(24)[0]
    here = slopes(lobe, np.vstack([RATES, RATES / 30, 30 * RATES, alone, np.ones((1, 24))]))
    norms = [
        np.linalg.norm(np.diag(own) - shared[:, None], norm)
        for own, shared in zip(here.own_high, here.shared_high, strict=True)
    ]
    constant = lipschitz_bound(lobe, 24, norm)
    assert constant / 8 < max(norms) <= constant
    if lobe.m == 0:  # the Hill function's steepest slope alone: the bound is met
        assert max(norms) == pytest.approx(constant, rel=2e-3)
    assert max(norms) > norms[40]  # control: others are flatter


def test_extreme_rates_have_slopes():
    odors = np.array([[0.0, 0.0], [1e-300, 0.0], [1e300, 1e300]])
    for exponent, at_rest in ((1.0, 165 / 12), (1.5, 0.0)):
        here = slopes(DivisiveNormalization(exponent=exponent), odors)
        assert all(np.isfinite(array).all() for array in here)
        assert here.own_high[0] == pytest.approx([at_rest, at_rest])
    assert slopes(NoNormalization(), odors, 1.0).own_low.tolist() == [[1, 1]] * 3
    assert lipschitz_bound(NoNormalization(), 24) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: slopes(ResponseGain(), [[1.0]]), "slopes are known, got ResponseGain"),
        (lambda: lipschitz_bound(ResponseGain(), 3), "slopes are known, got ResponseGain"),
        (lambda: slopes(DivisiveNormalization(exponent=0.5), [[1.0]]), "exponent must be at least"),
        (lambda: slopes(DivisiveNormalization(), [[-1.0]]), "rates must be non-negative"),
        (lambda: slopes(DivisiveNormalization(), [[1.0]], -1.0), "radius must be finite and at l"),
        (lambda: slopes(DivisiveNormalization(), [[1.0]], [1, 2]), "radius must fit the shape"),
        (lambda: slopes(DivisiveNormalization(), [[1.0]], 0, np.nan), "total_radius must be fini"),
        (lambda: lipschitz_bound(DivisiveNormalization(), 0), "n_glomeruli must be at least 1"),
        (lambda: lipschitz_bound(DivisiveNormalization(), 3, 1), "norm must be one of 2, inf"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
