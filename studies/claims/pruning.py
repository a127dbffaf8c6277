"""Claims about circuits that lose connections (S13), beside those about grids that adapt."""

from functools import partial

import numpy as np

from olfnet.expansion import Circuit, pruning, rate, sparsify
from olfnet.expansion.wiring import FixedFanIn
from olfnet.lab.claims import Measured, Status
from olfnet.theory import expansion

from .sparse_grids import GERSTNER, claim

Rng = np.random.Generator
LEVEL, FAN_IN = 0.1, 7


def overlaps(fraction: float, by_importance: bool, rng: Rng) -> tuple[float, float]:
    """Active units that stay active after pruning, and as many as theory says."""
    odors = rng.normal(40.0, np.geomspace(2, 20, 24), (3000, 24))  # rates in spikes/s
    weights = FixedFanIn(FAN_IN).draw(300, 24, rng=rng)
    weights.data *= np.exp(rng.standard_normal(weights.nnz))
    circuit = Circuit(weights, sparsify.UnitThresholds(LEVEL))
    matters = pruning.importance(circuit, odors).toarray()
    matters /= matters.sum(axis=1, keepdims=True)
    chosen = matters if by_importance else None
    left = pruning.pruned(circuit, fraction, importance=chosen, rng=rng)
    kept = np.sum(matters * (left.weights.toarray() != 0), axis=1)
    before, after = (rate.respond(one.calibrated(odors), odors).active for one in (circuit, left))
    predicted = LEVEL + (1 - LEVEL) * expansion.correlation(np.sqrt(np.minimum(kept, 1)), LEVEL)
    return float((before & after).sum() / before.sum()), float(predicted.mean())


def overlap_left(fraction: float, supposed: float, n: int, rng: Rng) -> Measured:
    """Overlap after random pruning, in parts of what theory says for a fraction."""
    found = []
    for stream in rng.spawn(n):
        one, other = stream.spawn(2)
        found.append(overlaps(fraction, False, one)[0] / overlaps(supposed, False, other)[1])
    return Measured.mean(found)


def overlap_saved(by_importance: bool, n: int, rng: Rng) -> Measured:
    """How much more of the code stays if the unimportant half of the connections goes."""
    found = []
    for stream in rng.spawn(n):
        one, other = stream.spawn(2)
        found.append(overlaps(0.5, by_importance, one)[0] - overlaps(0.5, False, other)[0])
    return Measured.mean(found)


CLAIMS = (
    claim(
        "S13.overlap",
        "A third of all connections pruned at random: active units that stay active, in parts of "
        "what theory says of Gaussian drives",
        r"P_{11}(T, \sqrt{s}) / f, \quad s = \sum_{kept} w^2 \sigma^2 / \sum w^2 \sigma^2",
        1.0,
        partial(overlap_left, 1 / 3, 1 / 3),
        partial(overlap_left, 1 / 3, 1 / 2),
        source="Orthant probability of normal variables",
        status=Status.ASYMPTOTIC,
        n_samples=40,
        n_quick=10,
        allowance=0.02,
        remark="Thresholds are set on the 3000 odors that are counted; the allowance is that of "
        "calibration, sqrt((1 - f) / (3000 f)) for each unit.",
    ),
    claim(
        "S13.pruning",
        "More of the code stays if the unimportant half of the connections goes than any half: at "
        "least a tenth of all active units",
        r"O_{important} - O_{random} > 0.1",
        0.1,
        partial(overlap_saved, True),
        partial(overlap_saved, False),
        source=GERSTNER,
        status=Status.ORDERING,
        n_samples=20,
        n_quick=5,
    ),
)
"""All claims about pruning."""
