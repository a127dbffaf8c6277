"""Sparse grids against enumeration, SciPy's full grids, closed forms and Monte Carlo."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.interpolate import BarycentricInterpolator, RegularGridInterpolator

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


def wavy(x):
    return np.exp(x[:, 0]) * np.cos(3 * x[:, 1]) + x.sum(axis=1) ** 2


@pytest.mark.parametrize(
    ("n_dims", "level", "wanted", "of_full"),
    [(2, 5, 129, 961), (3, 5, 351, 29_791), (10, 5, 13_441, 31**10)],
)
def test_published_numbers_of_points(n_dims, level, wanted, of_full):
    assert sparse_grids.n_points(n_dims, level) == wanted
    assert (2**level - 1) ** n_dims == of_full
    assert regular(n_dims, level).n_points == wanted


@pytest.mark.parametrize(("n_dims", "level"), [*product([1, 2, 3, 4], [1, 2, 4])])
def test_points_are_those_of_coarse_full_grids(n_dims, level):
    """A point of finest levels l is there if they add up to at most level + n_dims - 1."""
    axis = np.arange(1, 2**level)
    lowest = level - np.array([(n & -n).bit_length() - 1 for n in axis.tolist()])
    wanted = sum(
        sum(lowest[list(place)]) <= level + n_dims - 1
        for place in product(range(len(axis)), repeat=n_dims)
    )
    grid = regular(n_dims, level)
    assert len(np.unique(grid.points, axis=0)) == grid.n_points == wanted


@pytest.mark.parametrize("basis", BASES, ids=lambda basis: type(basis).__name__)
@pytest.mark.parametrize("level", [1, 2, 3, 5])
def test_basis_is_one_at_its_node_and_zero_at_earlier_ones(basis, level):
    nodes = basis.nodes(level)
    assert np.abs(basis.values(level, nodes) - np.eye(len(nodes))).max() < 100 * EPS
    for coarse in range(1, level):
        assert np.abs(basis.values(level, basis.nodes(coarse))).max() < 100 * EPS


@pytest.mark.parametrize("basis", BASES, ids=lambda basis: type(basis).__name__)
@pytest.mark.parametrize("level", [1, 2, 3, 5])
def test_integrals_of_the_basis(basis, level):
    """Gauss and Legendre's rule on each of 64 pieces; kinks lie between pieces."""
    at, weights = np.polynomial.legendre.leggauss(20)
    points = (np.arange(64)[:, None] + (at + 1) / 2).ravel() / 64
    found = np.tile(weights / 128, 64) @ basis.values(level, points)
    assert basis.integrals(level) == pytest.approx(found, abs=1e-13)


@pytest.mark.parametrize("basis", BASES, ids=lambda basis: type(basis).__name__)
def test_any_values_are_met_at_the_points(basis):
    grid = regular(3, 4, basis)
    drawn = np.random.default_rng(0).random(grid.n_points)
    values = dict(zip(map(tuple, grid.points), drawn, strict=True))
    found = interpolate(lambda x: np.array([values[tuple(one)] for one in x]), grid)
    at = np.array(list(values))
    assert found(at) == pytest.approx(np.array(list(values.values())), abs=1e-12)
    assert not np.allclose(found(np.clip(at + 0.01, 0, 1)), list(values.values()), atol=1e-3)


def test_full_grid_is_that_of_scipy():
    axes = [np.linspace(0, 1, 17)] * 2
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    known = wavy(mesh.reshape(-1, 2)).reshape(17, 17)
    known[[0, -1]] = known[:, [0, -1]] = 0.0
    x = np.random.default_rng(0).random((500, 2))
    wanted = RegularGridInterpolator(axes, known)(x)
    assert interpolate(wavy, full(2, 4))(x) == pytest.approx(wanted, abs=1e-13)


