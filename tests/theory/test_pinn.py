"""Physics-informed networks: derivatives, losses, reference solutions and noise, with witnesses."""

import mpmath
import numpy as np
import pytest
import scipy.integrate
from numpy.random import default_rng as rng

from olfnet.theory import pinn
from olfnet.theory.activations import Erf, Identity, LeakyReLU, Sigmoid, Step, Tanh
from olfnet.theory.network import Activate, Convolution, Dense, Network, Residual, dense
from olfnet.theory.pinn import Dirichlet, Energy, Galerkin, Neumann, Points, Problem, Strong, Trial

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
    points = Points.random(problem, 30, rng=4)
    slopes = pinn.gradient(trial, form, points)[1]
    direction = rng(5).standard_normal(len(slopes))
    up, down = (
        form(trial.with_parameters(trial.parameters + step * direction), points)[0]
        for step in (1e-5, -1e-5)
    )
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
        imbalance = integral(work, *ends, None if last else [node]) + 0.3 * last
        imbalances.append(imbalance / (0.15 if last else 0.3))
    balance = np.mean(np.square(imbalances)) + 2 * value
    for form, exact in zip(FORMS, (strong, energy, balance), strict=True):
        assert form(trial, Points.gauss(VARIED))[0] == pytest.approx(exact, rel=1e-5), form


def test_imposed_ends_are_met_by_any_network():
    for problem in PROBLEMS:
        values = Trial(problem, network())(problem.interval)
        for end, value in zip((problem.low, problem.high), values, strict=True):
            if isinstance(end, Dirichlet):
                assert value == pytest.approx(end.value, abs=1e-14)


def test_gradient_noise_is_that_of_simulated_draws():
    """The variance of 1000 draws has a standard error of 5 to 6 %; three of them."""
    trial = Trial(VARIED, network())
    for form in (Strong(), Energy()):
        exact = pinn.gradient_noise(trial, form, 7)
        sampled = pinn.sampled_noise(trial, form, 7, n_draws=1000, rng=1)
        assert sampled.variance == pytest.approx(exact.variance, rel=0.17)
        half_width = 3 * 2 * np.sqrt(exact.squared_mean * exact.variance / 1000)
        assert sampled.squared_mean == pytest.approx(exact.squared_mean, abs=half_width)
        assert sampled.variance != pytest.approx(exact.variance * 7 / 5, rel=0.17)
        slopes = pinn.gradient(trial, form, Points.gauss(VARIED))[1]
        assert exact.squared_mean == pytest.approx(slopes @ slopes, rel=1e-8)


def test_relative_noise_does_not_depend_on_the_unit_of_the_equation():
    """Three times the equation: nine times the strong loss, three times the energy."""
    net, triple = network(), Problem(3.0, 0.0, 3.0)
    for form, times in ((Strong(), 9.0), (Energy(), 3.0)):
        first, other = (pinn.gradient_noise(Trial(p, net), form) for p in (PARABOLA, triple))
        assert other.variance == pytest.approx(times**2 * first.variance, rel=1e-12)
        assert other.relative == pytest.approx(first.relative, rel=1e-12)
    assert pinn.GradientNoise(0.0, 1.0).relative == np.inf


def test_free_ends_are_missed_by_what_their_penalty_leaves():
    """The least energy with a penalty p has a slope of 1/2 where it misses by 1 / (4 p)."""
    done = pinn.solve(Trial(PARABOLA, network(), False), Energy(20.0)).trial
    assert done([0.0, 1.0]) == pytest.approx([0.0125, 0.0125], rel=0.03)


