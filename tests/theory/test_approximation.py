"""Bricks against NumPy's own functions, to rounding; errors of x^2 against their closed forms."""

import numpy as np
import pytest

from olfnet.theory.activations import ReLU
from olfnet.theory.approximation import (
    absolute,
    deep_square,
    gate,
    interpolation,
    largest_weight,
    max_of_minima,
    maximum,
    minimum,
    n_units,
    piecewise_linear,
    ramp,
    random_knots_error,
    square,
    switch,
    winner_take_all,
)
from olfnet.theory.network import Activate, Dense, Network

EPS = np.finfo(float).eps


def numbers(n_inputs, n_samples=2000, seed=0):
    """Integers, ties among them, and real numbers of every size."""
    rng = np.random.default_rng(seed)
    real = rng.standard_normal((n_samples, n_inputs)) * rng.choice([1e-3, 1, 1e6], (n_samples, 1))
    return np.vstack((real, rng.integers(-3, 4, (n_samples, n_inputs)), np.zeros((1, n_inputs))))


def test_absolute_value_is_exact():
    x = numbers(1)
    assert np.array_equal(absolute()(x), np.abs(x))
    assert n_units(absolute()) == 2
    assert not np.array_equal(Network([*absolute().layers[:2], Dense([[1.0, 0.0]])])(x), np.abs(x))


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 13])
@pytest.mark.parametrize(("brick", "witness"), [(maximum, np.max), (minimum, np.min)])
def test_extremes_are_exact_to_rounding(brick, witness, n):
    """Each round adds a rounded difference, at most 2 max|x|, and a number: 3 eps max|x|."""
    x = numbers(n)
    found, wanted = brick(n)(x)[:, 0], witness(x, axis=1)
    n_rounds = int(np.ceil(np.log2(n)))
    assert (np.abs(found - wanted) <= 3 * EPS * n_rounds * np.abs(x).max(axis=1)).all()
    whole = (x == np.rint(x)).all(axis=1) & (np.abs(x) < 1e3).all(axis=1)
    assert np.array_equal(found[whole], wanted[whole])
    assert whole.sum() > 1000
    assert np.abs(found - witness(x[:, 1:], axis=1)).max() > 1
    assert len([layer for layer in brick(n).layers if isinstance(layer, Activate)]) == n_rounds


def test_units_of_a_tournament():
    """Three for each of n - 1 pairs, two for whoever is left over."""
    assert [n_units(maximum(n)) for n in (2, 3, 4, 8)] == [3, 3 + 2 + 3, 9, 21]


@pytest.mark.parametrize("n", [2, 3, 6])
def test_winner_keeps_its_lead(n):
    x = numbers(n)
    ranked = np.sort(x, axis=1)
    wanted = np.where(x == ranked[:, -1:], ranked[:, -1:] - ranked[:, -2:-1], 0)
    found = winner_take_all(n)(x)
    reach = 12 * EPS * np.abs(x).max(axis=1, keepdims=True)
    assert (np.abs(found - wanted) <= reach).all()
    assert ((found > reach).sum(axis=1) <= 1).all()


def test_gate_passes_or_stops():
    signal = np.random.default_rng(0).uniform(0, 100, 500)
    for position in (0.0, 1.0):
        found = gate(100.0)(np.column_stack((signal, np.full(500, position))))[:, 0]
        np.testing.assert_allclose(found, position * signal, rtol=0, atol=200 * EPS)
    assert gate(100.0)([[130.0, 0.0]]) == 30.0, "signals that are too large leak"


def test_switch_is_a_step():
    x = np.array([[-1.0], [2.0], [np.nextafter(2, 3)], [5.0]])
    assert switch(2.0)(x).ravel().tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("slope", [1.0, 10.0, 1000.0])
def test_ramp_is_a_step_but_for_a_region_that_shrinks(slope):
    """It errs on 1 / slope of the line, by 1/2 at the most, whatever the slope."""
    x = 0.3 + np.linspace(-1, 1, 200_001) / slope
    wrong = np.abs(ramp(0.3, slope)(x[:, None]) - switch(0.3)(x[:, None]))[:, 0]
    rounding = 8 * EPS * slope
    assert wrong.max() == pytest.approx(0.5, abs=2e-5)
    region = x[wrong > rounding]
    assert np.ptp(region) == pytest.approx(1 / slope, rel=3e-5)
    assert np.mean(wrong > rounding) == pytest.approx(0.5, abs=2e-5)


def test_ramp_ends_at_one_however_far():
    """The difference of two rectifiers would round to 0 there."""
    x = np.array([[1e10], [1e17], [1e300], [-1e300]])
    for slope in (1.0, 1e8):
        assert ramp(0.0, slope)(x).ravel().tolist() == [1, 1, 1, 0]
    pair = Network([Dense([[1.0], [1.0]], [0.5, -0.5]), Activate(ReLU()), Dense([[1.0, -1.0]])])
    assert pair([[1e17]]) == 0


