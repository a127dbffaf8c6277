"""A page for each module of the theory: what it states, its formulas, theory beside simulation."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from . import api, claims, gallery
from .claims import Examined

REACH = 3.0


def write(folder: Path) -> None:
    """Write the pages of all public theory modules into ``folder/theory``."""
    names = [full.rpartition(".")[2] for full in sorted(set(api.public_modules("theory")))]
    users = _users()
    for name in names:
        examined = claims.of_module(name)
        text = page(name, examined, users.get(name, []), drawn(name, examined, folder / "theory"))
        api.put(folder / "theory" / f"{name}.md", text)
    api.put(folder / "theory" / "index.md", index(names))


def index(names: list[str]) -> str:
    """All theory pages with one line each, by subject."""
    text = (
        "# Theory\n\nClosed forms and small networks. Each page has the statement and its "
        "formulas, the claims that hold it against simulation, and the studies that use it.\n\n"
    )
    for subject, members in subjects(names).items():
        rows = [
            (f"[{name}]({name}.md)", api.first_line(import_module(f"olfnet.theory.{name}")))
            for name in members
        ]
        text += f"## {subject.capitalize()}\n\n{api.table(rows)}\n"
    toctree = "\n".join(name for members in subjects(names).values() for name in members)
    return f"{text}```{{toctree}}\n:hidden:\n\n{toctree}\n```\n"


def subjects(names: list[str]) -> dict[str, list[str]]:
    """Modules by the subjects of the map in the room's docstring; what it lacks comes last."""
    found: dict[str, list[str]] = {}
    for row in (import_module("olfnet.theory").__doc__ or "").splitlines():
        subject, _, members = row.partition("  ")
        known = [name for name in members.strip().split(", ") if name in names]
        if known:
            found[subject] = known
    placed = {name for members in found.values() for name in members}
    rest = [name for name in names if name not in placed]
    return found | ({"others": rest} if rest else {})


def page(name: str, examined: list[Examined], studies: list[gallery.Study], figure: bool) -> str:
    """Statement, functions, claims, and figures of studies."""
    module = import_module(f"olfnet.theory.{name}")
    functions = [
        (f"{{py:obj}}`{public} <{module.__name__}.{public}>`", api.first_line(thing))
        for public, thing in vars(module).items()
        if not public.startswith("_") and getattr(thing, "__module__", "") == module.__name__
        if inspect.isfunction(thing) or inspect.isclass(thing)
    ]
    text = f"# {name}\n\n{api.about(module.__name__)}\n"
    text += f"## What it computes\n\n{api.table(functions)}\n"
    text += f"## Theory beside simulation\n\n{_claims(name, examined, figure)}\n"
    return text + "\n".join(_study(study) for study in studies)


def _claims(name: str, examined: list[Examined], figure: bool) -> str:
    if not examined:
        parts = ", ".join(f"[{user}]({user}.md)" for user in _users_in_theory(name))
        return (
            "No claim of the register calls this module by itself; its tests compare it with "
            f"independent computations. It is a part of {parts}, whose claims hold it against "
            "simulation, too.\n"
        )
    rows = "\n".join(_row(one) for one in examined)
    picture = f"![Measured minus predicted for {len(examined)} claims](claims_{name}.png)\n\n"
    note = (
        "Every point is a claim: how far the measurement lies from theory, in half-widths of its "
        "99.9 % interval with allowance, so that within the gray band both agree. Triangles are "
        "claims about an order, which hold to the right of the line. Numbers without chance lie "
        "at 0 if they agree to rounding.\n\n"
    )
    return (
        (picture + note if figure else "")
        + "| claim | statement and formula | predicted | measured |\n"
        + "| --- | --- | --- | --- |\n"
        + f"{rows}\n\nAll claims, with intervals and sources: [Claims](../../claims.md).\n"
    )


def _row(one: Examined) -> str:
    claim, record = one.claim, one.record
    formula = f"<br>${claim.equation}$" if claim.equation else ""
    numbers = ["", "not examined in full yet"]
    if record:
        above = "above " if record["status"] == "ordering" else ""
        numbers = [f"{above}{record['predicted']:.5g}", f"{record['measured']:.5g}"]
    cells = [claim.key, f"{claim.statement} ({claim.source}){formula}", *numbers]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _study(study: gallery.Study) -> str:
    text = f"### {study.question}\n\n"
    if gallery.picture(study).is_file():
        text += f"![{study.question}](../../{study.name}.png)\n\n"
    return text + f"```sh\n{gallery.command(study)}\n```\n"


def _users() -> dict[str, list[gallery.Study]]:
    """Studies that import each theory module, those with a figure first."""
    users: dict[str, list[gallery.Study]] = {}
    for file in sorted((gallery.ROOT / "studies").glob("*.py")):
        for line in ast.walk(ast.parse(file.read_text())):
            if isinstance(line, ast.ImportFrom) and (line.module or "").startswith("olfnet.theory"):
                parts = (line.module or "").split(".")[2:]
                for name in parts or [alias.name for alias in line.names]:
                    users.setdefault(name, []).append(gallery.load_study(file))
    for found in users.values():
        found.sort(key=lambda study: not gallery.picture(study).is_file())
    return users


def _users_in_theory(name: str) -> list[str]:
    """Modules of the theory that import one of them."""
    folder = Path(inspect.getfile(import_module("olfnet.theory"))).parent
    line = re.compile(rf"from olfnet\.theory(\.{name} import| import .*\b{name}\b)")
    return [file.stem for file in sorted(folder.glob("[a-z]*.py")) if line.search(file.read_text())]


def drawn(name: str, examined: list[Examined], folder: Path) -> bool:
    """Draw measurements around theory, one row for each claim; tell whether there were any."""
    records = [one.record for one in examined if one.record]
    if not records:
        return False
    figure = Figure(figsize=(6.4, 1.0 + 0.24 * len(records)), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-1, 1, color="0.92", lw=0)
    axes.axvline(0, color="0.2", lw=1)
    for row, record in enumerate(records):
        place, order = distance(record), record["status"] == "ordering"
        if not order and record["high"] > record["low"]:
            axes.plot([place - 1, place + 1], [row, row], color="#0072b2", lw=1)
        clipped = min(max(place, -REACH), REACH)
        axes.plot(clipped, row, marker=">" if order else "o", ms=5, color="#0072b2", clip_on=False)
    axes.set_yticks(range(len(records)), [record["key"] for record in records], fontsize="small")
    axes.set(xlim=(-REACH, REACH), ylim=(len(records) - 0.4, -0.6))
    axes.set_xlabel("measured minus predicted (half-widths of the interval)")
    axes.spines[["top", "right"]].set_visible(False)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"claims_{name}.png", dpi=140)
    return True


def distance(record: dict[str, float]) -> float:
    """How far a measurement lies from theory, in half-widths of its interval with allowance."""
    gap = record["measured"] - record["predicted"]
    width = (record["high"] - record["low"]) / 2 + record["allowance"]
    rounding = 1e-9 * max(abs(record["predicted"]), abs(record["measured"]), 1e-300)
    return (
        float(np.divide(gap, width))
        if width > rounding
        else float(np.sign(gap) * REACH) * (abs(gap) > rounding)
    )
