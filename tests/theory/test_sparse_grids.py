"""Sparse grids against enumeration, SciPy's full grids, closed forms and Monte Carlo."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from olfnet.theory import sparse_grids
from olfnet.theory.sparse_grids import (
    Hat,
    OpenHat,
    Polynomial,
    SparseGrid,
    adaptive,
    full,
    interpolate,
    regular,
)

BASES = (Hat(), OpenHat(), Polynomial())
EPS = np.finfo(float).eps
EACH_BASIS = pytest.mark.parametrize("basis", BASES, ids=lambda basis: type(basis).__name__)


def parabola(x):
    return np.prod(x * (1 - x), axis=1)


def uniform(*shape):
    return np.random.default_rng(0).random(shape)


def wavy(x):
    return np.exp(x[:, 0]) * np.cos(3 * x[:, 1]) + x.sum(axis=1) ** 2


@pytest.mark.parametrize(("n_dims", "level"), [(1, 4), (2, 4), (3, 2), (4, 4)])
def test_points_are_those_of_coarse_full_grids(n_dims, level):
    """A point of finest levels l is there if they add up to at most level + n_dims - 1."""
    axis = np.arange(1, 2**level)
    lowest = level - np.array([(n & -n).bit_length() - 1 for n in axis.tolist()])
    n = sum(sum(levels) <= level + n_dims - 1 for levels in product(lowest, repeat=n_dims))
    grid = regular(n_dims, level)
    assert len(np.unique(grid.points, axis=0)) == grid.n_points == n


@EACH_BASIS
@pytest.mark.parametrize("level", [1, 2, 3, 5])
def test_basis(basis, level):
    """One at its own node, zero at earlier ones; integrals by Gauss-Legendre on 64 pieces."""
    nodes = basis.nodes(level)
    assert np.abs(basis.values(level, nodes) - np.eye(len(nodes))).max() < 100 * EPS
    for coarse in range(1, level):
        assert np.abs(basis.values(level, basis.nodes(coarse))).max() < 100 * EPS
    at, weights = np.polynomial.legendre.leggauss(20)
    points = (np.arange(64)[:, None] + (at + 1) / 2).ravel() / 64
    integrals = np.tile(weights / 128, 64) @ basis.values(level, points)
    assert basis.integrals(level) == pytest.approx(integrals, abs=1e-13)


@EACH_BASIS
def test_any_values_are_met_at_the_points(basis):
    grid = regular(3, 4, basis)
    values = uniform(grid.n_points)
    table = dict(zip(map(tuple, grid.points), values, strict=True))
    interpolant = interpolate(lambda x: np.array([table[tuple(point)] for point in x]), grid)
    assert interpolant(grid.points) == pytest.approx(values, abs=1e-12)
    assert not np.allclose(interpolant(np.clip(grid.points + 0.01, 0, 1)), values, atol=1e-3)


def test_full_grid_is_that_of_scipy():
    axes = [np.linspace(0, 1, 17)] * 2
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    known = wavy(mesh.reshape(-1, 2)).reshape(17, 17)
    known[[0, -1]] = known[:, [0, -1]] = 0.0
    x = uniform(500, 2)
    exact = RegularGridInterpolator(axes, known)(x)
    assert interpolate(wavy, full(2, 4))(x) == pytest.approx(exact, abs=1e-13)


def test_regular_grid_is_the_combination_of_full_ones():
    """Griebel, Schneider & Zenger 1992: full grids of equal level sums, with binomial signs."""

    def function(x):
        return np.prod(np.sin(np.pi * x), axis=-1) * np.exp(x[..., 0] * x[..., 2])

    def anisotropic(levels):
        axes = [np.linspace(0, 1, 2**k + 1) for k in levels]
        mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        return RegularGridInterpolator(axes, function(mesh))

    n_dims, level = 3, 4
    x = uniform(300, n_dims)
    combined = np.zeros(len(x))
    for q in range(n_dims):
        for levels in product(range(1, level + 1), repeat=n_dims):
            if sum(levels) == level + n_dims - 1 - q:
                combined += (-1) ** q * comb(n_dims - 1, q) * anisotropic(levels)(x)
    assert interpolate(function, regular(n_dims, level))(x) == pytest.approx(combined, abs=1e-12)


@pytest.mark.parametrize(("n_dims", "level"), [(1, 3), (3, 4), (6, 4)])
def test_error_of_parabolas(n_dims, level):
    """Of the integral exactly; anywhere at most 2^d times that, as blocks add their surplus."""
    interpolant = interpolate(parabola, regular(n_dims, level))
    error = sparse_grids.parabola_error(n_dims, level)
    assert 6.0**-n_dims - interpolant.integral == pytest.approx(error, rel=1e-9)
    terms = (comb(k + n_dims - 1, k) * 0.25**k for k in range(level, level + 60))
    assert error == pytest.approx(sum(terms) / 8.0**n_dims, rel=1e-12)
    x = uniform(3000, n_dims)
    largest = np.abs(interpolant(x) - parabola(x)).max()
    assert 2**n_dims * error / (5 if n_dims < 6 else 100) < largest <= 2**n_dims * error


def test_polynomials_are_exact_and_their_integrals():
    """Degrees up to 4, 2, 1 come with levels 3, 2, 2, which a regular grid of level 5 holds."""

    def quartic(x):
        return x[:, 0] ** 4 + x[:, 1] ** 2 * x[:, 2] - 2 * x[:, 0] * x[:, 2]

    interpolant, x = interpolate(quartic, regular(3, 5, Polynomial())), uniform(200, 3)
    assert interpolant(x) == pytest.approx(quartic(x), abs=1e-12)
    assert interpolant.integral == pytest.approx(1 / 5 + 1 / 6 - 1 / 2, abs=1e-13)
    assert np.abs(interpolant(x) - quartic(x) - 1e-6 * x[:, 0] ** 9).max() > 1e-9


def test_importance_bounds_the_change_where_a_dimension_is_fixed():
    def function(x):
        return np.exp(-x[:, 0]) * (1 + 0.3 * np.sin(5 * x[:, 1])) + 0.05 * x[:, 2]

    interpolant, x = interpolate(function, regular(3, 5, OpenHat())), uniform(2000, 3)
    parts = sum(part(x) for part in interpolant.parts().values())
    assert parts + function(np.full((1, 3), 0.5)) == pytest.approx(interpolant(x), abs=1e-13)
    for dim in range(3):
        fixed = x.copy()
        fixed[:, dim] = 0.5
        changed = np.abs(interpolant(x) - interpolant(fixed)).mean()
        assert changed < 1.03 * interpolant.importance[dim] < 10 * changed
    assert np.argsort(interpolant.importance).tolist() == [2, 1, 0]


def test_refinement_ends_at_the_tolerance_or_before_too_many_points():
    good = adaptive(wavy, 2, tolerance=1e-2, basis=Polynomial())
    x = uniform(1000, 2)
    assert good.error <= 1e-2
    assert np.abs(good.interpolant(x) - wavy(x)).max() < 3e-2  # of an estimate of 1e-2
    few = adaptive(wavy, 2, tolerance=1e-9, max_points=40)
    assert few.error > 1e-9
    assert few.interpolant.grid.n_points <= 40


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: regular(2, 2.5), "level must be an integer, got 2.5"),
        (lambda: SparseGrid(np.array([[1, 1], [1, 3]])), r"levels must hold \(1, 2\)"),
        (lambda: SparseGrid(np.array([[1, 1], [1, 1]])), "levels must differ, got 1 dup"),
        (lambda: SparseGrid(np.array([[0.5]])), "levels must be integers, got"),
        (lambda: SparseGrid(np.array([1, 1])), r"levels must have shape .* got \(2,\)"),
        (lambda: interpolate(lambda x: x, regular(2, 2)), "values of the function must be 1-D"),
        (lambda: interpolate(lambda x: x[:1, 0], regular(2, 2)), "one number for each of 2 points"),
        (lambda: interpolate(lambda x: x[:, 0] / 0, regular(1, 1)), "must be finite, got inf"),
        (lambda: interpolate(wavy, regular(2, 2))([[0.5, 1.5]]), r"must be in \[0, 1\], got 1.5"),
        (lambda: interpolate(wavy, regular(2, 2))([[0.5]]), "points must have 2 columns, got 1"),
        (lambda: interpolate(wavy, regular(2, 2)).parts(), "constant in level 1 for parts"),
    ],
)
def test_bad_input(call, message):
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=message):
        call()
