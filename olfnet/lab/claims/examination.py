"""Examining claims: on all cores, each with its own random stream."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import as_completed

from olfnet.lab import executors
from olfnet.lab.claims.claim import Claim, Outcome
from olfnet.lab.claims.register import REGISTER
from olfnet.lab.points import Point
from olfnet.lab.progress import Report


def examine(claim: Claim, *, quick: bool = False, seed: int = 0) -> Outcome:
    """Hold one claim against its simulation.

    Parameters
    ----------
    claim : Claim
    quick : bool
        Take few samples.
    seed : int
        The stream depends on it and the claim's key, on nothing else.
    """
    start = time.perf_counter()
    rng = Point({"claim": claim.key}, 0).stream(seed)
    measured = claim.simulation(claim.n_quick if quick else claim.n_samples, rng)
    holds = claim.agrees(measured)
    return Outcome(claim, claim.predicted(), measured, holds, time.perf_counter() - start)


def examine_all(
    claims: Sequence[Claim],
    *,
    quick: bool = False,
    seed: int = 0,
    workers: int | None = None,
    report: Report = lambda n_done, n_claims: None,
) -> list[Outcome]:
    """Examine claims of the register on worker processes; outcomes come in their order."""
    found = {}
    report(0, len(claims))
    with executors.local(min(workers or os.cpu_count() or 1, len(claims))) as pool:
        futures = [pool.submit(_examine_key, claim.key, quick, seed) for claim in claims]
        for future in as_completed(futures):
            key, predicted, measured, holds, seconds = future.result()
            found[key] = (predicted, measured, holds, seconds)
            report(len(found), len(claims))
    return [Outcome(claim, *found[claim.key]) for claim in claims]


def _examine_key(key: str, quick: bool, seed: int) -> tuple:  # type: ignore[type-arg]
    """Examine in a worker; claims hold functions that do not travel."""
    (claim,) = [claim for claim in REGISTER if claim.key == key]
    outcome = examine(claim, quick=quick, seed=seed)
    return key, outcome.predicted, outcome.measured, outcome.holds, outcome.seconds
