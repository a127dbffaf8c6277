"""What a run shows: figure, table, the page about a result, progress."""

import functools
import http.server
import re
import shutil
import subprocess
import threading
from html.parser import HTMLParser

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from olfnet.lab import Parameter, Study, command, load_study, run
from olfnet.lab.progress import progress
from olfnet.lab.report import NAME

# Opens the page as wide as a phone and reports how the browser shows it.
PROBE = """<!DOCTYPE html>
<iframe id="f" src="report.html" style="width:375px;height:800px;border:0"></iframe>
<pre id="found"></pre><script>
const frame = document.getElementById("f");
frame.onload = () => {
  const page = frame.contentDocument, images = [...page.images];
  document.getElementById("found").textContent = [
    images.length, Math.min(...images.map(i => i.naturalWidth)),
    page.documentElement.scrollWidth, parseFloat(getComputedStyle(page.body).fontSize),
    page.querySelectorAll("td").length
  ].join(" ");
};
</script>"""

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
--disable-background-networking --disable-component-update --virtual-time-budget=5000
--enable-logging=stderr --dump-dom""".split()


class Tags(HTMLParser):
    """Tags that are open, and all that a page points to."""

    def __init__(self):
        super().__init__()
        self.open, self.targets, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "link", "img", "br"}:
            self.open.append(tag)
        self.targets += [value for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def page(example, tmp_path, threads):
    """Folder of a result with a failed point, a nasty question, a table and a page."""

    def table(dataset):
        rows = Table(title="in mM", caption="two\nlines")
        rows.add_column("sizes", justify="right")
        rows.add_row(Text("[eq. 3] & more"))
        return rows

    question = 'Is 1 < 2 & "quoted" <script>alert(1)</script>?'
    example.write_text(example.read_text().replace('"Does the lab work?"', repr(question)))
    study = load_study(example)
    object.__setattr__(study, "table", table)
    settings = {"fail": 2}
    result = run(
        study, settings=settings, out=tmp_path / "r", executor=threads, command="olfnet it"
    )
    assert command.conclude(study, result, page=True) == command.FAILED
    return tmp_path / "r"


def test_page_needs_nothing_else_and_holds_everything(page, capsys):
    tags = Tags()
    tags.feed((page / NAME).read_text())
    assert tags.open == []
    assert all(target.startswith("data:") for target in tags.targets)
    text = " ".join(tags.text)
    words = ["<script>alert(1)</script>", "size 2 is cursed", "olfnet it", "seed", "in mM"]
    for word in [*words, "[eq. 3] & more", "two", "lines"]:
        assert word in text
    assert "<script" not in (page / NAME).read_text()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's package chromium")
def test_a_browser_shows_it_on_a_phone(page, tmp_path):
    (page / "probe.html").write_text(PROBE)
    handler_class = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": _quiet})
    handler = functools.partial(handler_class, directory=page)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/probe.html"
        profile = f"--user-data-dir={tmp_path / 'browser'}"
        process = subprocess.run(
            [CHROMIUM, *FLAGS, profile, address], capture_output=True, text=True, timeout=120
        )
        server.shutdown()
    assert "CONSOLE" not in process.stderr
    match = re.search(r'<pre id="found">([\d. ]+)</pre>', process.stdout)
    assert match, process.stdout
    n_images, narrowest, width, letters, n_cells = map(float, match[1].split())
    assert n_images == 1
    assert narrowest > 300
    assert width <= 375
    assert letters >= 14
    assert n_cells > 20


def _quiet(*arguments):
    """Log nothing."""


def test_a_changed_study_is_told_and_an_old_figure_is_not_shown_as_new(tmp_path, threads, capsys):
    def broken(dataset):
        raise RuntimeError("no")

    folder = tmp_path / "r"
    for digest, n_left in (("1", 0), ("2", 3)):
        parameters = (Parameter("n", range(1 + n_left), "number"),)
        study = Study("s", "?", "", parameters, lambda n, rng: {"x": n}, figure=broken)
        object.__setattr__(study, "digest", digest)
        result = run(study, out=folder, executor=threads)
        (folder / command.FIGURE).write_bytes(b"old")
        object.__setattr__(result, "n_left", n_left)
        object.__setattr__(result, "stop", "interrupted")
        code = command.INTERRUPTED if n_left else command.FAILED
        assert command.conclude(study, result, page=True) == code
        assert not (folder / command.FIGURE).exists()
        assert "<img" not in (folder / NAME).read_text()
    errors = capsys.readouterr().err.splitlines()
    assert sum("the study's file is not the one of the run before" in line for line in errors) == 1
    assert sum("the figure failed: RuntimeError: no (test_command.py" in e for e in errors) == 2
    assert errors[-1] == "olfnet: interrupted: 3 points are left; the same command does them"


def test_progress_in_a_terminal_has_bar_and_rate(monkeypatch, capsys):
    monkeypatch.setattr(Console, "is_terminal", True)
    with progress("example") as report:
        for n_done in range(4):
            report(n_done, 3)
    shown = capsys.readouterr().err
    assert "3/3" in shown
    assert "/s" in shown
