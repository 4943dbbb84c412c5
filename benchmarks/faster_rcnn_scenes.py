"""The long run of chapter 16: a wider Faster R-CNN on crowded scenes, trained from the start, all parts jointly.

    OMP_NUM_THREADS=2 python benchmarks/faster_rcnn_scenes.py

Scenes of 128 pixels with 3 to 8 objects of 12 to 48, all dials at 0.5, and 500 scenes held out. The last epoch counts;
the recipe was set beforehand, and the test scenes are looked at by the finished network alone. Interrupted, the same
command goes on with the next epoch. The goal is 0.80 mAP@0.5. The record is results/faster_rcnn_scenes.json.
"""

import argparse
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from cnnbook import data, models, runs, vision
from cnnbook.data import cache
from cnnbook.models.faster_rcnn import FasterRCNN
from cnnbook.train import checkpoint
from cnnbook.train.detecting import fit_boxes

GOAL = 0.80


@dataclass(frozen=True)
class Recipe:
    """What the network is, and what it is trained on."""

    scenes: int = 5000
    tested: int = 500
    epochs: int = 20
    batch_size: int = 8
    lr: float = 2e-3
    widths: tuple[int, ...] = (32, 64, 96, 96, 96)
    bins: int = 6
    seed: int = 0


def network(recipe: Recipe) -> FasterRCNN:
    torch.manual_seed(recipe.seed)
    backbone = models.rcnn.Backbone(recipe.widths)
    found = FasterRCNN(backbone, bins=recipe.bins, fixed_norm=False, in_training=300)
    return found.to(memory_format=torch.channels_last)  # faster on a CPU


def trained(recipe: Recipe, folder: Path | None = None, quiet: bool = False) -> tuple[FasterRCNN, dict]:
    """The network, and what it says of the test scenes."""
    scenes = data.load("scenes", "train", crowded=True, count=recipe.scenes)
    model, started = network(recipe), time.perf_counter()
    table = fit_boxes(model, scenes, epochs=recipe.epochs, batch_size=recipe.batch_size, lr=recipe.lr,
                      seed=recipe.seed, checkpoint=folder, quiet=quiet)  # fmt: skip
    minutes = max(time.perf_counter() - started, table.seconds.sum()) / 60
    tests = data.load("scenes", "test", crowded=True, count=recipe.tested)
    model.eval()
    proposals = [model.proposals(image[None] / 255, count=300)[0] for image in tests.images]
    found = [model(image[None] / 255, least=0.02)[0] for image in tests.images]
    result = vision.mean_average_precision(found, vision.truth(tests), class_metrics=True)
    counts = (10, 50, 100, 300)
    recalls = vision.recall(proposals, tests.boxes, counts)
    return model, {
        "map_50": round(float(result["map_50"]), 5),
        "map": round(float(result["map"]), 5),
        "map_small": round(float(result["map_small"]), 5),
        "recall": {str(count): round(value, 5) for count, value in zip(counts, recalls, strict=True)},
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "minutes": round(minutes, 2),
        "curve": {column: [round(value, 5) for value in table[column].tolist()] for column in table},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=Recipe.scenes)
    parser.add_argument("--tested", type=int, default=Recipe.tested)
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--output", type=Path, default=Path("results/faster_rcnn_scenes.json"))
    chosen = parser.parse_args()
    recipe = replace(Recipe(), scenes=chosen.scenes, tested=chosen.tested, epochs=chosen.epochs)
    folder = cache.folder() / f"faster_rcnn_scenes-{recipe.scenes}-{recipe.epochs}"
    _, run = trained(recipe, folder)
    record = {"name": "faster_rcnn_scenes", "about": "Faster R-CNN on crowded scenes of 128 pixels", "goal": GOAL}
    record |= {"recipe": asdict(recipe), "seeds": 1, "runs": [{"seed": recipe.seed} | run]} | runs.context()
    runs.save(chosen.output, record)
    checkpoint.remove(folder)
    print(f"{chosen.output}: mAP@0.5 {run['map_50']:.3f}, goal {GOAL}, {run['minutes']:.0f} minutes")


if __name__ == "__main__":
    main()
