"""Claims about gradients in deep networks, and about the expansion layer as one layer (R24, S5)."""

from functools import partial

import numpy as np
import scipy.stats

from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold
from olfnet.expansion.wiring import DenseGaussian
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.theory import propagation
from olfnet.theory.activations import Activation, ReLU, Sigmoid, Step, Tanh, Thresholded
from olfnet.theory.network import Activate, Dense, Layer, Network
from olfnet.theory.propagation import RandomLayer

from .sources import BABADI, SCHOENHOLZ

Rng = np.random.Generator
YANG = "Yang & Schoenholz 2017, arXiv 1712.08969"
BENGIO = "Bengio, Simard & Frasconi 1994, 10.1109/72.279181"
HE = "He et al. 2015, arXiv 1502.01852"
GLOROT = "Glorot & Bengio 2010, AISTATS"
N_UNITS = 100
claim = partial(Claim, systems=("S5",), n_samples=400, n_quick=40)


def steepest(depth: int, weight: float, n: int, rng: Rng) -> Measured:
    """Largest gradient through a chain of sigmoids with weights up to a bound.

    Of n chains with weights and biases at random, and one whose neurons all sit at the middle.
    """
    drives = rng.standard_normal((n, depth))
    weights = weight * rng.uniform(-1, 1, (n, depth))
    chains = [*zip(weights, drives, strict=True), (np.full(depth, weight), np.zeros(depth))]
    found = []
    for factors, wanted in chains:
        layers: list[Layer] = []
        signal = 1.0
        for factor, drive in zip(factors, wanted, strict=True):
            layers += [Dense([[factor]], [drive - factor * signal]), Activate(Sigmoid())]
            signal = float(Sigmoid()(drive))
        found.append(abs(propagation.gradients(Network(layers), [[1.0]], [[1.0]])[0, 0, 0]))
    return Measured.number(max(found))


def kept(weight_variance: float, n: int, rng: Rng) -> Measured:
    """Mean square of signals behind 10 rectified layers of 200 units, of what goes in."""
    found = []
    for stream in rng.spawn(n):
        layer = RandomLayer(ReLU(), 200 * weight_variance)
        network = propagation.stack(layer, 200, 10, rng=stream)
        squares = np.mean(propagation.states(network, stream.standard_normal((1, 200))) ** 2, 2)
        found.append(squares[-1, 0] / squares[0, 0])
    return Measured.mean(found)


def both_ways(weight_variance: float, n: int, rng: Rng) -> Measured:
    """By what a linear layer of 100 inputs and 300 outputs multiplies signals and gradients."""
    found = []
    for stream in rng.spawn(n):
        layer = Dense(weight_variance**0.5 * stream.standard_normal((300, 100)))
        inputs, by_outputs = stream.standard_normal((5, 100)), stream.standard_normal((5, 300))
        outputs, pull = layer.linearized(inputs)
        forward = np.sum(outputs**2) / 300 / (np.sum(inputs**2) / 100)
        backward = np.sum(pull(by_outputs)[0] ** 2) / 100 / (np.sum(by_outputs**2) / 300)
        found.append((forward + backward) / 2)
    return Measured.mean(found)


def squared_gradient(
    activation: Activation, depth: int, weight_variance: float, residual: bool, n: int, rng: Rng
) -> Measured:
    """Mean square of the gradient by the inputs of a stack, of that by its outputs."""
    layer = RandomLayer(activation, weight_variance)
    found = [
        propagation.sampled_profile(
            layer, depth, n_units=N_UNITS, residual=residual, rng=stream
        ).gradient[0]
        for stream in rng.spawn(n)
    ]
    return Measured.mean(np.square(found))


def chain(factor: float, n: int, rng: Rng) -> Measured:
    """Gradient through 20 linear neurons in a row."""
    network = Network([Dense([[factor]])] * 20)
    inputs = rng.standard_normal((n, 1))
    return Measured.number(propagation.gradients(network, inputs, np.ones((n, 1)))[0, 0, 0])


def code_overlap(coding_level: float, correlation: float, n: int, rng: Rng) -> Measured:
    """Correlation of the codes of two odors, from how often a unit is active for both."""
    found = []
    for stream in rng.spawn(n):
        weights = DenseGaussian().draw(500, 50, rng=stream)
        threshold = float(scipy.stats.norm.isf(coding_level))
        odors = np.linalg.qr(stream.standard_normal((50, 2)))[0].T * 50**0.5
        odors[1] = correlation * odors[0] + (1 - correlation**2) ** 0.5 * odors[1]
        active = rate.respond(Circuit(weights, FixedThreshold(threshold)), odors).active
        found.append(np.mean(active[0] * active[1]))
    together, f = Measured.mean(found), coding_level
    ends = [together.value, together.low, together.high]
    return Measured(*((end - f**2) / (f * (1 - f)) for end in ends))


