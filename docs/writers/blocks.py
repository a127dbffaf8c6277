"""The Python blocks of a page: found, and run one after the other as a reader would run them.

Blocks of a page share their names.  A block that starts with ``>>>`` must print what it says; any
other must run.  A block inside a comment of the page prepares what readers have already, such as a
file of their own.  ``<!-- needs NAME -->`` in the line above a block leaves it out where the module
NAME is not installed.  ``<!-- slow -->`` marks a page that takes more than seconds.
"""

import contextlib
import doctest
import importlib.util
import linecache
import os
import re
import sys
import traceback
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FENCE = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_NEEDS = re.compile(r"<!-- needs (\w+) -->\n\Z")


@dataclass(frozen=True)
class Block:
    """Code of a page, the line where it starts, and the module without which it is left out."""

    code: str
    line: int
    needs: str = ""

    @property
    def runs(self) -> bool:
        """Whether what it needs is installed."""
        return not self.needs or importlib.util.find_spec(self.needs) is not None


def blocks(text: str) -> Iterator[Block]:
    """Find the Python blocks of a page."""
    for fence in _FENCE.finditer(text):
        needs = _NEEDS.search(text, 0, fence.start())
        line = text.count("\n", 0, fence.start(2))
        yield Block(fence[2], line, needs[1] if needs else "")


def is_slow(text: str) -> bool:
    """Tell whether the page says that it takes more than seconds."""
    return "<!-- slow -->" in text


def run(page: Path, folder: Path) -> int:
    """Run a page's blocks in a folder of their own, and return how many there were.

    Raises
    ------
    RuntimeError
        If a block fails, or prints something else than it says; with page and line.
    """
    module = types.ModuleType("__page__")
    found = [block for block in blocks(page.read_text()) if block.runs]
    sys.modules["__page__"] = module  # dataclasses look their module up
    environment = dict(os.environ)
    try:
        with contextlib.chdir(folder), open(os.devnull, "w") as quiet:
            for number, block in enumerate(found):
                with contextlib.redirect_stdout(quiet):
                    _run(block, module.__dict__, page, number)
    finally:
        del sys.modules["__page__"]
        os.environ.clear()
        os.environ.update(environment)
    return len(found)


def _run(block: Block, names: dict[str, Any], page: Path, number: int) -> None:
    name = f"<{page.name}, block {number + 1}>"
    try:
        if block.code.startswith(">>>"):
            _compare(block, names, name)
            return
        code = "\n" * block.line + block.code
        # So that an exception shows the line, and inspect finds the source.
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        exec(compile(code, name, "exec"), names)
    except Exception as error:
        told = "".join(traceback.format_exception(error))
        raise RuntimeError(f"{page}, block at line {block.line + 1}:\n{told}") from error


def _compare(block: Block, names: dict[str, Any], name: str) -> None:
    test = doctest.DocTestParser().get_doctest(block.code, names, name, name, block.line)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    if runner.run(test, out=said.append, clear_globs=False).failed:
        raise AssertionError("".join(said))
    names.update(test.globs)


def run_all(pages: list[Path], folder: Path) -> None:
    """Run pages, each in ``folder/NAME``, without the warnings that importing others may give."""
    for page in pages:
        (folder / page.stem).mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run(page, folder / page.stem)
