"""Kernels of wide networks and expansion layers, and learning by them (R12, R26, S7)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.special

from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate, sparsify
from olfnet.expansion.wiring import DenseGaussian
from olfnet.lab import claims
from olfnet.lab.claims import Measured, Status
from olfnet.theory import expansion, network
from olfnet.theory.activations import Activation, Erf, LeakyReLU, ReLU, Step, Tanh
from olfnet.theory.network import Network
from olfnet.theory.ntk import KernelFlow, WideNetwork, empirical, one_step, tangents

from .sources import CHO

Rng = np.random.Generator
JACOT = "Jacot, Gabriel & Hongler 2018, arXiv 1806.07572"
LEE = "Lee et al. 2019, arXiv 1902.06720"
ROSENBAUM = "Rosenbaum 1961, J. R. Stat. Soc. B 23:405"
RECURSION = r"\Theta_{l+1} = K_{l+1} + \sigma_w^2 E[\phi'(u) \phi'(v)] \Theta_l"
# Two inputs that drive the first layer with variance 1 and covariance 1/2 (weight variance 2).
PAIR = np.array([[1.0, 0.0], [0.5, 0.75**0.5]])
N_NETWORKS, LEVEL, N_INPUTS, CORRELATION = 24, 0.1, 50, 0.6
WIDE, RATE, N_STEPS = WideNetwork(1, Erf()), 0.5, 20
claim = partial(claims.claim, systems=["S7"], source=JACOT)
limit = partial(claim, status=Status.ASYMPTOTIC)


def exponent(x: Sequence[float], y: Any) -> float:
    """Slope of a straight line through logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def kernels(wide: WideNetwork, width: int, n: int, rng: Rng, inputs: FloatArray) -> FloatArray:
    """Tangent kernels of n networks, shape (n, n_inputs, n_inputs)."""
    networks = (wide.draw(inputs.shape[1], width, rng=stream) for stream in rng.spawn(n))
    return np.array([empirical(net, inputs) for net in networks])


def hidden(wide: WideNetwork, inputs: FloatArray, width: int, rng: Rng) -> FloatArray:
    """Outputs of the last hidden layer of a network."""
    return Network(wide.draw(2, width, rng=rng).layers[:-1])(inputs)


def readout_kernel(n: int, rng: Rng, wide: WideNetwork) -> list[float]:
    """Kernel of networks of width n in which only the readout learns."""
    layers = [hidden(wide, PAIR, n, stream) for stream in rng.spawn(N_NETWORKS)]
    return [wide.weight_variance * np.mean(codes[0] * codes[1]) for codes in layers]


@limit(
    "R26.depth_{n_layers}",
    lambda wide: wide.ntk(PAIR)[0, 1],
    RECURSION,
    control=readout_kernel,
    cases=[{"n_layers": n_layers, "wide": WideNetwork(n_layers)} for n_layers in (1, 2, 3)],
    samples=(2048, 128),
    allowance=lambda expected: 0.03 * expected,
)
@limit(
    "R26.same",
    lambda wide: wide.ntk(PAIR)[0, 0],
    r"\Theta(x, x) = L + 1",
    control={"wide": WideNetwork(2)},
    cases=[{"wide": WideNetwork(3), "entry": 0}],
    samples=(2048, 128),
    allowance=0.12,
    statement="Tangent kernel of an input with itself, three hidden layers of rectifiers: 4",
    remark="The allowance is 3 %; the control has two hidden layers.",
)
@limit(
    "S7.kernel_{word}",
    lambda wide: wide.ntk(PAIR)[0, 1],
    RECURSION,
    control=lambda other: {"wide": WideNetwork(2, other, 1.5, 0.1)},
    cases=[
        {"word": word, "wide": WideNetwork(2, activation, 1.5, 0.1), "other": other}
        for word, activation, other in (
            ("erf", Erf(), Tanh()),
            ("tanh", Tanh(), Erf()),
            ("leaky", LeakyReLU(0.2), ReLU()),
        )
    ],
    samples=(2048, 256),
    allowance=lambda expected: 0.02 * expected,
    statement="Activations have kernels of their own: two hidden layers of {word} units, 60 "
    "degrees",
    remark="Weight variance 1.5, bias variance .1; the control has {other.__class__.__name__}.",
)
def tangent(n: int, rng: Rng, wide: WideNetwork, entry: int = 1) -> FloatArray:
    """Tangent kernel of two inputs at 60 degrees, {n_layers} hidden layer(s) of rectifiers.

    NTK parametrization, weight variance 2, no bias, inputs that drive the first layer with variance
    1; {N_NETWORKS} networks of width 2048 (128 in quick). A few per cent for the width; one network
    alone is off by up to a tenth at depth 3. In the control only the readout learns.
    """
    return kernels(wide, n, N_NETWORKS, rng, PAIR)[:, 0, entry]


