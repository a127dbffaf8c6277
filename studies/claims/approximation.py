"""Functions as ReLU networks (R28, S2, S8): rates, rewriting, saturation, exact networks, steps."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.stats
from scipy.optimize import linprog

from olfnet import random_expansion
from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold, TopK
from olfnet.lab import claims
from olfnet.lab.claims import Measured
from olfnet.receptors import fly_odors, odors
from olfnet.theory import approximation as nets
from olfnet.theory.activations import ReLU, Tanh
from olfnet.theory.network import Network, dense

Rng = np.random.Generator
Function = Callable[[FloatArray], FloatArray]
YAROTSKY = "Yarotsky 2017, arXiv 1610.01145"
CHORDS = "Chord of a parabola: error (l/2)^2 in the middle of a piece of length l"
ARORA = "Arora et al. 2018, arXiv 1611.01491"
RAMP = "Width of the ramp, 1 / slope"
EPS = float(np.finfo(float).eps)
SATURATED = float(np.arctanh(np.sqrt(0.99)))  # where the slope of tanh is below .01
SIZES = (4, 8, 16, 32, 64)
SLOPES = 2.0 ** np.arange(1, 7)
STEEP = {"weight_variance": 100.0, "bias_variance": 50.0}  # weights and biases of up to about 20
BOUND, MEAN, SD = 0.5, 0.3, 0.2
N_UNITS = 12
claim = partial(claims.claim, systems=["S2"], source=CHORDS)
exact = partial(claims.claim, systems=["S8"], source=ARORA)


def square_error(network: Network) -> float:
    """Largest error of x^2 on a grid of [0, 1] that holds the middles of all pieces."""
    x = np.linspace(0, 1, 5 * 2**12 + 1)[:, None]
    return float(np.abs(network(x) - x**2).max())


@claim(
    "R28.deep_{m}",
    lambda m: 2.0 ** -(2 * m + 2),
    control=lambda m: {"m": m + 1},
    cases=[{"m": m, "n_units": 3 * m - 1} for m in (1, 3, 6)],
    source=YAROTSKY,
)
def deep_error(m: int) -> float:
    """Square by {m} composed sawtooths, {n_units} units: largest error.
    $2^{-(2m + 2)}$

    Exactly: all numbers are short binary fractions.
    """
    return square_error(nets.deep_square(m))


@claim(
    "R28.{word}_{n_units}",
    lambda n_units, balanced: 1 / ((8 if balanced else 4) * n_units**2),
    lambda balanced: f"1 / ({8 if balanced else 4} n^2)",
    control=lambda balanced: {"balanced": not balanced},
    cases=[
        {"word": "shallow", "n_units": 10, "balanced": False, "heights": "heights of the parabola"},
        {"word": "balanced", "n_units": 10, "balanced": True, "heights": "the best heights"},
    ],
    allowance=lambda n_units: 4 * n_units * EPS,
)
def shallow_error(n_units: int, balanced: bool) -> float:
    """Square by {n_units} units with {heights} at the knots: largest error.

    The allowance is rounding of n sums.
    """
    return square_error(nets.square(n_units, balanced=balanced))


@claim("R28.best_10", 1 / 800, control={"n_pieces": 11}, allowance=1e-8)
def best_error(n_pieces: int = 10) -> float:
    """No heights at the ends of {n_pieces} equal pieces err less: optimum of a linear program.
    $1 / (8 n^2)$

    Nor do other knots, since a line errs on a piece of length l by l^2 / 8 at least, and one of n
    pieces is at least 1 / n long. The allowance is the solver's tolerance.
    """
    x = np.linspace(0, 1, 16 * n_pieces + 1)
    hats = np.maximum(0, 1 - np.abs(n_pieces * x[:, None] - np.arange(n_pieces + 1)))
    both = np.vstack((hats, -hats))
    above = np.column_stack((both, -np.ones(len(both))))
    target = np.concatenate((x**2, -(x**2)))
    costs = np.append(np.zeros(n_pieces + 1), 1.0)
    return float(linprog(costs, A_ub=above, b_ub=target, bounds=(None, None)).fun)


@claim("R28.shallow_rate", -2.0, control={"function": np.sqrt}, allowance=1e-9)
def shallow_rate(function: Function = np.square) -> float:
    """The error of x^2 by n units falls with this power of n.
    $n^{-2}$

    Fitted. The control is the square root, whose slope is infinite at 0: n^(-1/2).
    """
    x = np.linspace(0, 1, 4097)[:, None]
    networks = [nets.interpolation(function, np.linspace(0, 1, n + 1)) for n in SIZES]
    errors = [np.abs(network(x) - function(x)).max() for network in networks]
    return float(np.polyfit(np.log(SIZES), np.log(errors), 1)[0])


@claim("R28.deep_rate", -2.0, control={"deep": False}, source=YAROTSKY, allowance=1e-9)
def deep_rate(deep: bool = True) -> float:
    """Each composition, three units more, improves x^2 by two bits: change of log2(error).
    $2^{-2m}$

    Fitted. The control adds the same units to a shallow network.
    """
    depths = range(1, 9)
    squares = [nets.deep_square(m) if deep else nets.square(3 * m - 1) for m in depths]
    return float(np.polyfit(depths, np.log2([square_error(x) for x in squares]), 1)[0])


@claim(
    "S2.random_knots",
    partial(nets.random_knots_error, 20),
    control={"n_pieces": 26},
    source="Longest of n spacings: Devroye 1981, Ann. Probab. 9:860, and the chord's error",
    samples=(3000, 400),
)
def random_knots(stream: Rng, n_pieces: int = 20) -> float:
    r"""Mean error of x^2 at random knots, as of units with random thresholds, {n_pieces} pieces.
    $(H_n^2 + \sum 1/k^2) / (4 n (n + 1))$
    """
    knots = np.concatenate(([0.0], np.sort(stream.random(n_pieces - 1)), [1.0]))
    middles = (knots[1:, None] + knots[:-1, None]) / 2
    return float(np.abs(nets.interpolation(np.square, knots)(middles) - middles**2).max())


def clipped(network: Network, bound: float) -> Network:
    """Clip weights at a bound, which changes the function."""
    return network.with_parameters([np.clip(a, -bound, bound) for a in network.parameters])


@claim(
    "S2.bounded",
    0.0,
    control={"rewrite": clipped},
    source="Homogeneity of the rectifier",
    samples=(2000, 200),
    allowance=1e4 * 64 * EPS,
)
def bounded_deviation(
    n: int, rng: Rng, rewrite: Callable[[Network, float], Network] = nets.bounded
) -> float:
    r"""Weights of about 20 can be brought below 1/2 by more units: largest deviation.
    $relu(c z) = c\,relu(z)$

    The allowance is rounding of sums whose terms add up to less than 10^4; a weight beyond the
    bound counts as an infinite deviation. The control clips weights.
    """
    network, x = dense([5, 12, 2], ReLU(), **STEEP, rng=rng), rng.uniform(-1, 1, (n, 5))
    other = rewrite(network, BOUND)
    within = nets.largest_weight(other) <= BOUND * (1 + 2 * EPS)
    return float(np.abs(other(x) - network(x)).max()) if within else np.inf


@claim(
    "S2.normalized",
    0.0,
    control={"mean": 0.0},
    source="Linear algebra",
    samples=(20_000, 2000),
    allowance=1e5 * 16 * EPS,
)
def normalized_deviation(n: int, rng: Rng, mean: float = MEAN) -> float:
    r"""Normalization of inputs can be absorbed into the first weights: largest deviation.
    $W (x - \mu)/\sigma + b = (W/\sigma) x + (b - W \mu/\sigma)$

    The allowance is rounding of sums whose terms add up to less than 10^5. The control leaves out
    the mean.
    """
    network, x = dense([5, 12, 2], ReLU(), **STEEP, rng=rng), rng.uniform(-1, 1, (n, 5))
    other = nets.normalized(network, mean, SD)
    return float(np.abs(other(x) - network((x - MEAN) / SD)).max())


def saturated_fraction() -> float:
    """Return the fraction for drives N(0, mean square rate) of each odor."""
    drive_sd = np.sqrt(np.mean(fly_odors() ** 2, axis=1))
    return float(np.mean(2 * scipy.stats.norm.sf(SATURATED / drive_sd)))


@claim(
    "S2.saturation",
    saturated_fraction,
    control={"normalized": True},
    source="Normal drives of random weights of variance 1 / n",
    samples=(50_000, 5000),
)
def saturation(n: int, rng: Rng, normalized: bool = False) -> FloatArray:
    r"""Fraction of measured odors for which a tanh unit on raw receptor rates is saturated.
    $\langle 2 H(t / \sqrt{\langle r^2 \rangle}) \rangle, \quad \tanh'(t) = .01$

    110 odors, 24 receptors. The control has normalization absorbed: its fraction is about .012.
    """
    rates = fly_odors()
    network = dense([rates.shape[1], n, 1], Tanh(), weight_variance=1.0, rng=rng)
    if normalized:
        network = nets.normalized(network, rates.mean(axis=0), rates.std(axis=0))
    weights, bias, *_ = network.parameters
    return np.asarray((np.abs(rates @ weights.T + bias) > SATURATED).mean(axis=0))


def one_unit_off(network: Network) -> Network:
    """Remove the input of one of the first units: the result is right for most inputs."""
    weights, *rest = network.parameters
    kept = (np.arange(len(weights)) > 0)[:, None]
    return network.with_parameters([weights * kept, *rest])


def lead(x: FloatArray) -> FloatArray:
    """Lead of each number over all others, 0 if it is not the largest."""
    others = np.stack([np.delete(x, i, axis=1).max(axis=1) for i in range(x.shape[1])], axis=1)
    return np.asarray(np.maximum(x - others, 0))


def largest(x: FloatArray) -> FloatArray:
    """Return the largest number of each row."""
    return np.asarray(x.max(axis=1, keepdims=True))


def brick(name: str, words: str, equation: str, function: Function, network: Network) -> Any:
    """Describe an exact network."""
    texts = {"name": name, "words": words, "equation": equation}
    return {**texts, "function": function, "network": network, "n_units": nets.n_units(network)}


KNOTS, HEIGHTS = np.linspace(-0.75, 0.75, 7), np.array([0.5, -0.25, 1.0, 1.0, 0.0, -1.0, 0.25])
MAX, MIN = "relu(x - y) + relu(y) - relu(-y)", "y - relu(y - x)"
PYRAMID = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


@exact(
    "S8.{name}",
    0.0,
    lambda equation: equation,
    control=lambda network: {"network": one_unit_off(network)},
    cases=[
        brick("absolute", "Absolute value", "relu(x) + relu(-x)", np.abs, nets.absolute()),
        brick("maximum", "Largest of 8 numbers", MAX, largest, nets.maximum(8)),
        brick("minimum", "Smallest of 5 numbers", MIN, lambda x: -largest(-x), nets.minimum(5)),
        brick(
            "piecewise_linear",
            "Any continuous piecewise-linear function of one number",
            r"\sum_i (s_{i+1} - s_i)\,relu(x - k_i)",
            lambda x: np.interp(x, KNOTS, HEIGHTS),
            nets.piecewise_linear(KNOTS, HEIGHTS),
        ),
        brick(
            "max_of_minima",
            "A pyramid, the smallest of four planes,",
            r"\max_i \min_{j \in S_i} l_j(x)",
            lambda x: 1 - largest(np.abs(x)),
            nets.max_of_minima(PYRAMID, np.ones(4), [[0, 1, 2, 3]]),
        ),
        brick(
            "winner",
            "Winner-take-all among 4 numbers",
            r"relu(x_i - \max_{j \ne i} x_j)",
            lead,
            nets.winner_take_all(4),
        ),
    ],
    samples=(100_000, 5000),
    allowance=40 * EPS,
)
def brick_deviation(n: int, rng: Rng, network: Network, function: Function) -> float:
    """{words} as a network of {n_units} rectifiers: largest deviation.

    On random numbers between -1 and 1; the allowance is rounding, at most 3 eps a round or
    unit. In the control one unit has no input.
    """
    # Cubes, since sums of uniform numbers, multiples of 2^-53, need no rounding.
    x = rng.uniform(-1, 1, (n, network.parameters[0].shape[1])) ** 3
    return float(np.abs(network(x) - function(x)).max())


@exact(
    "S8.winner_of_odors", 0.0, control={"k": 2}, samples=(5000, 500), allowance=12 * 4 * 2000 * EPS
)
def winners(n: int, rng: Rng, k: int = 1) -> float:
    r"""A circuit in which one of {N_UNITS} units responds to each odor takes the winner, as the
    network of rectifiers does: largest deviation of rates (Hz).
    $relu(d_i - \max_{j \ne i} d_j)$

    The allowance is rounding: 3 eps of the largest drive, below 2000 Hz, in each of 4 rounds. In
    the control two units respond.
    """
    wiring, smells = rng.spawn(2)
    weights = random_expansion(
        n_inputs=24, n_units=N_UNITS, fan_in=6, coding_level=1 / N_UNITS, rng=wiring
    ).weights
    rates = odors.exponential(n, 24, rng=smells)
    responses = rate.respond(Circuit(weights, TopK(k / N_UNITS)), rates).rates
    network = nets.winner_take_all(N_UNITS)
    return float(np.abs(responses - network(rates @ weights.T)).max())


@exact(
    "S8.gate_of_odors", 0.0, control={"gate": 50.0}, samples=(100_000, 5000), allowance=200 * EPS
)
def gated(n: int, rng: Rng, gate: float = 100.0) -> float:
    r"""One input for the animal's state gates a circuit: largest deviation (Hz).
    $relu(d + g s - g) = d s \quad (0 \le d \le g,\ s \in \{0, 1\})$

    Drives up to 100 Hz; the allowance is the rounding of sums up to 200. Every unit receives the
    input with the gate's weight. That of the control is too weak: strong signals leak.
    """
    drive = rng.uniform(0, 100, (n, 1))
    state = rng.integers(2, size=(n, 1)).astype(float)
    circuit = Circuit([[1.0, gate]], FixedThreshold(gate))
    rates = rate.respond(circuit, np.hstack((drive, state))).rates
    return float(np.abs(rates - drive * state).max())


def step_errors(slope: float, x: FloatArray) -> FloatArray:
    """Difference of a ramp from a step at 0, rounding aside."""
    error = np.abs(nets.ramp(0, slope)(x) - nets.switch(0)(x))
    return np.asarray(np.where(error > 4 * EPS * slope, error, 0))


@exact("S8.step_region", 0.1, control={"slope": 10.0}, source=RAMP, samples=(200_000, 5000))
def step_region(n: int, rng: Rng, slope: float = 5.0) -> Measured:
    r"""A ramp of slope {slope:g} differs from a step on this fraction of the line from -1 to 1.
    $1 / (2 \cdot slope)$

    The control is twice as steep: half the region.
    """
    return Measured.fraction(int(np.sum(step_errors(slope, rng.uniform(-1, 1, (n, 1))) > 0)), n)


@exact("S8.step_rate", -1.0, control={"size": np.max}, source=RAMP, samples=(50_000, 5000))
def step_rate(n: int, rng: Rng, size: Function = lambda errors: np.mean(errors > 0)) -> FloatArray:
    """The region in which a ramp differs from a step shrinks with this power of the slope.
    $slope^{-1}$

    Ten fits for slopes from 2 to 64. The control is the largest error, which stays.
    """
    lines = rng.uniform(-1, 1, (10, n, 1))
    sizes = [[size(step_errors(slope, x)) for slope in SLOPES] for x in lines]
    return np.asarray(np.polyfit(np.log(SLOPES), np.log(sizes).T, 1)[0])


@exact("S8.step_error", 0.5, control={"distance": 1.0}, source="Continuity")
def step_error(distance: float = 1e-7) -> Measured:
    r"""However steep, a ramp errs by one half beside the threshold: a step is only approached.
    $\sup_x |ramp(x) - step(x)| = 1/2$

    Slope 10^6, at a distance in units of its width. The control's is where the ramp has ended.
    """
    slope = 1e6
    error = np.abs(nets.ramp(0, slope)(np.array([[distance / slope]])) - 1)
    return Measured.number(error[0, 0], 1e-6)