def test_regular_grid_is_the_combination_of_full_ones():
    """Griebel, Schneider & Zenger 1992: full grids of equal level sums, with binomial signs."""

    def anisotropic(levels):
        axes = [np.linspace(0, 1, 2**k + 1) for k in levels]
        mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        known = np.prod(np.sin(np.pi * mesh), axis=-1) * np.exp(mesh[..., 0] * mesh[..., 2])
        return RegularGridInterpolator(axes, known)

    n_dims, level = 3, 4
    x = np.random.default_rng(0).random((300, n_dims))
    wanted = np.zeros(len(x))
    for q in range(n_dims):
        for levels in product(range(1, level + 1), repeat=n_dims):
            if sum(levels) == level + n_dims - 1 - q:
                wanted += (-1) ** q * comb(n_dims - 1, q) * anisotropic(levels)(x)
    found = interpolate(
        lambda x: np.prod(np.sin(np.pi * x), axis=1) * np.exp(x[:, 0] * x[:, 2]),
        regular(n_dims, level),
    )
    assert found(x) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(("n_dims", "level"), [(1, 3), (2, 5), (3, 4), (6, 4)])
def test_error_of_the_integral_of_parabolas(n_dims, level):
    found = interpolate(lambda x: np.prod(x * (1 - x), axis=1), regular(n_dims, level))
    missing = 6.0**-n_dims - found.integral
    assert missing == pytest.approx(sparse_grids.parabola_error(n_dims, level), rel=1e-9)
    terms = (comb(k + n_dims - 1, k) * 0.25**k for k in range(level, level + 60))
    assert sparse_grids.parabola_error(n_dims, level) == pytest.approx(
        sum(terms) / 8.0**n_dims, rel=1e-12
    )


def test_error_nowhere_exceeds_the_sum_of_what_is_left_out():
    """Blocks add at most their surplus anywhere: 2^d times what they integrate to."""
    x = np.random.default_rng(0).random((3000, 3))
    for level in (2, 4, 6):
        found = interpolate(lambda x: np.prod(x * (1 - x), axis=1), regular(3, level))
        worst = np.abs(found(x) - np.prod(x * (1 - x), axis=1)).max()
        bound = 8 * sparse_grids.parabola_error(3, level)
        assert bound / 5 < worst <= bound


def test_polynomials_are_exact_and_their_integrals():
    """Degrees up to 4, 2, 1 come with levels 3, 2, 2, which a regular grid of level 5 holds."""

    def cubic(x):
        return x[:, 0] ** 4 + x[:, 1] ** 2 * x[:, 2] - 2 * x[:, 0] * x[:, 2]

    grid = regular(3, 5, Polynomial())
    found = interpolate(cubic, grid)
    x = np.random.default_rng(0).random((200, 3))
    assert found(x) == pytest.approx(cubic(x), abs=1e-12)
    assert found.integral == pytest.approx(1 / 5 + 1 / 6 - 1 / 2, abs=1e-13)
    assert np.abs(found(x) - cubic(x) - 1e-6 * x[:, 0] ** 9).max() > 1e-9


def test_smooth_functions_of_six_numbers_need_few_points():
    def bound(x):
        held = x @ 2.0 ** -np.arange(6)
        return held / (1 + held)

    x = np.random.default_rng(0).random((1000, 6))
    found = interpolate(bound, regular(6, 5, Polynomial()))
    assert np.abs(found(x) - bound(x)).max() < 3e-4
    assert found.grid.n_points == 1457


def test_full_grids_of_chebyshev_nodes_need_more_unless_they_know_what_matters():
    """A response of competing odors, to 10^-4: 1761 points adapted, 6^6 or 6 4 4 3 3 2 laid out."""

    def bound(x):
        return (
            x
            @ (2.0 ** -np.arange(6) * [1.0, 0.2, 0.9, 0.4, 0.7, 0.1])
            / (1 + x @ 2.0 ** -np.arange(6))
        )

    def off(sizes):
        sides = [np.sin(np.pi / 2 * np.arange(n) / (n - 1)) ** 2 for n in sizes]
        values = bound(np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1))
        shares = [
            BarycentricInterpolator(side, np.eye(len(side)))(column)
            for side, column in zip(sides, x.T, strict=True)
        ]
        found = np.einsum("pa,pb,pc,pd,pe,pf,abcdef->p", *shares, values, optimize="greedy")
        return np.abs(found - bound(x)).max()

    x = np.random.default_rng(0).random((200, 6))
    found = adaptive(bound, 6, tolerance=1e-5, basis=Polynomial()).interpolant
    assert np.abs(found(x) - bound(x)).max() < 1e-4 > off((6, 4, 4, 3, 3, 2))
    assert found.grid.n_points == 1761 > np.prod((6, 4, 4, 3, 3, 2))
    assert off((6,) * 6) < 1e-4 < off((5,) * 6)


