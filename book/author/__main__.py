"""The author's command line: `python -m author COMMAND`."""

from __future__ import annotations

import argparse
import difflib
import functools
import http.server
import sys

from author import check, execute, lock, new, notebooks, paths, site
from author.source import SourceError


def split() -> int:
    """Write the committed notebooks of every language; golden outputs come from the last run, which must hold."""
    written = []
    for source in site.read_all():
        if paths.folder_of(source.slug) == paths.PAGES:
            continue
        outputs = execute.outputs_of(source)
        for language in paths.languages():
            for path, form in notebooks.files(source, language).items():
                written.append(paths.write(path, notebooks.render(form, path, language, outputs)))
    print(f"{sum(written)} notebooks written, {len(written) - sum(written)} unchanged")
    return 0


def run_check(generated: bool) -> int:
    faults = check.check_all(generated)
    for fault in faults:
        print(fault)
    count = len(paths.sources())
    print(f"{count} sources, {len(faults)} faults" if faults else f"{count} sources, every language in step")
    return 1 if faults else 0


def run_execute(slugs: list[str]) -> int:
    sources = {source.slug: source for source in site.read_all()}
    for slug in slugs:
        if slug not in sources:
            nearest = difflib.get_close_matches(slug, sources, n=1, cutoff=0)[0]
            raise new.NewError(f"there is no chapter, lab or page {slug!r}; the nearest is {nearest!r}")
    for slug in slugs or sources:
        execute.outputs_of(sources[slug])
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
        except (OSError, OverflowError):
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
    sub = commands.add_parser("execute", help="run the code of chapters, labs and pages, where it changed")
    sub.add_argument("slug", nargs="*", help="which (default: all)")
    commands.add_parser("build", help="execute what changed and build the site in every language")
    sub = commands.add_parser("serve", help="show the built site on a local port")
    sub.add_argument("--port", type=int, default=8000)
    sub = commands.add_parser("new", help="begin a chapter or a lab",
                              epilog="example: python -m author new chapter 05_cifar10")
    sub.add_argument("kind", choices=list(new.KINDS))
    sub.add_argument("slug", help="number and name: 05_cifar10")
    return top


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        match options.command:
            case "check":
                return run_check(not options.sources_only)
            case "serve":
                return serve(options.port)
            case "new":
                return new.begin(options.kind, options.slug)
            case "split":
                return lock.alone(split)
            case "execute":
                return lock.alone(lambda: run_execute(options.slug))
            case "build":
                return lock.alone(build)
    except SourceError as error:
        print(error, file=sys.stderr)
    except (execute.ExecutionError, site.BuildError, new.NewError) as error:
        print(error, file=sys.stderr)
    except paths.SettingError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"cannot read or write {error.filename}: {error.strerror}. The project's folder needs to be readable and "
              "writable, and the disk not full; a copy of it elsewhere will do", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nstopped; what was finished is kept, run the same command again to go on", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
