"""Notebooks under nbval: run once, and what they gave is kept for the pages of the site."""

import os
import time

from author import execute, paths, source

os.environ.update(execute.ENVIRONMENT)
PICTURES = ("text/html", "image/svg+xml", "image/png")
_outputs: dict = {}


def pytest_collection_modifyitems(items):
    """Notebooks first, so that the site's tests find what they gave; the browser last."""
    items.sort(key=lambda item: 0 if is_cell(item) else 2 if "tests/site/" in item.nodeid else 1)


def is_cell(item) -> bool:
    return type(item).__name__ == "IPyNbCell"


def pytest_runtest_setup(item):
    if is_cell(item):
        item.parent.skip_compare = tuple(dict.fromkeys([*item.parent.skip_compare, *PICTURES]))
        _outputs.setdefault(item.parent.path, {"begin": time.perf_counter(), "cells": {}})


def pytest_runtest_makereport(item, call):
    """Keep each passing cell's outputs; after the last one, hand them to the site."""
    if not is_cell(item) or call.when != "call" or call.excinfo:
        return
    kept = _outputs[item.parent.path]
    kept["cells"][item.cell_num] = [dict(output) for output in item.test_outputs]
    chapter = paths.CHAPTERS / f"{item.parent.path.stem}.py"
    if not chapter.is_file():
        return
    read = source.read(chapter)
    if len(kept["cells"]) == len(read.codes) + 1:  # the set-up cell too
        cells = [kept["cells"][number] for number in sorted(kept["cells"])]
        execute.store(read, cells[1:], time.perf_counter() - kept["begin"])
