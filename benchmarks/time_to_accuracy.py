"""How long a network takes to a given test accuracy on CIFAR-10, on the machine that runs this.

    CNNBOOK_DATA=/where/cifar10/is python benchmarks/time_to_accuracy.py "cifar_fast 90 %" --seeds 3

A training has a fixed number of epochs; the accuracy is that of its last epoch on the 10,000 test images, one view of
each. Its minutes run from the training images in memory to the trained weights: whitening and augmentation included,
testing left out; beside them stands the share of the machine that other processes took meanwhile. Where that is much,
accuracy and time are measured apart: `--epoch-seconds 3` times three epochs of a target on an otherwise idle machine,
and its minutes are their median times the number of epochs. Recipes were chosen on 5,000 of the training images
(--validate does that again). The record, results/time_to_accuracy.json, keeps what other targets have; every run in it
says its own recipe, command, commit and machine. An interrupted run goes on with the next seed.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import nn

from cnnbook import data, models, runs, train


@dataclass(frozen=True)
class Target:
    """A network, the accuracy that it is to reach, and the recipe."""

    network: str
    goal: float
    epochs: int
    batch_size: int
    options: dict[str, Any]
    recipe: Callable[[data.ImageSet | None], dict[str, Any]]  # what `fit` gets besides


def fast(images: data.ImageSet | None) -> dict[str, Any]:
    """Muon for the filters, SGD for the rest; every image flipped in every other epoch and moved by up to 2 pixels."""
    return {
        "optimizer": train.optimizers.muon,
        "lr": 0.24,
        "schedule": train.schedules.linear,
        "label_smoothing": 0.2,
        "augment": [data.flip(alternate=True), data.crop(padding=2, mode="reflect")],
    }


def lecture(images: data.ImageSet | None) -> dict[str, Any]:
    """The lecture's distortions, 24-pixel crops and per-image normalisation; a one-cycle schedule instead of steps."""
    return {
        "optimizer": "sgd",
        "lr": 0.05,
        "schedule": "onecycle",
        "weight_decay": 5e-4,
        "normalize": "image",
        "ema": 0.99,
        "augment": [data.flip(alternate=True), data.crop(size=24)],
    }


def residual(images: data.ImageSet | None) -> dict[str, Any]:
    """Muon for the filters, SGD for the rest; every image flipped in every other epoch and moved by up to 4 pixels."""
    return fast(images) | {"augment": [data.flip(alternate=True), data.crop(padding=4, mode="reflect")]}


def common(images: data.ImageSet | None) -> dict[str, Any]:
    """He et al.'s augmentation (a border of 4 zeros, flips by chance) and decay; SGD 0.1, momentum 0.9, cosine."""
    return {
        "optimizer": "sgd",
        "lr": 0.1,
        "schedule": "cosine",
        "weight_decay": 1e-4,
        "decay_all": True,
        "augment": [data.crop(padding=4, mode="zeros"), data.flip(alternate=False)],
    }


SMALL, LARGE = {"widths": (32, 96, 128)}, {"widths": (64, 256, 256)}
TARGETS = {
    "cifar_cnn 86.6 %": Target("cifar_cnn", 0.866, 80, 128, {}, lecture),
    "cifar_fast 86.6 %": Target("cifar_fast", 0.866, 4, 500, SMALL, fast),
    "cifar_fast 90 %": Target("cifar_fast", 0.90, 4, 500, LARGE, fast),
    "cifar_fast 94 %": Target("cifar_fast", 0.94, 40, 2000, LARGE, fast),
    "resnet20 85 %": Target("resnet20", 0.85, 8, 250, {}, residual),
    "resnet20 85 %, common recipe": Target("resnet20", 0.85, 12, 128, {}, common),
}


def one(target: Target, seed: int, train_set: data.ImageSet, test_set: data.ImageSet, quiet: bool) -> dict[str, Any]:
    """One training from one seed."""
    torch.manual_seed(seed)
    before, started = busy(), time.perf_counter()
    model = prepared(target, train_set)
    if target.network == "cifar_cnn":
        test_set = test_set.centre(24)
    setting_up = time.perf_counter() - started
    history = train.fit(
        model, train_set, test_set, epochs=target.epochs, batch_size=target.batch_size, seed=seed, precision="auto",
        quiet=quiet, **target.recipe(train_set),
    )  # fmt: skip
    elapsed = time.perf_counter() - started
    everyone, us = (after - was for after, was in zip(busy(), before, strict=True))
    result = train.evaluate(model, test_set, like=history)
    mirrored = train.evaluate(model, test_set, like=history, views=data.flips)
    return {
        "network": target.network,
        "seed": seed,
        "epochs": target.epochs,
        "test_accuracy": result.accuracy,
        "with_mirror_image": mirrored.accuracy,
        "minutes": round((setting_up + history.table.seconds.sum()) / 60, 3),
        "taken_by_others": round(max(everyone - us, 0) / elapsed / psutil.cpu_count(), 3),
        "curve": {column: [round(float(value), 5) for value in history.table[column]] for column in history.table},
    }


def prepared(target: Target, train_set: data.ImageSet) -> nn.Module:
    """The target's network, new; its first layer whitens where it has one that does."""
    model = models.create(target.network, num_classes=10, **target.options)
    models.prepare(model, train_set.images, *train.statistics(train_set))
    return model


def busy() -> tuple[float, float]:
    """Seconds of processor time since the start: of the whole machine, and of this process."""
    everyone, us = psutil.cpu_times(), psutil.Process().cpu_times()
    return everyone.user + everyone.nice + everyone.system, us.user + us.system


