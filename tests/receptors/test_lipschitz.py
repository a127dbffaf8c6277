"""Slopes of the antennal lobe against differences of 50 digits; constants that hold everywhere."""

import mpmath
import numpy as np
import pytest

from olfnet import load_panel
from olfnet.receptors import DivisiveNormalization, NoNormalization, ResponseGain, absolute_rates
from olfnet.receptors.lipschitz import lipschitz_bound, slopes

LOBES = [
    DivisiveNormalization(),
    DivisiveNormalization(m=0),
    DivisiveNormalization(max_rate=50, sigma=30, m=300, exponent=2.5),
    DivisiveNormalization(m=100, exponent=1),
]


@pytest.fixture(scope="module")
def rates():
    return absolute_rates(load_panel("hallem_carlson_2006")).values


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


def matrix(lobe, row):
    here = slopes(lobe, row[None])
    return np.diag(here.own_high[0]) - here.shared_high[0][:, None]


@pytest.mark.parametrize("lobe", LOBES, ids=str)
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


@pytest.mark.parametrize("lobe", LOBES, ids=str)
@pytest.mark.parametrize("reach", [0.1, 5.0, 80.0])
def test_slopes_stay_within_their_range(lobe, reach, rates):
    """At 200 odors in reach of each of 5; without reach the range is too narrow."""
    rng = np.random.default_rng(0)
    for row in rates[::25]:
        moved = np.maximum(row + reach * rng.uniform(-1, 1, (200, 24)), 0)
        total = np.abs(moved.sum(axis=1) - row.sum()).max()
        near = slopes(lobe, row[None], reach, total)
        found = slopes(lobe, moved)
        for name in ("own", "shared"):
            low, high = getattr(near, f"{name}_low"), getattr(near, f"{name}_high")
            assert (getattr(found, f"{name}_low") >= low * (1 - 1e-12)).all()
            assert (getattr(found, f"{name}_high") <= high * (1 + 1e-12)).all()
        assert (found.own_high > slopes(lobe, row[None]).own_high).any()


@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize("lobe", LOBES, ids=str)
def test_no_slopes_exceed_the_constant(lobe, norm, rates):
    """Measured odors, weak and strong, and odors of one receptor over six decades."""
    alone = np.geomspace(1e-3, 1e3, 100)[:, None] * np.eye(24)[0]
    odors = np.vstack([rates, rates / 30, 30 * rates, alone, np.ones((1, 24))])
    found = [np.linalg.norm(matrix(lobe, row), norm) for row in odors]
    constant = lipschitz_bound(lobe, 24, norm)
    assert max(found) <= constant
    assert max(found) > constant / 8  # not far below
    if lobe.m == 0:  # the Hill function's steepest slope alone: the bound is met
        assert max(found) == pytest.approx(constant, rel=2e-3)
    assert max(found) > np.linalg.norm(matrix(lobe, rates[40]), norm)  # control: others are flatter


@pytest.mark.parametrize("norm", [2, np.inf])
def test_no_pair_of_odors_is_driven_further_apart(norm, rates):
    lobe, rng = DivisiveNormalization(), np.random.default_rng(1)
    first = np.vstack([rates, rates / 20])
    second = np.maximum(first + rng.normal(0, [[0.1], [3]] * 110, first.shape), 0)
    apart = np.linalg.norm(lobe(first) - lobe(second), norm, axis=1)
    apart /= np.linalg.norm(first - second, norm, axis=1)
    assert 0.5 < apart.max() <= lipschitz_bound(lobe, 24, norm)


def test_extreme_rates_have_slopes():
    odors = np.array([[0.0, 0.0], [1e-300, 0.0], [1e300, 1e300]])
    for exponent, at_rest in ((1.0, 165 / 12), (1.5, 0.0)):
        here = slopes(DivisiveNormalization(exponent=exponent), odors)
        assert all(np.isfinite(array).all() for array in here)
        assert here.own_high[0] == pytest.approx([at_rest, at_rest])
    assert slopes(NoNormalization(), odors, 1.0).own_low.tolist() == [[1, 1]] * 3
    assert lipschitz_bound(NoNormalization(), 24) == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: slopes(ResponseGain(), [[1.0]]), "slopes are known, got ResponseGain"),
        (lambda: lipschitz_bound(ResponseGain(), 3), "slopes are known, got ResponseGain"),
        (lambda: slopes(DivisiveNormalization(exponent=0.5), [[1.0]]), "exponent must be at least"),
        (lambda: slopes(DivisiveNormalization(), [[-1.0]]), "rates must be non-negative"),
        (lambda: slopes(DivisiveNormalization(), [[1.0]], -1.0), "reach must be finite and at l"),
        (lambda: slopes(DivisiveNormalization(), [[1.0]], [1, 2]), "reach must fit the shape"),
        (lambda: slopes(DivisiveNormalization(), [[1.0]], 0, np.nan), "total_reach must be finite"),
        (lambda: lipschitz_bound(DivisiveNormalization(), 0), "n_glomeruli must be at least 1"),
        (lambda: lipschitz_bound(DivisiveNormalization(), 3, 1), "norm must be one of 2, inf"),
    ],
)
def test_bad_requests(call, words):
    with pytest.raises(ValueError, match=words):
        call()
