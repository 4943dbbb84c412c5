"""The command line: `cnnbook reproduce NAME` repeats a long run of the book. `python -m cnnbook` is the same."""

import argparse
import sys
from difflib import get_close_matches
from pathlib import Path

import cnnbook


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 1 with a line on stderr, or 2 for a wrong command line."""
    parser = argparse.ArgumentParser(prog="cnnbook", description="The command line of the course.")
    parser.add_argument("--version", action="version", version=f"cnnbook {cnnbook.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    reproduce = commands.add_parser(
        "reproduce",
        help="repeat a long run of the book and write its record",
        epilog="Example: cnnbook reproduce lenet5_digits --output results/lenet5_digits.json",
    )
    reproduce.add_argument("name", nargs="?", metavar="NAME", help="which run; --list shows them")
    reproduce.add_argument("--list", action="store_true", help="list the runs and stop")
    reproduce.add_argument("--output", type=Path, metavar="FILE", help="default: results/NAME.json in this folder")
    reproduce.add_argument("--threads", type=int, metavar="N", help="CPU threads; default: what torch chooses")
    reproduce.add_argument("--quiet", action="store_true", help="no progress bar")
    try:
        return _reproduce(parser.parse_args(arguments), reproduce)
    except KeyboardInterrupt:
        print("cnnbook: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    except (OSError, ValueError, ArithmeticError) as error:
        print(f"cnnbook: {error}", file=sys.stderr)
        return 1


def _reproduce(chosen: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from cnnbook.train import experiments  # torch, only where it is needed

    known = experiments.EXPERIMENTS
    if chosen.list:
        width = max(map(len, known))
        for name, experiment in known.items():
            print(f"{name:{width}}  {experiment.about}; {experiment.seeds} seeds, {experiment.recipe.epochs} epochs")
        return 0
    if chosen.name not in known:
        nearest = get_close_matches(chosen.name or "", known, n=1, cutoff=0)[0]
        parser.error(f"NAME must be one of {', '.join(known)}; nearest: {nearest}")
    if chosen.threads is not None:
        if chosen.threads < 1:
            parser.error(f"--threads must be 1 or more, got {chosen.threads}")
        import torch

        torch.set_num_threads(chosen.threads)
    output = chosen.output or Path("results", f"{chosen.name}.json")
    record = experiments.reproduce(chosen.name, output, chosen.quiet)
    for network, result in record["summary"].items():
        print(f"{network}: {result['test_accuracy']:.4f} ± {result['std']:.4f} ({result['seeds']} seeds)")
    print(f"{output}, {record['minutes']} minutes")
    return 0
