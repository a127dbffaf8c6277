"""Claims about units that never respond (S9): on panels, in deep networks, in the mushroom body."""

from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from olfnet import random_expansion
from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.lab.odor_network import lobe_rates
from olfnet.theory import network, silent_units
from olfnet.theory.activations import Activation, LeakyReLU, ReLU
from olfnet.theory.network import Network
from olfnet.theory.silent_units import RandomDrive

from .sources import OLSEN

Rng = np.random.Generator
LU = "Lu et al. 2019, arXiv 1903.06733"
COUNT = f"Wirings counted; {OLSEN}"
MAAS = "Maas, Hannun & Ng 2013, Rectifier nonlinearities improve neural network acoustic models"
N_ODORS, THRESHOLD, CORRELATION = 50, 2.0, 0.3
WIDTHS = [4] * 12
FAN_IN, AT = 5, 2.0  # claws; standard deviations of the drive
INPUTS = np.linspace(-1, 1, 11)[:, None]
TARGETS = np.abs(INPUTS)
claim = partial(Claim, systems=("S9",), n_samples=200_000, n_quick=10_000)


def silent(responses: ArrayLike) -> Measured:
    """Share of units without any response, of shape (n_units, n_odors)."""
    awake = np.any(responses, axis=1)
    return Measured.fraction(int(awake.size - awake.sum()), awake.size)


def normal_units(correlation: float, bias: float, n: int, rng: Rng) -> Measured:
    """Units with normal drives that share a component over the panel."""
    own, rest = rng.standard_normal((n, 1)), rng.standard_normal((n, N_ODORS))
    drive = correlation**0.5 * own + (1 - correlation) ** 0.5 * rest
    return silent(ReLU()(drive + bias))


@cache
def contrasts() -> FloatArray:
    """Rates of 30 of these odors without their means over odors, in units of their spread."""
    rates = lobe_rates()[:30] - lobe_rates().mean(axis=0)
    return np.asarray(rates / rates.std())


def dense_units(bias: float, n: int, rng: Rng) -> Measured:
    """Units with normal weights on all glomeruli."""
    weights = rng.standard_normal((n, contrasts().shape[1])) / contrasts().shape[1] ** 0.5
    return silent(ReLU()(weights @ contrasts().T + bias))


@cache
def dense_theory() -> float:
    """Share of these that are silent, for jointly normal drives."""
    covariance = contrasts() @ contrasts().T / contrasts().shape[1]
    return silent_units.jointly_silent(1.0, covariance, rng=0)


def survivors(widths: list[int], inputs: FloatArray, n: int, rng: Rng) -> Measured:
    """Share of networks that lose all inputs."""
    alive = np.broadcast_to(inputs, (n, *inputs.shape))
    for width in widths:
        alive = ReLU()(alive @ rng.standard_normal((n, alive.shape[2], width)))
    return silent(alive.reshape(n, -1))


def dead_network(activation: Activation, rng: Rng) -> Network:
    """Draw a network that is dead at birth with rectifiers, and give it this activation."""
    while True:
        seed = int(rng.integers(2**62))
        with_relu = network.dense([1, 3, 3, 3, 1], ReLU(), rng=seed)
        if network.lost_inputs(with_relu, INPUTS)[-1].all():
            return network.dense([1, 3, 3, 3, 1], activation, rng=seed)


def learned(activation: Activation, n: int, rng: Rng) -> FloatArray:
    """Share of the variance of |x| that each of n dead networks leaves after training."""
    nets = [dead_network(activation, stream) for stream in rng.spawn(n)]
    options: dict[str, Any] = {"learning_rate": 0.05, "momentum": 0.9, "n_steps": 200}
    done = [network.train(net, INPUTS, TARGETS, **options) for net in nets]
    return np.array([2 * one.losses[-1] / TARGETS.var() for one in done])


def left(activation: Activation, n: int, rng: Rng) -> Measured:
    """Return the least of these shares."""
    return Measured.number(float(learned(activation, n, rng).min()))


def learning(activation: Activation, n: int, rng: Rng) -> Measured:
    """Share of these networks that leave less than nine tenths of the variance."""
    return Measured.fraction(int((learned(activation, n, rng) < 0.9).sum()), n)


def kenyon_cells(fan_in: int, n_odors: int, n: int, rng: Rng) -> Measured:
    """Cells that are silent on some of the measured odors, at the threshold for FAN_IN claws."""
    wiring, odors = rng.spawn(2)
    circuit = random_expansion(
        n_inputs=lobe_rates().shape[1], n_units=n, fan_in=fan_in, coding_level=0.05, rng=wiring
    )
    if n_odors == len(lobe_rates()):
        panel = rate.respond(Circuit(circuit.weights, FixedThreshold(cut())), lobe_rates())
        return silent(panel.active.T)
    # Each cell with odors of its own, so that cells are independent.
    chosen = odors.permuted(np.tile(np.arange(len(lobe_rates())), (n, 1)), axis=1)[:, :n_odors]
    drives = (circuit.weights @ lobe_rates().T)[np.arange(n)[:, None], chosen]
    return silent(drives > cut())


def cut() -> float:
    """Threshold of the summed rates, spikes/s."""
    drive = RandomDrive(lobe_rates(), FAN_IN)
    return drive.mean + AT * drive.sd


def counted(n_odors: int) -> float:
    """Share of all wirings that are silent on so many of the measured odors."""
    counts = RandomDrive(lobe_rates(), FAN_IN).response_counts(cut())
    return float(silent_units.rarefied(counts, n_odors))


