"""Outcomes of an examination that was stopped, with which the same one goes on."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from olfnet.lab.claims.claim import Claim, Measured, Outcome
from olfnet.lab.files import replace_text

NAME = "unfinished.jsonl"


@contextmanager
def unfinished(
    folder: Path, claims: Sequence[Claim], about: dict[str, str | int]
) -> Iterator[tuple[dict[str, Outcome], Callable[[Outcome], None]]]:
    """Yield outcomes of an equal examination that was stopped, and what keeps further ones.

    The file goes when the block ends without an exception.

    Parameters
    ----------
    folder : Path
        Where the outcomes are kept, one line of JSON each.
    claims : sequence of Claim
        What is examined; other outcomes in the file are left out.
    about : dict
        Provenance, seed and size.  What was kept under others (but for command and date), or at a
        commit with changes (one with a plus), is dropped.
    """
    file, known = folder / NAME, {claim.key: claim for claim in claims}
    about = {name: value for name, value in about.items() if name not in ("command", "date")}
    first = json.dumps(about) + "\n"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.is_file() else []
    same = lines[:1] == [first] and not str(about["commit"]).endswith("+")
    lines = [line for line in lines if line.endswith("\n")] if same else [first]
    found = [_outcome(json.loads(line), known) for line in lines[1:]]
    replace_text(file, "".join(lines))
    with file.open("a", encoding="utf-8") as stream:

        def keep(outcome: Outcome) -> None:
            stream.write(json.dumps(_record(outcome)) + "\n")
            stream.flush()

        yield {outcome.claim.key: outcome for outcome in found if outcome}, keep
    file.unlink()


def _record(outcome: Outcome) -> dict[str, Any]:
    return {
        "claim": outcome.claim.key,
        "predicted": outcome.predicted,
        "measured": asdict(outcome.measured),
        "holds": outcome.holds,
        "seconds": outcome.seconds,
    }


def _outcome(record: dict[str, Any], known: dict[str, Claim]) -> Outcome | None:
    claim = known.get(record.pop("claim"))
    measured = Measured(**record.pop("measured"))
    return Outcome(claim, measured=measured, **record) if claim else None
