"""A study: a table of trainings that differ in a few factors, each from several seeds, and what its record says.

The studies themselves are in `studies` and `architectures`. The test images are looked at only by the finished recipe;
the accuracy that counts is the last epoch's.
"""

import copy
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise, product
from math import ceil, isfinite
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import Tensor, nn

from cnnbook import data, runs
from cnnbook.train.evaluate import evaluate
from cnnbook.train.experiments import all_runs, finished, mean_and_spread, writable
from cnnbook.train.fit import Progress, fit
from cnnbook.train.history import Inputs
from cnnbook.train.loop import Diverged

Cell = dict[str, str | float]  # one value of each factor


@dataclass(frozen=True)
class Recipe:
    """What `fit` is told where a cell does not say otherwise; on how many training images, the same share of a class.

    With `crop` the network sees a window of so many pixels: in training at a random place (in the middle, without
    `moves`), in the test in the middle.
    """

    epochs: int
    lr: float = 1e-3
    optimizer: str = "adam"
    schedule: str = "onecycle"
    batch_size: int = 100
    flip: bool = False
    shift: int = 0  # pixels
    images: int = 10_000
    precision: str = "auto"
    crop: int | None = None  # pixels
    moves: bool = True  # without it no augmentation at all
    normalize: str = "channel"
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Study:
    """A network for every cell, trained with one recipe, once for each seed. A factor whose name the recipe has, such
    as "lr", changes the recipe; the others go to `build`.

    With `curve` a run keeps its curve, epoch by epoch: the training's loss and accuracy, and the accuracy on so many
    test images. With `goal` a training ends with the first epoch whose training accuracy is at least this, and the
    run says after how many epochs and steps it was. `measure` gives more numbers about a trained network, from itself
    and 200 test images, float (N, C, H, W), normalised; and, as "…_at_start", the same about the network before its
    training.
    """

    about: str
    chosen: str  # how the recipe was chosen, without the test images
    recipe: Recipe
    cells: tuple[Cell, ...]
    build: Callable[..., nn.Module]
    seeds: int = 3
    data: str = "cifar10"
    size: int = 16
    once: tuple[Cell, ...] = ()  # cells that are trained from the first seed only
    curve: int | None = None  # test images; None keeps no curve
    goal: float | None = None  # training accuracy
    measure: Callable[[nn.Module, Tensor], dict[str, float]] | None = None


def table(**factors: tuple) -> tuple[Cell, ...]:
    """A cell for every combination of the factors' values."""
    return tuple(dict(zip(factors, values, strict=True)) for values in product(*factors.values()))


def reproduce(name: str, study: Study, output: Path, quiet: bool = False) -> dict[str, Any]:
    """Run a study and write its record under this name; interrupted, it goes on with the next training. Returns the
    record."""
    writable(output)
    plan = {"data": study.data, "size": study.size, "recipe": asdict(study.recipe)}
    plan |= {"goal": study.goal} if study.goal else {}
    record = {"name": name, "about": study.about, "chosen": study.chosen, **plan, "seeds": study.seeds}
    record |= {"once": list(study.once)} if study.once else {}
    plan |= {"cells": list(study.cells), "curve": study.curve}
    plan |= {"measure": study.measure.__name__} if study.measure else {}
    train_set = subset(data.load(study.data, "train", study.size), study.recipe.images)
    test_set = data.load(study.data, "test", study.size)
    record |= runs.context() | {"images": {"train": len(train_set), "test": len(test_set)}}

    def run(job: dict[str, Any]) -> dict[str, Any]:
        cell = {factor: value for factor, value in job.items() if factor != "seed"}
        return train_once(cell, job["seed"], study, train_set, test_set, quiet)

    jobs = [
        {**cell, "seed": seed}
        for seed in range(study.seeds)
        for cell in study.cells
        if seed == 0 or cell not in study.once
    ]
    record["runs"] = all_runs(name, record, plan, jobs, run)
    record["summary"] = [cell | summary(record["runs"], cell) for cell in study.cells]
    return finished(name, record, output)


def subset(images: data.ImageSet, count: int) -> data.ImageSet:
    """About `count` images, the same share of every class, always the same; all where there are no more."""
    return images if count >= len(images) else images.split(count / len(images), seed=0)[0]


