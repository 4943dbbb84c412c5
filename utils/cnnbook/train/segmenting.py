"""The long runs of chapter 14, networks that name every pixel of crowded scenes: `cnnbook reproduce NAME`.

Scenes of 128 pixels with 3 to 8 objects of 12 to 48, all dials at 0.5, and scenes held out. The last epoch counts. The
recipes were set beforehand; the test scenes are looked at by the finished network alone.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import nn

from cnnbook import data, runs
from cnnbook.data import cache
from cnnbook.models.fcn import FCN
from cnnbook.models.unet import UNet
from cnnbook.train import checkpoint, dense
from cnnbook.train.experiments import all_runs, finished, mean_and_spread, writable

CLASSES = 11  # the background and ten
BAND = 2  # pixels on each side of a boundary


@dataclass(frozen=True)
class Recipe:
    """What `fit_pixels` is told, and on how many scenes."""

    epochs: int
    images: int
    tested: int = 500
    lr: float = 3e-3
    batch_size: int = 8
    ground: float = 0.5  # how much a pixel of the background counts


@dataclass(frozen=True)
class Segmenting:
    """A network for scores (N, 11, 128, 128), trained once for each seed."""

    about: str
    chosen: str
    network: str
    build: Callable[[], nn.Module]
    recipe: Recipe
    seeds: int = 1


def fcn8s() -> nn.Module:
    """A narrow FCN-8s that sees the scene twice as large: its finest map has a place every 4 pixels of the scene.

    One every 8 would be too coarse for objects of 12 pixels: even the best scores there, found with the labels known
    as in chapter 14 and enlarged, have 0.85 mean IoU on 24 of the test scenes; one every 4 has 0.97.
    """
    narrow = FCN(CLASSES, stride=8, widths=(16, 32, 64, 128, 128), depths=(1, 2, 2, 2, 2), dense=256, kernel=3,
                 dropout=0.1, batch_norm=True)  # fmt: skip
    return nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), narrow, nn.AvgPool2d(2))


def unet() -> nn.Module:
    """A narrow U-Net with padding and batch norm."""
    return UNet(CLASSES, 3, widths=(16, 32, 64, 128, 256), batch_norm=True, dropout=0.1)


SEGMENTERS: dict[str, Segmenting] = {
    "fcn8s_scenes": Segmenting(
        about="A narrow FCN-8s on crowded scenes of 128 pixels, enlarged twice",
        chosen="set beforehand and not compared, the same as for unet_scenes",
        network="fcn8s",
        build=fcn8s,
        recipe=Recipe(epochs=20, images=5000),
    ),
    "unet_scenes": Segmenting(
        about="A narrow U-Net on crowded scenes of 128 pixels",
        chosen="set beforehand and not compared, the same as for fcn8s_scenes",
        network="unet",
        build=unet,
        recipe=Recipe(epochs=20, images=5000),
    ),
}


def reproduce(name: str, output: Path, quiet: bool = False) -> dict[str, Any]:
    """Run it and write its record; interrupted, it goes on with the next epoch. Returns the record.

    A run's "test_accuracy" is that of the pixels; "mean_iou" and "iou" by class, "boundary_mean_iou" of the pixels
    within 2 of another class.
    """
    plan_ = SEGMENTERS[name]
    writable(output)
    plan = {"data": "scenes", "size": 128, "network": plan_.network, "recipe": asdict(plan_.recipe)}
    record = {"name": name, "about": plan_.about, "chosen": plan_.chosen, **plan, "seeds": plan_.seeds}
    train_set = data.load("scenes", "train", crowded=True, count=plan_.recipe.images)
    test_set = data.load("scenes", "test", crowded=True, count=plan_.recipe.tested)
    record |= runs.context() | {"images": {"train": len(train_set), "test": len(test_set)}}
    record["classes"] = ["background", *test_set.classes]

    def run(job: dict[str, Any]) -> dict[str, Any]:
        return train_once(name, plan_, job["seed"], train_set, test_set, quiet)

    jobs = [{"network": plan_.network, "seed": seed} for seed in range(plan_.seeds)]
    record["runs"] = all_runs(name, record, plan, jobs, run)
    found = mean_and_spread([run["test_accuracy"] for run in record["runs"]])
    for what in ("mean_iou", "boundary_mean_iou"):
        found[what] = round(mean(run[what] for run in record["runs"]), 6)
    record["summary"] = {plan_.network: found}
    return finished(name, record, output)


def train_once(
    name: str, plan: Segmenting, seed: int, train_set: data.ImageSet, test_set: data.ImageSet, quiet: bool = False
) -> dict[str, Any]:
    """One training from one seed, its curve, and what the network says of the test scenes at its end."""
    recipe, folder = plan.recipe, cache.folder() / f"{name}-{seed}"
    torch.manual_seed(seed)
    model = plan.build().to(memory_format=torch.channels_last)  # faster on a CPU
    started = time.perf_counter()
    table = dense.fit_pixels(
        model, train_set.images, dense.pixel_labels(train_set), epochs=recipe.epochs, batch_size=recipe.batch_size,
        lr=recipe.lr, weights=torch.tensor([recipe.ground] + [1.0] * (CLASSES - 1)), seed=seed, checkpoint=folder,
        quiet=quiet,
    )  # fmt: skip
    labels = dense.pixel_labels(test_set)
    said = dense.predict_pixels(model, test_set.images)
    whole = dense.score_pixels(said, labels, CLASSES)
    edge = dense.score_pixels(said, labels, CLASSES, dense.boundary(labels, BAND))
    minutes = max(time.perf_counter() - started, table.seconds.sum()) / 60  # what was done before an interruption, too
    checkpoint.remove(folder)
    return {
        "network": plan.network,
        "seed": seed,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "test_accuracy": round(whole.accuracy, 6),
        "mean_iou": round(whole.mean_iou, 6),
        "boundary_mean_iou": round(edge.mean_iou, 6),
        "iou": [round(value, 5) if isfinite(value) else None for value in whole.iou.tolist()],
        "minutes": round(minutes, 3),
        "curve": {column: [round(value, 5) for value in table[column].tolist()] for column in table},
    }