def test_adaptive_grid_finds_the_dimensions_that_matter():
    found = adaptive(lambda x: np.exp(x[:, 1] * x[:, 4]), 6, tolerance=1e-3)
    assert set(np.flatnonzero(found.interpolant.importance)) == {1, 4}
    assert found.interpolant.grid.levels[:, [0, 2, 3, 5]].max() == 2  # asked once, then left
    mixed = adaptive(lambda x: np.exp(x.mean(axis=1)), 6, tolerance=1e-3)
    assert (mixed.interpolant.importance > 0).all()


@pytest.mark.parametrize("basis", [OpenHat(), Polynomial()], ids=["OpenHat", "Polynomial"])
def test_additive_functions_have_parts_of_one_dimension(basis):
    def additive(x):
        return np.exp(x[:, 0]) + np.sin(3 * x[:, 1]) + x[:, 2] ** 2

    found = interpolate(additive, regular(3, 4, basis))
    of_two = [part for dims, part in found.parts().items() if len(dims) > 1]
    assert max(np.abs(s).max() for part in of_two for s in part.surpluses) < 100 * EPS
    x = np.random.default_rng(0).random((50, 3))
    middle = additive(np.full((1, 3), 0.5))
    parts = sum(part(x) for part in found.parts().values())
    assert parts + middle == pytest.approx(found(x), abs=1e-13)
    other = interpolate(lambda x: additive(x) * (1 + x[:, 1]), regular(3, 4, basis))
    pair = other.parts()[0, 1].surpluses
    assert max(np.abs(s).max() for s in pair) > 0.1


def test_importance_bounds_the_change_where_a_dimension_is_fixed():
    def some(x):
        return np.exp(-x[:, 0]) * (1 + 0.3 * np.sin(5 * x[:, 1])) + 0.05 * x[:, 2]

    found = interpolate(some, regular(3, 5, OpenHat()))
    x = np.random.default_rng(0).random((2000, 3))
    for dim in range(3):
        fixed = x.copy()
        fixed[:, dim] = 0.5
        changed = np.abs(found(x) - found(fixed)).mean()
        assert changed < 1.03 * found.importance[dim] < 10 * changed
    assert np.argsort(found.importance).tolist() == [2, 1, 0]


def test_refinement_ends_at_the_tolerance_or_before_too_many_points():
    good = adaptive(wavy, 2, tolerance=1e-2, basis=Polynomial())
    x = np.random.default_rng(0).random((1000, 2))
    assert good.error <= 1e-2
    assert np.abs(good.interpolant(x) - wavy(x)).max() < 3e-2  # of an estimate of 1e-2
    few = adaptive(wavy, 2, tolerance=1e-9, max_points=40)
    assert few.error > 1e-9
    assert few.interpolant.grid.n_points <= 40


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: regular(0, 3), "n_dims must be at least 1, got 0"),
        (lambda: regular(2, 2.5), "level must be an integer, got 2.5"),
        (lambda: SparseGrid(np.array([[1, 1], [1, 3]])), r"levels must hold \(1, 2\)"),
        (lambda: SparseGrid(np.array([[1, 1], [1, 1]])), "levels must differ, got 1 twice"),
        (lambda: SparseGrid(np.array([[0.5]])), "levels must be a table of integers"),
        (lambda: SparseGrid(np.array([[0, 1]])), "levels must be at least 1, got 0"),
        (lambda: interpolate(lambda x: x, regular(2, 2)), "values of the function must be 1-D"),
        (lambda: interpolate(lambda x: x[:1, 0], regular(2, 2)), "one number for each of 2 points"),
        (lambda: interpolate(lambda x: x[:, 0] / 0, regular(1, 1)), "must be finite, got inf"),
        (lambda: interpolate(wavy, regular(2, 2))([[0.5, 1.5]]), "between 0 and 1, got 1.5"),
        (lambda: interpolate(wavy, regular(2, 2))([[0.5]]), "points must have 2 columns, got 1"),
        (lambda: interpolate(wavy, regular(2, 2)).parts(), "constant in level 1 for parts"),
        (lambda: adaptive(wavy, 2, tolerance=0.0), "tolerance must be positive, got 0"),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=words):
        call()
