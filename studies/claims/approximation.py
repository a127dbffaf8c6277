"""Claims about functions as networks (R28, S2): rates, rewritings, saturation."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.stats
from scipy.optimize import linprog

from olfnet.checks import FloatArray
from olfnet.lab.claims import Claim, Measured
from olfnet.receptors import fly_odors
from olfnet.theory import approximation
from olfnet.theory.activations import ReLU, Tanh
from olfnet.theory.approximation import deep_square, interpolation, random_knots_error, square
from olfnet.theory.network import Network, dense

Rng = np.random.Generator
Function = Callable[[FloatArray], FloatArray]
YAROTSKY = "Yarotsky 2017, arXiv 1610.01145"
CHORDS = "Chord of a parabola: error (l/2)^2 in the middle of a piece of length l"
EPS = float(np.finfo(float).eps)
SATURATED = float(np.arctanh(np.sqrt(0.99)))  # where the slope of tanh is below .01
SIZES = (4, 8, 16, 32, 64)
BOUND, MEAN, SD = 0.5, 0.3, 0.2
claim = partial(Claim, systems=("S2",), source=CHORDS)


def square_error(network: Network, *_: Any) -> Measured:
    """Largest error of x^2 on a grid of [0, 1] that holds the middles of all pieces."""
    x = np.linspace(0, 1, 5 * 2**12 + 1)[:, None]
    return Measured.number(float(np.abs(network(x) - x**2).max()))


def best_error(n_pieces: int, *_: Any) -> Measured:
    """Least error of x^2 that any heights at equal knots can give, by linear programming."""
    x = np.linspace(0, 1, 16 * n_pieces + 1)
    hats = np.maximum(0, 1 - np.abs(n_pieces * x[:, None] - np.arange(n_pieces + 1)))
    both = np.vstack((hats, -hats))
    found = linprog(
        np.append(np.zeros(n_pieces + 1), 1.0),
        A_ub=np.column_stack((both, -np.ones(len(both)))),
        b_ub=np.concatenate((x**2, -(x**2))),
        bounds=(None, None),
    )
    return Measured.number(found.fun)


def shallow_rate(function: Function, *_: Any) -> Measured:
    """Return the exponent with which the error of interpolation falls as units are added."""
    x = np.linspace(0, 1, 4097)[:, None]
    nets = [interpolation(function, np.linspace(0, 1, n + 1)) for n in SIZES]
    errors = [np.abs(net(x) - function(x)).max() for net in nets]
    return Measured.number(np.polyfit(np.log(SIZES), np.log(errors), 1)[0])


def deep_rate(build: Callable[[int], Network], *_: Any) -> Measured:
    """Fit by how many bits each composition, 3 units more, improves x^2."""
    depths = range(1, 9)
    errors = [square_error(build(m)).value for m in depths]
    return Measured.number(np.polyfit(depths, np.log2(errors), 1)[0])


def random_knots(n_pieces: int, n: int, rng: Rng) -> Measured:
    """Mean error of x^2 interpolated at random knots, by networks."""
    errors = []
    for stream in rng.spawn(n):
        knots = np.concatenate(([0.0], np.sort(stream.random(n_pieces - 1)), [1.0]))
        middles = (knots[1:, None] + knots[:-1, None]) / 2
        errors.append(np.abs(interpolation(np.square, knots)(middles) - middles**2).max())
    return Measured.mean(errors)


def steep_network(rng: Rng | int = 1) -> Network:
    """Draw a network whose weights and biases reach about 20."""
    return dense([5, 12, 2], ReLU(), weight_variance=100.0, bias_variance=50.0, rng=rng)


def clipped(network: Network, bound: float) -> Network:
    """Cut weights off at a bound, which changes the function."""
    return network.with_parameters([np.clip(a, -bound, bound) for a in network.parameters])


def rewritten(rewrite: Callable[[Network, float], Network], n: int, rng: Rng) -> Measured:
    """Largest deviation of a network with bounded weights; infinite if they are not bounded."""
    network, x = steep_network(rng), rng.uniform(-1, 1, (n, 5))
    other = rewrite(network, BOUND)
    within = approximation.largest_weight(other) <= BOUND * (1 + 2 * EPS)
    deviation = float(np.abs(other(x) - network(x)).max())
    return Measured.number(deviation if within else np.inf)


def absorbed(rewrite: Callable[[Network, float, float], Network], n: int, rng: Rng) -> Measured:
    """Largest deviation of a network for raw inputs from one for normalized inputs."""
    network, x = steep_network(rng), rng.uniform(-1, 1, (n, 5))
    found = rewrite(network, MEAN, SD)(x) - network((x - MEAN) / SD)
    return Measured.number(float(np.abs(found).max()))


def unshifted(network: Network, mean: float, sd: float) -> Network:
    """Forget the mean, the control."""
    return approximation.normalized(network, 0.0, sd)


def saturation(normalized: bool, n: int, rng: Rng) -> Measured:
    """Share of odors for which a tanh unit is saturated, with n units that hear receptors."""
    rates = fly_odors()
    network = dense([rates.shape[1], n, 1], Tanh(), weight_variance=1.0, rng=rng)
    if normalized:
        network = approximation.normalized(network, rates.mean(axis=0), rates.std(axis=0))
    weights, bias, *_ = network.parameters
    return Measured.mean((np.abs(rates @ weights.T + bias) > SATURATED).mean(axis=0))


def saturation_theory() -> float:
    """Return that share for drives N(0, mean square rate) of each odor."""
    spread = np.sqrt(np.mean(fly_odors() ** 2, axis=1))
    return float(np.mean(2 * scipy.stats.norm.sf(SATURATED / spread)))


def composed_sawtooths(m: int) -> Claim:
    """Error of the deep square; the control has one composition more."""
    return claim(
        f"R28.deep_{m}",
        f"Square by {m} composed sawtooths, {3 * m - 1} units: largest error",
        r"2^{-(2m + 2)}",
        2.0 ** -(2 * m + 2),
        partial(square_error, deep_square(m)),
        partial(square_error, deep_square(m + 1)),
        source=YAROTSKY,
        remark="Exactly: all numbers are short binary fractions.",
    )


def pieces(n: int, balanced: bool) -> Claim:
    """Error of a shallow square; the control is the other kind, at the same number of units."""
    networks = [square(n, balanced=one) for one in (balanced, not balanced)]
    return claim(
        f"R28.{'balanced' if balanced else 'shallow'}_{n}",
        f"Square by {n} units, {'best heights' if balanced else 'met at knots'}: largest error",
        r"1 / (8 n^2)" if balanced else r"1 / (4 n^2)",
        1 / ((8 if balanced else 4) * n**2),
        partial(square_error, networks[0]),
        partial(square_error, networks[1]),
        allowance=4 * n * EPS,
        remark="The allowance is rounding of n sums.",
    )


CLAIMS = (
    *(composed_sawtooths(m) for m in (1, 3, 6)),
    pieces(10, False),
    pieces(10, True),
    claim(
        "R28.best_10",
        "No other heights at 10 equal pieces err less: optimum of a linear program",
        r"1 / (8 n^2)",
        1 / 800,
        partial(best_error, 10),
        partial(best_error, 11),
        allowance=1e-8,
        remark="Nor do other knots, since a line errs on a piece of length l by l^2 / 8 at least, "
        "and one of n pieces is at least 1 / n long. The allowance is the solver's tolerance.",
    ),
    claim(
        "R28.shallow_rate",
        "The error of x^2 by n units falls with this power of n",
        r"n^{-2}",
        -2.0,
        partial(shallow_rate, np.square),
        partial(shallow_rate, np.sqrt),
        allowance=1e-9,
        remark="Fitted. The control is the square root, whose slope is infinite at 0: n^(-1/2).",
    ),
    claim(
        "R28.deep_rate",
        "Each composition, three units more, improves x^2 by two bits: change of log2(error)",
        r"2^{-2m}",
        -2.0,
        partial(deep_rate, deep_square),
        partial(deep_rate, lambda m: square(3 * m - 1)),
        source=YAROTSKY,
        allowance=1e-9,
        remark="Fitted. The control adds the same units to a shallow network.",
    ),
    claim(
        "S2.random_knots",
        "Mean error of x^2 at random knots, as of units with random thresholds, 20 pieces",
        r"(H_n^2 + \sum 1/k^2) / (4 n (n + 1))",
        partial(random_knots_error, 20),
        partial(random_knots, 20),
        partial(random_knots, 26),
        source="Longest of n spacings: Devroye 1981, Ann. Probab. 9:860, and the chord's error",
        n_samples=3000,
        n_quick=400,
    ),
    claim(
        "S2.bounded",
        "Weights of about 20 can be brought below 1/2 by more units: largest deviation",
        r"relu(c z) = c\,relu(z)",
        0.0,
        partial(rewritten, approximation.bounded),
        partial(rewritten, clipped),
        source="Homogeneity of the rectifier",
        n_samples=2000,
        n_quick=200,
        allowance=1e4 * 64 * EPS,
        remark="The allowance is rounding of sums whose terms add up to less than 10^4; a weight "
        "beyond the bound would count as an infinite deviation. The control cuts weights off.",
    ),
    claim(
        "S2.normalized",
        "Normalization of inputs can be absorbed into the first weights: largest deviation",
        r"W (x - \mu)/\sigma + b = (W/\sigma) x + (b - W \mu/\sigma)",
        0.0,
        partial(absorbed, approximation.normalized),
        partial(absorbed, unshifted),
        source="Linear algebra",
        n_samples=20_000,
        n_quick=2000,
        allowance=1e5 * 16 * EPS,
        remark="The allowance is rounding of sums whose terms add up to less than 10^5. The "
        "control forgets the mean.",
    ),
    claim(
        "S2.saturation",
        "Share of measured odors for which a tanh unit on raw receptor rates is saturated",
        r"\langle 2 H(t / \sqrt{\langle r^2 \rangle}) \rangle, \quad \tanh'(t) = .01",
        saturation_theory,
        partial(saturation, False),
        partial(saturation, True),
        source="Normal drives of random weights of variance 1 / n",
        n_samples=50_000,
        n_quick=5000,
        remark="110 odors, 24 receptors. The control has normalization absorbed: its share is "
        "about .012.",
    ),
)
"""All claims about approximation."""
