"""Where a result comes from: versions, command, commit, machine and date."""

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import olfnet


def provenance(study_file: Path | None, command: str) -> dict[str, str]:
    """Describe this run in words that a reader needs to repeat it."""
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


def _commit(folder: Path) -> str:
    """Git commit of the study's folder, with a plus if files differ from it; or nothing."""
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()
