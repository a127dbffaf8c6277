"""Run the Python blocks of the pages."""

import os
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser

collect_ignore = ["conf.py", "pages.py"]  # which need Sphinx
# Pages that start clusters or compile simulations.
SLOW = ("cluster.md", "spiking.md")


@pytest.fixture(scope="module")
def empty_folder(tmp_path_factory):
    """Folder in which a page runs."""
    folder = tmp_path_factory.mktemp("page")
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


def pytest_collection_modifyitems(items):
    """Mark slow pages, and let imports of other libraries warn."""
    for item in items:
        if item.path.suffix == ".md" and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            if item.path.name in SLOW:
                item.add_marker(pytest.mark.slow)


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["*.md"],
    excludes=["generated/*", "_build/*"],
    fixtures=["empty_folder"],
).pytest()
