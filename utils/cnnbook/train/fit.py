"""The training loop: batches in, gradient step, one line of the history an epoch."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from cnnbook.data import ImageSet, batches
from cnnbook.data.batches import Augment
from cnnbook.train.evaluate import evaluate, on_device
from cnnbook.train.progress import bar
from cnnbook.train.schedules import SCHEDULES, named

OPTIMIZERS: dict[str, tuple[Callable[..., Optimizer], float]] = {  # with the learning rate where none is given
    "adam": (Adam, 1e-3),
    "adamw": (AdamW, 1e-3),
    "sgd": (lambda parameters, lr: SGD(parameters, lr, momentum=0.9), 0.05),
}


class Diverged(ArithmeticError):
    """The loss became infinite or NaN; the message says where, and what to try."""


@dataclass(frozen=True, eq=False)
class History:
    """What happened: `table`, one row an epoch, and the `mean` and `std` (C,) that pixels were normalised with.

    Columns: epoch from 1, loss and train_accuracy (running means over the epoch's batches, as they were trained on),
    test_accuracy (after the epoch; only where a test set was given), seconds (of the epoch, testing left out).
    Accuracies are fractions in 0..1.
    """

    table: pd.DataFrame
    mean: Tensor
    std: Tensor


def fit(
    model: nn.Module,
    train: ImageSet,
    test: ImageSet | None = None,
    *,
    epochs: int,
    batch_size: int = 64,
    lr: float | None = None,
    optimizer: str | Callable[..., Optimizer] = "adam",
    schedule: str = "constant",
    augment: Augment | None = None,
    seed: int = 0,
    quiet: bool = False,
) -> History:
    """Train a classifier in place with cross-entropy, for a fixed number of epochs, and return its history.

    Pixels are normalised with the training set's mean and standard deviation. `optimizer` is "adam", "adamw", "sgd"
    (momentum 0.9) or a function of (parameters, lr); `lr` is its largest learning rate, `schedule` ("constant",
    "cosine", "onecycle") its course over the training. `seed` fixes batches, augmentation and dropout: on one thread
    the same seed gives the same weights. Raises Diverged where the loss becomes NaN or infinite, ValueError where an
    argument cannot be used.
    """
    if epochs < 1 or not len(train):
        raise ValueError(f"fit needs at least 1 epoch and 1 image, got {epochs} epochs and {len(train)} images.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more, got {batch_size}.")
    accelerator = Accelerator()
    mean, std = statistics(train)
    rows = []
    steps = math.ceil(len(train) / batch_size)
    was_training = model.training
    with (
        on_device(model, accelerator.device),
        torch.random.fork_rng(),
        bar(epochs * steps, quiet) as progress,
    ):
        torch.manual_seed(seed)
        stepper = _optimizer(optimizer, model, lr)
        course = named(SCHEDULES, "schedule", schedule)
        scheduler = LambdaLR(stepper, lambda step: course((step + 1) / (epochs * steps + 1)))
        network, stepper, scheduler = accelerator.prepare(model, stepper, scheduler)
        for epoch in range(1, epochs + 1):
            started = time.perf_counter()
            network.train()
            losses, right = 0.0, 0
            passes = batches(train, batch_size, seed=100_003 * seed + epoch, augment=augment, mean=mean, std=std)
            for batch, (x, labels) in enumerate(passes, start=1):
                x, labels = x.to(accelerator.device), labels.to(accelerator.device)
                logits = network(x)  # (B, K)
                loss = cross_entropy(logits, labels)
                value = loss.item()
                if not math.isfinite(value):
                    raise Diverged(_advice(value, epoch, batch, scheduler.get_last_lr()[0]))
                stepper.zero_grad()
                accelerator.backward(loss)
                stepper.step()
                scheduler.step()
                losses += value * len(labels)
                right += int((logits.argmax(dim=1) == labels).sum())
                progress.update()
            row = {"epoch": epoch, "loss": losses / len(train), "train_accuracy": right / len(train)}
            seconds = time.perf_counter() - started
            if test is not None:
                row["test_accuracy"] = evaluate(model, test, mean=mean, std=std).accuracy
            rows.append({**row, "seconds": seconds})
            shown = {name: f"{value:.4g}" for name, value in row.items() if name != "epoch"}
            progress.set_postfix(epoch=f"{epoch}/{epochs}", **shown)
        model.train(was_training)
    return History(pd.DataFrame(rows), mean, std)


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


def _optimizer(optimizer: str | Callable[..., Optimizer], model: nn.Module, lr: float | None) -> Optimizer:
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not parameters:
        raise ValueError("the network has no parameters to train.")
    if callable(optimizer):
        return optimizer(parameters) if lr is None else optimizer(parameters, lr)
    make, usual = named(OPTIMIZERS, "optimizer", optimizer)
    return make(parameters, lr=usual if lr is None else lr)


def _advice(loss: float, epoch: int, batch: int, lr: float) -> str:
    return (
        f"the loss is {loss} in epoch {epoch}, batch {batch}, at learning rate {lr:.3g}. "
        f"Try a smaller one, lr={lr / 10:.1g} for example, and look for a division by zero or a log of zero."
    )
