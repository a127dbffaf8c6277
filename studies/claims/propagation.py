"""Claims about signals in deep random networks (R12, R25): correlations and the edge of chaos."""

from functools import cache, partial

import numpy as np

from olfnet.checks import FloatArray
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.theory import propagation
from olfnet.theory.activations import Activation, Erf, LeakyReLU, ReLU, Tanh
from olfnet.theory.propagation import RandomLayer

from .sources import CHO, SCHOENHOLZ

Rng = np.random.Generator
POOLE = "Poole et al. 2016, arXiv 1606.05340"
N_UNITS, N_INPUTS, BIAS = 100, 8, 0.05
BEFORE, BETWEEN = 12, 8  # layers in which the variance settles, and gradients are looked at
ROUNDED = {
    0.05: "  To more digits 1.7609546; the list of references has 1.76096, one up in the last."
}
OTHER = {1.0: 1.5, 1.5: 1.0, 2.5: 4.0, 4.0: 2.5}  # weight variances of controls
claim = partial(Claim, systems=("S5",), status=Status.ASYMPTOTIC)


def alike(correlations: FloatArray, n_inputs: int, n_units: int, rng: Rng) -> FloatArray:
    """Draw inputs of mean square 1 with exactly these mutual correlations, a block for each."""
    basis = np.linalg.qr(rng.standard_normal((n_units, n_inputs + 1)))[0].T * n_units**0.5
    return np.concatenate([c**0.5 * basis[0] + (1 - c) ** 0.5 * basis[1:] for c in correlations])


def mutual(activity: FloatArray, weight_variance: float, bias_variance: float) -> float:
    """Mean correlation of the drives that activities (n_samples, n_units) cause."""
    shared = weight_variance * activity @ activity.T / activity.shape[1] + bias_variance
    spread = np.sqrt(np.diag(shared))
    pairs = np.triu_indices(len(shared), 1)
    return float(np.mean((shared / spread / spread[:, None])[pairs]))


def rectified(depth: int, activation: Activation, n: int, rng: Rng) -> Measured:
    """Correlation of two inputs, 0 at first, behind layers that keep their mean square."""
    return Measured.mean(rectified_samples(depth, activation, N_UNITS, n, rng))


def rectified_samples(
    depth: int, activation: Activation, n_units: int, n: int, rng: Rng
) -> FloatArray:
    """Return the same of each of n networks."""
    found = []
    for stream in rng.spawn(n):
        network = propagation.stack(RandomLayer(activation, 2.0), n_units, depth, rng=stream)
        pair = alike(np.zeros(1), 2, n_units, stream)
        found.append(mutual(propagation.states(network, pair)[-1], 1.0, 0.0))
    return np.array(found)


def rectified_theory(depth: int) -> float:
    """Iterate the correlation map from 0."""
    c = 0.0
    for _ in range(depth):
        c = float(RandomLayer(ReLU(), 2.0).correlation_map(c, 1.0))
    return c


def deviation_slope(depth: int, n: int, rng: Rng) -> Measured:
    """Exponent with which networks of 3 layers deviate less from theory as their width grows.

    Another depth of theory is for the control.
    """
    widths, wanted = np.array([16, 32, 64, 128]), rectified_theory(depth)
    slopes = []
    for stream in rng.spawn(n):
        parts = zip(widths, stream.spawn(len(widths)), strict=True)
        found = [rectified_samples(3, ReLU(), int(width), 20, part) for width, part in parts]
        deviation = np.sqrt(np.mean((np.array(found) - wanted) ** 2, axis=1))
        slopes.append(np.polyfit(np.log(widths), np.log(deviation), 1)[0])
    return Measured.mean(slopes)


def edge(bias_variance: float, activation: Activation, n: int, rng: Rng) -> Measured:
    """Weight variance at which gradients neither grow nor fade, between two that are tried.

    Both share their random numbers; the interval is that of the jackknife.
    """
    middle = float(RandomLayer.critical(Tanh(), bias_variance).weight_variance)
    tried = middle * np.array([0.95, 1.05])
    grown = []
    for stream in rng.spawn(n):
        seed = int(stream.integers(2**62))
        for weight_variance in tried:
            gradient = propagation.sampled_profile(
                RandomLayer(activation, weight_variance, bias_variance),
                BEFORE + BETWEEN,
                n_units=N_UNITS,
                signal=1.0 if bias_variance else 1e-6,
                rng=seed,
            ).gradient
            grown.append((gradient[BEFORE] / gradient[-1]) ** 2)
    samples = np.reshape(grown, (n, 2))
    leave_out = np.log((samples.sum(axis=0) - samples) / (n - 1))
    logs = np.vstack((np.log(samples.mean(axis=0)), leave_out))
    share = logs[:, 0] / (logs[:, 0] - logs[:, 1])
    roots = tried[0] * (tried[1] / tried[0]) ** share
    return Measured.mean(n * roots[0] - (n - 1) * roots[1:])


@cache
def settled(weight_variance: float) -> tuple[float, float]:
    """Variance and correlation of drives at the fixed point in theory, and that of activities."""
    layer = RandomLayer(Tanh(), weight_variance, BIAS)
    return float(layer.fixed_variance()), float(layer.fixed_correlation)


def passed(
    weight_variance: float, correlations: FloatArray, depth: int, rng: Rng
) -> tuple[FloatArray, FloatArray]:
    """Correlations of drives at first and behind some layers, in blocks of inputs."""
    q, _ = settled(weight_variance)
    activity = (q - BIAS) / weight_variance
    starts = (q * correlations - BIAS) / (q - BIAS)  # of activities, which share no biases
    inputs = activity**0.5 * alike(starts, N_INPUTS, N_UNITS, rng)
    layer = RandomLayer(Tanh(), weight_variance, BIAS)
    network = propagation.stack(layer, N_UNITS, depth, rng=rng)
    found = [
        [mutual(block, weight_variance, BIAS) for block in np.split(one, len(correlations))]
        for one in (inputs, propagation.states(network, inputs)[-1])
    ]
    return np.array(found[0]), np.array(found[1])


