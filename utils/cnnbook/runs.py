"""Records of long runs: what was measured, by which command, on what machine, with which versions."""

import importlib.metadata
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "torchvision", "numpy", "accelerate", "cnnbook")
NUMBERS = re.compile(r"\[\n[-+.\d\seE,]+\]")  # a list of numbers over several lines; no string has a bare line end


def names() -> tuple[str, ...]:
    """The runs that the book carries."""
    entries = (Path(entry.name) for entry in files("cnnbook.results").iterdir())
    return tuple(sorted(path.stem for path in entries if path.suffix == ".json" and not path.name.startswith(".")))


def load(name: str) -> dict[str, Any]:
    """The record of a run of the book. Raises ValueError for an unknown name, with the nearest."""
    if name not in names():
        nearest = get_close_matches(str(name), names(), n=1, cutoff=0)
        known = f" Nearest: {nearest[0]!r}. Known: {', '.join(names())}." if nearest else ""
        raise ValueError(f"there is no record of a run {name!r}.{known}")
    return json.loads(files("cnnbook.results").joinpath(f"{name}.json").read_text(encoding="utf-8"))


def read(path: str | Path) -> dict[str, Any] | None:
    """The record in this file; None where there is no file, or none that can be read (that is said in one line)."""
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        return record if isinstance(record, dict) else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        print(f"{path} cannot be read ({type(error).__name__}): begun anew")
        return None


def save(path: str | Path, record: dict[str, Any]) -> None:
    """Write a record as JSON, all or nothing: a reader never finds half of it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    text = NUMBERS.sub(lambda found: " ".join(found[0].split()), text)  # a curve is one line
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".part")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def context() -> dict[str, Any]:
    """How this process runs: command, commit ("-dirty" where files are changed), date (UTC), hardware, versions."""
    import torch

    return {
        "command": _command(),
        "commit": _commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "hardware": {
            "cpu": _cpu(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
            "threads": torch.get_num_threads(),
        },
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
    }


def _command() -> str:
    """The command as anyone would type it: no folder of this machine in it."""
    program = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    words = ["python", "-m", "cnnbook"] if program == "__main__.py" else [program]
    folder = "CNNBOOK_DATA=… " if os.environ.get("CNNBOOK_DATA") else ""
    return folder + shlex.join([*words, *(Path(word).name if os.path.isabs(word) else word for word in sys.argv[1:])])


def _commit() -> str | None:
    """The checkout's commit, where this file is part of one, and not of another project around it."""
    here = Path(__file__)
    if _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return None
    return _git(here.parent, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(folder: Path, *words: str) -> str | None:
    try:
        told = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() if told.returncode == 0 else None


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as facts:
            lines = [line.partition(":")[2].strip() for line in facts if line.startswith("model name")]
    except OSError:
        lines = []
    return lines[0] if lines else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
