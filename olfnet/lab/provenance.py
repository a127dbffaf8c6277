"""Provenance of results: versions, command, commit, machine and date."""

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import olfnet
from olfnet.lab.points import Record


def provenance(study_file: Path | None, command: str) -> Record:
    """Return what a reader needs to repeat this run."""
    return {
        "command": command or "called from Python",
        "file": str(study_file or ""),
        "olfnet": olfnet.__version__,
        **{package: version(package) for package in ("numpy", "scipy", "xarray", "zarr")},
        "python": sys.version.split()[0],
        "machine": f"{platform.platform()}, {platform.processor() or platform.machine()}",
        "commit": _commit(study_file.parent if study_file else Path.cwd()),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def origin(runs: list[Record]) -> Record:
    """Merge the provenance of several runs that wrote to one result.

    Versions and commands are listed, wall times are added, file and date are those of the last run.
    """
    merged: Record = {}
    for name in dict.fromkeys(name for run in runs for name in run):
        values = [run[name] for run in runs if name in run]
        if name == "wall_seconds":
            merged[name] = round(sum(values), 3)
        elif name in ("file", "date", "digest"):
            merged[name] = values[-1]
        else:
            merged[name] = "; ".join(dict.fromkeys(map(str, filter(None, values))))
    return merged


def _commit(folder: Path) -> str:
    """Git commit of the study's folder, with a plus if files differ from it; or nothing."""
    try:
        process = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return process.stdout.strip()
