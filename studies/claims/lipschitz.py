"""Claims about Lipschitz constants (R30, S11): of layers, stacks and the antennal lobe."""

import math
from functools import partial
from typing import Any

import numpy as np

from olfnet.checks import FloatArray
from olfnet.lab import odor_network
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.receptors import fly_odors
from olfnet.receptors.lipschitz import lipschitz_bound
from olfnet.theory import network
from olfnet.theory.activations import Tanh
from olfnet.theory.lipschitz import bound, explicit_matrix, singular_values
from olfnet.theory.network import Convolution, Dense, Layer, Network, Residual

from .sources import OLSEN

Rng = np.random.Generator
HE = "He et al. 2016, arXiv 1512.03385, by the triangle inequality"
SEDGHI = "Sedghi, Gupta & Long 2019, arXiv 1805.10408"
DERIVED = f"{OLSEN}, derived for this package"
GRID = (6, 6)
EPS = float(np.finfo(float).eps)
claim = partial(Claim, systems=("S11",), n_samples=300, n_quick=30)


def matrix(layer: Layer, shape: tuple[int, ...]) -> FloatArray:
    """Return what a layer makes of each unit input, less what it makes of none."""
    n = math.prod(shape)
    answers = layer.linearized(np.eye(n + 1, n, -1).reshape(n + 1, *shape))[0].reshape(n + 1, -1)
    return np.asarray((answers[1:] - answers[0]).T)


def convolution(rng: Rng, padding: str = "circular", stride: int = 1) -> Convolution:
    """Draw a layer of 3 x 3 kernels, from 2 channels to 3."""
    return Convolution(rng.standard_normal((3, 2, 3, 3)), 0.0, stride, padding)


def residual_slack(extra: float, n: int, rng: Rng) -> Measured:
    """Least distance of the norms of n residual blocks from ``extra`` + L."""
    found = []
    for stream in rng.spawn(n):
        body = network.dense([8, 12, 8], Tanh(), weight_variance=0.1, rng=stream)
        slopes = np.eye(8) + explicit_matrix(body, (8,))
        found.append(extra + bound(body) - np.linalg.norm(slopes, 2))
    return Measured.number(float(min(found)))


def aligned_block(sign: float, *_: Any) -> Measured:
    """Norm of a residual block whose layers stretch, or shrink, what comes in by one half."""
    block = Residual([Dense(sign * 0.5 * np.eye(6))])
    return Measured.number(float(np.linalg.norm(matrix(block, (6,)), 2)))


def stack_slack(n_left_out: int, n: int, rng: Rng) -> Measured:
    """Least log of the product of constants over the norm of n stacks, some layers left out."""
    found = []
    for stream in rng.spawn(n):
        layers = [Dense(3 * stream.standard_normal((8, 8))) for _ in range(4)]
        product = math.prod(bound(layer) for layer in layers[n_left_out:])
        found.append(np.log(product / np.linalg.norm(matrix(Network(layers), (8,)), 2)))
    return Measured.number(float(min(found)))


def growth(constant: float, *_: Any) -> Measured:
    """Log of what 100 residual blocks of one constant stretch by, over the sum of constants."""
    stack = Network([Residual([Dense(constant * np.eye(2))])] * 100)
    return Measured.number(float(np.log(np.linalg.norm(matrix(stack, (2,)), 2)) / (100 * constant)))


def weight_sums(norm: float, n: int, rng: Rng) -> Measured:
    """Largest relative difference between a norm and the sums of weights, over n convolutions."""
    found = []
    for k, stream in enumerate(rng.spawn(n)):
        layer = convolution(stream, ("none", "zero", "circular")[k % 3], 1 + k % 2)
        sums = np.abs(layer.kernels).sum(axis=(1, 2, 3)).max()
        found.append(abs(np.linalg.norm(matrix(layer, (2, *GRID)), norm) / sums - 1))
    return Measured.number(max(found))


def copies(n_channels: int, *_: Any) -> Measured:
    """Norm of equal channels over the sum of weights of one."""
    layer = Convolution(np.ones((n_channels, 1, 3, 3)) / 9, padding="circular")
    return Measured.number(float(np.linalg.norm(matrix(layer, (1, *GRID)), 2)))


def block_difference(padding: str, n: int, rng: Rng) -> Measured:
    """Largest difference between singular values of Fourier blocks and of the matrix."""
    found = []
    for k, stream in enumerate(rng.spawn(n)):
        layer = convolution(stream, stride=1 + k % 3)
        other = Convolution(layer.kernels, 0.0, layer.stride, padding)
        wanted = np.linalg.svd(matrix(other, (2, *GRID)), compute_uv=False)
        difference = np.abs(singular_values(layer, (2, *GRID)) - wanted)
        found.append(float(difference.max() / wanted[0]))
    return Measured.number(max(found))


def padded_slack(same_grid: bool, n: int, rng: Rng) -> Measured:
    """Least relative distance of zero-padded convolutions from their bound.

    For the control the bound is that of the channels' mean, the frequency zero.
    """
    found = []
    for stream in rng.spawn(n):
        layer = convolution(stream, "zero")
        exact = np.linalg.norm(matrix(layer, (2, *GRID)), 2)
        mean = np.linalg.norm(layer.kernels.sum(axis=(2, 3)), 2)
        found.append((mean if same_grid else bound(layer, 2, (2, *GRID))) / exact - 1)
    return Measured.number(float(min(found)))


