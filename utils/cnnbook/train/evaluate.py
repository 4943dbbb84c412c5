"""How good a network is on images that it did not train on."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import log

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from cnnbook.data import ImageSet, standardize
from cnnbook.data.views import Views
from cnnbook.train.devices import Precision, accelerator
from cnnbook.train.history import History, Inputs


@dataclass(frozen=True, eq=False)
class Evaluation:
    """`loss` (mean cross-entropy), `accuracy` and `top5` in 0..1, `logits` float (N, K), `predictions` int64 (N,), and
    `confusion` int64 (K, K): rows are the true classes, columns the predicted ones. `per_class` has one row a class:
    its images, how many are right, its accuracy (recall), and of those called so the share that is (precision).
    Tensors are on the CPU. With several views, or an ensemble, the logits are the logarithms of mean probabilities."""

    loss: float
    accuracy: float
    top5: float
    logits: Tensor
    predictions: Tensor
    confusion: Tensor
    per_class: pd.DataFrame

    def __repr__(self) -> str:
        return f"Evaluation(loss {self.loss:.4f}, accuracy {self.accuracy:.4f}, {len(self.predictions):,} images)"


def evaluate(
    model: nn.Module,
    imageset: ImageSet,
    *,
    mean: Tensor | float | None = None,
    std: Tensor | float | None = None,
    normalize: str = "channel",
    like: History | None = None,
    views: Views | None = None,
    batch_size: int = 500,
    precision: str = "fp32",
) -> Evaluation:
    """Run the network over the set in evaluation mode, its pixels normalised as in its training.

    How they were, it must be told: `like` is the history that `fit` gave; or `mean` and `std`, of each channel or of
    all, of pixels in 0..1; or `normalize="image"`, every image (with `views` every view) by its own mean and deviation;
    or `normalize="none"`. `views` (`data.flips`, `data.ten_crop(size)`, `data.multi_scale()`, …), a function of images
    (B, C, H, W) → (B, V, C, h, w), or a list of such tensors, shows several views of each image, and their
    probabilities are averaged. So are those of several networks if the model is a `models.Ensemble`. The network is as
    before afterwards. Raises ValueError for an empty set or an argument that cannot be used.
    """
    if not len(imageset):
        raise ValueError("there is nothing to evaluate: the set has no images.")
    if like is not None:
        if mean is not None or std is not None or normalize != "channel":
            raise ValueError("like= says how pixels are normalised: leave out mean=, std= and normalize=.")
        mean, std, normalize = like.mean, like.std, like.normalize
    elif normalize == "channel" and (mean is None or std is None):
        raise ValueError(
            "evaluate must know how the network's pixels were normalised: like=history (what fit gave), mean= and "
            "std=, or normalize='image' or 'none'."
        )
    device = accelerator().device
    if views is not None and normalize == "image":
        views, normalize = _by_themselves(views), "none"
    batches = Inputs(normalize, mean, std, device).batches(imageset, batch_size, shuffle=False)
    number = Precision(precision, device)
    with as_it_was(model, number):
        logits = [found.cpu() for found, _ in answers(model, batches, number, views)]
    return score(torch.cat(logits), imageset)


def _seen(views: Views, images: Tensor) -> list[Tensor]:
    """The views of one size after those of another: a list of (B, V, C, h, w), of one where all have the same size."""
    made = views(images)
    seen = [made] if isinstance(made, Tensor) else list(made)
    if not seen:
        raise ValueError("views must make one view or more of each image, (B, V, C, h, w); got an empty list.")
    for each in seen:
        if each.ndim != 5 or len(each) != len(images) or not each.shape[1]:
            raise ValueError(
                f"views must make (B, V, C, h, w), V views of each image, of images (B, C, H, W); got "
                f"{tuple(each.shape)} of {tuple(images.shape)}."
            )
    return seen


def _by_themselves(views: Views) -> Views:
    """The views, each normalised by its own pixels, as the crops of the training were."""
    normalized = standardize()
    return lambda images: [
        torch.stack([normalized(view, None) for view in each.unbind(1)], dim=1) for each in _seen(views, images)
    ]


def answers(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], number: Precision, views: Views | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits float32 (B, K) and labels (B,) of each batch, in evaluation mode, without gradients."""
    model.eval()

    @torch.no_grad()
    def ask(x: Tensor) -> Tensor:
        with number.cast():
            return model(number.lay(x)).float()

    for x, labels in batches:
        if views is None:
            yield ask(x), labels
            continue
        of_one = _seen(views, x[:1])
        count = sum(each.shape[1] for each in of_one)  # views of an image
        pixels = sum(each.numel() for each in of_one) / x[0].numel()  # theirs, in images
        few = max(1, int(len(x) / max(count, pixels)))  # so many images at once that their views are one batch
        for some, theirs in zip(x.split(few), labels.split(few), strict=True):
            logits = [ask(each.flatten(0, 1)).unflatten(0, each.shape[:2]) for each in _seen(views, some)]  # (B, V, K)
            several = torch.cat(logits, dim=1).log_softmax(dim=2)
            yield several.logsumexp(dim=1) - log(count), theirs  # of the mean probability, without underflow


def score(logits: Tensor, imageset: ImageSet) -> Evaluation:
    """What logits (N, K) are worth on the labels of a set of N images."""
    from torchmetrics.functional.classification import multiclass_confusion_matrix  # slow to import

    labels, classes = imageset.labels, len(imageset.classes)
    enough_logits(logits, int(labels.max()) + 1)
    count = max(logits.shape[1], classes)
    predictions = logits.argmax(dim=1)  # (N,)
    best = logits.topk(min(5, logits.shape[1]), dim=1).indices  # (N, 5)
    confusion = multiclass_confusion_matrix(predictions, labels, num_classes=count)
    right, images, called = confusion.diagonal(), confusion.sum(dim=1), confusion.sum(dim=0)
    per_class = pd.DataFrame(
        {
            "class": [*imageset.classes, *(str(number) for number in range(classes, count))],
            "images": images.tolist(),
            "right": right.tolist(),
            "accuracy": (right / images).tolist(),
            "precision": (right / called).tolist(),
        }
    )
    return Evaluation(
        loss=cross_entropy(logits, labels).item(),
        accuracy=int(right.sum()) / len(labels),
        top5=int((best == labels[:, None]).sum()) / len(labels),
        logits=logits,
        predictions=predictions,
        confusion=confusion,
        per_class=per_class,
    )


def enough_logits(logits: Tensor, classes: int) -> None:
    """Raises ValueError unless these are (B, K) logits for at least so many classes."""
    if logits.ndim != 2 or logits.shape[1] < classes:
        raise ValueError(
            f"the network gives {tuple(logits.shape)}; expected one logit for each image and class, (images, {classes})"
            f" or more, since the largest label is {classes - 1}. Make it with num_classes={classes}."
        )


@contextmanager
def as_it_was(model: nn.Module, number: Precision) -> Iterator[None]:
    """The network ready to compute within the block; after it where and as it was, each layer in its own mode."""
    first = next(model.parameters(), None)
    before = first.device if first is not None else number.device
    modes = [(layer, layer.training) for layer in model.modules()]
    filters = [tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.ndim == 4]
    changes = number.half and not all(each.is_contiguous(memory_format=torch.channels_last) for each in filters)
    number.lay(model.to(number.device))
    try:
        yield
    finally:
        model.to(before, memory_format=torch.contiguous_format if changes else torch.preserve_format)
        for layer, training in modes:
            layer.training = training
