"""Claims about measured odors, the antennal lobe and the expansion layer (R13, R14, R16, R19)."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from olfnet import load_panel, random_expansion
from olfnet.capacity import dimension
from olfnet.checks import FloatArray
from olfnet.expansion import Circuit, rate, sparsify
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.lab.odor_network import lobe_rates
from olfnet.receptors import DivisiveNormalization, NoNormalization, fly_odors
from olfnet.receptors.noise import GaussianNoise, SaturatingNoise, noisy_trials

from .sources import BABADI, LITWIN, OLSEN

Rng = np.random.Generator
Normalization = Callable[[FloatArray], FloatArray]
Statistic = Callable[[FloatArray], float]
HALLEM = "Hallem & Carlson 2006, 10.1016/j.cell.2006.01.050"
claim = partial(Claim, systems=("S14",))


def changes() -> FloatArray:
    """Measured changes of firing rate, spikes/s."""
    return np.asarray(load_panel("hallem_carlson_2006"))


def published(
    key: str,
    statement: str,
    value: float,
    digits: float,
    measure: Callable[[], float],
    other: Callable[[], float],
    source: str,
) -> Claim:
    """Compare a statistic of a table in the box with the published one, to its last digits."""
    return claim(
        key,
        statement,
        "",
        value,
        lambda n, rng: Measured.number(measure()),
        lambda n, rng: Measured.number(other()),
        source=source,
        allowance=digits / 2,
        remark="The allowance is the rounding of the published number.",
    )


def variation_of_means(rates: FloatArray) -> float:
    """Variation over odors of the mean over receptors, relative to its own mean."""
    means = rates.mean(axis=1)
    return float(means.std() / means.mean())


def of_changes(key: str, statement: str, value: float, digits: float, measure: Statistic) -> Claim:
    """Return a claim about the measured table, with rates behind the antennal lobe as control."""
    here, other = (lambda: measure(changes())), (lambda: measure(lobe_rates()))
    return published(f"R13.{key}", statement, value, digits, here, other, HALLEM)


def of_lobe(key: str, statement: str, value: float, digits: float, measure: Statistic) -> Claim:
    """Return a claim about the antennal lobe, with the receptors as control."""
    here, other = (lambda: measure(lobe_rates())), (lambda: measure(fly_odors()))
    return published(f"R14.{key}", statement, value, digits, here, other, OLSEN)


def codes(odors: FloatArray, sparsifier: sparsify.Sparsifier, rng: Rng) -> FloatArray:
    """Activity patterns of 2000 Kenyon cells with 7 claws, zeros and ones."""
    wiring = random_expansion(
        n_inputs=odors.shape[1], n_units=2000, fan_in=7, coding_level=0.05, rng=rng
    )
    circuit = Circuit(wiring.weights, sparsifier).calibrated(odors)
    return rate.respond(circuit, odors).active.astype(float)


def lift(
    before: Normalization, after: Normalization, sparsifier: sparsify.Sparsifier, n: int, rng: Rng
) -> Measured:
    """How many times the dimension of the code grows between two normalizations."""
    rates, ratios = fly_odors(), []
    for stream in rng.spawn(n):
        seed = int(stream.integers(2**32))  # the same wiring for both
        first, second = (
            dimension(codes(np.asarray(f(rates)), sparsifier, np.random.default_rng(seed)))
            for f in (before, after)
        )
        ratios.append(second / first)
    return Measured.mean(ratios)


def correlation(responses: FloatArray) -> float:
    """Root mean square correlation between the responses to different odors."""
    matrix = np.corrcoef(responses)
    return float(np.sqrt(np.mean(matrix[np.triu_indices(len(matrix), 1)] ** 2)))


def decorrelation(sparsifier: sparsify.Sparsifier, n: int, rng: Rng) -> Measured:
    """How much lower correlations are in the code than among projection neurons."""
    odors = lobe_rates()
    return Measured.mean(
        [correlation(odors) - correlation(codes(odors, sparsifier, s)) for s in rng.spawn(n)]
    )


def coding_level(wanted: float, n: int, rng: Rng) -> Measured:
    """Active share of the units for new odors, thresholds being set on others."""
    levels = []
    for stream in rng.spawn(n):
        odor_rng, wiring_rng = stream.spawn(2)
        odors = DivisiveNormalization()(fly_odors(2000, rng=odor_rng))
        circuit = random_expansion(
            n_inputs=24, n_units=2000, fan_in=7, coding_level=wanted, rng=wiring_rng
        )
        sparsifier = sparsify.GlobalThreshold(wanted)
        circuit = Circuit(circuit.weights, sparsifier).calibrated(odors[:1000])
        levels.append(rate.respond(circuit, odors[1000:]).active.mean())
    return Measured.mean(levels)


def variation_over_receptors(rates: FloatArray) -> Measured:
    """Spread over receptors relative to the mean, averaged over odors."""
    return Measured.mean(rates.std(axis=1) / rates.mean(axis=1))


def trial_sd(noise: Callable[[FloatArray], FloatArray], n: int, rng: Rng) -> Measured:
    """Spread over trials of a projection neuron that fires at 60 spikes/s."""
    return Measured.standard_deviation(noisy_trials(np.full((1, 1), 60.0), n, noise=noise, rng=rng))


def without_threshold(n: int, rng: Rng) -> Measured:
    """How much lower correlations are in the expansion's drive: a linear layer keeps them."""
    odors, found = lobe_rates(), []
    for stream in rng.spawn(n):
        circuit = random_expansion(
            n_inputs=odors.shape[1], n_units=2000, fan_in=7, coding_level=0.05, rng=stream
        )
        found.append(correlation(odors) - correlation(circuit.drive(odors)))
    return Measured.mean(found)


