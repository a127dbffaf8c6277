"""Claims about Kenyon cells that spike (R20): how many respond, how much, and what APL does."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from olfnet import load_panel, random_expansion
from olfnet.checks import FloatArray
from olfnet.expansion import Response, presets, spiking
from olfnet.expansion.dynamics import Dynamics, SpikingInhibition
from olfnet.lab.claims import Claim, Measured, Status
from olfnet.lab.odor_network import LOBE, lobe_rates
from olfnet.receptors import absolute_rates

Rng = np.random.Generator
LIN = "Lin et al. 2014, 10.1038/nn.3660; Turner et al. 2008, 10.1152/jn.01283.2007"
RAPP = (
    "Cells of Rapp & Nawrot 2020 (2000 with 6 claws on the 24 measured glomeruli, Poisson spikes, "
    ".5 s); the strength of the claws, 4.05 instead of 14 nS, is the one number that was set, so "
    "that about 6 % respond."
)
N_UNITS, N_ODORS, DURATION = 2000, 8, 0.5
N_SHARING = 16  # odors that share a circuit, with and without APL
claim = partial(
    Claim, systems=("S14",), source=LIN, status=Status.QUALIFIED, n_samples=24, n_quick=6
)


def strength(amount: float) -> Dynamics:
    """Rapp and Nawrot's cells, with claws of this strength in S."""
    dynamics = presets.rapp_nawrot_2020()
    return replace(dynamics, excitation=replace(dynamics.excitation, strength=amount))


CALIBRATED, PUBLISHED = strength(4.05e-9), strength(14e-9)


def inhibited(share: float) -> Dynamics:
    """Return calibrated cells with a share of their inhibition."""
    kind = CALIBRATED.inhibition
    if not isinstance(kind, SpikingInhibition):
        raise TypeError(f"these cells have no spiking APL, but {kind!r}")
    synapse = replace(kind.inhibition, strength=share * kind.inhibition.strength)
    return replace(CALIBRATED, inhibition=replace(kind, inhibition=synapse))


def air() -> FloatArray:
    """Projection-neuron rates in clean air, spikes/s: normalized like an odor, and so too high."""
    odors = load_panel("hallem_carlson_2006")
    return LOBE(np.asarray(absolute_rates(odors) - odors)[:1])


def answer(dynamics: Dynamics, rates: FloatArray, rng: Rng) -> Response:
    """Spikes of a new circuit to these rates."""
    wiring, noise = rng.spawn(2)
    circuit = random_expansion(
        n_inputs=rates.shape[1], n_units=N_UNITS, fan_in=6, coding_level=0.06, rng=wiring
    )
    return spiking.respond(
        circuit, rates, duration=DURATION, rng=noise, dynamics=dynamics, target="numpy"
    )


def to_odors(dynamics: Dynamics, rng: Rng, n_odors: int = N_ODORS) -> Response:
    """Spikes of a new circuit to a few measured odors."""
    which, rest = rng.spawn(2)
    odors = lobe_rates()
    return answer(dynamics, odors[which.choice(len(odors), n_odors, replace=False)], rest)


def level(dynamics: Dynamics, rng: Rng) -> float:
    """Fraction of Kenyon cells that respond."""
    return float(to_odors(dynamics, rng).coding_level.mean())


def spikes_per_response(dynamics: Dynamics, rng: Rng) -> float:
    """Spikes of those that respond."""
    counts = to_odors(dynamics, rng).counts
    return float(counts[counts > 0].mean())


def quiet(dynamics: Dynamics, rng: Rng) -> float:
    """How far the rate in clean air stays below a tenth of a spike per second, in Hz."""
    return 0.1 - float(answer(dynamics, np.repeat(air(), 12, axis=0), rng).rates.mean())


def mean(
    observable: Callable[[Dynamics, Rng], float], dynamics: Dynamics, n: int, rng: Rng
) -> Measured:
    """Mean of a number over n new circuits."""
    return Measured.mean([observable(dynamics, stream) for stream in rng.spawn(n)])


def disinhibition(dynamics: Dynamics, n: int, rng: Rng) -> Measured:
    """How many times as many cells respond without the APL, from n odors."""
    free, found = replace(dynamics, inhibition=None), []
    for first in range(0, n, N_SHARING):
        seed, n_odors = int(rng.integers(2**62)), min(N_SHARING, n - first)
        with_apl, without = (  # the same circuit, odors and spikes
            to_odors(one, np.random.default_rng(seed), n_odors).coding_level
            for one in (dynamics, free)
        )
        found += list(pseudo_values(without, with_apl))
    return Measured.mean(found)


def pseudo_values(one: FloatArray, other: FloatArray) -> FloatArray:
    """Jackknife of the ratio of two sums: one value for each term, with that ratio for a mean.

    They stand for a sample of independent values (Tukey 1958, Ann. Math. Stat. 29:614).
    """
    left_out = (one.sum() - one) / (other.sum() - other)
    return np.asarray(one.size * one.sum() / other.sum() - (one.size - 1) * left_out)


CLAIMS = (
    claim(
        "R20.level",
        "Of all Kenyon cells 5 to 10 % respond to an odor",
        "",
        0.075,
        partial(mean, level, CALIBRATED),
        partial(mean, level, PUBLISHED),
        allowance=0.025,
        remark=f"The allowance is the published range; the level was set, not found. {RAPP}",
    ),
    claim(
        "R20.spikes",
        "A response is one or two spikes",
        "",
        1.5,
        partial(mean, spikes_per_response, CALIBRATED),
        partial(mean, spikes_per_response, PUBLISHED),
        allowance=0.5,
        remark=f"The allowance is the published range. {RAPP}",
    ),
    claim(
        "R20.spontaneous",
        "In clean air a Kenyon cell fires less than .1 spikes/s (measured: how much less)",
        "",
        0.0,
        partial(mean, quiet, CALIBRATED),
        partial(mean, quiet, PUBLISHED),
        status=Status.ORDERING,
        n_quick=12,
        remark="Measured spontaneous receptor rates, normalized like an odor, make projection "
        "neurons fire 45 spikes/s, far more than they do in clean air: the rate is an upper bound. "
        f"{RAPP}",
    ),
    claim(
        "R20.apl",
        "Without APL about twice as many Kenyon cells respond",
        "",
        2.0,
        partial(disinhibition, CALIBRATED),
        partial(disinhibition, inhibited(0.1)),
        n_samples=96,
        n_quick=16,
        allowance=0.3,
        remark="The allowance is what is taken for 'about'.  Nothing was set to make it so: APL's "
        "numbers are those of the paper.  Samples are odors, each 16 of which share a circuit "
        f"(jackknife). {RAPP}",
    ),
)
