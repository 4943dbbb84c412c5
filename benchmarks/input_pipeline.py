"""Images per second into a training: the common pipeline beside this course's, in one run on the same 50,000 images.

    CNNBOOK_DATA=/where/cifar10/is python benchmarks/input_pipeline.py --repeats 3

Both crop to 32 × 32 at a random place with a border of 4, flip, and normalise, shuffled, in batches of 128. The common
one is torchvision's per-image transforms on PIL images in a DataLoader with two workers; a second one has
torchvision's transforms v2 on tensors. Ours is `cnnbook.data.batches` on two threads. Without CIFAR-10 the images are
drawn shapes. The record is results/input_pipeline.json.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms import v2
from torchvision.transforms.functional import to_pil_image

from cnnbook import data, runs, train

BATCH, WORKERS = 128, 2


class Pictures(Dataset):
    """Images in memory, changed one by one."""

    def __init__(self, images: list, labels: torch.Tensor, change: Callable) -> None:
        self.images, self.labels, self.change = images, labels, change

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.change(self.images[index]), int(self.labels[index])


def common_loader(images: data.ImageSet) -> DataLoader:
    """torchvision's transforms on each PIL image, in a DataLoader with two workers: what many tutorials do."""
    change = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(*normal(images)),
        ]
    )
    return loader([to_pil_image(image) for image in images.images], images.labels, change)


def tensor_loader(images: data.ImageSet) -> DataLoader:
    """The same with torchvision's transforms v2 on tensors."""
    change = v2.Compose(
        [
            v2.RandomCrop(32, padding=4),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(*normal(images)),
        ]
    )
    return loader(list(images.images), images.labels, change)


def loader(pictures: list, labels: torch.Tensor, change: Callable) -> DataLoader:
    pictures = Pictures(pictures, labels, change)
    return DataLoader(pictures, BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True)


def normal(images: data.ImageSet) -> tuple[list[float], list[float]]:
    mean, std = train.statistics(images)
    return mean.tolist(), std.tolist()


def pipelines(images: data.ImageSet) -> dict[str, Callable[[int], Iterable]]:
    """By name, what gives the batches of an epoch."""
    mean, std = train.statistics(images)
    common, tensors = common_loader(images), tensor_loader(images)
    moves = [data.crop(padding=4, mode="zeros"), data.flip()]
    return {
        "torchvision, PIL": lambda epoch: common,
        "torchvision v2, tensors": lambda epoch: tensors,
        "cnnbook": lambda epoch: data.batches(images, BATCH, epoch=epoch, augment=moves, mean=mean, std=std),
    }


def images_per_second(epoch: Iterable) -> float:
    started, count = time.perf_counter(), 0
    for x, _ in epoch:
        count += len(x)
    return count / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="epochs of each, in turn; the median counts")
    parser.add_argument("--output", type=Path, default=Path("results/input_pipeline.json"))
    chosen = parser.parse_args()
    torch.set_num_threads(2)
    try:
        images = data.load("cifar10", "train")
    except FileNotFoundError as error:
        print(error)
        images = data.load("shapes", "train", count=50_000)
    found: dict[str, list[float]] = {}
    ways = pipelines(images)
    for epoch in range(chosen.repeats):
        for name, batches in ways.items():
            found.setdefault(name, []).append(round(images_per_second(batches(epoch))))
            print(f"{name}: {found[name][-1]:,} images/s", flush=True)
    median = {name: statistics.median(rates) for name, rates in found.items()}
    ratio = {name: round(median["cnnbook"] / rate, 1) for name, rate in median.items() if name != "cnnbook"}
    record = {"name": "input_pipeline", "about": "Images per second of input pipelines", "images": images.name}
    record |= runs.context() | {"batch_size": BATCH, "workers": WORKERS, "rates": found}
    runs.save(chosen.output, record | {"median": median, "times_faster": ratio})
    print("; ".join(f"{value} times {name}" for name, value in ratio.items()))


if __name__ == "__main__":
    main()
