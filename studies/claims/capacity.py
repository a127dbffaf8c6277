"""Claims about how many associations linear readouts store (R1 to R6)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from olfnet import breaking_points, measure_capacity, random_expansion
from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate, sparsify
from olfnet.lab import claims
from olfnet.lab.claims import Measured, Status
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.theory import cover, gardner

from .sources import AMIT, COVER, GARDNER

Rng = np.random.Generator
Draw = Callable[[int, Rng], FloatArray]
claim = partial(claims.claim, systems=["S14"], source=COVER)


def gaussian(n_dims: int) -> Draw:
    """Patterns in general position."""
    return lambda n, rng: rng.standard_normal((n, n_dims))


def signs(n_dims: int) -> Draw:
    """Dense binary patterns of -1 and 1."""
    return lambda n, rng: rng.choice([-1.0, 1.0], size=(n, n_dims))


def in_subspace(n_dims: int, rank: int) -> Draw:
    """Mixtures of fewer causes than there are units, in numbers that lose nothing by rounding."""

    def draw(n: int, rng: Rng) -> FloatArray:
        causes = np.rint(2.0**20 * rng.standard_normal((n, rank)))
        return causes @ rng.integers(-3, 4, size=(rank, n_dims))

    return draw


def sparse(coding_level: float, n_units: int) -> Draw:
    """Binary codes whose units are active independently of each other."""
    return lambda n, rng: (rng.random((n, n_units)) < coding_level).astype(float)


def k_of_m(n_active: int, n_units: int) -> Draw:
    """Binary codes with the same number of active units in each."""
    return lambda n, rng: (rng.random((n, n_units)).argsort(axis=1) < n_active).astype(float)


def expanded(n_units: int, sparsifier: sparsify.Sparsifier) -> Draw:
    """Codes of odors with the statistics of a measured panel behind a random expansion."""

    def draw(n: int, rng: Rng) -> FloatArray:
        odor_rng, wiring_rng = rng.spawn(2)
        odors = DivisiveNormalization()(fly_odors(n, rng=odor_rng))
        wiring = random_expansion(
            n_inputs=24, n_units=n_units, fan_in=6, coding_level=0.1, rng=wiring_rng
        )
        circuit = Circuit(wiring.weights, sparsifier).calibrated(odors)
        return rate.respond(circuit, odors).rates

    return draw


def load(draw: Draw, n_dims: float, longest: int, n: int, rng: Rng, **readout: Any) -> FloatArray:
    """Largest separable prefix of n sequences of patterns, per dimension.

    For patterns that follow Cover's law its mean is the capacity.
    """
    return breaking_points(draw, max_patterns=longest, n_trials=n, rng=rng, **readout) / n_dims


def n_separable(n: int, rng: Rng, n_dims: int, n_patterns: int, nonnegative: bool) -> Measured:
    """Fraction of random labelings of Gaussian patterns that a readout reproduces."""
    sizes = {"n_patterns": n_patterns, "n_trials": n, "nested": False}
    curve = measure_capacity(gaussian(n_dims), **sizes, nonnegative=nonnegative, rng=rng)
    return Measured.fraction(int(curve.n_separable[0]), n)


@claim(
    "R1.fraction_{n_dims}_{n_patterns}",
    cover.separable_fraction,
    control=lambda n_dims: {"n_dims": int(0.7 * n_dims), "n": 600 if n_dims < 100 else 150},
    cases={"n_dims, n_patterns": ((5, 8), (10, 15), (10, 20), (10, 30), (100, 180), (100, 220))},
    samples=lambda n_dims: (4000 if n_dims < 100 else 1500, 600),
)
def unconstrained(n: int, rng: Rng, n_dims: int, n_patterns: int) -> Measured:
    r"""Fraction of the dichotomies of {n_patterns} points in {n_dims} dimensions that are linearly
    separable. $2^{1-P} \sum_{k<N} \binom{P-1}{k}$
    """
    return n_separable(n, rng, n_dims, n_patterns, nonnegative=False)


@claim(
    "R4.nonnegative_{n_dims}_{n_patterns}",
    lambda n_dims, n_patterns: cover.separable_fraction(n_patterns + n_dims, n_dims),
    control={"nonnegative": False, "n": 50},
    cases={"n_dims, n_patterns": ((20, 20), (50, 50), (50, 40))},
    samples=(2000, 200),
    source=f"{AMIT}; at finite size from {COVER}",
)
def nonnegative(
    n: int, rng: Rng, n_dims: int, n_patterns: int, nonnegative: bool = True
) -> Measured:
    """Fraction of the dichotomies of {n_patterns} symmetric points in {n_dims} dimensions that
    non-negative weights reproduce; capacity 1 instead of 2. $C(P + N, N) / 2^{P + N}$

    The P patterns and the N coordinate planes cut the space into C(P + N, N) cells, which all
    orthants and labelings share equally.
    """
    return n_separable(n, rng, n_dims, n_patterns, nonnegative)


@claim("R1.mean", 2.0, control={"n_dims": 90, "n": 20}, samples=(1000, 100))
def mean_prefix(n: int, rng: Rng, n_dims: int = 100) -> FloatArray:
    r"""The longest separable prefix of randomly labeled patterns has mean 2 N.
    $\langle P^* \rangle = 2 N$
    """
    return load(gaussian(n_dims), 100, 400, n, rng)


@claim(
    "R1.variance",
    2.0,
    cases=[{"draw": gaussian(50)}],
    control={"draw": in_subspace(50, 20), "n": 100},
    samples=(2000, 400),
)
def prefix_variance(n: int, rng: Rng, draw: Draw) -> Measured:
    r"""The longest separable prefix of randomly labeled patterns has variance 2 N.
    $\mathrm{Var} P^* = 2 N$
    """
    points = breaking_points(draw, max_patterns=200, n_trials=n, rng=rng)
    return Measured.variance(points / np.sqrt(50))


@claim(
    "R2.margin_{margin:g}",
    gardner.capacity,
    cases={"margin": (0.25, 0.5, 1.0, 1.5)},
    control=lambda margin: {"margin": 1.3 * margin, "n": 30},
    samples=(300, 60),
    status=Status.ASYMPTOTIC,
    allowance=0.01,
    source=GARDNER,
)
def with_margin(n: int, rng: Rng, margin: float) -> FloatArray:
    r"""Capacity of readouts with margin {margin:g}, weights of length 1 and inputs of variance 1.
    $1 / \int_{-\kappa}^\infty (t + \kappa)^2 Dt$

    N = 200; the allowance is 2 / N.
    """
    return load(gaussian(200), 200, 800, n, rng, margin=margin)


@claim(
    "R3.fraction_{label_fraction:g}",
    gardner.capacity,
    cases={"label_fraction": (0.2, 0.1)},
    control={"taught": 0.5, "n": 15},
    samples=(300, 80),
    status=Status.ASYMPTOTIC,
    allowance=lambda expected: 2 * expected / 100,
    source=GARDNER,
)
def with_rare_labels(
    n: int, rng: Rng, label_fraction: float, taught: float | None = None
) -> FloatArray:
    r"""Capacity of readouts with a free bias if {label_fraction:g} of the labels are positive.
    $1 / \min_b [f E_2(b) + (1 - f) E_2(-b)]$

    N = 100; the allowance is 2 / N of the value: the bias is one more dimension, and as much again.
    The control has as many labels of either kind.
    """
    longest = int(2.2 * float(gardner.capacity(label_fraction=label_fraction)) * 100)
    options = {"bias": True, "label_fraction": taught or label_fraction}
    return load(gaussian(100), 100, longest, n, rng, **options)


@claim(
    "R5.{kind}",
    2.0,
    r"\langle P^* \rangle = 2 \, \mathrm{rank}",
    statement="{text}",
    cases={
        "kind, text, draw, rank": (
            ("binary", "Binary patterns have capacity 2 per dimension", signs(100), 100),
            (
                "correlated",
                "Correlated patterns of rank 40 in 100 units have capacity 2 per rank",
                in_subspace(100, 40),
                40,
            ),
            (
                "sparse",
                "Sparse binary patterns, a fifth of their units active, have capacity 2 per "
                "dimension",
                sparse(0.2, 100),
                100,
            ),
        )
    },
    control=lambda kind: {
        "n": 20,
        **({"rank": 100} if kind == "correlated" else {"draw": signs(90)}),
    },
    samples=(400, 60),
    source=f"{COVER}: general position is all that matters",
)
def general_position(n: int, rng: Rng, draw: Draw, rank: int) -> FloatArray:
    """Largest separable prefix per rank."""
    return load(draw, rank, 400, n, rng)


@claim(
    "R6.four_of_forty",
    1.87,
    control={"n_active": 1, "n": 20},
    samples=(600, 100),
    status=Status.QUALIFIED,
    allowance=0.01,
    source="enumerated for this package's list of reference results",
)
def small_codes(n: int, rng: Rng, n_active: int = 4) -> FloatArray:
    r"""Small k-of-M codes have a capacity below 2: 1.87 for 4 of 40.
    $\langle P^* \rangle / (M + 1)$

    Per unit and bias, M + 1 = 41; the activity is constant, so that the bias adds no dimension and
    the capacity is 1.92 per rank.
    """
    return load(k_of_m(n_active, 40), 41, 160, n, rng)


@claim(
    "R6.topk",
    2.0,
    control={"n_units": 50, "repeated": 10},
    samples=(24, 4),
    status=Status.QUALIFIED,
    allowance=0.1,
)
def wide_codes(n: int, rng: Rng, n_units: int = 400, repeated: int = 1) -> FloatArray:
    r"""A top-k layer of M units separates up to 2 (M + 1) patterns for any number of receptors.
    $\langle P^* \rangle / (M + 1) \to 2$

    24 receptors, f = .1, K = 6.  The limit is approached from below, since small layers lack
    general position: about 1.5 at M = 50 (the control) and 1.92 at M = 400.  The allowance is that
    gap.
    """
    draw = expanded(n_units, sparsify.TopK(0.1))
    return load(draw, n_units + 1, 3 * n_units, repeated * n, rng, bias=True)


@claim(
    "R6.threshold",
    0.0,
    cases=[{"other": sparsify.GlobalThreshold(0.05)}],
    control={"other": sparsify.TopK(0.05), "n": 8},
    samples=(100, 20),
    status=Status.ORDERING,
    source=f"{COVER}; sparse thresholding as in Lin et al. 2014, 10.1038/nn.3660",
)
def lost_by_threshold(n: int, rng: Rng, other: sparsify.Sparsifier) -> Measured:
    r"""One global threshold gives empty and identical codes and collapses before top-k.
    $\langle P^*_{\text{top-}k} \rangle > \langle P^*_{threshold} \rangle$
    """
    top, rest = (
        Measured.mean(load(expanded(100, rule), 100, 300, n, rng))
        for rule in (sparsify.TopK(0.05), other)
    )
    return Measured(top.value - rest.value, top.low - rest.high, top.high - rest.low)
