"""Claims about measured odors, the antennal lobe and the expansion layer (R13, R14, R16, R19)."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from olfnet.capacity import dimension
from olfnet.checks import FloatArray
from olfnet.expansion import random_expansion, rate, sparsify
from olfnet.expansion.circuit import Circuit
from olfnet.lab.claims.claim import Claim, Measured, Status
from olfnet.receptors import (
    DivisiveNormalization,
    NoNormalization,
    absolute_rates,
    load_panel,
    surrogate,
)
from olfnet.receptors.trials import GaussianNoise, SaturatingNoise, noisy_trials

Rng = np.random.Generator
Normalization = Callable[[FloatArray], FloatArray]
Statistic = Callable[[FloatArray], float]
HALLEM = "Hallem & Carlson 2006, 10.1016/j.cell.2006.01.050"
OLSEN = "Olsen, Bhandawat & Wilson 2010, 10.1016/j.neuron.2010.04.009"
LITWIN = "Litwin-Kumar et al. 2017, 10.1016/j.neuron.2017.01.030"


def changes() -> FloatArray:
    """Measured changes of firing rate, spikes/s."""
    return np.asarray(load_panel("hallem_carlson_2006"))


def receptor_rates() -> FloatArray:
    """Measured firing rates of the receptors, spikes/s."""
    return np.asarray(absolute_rates(load_panel("hallem_carlson_2006")))


def lobe_rates() -> FloatArray:
    """Return firing rates behind the antennal lobe, spikes/s."""
    return DivisiveNormalization()(receptor_rates())


def published(
    key: str,
    statement: str,
    value: float,
    digits: float,
    measure: Statistic,
    sources: tuple[str, Callable[[], FloatArray], Callable[[], FloatArray]],
) -> Claim:
    """Compare a statistic of a measured table, equal to the published one but for its rounding."""
    source, table, other = sources
    return Claim(
        key=key,
        systems=("S14",),
        statement=statement,
        source=source,
        equation="",
        status=Status.EXACT,
        closed_form=lambda: value,
        simulation=lambda n, rng: Measured.number(measure(table())),
        control=lambda n, rng: Measured.number(measure(other())),
        allowance=digits / 2,
        remark="The allowance is the rounding of the published number.",
    )


def variation_of_means(rates: FloatArray) -> float:
    """Variation over odors of the mean over receptors, relative to its own mean."""
    means = rates.mean(axis=1)
    return float(means.std() / means.mean())


def of_changes(key: str, statement: str, value: float, digits: float, measure: Statistic) -> Claim:
    """Return a claim about the measured table, with absolute rates as control."""
    return published(f"R13.{key}", statement, value, digits, measure, (HALLEM, changes, lobe_rates))


def of_lobe(key: str, statement: str, value: float, digits: float, measure: Statistic) -> Claim:
    """Return a claim about the antennal lobe, with the receptors as control."""
    sources = (OLSEN, lobe_rates, receptor_rates)
    return published(f"R14.{key}", statement, value, digits, measure, sources)


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
    rates = receptor_rates()
    streams = rng.spawn(n)
    ratios = []
    for stream in streams:
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
    panel = absolute_rates(load_panel("hallem_carlson_2006"))
    levels = []
    for stream in rng.spawn(n):
        odor_rng, wiring_rng = stream.spawn(2)
        odors = DivisiveNormalization()(surrogate(panel, 2000, rng=odor_rng))
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
    return Measured.spread(noisy_trials(np.full((1, 1), 60.0), n, noise=noise, rng=rng))


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
        np.mean,
        (HALLEM, receptor_rates, changes),
    ),
    published(
        "R13.dimension",
        "Dimension of the receptors' responses",
        4.8,
        0.1,
        dimension,
        (HALLEM, receptor_rates, lobe_rates),
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
    Claim(
        key="R15.noise",
        systems=("S14",),
        statement="Noise of projection neurons saturates with their rate (here at 60 spikes/s)",
        source="Luo, Axel & Abbott 2010, 10.1073/pnas.1005635107",
        equation=r"\sigma = 10 \tanh(0.025 R)",
        status=Status.EXACT,
        closed_form=lambda: 10 * math.tanh(0.025 * 60),
        simulation=partial(trial_sd, SaturatingNoise()),
        control=partial(trial_sd, GaussianNoise(10.0)),
        n_samples=20_000,
        n_quick=5_000,
    ),
    Claim(
        key="R16.exponential",
        systems=("S14",),
        statement="Rates over receptors vary as much as their mean, as exponential ones do",
        source="Stevens 2015, 10.1073/pnas.1510103112",
        equation=r"\mathrm{sd}(R) / \langle R \rangle = 1",
        status=Status.QUALIFIED,
        closed_form=lambda: 1.0,
        simulation=lambda n, rng: variation_over_receptors(receptor_rates()),
        control=lambda n, rng: variation_over_receptors(lobe_rates()),
        remark="Mean over 110 odors, with the interval for odors as samples.  Only the spread is "
        "claimed; a mean that does not depend on the odor holds behind the antennal lobe (R14).",
    ),
    Claim(
        key="R19.threshold",
        systems=("S14",),
        statement="With one global threshold, divisive normalization multiplies the dimension of "
        "the code several times (4 to 24)",
        source=OLSEN + "; " + LITWIN,
        equation=r"\dim_{PN} / \dim_{ORN} > 3",
        status=Status.ORDERING,
        closed_form=lambda: 3.0,
        simulation=partial(NONE_TO_LOBE, sparsify.GlobalThreshold(0.05)),
        control=partial(NONE_TO_LOBE, sparsify.TopK(0.05)),
        n_samples=30,
        n_quick=5,
    ),
    Claim(
        key="R19.topk",
        systems=("S14",),
        statement="Exact top-k hides what the antennal lobe is for: the code's dimension stays",
        source=OLSEN + "; " + LITWIN,
        equation=r"\dim_{PN} / \dim_{ORN} = 1",
        status=Status.QUALIFIED,
        closed_form=lambda: 1.0,
        simulation=partial(NONE_TO_LOBE, sparsify.TopK(0.05)),
        control=partial(NONE_TO_LOBE, sparsify.GlobalThreshold(0.05)),
        n_samples=30,
        n_quick=5,
        allowance=0.02,
        remark="Dimension of the activity patterns, about 41 either way.  That of the graded rates "
        "still doubles (15 to 31).",
    ),
    Claim(
        key="S14.decorrelation",
        systems=("S14",),
        statement="The random expansion decorrelates: root mean square correlation between odors "
        "falls",
        source="Babadi & Sompolinsky 2014, 10.1016/j.neuron.2014.07.035",
        equation=r"c_{PN} - c_{KC} > 0",
        status=Status.ORDERING,
        closed_form=lambda: 0.0,
        simulation=partial(decorrelation, sparsify.TopK(0.05)),
        control=without_threshold,
        n_samples=20,
        n_quick=4,
    ),
    Claim(
        key="S14.coding_level",
        systems=("S14",),
        statement="Thresholds set on 1000 odors keep 1000 new ones at the wanted coding level",
        source="definition of the coding level",
        equation=r"\langle f \rangle = 0.05",
        status=Status.EXACT,
        closed_form=lambda: 0.05,
        simulation=partial(coding_level, 0.05),
        control=partial(coding_level, 0.06),
        n_samples=20,
        n_quick=5,
    ),
)
