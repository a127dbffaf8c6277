"""Signals and gradients in deep random networks and in the expansion layer (R12, R24, R25, S5)."""

from functools import cache, partial

import numpy as np
import scipy.stats

from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold
from olfnet.expansion.wiring import DenseGaussian
from olfnet.lab import claims
from olfnet.lab.claims import Measured, Status
from olfnet.theory import propagation
from olfnet.theory.activations import Erf, LeakyReLU, ReLU, Sigmoid, Step, Tanh, Thresholded
from olfnet.theory.network import Activate, Dense, Layer, Network
from olfnet.theory.propagation import RandomLayer, correlated_inputs, drive_correlation

from .sources import BABADI, CHO, SCHOENHOLZ

Rng = np.random.Generator
POOLE = "Poole et al. 2016, arXiv 1606.05340"
YANG = "Yang & Schoenholz 2017, arXiv 1712.08969"
BENGIO = "Bengio, Simard & Frasconi 1994, 10.1109/72.279181"
HE = "He et al. 2015, arXiv 1502.01852"
GLOROT = "Glorot & Bengio 2010, AISTATS"
N_UNITS, N_INPUTS, BIAS = 100, 8, 0.05
BEFORE, BETWEEN = 12, 8  # layers in which the variance settles, and in which gradients are measured
RECTIFIED = RandomLayer(ReLU(), 2.0)
CHAOS = [{"weight_variance": 2.5, "other": 4.0}, {"weight_variance": 4.0, "other": 2.5}]
DIGITS = "To more digits 1.7609546; the list of references has 1.76096, one up in the last."
claim = partial(claims.claim, systems=["S5"], status=Status.ASYMPTOTIC)
exact = partial(claims.claim, systems=["S5"], samples=(400, 40))


def rectified_theory(depth: int) -> float:
    """Iterate the correlation map from 0."""
    c = 0.0
    for _ in range(depth):
        c = float(RECTIFIED.correlation_map(c, 1.0))
    return c


@claim(
    "R12.correlation_{depth}",
    rectified_theory,
    control={"layer": RandomLayer(LeakyReLU(0.3), 2.0)},
    cases=[{"depth": 3}, {"depth": 5}],
    source=CHO,
    samples=(4000, 400),
    allowance=1 / N_UNITS,
)
def rectified(
    stream: Rng, depth: int, layer: RandomLayer = RECTIFIED, n_units: int = N_UNITS
) -> float:
    r"""Orthogonal inputs correlate by {expected:.6f} behind {depth} layers of rectifiers.
    $c' = [\sqrt{1 - c^2} + c (\pi - \arccos c)] / \pi$

    {N_UNITS} units; the allowance is one by their number, the order of corrections. The control has
    leaky rectifiers.
    """
    network = propagation.stack(layer, n_units, depth, rng=stream)
    pair = correlated_inputs([0.0], 2, n_units, rng=stream)
    return drive_correlation(propagation.states(network, pair)[-1])


@claim("S5.width", -0.5, control={"depth": 1}, source=POOLE, samples=(150, 15), allowance=1 / 16)
def deviation_slope(stream: Rng, depth: int = 3) -> float:
    r"""Correlations in networks of finite width come closer to theory as one by the square root of
    the width.
    $\sqrt{E (c - c_\infty)^2} \propto N^{-1/2}$

    Slope of a line through logarithms, 16 to 128 units in each of 3 layers; the allowance is the
    relative size of the next order at the lesser width. The control takes the theory of another
    depth.
    """
    widths, theory = np.array([16, 32, 64, 128]), rectified_theory(depth)
    parts = zip(widths, stream.spawn(len(widths)), strict=True)
    samples = [[rectified(one, 3, n_units=int(m)) for one in part.spawn(20)] for m, part in parts]
    deviation = np.sqrt(np.mean((np.array(samples) - theory) ** 2, axis=1))
    return float(np.polyfit(np.log(widths), np.log(deviation), 1)[0])


