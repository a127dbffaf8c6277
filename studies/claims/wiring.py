"""Claims about measured wiring and its null models (R17, R18)."""

from functools import partial

import numpy as np
import scipy.stats
from scipy.sparse import csr_array

from olfnet.capacity import dimension
from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate, sparsify
from olfnet.expansion.connectome import load_connectome, statistics, weights
from olfnet.expansion.connectome.null_models import AnyPairs, SameDegrees
from olfnet.expansion.wiring import BiasedFanIn
from olfnet.lab import claims
from olfnet.lab.claims import CONFIDENCE, Measured, Status

Rng = np.random.Generator
EICHLER = "Eichler et al. 2017, 10.1038/nature23455"
claim = partial(claims.claim, systems=["S14"], source=EICHLER, status=Status.ORDERING)


@claim(
    "R17.caron_usage",
    0.74,
    control={"power": 1.6},
    samples=(4000, 300),
    status=Status.NOT_REPRODUCIBLE,
    source="Caron et al. 2013, 10.1038/nature12063",
    allowance=0.005,
)
def usage(n: int, rng: Rng, power: float = 1.0) -> Measured:
    r"""Coefficient of variation over glomeruli of the claws of 200 Kenyon cells that choose as
    those of another fly do (hemibrain). $\mathrm{sd}(n_j) / \langle n_j \rangle$

    The article's claws by glomerulus are in no table that may be passed on.  The interval is that
    of samples of 200 cells: chance does not make .74 of the hemibrain's choice.  In the control
    preferences have the power 1.6, of which it comes out.
    """
    preferences = statistics.glomerulus_usage().to_numpy().astype(float)
    choice = BiasedFanIn(statistics.claws("caron_2013"), preferences**power)
    claws = np.array([choice.draw(200, preferences.size, rng=rng).sum(axis=0) for _ in range(n)])
    variations = claws.std(axis=1) / claws.mean(axis=1)
    tail = (1 - CONFIDENCE) / 2
    interval = np.quantile(variations, [tail, 1 - tail])
    return Measured(float(variations.mean()), *map(float, interval))


def larva(side: str) -> csr_array:
    """Connections between projection neurons and Kenyon cells of one hemisphere, zeros and ones."""
    return weights(load_connectome(f"eichler_2017_{side}"), counted=False)


def dispersion(claws: FloatArray) -> FloatArray:
    """Variance relative to the mean."""
    return claws.var(axis=-1, ddof=1) / claws.mean(axis=-1)


def random_dispersion(n: int, rng: Rng) -> list[float]:
    """Return the same where any pair of cells is connected with the same probability."""
    null = AnyPairs(larva("left"))
    return [dispersion(np.diff(null.draw(rng=rng).indptr)) for _ in range(min(n, 100))]


@claim("R17.larva", 1.0, control=random_dispersion, samples=(20_000, 5_000))
def larval_dispersion(n: int, rng: Rng) -> Measured:
    r"""Larval Kenyon cells differ more in their claws than random ones would. $\sigma^2 / \mu > 1$

    The smaller of both hemispheres, with an interval of cells as samples.  Said to be bimodal:
    Silverman's test finds two modes in the left hemisphere (p = .04) and one in the right (p = .7).
    """
    claws = [np.diff(larva(side).indptr).astype(float) for side in ("left", "right")]
    lower = np.min([dispersion(rng.choice(c, (n, len(c)))) for c in claws], axis=0)
    return Measured(float(min(map(dispersion, claws))), *np.quantile(lower, [0.0005, 0.9995]))


def code_dimension(wiring: csr_array, inputs: FloatArray) -> float:
    """Dimension of the activity patterns, one threshold for all units, a tenth active."""
    circuit = Circuit(wiring, sparsify.GlobalThreshold(0.1))
    return dimension(rate.respond(circuit, inputs).active.astype(float), corrected=True)


@claim(
    "R18.{side}",
    2.0,
    cases={"side": ("left", "right")},
    control={"rewired": True, "n": 20},
    samples=(400, 100),
)
def below_random(n: int, rng: Rng, side: str, rewired: bool = False) -> Measured:
    r"""For independent inputs and connections of equal weight, the larva's wiring ({side}) gives
    codes of fewer dimensions than random wiring of the same degrees.
    $(\langle \dim_0 \rangle - \dim) / \mathrm{sd}(\dim_0) > 2$

    In standard deviations of random wiring.  One threshold, a tenth active: 28 against 30.5 +- .5
    dimensions (reported: 26.6 against 29.6 +- .6).  It does not hold for every code: not where
    connections weigh as much as their synapses, and not for measured odors whose receptors are
    dealt out at random (study measured_wiring).  The control is itself rewired.
    """
    wiring = SameDegrees(larva(side)).draw(rng=rng) if rewired else larva(side)
    inputs = rng.standard_normal((1500, wiring.shape[1]))
    null = SameDegrees(wiring)
    random = [code_dimension(null.draw(rng=rng), inputs) for _ in range(n)]
    score = (np.mean(random) - code_dimension(wiring, inputs)) / np.std(random, ddof=1)
    error = np.sqrt((1 + score**2 / 2) / n)  # of the mean, and of the standard deviation
    half_width = error * scipy.stats.norm.ppf((1 + CONFIDENCE) / 2)
    return Measured(float(score), float(score - half_width), float(score + half_width))
