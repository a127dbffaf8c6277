"""How the site is built: ``sphinx-build -W -n docs docs/_build``."""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import pages  # noqa: E402
from sphinx.util.nodes import make_refnode  # noqa: E402

import olfnet  # noqa: E402

project = "olfnet"
author = "The olfnet developers"
copyright = "the olfnet developers, BSD-3-Clause"
release = version = olfnet.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "sphinx-mathjax-offline"]
exclude_patterns = ["_build"]
nitpicky = True

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "none"  # docstrings tell types and shapes
autodoc_default_options = {"members": True, "member-order": "bysource"}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Pages with wide tables, and pages without neighbors in the table of contents.
WIDE = ("claims", "papers", "generated/qualified")
THEORY = [f"generated/theory/{name}" for name in ("index", *olfnet.theory.__all__)]
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
    known = [n for n in env.domains["py"].objects if n.endswith(f".{name}") and n.startswith(room)]
    if not known:
        return None
    nearest = max(known, key=lambda full: len(os.path.commonprefix([full, here])))
    document, anchor = env.domains["py"].objects[nearest][:2]
    return make_refnode(app.builder, node["refdoc"], document, anchor, contnode)


def setup(app):
    """Write the generated pages before any page is read."""
    app.connect("autodoc-process-docstring", escape_formulas, priority=400)  # before numpydoc
    app.connect("autodoc-skip-member", skip_requests)
    app.connect("missing-reference", find_by_short_name)
    app.connect("builder-inited", lambda app: pages.write_all(HERE / "generated"))