def test_stochastic_descent_is_repeatable_and_descends():
    start = Trial(PARABOLA, network())
    options = {"learning_rate": 1e-3, "n_steps": 60}
    first, again = (pinn.descend(start, Energy(), 20, rng=2, **options).losses for _ in range(2))
    assert (first == again).all()
    points, by_hand = Points.gauss(PARABOLA, 5), start
    kept = pinn.descend(start, Energy(), points, **options)
    assert len(kept.losses) == 61
    assert kept.losses[-1] < kept.losses[0] - 0.01
    for _ in range(60):
        slopes = pinn.gradient(by_hand, Energy(), points)[1]
        by_hand = by_hand.with_parameters(by_hand.parameters - 1e-3 * slopes)
    np.testing.assert_allclose(kept.trial.parameters, by_hand.parameters, rtol=1e-12)
    with pytest.raises(FloatingPointError, match="learning_rate must be smaller, got 10"):
        pinn.descend(start, Strong(), 5, learning_rate=10.0, n_steps=200, rng=1)
    with pytest.raises(FloatingPointError, match="loss must stay finite, got nan"):
        pinn.solve(start, lambda trial, points: (np.nan, trial.network.parameters))


def in_jax(jax, squash, parameters, x):
    """A network with a residual block, of a single number."""
    (w1, b1, w2, b2, w3, b3), tensor = parameters, jax.numpy.asarray(x)
    hidden = squash(w1[:, 0] * tensor + b1)
    hidden = hidden + squash(w2 @ hidden + b2)
    return (w3 @ hidden + b3)[0]


@pytest.mark.parametrize("name", ["tanh", "erf"])
def test_derivatives_and_their_gradients_are_those_of_jax(name):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    activation = {"tanh": Tanh(), "erf": Erf()}[name]
    squash = {"tanh": jax.numpy.tanh, "erf": jax.scipy.special.erf}[name]
    block = [Dense(0.5 * rng(2).standard_normal((6, 6)), 0.1), Activate(activation)]
    first, last = network(activation, 6).layers[:2], Dense(rng(3).standard_normal((1, 6)))
    net, x, weights = Network([*first, Residual(block), last]), np.linspace(-1, 2, 5), rng(3)

    @jax.jit
    def orders(parameters):
        def value(x):
            return in_jax(jax, squash, parameters, x)

        slope = jax.grad(value)
        return jax.numpy.stack([jax.vmap(f)(x) for f in (value, slope, jax.grad(slope))])

    weights = weights.random((3, 5))
    outputs, pull = Trial(PARABOLA, net, imposed=False).linearized(x)
    np.testing.assert_allclose(outputs, orders(net.parameters), rtol=1e-11, atol=1e-12)
    exact = jax.jit(jax.grad(lambda p: (weights * orders(p)).sum()))(net.parameters)
    for slopes, expected in zip(pull(weights), exact, strict=True):
        np.testing.assert_allclose(slopes, expected, rtol=1e-10, atol=1e-11)
    off = pull(weights * [[1.0], [1.0], [1.001]])  # the curvature's part is seen
    assert max(np.abs(a - b).max() for a, b in zip(off, exact, strict=True)) > 1e-6


@pytest.mark.parametrize("activation", [Tanh(), Sigmoid(), Erf(), Identity(), LeakyReLU(0.2)])
def test_derivatives_of_activations(activation):
    """Each is the central difference of the one before, to 1e-10 / 6 times the third next."""
    z = np.array([-3.0, -1.2, -0.1, 0.3, 2.0, 5.0])
    up, down = (pinn.derivatives(activation, z + step) for step in (1e-5, -1e-5))
    exact = pinn.derivatives(activation, z)
    np.testing.assert_allclose((up - down)[:3] / 2e-5, exact[1:], atol=1e-8)
    assert np.isfinite(pinn.derivatives(activation, np.array([-1e5, 1e5]))).all()


def boundary_value(problem, positions):
    """SciPy's collocation, for u and its flow a u'."""

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
    solution = scipy.integrate.solve_bvp(flows, ends, grid, np.zeros((2, 50)), tol=1e-8)
    return solution.sol(positions)[0]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_references_agree_with_one_another(problem):
    """SciPy's solver to 1e-7; differences with an error that falls fourfold as pieces halve."""
    errors = []
    for n_pieces in (200, 400):
        positions, values = pinn.finite_differences(problem, n_pieces)
        exact = boundary_value(problem, positions)
        if problem is not VARIED:
            np.testing.assert_allclose(pinn.closed_form(problem, positions), exact, atol=1e-7)
            exact = pinn.closed_form(problem, positions)
        errors.append(np.abs(values - exact).max())
    assert errors[1] < 1e-3
    # Parabolas are met to rounding; SciPy's own 1e-8 blurs the rate where there is no closed form.
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05) or errors[0] < 1e-12
    if problem is PROBLEMS[1]:  # control
        wrong = Problem(2.0, 3.0, 1.0, Neumann(-0.7), Neumann(0.2))
        assert abs(pinn.closed_form(wrong, [0.0])[0] - exact[0]) > 0.1


