"""ResNet-20 to 85 % on CIFAR-10: this course's recipe beside the common one, seconds per epoch measured in one run.

    CNNBOOK_DATA=/where/cifar10/is python benchmarks/resnet20_recipes.py --repeats 3

The common recipe is what many tutorials do: torchvision's transforms on each PIL image in a DataLoader with two
workers, float32, SGD with a learning rate of 0.1, momentum and a cosine. Epochs of both take turns, so that both meet
the same machine. How many epochs each needs comes from results/time_to_accuracy.json, where the common recipe's images
went through the fast pipeline (the same crops and flips, drawn for whole batches, and bfloat16): the shortest schedule
that reaches 85 %, and beside it the usual one of 200 epochs. The record is results/resnet20_recipes.json.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch
from input_pipeline import common_loader
from time_to_accuracy import TARGETS
from torch.nn.functional import cross_entropy

from cnnbook import data, models, runs, train

OURS, COMMON, USUAL_EPOCHS = "resnet20 85 %", "resnet20 85 %, common recipe", 200


def ours(images: data.ImageSet) -> float:
    """Seconds of one epoch of `fit`, after it has made everything ready."""
    target = TARGETS[OURS]
    history = train.fit(models.create("resnet20", num_classes=10), images, epochs=1, batch_size=target.batch_size,
                        precision="auto", quiet=True, **target.recipe(images))  # fmt: skip
    return float(history.table.seconds.sum())


def common(images: data.ImageSet) -> float:
    """Seconds of one epoch as a tutorial writes it; making the PIL images and the DataLoader is not counted."""
    model = models.create("resnet20", num_classes=10).train()
    loader = common_loader(images)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    started = time.perf_counter()
    for x, labels in loader:
        loss = cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="epochs of each, in turn; the median counts")
    parser.add_argument("--epochs", type=Path, default=Path("results/time_to_accuracy.json"))
    parser.add_argument("--output", type=Path, default=Path("results/resnet20_recipes.json"))
    chosen = parser.parse_args()
    summary = (runs.read(chosen.epochs) or {}).get("summary", {})
    if missing := {OURS, COMMON} - set(summary):
        parser.error(f"{chosen.epochs} lacks {' and '.join(sorted(missing))}: run benchmarks/time_to_accuracy.py first")
    for name in (OURS, COMMON):
        if summary[name]["test_accuracy"] < TARGETS[name].goal:
            parser.error(f"{name} reached {summary[name]['test_accuracy']:.4f} only: a time to 85 % it does not tell")
    images = data.load("cifar10", "train")
    seconds: dict[str, list[float]] = {"ours": [], "common": []}
    for _ in range(chosen.repeats):
        for name, epoch in {"ours": ours, "common": common}.items():
            seconds[name].append(round(epoch(images), 2))
            print(f"{name}: {seconds[name][-1]} s an epoch", flush=True)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    epochs = {"ours": TARGETS[OURS].epochs, "shortest": TARGETS[COMMON].epochs, "usual": USUAL_EPOCHS}
    minutes = {
        "ours": round(epochs["ours"] * median["ours"] / 60, 2),
        "common, shortest schedule": round(epochs["shortest"] * median["common"] / 60, 2),
        "common, usual schedule": round(epochs["usual"] * median["common"] / 60, 2),
    }
    times = {name: round(value / minutes["ours"], 2) for name, value in minutes.items() if name != "ours"}
    record = {"name": "resnet20_recipes", "about": "ResNet-20 to 85 % on CIFAR-10 by two recipes"} | runs.context()
    record |= {"test_accuracy": {"ours": summary[OURS], "common": summary[COMMON]}, "seconds_per_epoch": seconds}
    runs.save(chosen.output, record | {"epochs": epochs, "minutes_to_goal": minutes, "times_sooner": times})
    for name, value in minutes.items():
        print(f"{name}: {value} minutes" + (f", {times[name]} times ours" if name in times else ""))


if __name__ == "__main__":
    main()