@pytest.mark.parametrize("seed", range(5))
def test_any_piecewise_linear_function_of_one_number(seed):
    """Against NumPy's interpolation, with straight lines added outside; slope changes add up."""
    rng = np.random.default_rng(seed)
    knots = np.sort(rng.uniform(-5, 5, 12))
    values, left, right = rng.standard_normal(12), *rng.standard_normal(2)
    x = np.concatenate((rng.uniform(-9, 9, 3000), knots))
    wanted = np.interp(x, knots, values)
    wanted += left * np.minimum(x - knots[0], 0) + right * np.maximum(x - knots[-1], 0)
    net = piecewise_linear(knots, values, left, right)
    reach = 20 * EPS * np.abs(net.layers[2].weights).sum() * 14
    np.testing.assert_allclose(net(x[:, None])[:, 0], wanted, rtol=0, atol=reach)
    assert np.abs(net(x[:, None])[:, 0] - np.interp(x, knots, values)).max() > 1e6 * reach
    assert n_units(net) == 13


def test_idle_units_are_left_out():
    assert n_units(piecewise_linear([0, 1, 2, 3], [0, 1, 2, 1], right_slope=-1)) == 2
    constant = piecewise_linear([0.0], [2.5])
    assert n_units(constant) == 1
    assert constant([[-3.0], [0.0], [9.0]]).ravel().tolist() == [2.5, 2.5, 2.5]


def test_interpolation_meets_the_function_at_its_knots():
    knots = np.random.default_rng(0).uniform(0.1, 3, 30)
    knots.sort()
    net = interpolation(np.sin, knots)
    reach = 40 * EPS * np.abs(net.layers[2].weights).sum() * 3
    np.testing.assert_allclose(net(knots[:, None])[:, 0], np.sin(knots), rtol=0, atol=reach)
    assert n_units(net) == 29
    middle = (knots[1:] + knots[:-1]) / 2
    assert np.abs(net(middle[:, None])[:, 0] - np.sin(middle)).max() > 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_any_piecewise_linear_function_of_several_numbers(seed):
    rng = np.random.default_rng(seed)
    weights, bias = rng.standard_normal((7, 4)), rng.standard_normal(7)
    groups = [[0, 1, 2, 3, 4], [5], [2, 6, 0]]
    x = numbers(4, seed=seed)
    pieces = x @ weights.T + bias
    wanted = np.max([pieces[:, group].min(axis=1) for group in groups], axis=0)
    found = max_of_minima(weights, bias, groups)(x)[:, 0]
    reach = 40 * EPS * (1 + np.abs(pieces).max(axis=1))
    assert (np.abs(found - wanted) <= reach).all()
    other = max_of_minima(weights, bias, groups[:2])(x)[:, 0]
    assert (np.abs(other - wanted) > reach).any()


def test_one_group_or_one_piece():
    x = numbers(2)
    planes = np.eye(2), np.zeros(2)
    for groups in ([[0], [1]], ({0}, {1}), np.array([[0], [1]])):
        assert np.array_equal(max_of_minima(*planes, groups)([[3, 2]]), [[3]])
    assert np.array_equal(max_of_minima([[1, 0]], [2], [[0]])(x)[:, 0], x[:, 0] + 2)


def grid(n):
    """Points of [0, 1] among which are all knots and middles of 2^k pieces, k up to log2(n) - 1."""
    return np.linspace(0, 1, n + 1)[:, None]


@pytest.mark.parametrize("n", [1, 2, 8, 64])
def test_shallow_square_errs_by_its_closed_form(n):
    x = grid(128)
    error = (square(n)(x) - x**2)[:, 0]
    assert error.max() == 1 / (4 * n**2)
    assert error.min() == 0
    balanced = (square(n, balanced=True)(x) - x**2)[:, 0]
    assert (balanced.max(), balanced.min()) == (1 / (8 * n**2), -1 / (8 * n**2))
    assert n_units(square(n)) == n_units(square(n, balanced=True)) == n


def test_no_other_heights_are_better():
    """Best possible at n equal pieces: linear programming over the values at the knots."""
    from scipy.optimize import linprog

    n, x = 4, grid(64)[:, 0]
    hats = np.maximum(0, 1 - np.abs(n * x[:, None] - np.arange(n + 1)))
    ones = np.ones((len(x), 1))
    best = linprog(
        np.append(np.zeros(n + 1), 1.0),
        A_ub=np.vstack((np.hstack((hats, -ones)), np.hstack((-hats, -ones)))),
        b_ub=np.concatenate((x**2, -(x**2))),
        bounds=[(None, None)] * (n + 1) + [(0, None)],
    )
    assert best.fun == pytest.approx(1 / (8 * n**2), abs=1e-9)


@pytest.mark.parametrize("m", range(1, 11))
def test_deep_square_errs_by_its_closed_form(m):
    """Exactly, since all its numbers are short binary fractions."""
    x = grid(2 ** (m + 2))
    error = (deep_square(m)(x) - x**2)[:, 0]
    assert error.max() == 2.0 ** -(2 * m + 2)
    assert error.min() == 0
    assert n_units(deep_square(m)) == 3 * m - 1
    assert np.array_equal(deep_square(m)(x), square(2**m)(x)), "the same function"
    assert largest_weight(deep_square(m)) <= 4


