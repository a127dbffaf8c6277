"""Claims about units that never respond (S9): on panels, in deep networks, in the mushroom body."""

from functools import cache, partial

import numpy as np
from numpy.typing import ArrayLike

from olfnet import random_expansion
from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate
from olfnet.expansion.sparsify import FixedThreshold
from olfnet.lab import claims
from olfnet.lab.claims import Measured, Status
from olfnet.lab.odor_network import projection_rates
from olfnet.theory import network, silent_units
from olfnet.theory.activations import Activation, LeakyReLU, ReLU
from olfnet.theory.network import Network
from olfnet.theory.silent_units import RandomDrive

from .sources import OLSEN

Rng = np.random.Generator
LU = "Lu et al. 2019, arXiv 1903.06733"
N_ODORS, WIDTHS, FAN_IN = 50, [4] * 12, 5
RELU, LEAKY = ReLU(), LeakyReLU(0.1)
claim = partial(claims.claim, systems=["S9"], samples=(200_000, 10_000))


def silent(responses: ArrayLike) -> Measured:
    """Fraction of units without any response, of shape (n_units, n_odors)."""
    active = np.any(responses, axis=1)
    return Measured.fraction(int(active.size - active.sum()), active.size)


@claim(
    "S9.bias",
    lambda: silent_units.silent_fraction(N_ODORS, 4.0),
    r"\Phi(-b)^P",
    statement="A bias of -4 standard deviations silences all but a few units on {N_ODORS} odors",
    remark="A 'large negative bias' is one beyond the largest of P normal numbers, sqrt(2 ln P) = "
    "2.8 here; the control has -3.",
    cases=[{"correlation": 0.0, "bias": -4.0}],
    control={"bias": -3.0},
    source="Order statistics of normal numbers",
)
@claim(
    "S9.{drives}",
    lambda correlation: silent_units.silent_fraction(N_ODORS, 2.0, correlation),
    cases={"drives, correlation": (("independent", 0.0), ("correlated", 0.3))},
    control=lambda correlation: {"correlation": 0.3 - correlation},
    source="Order statistics of equally correlated normal numbers",
)
def normal_units(n: int, rng: Rng, correlation: float, bias: float = -2.0) -> Measured:
    r"""Fraction of units that are silent on {N_ODORS} odors, whose drives are {drives}.
    $E\,\Phi((T - \sqrt{\rho} t) / \sqrt{1 - \rho})^P$
    """
    own, rest = rng.standard_normal((n, 1)), rng.standard_normal((n, N_ODORS))
    drive = correlation**0.5 * own + (1 - correlation) ** 0.5 * rest
    return silent(RELU(drive + bias))


@cache
def contrasts() -> FloatArray:
    """Rates of 30 odors minus their means over odors, relative to their standard deviation."""
    rates = projection_rates()[:30] - projection_rates().mean(axis=0)
    return np.asarray(rates / rates.std())


@cache
def jointly_silent() -> float:
    """Probability that jointly normal drives are all below 1."""
    covariance = contrasts() @ contrasts().T / contrasts().shape[1]
    return silent_units.jointly_silent(1.0, covariance, rng=0)


@claim(
    "S9.panel",
    jointly_silent,
    control={"bias": -0.8},
    source="Multivariate normal probability of the panel's products",
    allowance=1e-3,
)
def dense_units(n: int, rng: Rng, bias: float = -1.0) -> Measured:
    r"""Fraction of units with normal weights that are silent on 30 measured odors. $P(X w \le T)$

    The allowance is the error of the integration.  The control has a lower threshold.
    """
    weights = rng.standard_normal((n, contrasts().shape[1])) / contrasts().shape[1] ** 0.5
    return silent(RELU(weights @ contrasts().T + bias))


of_networks = partial(claim, source=LU, samples=(50_000, 5_000))


@of_networks(
    "S9.born_dead_{name}",
    lambda n_rays, nonnegative: np.mean(
        network.dead_network_bounds(WIDTHS, n_rays, nonnegative=nonnegative)
    ),
    r"(1 - \prod(1 - 2^{-N_l}))^P \le p \le 1 - \prod(1 - 2^{-N_l})",
    statement="Fraction of networks of 12 layers of 4 that are dead at birth, {words}",
    remark="Between bounds, whose middle is shown as predicted and half of whose distance is the "
    "allowance.  The control has layers of 8.",
    cases={
        "name, words, inputs, n_rays, nonnegative": (
            ("line", "one input neuron", np.array([[-1.0], [1.0]]), 2, False),
            ("odors", "three odors on different receptors", np.eye(3), 3, True),
        )
    },
    control={"widths": [8] * 12},
    status=Status.QUALIFIED,
    allowance=lambda n_rays, nonnegative: (
        np.ptp(network.dead_network_bounds(WIDTHS, n_rays, nonnegative=nonnegative)) / 2
    ),
)
@of_networks(
    "S9.born_dead_input",
    lambda: network.dead_input(WIDTHS),
    cases=[{"inputs": np.array([[1.0, -2.0, 0.5]])}],
    control={"widths": WIDTHS[1:]},
)
def silenced(n: int, rng: Rng, inputs: FloatArray, widths: list[int] = WIDTHS) -> Measured:
    r"""Fraction of networks of 12 layers of 4 that lose a given input at birth.
    $1 - \prod (1 - 2^{-N_l})$

    Normal weights, no biases.  The control has a layer less.
    """
    outputs = np.broadcast_to(inputs, (n, *inputs.shape))
    for width in widths:
        outputs = RELU(outputs @ rng.standard_normal((n, outputs.shape[2], width)))
    return silent(outputs.reshape(n, -1))


