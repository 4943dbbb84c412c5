"""The built site in a real browser: built once, served under a sub-path, every page opened once, what it shows kept."""

import functools
import gzip
import http.server
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
FACTS = (Path(__file__).parent / "page_facts.js").read_text("utf-8")
PLACE = "/some/where/"
WIDTHS, SCHEMES = (1280, 390, 320), ("light", "dark")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
READY = """async () => {
  await document.fonts.ready;
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


@dataclass
class Visit:
    """What one page asked for, complained about and showed."""

    name: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    overflow: list[int] = field(default_factory=list)
    pale: dict[str, list[str]] = field(default_factory=dict)
    requested: set[str] = field(default_factory=set)
    facts: dict = field(default_factory=dict)

    @property
    def language(self) -> str:
        return self.name.split("/")[0]


class Handler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        path = urlsplit(path).path
        return super().translate_path("/" + path.removeprefix(PLACE) if path.startswith(PLACE) else "/no-such-place")

    def log_message(self, *arguments) -> None:
        pass


@pytest.fixture(scope="session")
def browser():
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium: `apt-get install chromium`, or set CHROMIUM to a browser's path")
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: `pip install playwright`")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(browser) -> Path:
    """The folder of the built site: the one that CNNBOOK_SITE names, else the book's own, brought up to date."""
    if "CNNBOOK_SITE" in os.environ:
        return Path(os.environ["CNNBOOK_SITE"]).resolve()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "book")}
    built = subprocess.run([sys.executable, "-m", "author", "build"], cwd=ROOT, env=environment, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert built.returncode == 0, built.stdout[-4000:]
    return ROOT / "book" / "_build" / "html"


@pytest.fixture(scope="session")
def languages(site) -> list[str]:
    return sorted(path.parent.name for path in site.glob("*/index.html"))


@pytest.fixture(scope="session")
def page_names(site, languages) -> list[str]:
    """Every page of every language, relative to the site."""
    found = [path for code in languages for path in sorted((site / code).rglob("*.html"))]
    return [path.relative_to(site).as_posix() for path in found if "_static" not in path.parts]


@pytest.fixture(scope="session")
def address(site):
    """Address of the site on this machine, under a sub-path."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{PLACE}"
    server.shutdown()


@pytest.fixture(scope="session")
def context(browser):
    opened = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light", reduced_motion="reduce")
    yield opened
    opened.close()


@pytest.fixture
def tab(context):
    """A tab beside the others: what one test lets the site remember, the next one finds."""
    page = context.new_page()
    yield page
    page.close()


@pytest.fixture
def stranger(browser):
    """Opens a tab of somebody who was never here: `stranger(locale=…, java_script_enabled=…)`."""
    opened = []

    def new_tab(**options):
        opened.append(browser.new_context(**options))
        return opened[-1].new_page()

    yield new_tab
    for one in opened:
        one.close()


def listen(page, visit: Visit, home: str) -> None:
    def asked(request) -> None:
        if request.url.startswith(home):
            visit.requested.add(unquote(urlsplit(request.url).path))
        elif not request.url.startswith(("data:", "blob:")):
            visit.foreign.append(request.url)

    def answered(response) -> None:
        if response.status >= 400:
            visit.failed.append(f"{response.status} {response.url}")

    def said(message) -> None:
        if message.type in ("error", "warning"):
            visit.errors.append(message.text)

    page.on("request", asked)
    page.on("requestfailed", lambda request: visit.failed.append(request.url))
    page.on("response", answered)
    page.on("console", said)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))


@pytest.fixture(scope="session")
def visits(context, address, page_names) -> dict[str, Visit]:
    """Every page, opened once at the first width and then seen at every width, light and dark, all folds open."""
    found = {}
    for name in page_names:
        visit, page = Visit(name), context.new_page()
        listen(page, visit, address)
        page.goto(address + name, wait_until="load")
        page.evaluate(READY)
        visit.facts = page.evaluate(FACTS)
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.evaluate(READY)
            assert page.evaluate("document.documentElement.dataset.theme") == scheme, name
            visit.pale[scheme] = page.evaluate("window.pageFacts.paleTexts()")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(READY)
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
                visit.overflow.append(width)
        page.close()
        found[name] = visit
    return found


@pytest.fixture(scope="session")
def compressed_size(site):
    """Bytes of a file of the site as a compressing host sends it."""
    @functools.cache
    def size(path: str) -> int:
        data = (site / path.removeprefix(PLACE)).read_bytes()
        return len(data) if path.endswith((".woff2", ".png", ".jpeg", ".webp")) else len(gzip.compress(data, 6))
    return size


def faults(visits: dict[str, Visit], of) -> list[str]:
    """`page: fault` for each fault that `of(visit)` gives."""
    return [f"{name}: {fault}" for name, visit in visits.items() for fault in of(visit)]


@pytest.fixture
def no_faults(visits):
    def check(of) -> None:
        found = faults(visits, of)
        assert not found, f"{len(found)} faults\n" + "\n".join(found[:25])
    return check