def test_rates_are_those_of_theory():
    """Shallow: error n^-2, and n^-1/2 for the root; deep: a factor of 4 for every 3 units."""
    sizes, x = 2 ** np.arange(2, 9), grid(4096)

    def errors(function):
        nets = [interpolation(function, np.linspace(0, 1, n + 1)) for n in sizes]
        return [np.abs(net(x) - function(x)).max() for net in nets]

    for function, rate in ((np.square, -2), (np.sqrt, -0.5)):
        fitted = np.polyfit(np.log(sizes), np.log(errors(function)), 1)[0]
        assert fitted == pytest.approx(rate, abs=1e-3)
    # In general max|f''| / (8 n^2); of x^4 it is taken half a piece from the end: - 1 / n.
    scaled = sizes**2 * errors(lambda t: t**4) / (12 / 8)
    assert (np.abs(scaled - (1 - 1 / sizes)) < 2 / sizes**2).all()
    deep = [np.abs(deep_square(m)(x) - x**2).max() for m in range(1, 11)]
    assert np.polyfit(np.arange(1, 11), np.log2(deep), 1)[0] == pytest.approx(-2, abs=1e-9)


def test_random_knots():
    """Mean of 4000 draws, 4 standard errors; and the smallest cases by hand."""
    assert random_knots_error(1) == 0.25
    assert random_knots_error(2) == pytest.approx(7 / 12 / 4)  # E max(u, 1 - u)^2 = 7/12
    rng = np.random.default_rng(0)
    knots = np.sort(np.hstack((np.zeros((4000, 1)), np.ones((4000, 1)), rng.random((4000, 9)))))
    errors = np.diff(knots).max(axis=1) ** 2 / 4
    reach = 4 * errors.std() / 4000**0.5
    assert abs(errors.mean() - random_knots_error(10)) < reach
    assert abs(errors.mean() - random_knots_error(11)) > reach
    net, x = interpolation(np.square, knots[0]), (knots[0, 1:] + knots[0, :-1])[:, None] / 2
    assert np.abs(net(x) - x**2).max() == pytest.approx(errors[0])


def test_bricks_are_networks_that_learn_and_compose():
    """Their parameters are those of any other network, and two of them make a third."""
    spread = maximum(3).then(absolute())
    x = numbers(3)
    np.testing.assert_allclose(spread(x)[:, 0], np.abs(x.max(axis=1)), rtol=0, atol=1e-8)
    assert all(array.dtype == float for array in spread.parameters)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: maximum(1), "n_inputs must be at least 2, got 1"),
        (lambda: minimum(0), "n_inputs must be at least 2, got 0"),
        (lambda: winner_take_all(1), "n_inputs must be at least 2, got 1"),
        (lambda: winner_take_all(51), "n_inputs must be at most 50, got 51"),
        (lambda: maximum(3)([[1.0, 2.0]]), r"inputs must have 3 columns, got shape \(1, 2\)"),
        (lambda: maximum(2)([[1.0, np.nan]]), r"inputs must be finite, got nan at \(0, 1\)"),
        (lambda: switch()([["a"]]), "inputs must be numbers, got"),
        (lambda: gate(0), "largest must be positive, got 0"),
        (lambda: switch(np.nan), "threshold must be finite, got nan"),
        (lambda: ramp(0, 0), "slope must be positive, got 0"),
        (lambda: ramp(np.inf), "threshold must be finite, got inf"),
        (lambda: piecewise_linear([0, 1], [1]), "values must have 2 entries, got 1"),
        (lambda: piecewise_linear([0, 0], [1, 1]), "knots must increase"),
        (lambda: piecewise_linear([0], [1], np.nan), "left_slope must be finite, got nan"),
        (lambda: interpolation(np.sin, [1.0]), "knots must be at least 2, got 1"),
        (lambda: interpolation(np.sin, [1.0, 0.0]), "knots must increase"),
        (lambda: interpolation(lambda x: x[:1], [0, 1]), r"\(knots\) must have 2 entries, got 1"),
        (lambda: random_knots_error(0), "n_pieces must be whole numbers of at least 1, got 0"),
        (lambda: random_knots_error([3, 2.5]), "must be whole numbers of at least 1, got .3, 2.5"),
        (lambda: max_of_minima([[1, 0]], [1], [[1]]), "groups must name some of 1 pieces"),
        (lambda: max_of_minima([[1, 0]], [1], [[0], []]), "groups must name some of 1 pieces"),
        (lambda: max_of_minima([[1, 0]], [1], [[0.5]]), "groups must name some of 1 pieces"),
        (lambda: max_of_minima([[1, 0]], [1], [0]), "groups must name some of 1 pieces, got .0."),
        (lambda: max_of_minima([[1, 0]], [1], []), "groups must name some of 1 pieces, got .."),
        (lambda: square(0), "n_pieces must be at least 1, got 0"),
        (lambda: deep_square(0), "n_compositions must be at least 1, got 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
