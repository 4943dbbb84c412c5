"""Runs each source's code once for all languages, and remembers what it gave.

What a run gave is kept in book/_build/outputs/SLUG.json under a key of everything that it depends on: the code, the
parts of the package that the code imports (found by reading imports, not by running), the records it names, and the
versions of what the package stands on. Prose, captions and tags are not part of it.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import os
import re
import sys
import time
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from author import paths, prose
from author.source import Fault, Source

PACKAGE = paths.ROOT / "utils" / "cnnbook"
OUTPUTS = paths.BUILD / "outputs"
SECONDS = 120  # a cell that takes longer is stopped
ENVIRONMENT = {"CNNBOOK_LANGUAGE": "both", "CNNBOOK_STRICT": "1", "CNNBOOK_OFFLINE": "1", "CNNBOOK_BUDGET": "quick"}


def environment() -> dict[str, str]:
    """What a run's process sees: this machine's variables but for its own data, and the book's."""
    return {name: value for name, value in os.environ.items() if name != "CNNBOOK_DATA"} | ENVIRONMENT


class ExecutionError(Exception):
    """A cell that failed; the message names source, line and cell, and shows the error."""


def parts_of(code: str) -> set[str]:
    """Names that a piece of code takes from cnnbook: `data` of `from cnnbook import data` and of `cnnbook.data.load`.

    Raises SyntaxError where it is no Python.
    """
    found = set()
    for node in ast.walk(ast.parse(code)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [f"{node.value.id}.{node.attr}"]
        found |= {name.split(".")[1] for name in names if name.startswith("cnnbook.")}
    return found


def files_of(part: str, own_exercises: str) -> list[Path]:
    """A part of the package as files: a module, or a folder whole; of the exercises a source's own, and theirs."""
    folder = PACKAGE / part
    if part == "exercises":
        return exercise_files(folder, own_exercises)
    if folder.is_dir():
        return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return [folder.with_suffix(".py")] if folder.with_suffix(".py").is_file() else []


def exercise_files(folder: Path, own: str) -> list[Path]:
    """The modules of one source's exercises: its own, and those of the folder that it imports."""
    found, wanted = [], ["__init__", own]
    while wanted:
        path = folder / f"{wanted.pop()}.py"
        if path in found or not path.is_file():
            continue
        found.append(path)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cnnbook.exercises"):
                wanted += [alias.name for alias in node.names] + [node.module.rpartition(".")[2]]
    return found


def package_files(source: Source) -> list[Path]:
    """The package's files that a source's code can reach, found by reading imports; all where it cannot be read."""
    own = prose.name_of(source.slug).replace("-", "_")
    plain = TransformerManager().transform_cell  # %magic and !command as the Python that they stand for
    try:
        wanted = parts_of((PACKAGE / "__init__.py").read_text("utf-8"))
        wanted = wanted.union(*(parts_of(plain(cell.source)) for cell in source.codes))
        files: dict[Path, None] = {PACKAGE / "__init__.py": None}
        reached: set[str] = set()
        while wanted:
            part = wanted.pop()
            reached.add(part)
            for path in files_of(part, own):
                files[path] = None
                if path.suffix == ".py":
                    wanted |= parts_of(path.read_text("utf-8")) - reached
        return sorted(files)
    except SyntaxError:
        return sorted(PACKAGE.rglob("*.py"))


def record_files(source: Source) -> list[Path]:
    """Records in results/ that the code names."""
    text = "\n".join(cell.source for cell in source.codes)
    return [path for path in sorted((paths.ROOT / "results").glob("*.json"))
            if re.search(rf"\b{re.escape(path.stem)}\b", text)]


def versions() -> dict[str, str]:
    """Version of Python and of each package that cnnbook depends on."""
    names = [re.match(r"[\w.-]+", need)[0] for need in paths.project()["dependencies"]]
    return {"python": sys.version.split()[0]} | {name: importlib.metadata.version(name) for name in names}


def key_of(source: Source) -> str:
    digest = hashlib.sha256(json.dumps([versions(), [cell.source for cell in source.codes]]).encode())
    for path in [*package_files(source), *record_files(source)]:
        digest.update(path.relative_to(paths.ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def load(source: Source) -> dict | None:
    """What the last run gave: {key, seconds, outputs}; None where there is none, or it is not of this source."""
    path = OUTPUTS / f"{source.slug}.json"
    try:
        kept = json.loads(path.read_text("utf-8"))
        outputs, expected = kept["outputs"], key_of(source)
        if not all(isinstance(output, dict) for found in outputs for output in found):
            raise ValueError("outputs are not as they were written")
        return kept if kept["key"] == expected and len(outputs) == len(source.codes) else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        print(f"{paths.shown(path)} is damaged; {source.slug} runs again", file=sys.stderr)
        return None


def store(source: Source, key: str, outputs: list[list], seconds: float) -> None:
    """Keep what a run gave, under the key that the source had when the run began."""
    kept = {"key": key, "seconds": round(seconds, 1), "outputs": outputs}
    paths.write(OUTPUTS / f"{source.slug}.json", json.dumps(kept, ensure_ascii=False))


def run(source: Source) -> tuple[list[list], float]:
    """Run a source's code cells in a fresh kernel; one list of outputs a cell, and the seconds it took."""
    cells = [nbformat.v4.new_code_cell('import cnnbook\n\ncnnbook.start("en")')]
    cells += [nbformat.v4.new_code_cell(cell.source) for cell in source.codes]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "",
                                                                              "language": "python"}})
    total, live, at = len(cells) - 1, sys.stderr.isatty(), 0

    def progress(cell, cell_index: int) -> None:
        nonlocal at
        at = cell_index
        if live:
            print(f"\r{source.slug}: cell {cell_index} of {total}", end="", file=sys.stderr, flush=True)

    client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", record_timing=False,
                            extra_arguments=["--IPKernelApp.log_level=50"],  # it speaks of its ports and sockets
                            resources={"metadata": {"path": str(source.path.parent)}}, on_cell_start=progress)
    begin = time.perf_counter()
    try:
        client.execute(env=environment())
    except CellExecutionError as error:
        said = f"{error.ename}: {error.evalue}\n{tail(error.traceback)}"
        raise ExecutionError(f"{place(source, at)}: {said}") from None
    except CellTimeoutError:
        raise ExecutionError(f"{place(source, at)} ran longer than {SECONDS} s and was stopped") from None
    except (AssertionError, RuntimeError) as error:
        if hasattr(client, "_async_cleanup_kernel_future"):  # after Ctrl+C nbclient takes the kernel away and misses it
            raise KeyboardInterrupt from None
        if not isinstance(error, DeadKernelError):
            raise ExecutionError(f"{paths.shown(source.path)}: the kernel did not start: {error}") from None
        raise ExecutionError(f"{place(source, at)}: the kernel died (out of memory, or a crash in native code). "
                             "Nothing of this run was kept.") from None
    finally:
        if live:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    return [[dict(output) for output in cell.outputs] for cell in cells[1:]], time.perf_counter() - begin


