"""What a network is fed: pixels normalised by the training set's statistics, or each image by its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cnnbook.data import ImageSet, batches, standardize
from cnnbook.data.augment import Augment

NORMALIZE = ("channel", "image", "none")


def statistics(imageset: ImageSet) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, (C,) each, of pixels in 0..1; exact, whatever the number."""
    channels = imageset.images.shape[1]
    values = torch.arange(256, dtype=torch.float64)
    counts = torch.stack(
        [torch.bincount(imageset.images[:, channel].flatten(), minlength=256) for channel in range(channels)]
    ).double()  # (C, 256)
    share = counts / counts.sum(dim=1, keepdim=True)
    mean = share @ values  # (C,)
    std = ((share * (values - mean[:, None]) ** 2).sum(dim=1)).sqrt()  # (C,)
    std = torch.where(std > 0, std, torch.ones_like(std))  # a channel of one value stays as it is
    return (mean / 255).float(), (std / 255).float()


@dataclass(frozen=True)
class Inputs:
    """How pixels become inputs: "channel" subtracts `mean` and divides by `std`, one number for all or one a channel;
    "image" takes each image's own mean and deviation; "none" leaves them in 0..1."""

    normalize: str
    mean: Tensor | float | None
    std: Tensor | float | None
    device: torch.device

    def __post_init__(self) -> None:
        if self.normalize not in NORMALIZE:
            raise ValueError(f"normalize must be one of {', '.join(NORMALIZE)}; got {self.normalize!r}.")

    def batches(
        self, images: ImageSet, batch_size: int, *, augment: Augment | Sequence[Augment] | None = None, **options: Any
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """`data.batches` with these inputs."""
        changes = [augment] if callable(augment) else list(augment or [])
        if self.normalize == "channel":
            options |= {"mean": self.mean, "std": self.std}
        elif self.normalize == "image":
            changes.append(standardize())
        return batches(images, batch_size, augment=changes, device=self.device, **options)
