"""All long runs of the book by name, whatever their kind: what `cnnbook reproduce` lists, runs and tells."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnnbook.train import architectures, describing, distorting, experiments, games, segmenting, studies, study


def _of_architectures(name: str, output: Path, quiet: bool) -> dict[str, Any]:
    return study.reproduce(name, architectures.STUDIES[name], output, quiet)


KINDS: tuple[tuple[dict[str, Any], Callable[[str, Path, bool], dict[str, Any]]], ...] = (
    (experiments.EXPERIMENTS, experiments.reproduce),
    (studies.STUDIES, studies.reproduce),
    (architectures.STUDIES, _of_architectures),
    (segmenting.SEGMENTERS, segmenting.reproduce),
    (games.RUNS, games.reproduce),
    (describing.RUNS, describing.reproduce),
    (distorting.RUNS, distorting.reproduce),
)


def plans() -> dict[str, Any]:
    """Name → what is planned; each has `about`, `seeds`, and a `recipe` with `epochs`."""
    return {name: plan for kind, _ in KINDS for name, plan in kind.items()}


def reproduce(name: str, output: Path, quiet: bool = False) -> dict[str, Any]:
    """Run it and write its record; interrupted, it goes on where it was. Returns the record."""
    [run] = [run for kind, run in KINDS if name in kind]
    return run(name, output, quiet)


def told(record: dict[str, Any]) -> list[str]:
    """A record's summary in lines: one for each network or cell that has an accuracy, else one for all numbers."""
    summary = record["summary"]
    if isinstance(summary, list):
        summary = {study.named(cell): cell for cell in summary}
    if not all(isinstance(result, dict) for result in summary.values()):
        return [", ".join(f"{what} {number}" for what, number in summary.items())]
    lines = []
    for name, result in summary.items():
        overlap = f", mean IoU {result['mean_iou']:.4f}" if "mean_iou" in result else ""
        spread = f"{result['test_accuracy']:.4f} ± {result['std']:.4f} ({result['seeds']} seeds)"
        lines.append(f"{name}: {spread}{overlap}")
    return lines