@claim(
    "R25.edge_{bias_variance:g}",
    lambda bias_variance: RandomLayer.critical(Tanh(), bias_variance).weight_variance,
    control={"activation": Erf},
    cases=[
        {"bias_variance": b, "digits": DIGITS if b == 0.05 else ""}
        for b in (0.0, 0.01, 0.05, 0.1, 0.2)
    ],
    source=SCHOENHOLZ,
    samples=(600, 40),
    allowance=lambda expected: expected / N_UNITS,
)
def edge(n: int, rng: Rng, bias_variance: float, activation: type = Tanh) -> Measured:
    r"""Weight variance at the edge of chaos, tanh, bias variance {bias_variance:g}.
    $\chi = \sigma_w^2 \int Dz\, \phi'(\sqrt{q} z)^2 = 1$

    Where squared gradients of {N_UNITS} units stay the same over {BETWEEN} layers, between two
    variances that share their random numbers; the interval is that of the jackknife. The allowance
    is one part in the number of units, the order of corrections. The control has another
    activation. {digits}
    """
    middle = float(RandomLayer.critical(Tanh(), bias_variance).weight_variance)
    tried = middle * np.array([0.95, 1.05])
    growth, signal = [], 1.0 if bias_variance else 1e-6
    for stream in rng.spawn(n):
        seed = int(stream.integers(2**62))
        for weight_variance in tried:
            layer = RandomLayer(activation(), weight_variance, bias_variance)
            gradient = propagation.sampled_profile(
                layer, BEFORE + BETWEEN, n_units=N_UNITS, signal=signal, rng=seed
            ).gradient
            growth.append((gradient[BEFORE] / gradient[-1]) ** 2)
    samples = np.reshape(growth, (n, 2))
    leave_out = np.log((samples.sum(axis=0) - samples) / (n - 1))
    logs = np.vstack((np.log(samples.mean(axis=0)), leave_out))
    part = logs[:, 0] / (logs[:, 0] - logs[:, 1])
    roots = tried[0] * (tried[1] / tried[0]) ** part
    return Measured.mean(n * roots[0] - (n - 1) * roots[1:])


@cache
def fixed_point(weight_variance: float) -> tuple[RandomLayer, float, float]:
    """Return a layer, and variance and correlation of its drives at the fixed point."""
    layer = RandomLayer(Tanh(), weight_variance, BIAS)
    return layer, float(layer.fixed_variance()), float(layer.fixed_correlation)


def passed(
    weight_variance: float, correlations: FloatArray, depth: int, rng: Rng
) -> tuple[FloatArray, FloatArray]:
    """Correlations of drives at the inputs and behind some layers, in blocks of inputs."""
    layer, q, _ = fixed_point(weight_variance)
    starts = (q * correlations - BIAS) / (q - BIAS)  # of activities, which share no biases
    inputs = correlated_inputs(starts, N_INPUTS, N_UNITS, rng=rng)
    inputs = ((q - BIAS) / weight_variance) ** 0.5 * inputs
    outputs = propagation.states(propagation.stack(layer, N_UNITS, depth, rng=rng), inputs)[-1]
    first, last = (
        [drive_correlation(x, weight_variance, BIAS) for x in np.split(block, len(correlations))]
        for block in (inputs, outputs)
    )
    return np.array(first), np.array(last)


@claim(
    "R25.limit_{weight_variance:g}",
    lambda weight_variance: fixed_point(weight_variance)[2],
    control=lambda other: {"weight_variance": other},
    cases=CHAOS,
    source=POOLE,
    samples=(1000, 80),
    allowance=3 / N_UNITS,
)
def limit(stream: Rng, weight_variance: float) -> float:
    r"""Any two inputs end up with the same correlation in chaos, tanh, weight variance
    {weight_variance:g}, bias variance {BIAS:g}.
    $c^* = (\sigma_w^2 \int \phi(u) \phi(v) + \sigma_b^2) / q^*$

    {N_UNITS} units, 25 layers from a correlation of .3; the allowance is three by their number:
    corrections accumulate over as many layers as a correlation takes to decay. The control has
    weight variance {other:g}.
    """
    return float(passed(weight_variance, np.array([0.3]), 25, stream)[1][0])


