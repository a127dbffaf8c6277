"""Claims about constrained readouts in the limit of size (R2, R4), and learning rules (R8)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from olfnet import breaking_points, measure_recall
from olfnet.capacity import extrapolate
from olfnet.checks import FloatArray
from olfnet.lab import claims
from olfnet.lab.claims import CONFIDENCE, Measured, Status
from olfnet.readout import (
    HebbianReadout,
    MaxMarginReadout,
    PerceptronReadout,
    most_robust,
    novikoff_bound,
)
from olfnet.theory import gardner

from .sources import AMIT, GARDNER

Rng = np.random.Generator
Draw = Callable[[int, Rng], FloatArray]
claim = partial(claims.claim, systems=["S14"], source=AMIT, status=Status.ASYMPTOTIC)


def gaussian(n_dims: int) -> Draw:
    """Patterns in general position."""
    return lambda n, rng: rng.standard_normal((n, n_dims))


def binary(n_dims: int) -> Draw:
    """Binary patterns with half of the inputs active."""
    return lambda n, rng: (rng.random((n, n_dims)) < 0.5).astype(float)


def limit(
    draw: Callable[[int], Draw],
    n: int,
    rng: Rng,
    readout: Callable[[int], dict[str, Any]],
    quick: Sequence[int] = (50, 100, 200),
) -> Measured:
    """Capacity extrapolated from n sequences in 50, 100 and 200 dimensions, and n // 3 in 400."""
    sizes = (50, 100, 200, 400) if n >= 100 else quick
    samples = [
        breaking_points(
            draw(n_dims),
            max_patterns=4 * n_dims,
            n_trials=n if n_dims < 400 else n // 3,
            rng=stream,
            **readout(n_dims),
        )
        / n_dims
        for n_dims, stream in zip(sizes, rng.spawn(len(sizes)), strict=True)
    ]
    capacity = extrapolate(sizes, samples, confidence=CONFIDENCE)
    return Measured(capacity.value, capacity.low, capacity.high)


@claim(
    "R2.limit_{margin:g}",
    gardner.capacity,
    cases={"margin": (0.5, 1.0)},
    control=lambda margin: {"margin": 1.5 * margin, "n": 8},
    samples=(150, 16),
    source=GARDNER,
)
def with_margin(n: int, rng: Rng, margin: float) -> Measured:
    r"""Capacity with margin {margin:g} approaches Gardner's as 1 / N. $1 / E_2(-\kappa)$

    Extrapolated linearly in 1 / N from N = 50, 100, 200 and 400; a quick trial does without 400.
    """
    return limit(gaussian, n, rng, lambda n_dims: {"margin": margin})


@claim(
    "R4.robust_{rho:g}",
    lambda rho: gardner.capacity(rho, nonnegative=True),
    cases={"rho": (0.0, 0.5, 1.0)},
    control=lambda rho: {"rho": rho + 1, "n": 8},
    samples=(150, 16),
)
def robust(n: int, rng: Rng, rho: float) -> Measured:
    r"""Capacity of non-negative weights with robustness {rho:g} to a fixed threshold.
    $\max_B H(B)^2 / E_2(B) \, \alpha(\rho D(B) / \sqrt{E_2(B)})$

    Extrapolated linearly in 1 / N from N = 50, 100, 200 and 400; in a quick trial from 25 to 100.
    """
    return limit(
        binary,
        n,
        rng,
        lambda n_dims: {"nonnegative": True, "robustness": rho / n_dims**0.5},
        quick=(25, 50, 100),
    )


@claim(
    "R4.silent_{rho:g}",
    lambda rho: gardner.silent_fraction(rho),
    cases={"rho, load": [(r, float(gardner.capacity(r, nonnegative=True))) for r in (0.5, 1.0)]},
    control=lambda load: {"load": 0.6 * load, "n": 6},
    samples=(60, 12),
    allowance=0.005,
)
def silence(n: int, rng: Rng, load: float) -> list[float]:
    """Fraction of silent synapses of the most robust non-negative weights at load {load:.3f}.
    $1 - H(B)$

    200 inputs; the allowance is one synapse, twice the .002 that 200 inputs have more than
    infinitely many (measured).
    """
    n_patterns, fractions = round(200 * load), []
    for stream in rng.spawn(n):
        labels = stream.permutation(np.arange(n_patterns) % 2)
        fractions.append(most_robust(binary(200)(n_patterns, stream), labels).silent_fraction)
    return fractions


