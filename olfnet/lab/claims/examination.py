"""Examining claims: on all cores, each with its own random stream."""

import math
import os
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import as_completed
from contextlib import suppress
from typing import Any

from olfnet.lab import executors
from olfnet.lab.claims.claim import Claim, Measured, Outcome
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
    found: dict[str, list[Any]] = {}
    report(0, len(claims))
    with executors.local(min(workers or os.cpu_count() or 1, len(claims))) as pool:
        futures = [pool.submit(_examine_key, claim.key, quick, seed) for claim in claims]
        for future in as_completed(futures):
            with suppress(Exception):  # of a killed worker or of the claim's own code: see below
                key, *rest = future.result()
                found[key] = rest
                report(len(found), len(claims))
    for claim in claims:
        if claim.key not in found:
            found[claim.key] = _alone(claim, quick, seed)
            report(len(found), len(claims))
    return [Outcome(claim, *found[claim.key]) for claim in claims]


def _alone(claim: Claim, quick: bool, seed: int) -> list[Any]:
    """Examine a claim again in a process of its own; if that fails, the claim does."""
    try:
        with executors.local(1) as pool:
            return list(pool.submit(_examine_key, claim.key, quick, seed).result()[1:])
    except Exception as error:
        say = f"{claim.key} could not be examined: {type(error).__name__}: {error}"
        warnings.warn(say, stacklevel=2)
        return [claim.predicted(), Measured(math.nan, math.nan, math.nan), False, 0.0]


def _examine_key(key: str, quick: bool, seed: int) -> tuple:  # type: ignore[type-arg]
    """Examine in a worker; claims hold functions that do not travel."""
    (claim,) = [claim for claim in REGISTER if claim.key == key]
    outcome = examine(claim, quick=quick, seed=seed)
    return key, outcome.predicted, outcome.measured, outcome.holds, outcome.seconds
