"""The pages do what they say: their code runs, and their links and figures are there."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("howto/*.md")])
TEXTS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data" / "README.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)


def load(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / "writers" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


blocks = load("blocks")


def name_of(page):
    return str(page.relative_to(ROOT))


def marked(page):
    slow = [pytest.mark.slow] if blocks.is_slow(page.read_text()) else []
    return pytest.param(page, id=name_of(page), marks=slow)


WITH_CODE = [marked(page) for page in PAGES if list(blocks.blocks(page.read_text()))]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("page", WITH_CODE)
def test_the_code_of_a_page_runs(page, tmp_path):
    wanted = [block for block in blocks.blocks(page.read_text()) if block.runs]
    assert blocks.run(page, tmp_path) == len(wanted) > 0


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("```python\n1 / 0\n```\n", "line 2:.*ZeroDivisionError"),
        ("```python\n>>> 1 + 1\n3\n\n```\n", "Expected:\n +3\nGot:\n +2"),
        ("```python\nx = 1\n```\n\n```python\n>>> x\n2\n\n```\n", "line 6:"),
        ("<!-- hidden\n```python\nraise ValueError('seen')\n```\n-->\n", "seen"),
    ],
)
def test_code_that_fails_is_noticed(text, match, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(RuntimeError, match=rf"(?s){match}"):
        blocks.run(page, tmp_path)


def test_a_block_without_its_module_is_left_out(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- needs no_such_module -->\n```python\nimport no_such_module\n```\n")
    assert blocks.run(page, tmp_path) == 0


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_python_escapes_the_runner(page):
    """Fences that look like Python in another spelling would never be run."""
    text = page.read_text()
    fences = re.findall(r"^ *(?:`{3,}|~{3,}) *\{?(?:python|py|pycon|code-block)\b", text, re.M)
    assert len(fences) == len(list(blocks.blocks(text)))


def slug(heading):
    """Anchor of a heading, as GitHub and MyST make it."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(text):
    return {slug(h) for h in re.findall(r"^#{1,6} +(.+)$", FENCE.sub("", text), re.MULTILINE)}


def broken(page):
    """Links and images of a page that lead nowhere."""
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            yield target


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_links_and_images_are_there(page):
    assert list(broken(page)) == []


def test_broken_links_are_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A b\n[x](none.md) ![y](y.png) [z](#a-b) [w](#c) [v](page.md#a-b)\n")
    assert list(broken(page)) == ["none.md", "y.png", "#c"]


def torn(text):
    """Rows of tables with more or fewer cells than the row above."""
    rows = [line.strip() for line in FENCE.sub("", text).splitlines()]
    n_bars = [len(re.findall(r"(?<!\\)\|", row)) if row.startswith("|") else 0 for row in rows]
    pairs = zip(n_bars, n_bars[1:], rows[1:], strict=False)
    return [row for above, here, row in pairs if above and here and above != here]


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_tables_have_whole_rows(page):
    assert torn(page.read_text()) == []


def test_torn_tables_are_noticed():
    """A bar in a formula starts another cell, unless it is escaped."""
    assert torn("| a | b |\n| --- | --- |\n| $|x|$ | 1 |\n") == ["| $|x|$ | 1 |"]
    assert torn("| a | b |\n| --- | --- |\n| $\\|x\\|$ | 1 |\n") == []


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_studies_that_a_page_runs_exist(page):
    known = {file.stem for file in (ROOT / "studies").rglob("*.py")} | {"claws"}
    for study in re.findall(r"(?m)(?:^ *|`|/)olfnet run ([\w./]+)", page.read_text()):
        path = ROOT / study
        assert path.is_file() or study.removesuffix(".py") in known, study


CONF = """
import runpy
base = runpy.run_path({conf!r})
names = ("extensions", "nitpicky", "myst_enable_extensions", "myst_heading_anchors", "html_theme",
         "autodoc_typehints", "autodoc_default_options", "numpydoc_show_class_members")
globals().update({{name: base[name] for name in names}})

def setup(app):
    app.connect("autodoc-process-docstring", base["escape_formulas"], priority=400)
    app.connect("autodoc-skip-member", base["skip_requests"])
    app.connect("missing-reference", base["find_by_short_name"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("link", ["", "\n[nowhere](none.md)\n"], ids=["whole", "broken"])
def test_sphinx_takes_warnings_for_errors(link, tmp_path):
    """A site of two API pages; with a broken link, as a control, it is not built."""
    pytest.importorskip("sphinx")
    pytest.importorskip("pydata_sphinx_theme")
    modules = ("olfnet.theory.cover", "olfnet.readout.separability")
    for module in modules:
        fence = f"```{{eval-rst}}\n.. automodule:: {module}\n```\n"
        (tmp_path / f"{module}.md").write_text(f"# {module}\n\n{fence}")
    toctree = "```{toctree}\n" + "\n".join(modules) + "\n```\n"
    (tmp_path / "index.md").write_text(f"# Site\n{link}\n{toctree}")
    (tmp_path / "conf.py").write_text(CONF.format(conf=str(DOCS / "conf.py")))
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", str(tmp_path), str(tmp_path / "o")]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert (answer.returncode == 0) is (link == ""), answer.stderr[-2000:]
    assert ("none.md" in answer.stderr) is (link != "")
    assert (tmp_path / "o" / "olfnet.theory.cover.html").is_file()