def dead_network(activation: Activation, rng: Rng) -> Network:
    """Draw a network that is dead at birth with rectifiers, and give it this activation."""
    while True:
        seed = int(rng.integers(2**62))
        with_relu = network.dense([1, 3, 3, 3, 1], RELU, rng=seed)
        if network.lost_inputs(with_relu, np.linspace(-1, 1, 11)[:, None])[-1].all():
            return network.dense([1, 3, 3, 3, 1], activation, rng=seed)


def remaining(n: int, rng: Rng, activation: Activation) -> FloatArray:
    """Fraction of the variance of |x| that n dead networks leave after training, of each."""
    inputs, fractions = np.linspace(-1, 1, 11)[:, None], []
    for net in [dead_network(activation, stream) for stream in rng.spawn(n)]:
        trained = network.train(
            net, inputs, np.abs(inputs), learning_rate=0.05, momentum=0.9, n_steps=200
        )
        fractions.append(2 * trained.losses[-1] / np.abs(inputs).var())
    return np.array(fractions)


@claim("S9.stuck", 1.0, control={"activation": LEAKY}, samples=(20, 2), source=LU, allowance=1e-6)
def stuck(n: int, rng: Rng, activation: Activation = RELU) -> float:
    r"""A network dead at birth keeps the loss of its mean, however long it learns (fraction of the
    targets' variance that is left). $L = \frac{1}{2} Var(y)$

    Only the output's bias has a slope.  The control has leaky rectifiers (slope .1).
    """
    return float(remaining(n, rng, activation).min())


@claim(
    "S9.leaky",
    0.25,
    control={"activation": RELU, "n": 2},
    samples=(60, 14),
    source="Maas, Hannun & Ng 2013, Rectifier nonlinearities improve neural network acoustic "
    "models",
    status=Status.ORDERING,
)
def learning(n: int, rng: Rng, activation: Activation = LEAKY) -> Measured:
    """The same networks with leaky rectifiers learn: fraction that comes a tenth or more below it.

    Slope .1 below threshold, three layers of three units, the targets |x|, 200 steps.  So few units
    may still stop at a function of a single bend.  The bound is low, that a few networks suffice.
    """
    return Measured.fraction(int((remaining(n, rng, activation) < 0.9).sum()), n)


@cache
def threshold() -> float:
    """Threshold of the summed rates, spikes/s: two standard deviations above their mean."""
    drive = RandomDrive(projection_rates(), FAN_IN)
    return drive.mean + 2.0 * drive.sd


of_cells = partial(claim, source=f"Wirings counted; {OLSEN}", samples=(20_000, 2000))


def rarefied(n_odors: int) -> float:
    """Fraction of all wirings that are silent on so many of the measured odors."""
    counts = RandomDrive(projection_rates(), FAN_IN).response_counts(threshold())
    return float(silent_units.rarefied(counts, n_odors))


@of_cells(
    "S9.kenyon_cells",
    lambda: rarefied(110),
    r"P(\max_p \sum_{j \in S} R_{p j} \le \theta), \quad |S| = K",
    statement="Fraction of Kenyon cells with {FAN_IN} claws that are silent on all 110 measured "
    "odors",
    remark="Global threshold, two standard deviations above the mean drive.  The control has a "
    "claw more.",
    cases=[{"n_odors": 110}],
    control={"fan_in": FAN_IN + 1},
)
@of_cells("S9.kenyon_cells_10", lambda: rarefied(10), control={"n_odors": 20})
def kenyon_cells(n: int, rng: Rng, n_odors: int = 10, fan_in: int = FAN_IN) -> Measured:
    r"""Fraction of Kenyon cells with {FAN_IN} claws that are silent on 10 of these odors.
    $\sum_k p_k C(110 - k, 10) / C(110, 10)$

    Odors drawn anew for each cell.  The control has 20 odors.
    """
    wiring, odors = rng.spawn(2)
    circuit = random_expansion(
        n_inputs=projection_rates().shape[1],
        n_units=n,
        fan_in=fan_in,
        coding_level=0.05,
        rng=wiring,
    )
    circuit = Circuit(circuit.weights, FixedThreshold(threshold()))
    active = rate.respond(circuit, projection_rates()).active.T
    # Each cell with odors of its own, so that cells are independent.
    chosen = odors.permuted(np.tile(np.arange(len(projection_rates())), (n, 1)), axis=1)[
        :, :n_odors
    ]
    return silent(np.take_along_axis(active, chosen, axis=1))
