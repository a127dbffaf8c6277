"""Networks that solve differential equations: losses and noise, each against a witness."""

import numpy as np
import pytest
import scipy.integrate

from olfnet.theory import pinn
from olfnet.theory.activations import LeakyReLU, ReLU, Step, Tanh
from olfnet.theory.approximation import interpolation
from olfnet.theory.network import Convolution, Dense, Network, Residual, dense
from olfnet.theory.pinn import (
    Dirichlet,
    Energy,
    Galerkin,
    Neumann,
    Points,
    Problem,
    Strong,
    Trial,
    flat,
    moved,
)

PARABOLA = Problem(source=1.0)
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
FORMS = [Strong(3.0), Energy(7.0), Galerkin(5, 2.0)]


def rng(seed=0):
    return np.random.default_rng(seed)


def network(activation=None, *widths, seed=1):
    """A network drawn at random, with one input and one output."""
    widths = widths or (12,)
    return dense([1, *widths, 1], activation or Tanh(), bias_variance=1.0, rng=seed)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("imposed", [True, False])
@pytest.mark.parametrize("problem", [VARIED, PROBLEMS[1], PROBLEMS[3]])
def test_gradients_are_differences_of_losses(form, imposed, problem):
    """Central differences in a random direction: relative error 1e-10 or so, and rounding."""
    trial = Trial(problem, network(), imposed)
    points = pinn.draw(problem, 30, rng=4)
    numbers, slopes = flat(trial.network.parameters), flat(form(trial, points)[1])
    direction = rng(5).standard_normal(len(numbers))
    up, down = (form(moved(trial, numbers + by * direction), points)[0] for by in (1e-5, -1e-5))
    assert slopes @ direction == pytest.approx((up - down) / 2e-5, rel=1e-6)
    assert 1.001 * slopes @ direction != pytest.approx((up - down) / 2e-5, rel=1e-6)


@pytest.mark.parametrize("imposed", [True, False])
def test_losses_are_integrals(imposed):
    """All three forms written out anew, with SciPy's quadrature and a network in plain NumPy."""
    trial, step = Trial(VARIED, network(), imposed), 1e-4

    def u(x):
        return trial(np.atleast_1d(x))

    def slope(x):
        return (u(x + step) - u(x - step)) / (2 * step)

    def flow(x):
        return (1 + x**2) * slope(x)

    def residual(x):
        return np.exp(x) * u(x) - (flow(x + step) - flow(x - step)) / (2 * step) - np.cos(x)

    def integral(f, low=-0.5, high=1.0, middle=None):
        return scipy.integrate.quad(lambda x: f(x)[0], low, high, points=middle, epsabs=1e-9)[0]

    value, inflow = 0 if imposed else (u(-0.5)[0] - 0.5) ** 2, flow(1.0)[0]
    strong = integral(lambda x: residual(x) ** 2) / 1.5 + 3 * (value + (inflow + 0.3) ** 2)
    energy = (
        integral(lambda x: flow(x) * slope(x) / 2 + np.exp(x) * u(x) ** 2 / 2 - np.cos(x) * u(x))
        + 0.3 * u(1.0)[0]
        + 7 * value
    )
    imbalances = []
    for node in np.linspace(-0.5, 1, 6)[1:]:
        last = node == 1.0

        def work(x, node=node):
            hat = max(0.0, 1 - abs(x - node) / 0.3)
            rise = np.sign(node - x) / 0.3 if abs(x - node) < 0.3 else 0.0
            return flow(x) * rise + (np.exp(x) * u(x) - np.cos(x)) * hat

        ends = (node - 0.3, 1.0 if last else node + 0.3)
        found = integral(work, *ends, None if last else [node]) + 0.3 * last
        imbalances.append(found / (0.15 if last else 0.3))
    balance = np.mean(np.square(imbalances)) + 2 * value
    for form, wanted in zip(FORMS, (strong, energy, balance), strict=True):
        found = form(trial, pinn.quadrature(VARIED, 20))[0]
        assert found == pytest.approx(wanted, rel=1e-5), form


def test_imposed_ends_are_met_whatever_the_network_says():
    for problem in PROBLEMS:
        values = Trial(problem, network())(problem.interval)
        for end, value in zip((problem.low, problem.high), values, strict=True):
            if isinstance(end, Dirichlet):
                assert value == pytest.approx(end.value, abs=1e-14)