def mistakes(
    draw: Callable[[Rng], FloatArray], n: int, rng: Rng, consistent: bool = True
) -> FloatArray:
    """Mistakes of n perceptrons relative to Novikoff's bound.

    Without consistency labels are at random, and the bound is that of other labels.
    """
    ratios = []
    for stream in rng.spawn(n):
        patterns = draw(stream)
        labels = np.sign(patterns @ stream.standard_normal(patterns.shape[1]))
        labels[:2] = np.where(abs(labels.sum()) == len(labels), [-1, 1], labels[:2])
        best = MaxMarginReadout(bias=False).fit(patterns, labels)
        bound = novikoff_bound(patterns, labels, best.coef_[0])
        taught = labels if consistent else stream.permutation(labels)
        n_epochs = 2000 if consistent else 200  # of the control, which never ends
        learned = PerceptronReadout(bias=False, max_epochs=n_epochs).fit(patterns, taught)
        ratios.append(learned.n_mistakes_ / bound)
    return np.array(ratios)


of_perceptrons = partial(
    claim,
    systems=["S4", "S14"],
    source="Novikoff 1962, Proc. Symp. Mathematical Theory of Automata 12:615",
)


@of_perceptrons(
    "R8.novikoff", 0.0, control={"consistent": False}, samples=(60, 10), status=Status.ORDERING
)
def below_bound(n: int, rng: Rng, consistent: bool = True) -> float:
    r"""A perceptron makes no more than (radius / margin)^2 mistakes. $1 - n / (R / \gamma)^2 > 0$

    An exact bound, and the largest ratio for 100 patterns in 10 dimensions; the control is taught
    labels at random, ten for each dimension, which nothing linear can reproduce.
    """
    return 1 - mistakes(lambda s: s.standard_normal((100, 10)), n, rng, consistent).max()


@of_perceptrons(
    "R8.orthogonal", 1.0, control={"orthogonal": False}, samples=(20, 5), status=Status.EXACT
)
def tightness(n: int, rng: Rng, orthogonal: bool = True) -> Measured:
    r"""Of orthogonal patterns of one length a perceptron makes as many mistakes as the bound has,
    one for each. $n / (R / \gamma)^2 = 1$

    The margin comes from a support vector machine, to 1e-4; the control has random patterns of one
    length.
    """

    def draw(stream: Rng) -> FloatArray:
        if orthogonal:
            return np.asarray(stream.permutation(np.eye(16)))  # exact zeros between patterns
        patterns = stream.standard_normal((16, 16))
        return np.asarray(patterns / np.linalg.norm(patterns, axis=1, keepdims=True))

    return Measured.number(mistakes(draw, n, rng).mean(), 1e-4)


@claim(
    "R8.one_shot",
    0.36961,
    cases=[{"rule": HebbianReadout(centered=False)}],
    control={"rule": PerceptronReadout(bias=False, max_epochs=200), "n": 10},
    samples=(150, 30),
    allowance=0.005,
    source="signal to crosstalk; Hertz, Krogh & Palmer 1991, ch. 2",
)
def one_shot(n: int, rng: Rng, rule: Any) -> Measured:
    r"""One-shot Hebbian learning recalls 95 % of .37 associations per dimension, far fewer than 2.
    $\Phi(1 / \sqrt{\alpha}) = .95$

    200 dimensions; the allowance is one pattern, of which crosstalk has one less.
    """
    curve = measure_recall(
        gaussian(200), n_patterns=np.arange(50, 110, 5), n_trials=n, rule=rule, rng=rng
    )
    low, high = curve.capacity_interval(CONFIDENCE)
    return Measured(curve.capacity if high < np.inf else low, low, high)
