"""The pages do what they say: their code runs, and their links and figures are there."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

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


formulas = load("formulas")
DOLLARS = re.compile(r"(?<![\\$])(\$\$?)([^$]+)(?<!\\)\1")


def tex_of(text):
    r"""Formulas of a page; tables write ``|`` as ``\|``."""
    prose = re.sub(r"`[^`\n]+`", "", FENCE.sub("", text))
    return [found[2].replace(r"\|", "|") for found in DOLLARS.finditer(prose)]


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_formulas_of_a_page_are_converted(page):
    for tex in tex_of(page.read_text()):
        assert "\\" not in formulas.mathml(tex)


def test_formulas_are_found():
    page = "a $x$ b `$y$` and $$\\int$$\n```\n$z$\n```\n| $\\|v\\|$ | $2^n$ |"
    assert tex_of(page) == ["x", "\\int", "|v|", "2^n"]
    assert len(tex_of((DOCS / "claims.md").read_text())) > 70
    assert len(tex_of((DOCS / "howto" / "neuron.md").read_text())) == 1


def test_formulas_of_all_claims_are_converted():
    from olfnet.lab.files import bundled_studies
    from olfnet.lab.register import load_register

    written = {
        claim.equation: formulas.mathml(claim.equation)
        for claim in load_register(bundled_studies() / "claims").claims
        if claim.equation
    }
    assert len(written) > 100
    assert not [tex for tex, markup in written.items() if "\\" in markup]


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        ("x_{certified}", ["x", "certified"]),
        ("relu(-x)", ["relu", "(", "\u2212", "x", ")"]),
        ("\\arg \\max_K \\dim", ["arg", "max", "K", "dim"]),
        ("w_{o c k}", ["w", "o", "c", "k"]),
        ("w_{PN}", ["w", "PN"]),
        (".95", [".95"]),
        ("f''", ["f", "\u2033"]),
        ("\\frac{1}{2}", ["1", "2"]),
    ],
)
def test_words_stay_whole(tex, shown):
    root = ElementTree.fromstring(formulas.mathml(tex))
    assert [part.text for part in root.iter() if part.text] == shown


def test_bars_signs_and_names_are_spaced():
    root = ElementTree.fromstring(formulas.mathml("a - |-b| = \\log c"))
    forms = [(part.text, part.get("form")) for part in root.iter("mo")]
    bars = [("|", "prefix"), ("\u2212", "prefix"), ("|", "postfix")]
    assert forms == [("\u2212", None), *bars, ("=", None)]
    row = [part.tag for part in root[0]]
    assert row[-3:] == ["mi", "mspace", "mi"]
    assert row.count("mspace") == 1
    assert "mspace" not in formulas.mathml(r"\langle \dim \rangle + (\dim)")


@pytest.mark.parametrize(
    "tex", ["", "\\foo{x}", "x^", "a}", "{a", "\\frac{a", "a_b_c", "\\left( x", "a & b", "\\text{a"]
)
def test_tex_that_is_not_converted_is_noticed(tex):
    with pytest.raises(ValueError, match="^formula .*got"):
        formulas.mathml(tex)


links = load("links")
SOUND = """<html><head><link href="a.css"><link rel="author" href="#"></head><body id="top">
<a href="b.html#here">x</a> <a href="#top">y</a> <a href="https://example.org">z</a>
<a href="mailto:someone">m</a> <img src="c.png?v=1"> <p>@import "none.css"</p></body></html>"""


def site(folder, page, style="p { color: red }"):
    """A site of two pages."""
    (folder / "a.html").write_text(page)
    (folder / "b.html").write_text('<h1 id="here">Here</h1>')
    (folder / "a.css").write_text(style)
    (folder / "c.png").write_bytes(b"")
    return list(links.faults(folder))


def test_a_sound_site_has_no_faults(tmp_path):
    assert site(tmp_path, SOUND) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('<a href="none.html">x</a>', "a.html links to none.html, which is not there"),
        ('<a href="b.html#gone">x</a>', "a.html links to b.html#gone, which is not there"),
        ('<a href="#gone">x</a>', "a.html links to #gone, which is not there"),
        ('<img src="none.png">', "a.html loads none.png, which is not there"),
        ('<script src="https://b.org/c.js"></script>', "loads https://b.org/c.js from the network"),
        ('<link rel="stylesheet" href="//b.org/c.css">', "loads //b.org/c.css from the network"),
        ("<style>@import 'http://b.org/c.css';</style>", "loads http://b.org/c.css from the net"),
        ('<p style="background: url(d.png)">x</p>', "a.html loads d.png, which is not there"),
    ],
)
def test_a_fault_of_the_site_is_told(line, fault, tmp_path):
    (told,) = site(tmp_path, SOUND + line)
    assert fault in told


def test_a_style_sheet_that_needs_the_network_is_told(tmp_path):
    (told,) = site(tmp_path, SOUND, "@font-face { src: url('https://b.org/f.woff2') }")
    assert told == "a.css loads https://b.org/f.woff2 from the network"


CONF = """
import runpy
base = runpy.run_path({conf!r})
names = ("extensions", "nitpicky", "myst_enable_extensions", "myst_heading_anchors", "html_theme",
         "autodoc_typehints", "autodoc_default_options", "numpydoc_show_class_members")
globals().update({{name: base[name] for name in names}})

def setup(app):
    base["formulas"].add_renderer(app)
    app.connect("autodoc-process-docstring", base["escape_formulas"], priority=400)
    app.connect("autodoc-skip-member", base["skip_requests"])
    app.connect("missing-reference", base["find_by_short_name"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["", "[nowhere](none.md) $\\rot{x}$"], ids=["whole", "broken"])
def test_sphinx_takes_warnings_for_errors(fault, tmp_path):
    """A site of two API pages; with a broken link or formula, as a control, it is not built."""
    pytest.importorskip("sphinx")
    pytest.importorskip("pydata_sphinx_theme")
    modules = ("olfnet.theory.cover", "olfnet.readout.separability")
    for module in modules:
        fence = f"```{{eval-rst}}\n.. automodule:: {module}\n```\n"
        (tmp_path / f"{module}.md").write_text(f"# {module}\n\n{fence}")
    toctree = "```{toctree}\n" + "\n".join(modules) + "\n```\n"
    (tmp_path / "index.md").write_text(f"# Site\n\nA root $\\sqrt{{x}}$ {fault}\n\n{toctree}")
    (tmp_path / "conf.py").write_text(CONF.format(conf=str(DOCS / "conf.py")))
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", str(tmp_path), str(tmp_path / "o")]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert (answer.returncode == 0) is (fault == ""), answer.stderr[-2000:]
    assert all((told in answer.stderr) is (fault != "") for told in ("none.md", "rot{x}"))
    assert (tmp_path / "o" / "olfnet.theory.cover.html").is_file()
    assert "<msqrt>" in (tmp_path / "o" / "index.html").read_text()
    assert fault or list(links.faults(tmp_path / "o")) == []
