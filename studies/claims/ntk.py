"""Claims about kernels of wide networks and of expansion layers (R12, R26, S7).

How networks learn as these kernels say is in ``kernel_training``.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.special

from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate, sparsify
from olfnet.expansion.wiring import DenseGaussian
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.theory import expansion
from olfnet.theory.activations import Activation, Erf, LeakyReLU, ReLU, Step, Tanh
from olfnet.theory.network import Network
from olfnet.theory.ntk import WideNetwork, empirical

from .sources import CHO

Rng = np.random.Generator
JACOT = "Jacot, Gabriel & Hongler 2018, arXiv 1806.07572"
RECURSION = r"\Theta_{l+1} = K_{l+1} + \sigma_w^2 E[\phi'(u) \phi'(v)] \Theta_l"
# Two inputs that drive the first layer with variance 1 and covariance 1/2 (weight variance 2).
PAIR = np.array([[1.0, 0.0], [0.5, 0.75**0.5]])
N_NETWORKS, LEVEL, N_INPUTS, ALIKE = 24, 0.1, 50, 0.6
claim = partial(Claim, systems=("S7",), source=JACOT)


def kernels(wide: WideNetwork, width: int, n: int, rng: Rng, inputs: FloatArray) -> FloatArray:
    """Tangent kernels of n networks, shape (n, n_inputs, n_inputs)."""
    draws = (wide.draw(inputs.shape[1], width, rng=stream) for stream in rng.spawn(n))
    return np.array([empirical(net, inputs) for net in draws])


def tangent(wide: WideNetwork, entry: int, width: int, rng: Rng) -> Measured:
    """Kernel of the first input with another one, in the mean over 24 networks of some width."""
    return Measured.mean(kernels(wide, width, N_NETWORKS, rng, PAIR)[:, 0, entry])


def covariance(wide: WideNetwork, width: int, rng: Rng) -> Measured:
    """Return the same where nothing but the readout learns: products of the last hidden layer."""
    found = []
    for stream in rng.spawn(N_NETWORKS):
        hidden = Network(wide.draw(2, width, rng=stream).layers[:-1])(PAIR)
        found.append(wide.weight_variance * np.mean(hidden[0] * hidden[1]))
    return Measured.mean(found)


def miss(width: int, n: int, rng: Rng) -> Measured:
    """By how much kernels of single networks vary, in parts of the limit."""
    return Measured.standard_deviation(kernels(WideNetwork(1), width, n, rng, PAIR)[:, 0, 0] / 2)


def exponent(x: Sequence[float], y: Any) -> float:
    """Slope of a straight line through logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def falling(theory: WideNetwork, n: int, rng: Rng) -> Measured:
    """Exponent with which the distance to a kernel falls with the width; ten groups of n."""
    wanted, widths, found = theory.ntk(PAIR), (32, 128, 512), []
    for stream in rng.spawn(10):
        off = [kernels(WideNetwork(2), width, n, stream, PAIR) - wanted for width in widths]
        found.append(exponent(widths, [np.sqrt(np.mean(one**2)) for one in off]))
    return Measured.mean(found)


def circle(wide: WideNetwork, n: int, rng: Rng) -> Measured:
    """How far the kernel of a small network is from cos(theta - theta'), on n random angles."""
    angles = rng.uniform(0, 2 * np.pi, n)
    inputs = np.column_stack([np.cos(angles), np.sin(angles)])
    found = empirical(wide.draw(2, 10, rng=rng), inputs)
    return Measured.number(float(np.abs(found - np.cos(angles[:, None] - angles)).max()))


def decorrelation(depth: int, width: int, rng: Rng) -> Measured:
    """Correlation of the last hidden layer for two inputs that have none, over 24 networks."""
    found = []
    for stream in rng.spawn(N_NETWORKS):
        hidden = Network(WideNetwork(depth).draw(2, width, rng=stream).layers[:-1])(np.eye(2))
        found.append(hidden[0] @ hidden[1] / np.prod(np.linalg.norm(hidden, axis=1)))
    return Measured.mean(found)


def answers(level: float, activation: Activation, n: int, rng: Rng) -> FloatArray:
    """Products of the answers of n units of a circuit to two odors that correlate."""
    threshold = -scipy.special.ndtri(level)
    circuit = Circuit(
        DenseGaussian().draw(n, N_INPUTS, rng=rng), sparsify.FixedThreshold(threshold)
    )
    first, second = np.linalg.qr(rng.standard_normal((N_INPUTS, 2)))[0].T * N_INPUTS**0.5
    odors = np.array([first, ALIKE * first + (1 - ALIKE**2) ** 0.5 * second])
    response = rate.respond(circuit, odors)
    codes = response.active if isinstance(activation, Step) else response.rates
    return np.asarray(codes[0] * codes[1], dtype=float)


def product(level: float, activation: Activation, n: int, rng: Rng) -> Measured:
    """Mean of these products, over n units."""
    return Measured.mean(answers(level, activation, n, rng))


def accuracy(n_units: int, n: int, rng: Rng) -> Measured:
    """How much the products of n circuits vary, in parts of the kernel."""
    kernel = float(expansion.kernel(ALIKE, LEVEL))
    draws = [answers(LEVEL, Step(), n_units, stream).mean() for stream in rng.spawn(n)]
    return Measured.standard_deviation(np.array(draws) / kernel)


