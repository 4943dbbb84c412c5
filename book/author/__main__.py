"""The author's command line: `python -m author COMMAND`."""

from __future__ import annotations

import argparse
import functools
import http.server
import sys
import time

from filelock import FileLock, Timeout

from author import check, execute, new, notebooks, paths, site
from author.source import SourceError, read


def split() -> int:
    """Write the committed notebooks of every language; golden outputs come from the last run, which must hold."""
    written = 0
    for path in paths.chapters():
        source = read(path)
        outputs = execute.outputs_of(source)
        for language in paths.languages():
            written += paths.write(notebooks.path_of(source, language), notebooks.render(source, language, outputs))
    print(f"{written} notebooks written, {len(paths.chapters()) * len(paths.languages()) - written} unchanged")
    return 0


def run_check(generated: bool) -> int:
    faults = check.check_all(generated)
    for fault in faults:
        print(fault)
    count = len(paths.chapters()) + len(paths.pages())
    print(f"{count} sources, {len(faults)} faults" if faults else f"{count} sources, every language in step")
    return 1 if faults else 0


def run_execute(slugs: list[str]) -> int:
    for source in site.read_all():
        if not slugs or source.slug in slugs:
            execute.outputs_of(source)
    return 0


def build() -> int:
    seconds = site.build()
    print(f"{'in all':<42}{seconds:6.1f} s\nOpen {paths.shown(paths.SITE / 'index.html')}, or run `make serve`")
    return 0


def serve(port: int) -> int:
    """Show the built site on this machine only, at the first free port from `port` on."""
    if not (paths.SITE / "index.html").is_file():
        print("There is no site yet: run `make book` first", file=sys.stderr)
        return 1
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=paths.SITE)
    for number in range(port, port + 20):
        try:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", number), handler)
        except OSError:
            continue
        print(f"http://127.0.0.1:{number}/  (Ctrl+C stops it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    print(f"no free port from {port} to {port + 19}: name another with --port", file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m author", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("split", help="write the committed notebooks of every language from the sources")
    sub = commands.add_parser("check", help="find what the languages do not say alike, and stale notebooks")
    sub.add_argument("--sources-only", action="store_true", help="leave the generated notebooks out")
    sub = commands.add_parser("execute", help="run the code of chapters and pages, where it changed")
    sub.add_argument("slug", nargs="*", help="which (default: all)")
    commands.add_parser("build", help="execute what changed and build the site in every language")
    sub = commands.add_parser("serve", help="show the built site on a local port")
    sub.add_argument("--port", type=int, default=8000)
    sub = commands.add_parser("new", help="begin a chapter", epilog="example: python -m author new chapter 05_cifar10")
    sub.add_argument("kind", choices=["chapter"])
    sub.add_argument("slug", help="number and name: 05_cifar10")
    return top


def locked(action) -> int:
    """Run an action that writes into book/, one process at a time."""
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


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        match options.command:
            case "check":
                return run_check(not options.sources_only)
            case "serve":
                return serve(options.port)
            case "new":
                return new.chapter(options.slug)
            case "split":
                return locked(split)
            case "execute":
                return locked(lambda: run_execute(options.slug))
            case "build":
                return locked(build)
    except SourceError as error:
        print(error, file=sys.stderr)
    except (execute.ExecutionError, site.BuildError, new.NewError) as error:
        print(error, file=sys.stderr)
    except PermissionError as error:
        print(f"cannot write {error.filename}: {error.strerror}. Give yourself write access to the project's folder, "
              "or work in a copy of it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