@pytest.mark.parametrize("widths", [(1,), (30,), (10, 10)])
def test_rectifiers_cannot_learn_from_the_strong_form(widths):
    """The loss is 1, whatever the parameters, and so has no gradient; tanh is not so."""
    points = pinn.draw(PARABOLA, 50, rng=1)
    for activation in (ReLU(), LeakyReLU(0.3)):
        loss, slopes = Strong(0.0)(Trial(PARABOLA, network(activation, *widths), False), points)
        assert loss == pytest.approx(1, abs=1e-14)
        assert (flat(slopes) == 0).all()
    loss, slopes = Strong(0.0)(Trial(PARABOLA, network(Tanh(), *widths), False), points)
    assert abs(loss - 1) > 1e-3
    assert np.abs(flat(slopes)).max() > 1e-3


def test_with_decay_rectifiers_learn_something_from_the_strong_form_but_not_the_solution():
    """Without curvature the residual is k u - s: its least is at u = s / k."""
    problem = Problem(decay=4.0, source=1.0)
    start = Trial(problem, network(ReLU(), 20, seed=3), False)
    done = pinn.solve(start, Strong(0.0)).trial
    assert Strong(0.0)(done, pinn.quadrature(problem))[0] < 1e-4
    assert done([0.5])[0] == pytest.approx(0.25, abs=0.01)
    assert pinn.closed_form(problem, [0.5])[0] < 0.1


def parabola_energy(values):
    """Energy of a rectifier network through these values at equal distances, by Gauss's points."""
    n = len(values) - 1
    knots = np.linspace(0, 1, n + 1)
    line = interpolation(lambda x: np.interp(x, knots, values), knots)
    trial = Trial(PARABOLA, line, imposed=False)
    return Energy()(trial, pinn.quadrature(PARABOLA, n, 2))[0]


@pytest.mark.parametrize("n", [2, 8, 30])
def test_rectifiers_miss_the_least_energy_by_the_square_of_their_pieces(n):
    """h^2 / 24 exactly for values on the parabola; any other values have more energy."""
    knots = np.linspace(0, 1, n + 1)
    values = knots * (1 - knots) / 2
    missed = parabola_energy(values) + 1 / 24
    assert missed == pytest.approx(n**-2.0 / 24, rel=1e-10)
    if n in (published := {2: 1.042e-2, 8: 6.510e-4}):
        assert missed == pytest.approx(published[n], rel=5e-4)
    for place in range(1, n):
        for by in (-1e-3, 1e-3):
            off = values + by * (np.arange(n + 1) == place)
            # Two pieces of slope by * n: by^2 n / 2 each.
            added = parabola_energy(off) - parabola_energy(values)
            assert added == pytest.approx(1e-6 * n, rel=1e-6)


def test_gradient_noise_is_that_of_simulated_draws():
    """The variance of 1000 draws has a standard error of 5 to 6 %; three of them."""
    trial = Trial(VARIED, network())
    for form in (Strong(), Energy()):
        exact = pinn.gradient_noise(trial, form, 7)
        found = pinn.sampled_noise(trial, form, 7, n_draws=1000, rng=1)
        assert found.variance == pytest.approx(exact.variance, rel=0.17)
        reach = 3 * 2 * np.sqrt(exact.squared_mean * exact.variance / 1000)
        assert found.squared_mean == pytest.approx(exact.squared_mean, abs=reach)
        assert found.variance != pytest.approx(exact.variance * 7 / 5, rel=0.17)
        numbers = flat(form(trial, pinn.quadrature(VARIED))[1])
        assert exact.squared_mean == pytest.approx(numbers @ numbers, rel=1e-8)


def test_relative_noise_does_not_depend_on_the_unit_of_the_equation():
    """Three times the equation: nine times the strong loss, three times the energy."""
    net, triple = network(), Problem(3.0, 0.0, 3.0)
    for form, times in ((Strong(), 9.0), (Energy(), 3.0)):
        one, three = (
            pinn.gradient_noise(Trial(problem, net), form) for problem in (PARABOLA, triple)
        )
        assert three.variance == pytest.approx(times**2 * one.variance, rel=1e-12)
        assert three.relative == pytest.approx(one.relative, rel=1e-12)
    assert pinn.GradientNoise(0.0, 1.0).relative == np.inf


@pytest.mark.parametrize("form", [Strong(), Energy(), Galerkin(10)])
def test_networks_learn_to_solve(form):
    """Against differences on a fine grid, whose own error is below 1e-6."""
    places, wanted = pinn.finite_differences(VARIED, 1000)
    start = Trial(VARIED, network(Tanh(), 10, seed=4))
    assert np.abs(start(places) - wanted).max() > 0.1
    done = pinn.solve(start, form, n_steps=250)
    assert np.abs(done.trial(places) - wanted).max() < 1e-3
    assert done.losses[-1] == done.losses.min() < done.losses[0]
    assert done.message


def test_free_ends_are_missed_by_what_their_penalty_leaves():
    """The least energy with a penalty p has a slope of 1/2 where it misses by 1 / (4 p)."""
    done = pinn.solve(Trial(PARABOLA, network(), False), Energy(20.0)).trial
    assert done([0.0, 1.0]) == pytest.approx([0.0125, 0.0125], rel=0.03)


