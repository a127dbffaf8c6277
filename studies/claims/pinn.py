"""Networks that solve differential equations, and the noise of random points (R31, S12)."""

from collections.abc import Callable
from functools import partial

import numpy as np

from olfnet.checks import FloatArray
from olfnet.lab import claims
from olfnet.lab.claims import Measured, Status
from olfnet.theory import pinn
from olfnet.theory.activations import ReLU, Tanh
from olfnet.theory.approximation import interpolation
from olfnet.theory.network import dense
from olfnet.theory.pinn import Energy, Form, Points, Problem, Strong, Trial

Rng = np.random.Generator
RAISSI = "Raissi, Perdikaris & Karniadakis 2019, 10.1016/j.jcp.2018.10.045"
RITZ = "E & Yu 2018, 10.1007/s40304-018-0127-z"
KHARAZMI = "Kharazmi, Zhang & Karniadakis 2021, 10.1016/j.cma.2020.113547"
JACOT = "Jacot, Gabriel & Hongler 2018, arXiv 1806.07572"
PARABOLA = Problem(source=1.0)
SMALL_UNIT = Problem(diffusion=1e-3, source=1e-3)  # the same equation times 1/1000
VARIED = Problem(
    diffusion=lambda x: 1 + x**2,
    diffusion_slope=lambda x: 2 * x,
    decay=np.exp,
    source=np.cos,
    low=pinn.Dirichlet(0.5),
    high=pinn.Neumann(-0.3),
)
N_POINTS = 10
STRONG_RATE, WEAK_RATE = 3e-4, 1e-2  # thirds of the largest stable ones
claim = partial(claims.claim, systems=["S12"], source="Measured with this package")
order = partial(claim, status=Status.ORDERING)
qualified = partial(claim, status=Status.QUALIFIED)
FORMS = [{"form": Strong(), "word": "strong"}, {"form": Energy(), "word": "weak"}]


def drawn(
    rng: Rng,
    problem: Problem = PARABOLA,
    width: int = 16,
    weights: float = 2.0,
    biases: float = 1.0,
) -> Trial:
    """Draw a network of tanh units as a trial function that satisfies Dirichlet ends."""
    net = dense([1, width, 1], Tanh(), weight_variance=weights, bias_variance=biases, rng=rng)
    return Trial(problem, net)


def solved(rng: Rng, n_steps: int = 120) -> Trial:
    """Draw a network and train it by the strong form."""
    return pinn.solve(drawn(rng), Strong(), n_steps=n_steps).trial


def error(trial: Trial) -> float:
    """Largest error, against finite differences on 1000 pieces (their own is below 1e-6)."""
    positions, values = pinn.finite_differences(trial.problem, 1000)
    return float(np.abs(trial(positions) - values).max())


def strong(n: int, rng: Rng, activation: type) -> list[tuple[float, FloatArray]]:
    """Strong losses and gradients of n networks of many shapes, free at the ends."""
    losses = []
    for _ in range(n):
        widths = rng.integers(1, 30, size=rng.integers(1, 4))
        net = dense([1, *widths, 1], activation(), bias_variance=1.0, rng=rng)
        points, trial = Points.random(PARABOLA, 50, rng=rng), Trial(PARABOLA, net, imposed=False)
        losses.append(pinn.gradient(trial, Strong(0.0), points))
    return losses


rectified = partial(claim, control={"activation": Tanh}, source=RAISSI, samples=(1000, 20))


@rectified("R31.strong", 1.0, allowance=1e-14)
def strong_loss(n: int, rng: Rng, activation: type = ReLU) -> float:
    r"""A ReLU network has no curvature: its strong loss for -u'' = 1 is 1 for every parameter.
    $\int_0^1 (u'' + 1)^2 dx = 1$

    The loss farthest from 1, of networks of one to three hidden layers, without a penalty for the
    ends. The allowance is the rounding of a sum of 50. The control is tanh.
    """
    return max((loss for loss, _ in strong(n, rng, activation)), key=lambda loss: abs(loss - 1))


@rectified("R31.strong_gradient", 0.0)
def strong_slope(n: int, rng: Rng, activation: type = ReLU) -> float:
    r"""Nothing can be learned from it: the largest entry of its gradients.
    $\nabla \int_0^1 (u'' + 1)^2 dx = 0$

    As R31.strong. With decay something is learned, u = s / k, which is no solution.
    """
    return max(float(np.abs(slopes).max()) for _, slopes in strong(n, rng, activation))