@claim(
    "R25.scale_{weight_variance:g}",
    lambda weight_variance: fixed_point(weight_variance)[0].correlation_depth,
    control=lambda other: {"weight_variance": other},
    cases=[{"weight_variance": 1.0, "other": 1.5}, {"weight_variance": 1.5, "other": 1.0}, *CHAOS],
    source=SCHOENHOLZ,
    samples=(2000, 150),
    allowance=lambda expected: expected**2 / N_UNITS,
)
def scale(n: int, rng: Rng, weight_variance: float) -> Measured:
    r"""Layers in which correlations come closer to their limit by 1/e, tanh, weight variance
    {weight_variance:g}, bias variance {BIAS:g}.
    $\xi = -1 / \ln \chi(c^*)$

    {N_UNITS} units; the allowance is what a factor of 1 + 1 / {N_UNITS} in each layer would change.
    In chaos two blocks of inputs start a little above and below the limit; in order, near 1. The
    control has weight variance {other:g}.
    """
    limit, depth = fixed_point(weight_variance)[2], 8
    chaos = limit < 1
    start = limit + 0.02 * np.array([1, -1]) if chaos else np.array([1 - 1e-4])
    pairs = (passed(weight_variance, start, depth, stream) for stream in rng.spawn(n))
    both = np.array([[c[0] - c[1] if chaos else 1 - c[0] for c in pair] for pair in pairs])
    ratio = Measured.mean(both[:, 1] / both[:, 0])
    ends = np.clip([ratio.value, ratio.low, ratio.high], 1e-9, 1 - 1e-9)
    return Measured(*map(float, depth / -np.log(ends)))


@exact(
    "R24.sigmoid_{depth}",
    lambda depth: np.power(0.25, depth),
    control={"weight": 1.01},
    cases=[{"depth": 5}, {"depth": 10}, {"depth": 20}],
    source=BENGIO,
    allowance=lambda expected: 1e-12 * expected,
)
def steepest(n: int, rng: Rng, depth: int, weight: float = 1.0) -> float:
    r"""Sigmoids in a row, {depth} with weights of at most 1, leave at most .25^{depth} of a
    gradient.
    $\prod_l |w_l \sigma'(z_l)| \le 4^{-L}$

    The largest of random chains and one whose neurons are at the middle of their sigmoid, where the
    bound is attained; the allowance is the rounding of as many products. The control has weights
    of up to 1.01.
    """
    drives = rng.standard_normal((n, depth))
    weights = weight * rng.uniform(-1, 1, (n, depth))
    chains = [*zip(weights, drives, strict=True), (np.full(depth, weight), np.zeros(depth))]
    slopes = []
    for factors, targets in chains:
        layers: list[Layer] = []
        signal = 1.0
        for factor, drive in zip(factors, targets, strict=True):
            layers += [Dense([[factor]], [drive - factor * signal]), Activate(Sigmoid())]
            signal = float(Sigmoid()(drive))
        slopes.append(abs(propagation.gradients(Network(layers), [[1.0]], [[1.0]])[0, 0, 0]))
    return float(max(slopes))


@exact("R24.He", 1.0, control={"weight_variance": 2 / (200 + 200)}, source=HE)
def kept(stream: Rng, weight_variance: float = 2 / 200) -> float:
    r"""Weights of variance 2 / n_inputs keep the mean square of signals through 10 layers of
    rectifiers.
    $E x_{l+1}^2 = \frac{n w}{2} E x_l^2$

    200 units. The control has 2 / (n_inputs + n_outputs).
    """
    network = propagation.stack(RandomLayer(ReLU(), 200 * weight_variance), 200, 10, rng=stream)
    squares = np.mean(propagation.states(network, stream.standard_normal((1, 200))) ** 2, 2)
    return float(squares[-1, 0] / squares[0, 0])


