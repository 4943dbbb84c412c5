"""One process at a time writes into book/."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from filelock import FileLock, Timeout

from author import paths

Result = TypeVar("Result")


def alone(action: Callable[[], Result]) -> Result:
    """Run an action that writes into book/; where another process does so, say it and wait."""
    paths.BUILD.mkdir(parents=True, exist_ok=True)
    lock = FileLock(paths.BUILD / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("another build of this book is running; waiting for it", file=sys.stderr, flush=True)
        begin = time.perf_counter()
        lock.acquire()
        print(f"waited {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    try:
        return action()
    finally:
        lock.release()