def normal(key: str, words: str, bias: float, correlation: float, other: float) -> Claim:
    """Units with normal drives; the control has another correlation between odors."""
    return claim(
        f"S9.{key}",
        f"Share of units that are silent on {N_ODORS} odors, {words}",
        r"E\,\Phi((T - \sqrt{\rho} t) / \sqrt{1 - \rho})^P",
        partial(silent_units.silent_fraction, N_ODORS, -bias, correlation),
        partial(normal_units, correlation, bias),
        partial(normal_units, other, bias),
        source="Order statistics of equally correlated normal numbers",
    )


def between(key: str, words: str, inputs: FloatArray, n_rays: int, nonnegative: bool) -> Claim:
    """Networks dead on all of several inputs; the control has layers of twice the width."""
    low, high = network.dead_network_bounds(WIDTHS, n_rays, nonnegative=nonnegative)
    return claim(
        f"S9.{key}",
        f"Share of networks of 12 layers of 4 that are dead at birth, {words}",
        r"(1 - \prod(1 - 2^{-N_l}))^P \le p \le 1 - \prod(1 - 2^{-N_l})",
        (low + high) / 2,
        partial(survivors, WIDTHS, inputs),
        partial(survivors, [8] * 12, inputs),
        source=LU,
        status=Status.QUALIFIED,
        n_samples=50_000,
        n_quick=5000,
        allowance=(high - low) / 2,
        remark=f"Between bounds, {low:.3g} and {high:.3g}, whose middle is shown as predicted and "
        "half of whose distance is the allowance.",
    )


RELU, LEAKY = ReLU(), LeakyReLU(0.1)
CLAIMS = (
    normal("independent", "whose drives are independent", -THRESHOLD, 0.0, CORRELATION),
    normal("correlated", "whose drives are correlated", -THRESHOLD, CORRELATION, 0.0),
    claim(
        "S9.bias",
        f"A bias of -4 standard deviations silences all but a few units on {N_ODORS} odors",
        r"\Phi(-b)^P",
        partial(silent_units.silent_fraction, N_ODORS, 4.0),
        partial(normal_units, 0.0, -4.0),
        partial(normal_units, 0.0, -3.0),
        source="Order statistics of normal numbers",
        remark="A 'large negative bias' is one beyond the largest of P normal numbers, "
        "sqrt(2 ln P) = 2.8 here; the control has -3.",
    ),
    claim(
        "S9.panel",
        "Share of units with normal weights that are silent on 30 measured odors",
        r"P(X w \le T)",
        dense_theory,
        partial(dense_units, -1.0),
        partial(dense_units, -0.8),
        source="Multivariate normal probability of the panel's products",
        allowance=1e-3,
        remark="The allowance is the error of the integration.  The control has a lower threshold.",
    ),
    claim(
        "S9.born_dead_input",
        "Share of networks of 12 layers of 4 that lose a given input at birth",
        r"1 - \prod (1 - 2^{-N_l})",
        partial(network.dead_input, WIDTHS),
        partial(survivors, WIDTHS, np.array([[1.0, -2.0, 0.5]])),
        partial(survivors, WIDTHS[1:], np.array([[1.0, -2.0, 0.5]])),
        source=LU,
        n_samples=50_000,
        n_quick=5000,
        remark="Normal weights, no biases.  The control has a layer less.",
    ),
    between("born_dead_line", "one input neuron", np.array([[-1.0], [1.0]]), 2, False),
    between("born_dead_odors", "three odors on different receptors", np.eye(3), 3, True),
    claim(
        "S9.stuck",
        "A network dead at birth keeps the loss of its mean, however long it learns (share of the "
        "targets' variance that is left)",
        r"L = \frac{1}{2} Var(y)",
        1.0,
        partial(left, RELU),
        partial(left, LEAKY),
        source=LU,
        n_samples=20,
        n_quick=2,
        allowance=1e-6,
        remark="Only the output's bias has a slope.  The control has leaky rectifiers (slope .1).",
    ),
    claim(
        "S9.leaky",
        "The same networks with leaky rectifiers learn: share that comes a tenth or more below it",
        "",
        0.25,
        partial(learning, LEAKY),
        partial(learning, RELU),
        source=MAAS,
        status=Status.ORDERING,
        n_samples=60,
        n_quick=14,
        remark="Slope .1 below threshold, three layers of three units, the targets |x|, 200 steps. "
        "So few units may still stop at a function of a single bend.  The bound is low, that a few "
        "networks suffice.",
    ),
    claim(
        "S9.kenyon_cells",
        f"Share of Kenyon cells with {FAN_IN} claws that are silent on all 110 measured odors",
        r"P(\max_p \sum_{j \in S} R_{p j} \le \theta), \quad |S| = K",
        partial(counted, 110),
        partial(kenyon_cells, FAN_IN, 110),
        partial(kenyon_cells, FAN_IN + 1, 110),
        source=COUNT,
        n_samples=20_000,
        n_quick=2000,
        remark="Global threshold, two standard deviations above the mean drive.  The control has "
        "a claw more.",
    ),
    claim(
        "S9.kenyon_cells_10",
        f"Share of Kenyon cells with {FAN_IN} claws that are silent on 10 of these odors",
        r"\sum_k p_k C(110 - k, 10) / C(110, 10)",
        partial(counted, 10),
        partial(kenyon_cells, FAN_IN, 10),
        partial(kenyon_cells, FAN_IN, 20),
        source=COUNT,
        n_samples=20_000,
        n_quick=2000,
        remark="Odors drawn anew for each cell.  The control has 20 odors.",
    ),
)
"""All claims about dead units."""
