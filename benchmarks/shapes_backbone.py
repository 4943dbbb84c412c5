"""The weights that detectors begin with: `models.rcnn.ShapeClassifier` trained on shapes, all five dials at 0.5.

    OMP_NUM_THREADS=1 python benchmarks/shapes_backbone.py --output shapes_backbone.safetensors

It takes about 10 minutes of one CPU core. The file in utils/cnnbook/weights was made by it: accuracy 0.736 on the 2,000
test shapes, after the last of the epochs, seed 0. Nothing was chosen by the test shapes; scenes were not looked at.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file

from cnnbook import data, models, train

DIALS = dict.fromkeys(("illumination", "deformation", "occlusion", "clutter", "variation"), 0.5)


def trained(count: int, epochs: int, quiet: bool = False) -> tuple[models.rcnn.ShapeClassifier, train.History]:
    """The classifier trained on `count` shapes, and its history."""
    shapes = data.load("shapes", "train", count=count, **DIALS)
    test = data.load("shapes", "test", count=2000, **DIALS)
    torch.manual_seed(0)
    network = models.rcnn.ShapeClassifier()
    history = train.fit(
        network, shapes, test, epochs=epochs, batch_size=64, lr=4e-3, weight_decay=1e-2, optimizer="adamw",
        schedule="onecycle", augment=[data.flip(), data.shift(3)], normalize="none", quiet=quiet,
    )  # fmt: skip
    return network, history


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the backbone of the detectors on shapes.")
    parser.add_argument("--count", type=int, default=50_000, help="shapes to train on")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--output", type=Path, default=Path(models.rcnn.WEIGHTS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    network, history = trained(chosen.count, chosen.epochs)
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, chosen.output)
    print(f"{chosen.output}: accuracy {history.table.test_accuracy.iloc[-1]:.4f} on the test shapes")


if __name__ == "__main__":
    main()
