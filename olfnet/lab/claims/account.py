"""What came out of an examination: a table to look at, a page for the docs, a file for programs."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from olfnet.lab.claims.claim import CONFIDENCE, Measured, Outcome, Status
from olfnet.lab.files import replace_text

PAGE, FILE = "claims.md", "claims.json"


def table(outcomes: Sequence[Outcome]) -> Table:
    """Predicted, measured, interval and verdict of each claim."""
    rows = Table(title="Claims")
    for column in ("claim", "predicted", "measured", f"{CONFIDENCE:.1%} interval", "verdict"):
        rows.add_column(column)
    for outcome in outcomes:
        style = "" if outcome.holds else "bold red"
        rows.add_row(outcome.claim.key, *_numbers(outcome), outcome.verdict, style=style)
    return rows


def write(outcomes: Sequence[Outcome], about: dict[str, Any], folder: Path) -> None:
    """Write page and file of the same outcomes."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {"about": about, "claims": [_record(outcome) for outcome in outcomes]}
    replace_text(folder / FILE, json.dumps(record, indent=1) + "\n")
    replace_text(folder / PAGE, page(outcomes, about))


def page(outcomes: Sequence[Outcome], about: dict[str, Any]) -> str:
    """Page for the docs, in Markdown."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    verdicts = ", ".join(f"{verdict}: {count}" for verdict, count in counts.most_common())
    lines = [
        "# Claims",
        "",
        f"{len(outcomes)} claims ({verdicts}).  Written by `{about['command']}` with "
        f"olfnet {about['olfnet']} on {about['date'][:10]}.  Intervals hold {CONFIDENCE:.1%} of "
        "the time; an ordering holds if the whole interval lies above the predicted bound; an "
        "allowance for finite size or rounded print widens the interval.",
        "",
        "| claim | statement | equation | status | predicted | measured | interval | allowance | "
        "verdict |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for outcome in outcomes:
        claim = outcome.claim
        statement = f"{claim.statement} ({claim.source})"
        statement += f". {claim.remark}" if claim.remark else ""
        equation = f"${claim.equation}$" if claim.equation else ""
        allowance = f"{claim.allowance:g}" if claim.allowance else ""
        cells = [claim.key, statement, equation, claim.status.value, *_numbers(outcome)]
        cells = [cell.replace("|", r"\|") for cell in [*cells, allowance, outcome.verdict]]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _numbers(outcome: Outcome) -> tuple[str, str, str]:
    measured, bound = outcome.measured, outcome.claim.status is Status.ORDERING
    interval = f"{measured.low:.5g} to {measured.high:.5g}" if _uncertain(measured) else ""
    return (
        f"{'above ' if bound else ''}{outcome.predicted:.5g}",
        f"{measured.value:.5g}",
        interval,
    )


def _uncertain(measured: Measured) -> bool:
    return not math.isclose(measured.low, measured.high, rel_tol=1e-12)


def _record(outcome: Outcome) -> dict[str, Any]:
    claim, measured = outcome.claim, outcome.measured
    return {
        "key": claim.key,
        "systems": claim.systems,
        "statement": claim.statement,
        "source": claim.source,
        "equation": claim.equation,
        "status": claim.status.value,
        "remark": claim.remark,
        "predicted": outcome.predicted,
        "measured": measured.value,
        "low": measured.low,
        "high": measured.high,
        "allowance": claim.allowance,
        "verdict": outcome.verdict,
        "seconds": round(outcome.seconds, 3),
    }
