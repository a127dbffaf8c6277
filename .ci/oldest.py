"""Print pip constraints: of each dependency the oldest release that pyproject.toml here allows."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

TOOLS = {"lint", "dev", "docs"}  # run in their newest releases only


def oldest(project: dict) -> Iterator[str]:
    """Yield a constraint for each dependency and those of each extra but the tools."""
    extras = project["optional-dependencies"]
    lines = sum((extras[name] for name in extras.keys() - TOOLS), project["dependencies"])
    for requirement in map(Requirement, lines):
        bounds = [part.version for part in requirement.specifier if part.operator == ">="]
        if bounds:
            yield f"{requirement.name}=={bounds[0]}"
        elif requirement.name != project["name"] and requirement.marker is None:
            raise SystemExit(f"pyproject.toml must name the oldest {requirement.name}")


print(*oldest(tomllib.loads(Path("pyproject.toml").read_text())["project"]), sep="\n")
