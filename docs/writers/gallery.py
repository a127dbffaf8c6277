"""The gallery: every study with its question, figure, command and parameters."""

import inspect
import sys
from pathlib import Path

from olfnet.lab import Study, load_study

from .api import put

ROOT = Path(__file__).parents[2]


def write(folder: Path) -> None:
    """Write the gallery of studies, and that of benchmarks, into ``folder``."""
    studies = [load_study(file) for file in sorted((ROOT / "studies").glob("*.py"))]
    timings = [load_study(file) for file in sorted((ROOT / "studies/benchmarks").glob("*.py"))]
    shown = sorted(studies, key=lambda study: not picture(study).is_file())
    put(
        folder / "gallery.md",
        "# Gallery of studies\n\nOne file, one question. Each runs with the command below it, goes "
        "on where it was interrupted, and takes other values by `--set`. Theory is a line, "
        "measurements are points with intervals.\n\n"
        + "\n".join(section(study) for study in shown)
        + "\n# Benchmarks\n\nWhat they measured: [Benchmarks](../benchmarks.md).\n\n"
        + "\n".join(section(study) for study in timings),
    )


def picture(study: Study) -> Path:
    """Where the figure of a full run is kept."""
    return ROOT / "docs" / f"{study.name}.png"


def command(study: Study) -> str:
    """How to run it."""
    assert study.file is not None
    return f"olfnet run {study.file.relative_to(ROOT)}"


def about(study: Study) -> str:
    """Docstring of the study's file."""
    assert study.file is not None
    return inspect.getdoc(sys.modules[f"olfnet_study_{study.file.stem}"]) or ""


def section(study: Study) -> str:
    """Question, figure, command, explanation and parameters of one study."""
    paragraphs = about(study).split("\n\n")[1:]
    image = f"![{study.question}](../{study.name}.png)\n\n" if picture(study).is_file() else ""
    missing = "" if image else "The figure of a full run is not kept here; the command draws it.\n"
    values = "\n".join(
        f"| `{p.name}` | {', '.join(map(str, p.values))} | {p.unit} | {_cell(p.meaning)} |"
        for p in study.parameters
    )
    return (
        f"## {study.question}\n\n{image}" + "\n\n".join(paragraphs) + f"\n\n{missing}\n"
        f"```sh\n{command(study)}\n```\n\nSource: {study.source}\n\n"
        f"| parameter | values | unit | meaning |\n| --- | --- | --- | --- |\n{values}\n"
    )


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
