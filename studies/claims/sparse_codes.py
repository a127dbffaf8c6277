"""Claims about the capacity of sparse codes (R5, R6)."""

from functools import partial

import numpy as np

from olfnet import random_expansion
from olfnet.capacity._random_labels import Draw
from olfnet.expansion import Circuit, rate, sparsify
from olfnet.lab.claims import Claim, Measured, Simulation, Status
from olfnet.receptors import DivisiveNormalization, fly_odors

from .capacity import mean_break, signs, twice
from .sources import COVER

Rng = np.random.Generator
claim = partial(Claim, systems=("S14",))


def sparse(coding_level: float, n_units: int) -> Draw:
    """Binary codes whose units are active independently of each other."""
    return lambda n, rng: (rng.random((n, n_units)) < coding_level).astype(float)


def k_of_m(n_active: int, n_units: int) -> Draw:
    """Binary codes with the same number of active units in each."""

    def draw(n: int, rng: Rng) -> np.ndarray:
        ranks = rng.random((n, n_units)).argsort(axis=1)
        return (ranks < n_active).astype(float)

    return draw


def expanded(n_units: int, sparsifier: sparsify.Sparsifier) -> Draw:
    """Codes of odors with the statistics of a measured panel behind a random expansion."""

    def draw(n: int, rng: Rng) -> np.ndarray:
        odor_rng, wiring_rng = rng.spawn(2)
        odors = DivisiveNormalization()(fly_odors(n, rng=odor_rng))
        wiring = random_expansion(
            n_inputs=24, n_units=n_units, fan_in=6, coding_level=0.1, rng=wiring_rng
        )
        circuit = Circuit(wiring.weights, sparsifier).calibrated(odors)
        return rate.respond(circuit, odors).rates

    return draw


def difference(first: Simulation, second: Simulation, n: int, rng: Rng) -> Measured:
    """How much one number exceeds another, at the least and at the most."""
    one, other = first(n, rng), second(n, rng)
    return Measured(one.value - other.value, one.low - other.high, one.high - other.low)


CLAIMS = (
    twice(
        "sparse",
        "Sparse binary patterns, a fifth of their units active, have capacity 2 per dimension",
        partial(mean_break, sparse(0.2, 100), 100, 400),
        partial(mean_break, signs(90), 100, 400),
    ),
    claim(
        "R6.four_of_forty",
        "Small k-of-M codes fall short of capacity 2: 1.87 for 4 of 40",
        r"\langle P^* \rangle / (M + 1)",
        1.87,
        partial(mean_break, k_of_m(4, 40), 41, 160),
        partial(mean_break, k_of_m(1, 40), 41, 160),
        source="enumerated for this package's list of reference results",
        status=Status.QUALIFIED,
        n_samples=600,
        n_quick=100,
        allowance=0.01,
        remark="Per unit and bias, M + 1 = 41; the activity is constant, so that the bias adds no "
        "dimension and the capacity is 1.92 per rank.",
    ),
    claim(
        "R6.topk",
        "A top-k layer of M units separates up to 2 (M + 1) patterns whatever the number of "
        "receptors",
        r"\langle P^* \rangle / (M + 1) \to 2",
        2.0,
        partial(mean_break, expanded(400, sparsify.TopK(0.1)), 401, 1200, bias=True),
        lambda n, rng: mean_break(
            expanded(50, sparsify.TopK(0.1)), 51, 150, 10 * n, rng, bias=True
        ),
        source=COVER,
        status=Status.QUALIFIED,
        n_samples=24,
        n_quick=6,
        allowance=0.1,
        remark="24 receptors, f = .1, K = 6.  The limit is approached from below, since small "
        "layers lack general position: about 1.5 at M = 50 (the control) and 1.92 at M = 400.  The "
        "allowance is that gap.",
    ),
    claim(
        "R6.threshold",
        "One global threshold gives empty and identical codes and collapses before top-k",
        r"\langle P^*_{\text{top-}k} \rangle > \langle P^*_{threshold} \rangle",
        0.0,
        partial(
            difference,
            partial(mean_break, expanded(100, sparsify.TopK(0.05)), 100, 300),
            partial(mean_break, expanded(100, sparsify.GlobalThreshold(0.05)), 100, 300),
        ),
        partial(
            difference,
            partial(mean_break, expanded(100, sparsify.TopK(0.05)), 100, 300),
            partial(mean_break, expanded(100, sparsify.TopK(0.05)), 100, 300),
        ),
        source="Cover 1965; sparse thresholding as in Lin et al. 2014, 10.1038/nn.3660",
        status=Status.ORDERING,
        n_samples=100,
        n_quick=20,
    ),
)
