"""Pages that are written when the site is built: API, theory beside simulation, gallery, claims.

They land in ``docs/generated``.  What they say comes from the package's stub files, from the
studies and claims, and from the last full run of the claims (``docs/claims.json``).
"""

import importlib
import inspect
import json
import types
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import olfnet
from olfnet.lab import Study, load_study
from olfnet.lab.claims import Claim, Status
from olfnet.lab.files import bundled_studies
from olfnet.lab.register import load_register

HERE = Path(__file__).parent
STUDIES = bundled_studies()
REGISTER = load_register(STUDIES / "claims")
ROOMS = ("receptors", "expansion", "readout", "capacity", "theory", "estimators", "lab", "checks")
# Subjects of the theory to which claims belong, by reference, else by file, else its name.
REFERENCES = {
    **dict.fromkeys(("R1", "R5", "R6"), ("cover",)),
    **dict.fromkeys(("R2", "R3", "R4"), ("gardner",)),
    "R7": ("manifolds",),
    **dict.fromkeys(("R9", "R10"), ("expansion",)),
}
FILES = {"learning": ("network", "generalization"), "neurons": ("activations", "moments")}
CLIP = 3.0  # half-widths of the interval, at the edge of the figure


def write_all(folder: Path) -> None:
    """Write all pages into a folder."""
    shown = api(folder / "api")
    studies = [load_study(file) for file in sorted(STUDIES.glob("*.py"))]
    timings = [load_study(file) for file in sorted(STUDIES.glob("benchmarks/*.py"))]
    theory(folder / "theory", studies, shown)
    put(folder / "gallery.md", gallery(studies, timings))
    put(folder / "qualified.md", qualified())


def put(file: Path, text: str) -> None:
    """Write a file only if that changes it, so that Sphinx reads only what is new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.is_file() or file.read_text() != text:
        file.write_text(text)


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    escaped = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped) + "\n"


def toctree(pages: list[str]) -> str:
    """Hidden table of contents."""
    return "```{toctree}\n:hidden:\n\n" + "\n".join(pages) + "\n```\n"


def first_line(thing: object) -> str:
    """First sentence of a docstring."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def public_modules(package: str) -> Iterator[str]:
    """Full names of a package and of the modules that its stub shows, at any depth."""
    yield package
    module = importlib.import_module(package)
    for name in getattr(module, "__all__", ()) if hasattr(module, "__path__") else ():
        if isinstance(getattr(module, name), types.ModuleType):
            yield from public_modules(f"{package}.{name}")


def api(folder: Path) -> list[str]:
    """Write a page for each room, with everything public in it; return the modules shown."""
    shown = []
    for room in ROOMS:
        modules = list(public_modules(f"olfnet.{room}"))
        shown += modules
        parts = [f"## {m}\n\n```{{eval-rst}}\n.. automodule:: {m}\n```\n" for m in modules]
        put(folder / f"{room}.md", f"# olfnet.{room}\n\n" + "\n".join(parts))
    names = [name for name in olfnet.__all__ if name not in ROOMS]
    rows = [[f"{{py:obj}}`olfnet.{n}`", first_line(getattr(olfnet, n))] for n in sorted(names)]
    rooms = [[f"[olfnet.{r}]({r}.md)", first_line(getattr(olfnet, r))] for r in ROOMS]
    put(
        folder / "index.md",
        "# API\n\nArrays go in, samples first, and arrays or frozen records come out; times are in "
        "seconds, rates in spikes/s.\n\n```{eval-rst}\n.. automodule:: olfnet\n```\n\n"
        f"## Names to start from\n\n{table(['name', ''], rows)}\n"
        f"## Rooms\n\n{table(['room', ''], rooms)}\n{toctree(list(ROOMS))}",
    )
    return shown


def theory(folder: Path, studies: list[Study], shown: list[str]) -> None:
    """Write a page for each subject of the theory: statement, claims, and figures of studies."""
    subjects = [m.rpartition(".")[2] for m in shown if m.count(".") == 2 and ".theory." in m]
    records = {r["key"]: r for r in json.loads((HERE / "claims.json").read_text())["claims"]}
    claims = claims_by_subject()
    rows = []
    for subject in subjects:
        module = f"olfnet.theory.{subject}"
        held = [(c, records.get(c.key)) for c in claims[subject]]
        figure = draw([r for _, r in held if r], folder / f"claims_{subject}.png")
        text = f"# {subject}\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :no-members:\n"
        text += "   :no-index:\n```\n\n[Functions](../api/theory.md)\n\n"
        if held:
            text += f"## Theory beside simulation\n\n{claims_table(subject, held, figure)}\n"
        text += "\n".join(study_figure(s) for s in studies if uses(s, module))
        put(folder / f"{subject}.md", text)
        rows.append([f"[{subject}]({subject}.md)", first_line(importlib.import_module(module))])
    put(
        folder / "index.md",
        "# Theory\n\nClosed forms and small networks. Each page has the statement, the claims that "
        "compare it with simulation, and the studies that use it.\n\n"
        f"{table(['subject', ''], rows)}\n{toctree(subjects)}",
    )


def claims_by_subject() -> dict[str, list[Claim]]:
    """Claims of each subject of the theory, by reference or file."""
    found = defaultdict(list)
    for claim in REGISTER.claims:
        stem = Path(REGISTER.files[claim.key]).stem
        for subject in REFERENCES.get(claim.reference, FILES.get(stem, (stem,))):
            found[subject].append(claim)
    return found


