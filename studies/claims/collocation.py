"""Claims about the noise of random collocation points (R31, S12): strong form against weak."""

from collections.abc import Callable
from functools import partial

import numpy as np

from olfnet.checks import FloatArray
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.theory import pinn
from olfnet.theory.pinn import Energy, Points, Problem, Strong, Trial

from . import pinn as physics
from .pinn import PARABOLA, drawn, error

Rng = np.random.Generator
HERE = "Measured with this package"
SMALL_UNIT = Problem(diffusion=1e-3, source=1e-3)  # the same equation times 1/1000
N_POINTS = 10
STRONG_RATE, WEAK_RATE = 3e-4, 1e-2  # thirds of the largest found stable
claim = partial(physics.claim, source=HERE)


def solved(n_steps: int, rng: Rng) -> Trial:
    """Draw a network and train it by the strong form."""
    return pinn.solve(drawn(rng), Strong(), n_steps=n_steps).trial


def scatter(form: Strong | Energy, stratified: bool, n: int, rng: Rng) -> Measured:
    """Squared distance of n gradients of N_POINTS points from their mean, in parts of theory."""
    trial = drawn(rng)
    mean = pinn.gradient(trial, form, Points.gauss(PARABOLA))[1]
    far = []
    for _ in range(n):
        points = Points.random(PARABOLA, N_POINTS, rng=rng)
        if stratified:
            points = Points((np.arange(N_POINTS) + points.positions) / N_POINTS, points.weights)
        far.append(np.sum((pinn.gradient(trial, form, points)[1] - mean) ** 2))
    return Measured.mean(np.array(far) / pinn.gradient_noise(trial, form, N_POINTS).variance)


def growth(form: Strong | Energy, times: int, n: int, rng: Rng) -> Measured:
    """Logarithm of how much the variance grows with the width, in the mean over n networks."""
    logs = [
        [
            np.log(pinn.gradient_noise(drawn(rng, width=width), form, n_pieces=5).variance)
            for width in (32, 32 * times)
        ]
        for _ in range(n)
    ]
    return Measured.mean(np.diff(logs)[:, 0])


def noises(draw: Callable[[Rng], Trial], n: int, rng: Rng) -> FloatArray:
    """Variance and relative variance (first axis) of strong and weak gradients (second axis)."""
    found = []
    for _ in range(n):
        trial = draw(rng)
        both = [pinn.gradient_noise(trial, form, n_pieces=5) for form in (Strong(), Energy())]
        found.append([[noise.variance for noise in both], [noise.relative for noise in both]])
    return np.moveaxis(np.array(found), 0, -1)


def share_noisier(draw: Callable[[Rng], Trial], n: int, rng: Rng) -> Measured:
    """Share of n networks at which the strong form has the larger variance."""
    of_strong, of_weak = noises(draw, n, rng)[0]
    return Measured.fraction(int(np.sum(of_strong > of_weak)), n)


def relative_order(sign: float, draw: Callable[[Rng], Trial], n: int, rng: Rng) -> Measured:
    """Logarithm of relative variances, strong by weak for a sign of 1, the inverse for -1."""
    of_strong, of_weak = noises(draw, n, rng)[1]
    return Measured.mean(sign * np.log(of_strong / of_weak))


def variance_ratio(draw: Callable[[Rng], Trial], n: int, rng: Rng) -> Measured:
    """Ratio of variances, strong by weak; the median of n networks."""
    of_strong, of_weak = noises(draw, n, rng)[0]
    return Measured.number(np.median(of_strong / of_weak))


def drift(keep: bool, n: int, rng: Rng) -> Measured:
    """How much farther 100 steps of the weak form lead away from the solution (log10).

    Starts are solutions; the strong form's points are drawn anew for each step, and the weak form's
    unless they are to be kept.
    """
    found = []
    for _ in range(n):
        start = solved(100, rng)
        points = Points.gauss(PARABOLA, 3) if keep else N_POINTS
        ends = [
            pinn.descend(start, form, where, learning_rate=rate, n_steps=100, rng=rng).trial
            for form, where, rate in (
                (Strong(), N_POINTS, STRONG_RATE),
                (Energy(), points, WEAK_RATE),
            )
        ]
        by_strong, by_weak = map(error, ends)
        found.append(np.log10(by_weak / by_strong))
    return Measured.number(min(found))


