"""`retrain`: a folder of photos → a network that tells its classes apart, with all that is to be known of it."""

import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from cnnbook import runs, train
from cnnbook.data import ImageSet, folder, to_float
from cnnbook.retrain import head, photos, report, saved
from cnnbook.retrain.backbones import PLAIN, Backbone, Distortions, backbone, features, last_stage, rgb
from cnnbook.retrain.photos import PARTS, Photo

CARD, WRONG = "README.md", "misclassified.html"
EPOCHS, RATE = 5, 1e-4  # of fine-tuning


@dataclass(frozen=True)
class Part:
    """The photos of one part, their labels int64 (N,), and their features (N, F)."""

    photos: list[Photo]
    labels: Tensor
    features: Tensor


def retrain(
    image_dir: str | Path | None,
    output: str | Path,
    name: str | None = None,
    distortions: Distortions = PLAIN,
    fine_tune: bool = False,
    export: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """Train a new last layer on the photos of `image_dir/<class>/`, write the network into the folder `output`, and
    return its facts. Without a folder of photos the demonstration's textures are taken.

    `name` is the backbone's; `distortions` are those of the photos to train on. `fine_tune` trains the backbone's last
    stage further, after the layer on top of it. `export` writes torch.export's program as well.
    Raises FileNotFoundError where photos or weights cannot be had, FileExistsError where `output` holds something,
    ValueError where no classifier can be trained on the photos, and for an unknown backbone.
    """
    root = (photos.textures() if image_dir is None else Path(image_dir).expanduser()).resolve()  # "." has no name
    output = Path(output).expanduser().resolve()
    _check_output(output, root)
    of = backbone(name)
    plain, found, skipped = _read(root, of, quiet)
    classes = photos.classes(found, root)
    photos.check(found, root)
    table = photos.table(found)
    print(table.set_axis(map(folder.printable, table.index)).to_string())

    parts = {part: _part([photo for photo in found if photo.part == part], classes, plain, of) for part in PARTS}
    top = _top(of, parts["train"], classes, distortions, quiet)
    with torch.no_grad():
        logits = {name: top(part.features) for name, part in parts.items()}
    frozen = _told(logits, parts)
    print(frozen)
    if fine_tune:
        network = tuned(of, top, parts["train"], classes, distortions, quiet)
        logits = {name: _logits(network, part.photos, of.side, len(classes)) for name, part in parts.items()}
        print(f"fine-tuned: {_told(logits, parts)}")
    temperature, calibration = head.calibrated(logits["validation"], parts["validation"].labels)
    print(f"scores {calibration}")

    wrong, right = [], dict.fromkeys(classes, 0)
    for name in PARTS[1:]:
        for photo, scores in zip(parts[name].photos, (logits[name] / temperature).softmax(dim=1), strict=True):
            if classes[int(scores.argmax())] != photo.label:
                wrong.append((photo, scores))
            elif name == "test":
                right[photo.label] += 1
    table["right"] = pd.Series(right)
    now = runs.context()
    facts = {
        "backbone": of.name, "weights": of.weights, "side": of.side, "features": of.count, "classes": classes,
        "folder": root.name, "demonstration": image_dir is None, "photos": table.to_dict("index"),
        "skipped": len(skipped), "right": sum(right.values()), "tested": len(parts["test"].photos),
        "calibration": calibration, "temperature": temperature, "frozen": frozen if fine_tune else None,
        "distortions": str(distortions) if distortions else "none",
        "command": command(None if image_dir is None else root, output, of.name, distortions, fine_tune, export),
        "date": now["date"], "versions": now["versions"],
    }  # fmt: skip
    model = saved.Retrained(of.network, top, temperature).eval()
    page = report.misclassified(wrong, classes, of=sum(len(parts[name].photos) for name in PARTS[1:]))
    _write(output, model, facts, page, export)
    print(report.accuracy(facts["right"], facts["tested"]))
    return facts


def tuned(
    of: Backbone, top: nn.Linear, part: Part, classes: Sequence[str], distortions: Distortions, quiet: bool
) -> nn.Sequential:
    """The backbone with the layer on top of it, float (N, 3, side, side) in 0..1 → logits (N, K), its last stage and
    that layer trained further in place. Other layers are frozen, and so are the statistics of batch norm everywhere."""
    images = torch.stack([rgb(photo, distortions.larger(of.side)) for photo in part.photos])
    network = nn.Sequential(of.network, top).requires_grad_(False)
    for parameter in [*last_stage(of), *top.parameters()]:
        parameter.requires_grad_(True)
    network.eval().training = True  # `fit` leaves in evaluation mode what it finds in it
    train.fit(
        network, ImageSet(images, part.labels, tuple(classes)), epochs=EPOCHS, batch_size=16, lr=RATE,
        schedule="onecycle", augment=distortions.changes(of.side) or None, normalize="none", quiet=quiet,
    )  # fmt: skip
    return network.eval()


def command(
    image_dir: Path | None, output: Path, name: str, distortions: Distortions, fine_tune: bool, export: bool
) -> str:
    """The command that does the same again; of folders it has the names alone.

    No option says how many copies: where there are others than a command makes, a comment at the end says so.
    """
    words = ["cnnbook", "retrain", *([] if image_dir is None else _option("--image-dir", image_dir.name))]
    words += [*_option("--output", output.name), "--backbone", name, *distortions.options()]
    line = shlex.join(words + ["--fine-tune"] * fine_tune + ["--export"] * export)
    if not distortions or distortions.copies == Distortions().copies:
        return line
    return f"{line} # with Distortions(copies={distortions.copies}), in Python alone"


def _option(name: str, value: str) -> list[str]:
    """The words of an option; in one word where the value would be taken for another option."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


def _check_output(output: Path, root: Path) -> None:
    if output.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{output} is in the folder of the photos, where it would be taken for a class: name another.")
    if output.is_dir() and (held := sorted(path.name for path in output.iterdir())):
        shown = folder.printable(", ".join(held[:3])) + ", …" * (len(held) > 3)
        raise FileExistsError(f"{output} is not empty (it holds {shown}): name another folder with --output.")
    if output.exists() and not output.is_dir():
        raise FileExistsError(f"{output} is a file: name a folder with --output.")


def _read(root: Path, of: Backbone, quiet: bool) -> tuple[dict[str, Tensor], list[Photo], list[folder.Row]]:
    """The features by digest, the photos that can be read, and what was skipped, which is reported whatever happens."""
    found, skipped = photos.find(root)
    started = time.perf_counter()
    try:
        photos.classes(found, root)  # before the work
        plain, unreadable = features(of, found, quiet=quiet)
        readable = [photo for photo in found if photo.digest in plain]
        gone = {photo.label for photo in found} - {photo.label for photo in readable}
        skipped += unreadable + [(f"{label}/", folder.EMPTY, "") for label in sorted(gone)]
    finally:
        if skipped:
            print(folder.told(pd.DataFrame(skipped, columns=["file", "reason", "details"]), root.name))
    seconds = time.perf_counter() - started
    print(f"{folder.printable(root.name)}: {len(readable):,} photos, {of.count:,} features each ({seconds:.1f} s)")
    return plain, readable, skipped


def _part(chosen: list[Photo], classes: Sequence[str], plain: dict[str, Tensor], of: Backbone) -> Part:
    labels = torch.tensor([classes.index(photo.label) for photo in chosen], dtype=torch.int64)
    return Part(chosen, labels, _stacked(plain, chosen, of))


def _stacked(found: dict[str, Tensor], chosen: Sequence[Photo], of: Backbone) -> Tensor:
    """(N · copies, F), the copies of a photo one after the other."""
    return torch.cat([torch.empty(0, of.count), *(found[photo.digest] for photo in chosen)])


def _top(of: Backbone, part: Part, classes: Sequence[str], distortions: Distortions, quiet: bool) -> nn.Linear:
    """The new last layer, trained on the photos, or on their distorted copies."""
    if not distortions:
        return head.softmax_regression(part.features, part.labels, len(classes))
    changed, _ = features(of, part.photos, distortions, quiet)
    labels = part.labels.repeat_interleave(distortions.copies)
    return head.softmax_regression(_stacked(changed, part.photos, of), labels, len(classes))


def _logits(network: nn.Module, chosen: Sequence[Photo], side: int, classes: int) -> Tensor:
    """(N, classes), one photo at a time."""
    with torch.no_grad():
        each = [network(to_float(rgb(photo, side)[None])) for photo in chosen]
    return torch.cat([torch.empty(0, classes), *each])


def _told(logits: dict[str, Tensor], parts: dict[str, Part]) -> str:
    """The accuracy on each part that has photos."""
    rights = {name: (logits[name].argmax(dim=1) == part.labels) for name, part in parts.items() if part.photos}
    return "accuracy: " + ", ".join(f"{name} {right.double().mean():.3f}" for name, right in rights.items())


def _write(output: Path, model: saved.Retrained, facts: dict[str, Any], page: str, export: bool) -> None:
    """The folder with all that belongs into it, or none: made beside its place, or in it where it is there and empty,
    then moved. (Where it is there it stays: it may be the folder that one is in, or a disk of its own.)"""
    there = output.is_dir()
    (output if there else output.parent).mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=output if there else output.parent, prefix=f".{output.name}-"))
    try:
        saved.save(made, model, facts)
        (made / CARD).write_text(report.card(facts), encoding="utf-8")
        (made / WRONG).write_text(page, encoding="utf-8")
        if export:
            saved.export(made, model, facts["side"])
        os.umask(mask := os.umask(0o077))
        for path in (made, *made.iterdir()):  # as other programs would have made them
            path.chmod((0o777 if path is made else 0o666) & ~mask)
        if not there:
            os.replace(made, output)
            return
        for path in made.iterdir():
            os.replace(path, output / path.name)
        made.rmdir()
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