@pytest.mark.parametrize("decay", [1e-14, 1e-4, 3.99, 4.01, 50.0])
def test_small_decay_costs_no_digits(decay):
    """By mpmath, s / k (1 - cosh((x - 1/4) / l) / cosh(1 / (4 l))) with held ends, and walls."""
    x = np.linspace(0, 0.5, 5)
    with mpmath.workdps(50):
        k = mpmath.mpf(decay)
        root = mpmath.sqrt(k)
        held = [(1 - mpmath.cosh((p - 0.25) * root) / mpmath.cosh(root / 4)) / k for p in x]
        wall = [(1 - mpmath.cosh(p * root) / mpmath.cosh(root / 2)) / k for p in x]
    for low, exact in ((Dirichlet(), held), (Neumann(), wall)):
        solution = pinn.closed_form(Problem(decay=decay, source=1.0, low=low, interval=(0, 0.5)), x)
        np.testing.assert_allclose(solution, np.array(exact, float), rtol=1e-12, atol=1e-15)


TRIAL = Trial(PARABOLA, network())


def of(layer):
    return Trial(PARABOLA, Network([layer]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Problem(diffusion=0.0, low=Dirichlet()), "diffusion must be positive, got 0"),
        (lambda: Problem(decay=-1.0), "decay must be non-negative, got -1"),
        (lambda: Problem(decay=lambda x: -x), "decay must be non-negative, got -1"),
        (lambda: Problem(diffusion=np.exp), "diffusion_slope must be a function"),
        (lambda: Problem(interval=(1.0, 0.0)), "interval must go up, got 1 to 0"),
        (lambda: Problem(low=3.0), "low must be Dirichlet or Neumann, got 3"),
        (lambda: Problem(low=Neumann(), high=Neumann()), "decay must be positive if no end is"),
        (lambda: Neumann("much"), "inflow must be a number"),
        (lambda: pinn.closed_form(VARIED, [0.0]), "diffusion must be a number for a closed form"),
        (lambda: pinn.closed_form(PARABOLA, [2.0]), "positions must be in 0 to 1, got 2 to 2"),
        (lambda: pinn.finite_differences(PARABOLA, 0), "n_pieces must be at least 1"),
        (lambda: Points([0.1, 0.2], [1.0, 2.0, 3.0]), "positions, weights must have shapes"),
        (lambda: Points.gauss(PARABOLA, 0), "n_pieces must be at least 1"),
        (lambda: Trial(PARABOLA, network(), "no"), "imposed must be True or False"),
        (lambda: Strong(-1.0), "penalty must be non-negative"),
        (lambda: Galerkin(1), "n_pieces must be at least 2"),
        (lambda: Trial(PARABOLA, network(Step()))([0.0]), "three known derivatives, got Step"),
        (lambda: Trial(PARABOLA, dense([2, 1], Tanh()))([0.0]), "must have 1 columns here, got 2"),
        (lambda: Trial(PARABOLA, dense([1, 2], Tanh()))([0.0]), "must have one output, got 2"),
        (lambda: of(Convolution(np.ones((1, 1, 1))))([0.0]), "got Convolution"),
        (lambda: of(Residual([Dense([[1.0], [1.0]])]))([0.0]), "must keep 1 features, got 2"),
        (lambda: pinn.gradient_noise(TRIAL, Galerkin()), "form must be Strong or Energy, got Gal"),
        (lambda: pinn.gradient_noise(TRIAL, Energy(), 0), "n_points must be at least 1"),
        (lambda: pinn.sampled_noise(TRIAL, Energy(), 3, n_draws=1), "n_draws must be at least 2"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