@claim(
    "R26.miss",
    np.sqrt(12 / 2048) / 2,
    control={"width": 1024},
    source="Moments of 2 relu(u)^2 + 2 v^2 (u > 0) for standard normal u and v: mean 2, variance "
    "16 - 4",
    samples=(2000, 200),
)
def variation(n: int, rng: Rng, width: int = 2048) -> Measured:
    r"""Kernels of networks with 2048 hidden units vary by 3.8 % for an input with itself.
    $\sqrt{12 / M} / 2$
    """
    return Measured.standard_deviation(kernels(WideNetwork(1), width, n, rng, PAIR)[:, 0, 0] / 2)


@limit(
    "R26.width",
    -0.5,
    control={"theory": WideNetwork(1)},
    cases=[{"theory": WideNetwork(2)}],
    samples=(40, 8),
    allowance=0.02,
)
def width_exponent(n: int, rng: Rng, theory: WideNetwork) -> list[float]:
    r"""Kernels of finite networks approach the limit as the root of their width.
    $|\hat\Theta - \Theta| \propto M^{-1/2}$

    Ten fits over widths 32 to 512; the control takes the limit of another depth. The allowance is
    for higher orders in 1 / M.
    """
    kernel, widths = theory.ntk(PAIR), (32, 128, 512)
    fits = []
    for stream in rng.spawn(10):
        errors = [kernels(WideNetwork(2), width, n, stream, PAIR) - kernel for width in widths]
        fits.append(exponent(widths, [np.sqrt(np.mean(error**2)) for error in errors]))
    return fits


@claim("R26.circle", 0.0, control={"bias_variance": 0.1}, samples=(500, 50), allowance=1e-14)
def circle(n: int, rng: Rng, bias_variance: float = 0.0) -> float:
    r"""A linear model on the circle has the tangent kernel cos(theta - theta').
    $\Theta = \cos(\theta - \theta')$

    Largest difference on random angles. In the control a bias learns, too.
    """
    angles = rng.uniform(0, 2 * np.pi, n)
    inputs = np.column_stack([np.cos(angles), np.sin(angles)])
    kernel = empirical(WideNetwork(0, bias_variance=bias_variance).draw(2, 10, rng=rng), inputs)
    return float(np.abs(kernel - np.cos(angles[:, None] - angles)).max())


def layers_theory(n_layers: int) -> float:
    """Correlation from the covariances of codes."""
    kernel = WideNetwork(n_layers).nngp(np.eye(2))
    return float(kernel[0, 1] / kernel[0, 0])


@limit(
    "R12.layers_{n_layers}",
    layers_theory,
    control=lambda n_layers: {"n_layers": n_layers + 3},
    cases=[{"n_layers": 1}, {"n_layers": 3}, {"n_layers": 5}],
    source=CHO,
    samples=(2048, 512),
    allowance=0.01,
)
def decorrelation(n: int, rng: Rng, n_layers: int) -> list[float]:
    r"""Correlation of codes of orthogonal inputs behind {n_layers} layer(s) of rectifiers.
    $c' = (\sqrt{1 - c^2} + c (\pi - \arccos c)) / \pi$

    {N_NETWORKS} networks of width 2048 (512 in quick). The control has three layers more.
    """
    wide, inputs = WideNetwork(n_layers), np.eye(2)
    pairs = [hidden(wide, inputs, n, stream) for stream in rng.spawn(N_NETWORKS)]
    return [a @ b / np.prod(np.linalg.norm((a, b), axis=1)) for a, b in pairs]


@claim(
    "R12.{word}",
    lambda activation: expansion.Kernel(LEVEL, activation)(CORRELATION),
    control={"level": 1.5 * LEVEL},
    cases=[{"word": "step", "activation": Step()}, {"word": "rectifier", "activation": ReLU()}],
    systems=["S7", "S14"],
    source="{CHO}; thresholds: {ROSENBAUM}",
    samples=(1_000_000, 100_000),
)
def products(n: int, rng: Rng, activation: Activation, level: float = LEVEL) -> FloatArray:
    r"""Mean product of the responses of {word} units at coding level {LEVEL:g} to two odors that
    correlate by {CORRELATION:g}.
    $E[\phi(u - T) \phi(v - T)]$

    A circuit with dense normal weights and a fixed threshold. The control has another coding level.
    """
    sparsifier = sparsify.FixedThreshold(-scipy.special.ndtri(level))
    circuit = Circuit(DenseGaussian().draw(n, N_INPUTS, rng=rng), sparsifier)
    first, second = np.linalg.qr(rng.standard_normal((N_INPUTS, 2)))[0].T * N_INPUTS**0.5
    odors = np.array([first, CORRELATION * first + (1 - CORRELATION**2) ** 0.5 * second])
    response = rate.respond(circuit, odors)
    codes = response.active if isinstance(activation, Step) else response.rates
    return np.asarray(codes[0] * codes[1], dtype=float)