def multiply_adds_rate(seconds: float = 3.0) -> dict[str, float]:
    """What the machine can do: GFLOP/s of a 4096 × 4096 matrix product, two operations a multiply-add."""
    rates = {}
    for name, dtype in {"float32": torch.float32, "bfloat16": torch.bfloat16}.items():
        a = torch.randn(4096, 4096).to(dtype)
        a @ a
        count, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            a @ a
            count += 1
        rates[name] = round(2 * 4096**3 * count / elapsed / 1e9, 1)
    return rates


def operations(target: Target) -> float:
    """Floating-point operations to train on one image: forward, and twice that backward (convolutions and linears)."""
    model = models.create(target.network, num_classes=10, **target.options)
    total = 0

    def count(layer: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal total
        total += 2 * output[0].numel() * layer.weight[0].numel()

    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(count)
    model.eval()(torch.zeros(1, *models.facts(target.network)["input_size"]))
    return 3 * total


def epoch_seconds(target: Target, train_set: data.ImageSet, count: int) -> list[float]:
    """Seconds of each of `count` epochs of a target's training, testing left out."""
    model = prepared(target, train_set)
    history = train.fit(model, train_set, epochs=count, batch_size=target.batch_size, precision="auto", quiet=True,
                        **target.recipe(train_set))  # fmt: skip
    return [round(seconds, 2) for seconds in history.table.seconds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = ", ".join(TARGETS).replace("%", "%%")  # argparse formats its help with %
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"default: all of {known}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--validate", action="store_true", help="test on 5,000 training images; nothing is recorded")
    parser.add_argument("--epoch-seconds", type=int, metavar="N", help="time N epochs of each target; train no further")
    parser.add_argument("--output", type=Path, default=Path("results/time_to_accuracy.json"))
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    chosen = parser.parse_args()
    if unknown := set(chosen.targets) - set(TARGETS):
        parser.error(f"no target called {', '.join(unknown)}; known: {', '.join(TARGETS)}")
    train_set, test_set = data.load("cifar10", "train"), data.load("cifar10", "test")
    if chosen.validate:
        train_set, test_set = train_set.split(0.9, seed=0)
    context = runs.context() | {"achievable_gflops": multiply_adds_rate()}
    record = runs.read(chosen.output) or {"name": "time_to_accuracy", "about": "Minutes to an accuracy on CIFAR-10"}
    record = record | context | {"epoch_seconds": record.get("epoch_seconds", {})}
    record["runs"] = [run for run in record.get("runs", []) if present(run)]  # those of an older recipe do not count
    for name in chosen.targets or TARGETS:
        target = TARGETS[name]
        if chosen.epoch_seconds:
            timed = {"seconds": epoch_seconds(target, train_set, chosen.epoch_seconds)}
            record["epoch_seconds"][name] = timed | {"recipe": described(target), "context": context}
            print(f"{name}: {', '.join(map(str, timed['seconds']))} seconds an epoch")
            continue
        for seed in range(chosen.seeds):
            if not chosen.validate and any(run["seed"] == seed for run in done(record, name)):
                continue
            run = {"target": name} | one(target, seed, train_set, test_set, chosen.quiet)
            run["gflops"] = round(operations(target) * target.epochs * len(train_set) / run["minutes"] / 60e9, 1)
            print(
                f"{name}, seed {seed}: {run['test_accuracy']:.4f} ({run['with_mirror_image']:.4f} with the mirror "
                f"image) after {target.epochs} epochs, {run['minutes']:.2f} minutes, {run['gflops']:.0f} GFLOP/s"
            )
            if not chosen.validate:
                record["runs"].append(run | {"recipe": described(target), "context": context})
                runs.save(chosen.output, record)
    if chosen.validate:
        return
    record["summary"] = {name: summary(record, name) for name in TARGETS if done(record, name)}
    runs.save(chosen.output, record)
    for name, result in record["summary"].items():
        print(f"{name}: {result['test_accuracy']:.4f} ± {result['std']:.4f} in {result['minutes']:.2f} minutes, "
              f"{result['seeds']} seeds, goal {TARGETS[name].goal}")  # fmt: skip


def described(target: Target) -> dict[str, Any]:
    """The recipe in words and numbers that JSON can hold, as they come back from it; its text says how it augments."""
    settings = {name: getattr(value, "__name__", value) for name, value in target.recipe(None).items()
                if name != "augment"}  # fmt: skip
    return json.loads(json.dumps(asdict(target) | {"recipe": target.recipe.__doc__, "settings": settings}))


def present(run: dict[str, Any]) -> bool:
    """Whether a run was made by its target's present recipe."""
    return run["target"] in TARGETS and run["recipe"] == described(TARGETS[run["target"]])


def done(record: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The runs of a target."""
    return [run for run in record["runs"] if run["target"] == name]


def summary(record: dict[str, Any], name: str) -> dict[str, float]:
    """Over the seeds of a target. Its minutes are those of undisturbed epochs, where they were timed."""
    of_target = done(record, name)
    accuracies = [run["test_accuracy"] for run in of_target]
    minutes = statistics.mean(run["minutes"] for run in of_target)
    timed = record["epoch_seconds"].get(name, {})
    if timed.get("recipe") == described(TARGETS[name]):
        minutes = statistics.median(timed["seconds"]) * TARGETS[name].epochs / 60
    return {
        "test_accuracy": round(statistics.mean(accuracies), 5),
        "std": round(statistics.stdev(accuracies), 5) if len(accuracies) > 1 else 0.0,
        "minutes": round(minutes, 3),
        "seeds": len(of_target),
    }


if __name__ == "__main__":
    main()
