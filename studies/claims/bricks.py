"""Claims about bricks of rectifiers (S8): exact ones, steps that are not, and where odors win."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from olfnet import random_expansion
from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold, Sparsifier, TopK
from olfnet.lab.claims import Claim, Measured
from olfnet.receptors import odors
from olfnet.theory import approximation
from olfnet.theory.activations import ReLU
from olfnet.theory.network import Activate, Dense, Network

Rng = np.random.Generator
Function = Callable[[FloatArray], FloatArray]
BRICKS = "Arora et al. 2018, arXiv 1611.01491"
EPS = float(np.finfo(float).eps)
SLOPES = 2.0 ** np.arange(1, 7)
N_UNITS = 12
claim = partial(Claim, systems=("S8",), source=BRICKS)


def deviation(network: Network, function: Function, n: int, rng: Rng) -> Measured:
    """Largest deviation of a network from a function of numbers between -1 and 1.

    Cubes, since sums of uniform numbers, multiples of 2^-53, need no rounding.
    """
    x = rng.uniform(-1, 1, (n, network.parameters[0].shape[1])) ** 3
    return Measured.number(float(np.abs(network(x) - function(x)).max()))


def wrong(slope: float, x: FloatArray) -> FloatArray:
    """By how much a ramp differs from a step at 0, rounding aside."""
    error = np.abs(approximation.ramp(0, slope)(x) - approximation.switch(0)(x))
    return np.asarray(np.where(error > 4 * EPS * slope, error, 0))


def step_region(slope: float, n: int, rng: Rng) -> Measured:
    """Share of the line from -1 to 1 on which a ramp differs from a step."""
    return Measured.fraction(int(np.sum(wrong(slope, rng.uniform(-1, 1, (n, 1))) > 0)), n)


def step_rate(measure: Function, n: int, rng: Rng) -> Measured:
    """Fit the power of the slope with which an error falls; mean of 10 fits."""
    x = rng.uniform(-1, 1, (10, n, 1))
    sizes = [[float(measure(wrong(slope, one))) for slope in SLOPES] for one in x]
    return Measured.mean(np.polyfit(np.log(SLOPES), np.log(sizes).T, 1)[0])


def region(errors: FloatArray) -> FloatArray:
    """Share of errors that are not zero."""
    return np.asarray(np.mean(errors > 0))


def step_error(distance: float, *_: Any) -> Measured:
    """Error of a very steep ramp at a distance from the threshold, in units of its width."""
    slope = 1e6
    x = np.array([[distance / slope]])
    return Measured.number(float(np.abs(approximation.ramp(0, slope)(x) - 1)[0, 0]), 1e-6)


def winners(sparsify: Sparsifier, n: int, rng: Rng) -> Measured:
    """Largest deviation of a circuit's rates (spikes/s) from winner-take-all of its drives."""
    wiring, smells = rng.spawn(2)
    circuit = random_expansion(
        n_inputs=24, n_units=N_UNITS, fan_in=6, coding_level=1 / N_UNITS, rng=wiring
    )
    rates = odors.exponential(n, 24, rng=smells)
    found = rate.respond(Circuit(circuit.weights, sparsify), rates).rates
    wanted = approximation.winner_take_all(N_UNITS)(rates @ circuit.weights.T)
    return Measured.number(float(np.abs(found - wanted).max()))


def gated(largest: float, n: int, rng: Rng) -> Measured:
    """Largest deviation of a circuit that is open in one state only from a gate of each drive.

    One more input says in which state the animal is; every unit hears it with weight ``largest``.
    """
    drive = rng.uniform(0, 100, (n, 1))
    state = rng.integers(2, size=(n, 1)).astype(float)
    circuit = Circuit([[1.0, largest]], FixedThreshold(largest))
    found = rate.respond(circuit, np.hstack((drive, state))).rates
    return Measured.number(float(np.abs(found - drive * state).max()))


def brick(
    key: str, words: str, equation: str, networks: tuple[Network, Network], function: Function
) -> Claim:
    """Brick that is exact to rounding; the control has one part missing."""
    right, wrong = networks
    return claim(
        f"S8.{key}",
        f"{words} as a network of {approximation.n_units(right)} rectifiers: largest deviation",
        equation,
        0.0,
        partial(deviation, right, function),
        partial(deviation, wrong, function),
        n_samples=100_000,
        n_quick=5000,
        allowance=40 * EPS,
        remark="On random numbers between -1 and 1; the allowance is rounding, at most 3 eps a "
        "round or unit.",
    )


def deaf(network: Network) -> Network:
    """Let one of the first units hear nothing: a control that is right about most inputs."""
    weights, *rest = network.parameters
    heard = (np.arange(len(weights)) > 0)[:, None]
    return network.with_parameters([weights * heard, *rest])


def rival_lead(x: FloatArray) -> FloatArray:
    """By how much each number leads over all others, 0 if it does not."""
    others = np.stack([np.delete(x, i, axis=1).max(axis=1) for i in range(x.shape[1])], axis=1)
    return np.asarray(np.maximum(x - others, 0))


