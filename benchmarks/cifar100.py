"""CIFAR-100 in a budget of minutes: how accurate a network gets in them, on the machine that runs this.

    CNNBOOK_DATA=/where/cifar100/is python benchmarks/cifar100.py "62 % in 30 minutes" --seeds 3
    CNNBOOK_DATA=/where/cifar100/is python benchmarks/cifar100.py "70 % in 2 hours" --seeds 1

A training has a fixed number of epochs; what counts is its last one, on the 10,000 test images, one view of each:
accuracy over the 100 classes (fine) and over the 20 superclasses (coarse: the superclass whose five classes have most
probability together), and how often the right class is among the five most likely. Its minutes run from the training
images in memory to the trained weights: whitening and augmentation included, testing left out. After every epoch a
fifth of the test images draws the curve; nothing is chosen by it. Recipes were chosen on 5,000 of the training images:
`--validate` does that again, with `--epochs` for shorter trials, and records nothing.

The record, results/cifar100.json, keeps what other targets have; every run in it says its own recipe, command, commit,
machine and images. `--lossy` notes that the images were not the authors' pixels but came through a lossy format. An
interrupted training goes on where it was, from a checkpoint in the cache.

"15 minutes on a T4" is a recipe for the GPU that Colab gives, which no one has measured here. A T4 multiplies float32
at up to 8.1 TFLOP/s (NVIDIA's data sheet) and has no bfloat16; at a third of that the recipe takes 13 minutes.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import torch
from time_to_accuracy import Target, busy, described, fast, multiply_adds_rate
from torch.nn.functional import one_hot

from cnnbook import data, look, models, runs, train
from cnnbook.data import cache
from cnnbook.train import checkpoint

SIZE = (3, 32, 32)
EXACT = "CIFAR-100 as its authors publish it"
LOSSY = "CIFAR-100 after one lossy step (WebP, quality 95), training and test images alike"


@dataclass(frozen=True)
class Task(Target):
    """A target with its budget; `measured` is False where it was written for a machine that was not at hand."""

    minutes: float
    measured: bool = True


def small_moves(images: data.ImageSet | None) -> dict[str, Any]:
    """Muon for the filters, SGD for the rest; every image flipped in every other epoch and moved by up to 2 pixels."""
    return fast(images)


def large_moves(images: data.ImageSet | None) -> dict[str, Any]:
    """As the short recipe, but every image is moved by up to 4 pixels and loses a square of 12."""
    moves = [data.flip(alternate=True), data.crop(padding=4, mode="reflect"), data.cutout(12)]
    return fast(images) | {"augment": moves}


# Why batches of 500: after 8 epochs at widths 32, 96, 128 they had 56.0 % of the validation images right, batches of
# 1,000 had 53.3 %, of 2,000 46.0 %. On two idle cores an epoch takes about 1 minute at widths 64, 256, 256, and less
# than 3 at 128, 384, 512.
TASKS = {
    "62 % in 30 minutes": Task("cifar_fast", 0.62, 22, 500, {"widths": (64, 256, 256)}, small_moves, 30),
    "70 % in 2 hours": Task("cifar_fast", 0.70, 32, 500, {"widths": (128, 384, 512)}, large_moves, 120),
    "15 minutes on a T4": Task(
        "cifar_fast", 0.70, 32, 500, {"widths": (96, 320, 384)}, large_moves, 15, measured=False
    ),
}


def one(task: Task, seed: int, train_set: data.ImageSet, test_set: data.ImageSet, quiet: bool, kept: Path | None):
    """One training from one seed, as a dict for the record; `kept` is the folder of its checkpoint."""
    torch.manual_seed(seed)
    before, started = busy(), time.perf_counter()
    model = models.create(task.network, num_classes=len(train_set.classes), **task.options)
    models.prepare(model, train_set.images, *train.statistics(train_set))
    setting_up = time.perf_counter() - started
    history = train.fit(
        model, train_set, test_set[::5], epochs=task.epochs, batch_size=task.batch_size, seed=seed, precision="auto",
        checkpoint=kept, quiet=quiet, **task.recipe(train_set),
    )  # fmt: skip
    elapsed = time.perf_counter() - started
    everyone, us = (after - was for after, was in zip(busy(), before, strict=True))
    minutes = (setting_up + history.table.seconds.sum()) / 60
    costs = look.trace(model, SIZE)
    images = task.epochs * len(train_set)
    result = train.evaluate(model, test_set, like=history, precision="auto")
    mirrored = train.evaluate(model, test_set, like=history, views=data.flips, precision="auto")
    return {
        "network": task.network,
        "parameters": int(costs.parameters.sum()),
        "multiply_adds": int(costs.multiply_adds.sum()),
        "seed": seed,
        "epochs": task.epochs,
        "images_times_multiply_adds": images * int(costs.multiply_adds.sum()),
        **scores(result, test_set),
        "with_mirror_image": mirrored.accuracy,
        "minutes": round(minutes, 3),
        "gflops": round(6 * int(costs.multiply_adds.sum()) * images / minutes / 60e9, 1),  # forward, twice backward
        "taken_by_others": round(max(everyone - us, 0) / elapsed / psutil.cpu_count(), 3),
        "curve": {column: [round(float(value), 5) for value in history.table[column]] for column in history.table},
    }


def scores(result: train.Evaluation, test_set: data.ImageSet) -> dict[str, Any]:
    """Fine, coarse and top-5 accuracy, the superclass of the most likely class beside the most likely superclass, and
    of each superclass its fine accuracy, its coarse accuracy and what else its images are taken for."""
    count = len(test_set.coarse_classes)
    coarse_of_fine = torch.zeros(result.logits.shape[1], dtype=torch.int64)
    coarse_of_fine[test_set.labels] = test_set.coarse_labels
    coarse = (result.logits.softmax(dim=1) @ one_hot(coarse_of_fine, count).float()).argmax(dim=1)
    of_argmax = coarse_of_fine[result.predictions]
    confusion = torch.bincount(test_set.coarse_labels * count + coarse, minlength=count * count).view(count, count)

    def share(right: torch.Tensor) -> float:
        return round(right.double().mean().item(), 5)

    members = [test_set.coarse_labels == superclass for superclass in range(count)]
    return {
        "test_accuracy": share(result.predictions == test_set.labels),
        "coarse_accuracy": share(coarse == test_set.coarse_labels),
        "coarse_accuracy_of_argmax": share(of_argmax == test_set.coarse_labels),
        "top5": round(result.top5, 5),
        "superclasses": list(test_set.coarse_classes),
        "fine_by_superclass": [share((result.predictions == test_set.labels)[some]) for some in members],
        "coarse_by_superclass": [share((coarse == test_set.coarse_labels)[some]) for some in members],
        "coarse_confusion": confusion.tolist(),
    }


@contextmanager
def resumable(name: str, seed: int) -> Iterator[Path]:
    """The folder of a training's checkpoint; gone once the training is over."""
    folder = cache.folder() / "benchmarks" / f"cifar100 {name.replace('%', 'percent')}, seed {seed}"
    yield folder
    checkpoint.remove(folder)


