"""Pages outside the site have whole links; tables are whole; studies that pages run exist."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("howto/*.md")])
OUTSIDE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data" / "README.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)


def missing(page):
    """Links and images of a page that lead to no file; Sphinx checks those inside the site."""
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        path = target.partition("#")[0]
        if not re.match(r"[a-z]+:", target) and path and not (page.parent / path).exists():
            yield target


def torn(text):
    """Rows of tables with more or fewer cells than the row above."""
    rows = [line.strip() for line in FENCE.sub("", text).splitlines()]
    n_bars = [len(re.findall(r"(?<!\\)\|", row)) if row.startswith("|") else 0 for row in rows]
    pairs = zip(n_bars, n_bars[1:], rows[1:], strict=False)
    return [row for above, here, row in pairs if above and here and above != here]


def unknown_studies(text):
    """Studies that a page runs, which are not there."""
    known = {file.stem for file in (ROOT / "studies").rglob("*.py")} | {"claws"}
    named = re.findall(r"(?m)(?:^ *|`|/)olfnet run ([\w./]+)", text)
    return [s for s in named if not (ROOT / s).is_file() and s.removesuffix(".py") not in known]


def test_links_tables_and_studies():
    for page in [*PAGES, *OUTSIDE]:
        text = page.read_text()
        assert torn(text) == [], page
        assert unknown_studies(text) == [], page
        assert page in PAGES or list(missing(page)) == [], page


def test_faults_are_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[x](none.md) ![y](y.png) [z](page.md#z) [w](https://example.org)\n")
    assert list(missing(page)) == ["none.md", "y.png"]
    assert torn("| a | b |\n| --- | --- |\n| $|x|$ | 1 |\n") == ["| $|x|$ | 1 |"]
    assert torn("| a | b |\n| --- | --- |\n| $\\|x\\|$ | 1 |\n") == []
    assert unknown_studies("`olfnet run no_such_study`") == ["no_such_study"]


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("pages", DOCS / "pages.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["pages"] = module
    spec.loader.exec_module(module)
    return module


def test_every_study_claim_and_public_module_has_its_page(pages, tmp_path):
    pages.write_all(tmp_path)
    written = "\n".join(file.read_text() for file in tmp_path.rglob("*.md"))
    for file in (ROOT / "studies").glob("*.py"):
        assert f"olfnet run {file.stem}\n" in written
    for module in ("receptors.odors", "expansion.rate", "theory.ntk", "lab.claims", "estimators"):
        assert f"automodule:: olfnet.{module}\n" in written
    about_theory = pages.claims_by_subject()["ntk"]
    assert len(about_theory) > 10
    assert all(f"| {claim.key} |" in written for claim in about_theory)


def test_the_difference_of_a_claim_is_in_half_widths(pages):
    record = {"measured": 1.2, "predicted": 1.0, "low": 1.1, "high": 1.3, "allowance": 0.1}
    assert pages.difference(record) == pytest.approx(1.0)
    exact = record | {"low": 1.2, "high": 1.2, "allowance": 0.0}
    assert pages.difference(exact) == pages.CLIP
    assert pages.difference(exact | {"measured": 1.0}) == 0