def extreme(choose: np.ufunc, x: FloatArray) -> FloatArray:
    """Return the largest or smallest number of each row."""
    return np.asarray(choose.reduce(x, axis=1, keepdims=True))


def pyramid(x: FloatArray) -> FloatArray:
    """Return the height of a pyramid over the plane."""
    return np.asarray(1 - np.abs(x).max(axis=1, keepdims=True))


def joined(x: FloatArray) -> FloatArray:
    """Connect the heights at the knots."""
    return np.asarray(np.interp(x, KNOTS, HEIGHTS))


KNOTS, HEIGHTS = np.linspace(-0.75, 0.75, 7), np.array([0.5, -0.25, 1.0, 1.0, 0.0, -1.0, 0.25])
PYRAMID = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
RELU = Activate(ReLU())
ONE_SIDED = Network([Dense([[1.0]]), RELU, Dense([[1.0]])])
A = approximation
CLAIMS = (
    brick("absolute", "Absolute value", "relu(x) + relu(-x)", (A.absolute(), ONE_SIDED), np.abs),
    brick(
        "maximum",
        "Largest of 8 numbers",
        "relu(x - y) + relu(y) - relu(-y)",
        (A.maximum(8), deaf(A.maximum(8))),
        partial(extreme, np.maximum),
    ),
    brick(
        "minimum",
        "Smallest of 5 numbers",
        "y - relu(y - x)",
        (A.minimum(5), deaf(A.minimum(5))),
        partial(extreme, np.minimum),
    ),
    brick(
        "piecewise_linear",
        "Any continuous piecewise-linear function of one number",
        r"\sum_i (s_{i+1} - s_i)\,relu(x - k_i)",
        (A.piecewise_linear(KNOTS, HEIGHTS), A.piecewise_linear(KNOTS[:-1], HEIGHTS[:-1])),
        joined,
    ),
    brick(
        "max_of_minima",
        "A pyramid, the smallest of four planes,",
        r"\max_i \min_{j \in S_i} l_j(x)",
        (
            A.max_of_minima(PYRAMID, np.ones(4), [[0, 1, 2, 3]]),
            A.max_of_minima(PYRAMID, np.ones(4), [[0, 1], [2, 3]]),
        ),
        pyramid,
    ),
    brick(
        "winner",
        "Winner-take-all among 4 numbers",
        r"relu(x_i - \max_{j \ne i} x_j)",
        (A.winner_take_all(4), deaf(A.winner_take_all(4))),
        rival_lead,
    ),
    claim(
        "S8.winner_of_odors",
        f"A circuit in which one of {N_UNITS} units responds to each odor takes the winner, as the "
        "network of rectifiers does: largest deviation of rates (Hz)",
        r"relu(d_i - \max_{j \ne i} d_j)",
        0.0,
        partial(winners, TopK(1 / N_UNITS)),
        partial(winners, TopK(2 / N_UNITS)),
        n_samples=5000,
        n_quick=500,
        allowance=12 * 4 * 2000 * EPS,
        remark="The allowance is rounding: 3 eps of the largest drive, below 2000 Hz, in each of "
        "4 rounds. In the control two units respond.",
    ),
    claim(
        "S8.gate_of_odors",
        "One input that tells the animal's state gates a circuit: largest deviation (Hz)",
        r"relu(d + g s - g) = d s \quad (0 \le d \le g,\ s \in \{0, 1\})",
        0.0,
        partial(gated, 100.0),
        partial(gated, 50.0),
        n_samples=100_000,
        n_quick=5000,
        allowance=200 * EPS,
        remark="Drives up to 100 Hz; the allowance is the rounding of sums up to 200. The gate of "
        "the control is too weak: strong signals leak.",
    ),
    claim(
        "S8.step_region",
        "A ramp of slope 5 differs from a step on this share of the line from -1 to 1",
        r"1 / (2 \cdot slope)",
        0.1,
        partial(step_region, 5.0),
        partial(step_region, 10.0),
        source="Width of the ramp, 1 / slope",
        n_samples=200_000,
        n_quick=5000,
        remark="The control is twice as steep: half the region.",
    ),
    claim(
        "S8.step_rate",
        "The region in which a ramp differs from a step shrinks with this power of the slope",
        r"slope^{-1}",
        -1.0,
        partial(step_rate, region),
        partial(step_rate, np.max),
        source="Width of the ramp, 1 / slope",
        n_samples=50_000,
        n_quick=5000,
        remark="Fitted for slopes from 2 to 64. The control is the largest error, which stays.",
    ),
    claim(
        "S8.step_error",
        "However steep, a ramp errs by one half beside the threshold: a step is only approached",
        r"\sup_x |ramp(x) - step(x)| = 1/2",
        0.5,
        partial(step_error, 1e-7),
        partial(step_error, 1.0),
        source="Continuity",
        remark="Slope 10^6. The control looks where the ramp has ended.",
    ),
)
"""All claims about bricks."""
