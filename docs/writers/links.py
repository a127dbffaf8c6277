"""The finished site: every link leads somewhere, and no page needs the network."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

# What a browser loads without being asked, by element and attribute.
_LOADED = {
    ("img", "src"),
    ("script", "src"),
    ("link", "href"),
    ("source", "src"),
    ("video", "src"),
    ("iframe", "src"),
    ("object", "data"),
    ("use", "href"),
}
_IN_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")
_ELSEWHERE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|mailto:")


@dataclass
class Page(HTMLParser):
    """Anchors of a page, its links, and the files that it loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Sort what an element names."""
        for name, value in attrs:
            if name == "id" or (tag, name) == ("a", "name"):
                self.anchors.add(value or "")
            elif (tag, name) == ("a", "href"):
                self.links.append(value or "")
            elif (tag, name) in _LOADED:
                self.loads.append(value or "")
            elif name == "style":
                self.loads += _IN_STYLE.findall(value or "")

    def handle_data(self, data: str) -> None:
        """Find what a style sheet in the page loads; elsewhere the words are free."""
        if self.lasttag == "style":
            self.loads += _IN_STYLE.findall(data)


def read(file: Path) -> Page:
    """Read a page."""
    page = Page()
    page.feed(file.read_text())
    page.close()
    return page


def faults(folder: Path) -> Iterator[str]:
    """Tell of links and files that are not there, and of what would come from elsewhere.

    Parameters
    ----------
    folder : Path
        The site, as Sphinx wrote it.

    Yields
    ------
    str
        One sentence for each fault.
    """
    files = [file for file in folder.rglob("*.html") if "_static" not in file.parts]
    pages = {file.resolve(): read(file) for file in sorted(files)}
    for file, page in pages.items():
        name = file.relative_to(folder.resolve())
        for target in page.loads:
            yield from _fault_of_load(file, str(name), target)
        for target in page.links:
            if not _leads(file, target, pages):
                yield f"{name} links to {target}, which is not there"
    for file in sorted(folder.rglob("*.css")):
        for target in _IN_STYLE.findall(file.read_text()):
            yield from _fault_of_load(file, str(file.relative_to(folder)), target)


def _fault_of_load(file: Path, name: str, target: str) -> Iterator[str]:
    if target.startswith(("data:", "#")):
        return
    if _ELSEWHERE.match(target):
        yield f"{name} loads {target} from the network"
    elif not (file.parent / _path(target)).is_file():
        yield f"{name} loads {target}, which is not there"


def _leads(file: Path, target: str, pages: dict[Path, Page]) -> bool:
    """Whether a link from a page leads to a file, and to an anchor if it names one."""
    if _ELSEWHERE.match(target):
        return True
    path, _, anchor = target.partition("#")
    goal = (file.parent / _path(path)).resolve() if path else file
    found = pages.get(goal)
    if found is None or not anchor:
        return goal.is_file()
    return unquote(anchor) in found.anchors


def _path(target: str) -> str:
    return unquote(re.split(r"[?#]", target)[0])
