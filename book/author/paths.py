"""Where things are, and the few facts that other files set: languages, the project's address."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(os.environ.get("CNNBOOK_ROOT") or Path(__file__).resolve().parents[2])
BOOK = ROOT / "book"
CHAPTERS = ROOT / "chapters"
LABS = ROOT / "labs"
PAGES = BOOK / "pages"
BUILD = BOOK / "_build"
SITE = BUILD / "html"


class SettingError(Exception):
    """A file of settings that cannot be used; the message names the file, the line where it is known, and why."""


def load_yaml(path: Path, *needed: str) -> Any:
    """The content of a YAML file. Raises SettingError where it is broken, or a mapping without a `needed` key."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except UnicodeDecodeError:
        raise SettingError(f"{shown(path)}: is not UTF-8 text") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise SettingError(f"{shown(path)}{line}: is not YAML: {getattr(error, 'problem', error)}") from None
    if needed and not (isinstance(content, dict) and all(key in content for key in needed)):
        missing = [key for key in needed if not isinstance(content, dict) or key not in content]
        raise SettingError(f"{shown(path)}: lacks {', '.join(missing)}")
    return content


def project() -> dict:
    """pyproject's table `project`."""
    path = ROOT / "pyproject.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))["project"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise SettingError(f"{shown(path)}: {error}") from None


@cache
def languages() -> dict[str, dict]:
    """Code → that language's file in book/languages, in the order of their `order` (the first half of a pair first)."""
    needed = ("order", "name", "script", "glossary", "title", "parts", "number_words")
    found = {path.stem: load_yaml(path, *needed) for path in (BOOK / "languages").glob("*.yml")}
    return dict(sorted(found.items(), key=lambda item: item[1]["order"]))


def contents() -> dict:
    """book/_toc.yml: the order of the pages, each with its folder, and the captions of the parts."""
    return load_yaml(BOOK / "_toc.yml", "root", "parts")


@cache
def address() -> str:
    """The project's public address (pyproject's project.urls), or "" while there is none."""
    return project().get("urls", {}).get("Repository", "").rstrip("/")


def chapters() -> list[Path]:
    return sorted(CHAPTERS.glob("[0-9][0-9]_*.py"))


def labs() -> list[Path]:
    return sorted(LABS.glob("[0-9][0-9]_*.py"))


def pages() -> list[Path]:
    return sorted(PAGES.glob("*.py"))


def sources() -> list[Path]:
    """Every source of the book: chapters, labs and the other pages."""
    return [*chapters(), *labs(), *pages()]


def folder_of(slug: str) -> Path | None:
    """The folder that holds the source with this slug: that of chapters, labs or pages; None where there is none."""
    return next((folder for folder in (CHAPTERS, LABS, PAGES) if (folder / f"{slug}.py").is_file()), None)


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
