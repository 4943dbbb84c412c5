"""Notebooks under nbval: run once, and what they gave is kept for the pages of the site."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from author import execute, paths, source

os.environ.update(execute.ENVIRONMENT)
os.environ.pop("CNNBOOK_DATA", None)
PICTURES = ("text/html", "image/svg+xml", "image/png")


@dataclass
class Run:
    """One notebook under nbval: its source as it was at the beginning, and what its cells gave so far."""

    read: source.Source | None
    key: str
    begin: float
    outputs: dict[int, list]
    sources: dict[int, str]


_runs: dict[Path, Run] = {}


def pytest_collection_modifyitems(items):
    """Notebooks first, so that the site's tests find what they gave; the browser last."""
    items.sort(key=lambda item: 0 if is_cell(item) else 2 if "tests/site/" in item.nodeid else 1)


def is_cell(item) -> bool:
    return type(item).__name__ == "IPyNbCell"


def pytest_runtest_setup(item):
    if not is_cell(item):
        return
    item.parent.skip_compare = tuple(dict.fromkeys([*item.parent.skip_compare, *PICTURES]))
    if item.parent.path not in _runs:
        slug = item.parent.path.stem
        folder = paths.folder_of(slug)
        read = source.read(folder / f"{slug}.py") if folder else None
        _runs[item.parent.path] = Run(read, execute.key_of(read) if read else "", time.perf_counter(), {}, {})


def pytest_runtest_makereport(item, call):
    """Keep each passing cell's outputs; after the last one, hand them to the site if the source is still the same."""
    if not is_cell(item) or call.when != "call" or call.excinfo:
        return
    run = _runs[item.parent.path]
    run.outputs[item.cell_num] = [dict(output) for output in item.test_outputs]
    run.sources[item.cell_num] = item.cell.source
    order = sorted(run.sources)[1:]  # without the set-up cell
    if run.read and [run.sources[number] for number in order] == [cell.source for cell in run.read.codes]:
        outputs = [run.outputs[number] for number in order]
        execute.store(run.read, run.key, outputs, time.perf_counter() - run.begin)
