"""Sphinx extension of book/_config.yml: writes the pages of one language before a plain `jupyter-book build book/`."""

from __future__ import annotations

from pathlib import Path

from author import execute, paths, site


def setup(app):
    if Path(app.srcdir).resolve() == paths.BOOK.resolve():
        sources = site.read_all()
        outputs = {source.slug: execute.outputs_of(source) for source in sources}
        site.write_pages(sources, outputs, app.config.language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
