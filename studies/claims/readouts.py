"""Claims about constrained readouts in the limit of size (R2, R4), and learning rules (R8, R9)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from olfnet import breaking_points, measure_recall
from olfnet.capacity import extrapolate
from olfnet.checks import FloatArray
from olfnet.lab.claims import CONFIDENCE, Claim, Measured, Status
from olfnet.readout import (
    HebbianReadout,
    MaxMarginReadout,
    PerceptronReadout,
    most_robust,
    novikoff_bound,
)
from olfnet.theory import expansion, gardner

from .capacity import gaussian
from .codes import N_INPUTS, N_UNITS, SIZE, layer, noisy
from .sources import AMIT, BABADI, GARDNER
from .sparse_codes import sparse

Rng = np.random.Generator
NOVIKOFF = "Novikoff 1962, Proc. Symp. Mathematical Theory of Automata 12:615"
claim = partial(Claim, systems=("S14",))
binary = partial(sparse, 0.5)  # patterns with half of the inputs active


def limit(
    draw: Callable[[int], Any], readout: Callable[[int], dict[str, Any]], n: int, rng: Rng
) -> Measured:
    """Capacity extrapolated from n sequences in 50, 100 and 200 dimensions, and n // 3 in 400.

    A quick trial does without the largest size, whose sequences take as long as all others.
    """
    sizes = (50, 100, 200, 400) if n >= 100 else (50, 100, 200)
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
    found = extrapolate(sizes, samples, confidence=CONFIDENCE)
    return Measured(found.value, found.low, found.high)


def with_margin(kappa: float, n_dims: int) -> dict[str, Any]:
    """Readout that keeps a margin."""
    return {"margin": kappa}


def robust(rho: float, n_dims: int) -> dict[str, Any]:
    """Excitatory readout with a robust threshold, in the unit of theory."""
    return {"nonnegative": True, "robustness": rho / n_dims**0.5}


def silence(load: float, n: int, rng: Rng) -> Measured:
    """Silent synapses of the most robust weights with 200 inputs."""
    n_patterns, found = round(200 * load), []
    for stream in rng.spawn(n):
        labels = stream.permutation(np.arange(n_patterns) % 2)
        found.append(most_robust(binary(200)(n_patterns, stream), labels).silent_fraction)
    return Measured.mean(found)


def shares(draw: Callable[[Rng], FloatArray], consistent: bool, n: int, rng: Rng) -> FloatArray:
    """Mistakes of n perceptrons as shares of Novikoff's bound.

    Taught inconsistently, labels are at random and the bound is that of other labels.
    """
    found = []
    for stream in rng.spawn(n):
        patterns = draw(stream)
        labels = np.sign(patterns @ stream.standard_normal(patterns.shape[1]))
        labels[:2] = np.where(abs(labels.sum()) == len(labels), [-1, 1], labels[:2])
        best = MaxMarginReadout(bias=False).fit(patterns, labels)
        bound = novikoff_bound(patterns, labels, best.coef_[0])
        taught = labels if consistent else stream.permutation(labels)
        learned = PerceptronReadout(bias=False, max_epochs=2000).fit(patterns, taught)
        found.append(learned.n_mistakes_ / bound)
    return np.array(found)


def mistakes(consistent: bool, n: int, rng: Rng) -> Measured:
    """How far the largest share of the bound stays below one, for 100 patterns in 10 dimensions."""
    found = shares(lambda stream: stream.standard_normal((100, 10)), consistent, n, rng)
    return Measured.number(1 - found.max())


def tightness(orthogonal: bool, n: int, rng: Rng) -> Measured:
    """Mean share of the bound that a perceptron needs for 16 patterns of the same length."""

    def draw(stream: Rng) -> FloatArray:
        if orthogonal:
            return np.asarray(stream.permutation(np.eye(16)))  # exact zeros between patterns
        patterns = stream.standard_normal((16, 16))
        return np.asarray(patterns / np.linalg.norm(patterns, axis=1, keepdims=True))

    return Measured.number(shares(draw, True, n, rng).mean(), 1e-4)


def one_shot(rule: Any, n: int, rng: Rng) -> Measured:
    """Patterns per dimension of which a rule recalls 95 %, with 200 dimensions."""
    curve = measure_recall(
        gaussian(200),
        n_patterns=np.arange(50, 110, 5),
        n_trials=n,
        rule=rule,
        rng=rng,
    )
    low, high = curve.capacity_interval(CONFIDENCE)
    return Measured(curve.capacity if high < np.inf else low, low, high)


def recall_error(coding_level: float, n_patterns: int, n: int, rng: Rng) -> Measured:
    """Error of a Hebbian readout on noisy versions of n panels of odors that it learned."""

    def draw(n_odors: int, stream: Rng) -> FloatArray:
        weights, noise, odors = stream.spawn(3)
        centers = odors.choice([-1.0, 1.0], (n_odors, N_INPUTS))
        both = layer(np.vstack((centers, noisy(centers, noise, SIZE))), coding_level, weights)
        return both.reshape(2, n_odors, N_UNITS).transpose(1, 0, 2)

    curve = measure_recall(
        draw, n_patterns=n_patterns, n_trials=n, rule=HebbianReadout(), n_learned=1, rng=rng
    )
    low, high = curve.interval(CONFIDENCE)
    return Measured(1 - float(curve.fraction[0]), 1 - float(high[0]), 1 - float(low[0]))


def limit_claim(
    key: str,
    statement: str,
    source: str,
    equation: str,
    predicted: float,
    draw: Callable[[int], Any],
    readouts: tuple[Callable[[int], dict[str, Any]], Callable[[int], dict[str, Any]]],
) -> Claim:
    """Compare theory with the limit of infinite size; the second readout is the control."""
    simulation, control = (partial(limit, draw, readout) for readout in readouts)
    return claim(
        key,
        statement,
        equation,
        predicted,
        simulation,
        control,
        source=source,
        status=Status.ASYMPTOTIC,
        n_samples=150,
        n_quick=16,
        remark="Extrapolated linearly in 1 / N from N = 50, 100, 200 and 400; a quick trial does "
        "without 400.",
    )


def margin_limit(kappa: float) -> Claim:
    """Gardner's capacity with a margin; the control's margin is larger by a half."""
    return limit_claim(
        f"R2.limit_{kappa:g}",
        f"Capacity with margin {kappa:g} approaches Gardner's as 1 / N",
        GARDNER,
        r"1 / E_2(-\kappa)",
        float(gardner.capacity(kappa)),
        gaussian,
        (partial(with_margin, kappa), partial(with_margin, 1.5 * kappa)),
    )


def robust_limit(rho: float) -> Claim:
    """Capacity of excitatory readouts; the control is more robust."""
    return limit_claim(
        f"R4.robust_{rho:g}",
        f"Capacity of non-negative weights with robustness {rho:g} to a fixed threshold",
        AMIT,
        r"\max_B H(B)^2 / E_2(B) \, \alpha(\rho D(B) / \sqrt{E_2(B)})",
        float(gardner.capacity(rho, nonnegative=True)),
        binary,
        (partial(robust, rho), partial(robust, rho + 0.75)),
    )


def silent(rho: float) -> Claim:
    """Silent synapses; the control is at a load lower by four tenths."""
    load = float(gardner.capacity(rho, nonnegative=True))
    return claim(
        f"R4.silent_{rho:g}",
        f"Fraction of silent synapses of the most robust non-negative weights at load {load:.3f}",
        r"1 - H(B)",
        partial(gardner.silent_fraction, rho),
        partial(silence, load),
        partial(silence, 0.6 * load),
        source=AMIT,
        status=Status.ASYMPTOTIC,
        n_samples=60,
        n_quick=12,
        allowance=0.005,
        remark="200 inputs; the allowance is one synapse, twice the .002 that 200 inputs have more "
        "than infinitely many (measured).",
    )


def recalled(coding_level: float, n_patterns: int) -> Claim:
    """Error of a Hebbian readout behind the expansion; the control has a quarter of the odors."""
    value = float(expansion.readout_error(n_patterns, N_INPUTS, N_UNITS, coding_level, SIZE))
    return claim(
        f"R9.error_{coding_level:g}",
        f"Error of a Hebbian readout of {n_patterns} odors at coding level {coding_level:g}, on "
        "noisy versions",
        r"H((1 - \Delta C) / \sqrt{P (1/N_c + Q^2/N)})",
        value,
        partial(recall_error, coding_level, n_patterns),
        partial(recall_error, coding_level, n_patterns // 4),
        source=BABADI,
        status=Status.ASYMPTOTIC,
        n_samples=40,
        n_quick=10,
        allowance=0.03 * value,
        remark="100 inputs; the allowance is the 3 % of higher orders in 1 / N, as for overlaps.",
    )


CLAIMS = (
    *(margin_limit(kappa) for kappa in (0.5, 1.0)),
    *(robust_limit(rho) for rho in (0.0, 0.5, 1.0)),
    *(silent(rho) for rho in (0.5, 1.0)),
    claim(
        "R8.novikoff",
        "A perceptron makes no more than (radius / margin)^2 mistakes",
        r"1 - n / (R / \gamma)^2 > 0",
        0.0,
        partial(mistakes, True),
        partial(mistakes, False),
        systems=("S4", "S14"),
        source=NOVIKOFF,
        status=Status.ORDERING,
        n_samples=60,
        n_quick=10,
        remark="An exact bound; the control is taught labels at random, ten for each dimension, "
        "which nothing linear can reproduce.",
    ),
    claim(
        "R8.orthogonal",
        "Of orthogonal patterns of one length a perceptron makes as many mistakes as the bound "
        "allows, one for each",
        r"n / (R / \gamma)^2 = 1",
        1.0,
        partial(tightness, True),
        partial(tightness, False),
        systems=("S4", "S14"),
        source=NOVIKOFF,
        n_samples=20,
        n_quick=5,
        remark="The margin comes from a support vector machine, to 1e-4; the control has random "
        "patterns of one length.",
    ),
    claim(
        "R8.one_shot",
        "One-shot Hebbian learning recalls 95 % of .37 associations per dimension, far fewer than "
        "2",
        r"\Phi(1 / \sqrt{\alpha}) = .95",
        0.36961,
        partial(one_shot, HebbianReadout(centered=False)),
        partial(one_shot, PerceptronReadout(bias=False, max_epochs=200)),
        source="signal to crosstalk; Hertz, Krogh & Palmer 1991, ch. 2",
        status=Status.ASYMPTOTIC,
        n_samples=150,
        n_quick=30,
        allowance=0.005,
        remark="200 dimensions; the allowance is one pattern, of which crosstalk has one less.",
    ),
    *(recalled(f, 500) for f in (0.5, 0.1)),
)