def place(source: Source, number: int) -> str:
    """How a message names the cell that was the run's number `number`; 0 is the set-up cell."""
    if number == 0:
        return f"{paths.shown(source.path)}: the set-up cell"
    cell = source.codes[number - 1]
    return f"{paths.shown(source.path)}:{cell.line}: cell {cell.cell}"


def tail(traceback: str, lines: int = 12) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", traceback).splitlines()
    return "\n".join(f"    {line}" for line in plain[-lines:])


def outputs_of(source: Source, say=print) -> list[list]:
    """Outputs of each code cell, from the last run if it still holds, else from a new one."""
    if not source.codes:
        return []
    kept = load(source)
    if kept is None:
        key = key_of(source)
        outputs, seconds = run(source)
        store(source, key, outputs, seconds)
        say(f"{source.slug}: ran {len(outputs)} cells in {seconds:.1f} s")
        return outputs
    return kept["outputs"]


def bare_figures(source: Source, outputs: list[list]) -> list[Fault]:
    """Cells that drew a picture but carry no alt text."""
    message = "draws a picture but has no alt_ko, alt_en, caption_ko, caption_en in its header"
    return [Fault(source.path, cell.line, cell.cell, message)
            for cell, found in zip(source.codes, outputs, strict=True)
            if not cell.draws and any(mime.startswith("image/") for output in found for mime in output.get("data", {}))]