def lobe_slack(measured: bool, n: int, rng: Rng) -> Measured:
    """By how much the antennal lobe's constant exceeds the steepest slopes at n times 110 odors.

    For the control, it is the largest at the measured odors themselves.
    """
    layer, rates = odor_network.AntennalLobe(odor_network.LOBE), fly_odors()
    scales = 10 ** rng.uniform(-2.5, 1, (n, 1, 1))
    odors = np.vstack([rates, (scales * rates).reshape(-1, 24)])
    found = [np.linalg.norm(lobe_slopes(layer, odor), 2) for odor in odors]
    constant = max(found[: len(rates)]) if measured else lipschitz_bound(odor_network.LOBE, 24)
    return Measured.number(float(constant - max(found)))


def lobe_slopes(layer: odor_network.AntennalLobe, odor: FloatArray) -> FloatArray:
    """Slopes of all projection-neuron rates by all receptor rates."""
    return layer.linearized(np.tile(odor, (24, 1)))[1](np.eye(24))[0]


CLAIMS = (
    claim(
        "R30.residual",
        "A residual block x + g(x) stretches by at most 1 + L: least slack of random blocks",
        r"1 + L - |1 + g'| > 0",
        0.0,
        partial(residual_slack, 1.0),
        partial(residual_slack, 0.0),
        source=HE,
        status=Status.ORDERING,
        remark="Tanh units, slopes at zero. The control leaves out the 1.",
    ),
    claim(
        "R30.residual_attained",
        "A residual block whose layers stretch along their inputs by L = 1/2 attains 1 + L",
        "1 + L",
        1.5,
        partial(aligned_block, 1.0),
        partial(aligned_block, -1.0),
        source=HE,
        allowance=4 * EPS,
        remark="The control's layers act against their inputs.",
    ),
    claim(
        "R30.stack",
        "A stack stretches by no more than the product of its layers' constants: least slack",
        r"\log \prod_i L_i - \log |W_4 W_3 W_2 W_1| > 0",
        0.0,
        partial(stack_slack, 0),
        partial(stack_slack, 1),
        source="Composition",
        status=Status.ORDERING,
        remark="Four layers of 8 units. The control leaves one layer out of the product.",
    ),
    claim(
        "R30.skip",
        "Skip connections turn the product of a stack into a sum: only while the sum is small",
        r"\log \prod_i (1 + L_i) / \sum_i L_i \to 1 \quad (L_i \to 0)",
        1.0,
        partial(growth, 0.01),
        partial(growth, 1.0),
        source=HE,
        status=Status.QUALIFIED,
        allowance=0.005,
        remark="The log of the product is the sum of L less half the sum of L^2 (the allowance): "
        "100 blocks with L = .01 stretch by 2.70. The control's, with L = 1, stretch by 2^100, the "
        "same layers without skips by 1: 1 + L is always more than L.",
    ),
    claim(
        "R30.convolution",
        "In the max norm a convolution stretches by the largest sum of |w| of an output channel",
        r"\max_o \sum_{c,k} |w_{o c k}|",
        0.0,
        partial(weight_sums, np.inf),
        partial(weight_sums, 2),
        source="Norm of a matrix with equal rows at all places",
        n_quick=12,
        allowance=64 * EPS,
        remark="Largest relative difference: no padding, zeros, or a circle; stride 1 or 2. The "
        "control is the 2-norm.",
    ),
    claim(
        "R30.convolution_2_norm",
        "The largest sum of |w| is the Lipschitz constant of a convolution: in the max norm only. "
        "Nine equal channels with a sum of 1 stretch in the 2-norm by",
        r"\sqrt{n} \, \sum_k w_k",
        3.0,
        partial(copies, 9),
        partial(copies, 1),
        source="Nine equal numbers are three times as long as one",
        status=Status.QUALIFIED,
        allowance=1e-13,
        remark="In the max norm they stretch by 1, as claimed. The control has one channel, for "
        "which the sum of |w| is a bound in the 2-norm, too.",
    ),
    claim(
        "R30.fourier",
        "A circular convolution has the singular values of its Fourier blocks: largest difference",
        r"B(q) = \sum_k K_k e^{2 \pi i q k / n}",
        0.0,
        partial(block_difference, "circular"),
        partial(block_difference, "zero"),
        source=SEDGHI,
        n_quick=12,
        allowance=1e-13,
        remark="In parts of the largest one; stride 1, 2 and 3. The allowance is rounding, some "
        "hundred eps. The control pads with zeros.",
    ),
    claim(
        "R30.zero_padding",
        "A convolution padded with zeros stretches less than a circular one on the grid it can see",
        r"|A_{zero}| \le \max_q |B(q)|",
        0.0,
        partial(padded_slack, False),
        partial(padded_slack, True),
        source=SEDGHI + ", its matrix being a part of the circular one",
        status=Status.ORDERING,
        n_quick=12,
        remark="Least relative slack. The control takes the frequency zero for all.",
    ),
    claim(
        "S11.antennal_lobe",
        "Divisive normalization stretches by at most its constant, 15.3 for 24 glomeruli: slack",
        r"(r_{max} / \sigma)(c + \min(N a n / 4, \sqrt{N a n c / 4})) - |dP / dR| > 0",
        0.0,
        partial(lobe_slack, False),
        partial(lobe_slack, True),
        source=DERIVED,
        status=Status.ORDERING,
        n_samples=50,
        n_quick=10,
        remark="Measured odors, diluted and concentrated. The control takes the largest slope at "
        "the measured odors, which diluted ones exceed.",
    ),
)
"""All claims about Lipschitz constants."""
