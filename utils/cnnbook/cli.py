"""The command line: `cnnbook data | models | train | evaluate | retrain | predict | reproduce`.

`python -m cnnbook` is the same.

Exit codes: 0 done; 1 a line on stderr says what went wrong; 2 a wrong command line; 130 interrupted.
"""

import argparse
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

import cnnbook

Run = Callable[[argparse.Namespace], None]
GOES_ON = ("train", "reproduce")  # what was interrupted goes on from there


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    chosen = parser().parse_args(arguments)
    try:
        if getattr(chosen, "threads", None):
            import torch  # here and below: only where it is needed, so that --help is instant

            torch.set_num_threads(chosen.threads)
        chosen.run(chosen)
        return 0
    except KeyboardInterrupt:
        on = "; the same command goes on from here" if chosen.command in GOES_ON else ""
        print(f"cnnbook: interrupted{on}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `cnnbook data | head`
        sys.stderr.close()
        return 0
    except (OSError, ValueError, ArithmeticError) as error:
        print(f"cnnbook: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """The commands and their options. What it parses has the command's function as `run`, its complaint as `error`."""
    whole = argparse.ArgumentParser(
        prog="cnnbook",
        description="The command line of the course.",
        epilog="Example: cnnbook train lenet5 digits --epochs 10",
    )
    whole.add_argument("--version", action="version", version=f"cnnbook {cnnbook.__version__}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Run, about: str, example: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=f"Example: {example}"
        )
        command.set_defaults(run=run, error=command.error)
        return command

    command = add("data", _data, "list the images: what is here, what would be fetched", "cnnbook data cifar10")
    command.add_argument("name", nargs="?", metavar="NAME", help="load this one, or a folder, and describe it")

    command = add("models", _models, "list the networks, or the layers of one", "cnnbook models lenet5")
    command.add_argument("name", nargs="?", metavar="NAME", help="show this one's layers and shapes")

    command = add("train", _train, "train a network on images", "cnnbook train cifar_cnn cifar10 --minutes 5")
    command.add_argument("network", metavar="NETWORK", help="one that `cnnbook models` lists")
    command.add_argument("data", metavar="DATA", help="one that `cnnbook data` lists, or a folder of images")
    length = command.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=_positive(int), help="passes over the images; default 10")
    length.add_argument("--minutes", type=_positive(float), help="train for this long instead")
    command.add_argument("--batch-size", type=_positive(int), default=64, help="default 64")
    command.add_argument("--lr", type=_positive(float), help="largest learning rate; default: the optimizer's")
    command.add_argument("--optimizer", default="adamw", help="sgd, adam, adamw or muon; default adamw")
    command.add_argument("--schedule", default="onecycle", help="constant, step, cosine, onecycle …; default onecycle")
    command.add_argument("--weight-decay", type=float, default=0.0, help="default 0")
    command.add_argument("--shift", type=int, default=0, metavar="PIXELS", help="augment: move images by up to this")
    command.add_argument("--flip", action="store_true", help="augment: mirror every image in every other epoch")
    command.add_argument("--precision", default="auto", help="auto, fp32 or bf16; default auto")
    command.add_argument("--seed", type=int, default=0, help="default 0")
    command.add_argument("--output", type=Path, metavar="FOLDER", help="default: NETWORK-DATA; an unfinished goes on")
    _common(command)

    command = add("evaluate", _evaluate, "test a trained network", "cnnbook evaluate lenet5-digits --per-class")
    command.add_argument("folder", type=Path, metavar="FOLDER", help="what `cnnbook train` wrote")
    command.add_argument("--data", metavar="DATA", help="other images than it was trained for")
    command.add_argument("--split", default="test", help="train or test; default test")
    command.add_argument("--per-class", action="store_true", help="one line a class")
    _common(command)

    command = add("retrain", _retrain, "teach a network of ImageNet your own photos",
                  "cnnbook retrain --image-dir cat_photos --output cats")  # fmt: skip
    command.add_argument("--image-dir", type=Path, metavar="FOLDER",
                         help="one sub-folder of photos a class; default: a demonstration's textures")  # fmt: skip
    command.add_argument("--output", type=Path, metavar="FOLDER", required=True, help="a new one, for what is made")
    command.add_argument("--backbone", metavar="NETWORK", help="default inception_v3, offline squeezenet1_1")
    command.add_argument("--fine-tune", action="store_true", help="then train the backbone's last stage further")
    command.add_argument("--crop", type=float, default=0, metavar="PERCENT", help="distort: cut up to so much off")
    command.add_argument("--scale", type=float, default=0, metavar="PERCENT", help="distort: enlarge by up to so much")
    command.add_argument("--brightness", type=float, default=0, metavar="PERCENT", help="distort: lighter or darker")
    command.add_argument("--flip", action="store_true", help="distort: mirror every other photo")
    command.add_argument("--export", action="store_true", help="write torch.export's program as well, model.pt2")
    _common(command, record=False)

    command = add("predict", _predict, "say which classes images show", "cnnbook predict --model cats new.jpg")
    command.add_argument("--model", type=Path, metavar="FOLDER", required=True, help="what `cnnbook retrain` wrote")
    command.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="a file")
    command.add_argument("--threads", type=_positive(int), metavar="N", help="CPU threads; default: what torch chooses")

    command = add("reproduce", _reproduce, "repeat a long run of the book and write its record",
                  "cnnbook reproduce lenet5_digits --output results/lenet5_digits.json")  # fmt: skip
    command.add_argument("name", nargs="?", metavar="NAME", help="which run; --list shows them")
    command.add_argument("--list", action="store_true", help="list the runs and stop")
    command.add_argument("--output", type=Path, metavar="FILE", help="default: results/NAME.json in this folder")
    _common(command, record=False)

    return whole