def sigmoid_claim(depth: int) -> Claim:
    """Bound of a chain of sigmoids, which is reached; the control has larger weights."""
    value = float(np.power(0.25, depth))
    return claim(
        f"R24.sigmoid_{depth}",
        f"Sigmoids in a row, {depth} with weights of at most 1, leave at most .25^{depth} of a "
        "gradient",
        r"\prod_l |w_l \sigma'(z_l)| \le 4^{-L}",
        value,
        partial(steepest, depth, 1.0),
        partial(steepest, depth, 1.01),
        source=BENGIO,
        allowance=1e-12 * value,
        remark="The largest of random chains and one whose neurons sit at the middle, where the "
        "bound is reached; the allowance is the rounding of as many products.",
    )


def stack_claim(
    word: str, statement: str, weight_variance: float, residual: bool, source: str = SCHOENHOLZ
) -> Claim:
    """Squared gradients through 10 layers; the control has, or lacks, residual connections."""
    depth = 10
    layer = RandomLayer(Tanh(), weight_variance)
    theory = propagation.profile(layer, depth, residual=residual).gradient[0]
    value = float(theory) ** 2
    return claim(
        f"S5.{word}",
        statement,
        r"\prod_l (1 + \chi_l)" if residual else r"\prod_l \chi_l",
        value,
        partial(squared_gradient, Tanh(), depth, weight_variance, residual),
        partial(squared_gradient, Tanh(), depth, weight_variance, not residual),
        source=source,
        status=Status.ASYMPTOTIC,
        allowance=value * depth / N_UNITS,
        remark=f"tanh, {depth} layers of {N_UNITS} units, weight variance {weight_variance:g}; the "
        "allowance is one part in the number of units for each layer.",
    )


def overlap_claim(coding_level: float) -> Claim:
    """Correlation of the codes of a circuit; the control has odors that are a little closer."""
    unit = Thresholded(Step(), float(scipy.stats.norm.isf(coding_level)))
    return claim(
        f"S5.decorrelation_{coding_level:g}",
        "An expansion layer decorrelates odors by the correlation map of its threshold: those of "
        f"correlation .5, at coding level {coding_level:g}",
        r"c' = cov(\phi(u), \phi(v)) / var(\phi(u))",
        float(propagation.code_correlation(unit, 0.5)),
        partial(code_overlap, coding_level, 0.5),
        partial(code_overlap, coding_level, 0.7),
        systems=("S5", "S14"),
        source=BABADI,
        n_samples=1000,
        n_quick=100,
        remark="500 units with Gaussian weights from 50 inputs, through the circuit's own code.",
    )


CLAIMS = (
    *(sigmoid_claim(depth) for depth in (5, 10, 20)),
    claim(
        "R24.He",
        "Weights of variance 2 / n_inputs keep the mean square of signals through 10 layers of "
        "rectifiers",
        r"E x_{l+1}^2 = \frac{n w}{2} E x_l^2",
        1.0,
        partial(kept, float(propagation.he(200))),
        partial(kept, float(propagation.glorot(200, 200))),
        source=HE,
        remark="The control has 2 / (n_inputs + n_outputs).",
    ),
    claim(
        "R24.Glorot",
        "Weights of variance 2 / (n_inputs + n_outputs) keep signals and gradients of linear "
        "layers in the mean of both",
        r"(n_{in} w + n_{out} w) / 2 = 1",
        1.0,
        partial(both_ways, float(propagation.glorot(100, 300))),
        partial(both_ways, float(propagation.he(100))),
        source=GLOROT,
        remark="100 inputs, 300 outputs; the control has 2 / n_inputs.",
    ),
    claim(
        "S5.chain",
        "A chain of 20 equal factors of .9 leaves .9^20 of a gradient",
        r"a^L",
        float(np.power(0.9, 20.0)),
        partial(chain, 0.9),
        partial(chain, 0.91),
        source=BENGIO,
        n_samples=1,
        n_quick=1,
        allowance=1e-14,
    ),
    stack_claim("dead", "Gradients die out below the edge of chaos", 0.5, False),
    stack_claim("chaos", "Gradients explode above the edge of chaos", 3.0, False),
    stack_claim(
        "residual", "Residual blocks keep gradients alive: they never fade", 0.5, True, YANG
    ),
    *(overlap_claim(coding_level) for coding_level in (0.5, 0.1, 0.02)),
)
"""All claims about gradients, and about the expansion layer."""
