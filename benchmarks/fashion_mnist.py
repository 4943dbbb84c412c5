"""The networks of the course on Fashion-MNIST, beside what Dive into Deep Learning prints for its own.

    CNNBOOK_DATA=/where/fashion_mnist/is python benchmarks/fashion_mnist.py --seeds 3

The networks are small ones of each paper's kind, with stems and widths for grey images of 28 or 32 pixels. The table
below says how they depart from the paper, and the record counts their parameters and multiply-adds. A training has at
most ten epochs; the 10,000 test images are looked at once, after the last, one view of each. What could be chosen
(widths, learning rates, augmentation) was chosen on 6,000 of the training images (--validate does that again). The
record, results/fashion_mnist.json, keeps what other networks have; an interrupted run goes on with the next seed.
"""

import argparse
import json
import statistics
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnnbook import data, look, models, runs, train
from cnnbook.models.alexnet import TowerNorm
from cnnbook.models.densenet import DenseNet
from cnnbook.models.googlenet import GoogLeNet
from cnnbook.models.nin import mlpconv
from cnnbook.models.resnet_cifar import ResNetCifar

BOOK = "Zhang, Lipton, Li, Smola: Dive into Deep Learning, validation accuracy after 10 epochs"
MOVES = {"flip": data.flip(), "crop, padding 2": data.crop(padding=2, mode="zeros")}


def alexnet() -> nn.Module:
    """Two towers, as in the paper; a 5 × 5 stem of stride 1, a third of the channels, dense layers of 512."""
    return nn.Sequential(
        nn.Conv2d(1, 32, kernel_size=5, padding=2),  # (N, 32, 28, 28)
        nn.ReLU(),
        TowerNorm(),
        nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 32, 13, 13)
        nn.Conv2d(32, 96, kernel_size=5, padding=2, groups=2),
        nn.ReLU(),
        TowerNorm(),
        nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 96, 6, 6)
        nn.Conv2d(96, 128, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(128, 128, kernel_size=3, padding=1, groups=2),
        nn.ReLU(),
        nn.Conv2d(128, 96, kernel_size=3, padding=1, groups=2),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 96, 2, 2)
        nn.Flatten(),
        nn.Linear(96 * 2 * 2, 512),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(512, 10),
    )


def vgg11() -> nn.Module:
    """The eight convolutions of configuration A at a quarter of the width, without batch norm, and one dense layer
    instead of three; images of 32 pixels."""
    layers: list[nn.Module] = []
    channels = 1
    for entry in (16, "M", 32, "M", 64, 64, "M", 128, 128, "M", 128, 128, "M"):
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, entry, kernel_size=3, padding=1), nn.ReLU()]
            channels = entry
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128, 10))  # the last map is (N, 128, 1, 1)


def nin() -> nn.Module:
    """Three mlpconv layers and global average pooling, narrower than the paper's network for CIFAR-10."""
    return nn.Sequential(
        OrderedDict(
            mlpconv1=mlpconv(1, 48, 48, 48, kernel_size=5, padding=2),  # (N, 48, 28, 28)
            pool1=nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),  # (N, 48, 14, 14)
            mlpconv2=mlpconv(48, 64, 64, 64, kernel_size=5, padding=2),  # (N, 64, 14, 14)
            pool2=nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),  # (N, 64, 7, 7)
            mlpconv3=mlpconv(64, 96, 96, 10, kernel_size=3, padding=1),  # (N, 10, 7, 7)
            average=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
        )
    )


def by_adam(lr: float = 2e-3) -> dict[str, Any]:
    return {"optimizer": "adam", "lr": lr, "schedule": "onecycle", "batch_size": 128}


def by_muon(lr: float = 0.24) -> dict[str, Any]:
    return {"optimizer": "muon", "lr": lr, "schedule": "linear", "batch_size": 250, "label_smoothing": 0.1}


@dataclass(frozen=True)
class Network:
    """How a network is built, what the other book prints, what is wanted of ours, and how ours is trained."""

    build: Callable[[], nn.Module]
    theirs: float
    goal: float
    recipe: dict[str, Any]
    size: int = 28
    epochs: int = 10
    moves: tuple[str, ...] = tuple(MOVES)


