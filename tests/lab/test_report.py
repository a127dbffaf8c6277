"""The page about a result: complete, safe, and shown by a real browser."""

import functools
import http.server
import re
import shutil
import subprocess
import threading
from html.parser import HTMLParser

import pytest

from olfnet.lab import command, load_study
from olfnet.lab.report import NAME

# Opens the page as wide as a phone and writes down what the browser makes of it.
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
def page(example, tmp_path, monkeypatch, capsys):
    """Folder of a result with a failed point, a nasty question and a page."""
    question = 'Is 1 < 2 & "quoted" <script>alert(1)</script>?'
    example.write_text(example.read_text().replace('"Does the lab work?"', repr(question)))
    monkeypatch.chdir(tmp_path)
    options = command.Options(set=("fail=2",), out=tmp_path / "r")
    study = load_study(example)
    result = command.run(study, options, "olfnet run example.py")
    assert command.conclude(study, result, page=True) == command.FAILED
    assert f"report: {tmp_path / 'r' / NAME}" in capsys.readouterr().out
    return tmp_path / "r"


def test_page_needs_nothing_else_and_holds_everything(page):
    tags = Tags()
    tags.feed((page / NAME).read_text())
    assert tags.open == []
    assert all(target.startswith("data:") for target in tags.targets)
    text = " ".join(tags.text)
    for word in ("<script>alert(1)</script>", "size 2 is cursed", "olfnet run example.py", "seed"):
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
        answer = subprocess.run(
            [CHROMIUM, *FLAGS, profile, address], capture_output=True, text=True, timeout=120
        )
        server.shutdown()
    assert "CONSOLE" not in answer.stderr
    found = re.search(r'<pre id="found">([\d. ]+)</pre>', answer.stdout)
    assert found, answer.stdout
    n_images, narrowest, width, letters, n_cells = map(float, found[1].split())
    assert n_images == 1
    assert narrowest > 300
    assert width <= 375
    assert letters >= 14
    assert n_cells > 20


def _quiet(*arguments):
    """Log nothing."""
