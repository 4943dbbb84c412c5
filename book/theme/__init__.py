"""The book's Sphinx extension: languages, search, figures, exercises, launch buttons and the look of the pages.

It works for any book that lists its languages in `cnnbook_languages`, code to native name, and that publishes the
language L in a folder named L beside the others.
"""

from __future__ import annotations

from sphinx.application import Sphinx

from theme import assets, cells, figures, languages, launch, numbers, search, words


def setup(app: Sphinx) -> dict:
    for part in (words, languages, search, figures, numbers, cells, launch, assets):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
