"""Figures are numbered by chapter: 3.1, 3.2 on the page of chapter 03; 1, 2 on every other page, a lab's too.

Sphinx numbers figures through the whole book, or by the sections of a numbered contents; neither gives a figure the
same number before and after another chapter is written.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors.toctree import TocTreeCollector

assign_through_the_book = TocTreeCollector.assign_figure_numbers


def assign(collector: TocTreeCollector, env: BuildEnvironment) -> list[str]:
    """Sphinx's own numbers, counted anew on each page. Returns the pages whose numbers changed."""
    before = env.toc_fignumbers
    assign_through_the_book(collector, env)
    for page, kinds in env.toc_fignumbers.items():
        chapter = re.match(r"chapters/.*/(\d\d)_", env.metadata[page].get("notebook", ""))
        place = (int(chapter[1]),) if chapter else ()
        for numbers in kinds.values():
            for count, name in enumerate(sorted(numbers, key=numbers.get), 1):
                numbers[name] = (*place, count)
    return [page for page, kinds in env.toc_fignumbers.items() if kinds != before.get(page)]


def setup(app: Sphinx) -> None:
    TocTreeCollector.assign_figure_numbers = assign
