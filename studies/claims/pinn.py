"""Claims about networks that solve differential equations (R31, S12)."""

from functools import partial
from typing import Any

import numpy as np

from olfnet.checks import FloatArray
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.theory import pinn
from olfnet.theory.activations import Activation, ReLU, Tanh
from olfnet.theory.approximation import interpolation
from olfnet.theory.network import dense
from olfnet.theory.pinn import (
    Dirichlet,
    Energy,
    Form,
    Galerkin,
    Neumann,
    Points,
    Problem,
    Strong,
    Trial,
)

Rng = np.random.Generator
RAISSI = "Raissi, Perdikaris & Karniadakis 2019, 10.1016/j.jcp.2018.10.045"
RITZ = "E & Yu 2018, 10.1007/s40304-018-0127-z"
PARABOLA = Problem(source=1.0)
VARIED = Problem(
    diffusion=lambda x: 1 + x**2,
    diffusion_slope=lambda x: 2 * x,
    decay=np.exp,
    source=np.cos,
    low=Dirichlet(0.5),
    high=Neumann(-0.3),
)
WIDTH = 16
claim = partial(Claim, systems=("S12",))


def drawn(
    rng: Rng, problem: Problem = PARABOLA, *, width: int = WIDTH, weights: float = 2.0,
    biases: float = 1.0,
) -> Trial:  # fmt: skip
    """Draw a network of tanh units, and dress it so that it meets Dirichlet ends."""
    net = dense([1, width, 1], Tanh(), weight_variance=weights, bias_variance=biases, rng=rng)
    return Trial(problem, net)


def strong(activation: Activation, n: int, rng: Rng) -> list[tuple[float, FloatArray]]:
    """Strong losses and gradients of n networks of many shapes, free at the ends."""
    found = []
    for _ in range(n):
        widths = rng.integers(1, 30, size=rng.integers(1, 4))
        net = dense([1, *widths, 1], activation, bias_variance=1.0, rng=rng)
        points = Points.random(PARABOLA, 50, rng=rng)
        trial = Trial(PARABOLA, net, imposed=False)
        found.append(pinn.gradient(trial, Strong(0.0), points))
    return found


def strong_loss(activation: Activation, n: int, rng: Rng) -> Measured:
    """Strong loss that is farthest from 1."""
    return Measured.number(max((loss for loss, _ in strong(activation, n, rng)), key=_from_one))


def _from_one(loss: float) -> float:
    return abs(loss - 1)


def strong_slope(activation: Activation, n: int, rng: Rng) -> Measured:
    """Largest entry of a gradient of the strong loss."""
    return Measured.number(max(np.abs(slopes).max() for _, slopes in strong(activation, n, rng)))


def missed_energy(knots: FloatArray, *_: Any) -> Measured:
    """Energy of a rectifier network with these kinks, and values on the parabola, above -1/24."""
    net = interpolation(lambda x: x * (1 - x) / 2, knots)
    points = Points((knots[1:] + knots[:-1]) / 2, np.diff(knots))  # exact between kinks
    energy, _ = Energy()(Trial(PARABOLA, net, imposed=False), points)
    return Measured.number(energy + 1 / 24)


def error(trial: Trial) -> float:
    """Largest error, against finite differences on 1000 pieces (their own is below 1e-6)."""
    places, values = pinn.finite_differences(trial.problem, 1000)
    return float(np.abs(trial(places) - values).max())


def advantage(activation: Activation, n: int, rng: Rng) -> Measured:
    """Error of the strong by that of the energy form, trained alike (log10, median of n)."""
    found = []
    for _ in range(n):
        net = dense([1, 48, 1], activation, bias_variance=1.0, rng=rng)
        start, points = Trial(PARABOLA, net, imposed=False), Points.gauss(PARABOLA, 30, 2)
        ends = [pinn.solve(start, form, points, n_steps=60).trial for form in (Strong(), Energy())]
        by_strong, by_energy = map(error, ends)
        found.append(np.log10(by_strong / by_energy))
    return Measured.number(np.median(found))