@claim(
    "R12.units",
    lambda: np.sqrt(expansion.Kernel(LEVEL).units_needed(CORRELATION, 1.0) / 1000),
    control={"n_units": 500},
    systems=["S7", "S14"],
    source="Binomial variance of the units that respond to both odors",
    samples=(1000, 100),
)
def accuracy(n: int, rng: Rng, n_units: int = 1000) -> Measured:
    r"""Circuits of 1000 units estimate the similarity of two odors with the accuracy of theory.
    $\sqrt{(1 / P_{11} - 1) / M}$

    Standard deviation of mean products, relative to the kernel.
    """
    kernel = float(expansion.Kernel(LEVEL)(CORRELATION))
    means = [products(n_units, stream, Step()).mean() for stream in rng.spawn(n)]
    return Measured.standard_deviation(np.array(means) / kernel)


def problem(rng: Rng) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Draw training inputs, test inputs and targets."""
    return rng.standard_normal((6, 5)), rng.standard_normal((4, 5)), rng.standard_normal(6)


def unexplained(net: Network, step: float, explained: bool, rng: Rng) -> float:
    """Change of other outputs in one step of descent, less what the kernel explains."""
    inputs, tests, targets = problem(rng)
    done = network.train(net, inputs, targets[:, None], learning_rate=step, n_steps=1).network
    change = one_step(empirical(net, tests, inputs), net(inputs)[:, 0], targets, step)
    return float(np.abs((done(tests) - net(tests))[:, 0] - explained * change).max())


@claim("S7.influence", 0.0, control={"linear": False}, samples=(20, 3), allowance=1e-13)
def influence(n: int, rng: Rng, linear: bool = True) -> float:
    r"""One gradient step changes other outputs of a linearized network exactly by the kernel.
    $\Delta f(x) = -\eta \Theta(x, X) (f(X) - y) / n$

    The control is the network itself, for which this is the first order in the step.
    """
    errors = []
    for stream in rng.spawn(n):
        net = WideNetwork(2, Tanh()).draw(5, 50, rng=stream)
        inputs, tests, targets = problem(stream)
        features, others = (tangents(net, x)[:, 0] for x in (inputs, tests))
        change = -0.1 / 6 * others @ (features.T @ (net(inputs)[:, 0] - targets))
        predicted = one_step(empirical(net, tests, inputs), net(inputs)[:, 0], targets, 0.1)
        error = np.abs(change - predicted).max()
        errors.append(error if linear else unexplained(net, 0.1, True, stream))
    return float(max(errors))


@claim("S7.order", 2.0, control={"explained": False}, samples=(40, 8), allowance=0.02)
def order(n: int, rng: Rng, explained: bool = True) -> list[float]:
    r"""What the kernel does not explain of a step of a network grows as the step squared.
    $\Delta f(x) + \eta \Theta(x, X) (f(X) - y) / n = O(\eta^2)$

    Steps of 5e-4 to 2e-3; the allowance is for the third order. The change itself, the control,
    grows as the step.
    """
    steps, fits = (5e-4, 1e-3, 2e-3), []
    for seed in rng.integers(2**32, size=n):
        net = WideNetwork(2, Tanh()).draw(5, 50, rng=seed)
        rest = [unexplained(net, step, explained, np.random.default_rng(seed)) for step in steps]
        fits.append(exponent(steps, rest))
    return fits


def training(width: int, stream: Rng) -> tuple[FloatArray, FloatArray]:
    """Changes of other outputs in training, and by kernel flow."""
    net = WIDE.draw(5, width, rng=stream)
    inputs, tests, targets = problem(np.random.default_rng(0))
    options = {"learning_rate": RATE, "n_steps": N_STEPS}
    done = network.train(net, inputs, targets[:, None], **options).network
    flow = KernelFlow(WIDE.ntk(inputs), targets, net(inputs)[:, 0], RATE)
    predicted = flow.predicted(WIDE.ntk(tests, inputs), [RATE * N_STEPS])[0]
    return (done(tests) - net(tests))[:, 0], predicted


@limit("S7.training", 1.0, control={"part": 0.9}, source=LEE, samples=(200, 30), allowance=0.02)
def followed(stream: Rng, part: float = 1.0) -> float:
    r"""Trained networks of 1024 units change their other outputs as the flow of their kernel does.
    $f_t(x) = f_0(x) - \Theta(x, X) \Theta^{-1} (1 - e^{-\Theta t / n}) (f_0(X) - y)$

    Slope of measured over predicted changes; the control predicts a tenth less. The allowance is
    20 / M.
    """
    change, flow = training(1024, stream)
    return float(np.sum(change * flow) / np.sum(flow**2) / part)


@limit("S7.approach", -0.5, control={"part": 0.5}, source=LEE, samples=(20, 2), allowance=0.03)
def approach(n: int, rng: Rng, part: float = 1.0) -> list[float]:
    r"""Trained networks approach the flow of their kernel as the root of their width.
    $|f_t - f_t^{kernel}| \propto M^{-1/2}$

    Ten fits over widths 64 to 4096; the control is half of the predicted change.
    """
    widths, fits = (64, 1024, 4096), []
    for stream in rng.spawn(10):
        errors = []
        for width in widths:
            pairs = [training(width, one) for one in stream.spawn(n)]
            errors.append(np.sqrt(np.mean([(change - part * flow) ** 2 for change, flow in pairs])))
        fits.append(exponent(widths, errors))
    return fits