def claims_table(subject: str, held: list[tuple[Claim, Any]], figure: bool) -> str:
    """Claims with predicted and measured values, below a figure of their differences."""
    rows = []
    for claim, record in held:
        formula = f"<br>${claim.equation}$" if claim.equation else ""
        numbers = [f"{record[n]:.5g}" for n in ("predicted", "measured")] if record else ["", ""]
        numbers[0] = f"above {numbers[0]}" if claim.status is Status.ORDERING else numbers[0]
        rows.append([claim.key, f"{claim.statement} ({claim.source}){formula}", *numbers])
    picture = (
        f"![Measured minus predicted for {len(held)} claims](claims_{subject}.png)\n\nEach point "
        "is a claim: the difference of measurement and theory, in half-widths of the 99.9 % "
        "interval with its allowance, so that both agree within the gray band. Triangles are "
        "claims about an order, which hold to the right of the line.\n\n"
    )
    heads = ["claim", "statement and formula", "predicted", "measured"]
    return (
        f"{picture if figure else ''}{table(heads, rows)}\n"
        "All claims, with intervals and sources: [Claims](../../claims.md).\n"
    )


def draw(records: list[dict[str, Any]], file: Path) -> bool:
    """Draw measurements around theory, one row for each claim; return whether there were any."""
    if not records:
        return False
    figure = Figure(figsize=(6.4, 1.0 + 0.24 * len(records)), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-1, 1, color="0.92", lw=0)
    axes.axvline(0, color="0.2", lw=1)
    for row, record in enumerate(records):
        x, order = difference(record), record["status"] == "ordering"
        if not order and record["high"] > record["low"]:
            axes.plot([x - 1, x + 1], [row, row], color="#0072b2", lw=1)
        clipped = float(np.clip(x, -CLIP, CLIP))
        axes.plot(clipped, row, marker=">" if order else "o", ms=5, color="#0072b2", clip_on=False)
    axes.set_yticks(range(len(records)), [record["key"] for record in records], fontsize="small")
    axes.set(xlim=(-CLIP, CLIP), ylim=(len(records) - 0.4, -0.6))
    axes.set_xlabel("measured minus predicted (half-widths of the interval)")
    axes.spines[["top", "right"]].set_visible(False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=140)
    return True


def difference(record: dict[str, float]) -> float:
    """Measured minus predicted, in half-widths of the interval with its allowance."""
    gap = record["measured"] - record["predicted"]
    half_width = (record["high"] - record["low"]) / 2 + record["allowance"]
    rounding = 1e-9 * max(abs(record["predicted"]), abs(record["measured"]), 1e-300)
    if half_width > rounding:
        return float(gap / half_width)
    return float(np.sign(gap) * CLIP) * (abs(gap) > rounding)


def uses(study: Study, module: str) -> bool:
    """Whether a study's file names a module of the theory."""
    text = study.file.read_text()
    subject = module.rpartition(".")[2]
    return module in text or any(
        line.startswith("from olfnet.theory import") and subject in line.replace(",", "").split()
        for line in text.splitlines()
    )


def picture(study: Study) -> Path:
    """Where the figure of a full run is kept."""
    return HERE / f"{study.name}.png"


def command(study: Study) -> str:
    """How to run a study."""
    return f"```sh\nolfnet run {study.file.relative_to(STUDIES).with_suffix('').name}\n```\n"


def study_figure(study: Study) -> str:
    """Question, figure and command."""
    image = f"![{study.question}](../../{study.name}.png)\n\n" if picture(study).is_file() else ""
    return f"### {study.question}\n\n{image}{command(study)}"


def gallery(studies: list[Study], timings: list[Study]) -> str:
    """Every study with its question, figure, command and parameters; benchmarks last."""
    return (
        "# Gallery of studies\n\nOne file, one question. Each runs with the command below it, "
        "continues where it was interrupted, and takes other values by `--set`. Theory is a line, "
        "measurements are points with intervals.\n\n"
        + "\n".join(map(section, studies))
        + "\n# Benchmarks\n\nWhat they measured: [Benchmarks](../benchmarks.md).\n\n"
        + "\n".join(map(section, timings))
    )


def section(study: Study) -> str:
    """Question, figure, explanation, command and parameters of one study."""
    about = inspect.getdoc(inspect.getmodule(study.measure)) or ""
    image = f"![{study.question}](../{study.name}.png)\n\n" if picture(study).is_file() else ""
    rows = [
        [f"`{p.name}`", ", ".join(map(str, p.values)), p.unit, p.meaning] for p in study.parameters
    ]
    heads = ["parameter", "values", "unit", "meaning"]
    return (
        f"## {study.question}\n\n{image}{about.partition(chr(10) * 2)[2]}\n\n{command(study)}\n"
        f"Source: {study.source}\n\n{table(heads, rows)}"
    )


def qualified() -> str:
    """Claims that hold with a qualification, or do not hold."""
    rows = [
        [claim.key, claim.status.value, f"{claim.statement} ({claim.source})", claim.remark]
        for claim in REGISTER.claims
        if claim.status in (Status.QUALIFIED, Status.NOT_REPRODUCIBLE)
    ]
    return (
        "# Claims with a qualification\n\nPublished or expected results that hold only in part, "
        "and what does hold. All others hold under the conditions that they name: "
        f"[Claims](../claims.md).\n\n{table(['claim', 'status', 'statement', 'remark'], rows)}"
    )
