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
import tomllib
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from author import paths
from author.source import Source

PACKAGE = paths.ROOT / "utils" / "cnnbook"
OUTPUTS = paths.BUILD / "outputs"
SECONDS = 120  # a cell that takes longer is stopped
ENVIRONMENT = {"CNNBOOK_LANGUAGE": "both", "CNNBOOK_STRICT": "1", "CNNBOOK_OFFLINE": "1", "CNNBOOK_BUDGET": "quick"}


class ExecutionError(Exception):
    """A cell that failed; the message names source, line and cell, and shows the error."""


def imported(code: str, package: str = "") -> set[str]:
    """Names of cnnbook's modules that a piece of code may import; `package` resolves relative imports."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.split(".")[0] == "cnnbook"}


def file_of(module: str) -> Path | None:
    base = PACKAGE.parent.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def package_files(source: Source) -> list[Path]:
    """The package's files that a source's code can reach through imports, its own exercises among them."""
    wanted = {"cnnbook", "cnnbook.notebook"}
    for cell in source.codes:
        try:
            wanted |= imported("\n".join(line for line in cell.source.splitlines() if not line.startswith(("%", "!"))))
        except SyntaxError:
            continue  # running it will say so
    own = f"cnnbook.exercises.{re.sub(r'^[0-9]+_', '', source.slug)}"
    wanted |= {own} if "check.exercise" in "".join(cell.source for cell in source.codes) else set()
    files: dict[Path, None] = {}
    while wanted:
        module = wanted.pop()
        path = file_of(module)
        if path is None or path in files:
            continue
        files[path] = None
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        wanted |= imported(path.read_text("utf-8"), package) | {module.rpartition(".")[0]} - {""}
    return sorted(files)


def record_files(source: Source) -> list[Path]:
    """Records in results/ that the code names."""
    text = "\n".join(cell.source for cell in source.codes)
    return [path for path in sorted((paths.ROOT / "results").glob("*.json")) if f'"{path.stem}"' in text]


def versions() -> dict[str, str]:
    """Version of Python and of each package that cnnbook depends on."""
    needs = tomllib.loads((paths.ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = [re.match(r"[\w.-]+", need)[0] for need in needs]
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
        whole = isinstance(kept["outputs"], list) and len(kept["outputs"]) == len(source.codes)
        return kept if whole and kept["key"] == key_of(source) else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        print(f"{paths.shown(path)} is damaged; {source.slug} runs again", file=sys.stderr)
        return None


def store(source: Source, outputs: list[list], seconds: float) -> None:
    kept = {"key": key_of(source), "seconds": round(seconds, 1), "outputs": outputs}
    paths.write(OUTPUTS / f"{source.slug}.json", json.dumps(kept, ensure_ascii=False))


def run(source: Source, say=print) -> tuple[list[list], float]:
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
                            extra_arguments=["--IPKernelApp.log_level=40"],  # or it warns of its loopback port
                            resources={"metadata": {"path": str(source.path.parent)}}, on_cell_start=progress)
    begin = time.perf_counter()
    try:
        client.execute(env=os.environ | ENVIRONMENT)
    except CellExecutionError as error:
        said = f"{error.ename}: {error.evalue}\n{tail(error.traceback)}"
        raise ExecutionError(f"{place(source, at)}: {said}") from None
    except CellTimeoutError:
        raise ExecutionError(f"{place(source, at)} ran longer than {SECONDS} s and was stopped") from None
    except DeadKernelError:
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
        outputs, seconds = run(source, say)
        store(source, outputs, seconds)
        say(f"{source.slug}: ran {len(outputs)} cells in {seconds:.1f} s")
        return outputs
    return kept["outputs"]


def bare_figures(source: Source, outputs: list[list]) -> list[str]:
    """Cells that drew a picture but carry no alt text."""
    return [f"{paths.shown(source.path)}:{cell.line}: cell {cell.cell}: draws a picture but has no alt_ko, alt_en, "
            "caption_ko, caption_en in its header"
            for cell, found in zip(source.codes, outputs, strict=True)
            if not cell.draws and any(mime.startswith("image/") for output in found for mime in output.get("data", {}))]
