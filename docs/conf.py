"""How the site is built: ``sphinx-build -W -n docs docs/_build``.

Before anything is read, the pages of theory, studies and API are written into ``docs/generated``,
and the code of all pages but the slow ones is run; figures on the site are those that it drew.
"""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from sphinx.util.logging import getLogger  # noqa: E402
from sphinx.util.nodes import make_refnode  # noqa: E402
from writers import api, blocks, claims, formulas, gallery, links, theory  # noqa: E402

import olfnet  # noqa: E402

project = "olfnet"
author = "The olfnet developers"
copyright = "the olfnet developers, BSD-3-Clause"
release = version = olfnet.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build", "writers"]
nitpicky = True

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "none"  # docstrings tell types and shapes
autodoc_default_options = {"members": True, "member-order": "bysource"}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Pages with wide tables, and pages without neighbors in the table of contents.
WIDE = ("claims", "papers", "generated/qualified")
THEORY = [f"generated/theory/{name.rpartition('.')[2]}" for name in api.public_modules("theory")]
ALONE = ("index", "quickstart", "extend", "benchmarks", "glossary", "generated/gallery")

html_theme = "pydata_sphinx_theme"
html_title = "olfnet"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {"**": ["page-toc"], **dict.fromkeys([*WIDE, *THEORY], [])},
}
html_sidebars = dict.fromkeys([*WIDE, *ALONE], [])

DRAWN = Path(tempfile.mkdtemp(prefix="olfnet-pages-"))


def write_and_run(app):
    """Write the generated pages, and run the code of the others."""
    for write in (api.write, theory.write, gallery.write, claims.write):
        write(HERE / "generated")
    pages = [*HERE.glob("*.md"), *HERE.glob("howto/*.md")]
    fast = [page for page in sorted(pages) if not blocks.is_slow(page.read_text())]
    blocks.run_all(fast, DRAWN)


def use_drawn_figures(app, error):
    """Put the figures that the code drew where the site shows them."""
    images = Path(app.outdir) / "_images"
    for figure in DRAWN.rglob("*.png") if error is None else ():
        if (images / figure.name).is_file():
            shutil.copy(figure, images / figure.name)
    shutil.rmtree(DRAWN, ignore_errors=True)


def check_site(app, error):
    """Warn of what is missing in the finished site, or would be loaded from the network."""
    for fault in links.faults(Path(app.outdir)) if error is None else ():
        getLogger("olfnet.site").warning(fault)


def skip_requests(app, what, name, obj, skip, options):
    """Leave out what scikit-learn adds to every estimator for its metadata routing."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def escape_formulas(app, what, name, obj, options, lines):
    """Keep ``|w|`` and ``(n, *shape)`` of docstrings, and the lines of indented formulas."""
    told, in_code, above = [], False, "Section"
    for line in lines:
        indented = line.startswith("    ")
        if line.strip().startswith(">>>"):
            in_code = True
        elif in_code == "formula":
            in_code = "formula" if indented or not line else False
        elif in_code:
            in_code = bool(line.strip())
        elif indented and told and not told[-1] and re.match(r"\S.*[^-]$", above):
            in_code = "formula"
            told += ["::", ""]
        pieces = line.split("``")
        if not in_code:
            pieces[::2] = [re.sub(r"\||\*(?=[a-z_.]*[,)])", r"\\\g<0>", p) for p in pieces[::2]]
        told.append("``".join(pieces))
        above = line or above
    lines[:] = told


def find_by_short_name(app, env, node, contnode):
    """Resolve names as docstrings and users write them: ``olfnet.separate`` or ``respond``."""
    if node.get("refdomain") != "py":
        return None
    room, _, name = node["reftarget"].rpartition(".")
    here = node.get("py:module") or ""
    found = [n for n in env.domains["py"].objects if n.endswith(f".{name}") and n.startswith(room)]
    found.sort(key=lambda full: len(os.path.commonprefix([full, here])), reverse=True)
    if not found:
        return None
    document, anchor = env.domains["py"].objects[found[0]][:2]
    return make_refnode(app.builder, node["refdoc"], document, anchor, contnode)


def setup(app):
    """Run code before pages are read, and take its figures after they are written."""
    formulas.add_renderer(app)
    app.connect("autodoc-process-docstring", escape_formulas, priority=400)  # before numpydoc
    app.connect("autodoc-skip-member", skip_requests)
    app.connect("missing-reference", find_by_short_name)
    app.connect("builder-inited", write_and_run)
    app.connect("build-finished", use_drawn_figures)
    app.connect("build-finished", check_site, priority=900)
