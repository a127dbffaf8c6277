"""Writing small files whole: a kill or a full disk leaves the old one."""

import os
from pathlib import Path


def replace_text(file: Path, text: str) -> None:
    """Put a new file in the place of an old one at once."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, file)
