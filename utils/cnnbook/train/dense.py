"""A class for every pixel: what to learn, how to train, how to score (chapter 14).

Labels of pixels are uint8 (N, H, W): 0 is the background, 1 + k the class k; 255 is not counted.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, max_pool2d

from cnnbook.data import ImageSet, to_float
from cnnbook.names import choice
from cnnbook.train import checkpoint as stored
from cnnbook.train.loop import Diverged
from cnnbook.train.schedules import SCHEDULES

VOID = 255


def pixel_labels(imageset: ImageSet) -> Tensor:
    """The labels uint8 (N, H, W) of a set with masks and box_labels; where masks overlap, the later one's class counts.

    Raises ValueError for a set without masks, and for more than 254 classes.
    """
    if imageset.masks is None or imageset.box_labels is None:
        raise ValueError(f"{imageset.name} has no masks with labels; scenes have.")
    if len(imageset.classes) >= VOID:
        raise ValueError(f"labels of pixels are bytes, which hold 254 classes; got {len(imageset.classes)}.")
    found = imageset.images.new_zeros(len(imageset), *imageset.images.shape[2:])
    for labels, masks, classes in zip(found, imageset.masks, imageset.box_labels, strict=True):
        for mask, label in zip(masks, classes.tolist(), strict=True):
            labels[mask > 0] = 1 + label
    return found


@dataclass(frozen=True, eq=False)
class PixelScores:
    """`confusion` int64 (K, K) of pixels: rows are the true classes, columns the predicted ones; the other numbers
    follow from it. A class that is neither there nor predicted has no IoU (NaN) and does not count in the mean."""

    confusion: Tensor

    @property
    def iou(self) -> Tensor:
        """Of each class, float64 (K,): the pixels rightly so called / all that are so or are called so."""
        right = self.confusion.diagonal().double()
        return right / (self.confusion.sum(0) + self.confusion.sum(1) - right)

    @property
    def mean_iou(self) -> float:
        return self.iou.nanmean().item()

    @property
    def accuracy(self) -> float:
        """The share of the pixels that are right; NaN where there are none."""
        return (self.confusion.diagonal().sum() / self.confusion.sum()).item()

    @property
    def recall(self) -> Tensor:
        """Of each class, float64 (K,): the share of its pixels that are right. NaN where it has none."""
        return self.confusion.diagonal().double() / self.confusion.sum(1)

    def __repr__(self) -> str:
        return f"PixelScores(mean IoU {self.mean_iou:.4f}, pixel accuracy {self.accuracy:.4f})"


def score_pixels(predicted: Tensor, labels: Tensor, classes: int, where: Tensor | None = None) -> PixelScores:
    """How predicted classes (N, H, W) agree with the labels, 0 to classes - 1; 255 is not counted.

    With `where`, bool (N, H, W), only these pixels count. Raises ValueError for other shapes and for labels or
    predictions that are no class.
    """
    if predicted.shape != labels.shape or (where is not None and where.shape != labels.shape):
        also = "" if where is None else f" and where {tuple(where.shape)}"
        raise ValueError(
            f"predictions, labels and where must have one shape: got {tuple(predicted.shape)}, "
            f"{tuple(labels.shape)}{also}."
        )
    counted = labels != VOID if where is None else (labels != VOID) & where
    predicted, labels = predicted[counted].long(), labels[counted].long()
    for what, values in (("labels", labels), ("predictions", predicted)):
        if values.numel() and not 0 <= int(values.min()) <= int(values.max()) < classes:
            low, high = int(values.min()), int(values.max())
            raise ValueError(f"{what} must be 0 to {classes - 1}, or 255 for labels not counted; got {low} to {high}.")
    if not len(labels):
        return PixelScores(torch.zeros(classes, classes, dtype=torch.int64))
    from torchmetrics.functional.classification import multiclass_confusion_matrix  # slow to import

    return PixelScores(multiclass_confusion_matrix(predicted, labels, classes))


def boundary(labels: Tensor, width: int = 2) -> Tensor:
    """bool (N, H, W): the pixels with a pixel of another class at most `width` rows and `width` columns away.

    Raises ValueError for a width below 1.
    """
    if width < 1:
        raise ValueError(f"width must be 1 pixel or more, got {width}.")
    values = labels.float()[:, None]
    window = {"kernel_size": 2 * width + 1, "stride": 1, "padding": width}
    return (max_pool2d(values, **window) != -max_pool2d(-values, **window))[:, 0]


def predict_pixels(model: nn.Module, images: Tensor, batch_size: int = 50) -> Tensor:
    """uint8 (N, C, H, W) → the class of every pixel, uint8 (N, H, W), in evaluation mode; the model is as before."""
    found, training = [], model.training
    model.eval()
    try:
        with torch.no_grad():
            for some in images.split(batch_size):
                found.append(model(normalised(some)).argmax(1).to(torch.uint8))
    finally:
        model.train(training)
    return torch.cat(found) if found else images.new_zeros(0, *images.shape[2:])


def normalised(images: Tensor) -> Tensor:
    """What a network sees of bytes: float of about mean 0 and deviation 1."""
    return (to_float(images) - 0.5) / 0.25


def fit_pixels(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    epochs: int,
    batch_size: int = 16,
    lr: float = 1e-3,
    schedule: str = "onecycle",
    weight_decay: float = 1e-4,
    flip: bool = True,
    weights: Tensor | None = None,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    quiet: bool = True,
) -> pd.DataFrame:
    """Train in place with the mean cross-entropy of all pixels, by AdamW; one row an epoch: epoch, loss, accuracy of
    the pixels while it trains, seconds.

    images uint8 (N, C, H, W), labels uint8 (N, H, W); the model gives scores (B, K, H, W). With `flip` a coin mirrors
    each image and its labels. `weights` float (K,): how much a pixel of each class counts; all alike without. The same
    seed gives the same weights on one thread. `checkpoint` is a folder where the training is kept after each epoch: the
    same call goes on from there. Raises ValueError for shapes that do not fit
    and for a checkpoint of another training, Diverged where the loss is not finite.
    """
    if images.shape[0] != labels.shape[0] or images.shape[2:] != labels.shape[1:] or not len(images):
        raise ValueError(
            f"images (N, C, H, W) and labels (N, H, W) must fit and not be empty, got {tuple(images.shape)} and "
            f"{tuple(labels.shape)}."
        )
    plan = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "schedule": schedule, "weight_decay": weight_decay,
            "flip": flip, "weights": weights if weights is None else weights.tolist(), "seed": seed,
            "images": list(images.shape), "network": str(model)}  # fmt: skip
    course = choice(SCHEDULES, "schedule", schedule)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    stepper = torch.optim.AdamW(learned, lr=lr, weight_decay=weight_decay)
    folder = Path(checkpoint) if checkpoint else None
    kept = stored.resume(folder, plan, model, stepper, None) if folder else None
    rows = kept["rows"] if kept else []
    steps = -(-len(images) // batch_size)
    model.train()
    for epoch in range(len(rows) + 1, epochs + 1):
        started, total, right, counted = time.perf_counter(), 0.0, 0, 0
        chance = torch.Generator().manual_seed(seed * 1_009 + epoch)
        torch.manual_seed(seed * 1_009 + epoch)  # for dropout
        for nth, some in enumerate(torch.randperm(len(images), generator=chance).split(batch_size)):
            x, y = normalised(images[some]), labels[some].long()  # (B, C, H, W), (B, H, W)
            if flip:
                mirrored = torch.rand(len(some), generator=chance) < 0.5
                x[mirrored], y[mirrored] = x[mirrored].flip(3), y[mirrored].flip(2)
            for group in stepper.param_groups:
                group["lr"] = lr * course((epoch - 1 + (nth + 0.5) / steps) / epochs)
            scores = model(x)  # (B, K, H, W)
            loss = cross_entropy(scores, y, weight=weights, ignore_index=VOID)
            if not loss.isfinite():
                raise Diverged(f"the loss is {loss.item()} in epoch {epoch}. Try a smaller lr than {lr}.")
            stepper.zero_grad()
            loss.backward()
            stepper.step()
            total += loss.item() * len(some)
            right += int((scores.argmax(1) == y).sum())
            counted += int((y != VOID).sum())
        seconds = time.perf_counter() - started
        rows.append({"epoch": epoch, "loss": total / len(images), "accuracy": right / max(counted, 1),
                     "seconds": seconds})  # fmt: skip
        if folder:
            elapsed = sum(row["seconds"] for row in rows)
            stored.keep(folder, plan, model, stepper, None, rows, done=epoch == epochs, elapsed=elapsed)
        if not quiet:
            print(f"epoch {epoch}: loss {rows[-1]['loss']:.4f}, pixel accuracy {rows[-1]['accuracy']:.4f}, "
                  f"{seconds:.0f} s", flush=True)  # fmt: skip
    return pd.DataFrame(rows)