def _common(command: argparse.ArgumentParser, record: bool = True) -> None:
    command.add_argument("--threads", type=_positive(int), metavar="N", help="CPU threads; default: what torch chooses")
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    if record:
        command.add_argument("--record", type=Path, metavar="FILE", help="write what was measured, and how, as JSON")


def _positive(kind: type) -> Callable[[str], int | float]:
    def read(text: str) -> int | float:
        value = kind(text)
        if value <= 0:
            raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
        return value

    read.__name__ = kind.__name__  # argparse names the type in its message
    return read


def _data(chosen: argparse.Namespace) -> None:
    from cnnbook import data

    if chosen.name is None:
        print(data.sources().to_string(index=False))
        return
    from cnnbook.train import saved

    for split in ("train", "test"):
        print(saved.images(chosen.name, split).describe().to_string())


def _models(chosen: argparse.Namespace) -> None:
    from cnnbook import look, models

    if chosen.name is not None:
        facts = models.facts(chosen.name)
        model = models.create(chosen.name, num_classes=10, in_channels=facts["input_size"][0])
        print(look.trace(model, facts["input_size"]).to_string())
        print(f"\n{facts['paper']} ({facts['year']}). {facts['notes']}")
        return
    width = max(map(len, models.names()))
    for name in models.names():
        facts = models.facts(name)
        size = "×".join(map(str, facts["input_size"]))
        print(f"{name:{width}}  {facts['year']}  {size:>9}  {facts['parameters']:>11,} parameters  {facts['paper']}")


def _train(chosen: argparse.Namespace) -> None:
    from cnnbook.train import saved

    augment = {"shift": chosen.shift, "flip": chosen.flip}
    names = ("batch_size", "lr", "optimizer", "schedule", "weight_decay", "precision", "seed")
    recipe = {name: getattr(chosen, name) for name in names}
    length = {"minutes": chosen.minutes} if chosen.minutes else {"epochs": chosen.epochs or 10}
    folder = chosen.output or Path(f"{chosen.network}-{Path(chosen.data).name}")
    record = saved.train(chosen.network, chosen.data, folder, augment, recipe | length, quiet=chosen.quiet)
    print(f"test accuracy {record['test_accuracy']:.4f} after {record['epochs']} epochs, {record['minutes']} minutes")
    print(f"written to {folder}; test it with: cnnbook evaluate {folder}")
    _write(chosen.record, record)


def _evaluate(chosen: argparse.Namespace) -> None:
    from cnnbook.train import saved

    record, result = saved.evaluate(chosen.folder, chosen.data, chosen.split)
    if chosen.per_class:
        print(result.per_class.to_string())
    print(f"accuracy {result.accuracy:.4f}, top-5 {result.top5:.4f}, loss {result.loss:.4f}")
    _write(chosen.record, record)


def _retrain(chosen: argparse.Namespace) -> None:
    from cnnbook import retrain

    distortions = retrain.Distortions(chosen.crop, chosen.scale, chosen.brightness, chosen.flip)
    options = {"fine_tune": chosen.fine_tune, "export": chosen.export, "quiet": chosen.quiet}
    retrain.retrain(chosen.image_dir, chosen.output, chosen.backbone, distortions, **options)
    print(f"written to {chosen.output}; try it with: cnnbook predict --model {chosen.output} IMAGE")


def _predict(chosen: argparse.Namespace) -> None:
    from cnnbook import retrain
    from cnnbook.data.folder import printable

    unreadable = 0
    for image in retrain.predict(chosen.model, chosen.images):
        print(printable(str(image.path)))
        if image.unreadable:
            unreadable += 1
            print(f"  cannot be read: {printable(image.unreadable)}")
        for label, score in image.scores.items():
            print(f"  {printable(label)} (score = {score:.5f})")
    if unreadable:
        raise ValueError(f"{unreadable} of {len(chosen.images)} images could not be read")


def _write(path: Path | None, record: dict) -> None:
    if path is not None:
        from cnnbook import runs

        runs.save(path, record)
        print(f"record in {path}")


def _reproduce(chosen: argparse.Namespace) -> None:
    from cnnbook.train import longruns

    known = longruns.plans()
    if chosen.list:
        width = max(map(len, known))
        for name, plan in known.items():
            print(f"{name:{width}}  {plan.about}; {plan.seeds} seeds, {plan.recipe.epochs} epochs")
        return
    if chosen.name not in known:
        nearest = get_close_matches(chosen.name or "", known, n=1, cutoff=0)[0]
        chosen.error(f"NAME must be one of {', '.join(known)}; nearest: {nearest}")
    output = chosen.output or Path("results", f"{chosen.name}.json")
    record = longruns.reproduce(chosen.name, output, chosen.quiet)
    print(*longruns.told(record), sep="\n")
    print(f"{output}, {record['minutes']} minutes")


if __name__ == "__main__":
    sys.exit(main())