NETWORKS = {
    "softmax regression": Network(
        lambda: models.baselines.softmax_regression(size=28), 0.835, 0.83, by_adam(1e-3), moves=()
    ),
    "LeNet": Network(
        lambda: models.create("lenet5", num_classes=10, in_channels=1, activation=nn.ReLU, pool=nn.MaxPool2d),
        0.728, 0.89, by_adam(4e-3), size=32,
    ),
    "AlexNet": Network(alexnet, 0.830, 0.91, by_adam(1e-3)),
    "VGG": Network(vgg11, 0.896, 0.91, by_adam(), size=32),
    "NiN": Network(nin, 0.865, 0.91, by_adam()),
    "GoogLeNet": Network(  # the stem for 32 pixels, a quarter of the channels, batch norm, no dropout
        lambda: GoogLeNet(num_classes=10, in_channels=1, cifar=True, batch_norm=True, width=0.25, dropout=0.0),
        0.802, 0.92, by_muon(),
    ),
    # ResNet-14, one of the paper's family for CIFAR-10 with two blocks a stage
    "ResNet": Network(lambda: ResNetCifar(num_classes=10, in_channels=1, blocks=2), 0.903, 0.92, by_muon()),
    "DenseNet": Network(  # DenseNet-BC of the paper's stem for CIFAR-10, 40 layers, k = 12
        lambda: DenseNet(num_classes=10, in_channels=1, blocks=(6, 6, 6), growth_rate=12, cifar=True),
        0.893, 0.92, by_muon(),
    ),
}  # fmt: skip


def one(network: Network, seed: int, train_set: data.ImageSet, test_set: data.ImageSet, quiet: bool) -> dict[str, Any]:
    """One training from one seed."""
    torch.manual_seed(seed)
    model = network.build()
    history = train.fit(
        model, train_set, epochs=network.epochs, seed=seed, precision="auto", quiet=quiet,
        augment=[MOVES[name] for name in network.moves], **network.recipe,
    )  # fmt: skip
    return {
        "seed": seed,
        "test_accuracy": train.evaluate(model, test_set, like=history).accuracy,
        "train_accuracy": round(float(history.table.train_accuracy.iloc[-1]), 5),
        "minutes": round(float(history.table.seconds.sum()) / 60, 3),
    }


def described(name: str) -> dict[str, Any]:
    """What of a network and its training belongs into the record."""
    network = NETWORKS[name]
    model = network.build()
    trace = look.trace(model, (1, network.size, network.size))
    layers = f"{zlib.crc32(str(model).encode()):08x}"  # tells another network of the same size
    return json.loads(json.dumps({
        "layers": layers, "size": network.size, "epochs": network.epochs, "recipe": network.recipe,
        "moves": network.moves, "parameters": int(trace.parameters.sum()),
        "multiply_adds": int(trace.multiply_adds.sum()), "theirs": network.theirs, "goal": network.goal,
    }))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"default: all of {', '.join(NETWORKS)}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--validate", action="store_true", help="test on 6,000 training images; nothing is recorded")
    parser.add_argument("--output", type=Path, default=Path("results/fashion_mnist.json"))
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    chosen = parser.parse_args()
    if unknown := set(chosen.networks) - set(NETWORKS):
        parser.error(f"no network called {', '.join(unknown)}; known: {', '.join(NETWORKS)}")
    record = runs.read(chosen.output) or {"name": "fashion_mnist", "about": "Fashion-MNIST in at most ten epochs"}
    record |= {"theirs": BOOK} | runs.context()
    kept = record.setdefault("networks", {})
    for name in chosen.networks or NETWORKS:
        network, what = NETWORKS[name], described(name)
        train_set, test_set = (data.load("fashion_mnist", split, size=network.size) for split in ("train", "test"))
        if chosen.validate:
            train_set, test_set = train_set.split(0.9, seed=0)
        same = all(kept.get(name, {}).get(key) == value for key, value in what.items())  # else of an older recipe
        done = kept[name]["runs"] if same else []
        for seed in range(chosen.seeds):
            if not chosen.validate and any(run["seed"] == seed for run in done):
                continue
            run = one(network, seed, train_set, test_set, chosen.quiet)
            told = f"{run['test_accuracy']:.4f} ({run['train_accuracy']:.4f} in training)"
            print(f"{name}, seed {seed}: {told}, {what['multiply_adds'] / 1e6:.1f} M multiply-adds, "
                  f"{run['minutes']:.2f} minutes", flush=True)  # fmt: skip
            if chosen.validate:
                continue
            done.append(run | {"context": runs.context()})
            accuracies = [each["test_accuracy"] for each in done]
            kept[name] = what | {
                "test_accuracy": round(statistics.mean(accuracies), 5),
                "std": round(statistics.stdev(accuracies), 5) if len(done) > 1 else 0.0,
                "minutes": round(statistics.mean(each["minutes"] for each in done), 2),
                "runs": done,
            }
            runs.save(chosen.output, record)
    if chosen.validate:
        return
    for name, result in kept.items():
        print(f"{name}: {result['test_accuracy']:.4f} ± {result['std']:.4f}, {len(result['runs'])} seeds, goal "
              f"{result['goal']}, the other book {result['theirs']}")  # fmt: skip


if __name__ == "__main__":
    main()
