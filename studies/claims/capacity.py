"""Claims about how many associations linear readouts store (R1 to R5)."""

from functools import partial
from typing import Any

import numpy as np

from olfnet.capacity import breaking_points, measure_capacity
from olfnet.capacity._random_labels import Draw
from olfnet.lab.claims import Claim, Measured, Simulation, Status
from olfnet.theory import cover, gardner

from .sources import AMIT, COVER, GARDNER

Rng = np.random.Generator
claim = partial(Claim, systems=("S14",))


def gaussian(n_dims: int) -> Draw:
    """Patterns in general position."""
    return lambda n, rng: rng.standard_normal((n, n_dims))


def signs(n_dims: int) -> Draw:
    """Dense binary patterns of -1 and 1."""
    return lambda n, rng: rng.choice([-1.0, 1.0], size=(n, n_dims))


def in_subspace(n_dims: int, rank: int) -> Draw:
    """Mixtures of fewer causes than there are units, in numbers that lose nothing by rounding."""

    def draw(n: int, rng: Rng) -> np.ndarray:
        causes = np.rint(2.0**20 * rng.standard_normal((n, rank)))
        return causes @ rng.integers(-3, 4, size=(rank, n_dims))

    return draw


def fraction(draw: Draw, n_patterns: int, n: int, rng: Rng, *, nonnegative: bool) -> Measured:
    """Share of random labelings that a readout reproduces."""
    curve = measure_capacity(
        draw, n_patterns=n_patterns, n_trials=n, nonnegative=nonnegative, nested=False, rng=rng
    )
    return Measured.fraction(int(curve.n_separable[0]), n)


def mean_break(
    draw: Draw, n_units: float, longest: int, n: int, rng: Rng, **readout: Any
) -> Measured:
    """Mean largest separable prefix per unit: the capacity of patterns that follow Cover's law."""
    points = breaking_points(draw, max_patterns=longest, n_trials=n, rng=rng, **readout)
    return Measured.mean(points / n_units)


def break_variance(draw: Draw, n_units: int, n: int, rng: Rng) -> Measured:
    """Variance of the largest separable prefix per unit."""
    points = breaking_points(draw, max_patterns=4 * n_units, n_trials=n, rng=rng)
    return Measured.variance(points / np.sqrt(n_units))


def counting(n_dims: int, n_patterns: int) -> Claim:
    """Cover's fraction at one load; the control has fewer dimensions."""
    fewer = int(0.7 * n_dims)
    return claim(
        f"R1.fraction_{n_dims}_{n_patterns}",
        f"Share of the dichotomies of {n_patterns} points in {n_dims} dimensions that are linearly "
        "separable",
        r"2^{1-P} \sum_{k<N} \binom{P-1}{k}",
        partial(cover.separable_fraction, n_patterns, n_dims),
        partial(fraction, gaussian(n_dims), n_patterns, nonnegative=False),
        partial(fraction, gaussian(fewer), n_patterns, nonnegative=False),
        source=COVER,
        n_samples=4000 if n_dims < 100 else 1500,
        n_quick=600,
    )


def sign_constrained(n_dims: int, n_patterns: int) -> Claim:
    """Non-negative readouts: the coordinate planes count as further patterns."""
    return claim(
        f"R4.nonnegative_{n_dims}_{n_patterns}",
        f"Share of the dichotomies of {n_patterns} symmetric points in {n_dims} dimensions that "
        "non-negative weights reproduce; capacity 1 instead of 2",
        r"C(P + N, N) / 2^{P + N}",
        partial(cover.separable_fraction, n_patterns + n_dims, n_dims),
        partial(fraction, gaussian(n_dims), n_patterns, nonnegative=True),
        partial(fraction, gaussian(n_dims), n_patterns, nonnegative=False),
        source=AMIT + "; at finite size from " + COVER,
        n_samples=2000,
        n_quick=200,
        remark="The P patterns and the N coordinate planes cut the space into C(P + N, N) cells, "
        "which all orthants and labelings share alike.",
    )


