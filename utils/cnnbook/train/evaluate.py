"""How good a network is on images that it did not train on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from cnnbook.data import ImageSet, batches

if TYPE_CHECKING:
    from cnnbook.train.fit import History


@dataclass(frozen=True, eq=False)
class Evaluation:
    """`loss` (mean cross-entropy), `accuracy` in 0..1, `logits` float (N, K), `predictions` int64 (N,), and
    `confusion` int64 (K, K): rows are the true classes, columns the predicted ones. Tensors are on the CPU."""

    loss: float
    accuracy: float
    logits: Tensor
    predictions: Tensor
    confusion: Tensor

    def __repr__(self) -> str:
        return f"Evaluation(loss {self.loss:.4f}, accuracy {self.accuracy:.4f}, {len(self.predictions):,} images)"


def evaluate(
    model: nn.Module,
    imageset: ImageSet,
    *,
    mean: Tensor | float | None = None,
    std: Tensor | float | None = None,
    like: "History | None" = None,
    batch_size: int = 500,
) -> Evaluation:
    """Run the network over the set in evaluation mode, its pixels normalised by `mean` and `std`, or `like` a training.

    The network's mode and device are as before afterwards. Raises ValueError for an empty set.
    """
    if not len(imageset):
        raise ValueError("there is nothing to evaluate: the set has no images.")
    if like is not None:
        mean, std = like.mean, like.std
    device, training = Accelerator().device, model.training
    with on_device(model, device), torch.inference_mode():
        model.eval()
        passes = batches(imageset, batch_size, shuffle=False, mean=mean, std=std)
        logits = torch.cat([model(x.to(device)).float().cpu() for x, _ in passes])  # (N, K)
        model.train(training)
    logits = logits.clone()
    predictions = logits.argmax(dim=1)  # (N,)
    count = max(logits.shape[1], len(imageset.classes))
    confusion = torch.bincount(imageset.labels * count + predictions, minlength=count * count).view(count, count)
    right = int((predictions == imageset.labels).sum())
    loss = cross_entropy(logits, imageset.labels).item()
    return Evaluation(loss, right / len(imageset), logits, predictions, confusion)


@contextmanager
def on_device(model: nn.Module, device: torch.device) -> Iterator[None]:
    """The network on this device within the block, and back where it was after it."""
    first = next(model.parameters(), None)
    before = first.device if first is not None else device
    model.to(device)
    try:
        yield
    finally:
        model.to(before)