def test_stochastic_descent_is_repeatable_and_descends():
    start = Trial(PARABOLA, network())
    options = {"learning_rate": 1e-3, "n_steps": 60}
    found = [pinn.descend(start, Energy(), 20, rng=2, **options).losses for _ in range(2)]
    assert (found[0] == found[1]).all()
    kept = pinn.descend(start, Energy(), pinn.quadrature(PARABOLA, 5), **options)
    assert len(kept.losses) == 61
    assert kept.losses[-1] < kept.losses[0] - 0.01
    by_hand = flat(start.network.parameters)
    for _ in range(60):
        slopes = Energy()(moved(start, by_hand), pinn.quadrature(PARABOLA, 5))[1]
        by_hand = by_hand - 1e-3 * flat(slopes)
    np.testing.assert_allclose(flat(kept.trial.network.parameters), by_hand, rtol=1e-12)


def test_divergence_is_told():
    start = Trial(PARABOLA, network())
    with pytest.raises(FloatingPointError, match="learning_rate must be smaller, got 10"):
        pinn.descend(start, Strong(), 5, learning_rate=10.0, n_steps=200, rng=1)
    assert pinn.Strong is Strong


TRIAL = Trial(PARABOLA, network())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Problem(diffusion=0.0, low=Dirichlet()), "diffusion must be positive, got 0"),
        (lambda: Problem(decay=-1.0), "decay must be non-negative, got -1"),
        (lambda: Problem(source=np.nan), "source must be finite"),
        (lambda: Problem(decay=lambda x: -x), "decay must be non-negative, got -1"),
        (lambda: Problem(diffusion=np.exp), "diffusion_slope must be a function"),
        (lambda: Problem(interval=(1.0, 0.0)), "interval must go up, got 1 to 0"),
        (lambda: Problem(low=3.0), "low must be Dirichlet or Neumann, got 3"),
        (lambda: Problem(low=Neumann(), high=Neumann()), "decay must be positive if no end is"),
        (lambda: Dirichlet(np.inf), "value must be finite"),
        (lambda: Neumann("much"), "inflow must be a number"),
        (lambda: pinn.closed_form(VARIED, [0.0]), "diffusion must be a number for a closed form"),
        (lambda: pinn.closed_form(PARABOLA, [2.0]), "places must be in 0 to 1, got 2 to 2"),
        (lambda: pinn.finite_differences(PARABOLA, 0), "n_pieces must be at least 1"),
        (lambda: Points([0.1, 0.2], [1.0, 2.0, 3.0]), "places, weights must have shapes that fit"),
        (lambda: Points([np.nan], [1.0]), "places must be finite"),
        (lambda: pinn.draw(PARABOLA, 0), "n_points must be at least 1"),
        (lambda: pinn.quadrature(PARABOLA, 0), "n_pieces must be at least 1"),
        (lambda: Trial(PARABOLA, network(), "no"), "imposed must be True or False"),
        (lambda: Strong(-1.0), "penalty must be non-negative"),
        (lambda: Energy(np.nan), "penalty must be finite"),
        (lambda: Galerkin(1), "n_pieces must be at least 2"),
        (lambda: Galerkin(4, -2), "penalty must be non-negative"),
        (
            lambda: pinn.jets(network(Step()), [0.0]),
            "whose derivatives are known to jets, got Step",
        ),
        (lambda: pinn.jets(dense([2, 1], Tanh(), rng=1), [0.0]), "must have 1 columns here, got 2"),
        (lambda: pinn.jets(dense([1, 2], Tanh(), rng=1), [0.0]), "must have one output, got 2"),
        (lambda: pinn.jets(Network([Convolution(np.ones((1, 1, 1)))]), [0.0]), "got Convolution"),
        (lambda: pinn.jets(Network([Residual([Dense([[1.0], [1.0]])])]), [0.0]), "keep 1 features"),
        (lambda: pinn.gradient_noise(TRIAL, Galerkin()), "form must be Strong or Energy, got Gal"),
        (lambda: pinn.gradient_noise(TRIAL, Energy(), 0), "n_points must be at least 1"),
        (lambda: pinn.sampled_noise(TRIAL, Energy(), 3, n_draws=1), "n_draws must be at least 2"),
        (lambda: pinn.solve(TRIAL, Energy(), n_steps=0), "n_steps must be at least 1"),
        (lambda: pinn.descend(TRIAL, Energy(), 5, learning_rate=0.0), "learning_rate must be pos"),
        (lambda: pinn.descend(TRIAL, Energy(), 0, learning_rate=1.0), "n_points must be at least"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(ValueError, match=words):
        make()