def points_claim(form: Strong | Energy, word: str) -> Claim:
    """Scatter of gradients over draws; the control's points are spread evenly."""
    return claim(
        f"S12.points_{word}",
        f"The gradient of the {word} loss from n random points has a variance of v / n",
        r"(E |g|^2 - |E g|^2) / n",
        1.0,
        partial(scatter, form, False),
        partial(scatter, form, True),
        source="Variance of a mean of independent numbers",
        n_samples=5000,
        n_quick=300,
        remark=f"Measured in parts of that predicted, n = {N_POINTS}. The control's points are "
        "drawn one from each nth of the interval.",
    )


def width_claim(form: Strong | Energy, word: str) -> Claim:
    """Variance at widths four times apart; the control has the same width twice."""
    return claim(
        f"S12.width_{word}",
        f"The variance of the gradient of the {word} loss grows in proportion to the width: "
        "logarithm of its growth over a factor of 4",
        r"\ln(v_{4 m} / v_m) \to \ln 4",
        np.log(4),
        partial(growth, form, 4),
        partial(growth, form, 1),
        source="Each unit adds its gradients: the tangent kernel of Jacot, Gabriel & Hongler 2018, "
        "arXiv 1806.07572",
        status=Status.ASYMPTOTIC,
        n_samples=300,
        n_quick=60,
        allowance=1 / 32,
        remark="Mean over networks of 32 and 128 tanh units. The allowance is one by the smaller "
        "width, the order of the corrections.",
    )


ROUGH, SMOOTH = partial(drawn, weights=100.0, biases=30.0), partial(drawn, biases=10.0)
CLAIMS = (
    claim(
        "R31.variance",
        "Smooth activations: the gradient of the strong form has the larger variance, at networks "
        "drawn at random for -u'' = 1 and in this unit",
        r"v_{strong} > v_{energy}",
        1.0,
        partial(share_noisier, drawn),
        partial(share_noisier, partial(drawn, problem=SMALL_UNIT)),
        status=Status.QUALIFIED,
        n_samples=400,
        n_quick=30,
        remark="Share of networks, strong and weak form at the same parameters. The variance of a "
        "strong loss goes by the fourth power of the equation's unit, that of an energy by the "
        "second: of the same equation times 1/1000 (the control) no network has the larger one. "
        "See S12.rough, S12.smooth and S12.solution for what depends on no unit.",
    ),
    claim(
        "S12.rough",
        "In parts of the squared mean gradient, which no unit changes, the strong form has the "
        "larger variance at rough networks",
        r"\langle \ln (v / |g|^2)_{strong} - \ln (v / |g|^2)_{energy} \rangle > 0",
        0.0,
        partial(relative_order, 1.0, ROUGH),
        partial(relative_order, 1.0, SMOOTH),
        status=Status.ORDERING,
        n_samples=400,
        n_quick=40,
        remark="Weights into the hidden layer of variance 100, biases of 30: some four times. The "
        "control's have 2 and 10, as S12.smooth.",
    ),
    claim(
        "S12.smooth",
        "At smooth networks, in the same parts, the weak form has the larger variance",
        r"\langle \ln (v / |g|^2)_{energy} - \ln (v / |g|^2)_{strong} \rangle > 0",
        0.0,
        partial(relative_order, -1.0, SMOOTH),
        partial(relative_order, -1.0, ROUGH),
        status=Status.ORDERING,
        n_samples=400,
        n_quick=60,
        remark="Against the source text: 2.5 times. With weights of variance 2 and biases of 1 "
        "there is no difference that 60 networks would show.",
    ),
    claim(
        "S12.solution",
        "At the solution the strong form has no variance left, the weak form all of it: ratio",
        r"v_{strong} / v_{energy} \to 0",
        0.0,
        partial(variance_ratio, partial(solved, 120)),
        partial(variance_ratio, drawn),
        status=Status.QUALIFIED,
        n_samples=10,
        allowance=1e-3,
        remark="Against the source text: the residual vanishes at every point, the density of the "
        "energy does not. The median of networks after 120 steps of L-BFGS; the allowance "
        "is what these leave. The control's are drawn at random, where it is 100 and more.",
    ),
    claim(
        "S12.drift",
        "From the solution, random points drive the weak form ten times farther away than the "
        "strong one, or more",
        r"\log_{10} (e_{energy} / e_{strong}) > 1",
        1.0,
        partial(drift, False),
        partial(drift, True),
        status=Status.ORDERING,
        n_samples=10,
        remark="Against the source text, by which the weak form trains more stably. The least of "
        f"all ratios; {N_POINTS} new points for each of 100 steps, a third of the largest rate "
        "found stable for each form. The control keeps Gauss's points for the weak form.",
    ),
    points_claim(Strong(), "strong"),
    points_claim(Energy(), "weak"),
    width_claim(Strong(), "strong"),
    width_claim(Energy(), "weak"),
)
"""All claims about the noise of collocation points."""
