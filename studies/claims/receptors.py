"""Claims about measured odors, the antennal lobe and the expansion layer (R15, R16, R19, S14)."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from olfnet import random_expansion
from olfnet.capacity import dimension
from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate, sparsify
from olfnet.lab import claims
from olfnet.lab.claims import Measured, Status
from olfnet.lab.odor_network import projection_rates
from olfnet.receptors import DivisiveNormalization, fly_odors
from olfnet.receptors.noise import GaussianNoise, SaturatingNoise, noisy_trials

from .sources import BABADI, LITWIN, OLSEN

Rng = np.random.Generator
claim = partial(claims.claim, systems=["S14"])
SATURATING = SaturatingNoise()
GLOBAL, TOP = sparsify.GlobalThreshold(0.05), sparsify.TopK(0.05)


@claim(
    "R15.noise",
    10 * math.tanh(0.025 * 60),
    control={"noise": GaussianNoise(10.0)},
    samples=(20_000, 5_000),
    source="Luo, Axel & Abbott 2010, 10.1073/pnas.1005635107",
)
def deviation(n: int, rng: Rng, noise: Callable[..., FloatArray] = SATURATING) -> Measured:
    r"""Noise of projection neurons saturates with their rate (here at 60 spikes/s).
    $\sigma = 10 \tanh(0.025 R)$
    """
    return Measured.standard_deviation(noisy_trials(np.full((1, 1), 60.0), n, noise=noise, rng=rng))


@claim(
    "R16.exponential",
    1.0,
    control={"rates": projection_rates},
    status=Status.QUALIFIED,
    source="Stevens 2015, 10.1073/pnas.1510103112",
)
def variation(rates: Callable[[], FloatArray] = fly_odors) -> FloatArray:
    r"""Rates over receptors vary as much as their mean, as exponential ones do.
    $\mathrm{sd}(R) / \langle R \rangle = 1$

    Mean over 110 odors, with the interval for odors as samples.  Only the standard deviation is
    claimed; a mean that does not depend on the odor holds behind the antennal lobe (R14).
    """
    return rates().std(axis=1) / rates().mean(axis=1)


def expanded(odors: FloatArray, rng: Rng, sparsifier: sparsify.Sparsifier | None) -> FloatArray:
    """Activity patterns of 2000 Kenyon cells with 7 claws; their drives without a sparsifier."""
    circuit = random_expansion(
        n_inputs=odors.shape[1], n_units=2000, fan_in=7, coding_level=0.05, rng=rng
    )
    if sparsifier is None:
        return circuit.drive(odors)
    circuit = Circuit(circuit.weights, sparsifier).calibrated(odors)
    return rate.respond(circuit, odors).active.astype(float)


@claim(
    "R19.threshold",
    3.0,
    r"\dim_{PN} / \dim_{ORN} > 3",
    statement="With one global threshold, divisive normalization multiplies the dimension of the "
    "code several times (4 to 24)",
    cases=[{"sparsifier": GLOBAL}],
    control={"sparsifier": TOP},
    samples=(30, 5),
    status=Status.ORDERING,
    source=f"{OLSEN}; {LITWIN}",
)
@claim(
    "R19.topk",
    1.0,
    cases=[{"sparsifier": TOP}],
    control={"sparsifier": GLOBAL},
    samples=(30, 5),
    status=Status.QUALIFIED,
    allowance=0.02,
    source=f"{OLSEN}; {LITWIN}",
)
def dimension_ratio(stream: Rng, sparsifier: sparsify.Sparsifier) -> float:
    r"""Exact top-k hides what the antennal lobe is for: the code's dimension stays.
    $\dim_{PN} / \dim_{ORN} = 1$

    Dimension of the activity patterns, about 41 either way.  That of the graded rates still
    doubles (15 to 31).
    """
    seed = int(stream.integers(2**32))  # the same wiring for both
    before, after = (
        dimension(expanded(odors, np.random.default_rng(seed), sparsifier))
        for odors in (fly_odors(), projection_rates())
    )
    return after / before


def correlation(responses: FloatArray) -> float:
    """Root mean square correlation between the responses to different odors."""
    matrix = np.corrcoef(responses)
    return float(np.sqrt(np.mean(matrix[np.triu_indices(len(matrix), 1)] ** 2)))


@claim(
    "S14.decorrelation",
    0.0,
    control={"sparsifier": None},
    samples=(20, 4),
    status=Status.ORDERING,
    source=BABADI,
)
def decorrelation(stream: Rng, sparsifier: sparsify.Sparsifier | None = TOP) -> float:
    """The random expansion decorrelates: root mean square correlation between odors falls.
    $c_{PN} - c_{KC} > 0$

    The control is linear, without thresholds.
    """
    odors = projection_rates()
    return correlation(odors) - correlation(expanded(odors, stream, sparsifier))


@claim(
    "S14.coding_level",
    0.05,
    control={"target": 0.06},
    samples=(20, 5),
    source="definition of the coding level",
)
def coding_level(stream: Rng, target: float = 0.05) -> float:
    r"""Thresholds set on 1000 odors keep 1000 new ones at the requested coding level.
    $\langle f \rangle = 0.05$
    """
    odor_rng, wiring_rng = stream.spawn(2)
    odors = DivisiveNormalization()(fly_odors(2000, rng=odor_rng))
    circuit = random_expansion(
        n_inputs=24, n_units=2000, fan_in=7, coding_level=target, rng=wiring_rng
    )
    sparsifier = sparsify.GlobalThreshold(target)
    circuit = Circuit(circuit.weights, sparsifier).calibrated(odors[:1000])
    return float(rate.respond(circuit, odors[1000:]).active.mean())
