"""Where things are, and the few facts that other files set: languages, the project's address."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(os.environ.get("CNNBOOK_ROOT") or Path(__file__).resolve().parents[2])
BOOK = ROOT / "book"
CHAPTERS = ROOT / "chapters"
PAGES = BOOK / "pages"
BUILD = BOOK / "_build"
SITE = BUILD / "html"


@cache
def languages() -> dict[str, dict]:
    """Code → that language's file in book/languages, in the order of their `order` (the first half of a pair first)."""
    found = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (BOOK / "languages").glob("*.yml")}
    return dict(sorted(found.items(), key=lambda item: item[1]["order"]))


@cache
def address() -> str:
    """The project's public address (pyproject's project.urls), or "" while there is none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project.get("urls", {}).get("Repository", "").rstrip("/")


def chapters() -> list[Path]:
    return sorted(CHAPTERS.glob("[0-9][0-9]_*.py"))


def pages() -> list[Path]:
    return sorted(PAGES.glob("*.py"))


def shown(path: Path) -> str:
    """A path as messages print it: from the project's root where it is inside."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def write(path: Path, text: str) -> bool:
    """Write text, whole or not at all, and only if it differs (modification times drive rebuilds). True if written."""
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return True
