"""Solutions of differential equations against SciPy's solver and mpmath."""

import mpmath
import numpy as np
import pytest
import scipy.integrate

from olfnet.theory import pinn
from olfnet.theory.pinn import Dirichlet, Neumann, Problem

VARIED = Problem(
    diffusion=lambda x: 1 + x**2,
    diffusion_slope=lambda x: 2 * x,
    decay=np.exp,
    source=np.cos,
    low=Dirichlet(0.5),
    high=Neumann(-0.3),
    interval=(-0.5, 1.0),
)
PROBLEMS = [
    Problem(2.0, 3.0, 1.0, Dirichlet(1.0), Neumann(-0.5), (0.5, 2.0)),
    Problem(2.0, 3.0, 1.0, Neumann(0.7), Neumann(0.2)),
    Problem(1.5, 0.0, 2.0, Neumann(1.0), Dirichlet(-1.0)),
    Problem(0.01, 4.0, 1.0, Dirichlet(3.0), Dirichlet(0.0)),
    VARIED,
]


def boundary_value(problem, places):
    """What SciPy's collocation makes of the problem, for u and its flow a u'."""

    def flows(x, y):
        a, _, k, s = problem.at(x)
        return np.stack([y[1] / a, k * y[0] - s])

    def ends(low, high):
        sides = ((problem.low, low, -1), (problem.high, high, 1))
        return np.array(
            [y[0] - e.value if isinstance(e, Dirichlet) else n * y[1] - e.inflow
             for e, y, n in sides]
        )  # fmt: skip

    grid = np.linspace(*problem.interval, 50)
    return scipy.integrate.solve_bvp(flows, ends, grid, np.zeros((2, 50)), tol=1e-8).sol(places)[0]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_references_agree_with_one_another(problem):
    """SciPy's solver to 1e-7; differences with an error that falls fourfold as pieces halve."""
    errors = []
    for n_pieces in (200, 400):
        places, values = pinn.finite_differences(problem, n_pieces)
        exact = boundary_value(problem, places)
        if problem is not VARIED:
            np.testing.assert_allclose(pinn.closed_form(problem, places), exact, atol=1e-7)
            exact = pinn.closed_form(problem, places)
        errors.append(np.abs(values - exact).max())
    assert errors[1] < 1e-3
    # Parabolas are met to rounding; SciPy's own 1e-8 blurs the rate where there is no closed form.
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05) or errors[0] < 1e-12


def test_a_wrong_inflow_is_noticed():
    wrong = Problem(2.0, 3.0, 1.0, Neumann(-0.7), Neumann(0.2))
    right = boundary_value(PROBLEMS[1], np.array([0.0]))
    assert abs(pinn.closed_form(wrong, [0.0])[0] - right[0]) > 0.1


@pytest.mark.parametrize("decay", [1e-14, 1e-9, 1e-4, 0.3, 3.99, 4.01, 50.0])
def test_decay_that_is_hardly_there_costs_no_digits(decay):
    """By mpmath, s / k (1 - cosh((x - 1/4) / l) / cosh(1 / (4 l))) with held ends, and walls."""
    x = np.linspace(0, 0.5, 5)
    with mpmath.workdps(50):
        k = mpmath.mpf(decay)
        root = mpmath.sqrt(k)
        held = [(1 - mpmath.cosh((p - 0.25) * root) / mpmath.cosh(root / 4)) / k for p in x]
        wall = [(1 - mpmath.cosh(p * root) / mpmath.cosh(root / 2)) / k for p in x]
    for low, wanted in ((pinn.Dirichlet(), held), (pinn.Neumann(), wall)):
        problem = pinn.Problem(decay=decay, source=1.0, low=low, interval=(0.0, 0.5))
        found = pinn.closed_form(problem, x)
        np.testing.assert_allclose(found, np.array(wanted, dtype=float), rtol=1e-12, atol=1e-15)