@rectified("S12.rectifiers", 0.0, source=RITZ, status=Status.ORDERING, samples=(21, 3))
def advantage(n: int, rng: Rng, activation: type = ReLU) -> float:
    r"""What a ReLU network cannot learn from the strong form it learns from the energy: the
    error is smaller.
    $\log_{10} (e_{strong} / e_{energy}) > 0$

    The median of networks of 48 units, with penalties for the ends, after 60 steps of L-BFGS. The
    control is tanh, which learns more from the strong form.
    """
    ratios = []
    for _ in range(n):
        net = dense([1, 48, 1], activation(), bias_variance=1.0, rng=rng)
        start, points = Trial(PARABOLA, net, imposed=False), Points.gauss(PARABOLA, 30, 2)
        ends = [pinn.solve(start, form, points, n_steps=60).trial for form in (Strong(), Energy())]
        ratios.append(np.log10(error(ends[0]) / error(ends[1])))
    return float(np.median(ratios))


@claim(
    "R31.energy_{n_pieces}",
    lambda n_pieces: 1 / (24 * n_pieces**2),
    control={"power": 1.1},
    cases=[{"n_pieces": 2}, {"n_pieces": 8}],
    source=RITZ,
    allowance=1e-15,
)
def missed_energy(n: int, rng: Rng, n_pieces: int, power: float = 1.0) -> float:
    """A ReLU network of {n_pieces} equal pieces misses the least energy of -u'' = 1, which is
    -1/24, by h^2 / 24.
    $J(u_h) + 1/24 = h^2 / 24$

    Values are those of the solution, which are best. Rounding is some eps times 1/24. The control's
    pieces are not equal.
    """
    knots = np.linspace(0, 1, n_pieces + 1) ** power
    net = interpolation(lambda x: x * (1 - x) / 2, knots)
    points = Points((knots[1:] + knots[:-1]) / 2, np.diff(knots))  # exact between kinks
    return Energy()(Trial(PARABOLA, net, imposed=False), points)[0] + 1 / 24


@order(
    "S12.trained_{word}",
    4.0,
    control={"n_steps": 0},
    cases=[
        {"word": "strong", "form": Strong(), "paper": RAISSI},
        {"word": "energy", "form": Energy(), "paper": RITZ},
        {"word": "test_functions", "form": pinn.Galerkin(20), "paper": KHARAZMI},
    ],
    source="{paper}",
    samples=(10, 1),
)
def digits(n: int, rng: Rng, form: Form, n_steps: int = 150) -> float:
    r"""Trained by the {word} form, a network solves -((1 + x^2) u')' + e^x u = cos x with an error
    below 10^-4: decimals.
    $-\log_{10} \max |u - u_{fd}| > 4$

    Dirichlet and Neumann ends, 16 tanh units, L-BFGS; the worst network, compared with finite
    differences. The control's are not trained.
    """
    trials = [drawn(rng, VARIED) for _ in range(n)]
    if n_steps:
        trials = [pinn.solve(trial, form, n_steps=n_steps).trial for trial in trials]
    return float(-np.log10(max(error(trial) for trial in trials)))


@claim(
    "S12.points_{word}",
    1.0,
    control={"stratified": True},
    cases=FORMS,
    source="Variance of a mean of independent numbers",
    samples=(5000, 300),
)
def scatter(n: int, rng: Rng, form: Form, stratified: bool = False) -> FloatArray:
    """The gradient of the {word} loss from n random points has a variance of v / n.
    $(E |g|^2 - |E g|^2) / n$

    Relative to the predicted variance, n = {N_POINTS}. The control's points are drawn one from each
    nth of the interval.
    """
    trial = drawn(rng)
    mean = pinn.gradient(trial, form, Points.gauss(PARABOLA))[1]
    squares = []
    for _ in range(n):
        points = Points.random(PARABOLA, N_POINTS, rng=rng)
        if stratified:
            points = Points((np.arange(N_POINTS) + points.positions) / N_POINTS, points.weights)
        squares.append(np.sum((pinn.gradient(trial, form, points)[1] - mean) ** 2))
    return np.array(squares) / pinn.gradient_noise(trial, form, N_POINTS).variance


@claim(
    "S12.width_{word}",
    np.log(4),
    control={"factor": 1},
    cases=FORMS,
    source=f"Each unit adds its gradients: the tangent kernel of {JACOT}",
    status=Status.ASYMPTOTIC,
    samples=(300, 60),
    allowance=1 / 32,
)
def growth(n: int, rng: Rng, form: Form, factor: int = 4) -> FloatArray:
    r"""The variance of the gradient of the {word} loss grows in proportion to the width: logarithm
    of its growth over a factor of 4.
    $\ln(v_{4 m} / v_m) \to \ln 4$

    Mean over networks of 32 and 128 tanh units. The allowance is one by the smaller width, the
    order of the corrections. The control has the same width twice.
    """
    widths = 32, 32 * factor
    trials = [[drawn(rng, width=width) for width in widths] for _ in range(n)]
    noises = [[pinn.gradient_noise(net, form, n_pieces=5) for net in pair] for pair in trials]
    return np.diff(np.log([[noise.variance for noise in pair] for pair in noises]))[:, 0]


