"""Folders of results, and small files written whole: a kill or a full disk leaves the old one."""

import os
from pathlib import Path

import olfnet


def replace_text(file: Path, text: str) -> None:
    """Put a new file in the place of an old one at once."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, file)


def bundled_studies() -> Path:
    """Return the folder of the studies and claims that come with the package."""
    installed = Path(olfnet.__file__).parent / "_studies"
    return installed if installed.is_dir() else installed.parents[1] / "studies"


def make_folder(folder: Path) -> None:
    """Make the folder of a result, and those above it, unless it is there.

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
