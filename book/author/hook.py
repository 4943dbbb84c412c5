"""Sphinx extension of book/_config.yml: writes the pages of one language before a plain `jupyter-book build book/`."""

from __future__ import annotations

from pathlib import Path

from sphinx.errors import ExtensionError

from author import execute, lock, paths, site
from author.source import SourceError


def write_pages(language: str) -> None:
    sources = site.read_all()
    outputs = {source.slug: execute.outputs_of(source) for source in sources}
    site.write_pages(sources, outputs, language)


def setup(app):
    if Path(app.srcdir).resolve() == paths.BOOK.resolve():
        try:
            lock.alone(lambda: write_pages(app.config.language))
        except (SourceError, execute.ExecutionError, paths.SettingError) as error:
            raise ExtensionError(str(error)) from None
    return {"parallel_read_safe": True, "parallel_write_safe": True}
