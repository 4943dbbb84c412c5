"""`jupyter-book build book/` as people know it, and plain Sphinx with the configuration that Jupyter Book prints."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JUPYTER_BOOK = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]


def run(*command) -> None:
    result = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def pages(folder: Path) -> dict[str, str]:
    """Page → its text, without what differs from one build to the next: hashes and dates."""
    found = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.html")}
    return {name: re.sub(r"\?v=[0-9a-f]+|\?digest=[0-9a-f]+|last updated on [^<]*", "", text)
            for name, text in found.items() if not name.startswith("_static") and name != "index.html"}


def test_jupyter_book_alone_and_plain_sphinx_build_the_same(site, tmp_path):
    """`site` comes first: what the chapters gave is then known, and nothing is executed here."""
    configuration = ROOT / "book" / "conf.py"
    try:
        run(*JUPYTER_BOOK, "build", "book", "--path-output", tmp_path, "-W", "--keep-going")
        run(*JUPYTER_BOOK, "config", "sphinx", "book")
        run(sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "book", tmp_path / "plain")
    finally:
        configuration.unlink(missing_ok=True)
    by_jupyter_book, by_sphinx = pages(tmp_path / "_build" / "html"), pages(tmp_path / "plain")
    assert {"en/index.html", "en/03_convolution.html", "en/glossary.html"} <= set(by_jupyter_book)
    assert set(by_jupyter_book) == set(by_sphinx)
    assert [name for name in by_jupyter_book if by_jupyter_book[name] != by_sphinx[name]] == []
    assert "<svg" in by_jupyter_book["en/03_convolution.html"]
