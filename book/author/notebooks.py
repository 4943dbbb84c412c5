"""Writes the notebooks that are committed: plain, without pictures, for Colab, GitHub, JupyterLab and nbval."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

from author import lab, paths, prose, quiz
from author.source import Prose, Source

GOLDEN = "nbval-check-output"
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}  # in Colab, and in JupyterLab
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def files(source: Source, language: str) -> dict[Path, Source]:
    """The notebooks that a source gives in a language: the path of each, and what of the source is in it.

    A chapter gives one, a lab two: what is handed out, and the solution. A page of the site gives none.
    """
    if lab.is_lab(source):
        forms = {paths.LABS: lab.for_reader(source, GOLDEN), paths.LABS / "solutions": source}
    else:
        forms = {paths.CHAPTERS: source} if source.path.parent == paths.CHAPTERS else {}
    return {folder / language / f"{source.slug}.ipynb": form for folder, form in forms.items()}


def set_up(language: str) -> str:
    """The generated first cell: installs the package where it is missing, does nothing where it is there."""
    words = paths.languages()[language]
    default = f"git+{paths.address()}" if paths.address() else ""
    lines = textwrap.wrap(words["set_up_missing"].strip(), 70, drop_whitespace=False)
    message = "\n".join(f"            {json.dumps(line, ensure_ascii=False)}" for line in lines)
    return f'''#@title {words["set_up"]}
import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("cnnbook") is None:
    source = os.environ.get("CNNBOOK_SOURCE") or {json.dumps(default)}
    if not source:
        raise ModuleNotFoundError(
{message}
        )
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", source], check=True)
    importlib.invalidate_caches()

import cnnbook

cnnbook.start("{language}")'''


def markdown(text: str, number: int) -> dict:
    return {"cell_type": "markdown", "id": f"text-{number:03d}", "metadata": {}, "source": text}


def code(source: str, number: int, tags: list[str] | None = None, outputs: list | None = None) -> dict:
    metadata: dict = {"tags": sorted(tags)} if tags else {}
    if {"solution", "hide-input"} & set(tags or ()):
        metadata |= FOLDED
    count = number if outputs else None  # nbval takes outputs for real only in a cell that says it ran
    outputs = [output | {"execution_count": count} if output["output_type"] == "execute_result" else output
               for output in outputs or []]
    return {"cell_type": "code", "execution_count": count, "id": f"code-{number:03d}", "metadata": metadata,
            "outputs": outputs, "source": source}


def badge(path: Path, language: str) -> str:
    """A Colab badge of the notebook at `path`, or nothing while the project has no public address on GitHub."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?", paths.address())
    if not found:
        return ""
    place = path.relative_to(paths.ROOT).as_posix()
    target = f"https://colab.research.google.com/github/{found[1]}/blob/main/{place}"
    return f"[![{paths.languages()[language]['colab']}](https://colab.research.google.com/assets/colab-badge.svg)]({target})"


def build(source: Source, path: Path, language: str, golden: dict[int, list]) -> dict:
    """The notebook at `path`, of one language. `golden`: number of a code cell (from 0) → its outputs."""
    words, folder = paths.languages()[language], path.parent.parent
    graded = lab.for_grader(source) if lab.is_lab(source) else [{} for _ in source.codes]
    cells = [code(set_up(language), 0) | {"metadata": dict(FOLDED)}]
    numbers = {"code": 0, "text": 0}

    def say(text: str) -> None:
        numbers["text"] += 1
        cells.append(markdown(text, numbers["text"]))

    if shown := badge(path, language):
        say(shown)
    for index, cell in enumerate(source.cells):
        if isinstance(cell, Prose):
            if index == quiz.place(source) and quiz.exists(source):
                say(quiz.for_notebook(source, language))
            say(prose.for_notebook(cell.texts[language], language, folder))
            continue
        if "solution" in cell.tags:
            say(f"*{words['solution']}*")
        outputs = golden.get(numbers["code"], []) if GOLDEN in cell.tags else []
        numbers["code"] += 1
        cells.append(code(cell.source, numbers["code"], cell.tags, outputs))
        cells[-1]["metadata"] |= graded[numbers["code"] - 1]
        if cell.caption.get(language):
            say(f"*{prose.for_notebook(cell.caption[language], language, folder)}*")
    return {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def dumps(notebook: dict) -> str:
    """As nbformat writes it, with sources as lists of lines, so that a diff reads well."""
    cells = [cell | {"source": cell["source"].splitlines(keepends=True)} for cell in notebook["cells"]]
    return json.dumps(notebook | {"cells": cells}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def kept(outputs: list[dict]) -> list[dict]:
    """The text of a cell's outputs, in the form that is committed and compared: no pictures, no HTML, no counters."""
    found: list[dict] = []
    for output in outputs:
        if output["output_type"] == "stream" and output["name"] == "stdout":
            text = output["text"] if isinstance(output["text"], str) else "".join(output["text"])
            if found and found[-1]["output_type"] == "stream":
                text = "".join(found.pop()["text"]) + text
            found.append({"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)})
        elif output["output_type"] in ("execute_result", "display_data") and "text/plain" in output["data"]:
            text = output["data"]["text/plain"]
            text = text if isinstance(text, str) else "".join(text)
            entry = {"data": {"text/plain": text.splitlines(keepends=True)}, "metadata": {},
                     "output_type": output["output_type"]}
            found.append(entry | ({"execution_count": None} if output["output_type"] == "execute_result" else {}))
    return found


def committed_golden(source: Source, path: Path) -> dict[int, list]:
    """Golden outputs of the notebook as it stands on disk, for each code cell whose source has not changed since."""
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return {}
    on_disk = [cell for cell in cells if cell.get("cell_type") == "code"][1:]  # without the set-up cell
    sources = ["".join(cell["source"]) for cell in on_disk]
    same_place = len(sources) == len(source.codes)
    found = {}
    for number, cell in enumerate(source.codes):
        if GOLDEN in cell.tags and cell.source in sources:
            place = number if same_place and sources[number] == cell.source else sources.index(cell.source)
            found[number] = on_disk[place].get("outputs", [])
    return found


def render(source: Source, path: Path, language: str, outputs: list[list] | None = None) -> str:
    """The text of the notebook at `path`; golden outputs from a run's, one list a code cell, else from disk."""
    if outputs is None:
        golden = committed_golden(source, path)
    else:
        golden = {number: kept(found) for number, found in enumerate(outputs)}
    return dumps(build(source, path, language, golden))
