"""Bundled studies, folders of results, and files that are replaced as a whole."""

import os
from pathlib import Path

import olfnet


def bundled_studies() -> Path:
    """Return the folder of the studies and claims that come with the package."""
    installed = Path(olfnet.__file__).parent / "_studies"
    return installed if installed.is_dir() else installed.parents[1] / "studies"


def study_files(folder: Path) -> dict[str, Path]:
    """Return the files of a folder of studies by their names, without those of claims.

    Raises
    ------
    ValueError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder} of studies in {Path.cwd()}")
    files = sorted(folder.rglob("[!_.]*.py"))
    return {f.stem: f for f in files if "claims" not in f.relative_to(folder).parts}


def make_folder(folder: Path) -> None:
    """Make the folder of a result, and those above it, unless it exists.

    Raises
    ------
    ValueError
        If a file is in its place, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise ValueError(f"{folder} is not a folder; choose another --out") from None
    except OSError as error:
        raise ValueError(
            f"{folder} cannot be made: {error.strerror}; choose another --out"
        ) from error


def replace_text(file: Path, text: str) -> None:
    """Replace a file at once: a kill or a full disk leaves the old one."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, file)