def train_once(
    cell: Cell, seed: int, study: Study, train_set: data.ImageSet, test_set: data.ImageSet, quiet: bool = False
) -> dict[str, Any]:
    """One training; the accuracies are those of the trained network in eval mode, on the middle of each image.

    A training whose loss becomes NaN or infinite has diverged, and its network knows as much as chance.
    """
    started = time.perf_counter()
    torch.manual_seed(seed)
    of_recipe = {field.name for field in fields(Recipe)} & set(cell)
    recipe = replace(study.recipe, **{factor: cell[factor] for factor in of_recipe})
    factors = {factor: value for factor, value in cell.items() if factor not in of_recipe}
    middle_train, middle_test = train_set, test_set
    if recipe.crop:
        middle_train, middle_test = train_set.centre(recipe.crop), test_set.centre(recipe.crop)
    shape = middle_train.images.shape
    model = study.build(**factors, in_channels=shape[1], size=shape[2], num_classes=len(train_set.classes))
    chance = 1 / len(train_set.classes)
    found: dict[str, Any] = {"test_accuracy": chance, "train_accuracy": chance, "diverged": True}
    augment = [data.shift(recipe.shift)] * (recipe.shift > 0) + [data.flip()] * recipe.flip
    augment += [data.crop(size=recipe.crop)] if recipe.crop else []
    asked = subset(middle_test, study.curve or len(middle_test))
    rows: list[dict[str, float]] = []
    fresh = copy.deepcopy(model) if study.measure else None

    def seen(progress: Progress) -> bool:
        rows.append(progress.row)
        return study.goal is not None and progress.row["train_accuracy"] >= study.goal

    with suppress(Diverged):
        history = fit(
            model, train_set if recipe.moves else middle_train, test=asked if study.curve else None,
            epochs=recipe.epochs, batch_size=recipe.batch_size, lr=recipe.lr, optimizer=recipe.optimizer,
            schedule=recipe.schedule, weight_decay=recipe.weight_decay, normalize=recipe.normalize,
            augment=augment if recipe.moves else None, precision=recipe.precision, seed=seed, callbacks=seen,
            quiet=quiet,
        )  # fmt: skip
        test, train = (evaluate(model, images, like=history, precision=recipe.precision)
                       for images in (middle_test, middle_train))  # fmt: skip
        if isfinite(train.loss):  # the last step of all may have been the one that was too large
            found = {"test_accuracy": test.accuracy, "train_accuracy": train.accuracy, "diverged": False}
            inputs = Inputs(history.normalize, history.mean, history.std, torch.device("cpu"))
            if study.measure:
                images, _ = next(inputs.batches(asked, 200, shuffle=False))
                more = study.measure(model, images)
                more |= {f"{what}_at_start": value for what, value in study.measure(fresh, images).items()}
                found |= {what: value if isfinite(value) else None for what, value in more.items()}
    if study.goal:
        epochs = epochs_to(study.goal, [row["train_accuracy"] for row in rows])
        steps = None if epochs is None else round(epochs * ceil(len(train_set) / recipe.batch_size))
        found |= {"epochs_to_goal": epochs, "steps_to_goal": steps}
    if study.curve:
        found["parameters"] = sum(parameter.numel() for parameter in model.parameters())
        found["curve"] = curve(rows)
    minutes = round((time.perf_counter() - started) / 60, 3)
    return {**cell, "seed": seed, **found, "minutes": minutes}


def curve(rows: list[dict[str, float]]) -> dict[str, list[float | None]]:
    """The columns of a training's epochs, rounded, None for what is not finite; the epoch in which it diverged is not
    among them."""
    return {
        column: [round(row[column], 5) if isfinite(row[column]) else None for row in rows]
        for column in (rows[0] if rows else ())
    }


def epochs_to(goal: float, accuracies: list[float]) -> float | None:
    """When the accuracies of epochs 1, 2, … first reach the goal, in epochs; None where they do not.

    An epoch's accuracy is the mean over its batches and stands for the middle of the epoch; between two middles it is
    taken to rise straight.
    """
    for epoch, (before, now) in enumerate(pairwise([0.0, *accuracies]), start=1):
        if now >= goal:
            return round(0.5 if epoch == 1 else epoch - 1.5 + (goal - before) / (now - before), 3)
    return None


def summary(done: list[dict[str, Any]], cell: Cell) -> dict[str, Any]:
    """Of a cell's runs: mean and deviation over the seeds of the test accuracy, mean of the training accuracy, and how
    many diverged; and the means of what else the runs have as numbers, None where one of them has none."""
    of_cell = [run for run in done if cell.items() <= run.items()]
    found = mean_and_spread([run["test_accuracy"] for run in of_cell]) | {
        "train_accuracy": round(mean(run["train_accuracy"] for run in of_cell), 6),
        "diverged": sum(run["diverged"] for run in of_cell),
    }
    for key in of_cell[0]:
        if key not in (*cell, *found, "seed", "minutes", "curve"):
            values = [run.get(key) for run in of_cell]
            found[key] = None if None in values else round(mean(values), 6)
    return found


def named(cell: dict[str, Any]) -> str:
    """A cell's factors in words: "lr 0.03, norm bn"; other entries of its summary are left out."""
    factors = list(cell)[: list(cell).index("test_accuracy")] if "test_accuracy" in cell else list(cell)
    return ", ".join(f"{factor} {cell[factor]}" for factor in factors)
