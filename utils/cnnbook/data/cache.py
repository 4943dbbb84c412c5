"""Arrays that are slow to make, kept between runs. A cache that cannot be read or written never stops anybody."""

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

DEAD = 60.0  # seconds that nothing was written to a file: whoever wrote it was killed


def folder() -> Path:
    """Where they are kept: CNNBOOK_CACHE, or `cnnbook` in the platform's own folder for caches."""
    if chosen := os.environ.get("CNNBOOK_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser() / "cnnbook"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/cnnbook").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "cnnbook"


def kept(name: str, origin: str, state: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays that `make` gives, from the cache where it holds those of the same origin in the same state.

    A damaged file (its zip checksums tell) is made anew and replaced; where nothing can be written, work goes on
    without. Either is said in one line.
    """
    arrays = find(name, origin, state)
    if arrays is None:
        arrays = make()
        keep(name, origin, state, arrays)
    return arrays


def find(name: str, origin: str, state: str) -> dict[str, np.ndarray] | None:
    """The arrays that were kept under this name, of this origin in this state; None where there are none."""
    path = _path(name, origin)
    try:
        with np.load(path, allow_pickle=False) as stored:
            if str(stored["state"]) == state:
                return {key: stored[key] for key in stored.files if key != "state"}
    except FileNotFoundError:
        pass
    except Exception as error:  # whatever a damaged or unreadable file makes numpy raise
        print(f"cache {path} cannot be read ({type(error).__name__}): made anew")
    return None


def has(name: str, origin: str, state: str) -> bool:
    """Whether `find` would find them, without reading the arrays."""
    try:
        with np.load(_path(name, origin), allow_pickle=False) as stored:
            return str(stored["state"]) == state
    except Exception:  # missing, damaged, unreadable
        return False


def keep(name: str, origin: str, state: str, arrays: dict[str, np.ndarray]) -> bool:
    """Keep the arrays for `find`; False, and one line that says why, where they cannot be written."""
    path = _path(name, origin)
    try:
        _write(path, {**arrays, "state": np.array(state)})
    except OSError as error:
        print(f"cache {path} cannot be written ({error.strerror or error}): going on without")
        return False
    return True


def _path(name: str, origin: str) -> Path:
    return folder() / f"{name}-{hashlib.sha256(os.fsencode(origin)).hexdigest()[:12]}.npz"


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """All or nothing: written beside its place, then moved there in one step. What killed processes left goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for part in path.parent.glob("*.npz.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > DEAD:
                part.unlink()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.stem, suffix=".npz.part", delete=False) as part:
        try:
            np.savez(part, **arrays)
        except BaseException:
            os.unlink(part.name)
            raise
    os.replace(part.name, path)