def limit(weight_variance: float, n: int, rng: Rng) -> Measured:
    """Correlation behind 25 layers, .3 at first."""
    start = np.array([0.3])
    return Measured.mean([passed(weight_variance, start, 25, one)[1][0] for one in rng.spawn(n)])


def scale(weight_variance: float, n: int, rng: Rng) -> Measured:
    """Layers in which correlations come closer to their limit by 1 / e.

    In chaos two blocks of inputs start a little above and below the limit; in order, near 1.
    """
    limit_ = settled(weight_variance)[1]
    chaos = limit_ < 1
    start = limit_ + 0.02 * np.array([1, -1]) if chaos else np.array([1 - 1e-4])
    depth = 8
    left = []
    for stream in rng.spawn(n):
        pair = passed(weight_variance, start, depth, stream)
        first, last = (one[0] - one[1] if chaos else 1 - one[0] for one in pair)
        left.append(last / first)
    ratio = Measured.mean(left)
    ends = np.clip([ratio.value, ratio.low, ratio.high], 1e-9, 1 - 1e-9)
    return Measured(*map(float, depth / -np.log(ends)))


def rectified_claim(depth: int) -> Claim:
    """Correlation at one depth; the control has leaky rectifiers."""
    return claim(
        f"R12.correlation_{depth}",
        f"Orthogonal inputs correlate by {rectified_theory(depth):.6f} behind {depth} layers of "
        "rectifiers",
        r"c' = [\sqrt{1 - c^2} + c (\pi - \arccos c)] / \pi",
        partial(rectified_theory, depth),
        partial(rectified, depth, ReLU()),
        partial(rectified, depth, LeakyReLU(0.3)),
        source=CHO,
        n_samples=4000,
        n_quick=400,
        allowance=1 / N_UNITS,
        remark=f"{N_UNITS} units; the allowance is one by their number, the order of corrections.",
    )


def edge_claim(bias_variance: float) -> Claim:
    """One point of the critical line; the control has another activation."""
    value = float(RandomLayer.critical(Tanh(), bias_variance).weight_variance)
    return claim(
        f"R25.edge_{bias_variance:g}",
        f"Weight variance at the edge of chaos, tanh, bias variance {bias_variance:g}",
        r"\chi = \sigma_w^2 \int Dz\, \phi'(\sqrt{q} z)^2 = 1",
        value,
        partial(edge, bias_variance, Tanh()),
        partial(edge, bias_variance, Erf()),
        source=SCHOENHOLZ,
        n_samples=600,
        n_quick=40,
        allowance=value / N_UNITS,
        remark=f"Where squared gradients of {N_UNITS} units stay the same over {BETWEEN} layers; "
        "the allowance is one part in the number of units, the order of corrections."
        + ROUNDED.get(bias_variance, ""),
    )


def limit_claim(weight_variance: float) -> Claim:
    """Limit of the correlation; the control has other weights."""
    value = settled(weight_variance)[1]
    return claim(
        f"R25.limit_{weight_variance:g}",
        "Any two inputs end up with the same correlation in chaos, tanh, weight variance "
        f"{weight_variance:g}, bias variance {BIAS:g}",
        r"c^* = (\sigma_w^2 \int \phi(u) \phi(v) + \sigma_b^2) / q^*",
        value,
        partial(limit, weight_variance),
        partial(limit, OTHER[weight_variance]),
        source=POOLE,
        n_samples=1000,
        n_quick=80,
        allowance=3 / N_UNITS,
        remark=f"{N_UNITS} units; the allowance is three by their number: corrections pile up over "
        "as many layers as a correlation takes to forget.",
    )


def scale_claim(weight_variance: float) -> Claim:
    """Depth scale of the correlation; the control has other weights."""
    value = float(RandomLayer(Tanh(), weight_variance, BIAS).correlation_depth)
    return claim(
        f"R25.scale_{weight_variance:g}",
        "Layers in which correlations come closer to their limit by 1/e, tanh, weight variance "
        f"{weight_variance:g}, bias variance {BIAS:g}",
        r"\xi = -1 / \ln \chi(c^*)",
        value,
        partial(scale, weight_variance),
        partial(scale, OTHER[weight_variance]),
        source=SCHOENHOLZ,
        n_samples=2000,
        n_quick=150,
        allowance=value**2 / N_UNITS,
        remark=f"{N_UNITS} units; the allowance is what a factor of 1 + 1 / {N_UNITS} in each "
        "layer would change.",
    )


CLAIMS = (
    *(rectified_claim(depth) for depth in (3, 5)),
    *(edge_claim(bias_variance) for bias_variance in (0.0, 0.01, 0.05, 0.1, 0.2)),
    *(limit_claim(weight_variance) for weight_variance in (2.5, 4.0)),
    *(scale_claim(weight_variance) for weight_variance in (1.0, 1.5, 2.5, 4.0)),
    claim(
        "S5.width",
        "Correlations in networks of finite width come closer to theory as one by the square root "
        "of the width",
        r"\sqrt{E (c - c_\infty)^2} \propto N^{-1/2}",
        -0.5,
        partial(deviation_slope, 3),
        partial(deviation_slope, 1),
        source=POOLE,
        n_samples=150,
        n_quick=15,
        allowance=1 / 16,
        remark="Slope of a line through logarithms, 16 to 128 units in each of 3 layers; the "
        "allowance is the share of the next order at the lesser width.",
    ),
)
"""All claims about signals."""