Draw = Callable[[Rng], Trial]
ROUGH, SMOOTH = partial(drawn, weights=100.0, biases=30.0), partial(drawn, biases=10.0)


def noises(n: int, rng: Rng, draw: Draw) -> FloatArray:
    """Variance and relative variance (first axis) of strong and weak gradients (second axis)."""
    forms, trials = (Strong(), Energy()), [draw(rng) for _ in range(n)]
    pairs = [[pinn.gradient_noise(trial, form, n_pieces=5) for form in forms] for trial in trials]
    return np.array([[(x.variance, x.relative) for x in pair] for pair in pairs]).T


@qualified(
    "R31.variance", 1.0, control={"draw": partial(drawn, problem=SMALL_UNIT)}, samples=(400, 30)
)
def noisier(n: int, rng: Rng, draw: Draw = drawn) -> Measured:
    """Smooth activations: the gradient of the strong form has the larger variance, at networks
    drawn at random for -u'' = 1 and in this unit.
    $v_{strong} > v_{energy}$

    Fraction of networks, strong and weak form at the same parameters. The variance of a strong loss
    goes by the fourth power of the equation's unit, that of an energy by the second: of the same
    equation times 1/1000 (the control) no network has the larger one. See S12.rough, S12.smooth and
    S12.solution for what depends on no unit.
    """
    of_strong, of_weak = noises(n, rng, draw)[0]
    return Measured.fraction(int(np.sum(of_strong > of_weak)), n)


@order(
    "S12.rough",
    0.0,
    r"\langle \ln (v / |g|^2)_{strong} - \ln (v / |g|^2)_{energy} \rangle > 0",
    control={"draw": SMOOTH},
    cases=[{"draw": ROUGH, "sign": 1}],
    samples=(400, 40),
    statement="Relative to the squared mean gradient, which no unit changes, the strong form has "
    "the larger variance at rough networks",
    remark="Weights into the hidden layer of variance 100, biases of 30: some four times. The "
    "control's have 2 and 10, as S12.smooth.",
)
@order(
    "S12.smooth",
    0.0,
    control={"draw": ROUGH},
    cases=[{"draw": SMOOTH, "sign": -1}],
    samples=(400, 60),
)
def relative_order(n: int, rng: Rng, draw: Draw, sign: int) -> FloatArray:
    r"""At smooth networks, relative to the same, the weak form has the larger variance.
    $\langle \ln (v / |g|^2)_{energy} - \ln (v / |g|^2)_{strong} \rangle > 0$

    Against the source text: 2.5 times. With weights of variance 2 and biases of 1 there is no
    difference that 60 networks would show.
    """
    of_strong, of_weak = noises(n, rng, draw)[1]
    return np.asarray(sign * np.log(of_strong / of_weak))


@qualified("S12.solution", 0.0, control={"draw": drawn}, samples=(10, 1), allowance=1e-3)
def variance_ratio(n: int, rng: Rng, draw: Draw = solved) -> float:
    r"""At the solution the strong form has no variance left, the weak form all of it: ratio.
    $v_{strong} / v_{energy} \to 0$

    Against the source text: the residual vanishes at every point, the density of the energy does
    not. The median of networks after 120 steps of L-BFGS; the allowance is what these leave. The
    control's are drawn at random, where it is 100 and more.
    """
    of_strong, of_weak = noises(n, rng, draw)[0]
    return float(np.median(of_strong / of_weak))


@order("S12.drift", 1.0, control={"keep": True}, samples=(10, 1))
def drift(n: int, rng: Rng, keep: bool = False) -> float:
    r"""From the solution, random points drive the weak form ten times farther away than the strong
    one, or more.
    $\log_{10} (e_{energy} / e_{strong}) > 1$

    Against the source text, by which the weak form trains more stably. The least of all ratios;
    {N_POINTS} new points for each of 100 steps, a third of the largest stable rate for each form.
    The control keeps Gauss's points for the weak form.
    """
    ratios = []
    for _ in range(n):
        start = solved(rng, 100)
        weak_points = Points.gauss(PARABOLA, 3) if keep else N_POINTS
        by_strong, by_weak = (
            error(pinn.descend(start, form, points, learning_rate=r, n_steps=100, rng=rng).trial)
            for form, points, r in (
                (Strong(), N_POINTS, STRONG_RATE),
                (Energy(), weak_points, WEAK_RATE),
            )
        )
        ratios.append(np.log10(by_weak / by_strong))
    return float(min(ratios))