def margin(kappa: float) -> Claim:
    """Gardner's capacity for readouts that keep a distance."""
    return claim(
        f"R2.margin_{kappa:g}",
        f"Capacity of readouts with margin {kappa:g}, weights of length 1 and inputs of variance 1",
        r"1 / \int_{-\kappa}^\infty (t + \kappa)^2 Dt",
        partial(gardner.capacity, kappa),
        partial(mean_break, gaussian(200), 200, 800, margin=kappa),
        partial(mean_break, gaussian(200), 200, 800, margin=1.3 * kappa),
        source=GARDNER,
        status=Status.ASYMPTOTIC,
        n_samples=300,
        n_quick=60,
        allowance=0.01,
        remark="N = 200; the allowance is 2 / N.",
    )


def biased(label_fraction: float) -> Claim:
    """Gardner's capacity where one label is rare; the control has even labels."""
    n_dims = 100
    value = float(gardner.capacity(label_fraction=label_fraction))
    options: dict[str, Any] = {"bias": True, "label_fraction": label_fraction}
    longest = int(2.2 * value * n_dims)
    return claim(
        f"R3.fraction_{label_fraction:g}",
        f"Capacity of readouts with a free bias if {label_fraction:g} of the labels are positive",
        r"1 / \min_b [f E_2(b) + (1 - f) E_2(-b)]",
        value,
        partial(mean_break, gaussian(n_dims), n_dims, longest, **options),
        partial(mean_break, gaussian(n_dims), n_dims, longest, bias=True),
        source=GARDNER,
        status=Status.ASYMPTOTIC,
        n_samples=300,
        n_quick=80,
        allowance=2 * value / n_dims,
        remark="N = 100; the allowance is 2 / N of the value: the bias is one more dimension, and "
        "as much again.",
    )


def twice(key: str, statement: str, simulation: Simulation, control: Simulation) -> Claim:
    """Capacity 2 per dimension for patterns of some kind."""
    return claim(
        f"R5.{key}",
        statement,
        r"\langle P^* \rangle = 2 \, \mathrm{rank}",
        2.0,
        simulation,
        control,
        source=COVER + ": general position is all that matters",
        n_samples=400,
        n_quick=60,
    )


CLAIMS = (
    *(counting(n, p) for n, p in ((5, 8), (10, 15), (10, 20), (10, 30), (100, 180), (100, 220))),
    claim(
        "R1.mean",
        "The longest separable prefix of randomly labeled patterns has mean 2 N",
        r"\langle P^* \rangle = 2 N",
        2.0,
        partial(mean_break, gaussian(100), 100, 400),
        partial(mean_break, gaussian(90), 100, 400),
        source=COVER,
        n_samples=1000,
        n_quick=100,
    ),
    claim(
        "R1.variance",
        "The longest separable prefix of randomly labeled patterns has variance 2 N",
        r"\mathrm{Var} P^* = 2 N",
        2.0,
        partial(break_variance, gaussian(50), 50),
        partial(break_variance, in_subspace(50, 20), 50),
        source=COVER,
        n_samples=2000,
        n_quick=400,
    ),
    *(margin(kappa) for kappa in (0.25, 0.5, 1.0, 1.5)),
    *(biased(fraction) for fraction in (0.2, 0.1)),
    *(sign_constrained(n, p) for n, p in ((20, 20), (50, 50), (50, 40))),
    twice(
        "binary",
        "Binary patterns have capacity 2 per dimension",
        partial(mean_break, signs(100), 100, 400),
        partial(mean_break, signs(90), 100, 400),
    ),
    twice(
        "correlated",
        "Correlated patterns of rank 40 in 100 units have capacity 2 per rank",
        partial(mean_break, in_subspace(100, 40), 40, 400),
        partial(mean_break, in_subspace(100, 40), 100, 400),
    ),
)