def present(run: dict[str, Any]) -> bool:
    """Whether a run was made by its target's present recipe."""
    return run["target"] in TASKS and run["recipe"] == described(TASKS[run["target"]])


def summary(of_target: list[dict[str, Any]]) -> dict[str, float]:
    """Means over the seeds of a target, and the standard deviation of its accuracy."""
    columns = ("test_accuracy", "coarse_accuracy", "top5", "with_mirror_image", "minutes")
    means = {column: round(statistics.mean(run[column] for run in of_target), 5) for column in columns}
    accuracies = [run["test_accuracy"] for run in of_target]
    spread = round(statistics.stdev(accuracies), 5) if len(accuracies) > 1 else 0.0
    return means | {"std": spread, "seeds": len(of_target)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.description = parser.description.replace("%", "%%")  # argparse formats its help with %
    ours = [name for name, task in TASKS.items() if task.measured]
    known = ", ".join(TASKS).replace("%", "%%")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {known}; default: all but the T4's")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--validate", action="store_true", help="test on 5,000 training images; nothing is recorded")
    parser.add_argument("--epochs", type=int, metavar="N", help="a trial of so many epochs; needs --validate")
    parser.add_argument("--lossy", action="store_true", help="record that the images came through a lossy format")
    parser.add_argument("--output", type=Path, default=Path("results/cifar100.json"))
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    chosen = parser.parse_args()
    if unknown := set(chosen.targets) - set(TASKS):
        parser.error(f"no target called {', '.join(unknown)}; known: {', '.join(TASKS)}")
    if chosen.epochs and not chosen.validate:
        parser.error("--epochs is for trials: use it with --validate")
    train_set, test_set = data.load("cifar100", "train"), data.load("cifar100", "test")
    if chosen.validate:
        train_set, test_set = train_set.split(0.9, seed=0)
    context = runs.context() | {"achievable_gflops": multiply_adds_rate()}
    record = runs.read(chosen.output) or {"name": "cifar100", "about": "Accuracy on CIFAR-100 in a budget of minutes"}
    record = record | context
    record["runs"] = [run for run in record.get("runs", []) if present(run)]  # those of an older recipe do not count
    for name in chosen.targets or ours:
        task = replace(TASKS[name], epochs=chosen.epochs or TASKS[name].epochs)
        for seed in range(chosen.seeds):
            if chosen.validate:
                run = one(task, seed, train_set, test_set, chosen.quiet, None)
            elif any((run["target"], run["seed"]) == (name, seed) for run in record["runs"]):
                continue
            else:
                with resumable(name, seed) as folder:
                    run = {"target": name} | one(task, seed, train_set, test_set, chosen.quiet, folder)
                    run |= {"data": LOSSY if chosen.lossy else EXACT, "recipe": described(task), "context": context}
                    record["runs"].append(run)
                    runs.save(chosen.output, record)
            print(
                f"{name}, seed {seed}: fine {run['test_accuracy']:.4f} ({run['with_mirror_image']:.4f} with the mirror "
                f"image), coarse {run['coarse_accuracy']:.4f}, top-5 {run['top5']:.4f}, {task.epochs} epochs, "
                f"{run['minutes']:.2f} minutes, {run['gflops']:.0f} GFLOP/s",
                flush=True,
            )
    if chosen.validate:
        return
    by_target = {name: [run for run in record["runs"] if run["target"] == name] for name in TASKS}
    record["summary"] = {name: summary(found) for name, found in by_target.items() if found}
    record["data"] = sorted({run["data"] for run in record["runs"]})
    runs.save(chosen.output, record)
    for name, result in record["summary"].items():
        print(
            f"{name}: {result['test_accuracy']:.4f} ± {result['std']:.4f} in {result['minutes']:.2f} minutes, "
            f"{result['seeds']} seeds, goal {TASKS[name].goal} in {TASKS[name].minutes}"
        )


if __name__ == "__main__":
    main()