def digits(form: Form, n_steps: int, n: int, rng: Rng) -> Measured:
    """Correct decimals of the worst of n trained networks."""
    worst = 0.0
    for _ in range(n):
        start = drawn(rng, VARIED)
        done = pinn.solve(start, form, n_steps=n_steps).trial if n_steps else start
        worst = max(worst, error(done))
    return Measured.number(-np.log10(worst))


def energy_claim(n: int) -> Claim:
    """Let a rectifier network have n equal pieces, that of the control unequal ones."""
    knots = np.linspace(0, 1, n + 1)
    return claim(
        f"R31.energy_{n}",
        f"A ReLU network of {n} equal pieces misses the least energy of -u'' = 1, which is -1/24, "
        "by h^2 / 24",
        r"J(u_h) + 1/24 = h^2 / 24",
        1 / (24 * n**2),
        partial(missed_energy, knots),
        partial(missed_energy, knots**1.1),
        source=RITZ,
        allowance=1e-15,
        remark="Values are those of the solution, which are best. Rounding is some eps times 1/24. "
        "The control's pieces are not equal.",
    )


def training_claim(form: Form, word: str, source: str) -> Claim:
    """Error of trained networks; the control's are not trained."""
    return claim(
        f"S12.trained_{word}",
        f"Trained by the {word} form, a network solves -((1 + x^2) u')' + e^x u = cos x with an "
        "error below 10^-4: decimals",
        r"-\log_{10} \max |u - u_{fd}| > 4",
        4.0,
        partial(digits, form, 150),
        partial(digits, form, 0),
        source=source,
        status=Status.ORDERING,
        n_samples=10,
        remark=f"Dirichlet and Neumann ends, {WIDTH} tanh units, L-BFGS; the worst network, held "
        "against finite differences. The control's are not trained.",
    )


CLAIMS = (
    claim(
        "R31.strong",
        "A ReLU network has no curvature: its strong loss for -u'' = 1 is 1 for every parameter",
        r"\int_0^1 (u'' + 1)^2 dx = 1",
        1.0,
        partial(strong_loss, ReLU()),
        partial(strong_loss, Tanh()),
        source=RAISSI,
        n_samples=1000,
        n_quick=20,
        allowance=1e-14,
        remark="The loss farthest from 1, of networks of one to three hidden layers, without a "
        "penalty for the ends. The allowance is the rounding of a sum of 50. The control is tanh.",
    ),
    claim(
        "R31.strong_gradient",
        "Nothing can be learned from it: the largest entry of its gradients",
        r"\nabla \int_0^1 (u'' + 1)^2 dx = 0",
        0.0,
        partial(strong_slope, ReLU()),
        partial(strong_slope, Tanh()),
        source=RAISSI,
        n_samples=1000,
        n_quick=20,
        remark="As R31.strong. With decay something is learned, u = s / k, which is no solution.",
    ),
    claim(
        "S12.rectifiers",
        "What a ReLU network cannot learn from the strong form it learns from the energy: the "
        "error is smaller",
        r"\log_{10} (e_{strong} / e_{energy}) > 0",
        0.0,
        partial(advantage, ReLU()),
        partial(advantage, Tanh()),
        source=RITZ,
        status=Status.ORDERING,
        n_samples=21,
        n_quick=3,
        remark="The median of networks of 48 units, with penalties for the ends, after 60 steps of "
        "L-BFGS. The control is tanh, which learns more from the strong form.",
    ),
    energy_claim(2),
    energy_claim(8),
    training_claim(Strong(), "strong", RAISSI),
    training_claim(Energy(), "energy", RITZ),
    training_claim(
        Galerkin(20),
        "test_functions",
        "Kharazmi, Zhang & Karniadakis 2021, 10.1016/j.cma.2020.113547",
    ),
)
"""All claims about solutions of differential equations."""