def depth(n_layers: int) -> Claim:
    """NTK of rectifiers; in the control only the readout learns."""
    wide = WideNetwork(n_layers)
    value = float(wide.ntk(PAIR)[0, 1])
    return claim(
        f"R26.depth_{n_layers}",
        f"Tangent kernel of two inputs at 60 degrees, {n_layers} hidden layer(s) of rectifiers",
        RECURSION,
        value,
        partial(tangent, wide, 1),
        partial(covariance, wide),
        status=Status.ASYMPTOTIC,
        n_samples=2048,
        n_quick=128,
        allowance=0.03 * value,
        remark="NTK parametrization, weight variance 2, no bias, inputs that drive the first layer "
        f"with variance 1; {N_NETWORKS} networks of width 2048 (128 in quick).  A few per cent for "
        "the width; one network alone is off by up to a tenth at depth 3.",
    )


def other(word: str, activation: Activation, wrong: Activation) -> Claim:
    """NTK of another activation; the control has yet another one."""
    wide, control = (WideNetwork(2, one, 1.5, 0.1) for one in (activation, wrong))
    value = float(wide.ntk(PAIR)[0, 1])
    return claim(
        f"S7.kernel_{word}",
        f"Activations have kernels of their own: two hidden layers of {word} units, 60 degrees",
        RECURSION,
        value,
        partial(tangent, wide, 1),
        partial(tangent, control, 1),
        status=Status.ASYMPTOTIC,
        n_samples=2048,
        n_quick=256,
        allowance=0.02 * value,
        remark=f"Weight variance 1.5, bias variance .1; the control has {type(wrong).__name__}.",
    )


def map_of(n_layers: int) -> Claim:
    """Correlation behind some layers of rectifiers; the control has three layers more."""
    kernel = WideNetwork(n_layers).nngp(np.eye(2))
    return claim(
        f"R12.layers_{n_layers}",
        f"Correlation of codes of orthogonal inputs behind {n_layers} layer(s) of rectifiers",
        r"c' = (\sqrt{1 - c^2} + c (\pi - \arccos c)) / \pi",
        float(kernel[0, 1] / kernel[0, 0]),
        partial(decorrelation, n_layers),
        partial(decorrelation, n_layers + 3),
        source=CHO,
        status=Status.ASYMPTOTIC,
        n_samples=2048,
        n_quick=512,
        allowance=0.01,
        remark=f"{N_NETWORKS} networks of width 2048 (512 in quick).",
    )


def threshold_claim(word: str, activation: Activation) -> Claim:
    """Kernel of a circuit with thresholds; the control has another coding level."""
    return claim(
        f"R12.{word}",
        f"Mean product of the answers of {word} units at coding level {LEVEL:g} to two odors that "
        f"correlate by {ALIKE:g}",
        r"E[\phi(u - T) \phi(v - T)]",
        float(expansion.kernel(ALIKE, LEVEL, activation)),
        partial(product, LEVEL, activation),
        partial(product, 1.5 * LEVEL, activation),
        systems=("S7", "S14"),
        source=CHO + "; thresholds: Rosenbaum 1961, J. R. Stat. Soc. B 23:405",
        n_samples=1_000_000,
        n_quick=100_000,
        remark="A circuit with dense normal weights and a fixed threshold.",
    )


CLAIMS = (
    *(map_of(n) for n in (1, 3, 5)),
    threshold_claim("step", Step()),
    threshold_claim("rectifier", ReLU()),
    claim(
        "R12.units",
        "Circuits of 1000 units tell how alike two odors are with the accuracy of theory",
        r"\sqrt{(1 / P_{11} - 1) / M}",
        float(np.sqrt(expansion.units_needed(ALIKE, LEVEL, 1.0) / 1000)),
        partial(accuracy, 1000),
        partial(accuracy, 500),
        systems=("S7", "S14"),
        source="Binomial variance of the units that answer both odors",
        n_samples=1000,
        n_quick=100,
    ),
    *(depth(n) for n in (1, 2, 3)),
    claim(
        "R26.same",
        "Tangent kernel of an input with itself, three hidden layers of rectifiers: 4",
        r"\Theta(x, x) = L + 1",
        float(WideNetwork(3).ntk(PAIR)[0, 0]),
        partial(tangent, WideNetwork(3), 0),
        partial(tangent, WideNetwork(2), 0),
        status=Status.ASYMPTOTIC,
        n_samples=2048,
        n_quick=128,
        allowance=0.12,
        remark="The allowance is 3 %; the control has two hidden layers.",
    ),
    claim(
        "R26.miss",
        "Kernels of networks with 2048 hidden units vary by 3.8 % for an input with itself",
        r"\sqrt{12 / M} / 2",
        float(np.sqrt(12 / 2048) / 2),
        partial(miss, 2048),
        partial(miss, 1024),
        source="Moments of 2 relu(u)^2 + 2 v^2 (u > 0) for standard normal u and v: mean 2, "
        "variance 16 - 4",
        n_samples=2000,
        n_quick=200,
    ),
    claim(
        "R26.width",
        "Kernels of finite networks approach the limit as the root of their width",
        r"|\hat\Theta - \Theta| \propto M^{-1/2}",
        -0.5,
        partial(falling, WideNetwork(2)),
        partial(falling, WideNetwork(1)),
        status=Status.ASYMPTOTIC,
        n_samples=40,
        n_quick=8,
        allowance=0.02,
        remark="Fitted over widths 32 to 512; the control takes the limit of another depth.  The "
        "allowance is for higher orders in 1 / M.",
    ),
    claim(
        "R26.circle",
        "A linear model on the circle has the tangent kernel cos(theta - theta')",
        r"\Theta = \cos(\theta - \theta')",
        0.0,
        partial(circle, WideNetwork(0)),
        partial(circle, WideNetwork(0, bias_variance=0.1)),
        n_samples=500,
        n_quick=50,
        allowance=1e-14,
        remark="In the control a bias learns, too.",
    ),
    other("erf", Erf(), Tanh()),
    other("tanh", Tanh(), Erf()),
    other("leaky", LeakyReLU(0.2), ReLU()),
)
