"""One HTML page about one result: figure, table, parameters, origin, and how to repeat it.

The page needs nothing but itself: no network, no scripts, pictures inside.
"""

import base64
import html
from collections.abc import Iterable, Mapping
from pathlib import Path

import xarray as xr
from rich.table import Table
from rich.text import Text

from olfnet.lab.files import replace_text
from olfnet.lab.journal import Journal
from olfnet.lab.points import Record
from olfnet.lab.study import Study

NAME = "report.html"

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff;
  max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin-top: 2rem; }
img { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .25rem .6rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid #d5dae0; }
td.right, th.right { text-align: right; white-space: nowrap; }
pre { background: #f3f5f7; padding: .75rem; overflow-x: auto; }
.bad { color: #a40000; }
"""


def write(study: Study, dataset: xr.Dataset, journal: Journal, folder: Path, figure: Path) -> Path:
    """Write the page of a result and return where it is.

    Parameters
    ----------
    study : Study
    dataset : xarray.Dataset
        What the study measured.
    journal : Journal
        Records and runs behind it.
    folder : Path
        Result folder, where the page goes.
    figure : Path
        Picture to show, if it exists.
    """
    failures = journal.failures
    seconds = sum(record["seconds"] for record in journal.records.values())
    parts = [
        f"<h1>{_safe(study.question)}</h1>",
        f"<p>Study <b>{_safe(study.name)}</b>. Source: {_safe(study.source)}</p>",
        _picture(study, figure),
        _section("What was measured", _rich(study.table(dataset)) if study.table else ""),
        _section("Parameters", _table(_PARAMETERS, _parameters(study, dataset))),
        _section("Failed points", _failures(failures)),
        _section(
            "Where it comes from",
            _table(
                ("", ""),
                [*_origin(dataset), ("points", str(len(journal.records)))]
                + [("work", f"{seconds:.1f} s"), ("runs", str(len(journal.runs)))],
            ),
        ),
        _section("How to repeat it", _steps(journal.runs)),
    ]
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_safe(study.name)}: {_safe(study.question)}</title>\n"
        f'<link rel="icon" href="data:,">\n<style>{_STYLE}</style>\n</head>\n<body>\n'
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )
    replace_text(folder / NAME, page)
    return folder / NAME


_PARAMETERS = ("parameter", "values", "unit", "meaning")


def _parameters(study: Study, dataset: xr.Dataset) -> Iterable[tuple[str, ...]]:
    for parameter in study.parameters:
        values = ", ".join(f"{value}" for value in dataset[parameter.name].values)
        yield parameter.name, values, parameter.unit, parameter.meaning
    yield "repeat", str(dataset.sizes["repeat"]), "", "independent repetitions"


def _origin(dataset: xr.Dataset) -> list[tuple[str, str]]:
    about: Mapping[str, object] = {str(name): value for name, value in dataset.attrs.items()}
    hidden = {"question", "source", "study", "format", "digest"}
    return [
        (name, str(value)) for name, value in about.items() if name not in hidden and value != ""
    ]


def _steps(runs: list[Record]) -> str:
    """Write the commands of all runs that measured points, in their order."""
    lines: list[str] = []
    for about in runs:
        steps = [f"pip install olfnet=={about['olfnet']}"]
        steps += [f"git checkout {about['commit'].rstrip('+')}"] if about["commit"] else []
        lines += [step for step in steps if step not in lines] + [about["command"]]
    note = ""
    if any(about["commit"].endswith("+") for about in runs):
        note = "<p>Files differed from their commit.</p>"
    return f"<pre>{_safe(chr(10).join(dict.fromkeys(lines)))}</pre>{note}"


def _failures(failures: list[dict[str, object]]) -> str:
    rows = [(str(f["parameters"]), str(f["repeat"]), str(f["failure"])) for f in failures]
    return _table(("parameters", "repeat", "exception"), rows) if rows else ""


def _picture(study: Study, figure: Path) -> str:
    if study.figure is None or not figure.is_file():
        return ""
    data = base64.b64encode(figure.read_bytes()).decode()
    return f'<p><img src="data:image/png;base64,{data}" alt="Figure: {_safe(study.question)}"></p>'


def _section(title: str, content: str) -> str:
    return f"<h2>{title}</h2>\n{content}" if content else ""


def _rich(table: Table) -> str:
    """Turn a table for the terminal into one for a page."""
    columns = [[_plain(cell) for cell in column.cells] for column in table.columns]
    right = [column.justify == "right" for column in table.columns]
    heads = [_plain(column.header) for column in table.columns]
    content = _table(heads, zip(*columns, strict=True), right)
    title, caption = _plain(table.title or ""), _plain(table.caption or "")
    above = f"<p>{_safe(title)}</p>" if title else ""
    lines = "<br>".join(_safe(line) for line in caption.splitlines())
    return above + content + (f"<p>{lines}</p>" if lines else "")


def _plain(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else Text.from_markup(str(cell)).plain


def _table(
    heads: Iterable[str], rows: Iterable[Iterable[str]], right: list[bool] | None = None
) -> str:
    heads = list(heads)
    right = right or [False] * len(heads)

    def line(tag: str, cells: Iterable[str]) -> str:
        kinds = [' class="right"' if r else "" for r in right]
        joined = "".join(f"<{tag}{k}>{_safe(c)}</{tag}>" for k, c in zip(kinds, cells, strict=True))
        return f"<tr>{joined}</tr>"

    head = f"<thead>{line('th', heads)}</thead>" if any(heads) else ""
    body = "\n".join(line("td", row) for row in rows)
    return f'<div class="wide"><table>{head}<tbody>\n{body}\n</tbody></table></div>'


def _safe(text: object) -> str:
    return html.escape(str(text))
