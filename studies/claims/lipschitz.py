"""Lipschitz constants and certified radii: layers, classifiers, the odor path (R30, S11)."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from olfnet.checks import FloatArray
from olfnet.lab import claims, odor_network
from olfnet.lab.claims import Measured, Status
from olfnet.receptors import fly_odors
from olfnet.receptors.lipschitz import lipschitz_bound
from olfnet.theory import lipschitz, network
from olfnet.theory.activations import ReLU, Tanh
from olfnet.theory.lipschitz import bound, explicit_matrix, singular_values
from olfnet.theory.network import Activate, Convolution, Dense, Flatten, Layer, Network, Residual

from .sources import OLSEN

Rng = np.random.Generator
HE = "He et al. 2016, arXiv 1512.03385, by the triangle inequality"
SEDGHI = "Sedghi, Gupta & Long 2019, arXiv 1805.10408"
TSUZUKU = "Tsuzuku, Sato & Sugiyama 2018, arXiv 1802.04034"
HEIN = "Hein & Andriushchenko 2017, arXiv 1705.08475"
PART = f"{SEDGHI}, its matrix being a part of the circular one"
DERIVED, HERE = f"{OLSEN}, derived for this package", "Measured with this package"
EQUAL_ROWS = "Norm of a matrix with equal rows at all positions"
SHAPE = (2, 6, 6)  # two channels on a grid
EPS = float(np.finfo(float).eps)
claim = partial(claims.claim, systems=["S11"], samples=(300, 30))
convolved = partial(claim, source=SEDGHI, samples=(300, 12))
slack = partial(claim, status=Status.ORDERING)


def matrix(layer: Layer, shape: tuple[int, ...]) -> FloatArray:
    """Return the matrix of a layer: its outputs for each unit input, less those for none."""
    n = math.prod(shape)
    outputs = layer.linearized(np.eye(n + 1, n, -1).reshape(n + 1, *shape))[0].reshape(n + 1, -1)
    return np.asarray((outputs[1:] - outputs[0]).T)


def norm(layer: Layer, shape: tuple[int, ...], order: float = 2) -> float:
    """Norm of this matrix."""
    return float(np.linalg.norm(matrix(layer, shape), order))


def convolution(rng: Rng, padding: str = "circular", stride: int = 1) -> Convolution:
    """Draw a layer of 3 x 3 kernels, from 2 channels to 3."""
    return Convolution(rng.standard_normal((3, 2, 3, 3)), 0.0, stride, padding)


@slack("R30.residual", 0.0, control={"identity": 0.0}, source=HE)
def residual_slack(n: int, rng: Rng, identity: float = 1.0) -> float:
    """A residual block x + g(x) stretches by at most 1 + L: least slack of random blocks.
    $1 + L - |1 + g'| > 0$

    Tanh units, slopes at zero. The control leaves out the 1.
    """
    widths = [8, 12, 8]
    nets = [network.dense(widths, Tanh(), weight_variance=0.1, rng=x) for x in rng.spawn(n)]
    norms = [np.linalg.norm(np.eye(8) + explicit_matrix(net, (8,)), 2) for net in nets]
    return min(identity + bound(net) - x for net, x in zip(nets, norms, strict=True))


@claim("R30.residual_attained", 1.5, control={"sign": -1}, source=HE, allowance=4 * EPS)
def aligned_block(n: int, rng: Rng, sign: float = 1.0) -> float:
    """A residual block whose layers stretch along their inputs by L = 1/2 attains 1 + L.
    $1 + L$

    The control's layers act against their inputs.
    """
    return norm(Residual([Dense(sign * 0.5 * np.eye(6))]), (6,))


@slack("R30.stack", 0.0, control={"first": 1}, source="Composition")
def stack_slack(n: int, rng: Rng, first: int = 0) -> float:
    r"""A stack stretches by no more than the product of its layers' constants: least slack.
    $\log \prod_i L_i - \log |W_4 W_3 W_2 W_1| > 0$

    Four layers of 8 units. The control leaves one layer out of the product.
    """
    stacks = []
    for stream in rng.spawn(n):
        layers = [Dense(3 * stream.standard_normal((8, 8))) for _ in range(4)]
        product = math.prod(bound(layer) for layer in layers[first:])
        stacks.append(np.log(product / norm(Network(layers), (8,))))
    return float(min(stacks))


@claim(
    "R30.skip", 1.0, control={"constant": 1.0}, source=HE, status=Status.QUALIFIED, allowance=0.005
)
def growth(n: int, rng: Rng, constant: float = 0.01) -> float:
    r"""Skip connections turn the product of a stack into a sum: only while the sum is small.
    $\log \prod_i (1 + L_i) / \sum_i L_i \to 1 \quad (L_i \to 0)$

    The log of the product is the sum of L less half the sum of L^2 (the allowance): 100 blocks with
    L = .01 stretch by 2.70. The control's, with L = 1, stretch by 2^100, the same layers without
    skips by 1: 1 + L is always more than L.
    """
    stack = Network([Residual([Dense(constant * np.eye(2))])] * 100)
    return float(np.log(norm(stack, (2,))) / (100 * constant))


@convolved("R30.convolution", 0.0, control={"order": 2}, source=EQUAL_ROWS, allowance=64 * EPS)
def weight_sums(n: int, rng: Rng, order: float = np.inf) -> float:
    r"""In the max norm a convolution stretches by the largest sum of |w| of an output channel.
    $\max_o \sum_{c,k} |w_{o c k}|$

    Largest relative difference: no padding, zeros, or a circle; stride 1 or 2. The control is the
    2-norm.
    """
    errors = []
    for k, stream in enumerate(rng.spawn(n)):
        layer = convolution(stream, ("none", "zero", "circular")[k % 3], 1 + k % 2)
        sums = np.abs(layer.kernels).sum(axis=(1, 2, 3)).max()
        errors.append(abs(norm(layer, SHAPE, order) / sums - 1))
    return float(max(errors))


@claim(
    "R30.convolution_2_norm",
    3.0,
    control={"n_channels": 1},
    source="Nine equal numbers are three times as long as one",
    status=Status.QUALIFIED,
    allowance=1e-13,
)
def copies(n: int, rng: Rng, n_channels: int = 9) -> float:
    r"""The largest sum of |w| is the Lipschitz constant of a convolution: in the max norm only.
    Nine equal channels with a sum of 1 stretch in the 2-norm by.
    $\sqrt{n} \, \sum_k w_k$

    In the max norm they stretch by 1, as claimed. The control has one channel, for which the sum of
    |w| is a bound in the 2-norm, too.
    """
    layer = Convolution(np.ones((n_channels, 1, 3, 3)) / 9, padding="circular")
    return norm(layer, (1, 6, 6))


@convolved("R30.fourier", 0.0, control={"padding": "zero"}, allowance=1e-13)
def block_difference(n: int, rng: Rng, padding: str = "circular") -> float:
    r"""A circular convolution has the singular values of its Fourier blocks: largest difference.
    $B(q) = \sum_k K_k e^{2 \pi i q k / n}$

    Relative to the largest one; stride 1, 2 and 3. The allowance is rounding, some hundred eps. The
    control pads with zeros.
    """
    errors = []
    for k, stream in enumerate(rng.spawn(n)):
        layer = convolution(stream, stride=1 + k % 3)
        padded = Convolution(layer.kernels, 0.0, layer.stride, padding)
        exact = np.linalg.svd(matrix(padded, SHAPE), compute_uv=False)
        difference = np.abs(singular_values(layer, SHAPE) - exact)
        errors.append(difference.max() / exact[0])
    return float(max(errors))


@convolved("R30.zero_padding", 0.0, control={"mean": True}, source=PART, status=Status.ORDERING)
def padded_slack(n: int, rng: Rng, mean: bool = False) -> float:
    r"""A convolution padded with zeros stretches less than a circular one on the grid it covers.
    $|A_{zero}| \le \max_q |B(q)|$

    Least relative slack. The control takes the frequency zero, the channels' mean, for all.
    """
    slacks = []
    for stream in rng.spawn(n):
        layer = convolution(stream, "zero")
        sums = np.linalg.norm(layer.kernels.sum(axis=(2, 3)), 2)
        slacks.append((sums if mean else bound(layer, 2, SHAPE)) / norm(layer, SHAPE) - 1)
    return float(min(slacks))


@slack("S11.antennal_lobe", 0.0, control={"at_odors": True}, source=DERIVED, samples=(50, 10))
def antennal_lobe_slack(n: int, rng: Rng, at_odors: bool = False) -> float:
    r"""Divisive normalization stretches by at most its constant, 15.3 for 24 glomeruli: slack.
    $(r_{max} / \sigma)(c + \min(N a n / 4, \sqrt{N a n c / 4})) - |dP / dR| > 0$

    Measured odors, diluted and concentrated. The control takes the largest slope at the measured
    odors, which diluted ones exceed.
    """
    layer, rates = odor_network.AntennalLobe(odor_network.ANTENNAL_LOBE), fly_odors()
    scales = 10 ** rng.uniform(-2.5, 1, (n, 1, 1))
    odors = np.vstack([rates, (scales * rates).reshape(-1, 24)])
    jacobians = (layer.linearized(np.tile(odor, (24, 1)))[1](np.eye(24))[0] for odor in odors)
    slopes = [np.linalg.norm(jacobian, 2) for jacobian in jacobians]
    constant = (
        max(slopes[: len(rates)]) if at_odors else lipschitz_bound(odor_network.ANTENNAL_LOBE, 24)
    )
    return float(constant - max(slopes))


@claim(
    "R30.border", 1.0, control={"hidden": [20]}, source=TSUZUKU, samples=(400, 30), allowance=2e-3
)
def border(n: int, rng: Rng, hidden: Sequence[int] = ()) -> FloatArray:
    r"""Attacks on a linear classifier succeed just where its certificate ends: ratio of radii.
    $\min_j m_j / |w_c - w_j|$

    The allowance is the attack's, ten halvings. The control has a hidden layer.
    """
    net = network.dense([6, *hidden, 4], ReLU(), bias_variance=1.0, rng=rng)
    inputs = rng.standard_normal((n, 6))
    attacked = lipschitz.attacked_radius(net, inputs, rng=rng)
    return attacked / lipschitz.certify(net, inputs).radius


Drawn = tuple[Network, FloatArray, FloatArray, float]  # inputs, certified radii, least input


def image_network(rng: Rng) -> Drawn:
    """Draw a residual network of convolutions."""
    body = Convolution(0.2 * rng.standard_normal((3, 3, 3)), padding="circular")
    first = Convolution(rng.standard_normal((3, 1, 3)), 0.1, padding="zero")
    block = Residual([body, Activate(Tanh())])
    readout = Dense(rng.standard_normal((4, 24)))
    net = Network([first, Activate(ReLU()), block, Flatten(), readout])
    inputs = rng.standard_normal((40, 1, 8))
    return net, inputs, lipschitz.certify_near(net, inputs).radius, -math.inf


def odor_path(rng: Rng) -> Drawn:
    """Draw the whole odor path of 150 units, and measured odors."""
    net = odor_network.nearest_code(odor_network.expansion(150, 6, 0.1, rng))
    rates = fly_odors()[rng.choice(110, 40, replace=False)]
    return net, rates, lipschitz.certify_near(net, rates, n_halvings=8).radius, 0.0


NOISE = "receptor noise on measured odors, through the whole odor path"


@claim(
    "R30.attacks_{word}",
    0.0,
    control={"size": 4.0},
    cases=[
        {"word": "network", "words": "a residual network of convolutions", "draw": image_network},
        {"word": "odors", "words": NOISE, "draw": odor_path},
    ],
    source=HEIN,
    samples=(100_000, 1000),
)
def successes(n: int, rng: Rng, draw: Callable[[Rng], Drawn], size: float = 0.999999) -> Measured:
    r"""No attack within the certified radius changes the class: {words}.
    $|\delta| < m / L \Rightarrow \mathrm{class}(x + \delta) = \mathrm{class}(x)$

    Half by projected gradients, half in random directions, at .999999 of the radius. The control is
    made at four times the radius.
    """
    net, inputs, radius, lowest = draw(rng)
    options: dict[str, Any] = {"lower": lowest, "rng": rng}
    n_won, n_made = 0, 0
    while n_made < n:
        chosen = rng.integers(len(inputs), size=min(1000, n - n_made))
        starts, radii = inputs[chosen], size * radius[chosen]
        descent = lipschitz.descend(net, starts[::2], radii[::2], n_steps=10, **options)
        random = lipschitz.scatter(net, starts[1::2], radii[1::2], n_directions=1, **options)
        n_won += int(descent.succeeded.sum() + random.succeeded.sum())
        n_made += len(chosen)
    return Measured.fraction(n_won, n_made)


@slack("R30.ratio", 1 / 3, control={"certify": lipschitz.certify}, source=HERE, samples=(110, 20))
def ratio(
    n: int, rng: Rng, certify: Callable[..., lipschitz.Certificate] = lipschitz.certify_near
) -> FloatArray:
    r"""Odors are certified for more than a third of the distance at which attacks succeed.
    $\langle r_{certified} / r_{attacked} \rangle > 1/3$

    150 units. By slopes near each odor; the control, by the product of constants that hold for all
    odors, certifies a hundredth.
    """
    net = odor_network.nearest_code(odor_network.expansion(150, 6, 0.1, rng))
    rates = fly_odors()[rng.choice(110, n, replace=False)]
    attacked = lipschitz.attacked_radius(net, rates, lower=0.0, start=8.0, n_steps=15, rng=rng)
    return certify(net, rates).radius / attacked