@exact("R24.Glorot", 1.0, control={"weight_variance": 2 / 100}, source=GLOROT)
def both_ways(stream: Rng, weight_variance: float = 2 / (100 + 300)) -> float:
    """Weights of variance 2 / (n_inputs + n_outputs) keep signals and gradients of linear layers on
    the average of both.
    $(n_{in} w + n_{out} w) / 2 = 1$

    100 inputs, 300 outputs; the control has 2 / n_inputs.
    """
    layer = Dense(weight_variance**0.5 * stream.standard_normal((300, 100)))
    inputs, by_outputs = stream.standard_normal((5, 100)), stream.standard_normal((5, 300))
    outputs, pull_back = layer.linearized(inputs)
    forward = np.sum(outputs**2) / 300 / (np.sum(inputs**2) / 100)
    backward = np.sum(pull_back(by_outputs)[0] ** 2) / 100 / (np.sum(by_outputs**2) / 300)
    return float((forward + backward) / 2)


@exact("S5.chain", np.power(0.9, 20.0), control={"factor": 0.91}, source=BENGIO, allowance=1e-14)
def chain(factor: float = 0.9) -> float:
    """A chain of 20 equal factors of .9 leaves .9^20 of a gradient.
    $a^L$
    """
    network = Network([Dense([[factor]])] * 20)
    return float(propagation.gradients(network, [[1.0]], [[1.0]])[0, 0, 0])


STACKS = (
    ("dead", "Gradients decay below the edge of chaos", 0.5, False, SCHOENHOLZ),
    ("chaos", "Gradients explode above the edge of chaos", 3.0, False, SCHOENHOLZ),
    ("residual", "Residual blocks keep gradients from decaying", 0.5, True, YANG),
)


@exact(
    "S5.{word}",
    lambda layer, residual: propagation.profile(layer, 10, residual=residual).gradient[0] ** 2,
    lambda residual: r"\prod_l (1 + \chi_l)" if residual else r"\prod_l \chi_l",
    control=lambda residual: {"residual": not residual},
    cases=[
        {"word": a, "words": b, "layer": RandomLayer(Tanh(), w), "residual": c, "paper": paper}
        for a, b, w, c, paper in STACKS
    ],
    source="{paper}",
    status=Status.ASYMPTOTIC,
    allowance=lambda expected: expected * 10 / N_UNITS,
)
def squared_gradient(stream: Rng, layer: RandomLayer, residual: bool) -> float:
    """{words}.

    Mean squared gradient with respect to the inputs relative to that with respect to the outputs:
    tanh, 10 layers of {N_UNITS} units, weight variance {layer.weight_variance:g}; the allowance is
    one part in the number of units for each layer. The control has, or lacks, residual connections.
    """
    options = {"n_units": N_UNITS, "residual": residual}
    return float(propagation.sampled_profile(layer, 10, **options, rng=stream).gradient[0] ** 2)


def threshold(coding_level: float) -> float:
    """Drive that standard normal drives exceed with this probability."""
    return float(scipy.stats.norm.isf(coding_level))


@exact(
    "S5.decorrelation_{coding_level:g}",
    lambda coding_level: propagation.code_correlation(
        Thresholded(Step(), threshold(coding_level)), 0.5
    ),
    control={"correlation": 0.7},
    cases=[{"coding_level": 0.5}, {"coding_level": 0.1}, {"coding_level": 0.02}],
    systems=["S5", "S14"],
    source=BABADI,
    samples=(1000, 100),
)
def code_overlap(n: int, rng: Rng, coding_level: float, correlation: float = 0.5) -> Measured:
    r"""An expansion layer decorrelates odors by the correlation map of its threshold: those of
    correlation .5, at coding level {coding_level:g}.
    $c' = cov(\phi(u), \phi(v)) / var(\phi(u))$

    500 units with Gaussian weights from 50 inputs, through the circuit's own code: how often a unit
    is active for both odors. The odors of the control correlate by .7.
    """
    overlaps = []
    for stream in rng.spawn(n):
        weights = DenseGaussian().draw(500, 50, rng=stream)
        odors = np.linalg.qr(stream.standard_normal((50, 2)))[0].T * 50**0.5
        odors[1] = correlation * odors[0] + (1 - correlation**2) ** 0.5 * odors[1]
        circuit = Circuit(weights, FixedThreshold(threshold(coding_level)))
        active = rate.respond(circuit, odors).active
        overlaps.append(np.mean(active[0] * active[1]))
    both, f = Measured.mean(overlaps), coding_level
    return Measured(*((end - f**2) / (f * (1 - f)) for end in (both.value, both.low, both.high)))