NONE_TO_LOBE = partial(lift, NoNormalization(), DivisiveNormalization())

CLAIMS = (
    of_changes("mean", "Mean change of rate over 110 odors and 24 receptors", 26.76, 0.01, np.mean),
    of_changes("sd", "Standard deviation of the changes of rate", 52.57, 0.01, np.std),
    of_changes("median", "Median change of rate", 8, 1, np.median),
    of_changes("lowest", "Strongest inhibition", -52, 1, np.min),
    of_changes("highest", "Strongest excitation", 288, 1, np.max),
    of_changes(
        "negative", "Share of inhibited pairs", 0.308, 0.001, lambda x: float(np.mean(x < 0))
    ),
    of_changes("strong", "Pairs of at least 100 spikes/s", 235, 1, lambda x: int(np.sum(x >= 100))),
    published(
        "R13.rates",
        "Mean rate of the receptors, clipped at zero",
        40.67,
        0.01,
        lambda: float(fly_odors().mean()),
        lambda: float(changes().mean()),
        HALLEM,
    ),
    published(
        "R13.dimension",
        "Dimension of the receptors' responses",
        4.8,
        0.1,
        lambda: dimension(fly_odors()),
        lambda: dimension(lobe_rates()),
        HALLEM,
    ),
    of_lobe("mean", "Mean rate of projection neurons", 48.10, 0.01, np.mean),
    of_lobe("sd", "Standard deviation of the projection neurons' rates", 37.02, 0.01, np.std),
    of_lobe("dimension", "Dimension of the projection neurons' responses", 10.1, 0.1, dimension),
    of_lobe(
        "variation",
        "Variation over odors of the mean rate, .592 for receptors",
        0.104,
        0.001,
        variation_of_means,
    ),
    claim(
        "R15.noise",
        "Noise of projection neurons saturates with their rate (here at 60 spikes/s)",
        r"\sigma = 10 \tanh(0.025 R)",
        10 * math.tanh(0.025 * 60),
        partial(trial_sd, SaturatingNoise()),
        partial(trial_sd, GaussianNoise(10.0)),
        source="Luo, Axel & Abbott 2010, 10.1073/pnas.1005635107",
        n_samples=20_000,
        n_quick=5_000,
    ),
    claim(
        "R16.exponential",
        "Rates over receptors vary as much as their mean, as exponential ones do",
        r"\mathrm{sd}(R) / \langle R \rangle = 1",
        1.0,
        lambda n, rng: variation_over_receptors(fly_odors()),
        lambda n, rng: variation_over_receptors(lobe_rates()),
        source="Stevens 2015, 10.1073/pnas.1510103112",
        status=Status.QUALIFIED,
        remark="Mean over 110 odors, with the interval for odors as samples.  Only the spread is "
        "claimed; a mean that does not depend on the odor holds behind the antennal lobe (R14).",
    ),
    claim(
        "R19.threshold",
        "With one global threshold, divisive normalization multiplies the dimension of the code "
        "several times (4 to 24)",
        r"\dim_{PN} / \dim_{ORN} > 3",
        3.0,
        partial(NONE_TO_LOBE, sparsify.GlobalThreshold(0.05)),
        partial(NONE_TO_LOBE, sparsify.TopK(0.05)),
        source=OLSEN + "; " + LITWIN,
        status=Status.ORDERING,
        n_samples=30,
        n_quick=5,
    ),
    claim(
        "R19.topk",
        "Exact top-k hides what the antennal lobe is for: the code's dimension stays",
        r"\dim_{PN} / \dim_{ORN} = 1",
        1.0,
        partial(NONE_TO_LOBE, sparsify.TopK(0.05)),
        partial(NONE_TO_LOBE, sparsify.GlobalThreshold(0.05)),
        source=OLSEN + "; " + LITWIN,
        status=Status.QUALIFIED,
        n_samples=30,
        n_quick=5,
        allowance=0.02,
        remark="Dimension of the activity patterns, about 41 either way.  That of the graded rates "
        "still doubles (15 to 31).",
    ),
    claim(
        "S14.decorrelation",
        "The random expansion decorrelates: root mean square correlation between odors falls",
        r"c_{PN} - c_{KC} > 0",
        0.0,
        partial(decorrelation, sparsify.TopK(0.05)),
        without_threshold,
        source=BABADI,
        status=Status.ORDERING,
        n_samples=20,
        n_quick=4,
    ),
    claim(
        "S14.coding_level",
        "Thresholds set on 1000 odors keep 1000 new ones at the wanted coding level",
        r"\langle f \rangle = 0.05",
        0.05,
        partial(coding_level, 0.05),
        partial(coding_level, 0.06),
        source="definition of the coding level",
        n_samples=20,
        n_quick=5,
    ),
)
