"""Claims about Kenyon cells that spike (R20): how many respond, how much, and what APL does.

Cells of Rapp & Nawrot 2020 (2000 with 6 claws on the 24 measured glomeruli, Poisson spikes, .5 s);
the strength of the claws, 4.05 instead of 14 nS, is the one number that was set, so that about 6 %
respond.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from olfnet import load_panel, random_expansion
from olfnet.checks import FloatArray
from olfnet.expansion import Response, presets, spiking
from olfnet.expansion.dynamics import Dynamics
from olfnet.lab import claims
from olfnet.lab.claims import Measured, Status
from olfnet.lab.odor_network import ANTENNAL_LOBE, projection_rates
from olfnet.receptors import absolute_rates

Rng = np.random.Generator
CELLS = " ".join((__doc__ or "").split("\n\n")[1].split())
PUBLISHED = presets.rapp_nawrot_2020()
CALIBRATED = replace(PUBLISHED, excitation=replace(PUBLISHED.excitation, strength=4.05e-9))
claim = partial(
    claims.claim,
    systems=["S14"],
    source="Lin et al. 2014, 10.1038/nn.3660; Turner et al. 2008, 10.1152/jn.01283.2007",
    status=Status.QUALIFIED,
)


def response(rates: FloatArray, dynamics: Dynamics, rng: Rng) -> Response:
    """Spikes of a new circuit to these rates."""
    wiring, noise = rng.spawn(2)
    circuit = random_expansion(
        n_inputs=rates.shape[1], n_units=2000, fan_in=6, coding_level=0.06, rng=wiring
    )
    return spiking.respond(
        circuit, rates, duration=0.5, rng=noise, dynamics=dynamics, target="numpy"
    )


def odor_response(n_odors: int, dynamics: Dynamics, rng: Rng) -> Response:
    """Spikes of a new circuit to a few measured odors."""
    which, rest = rng.spawn(2)
    odors = projection_rates()
    return response(odors[which.choice(len(odors), n_odors, replace=False)], dynamics, rest)


def circuits(n: int, rng: Rng, n_sharing: int) -> Iterator[tuple[int, Rng]]:
    """Divide n samples among circuits, of which a quick trial has few: size and stream of each."""
    size = min(n, n_sharing if n > 100 else 32)
    return ((size, stream) for stream in rng.spawn(n // size))


@claim(
    "R20.level", 0.075, control={"dynamics": PUBLISHED, "n": 4}, samples=(192, 16), allowance=0.025
)
def level(n: int, rng: Rng, dynamics: Dynamics = CALIBRATED) -> FloatArray:
    """Of all Kenyon cells 5 to 10 % respond to an odor.

    The allowance is the published range; the level was set, not found.  Samples are odors, each 8
    of which share a circuit.  {CELLS}
    """
    parts = (odor_response(size, dynamics, stream) for size, stream in circuits(n, rng, 8))
    return np.ravel([part.coding_level for part in parts])


@claim("R20.spikes", 1.5, control={"dynamics": PUBLISHED, "n": 8}, samples=(192, 8), allowance=0.5)
def spikes(n: int, rng: Rng, dynamics: Dynamics = CALIBRATED) -> list[float]:
    """A response is one or two spikes.

    The allowance is the published range.  Samples are odors, each 8 of which share a circuit.
    {CELLS}
    """
    parts = (odor_response(size, dynamics, stream) for size, stream in circuits(n, rng, 8))
    return [row[row > 0].mean() for part in parts for row in part.counts if row.any()]


@claim(
    "R20.spontaneous",
    0.0,
    control={"dynamics": PUBLISHED, "n": 4},
    samples=(288, 64),
    status=Status.ORDERING,
)
def quiet(n: int, rng: Rng, dynamics: Dynamics = CALIBRATED) -> FloatArray:
    """In clean air a Kenyon cell fires less than .1 spikes/s (measured: how much less).

    Measured spontaneous receptor rates, normalized like an odor, make projection neurons fire 45
    spikes/s, far more than they do in clean air: the rate is an upper bound.  Samples are trials,
    each 12 of which share a circuit.  {CELLS}
    """
    odors = load_panel("hallem_carlson_2006")
    air = ANTENNAL_LOBE(np.asarray(absolute_rates(odors) - odors)[:1])
    parts = (
        response(np.repeat(air, size, axis=0), dynamics, stream)
        for size, stream in circuits(n, rng, 12)
    )
    return 0.1 - np.ravel([part.rates.mean(axis=1) for part in parts])


@claim("R20.apl", 2.0, control={"inhibition": 0.1, "n": 8}, samples=(96, 12), allowance=0.3)
def disinhibition(n: int, rng: Rng, inhibition: float = 1.0) -> Measured:
    """Without APL about twice as many Kenyon cells respond.

    The allowance is what is taken for 'about'.  Nothing was set to make it so: APL's numbers are
    those of the paper.  Samples are odors, each 16 of which share a circuit (jackknife).  The
    control has a tenth of the inhibition.  {CELLS}
    """
    apl = CALIBRATED.inhibition
    synapse = replace(apl.inhibition, strength=inhibition * apl.inhibition.strength)
    inhibited = replace(CALIBRATED, inhibition=replace(apl, inhibition=synapse))
    free = replace(CALIBRATED, inhibition=None)
    levels = []
    for _ in range(-(-n // 16)):
        seed = int(rng.integers(2**62))  # the same circuit, odors and spikes
        parts = (
            odor_response(min(n, 16), dynamics, np.random.default_rng(seed))
            for dynamics in (free, inhibited)
        )
        levels.append([part.coding_level for part in parts])
    return Measured.ratio(*np.swapaxes(levels, 0, 1))
