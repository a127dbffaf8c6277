r"""Formulas as MathML, written when the site is built: pages need no script and no network.

A word of three letters or more is a name and stands upright, as does an index of two or more, so
that ``relu(z)`` and ``n_{in}`` need no command; letters apart are written apart, ``w_{o c k}``.
"""

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_WORD = re.compile(
    r"(\\(?:text|mathrm|begin|end)\s*\{[^{}]*\}|\\[A-Za-z]+)|[A-Za-z]{3,}|(?<=_\{)[A-Za-z]{2}(?=\})"
)
_UNREAD = re.compile(r"[\\{}^_$]")
_N_PARTS = {"mfrac": 2, "msub": 2, "msup": 2, "mover": 2, "munder": 2, "msubsup": 3}
_CLOSING = (")", "]", "}")
_ANGLES = ("\u27e8", "\u27e9")


def mathml(tex: str, display: str = "inline") -> str:
    r"""Write a formula as MathML.

    Parameters
    ----------
    tex : str
        The formula, without dollar signs.
    display : str
        ``inline`` or ``block``.

    Raises
    ------
    ValueError
        If some of it is no TeX that can be converted.

    Examples
    --------
    >>> mathml("x > 1")
    '<math display="inline"><mrow><mi>x</mi><mo>&gt;</mo><mn>1</mn></mrow></math>'
    """
    from latex2mathml.converter import convert

    upright = _WORD.sub(lambda found: found[1] or rf"\mathrm{{{found[0]}}}", tex)
    try:
        written = convert(upright.replace(r"\arg", r"\mathrm{arg}"), display=display)
        root = ElementTree.fromstring(re.sub(' xmlns="[^"]*"', "", written))
    except Exception as error:  # those of the converter have no common base
        raise ValueError(f"formula cannot be converted, got {tex!r}: {error!r}") from error
    left = _UNREAD.search(re.sub("&#?[A-Za-z0-9]+;", "", written))
    torn = [part.tag for part in root.iter() if len(part) != _N_PARTS.get(part.tag, len(part))]
    braces = re.sub(r"\\.", "", tex)
    if left or torn or braces.count("{") != braces.count("}"):
        raise ValueError(f"formula must be TeX that can be converted to its end, got {tex!r}")
    _set(root)
    return ElementTree.tostring(root, encoding="unicode")


def _set(root: Element) -> None:
    """Mend what the converter leaves: names in single letters, and spaces around operators."""
    for part in root.iter():
        _join_names(part)
        _mend_symbol(part)
    for number, bar in enumerate(part for part in root.iter("mo") if part.text == "|"):
        bar.attrib |= {"form": ("prefix", "postfix")[number % 2], "lspace": "0", "rspace": "0"}
    for row in root.iter():
        if row.tag in ("math", "mrow", "mtd", "msqrt"):
            row[:] = _spaced(list(row))


def _mend_symbol(part: Element) -> None:
    text = part.text or ""
    if part.tag == "mi" and re.fullmatch(r"[\d.]+", text):
        part.tag = "mn"
    elif text == "\u221e":  # infinity, no operator
        part.tag = "mi"
    elif re.fullmatch("[\u0391-\u03a9]", text):  # capital Greek, upright as in TeX
        part.set("mathvariant", "normal")
    elif text == "/":
        part.attrib |= {"lspace": "0", "rspace": "0"}
    elif part.get("minsize") == "2.047em":  # around binomials: too large in a line
        del part.attrib["minsize"], part.attrib["maxsize"]
    elif part.tag == "msup" and part[1].text in ("\u2032", "\u2033", "\u2034"):
        part.tag, part[1].tag = "mrow", "mo"  # fonts raise primes already
        part[1].attrib |= {"lspace": "0", "rspace": "0"}


def _join_names(part: Element) -> None:
    """Make one identifier of upright letters, and of operators that are words, such as max."""
    letters = [one.text or "" for one in part if one.get("mathvariant") == "normal"]
    if part.tag == "mrow" and letters and len(letters) == len(part):
        part.tag, part.text = "mi", "".join(letters)
        part[:] = []
    if part.tag == "mo" and (part.text or "").isalpha() and len(part.text or "") > 1:
        part.tag = "mi"


def _spaced(row: list[Element]) -> Iterator[Element]:
    """Give signs the form of a sign rather than a difference, and names a space as TeX does."""
    before = None
    for part in row:
        if _is_sign(part) and before is not None and _opens(before):
            part.set("form", "prefix")
        if before is not None and _touches(before) and _touches(part, opens=True):
            if _is_name(before) or _is_name(part):
                yield Element("mspace", width="0.167em")
        yield part
        before = part


def _core(part: Element) -> Element:
    """Symbol that carries the indices."""
    while part.tag in ("msub", "msup", "msubsup", "munder", "mover"):
        part = part[0]
    return part


def _is_sign(part: Element) -> bool:
    return part.tag == "mo" and part.text in ("\u2212", "+")


def _is_name(part: Element) -> bool:
    core = _core(part)
    return core.tag == "mi" and len(core.text or "") > 1


def _opens(part: Element) -> bool:
    """Whether no term ends here, so that what follows starts one."""
    core = _core(part)
    if core.tag == "mo":
        return core.get("form") != "postfix" and core.text not in _CLOSING
    return core.text == _ANGLES[0]


def _touches(part: Element, opens: bool = False) -> bool:
    """Whether a name needs a space beside it."""
    core = _core(part)
    if core.tag == "mo":
        return core.text in ("\u2211", "\u220f", "\u222b") or (
            core.text == "|" and core.get("form") == ("prefix" if opens else "postfix")
        )
    return core.tag not in ("mspace", "mtext", "mtable") and core.text not in _ANGLES


def add_renderer(app: Any) -> None:
    """Tell Sphinx to write formulas this way."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))


def _inline(writer: Any, node: Any) -> None:
    from docutils.nodes import SkipNode

    writer.body.append(_or_warning(node, "inline"))
    raise SkipNode


def _block(writer: Any, node: Any) -> None:
    from docutils.nodes import SkipNode
    from sphinx.util.math import get_node_equation_number

    writer.body.append(writer.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(writer, node)
        writer.body.append(f'<span class="eqno">({number})</span>')
    writer.body.append(f"{_or_warning(node, 'block')}</div>\n")
    raise SkipNode


def _or_warning(node: Any, display: str) -> str:
    from sphinx.util.logging import getLogger

    try:
        return mathml(node.astext(), display)
    except ValueError as error:
        getLogger(__name__).warning(str(error), location=node)
        return ""
