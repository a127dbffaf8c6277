"""Examining claims: on all cores, each with its own random stream."""

import math
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import suppress
from typing import Any

from olfnet.lab.claims.claim import Claim, Measured, Outcome
from olfnet.lab.claims.register import REGISTER
from olfnet.lab.points import Point
from olfnet.lab.progress import Report
from olfnet.workers import processes


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
    n_workers: int | None = None,
    known: Mapping[str, Outcome] | None = None,
    keep: Callable[[Outcome], None] = lambda outcome: None,
    report: Report = lambda n_done, n_claims: None,
) -> list[Outcome]:
    """Examine claims of the register on worker processes; outcomes come in their order.

    Parameters
    ----------
    claims : sequence of Claim
    quick, seed : bool, int
        See `examine`.
    n_workers : int, optional
        Processes, by default one for each core.
    known : dict of key to Outcome, optional
        Outcomes of an equal examination that was stopped; these claims are not examined again.
    keep : callable (outcome), optional
        Called with each new outcome as soon as it is there.
    report : callable (n_done, n_claims), optional
        Told of progress.
    """
    found = dict(known or {})
    left = [claim for claim in claims if claim.key not in found]
    report(len(found), len(claims))
    with processes(max(1, min(n_workers or os.cpu_count() or 1, len(left)))) as pool:
        futures = {pool.submit(_examine_key, claim.key, quick, seed): claim for claim in left}
        for future in as_completed(futures):
            with suppress(Exception):  # of a killed worker or of the claim's own code: see below
                claim, answer = futures[future], future.result()
                found[claim.key] = Outcome(claim, *answer)
                keep(found[claim.key])
                report(len(found), len(claims))
    for claim in left:
        if claim.key not in found:
            found[claim.key] = Outcome(claim, *_alone(claim, quick, seed))
            report(len(found), len(claims))
    return [found[claim.key] for claim in claims]


def _alone(claim: Claim, quick: bool, seed: int) -> list[Any]:
    """Examine a claim again in a process of its own; if that fails, the claim does."""
    try:
        with processes(1) as pool:
            return list(pool.submit(_examine_key, claim.key, quick, seed).result())
    except Exception as error:
        say = f"{claim.key} could not be examined: {type(error).__name__}: {error}"
        warnings.warn(say, stacklevel=2)
        return [claim.predicted(), Measured(math.nan, math.nan, math.nan), False, 0.0]


def _examine_key(key: str, quick: bool, seed: int) -> tuple:  # type: ignore[type-arg]
    """Examine in a worker; claims hold functions that do not travel."""
    (claim,) = [claim for claim in REGISTER if claim.key == key]
    outcome = examine(claim, quick=quick, seed=seed)
    return outcome.predicted, outcome.measured, outcome.holds, outcome.seconds
