"""Claims about certified radii (R30, S11): of classifiers and of the odor path, under attack."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from olfnet.checks import FloatArray
from olfnet.lab import odor_network
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.receptors import fly_odors
from olfnet.theory import lipschitz, network
from olfnet.theory.activations import ReLU, Tanh
from olfnet.theory.network import Activate, Convolution, Dense, Flatten, Network, Residual

from .lipschitz import claim

Rng = np.random.Generator
TSUZUKU = "Tsuzuku, Sato & Sugiyama 2018, arXiv 1802.04034"
HEIN = "Hein & Andriushchenko 2017, arXiv 1705.08475"
INSIDE, OUTSIDE = 0.999999, 4.0  # parts of the certified radius at which attacks are made


def border(hidden: bool, n: int, rng: Rng) -> Measured:
    """Attacked over certified radius: n inputs of a classifier, linear or with a hidden layer."""
    widths = [6, 20, 4] if hidden else [6, 4]
    net = network.dense(widths, ReLU(), bias_variance=1.0, rng=rng)
    inputs = rng.standard_normal((n, 6))
    attacked = lipschitz.attacked_radius(net, inputs, rng=rng)
    return Measured.mean(attacked / lipschitz.certify(net, inputs).radius)


def image_network(rng: Rng) -> tuple[Network, FloatArray, FloatArray]:
    """Draw a residual network of convolutions, and inputs with their certified radii."""
    body = Convolution(0.2 * rng.standard_normal((3, 3, 3)), padding="circular")
    net = Network(
        [
            Convolution(rng.standard_normal((3, 1, 3)), 0.1, padding="zero"),
            Activate(ReLU()),
            Residual([body, Activate(Tanh())]),
            Flatten(),
            Dense(rng.standard_normal((4, 24))),
        ]
    )
    inputs = rng.standard_normal((40, 1, 8))
    return net, inputs, lipschitz.certify_near(net, inputs).radius


def odors(rng: Rng) -> tuple[Network, FloatArray, FloatArray]:
    """Draw the whole odor path of 150 units, and measured odors with their certified radii."""
    net = odor_network.nearest_code(odor_network.expansion(150, 6, 0.1, rng))
    rates = fly_odors()[rng.choice(110, 40, replace=False)]
    return net, rates, lipschitz.certify_near(net, rates, n_halvings=8).radius


def successes(
    draw: Callable[[Rng], tuple[Network, FloatArray, FloatArray]],
    times: float,
    n: int,
    rng: Rng,
) -> Measured:
    """Share of n attacks that change the class: half by gradients, half in random directions."""
    net, inputs, radius = draw(rng)
    lower = 0.0 if draw is odors else -math.inf
    n_won, n_made = 0, 0
    while n_made < n:
        again = rng.integers(len(inputs), size=min(1000, n - n_made))
        followed, tried = again[::2], again[1::2]
        options: dict[str, Any] = {"lower": lower, "rng": rng}
        wide = times * radius
        found = lipschitz.descend(net, inputs[followed], wide[followed], n_steps=10, **options)
        random = lipschitz.scatter(net, inputs[tried], wide[tried], n_directions=1, **options)
        n_won += int(found.succeeded.sum() + random.succeeded.sum())
        n_made += len(again)
    return Measured.fraction(n_won, n_made)


def ratio(certify: Any, n: int, rng: Rng) -> Measured:
    """Certified over attacked radius of n measured odors."""
    net = odor_network.nearest_code(odor_network.expansion(150, 6, 0.1, rng))
    rates = fly_odors()[rng.choice(110, n, replace=False)]
    attacked = lipschitz.attacked_radius(net, rates, lower=0.0, start=8.0, n_steps=15, rng=rng)
    return Measured.mean(certify(net, rates).radius / attacked)


def unbroken(
    word: str, words: str, draw: Callable[[Rng], tuple[Network, FloatArray, FloatArray]]
) -> Claim:
    """No attack within the certified radius succeeds; those in four times as wide a ball do."""
    return claim(
        f"R30.attacks_{word}",
        f"No attack within the certified radius changes the class: {words}",
        r"|\delta| < m / L \Rightarrow \mathrm{class}(x + \delta) = \mathrm{class}(x)",
        0.0,
        partial(successes, draw, INSIDE),
        partial(successes, draw, OUTSIDE),
        source=HEIN,
        n_samples=100_000,
        n_quick=1000,
        remark="Half by projected gradients, half in random directions, at .999999 of the radius. "
        "The control is made at four times the radius.",
    )


CLAIMS = (
    claim(
        "R30.border",
        "Attacks on a linear classifier succeed just where its certificate ends: ratio of radii",
        r"\min_j m_j / |w_c - w_j|",
        1.0,
        partial(border, False),
        partial(border, True),
        source=TSUZUKU,
        n_samples=400,
        allowance=2e-3,
        remark="The allowance is the attack's, ten halvings. The control has a hidden layer.",
    ),
    unbroken("network", "a residual network of convolutions", image_network),
    unbroken("odors", "receptor noise on measured odors, through the whole odor path", odors),
    claim(
        "R30.ratio",
        "Odors are certified for more than a third of the distance at which attacks succeed",
        r"\langle r_{certified} / r_{attacked} \rangle > 1/3",
        1 / 3,
        partial(ratio, lipschitz.certify_near),
        partial(ratio, lipschitz.certify),
        source="Measured with this package",
        status=Status.ORDERING,
        n_samples=110,
        n_quick=20,
        remark="150 units. By slopes near each odor; the control, by the product of constants that "
        "hold for all odors, certifies a hundredth.",
    ),
)
"""All claims about certificates."""
