"""What a network is fed, pixels normalised by the training set's statistics or each image by its own; and what happened
in its training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch import Tensor

from cnnbook.data import ImageSet, batches, standardize
from cnnbook.data.augment import Augment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


@dataclass(frozen=True, eq=False)
class History:
    """What happened: `table`, one row an epoch, and how pixels were normalised: `mean` and `std` (C,), `normalize`.

    Columns: epoch from 1; loss and train_accuracy (means over the epoch's batches, as they were trained on); lr (of the
    epoch's last step); test_accuracy and test_loss (after the epoch; only where a test set was given; with `ema` those
    of the averaged weights, and test_accuracy_raw that of the others); seconds (of the epoch, testing left out).
    Accuracies are fractions in 0..1.
    """

    table: pd.DataFrame
    mean: Tensor
    std: Tensor
    normalize: str = "channel"

    def plot(self) -> "Figure":
        """The accuracies over the epochs, or the loss where nothing was tested."""
        from cnnbook import look

        if "test_accuracy" not in self.table:
            return look.curves({"training": self.table}, y="loss")
        columns = {"training": "train_accuracy", "test": "test_accuracy", "test, not averaged": "test_accuracy_raw"}
        tables = {
            name: self.table[["epoch", column]].rename(columns={column: "accuracy"})
            for name, column in columns.items()
            if column in self.table
        }
        return look.curves(tables, y="accuracy")
