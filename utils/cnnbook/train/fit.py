"""Training a classifier: `fit` makes everything ready, runs the loop epoch by epoch, and keeps the history."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from cnnbook.data import ImageSet
from cnnbook.data.augment import Augment
from cnnbook.names import choice
from cnnbook.train import checkpoint as stored
from cnnbook.train import optimizers
from cnnbook.train.devices import Precision, Processes
from cnnbook.train.evaluate import as_it_was
from cnnbook.train.history import History, Inputs, statistics
from cnnbook.train.loop import Loop, frozen
from cnnbook.train.optimizers import Average
from cnnbook.train.progress import Bar
from cnnbook.train.schedules import SCHEDULES, Clock, Schedule


@dataclass(frozen=True)
class Progress:
    """What a callback sees after each epoch: its number from 1, the network (with `ema` as it is being trained, not the
    average), and the epoch's row of the history."""

    epoch: int
    model: nn.Module
    row: dict[str, float]


Callback = Callable[[Progress], bool | None]


def fit(
    model: nn.Module,
    train: ImageSet,
    test: ImageSet | None = None,
    *,
    epochs: int | None = None,
    minutes: float | None = None,
    batch_size: int = 64,
    lr: float | None = None,
    optimizer: str | optimizers.Make = "adam",
    schedule: str | Schedule = "constant",
    weight_decay: float = 0.0,
    decay_all: bool = False,
    label_smoothing: float = 0.0,
    clip: float | None = None,
    augment: Augment | Sequence[Augment] | None = None,
    normalize: str = "channel",
    ema: float | None = None,
    precision: str = "fp32",
    checkpoint: str | Path | None = None,
    patience: int | None = None,
    seed: int = 0,
    callbacks: Callback | Iterable[Callback] = (),
    quiet: bool = False,
) -> History:
    """Train a classifier in place with cross-entropy, for a number of epochs or of minutes, and return its history.

    How long: `epochs`, or `minutes` of wall-clock time, testing included; the schedule runs over either. `patience`
    stops after so many epochs without a smaller loss on `test` (then give a validation set as `test`); the network
    keeps the weights of the last epoch, not of the best.
    What is learned: `optimizer` is "sgd" (momentum 0.9), "nesterov", "adam", "adamw", "muon", or a function of
    (model, lr) that makes one. `lr` is its largest learning rate; None is 0.05 for sgd and nesterov, 0.001 for adam and
    adamw, 0.24 for muon, and a function's own default. `schedule` says what share of it is used when: "constant",
    "linear", "cosine", "onecycle", "triangle", "step", "exponential", "staircase" (see `schedules`), or a function of
    the time 0..1. `weight_decay` spares biases and norms unless `decay_all`; `clip` is the largest norm of the
    gradient; with `ema` the network ends with the moving average of its weights. Layers that are in evaluation mode, in
    a network that is not as a whole, stay in it: this is how batch norm's statistics are frozen.
    What it sees: `augment` is one augmentation of cnnbook.data or a list. `normalize` is "channel" (by the
    training set's mean and deviation), "image" (each image by its own) or "none".
    How it runs: on the GPU where there is one, on several processes under `accelerate launch` or `notebook_launcher`,
    `batch_size` being that of all together. `precision` is "fp32", "bf16" or "auto", which is bf16 where the hardware
    has it, and faster there. The default is fp32: the chapters' figures were measured with it, and it is everywhere.
    `seed` fixes batches, augmentation and dropout: on one thread the same seed gives the same weights. `checkpoint` is
    a folder where the training is kept after each epoch: the same call goes on from there, and ends with the same
    weights. Callbacks, one or several, are called after each epoch, in the main process; one that returns True ends the
    training; with `ema` they see the weights that are being trained, not the average.
    Raises Diverged where the loss becomes NaN or infinite, ValueError where an argument cannot be used or a checkpoint
    belongs to another training, TypeError where `model` is no network or a set no ImageSet.
    """
    arguments = dict(locals())
    callbacks = (callbacks,) if callable(callbacks) else tuple(callbacks)
    processes = Processes()
    _check_sets(model, train, test, batch_size, processes.count)
    _check_numbers(lr, weight_decay, label_smoothing, clip, patience, seed, test)
    test_costs = len(test) / len(train) / 3 * (1 if ema is None else 2) if test is not None else 0.0  # epochs, a guess
    clock = Clock(epochs, minutes, ceil(len(train) / batch_size), test_costs)
    course = schedule if callable(schedule) else choice(SCHEDULES, "schedule", schedule)
    number = Precision(precision, processes.device, processes.precision)
    inputs = Inputs(normalize, *statistics(train), processes.device)
    bar = Bar(epochs * len(train) if epochs else None, quiet or not processes.main)
    gpus = [processes.device] if processes.device.type == "cuda" else []
    with as_it_was(model, number), torch.random.fork_rng(gpus), bar:
        stepper = optimizers.make(optimizer, model, lr, weight_decay, decay_all)
        network = processes.join(model)  # which has the main process's weights from here on
        average = None if ema is None else Average(model, ema)
        loop = Loop(
            model=model, network=network, optimizer=stepper, average=average, schedule=course, clock=clock,
            number=number, inputs=inputs, processes=processes, bar=bar, batch_size=batch_size,
            classes=1 + max(int(part.labels.max()) for part in (train, test) if part is not None),
            label_smoothing=label_smoothing, clip=clip, kept=checkpoint is not None,
        )  # fmt: skip
        rows, done = [], False
        if checkpoint is not None:
            processes.wait()  # for the main process, which may be writing still
            plan = stored.fingerprint(**{name: value for name, value in arguments.items() if name not in NOT_IN_PLAN})
            if kept := stored.resume(Path(checkpoint), plan, model, stepper, average):
                rows, done = kept["rows"], kept["done"]
                clock.go_on(kept["elapsed"])
                bar.begin(len(rows) * len(train))
        while not done:
            started = time.perf_counter()
            row = loop.epoch(len(rows) + 1, train, seed, augment)
            seconds = time.perf_counter() - started
            processes.alike([*model.buffers(), *(average.buffers(model) if average else ())])
            if test is not None:
                row |= loop.test(test)
                clock.tested(time.perf_counter() - started - seconds)
            rows.append(row | {"seconds": seconds})
            loop.show(row)
            asked = [call(Progress(len(rows), model, rows[-1])) for call in (callbacks if processes.main else ())]
            stop = any(answer is True for answer in asked) or _run_dry(rows, patience) or clock.over(len(rows))
            done = bool(processes.agreed(stop))
            if checkpoint is not None and processes.main:
                stored.keep(Path(checkpoint), plan, model, stepper, average, rows, done=done, elapsed=clock.elapsed())
        if average is not None:
            model.load_state_dict(average.state)
    return History(pd.DataFrame(rows), inputs.mean, inputs.std, normalize)


NOT_IN_PLAN = ("checkpoint", "callbacks", "quiet")


def _check_sets(model: nn.Module, train: ImageSet, test: ImageSet | None, batch_size: int, processes: int) -> None:
    if not isinstance(model, nn.Module):
        got = f"the class {model.__name__}: call it" if isinstance(model, type) else type(model).__name__
        raise TypeError(f"fit trains a network, a torch.nn.Module; got {got}.")
    for what, images in (("train", train), ("test", test)):
        if not isinstance(images, ImageSet) and (images is not None or what == "train"):
            way_out = "data.load gives one, data.ImageSet(images, labels, classes) makes one of tensors"
            raise TypeError(f"{what} must be an ImageSet, got {type(images).__name__}; {way_out}.")
    if batch_size < processes:
        why = f", one image for each of the {processes} processes" if processes > 1 else ""
        raise ValueError(f"batch_size must be {processes} or more{why}; got {batch_size}.")
    if len(train) < processes:
        why = f"at least {processes} images, one a process," if processes > 1 else "at least 1 image"
        raise ValueError(f"fit needs {why} to train on; got {len(train)}.")
    if test is not None and not len(test):
        raise ValueError("the test set has no images; leave it out, or give one that has.")
    if test is not None and test.images.shape[1] != train.images.shape[1]:
        channels = f"{train.images.shape[1]} channels, those of the test set {test.images.shape[1]}"
        raise ValueError(f"the training images have {channels}: both must have as many.")
    _check_batch_norm(model, len(train), batch_size, processes)


def _check_batch_norm(model: nn.Module, images: int, batch_size: int, processes: int) -> None:
    """Batch norm of vectors takes the deviation over the images of a batch alone: one is too few."""

    def last(size: int) -> int:
        return images % size or size

    trained = set(model.modules()) - set(frozen(model))
    few = last(batch_size)
    if few >= 2 * processes or not any(isinstance(layer, nn.BatchNorm1d) for layer in trained):
        return
    larger = [size for size in range(batch_size + 1, images + 1) if last(size) >= 2 * processes][:1]
    ways_out = [f"batch_size={size}" for size in larger]
    ways_out += [f"train[:{images - few}]"] if few < images and batch_size >= 2 * processes else []
    raise ValueError(
        f"the last batch would have {few} image{'s' * (few > 1)}, and batch norm needs 2 a process. "
        f"Use {' or '.join(ways_out) or 'more images'}."
    )


def _check_numbers(
    lr: float | None, weight_decay: float, label_smoothing: float, clip: float | None, patience: int | None, seed: int,
    test: ImageSet | None,
) -> None:  # fmt: skip
    for name, value, fits, expected in (
        ("lr", lr, lr is None or 0 < lr < inf, "above 0"),
        ("weight_decay", weight_decay, 0 <= weight_decay < inf, "0 or more, for example 5e-4"),
        ("label_smoothing", label_smoothing, 0 <= label_smoothing < 1, "0 or more and below 1, for example 0.1"),
        ("clip", clip, clip is None or clip > 0, "above 0, the largest norm of the gradient"),
        ("seed", seed, 0 <= seed < 2**31 and seed == int(seed), "a whole number, 0 to 2**31 - 1"),
    ):
        if not fits:
            raise ValueError(f"{name} must be {expected}; got {value}.")
    if patience is not None and (patience < 1 or test is None):
        raise ValueError("patience is a number of epochs, 1 or more, and needs a set to test on.")


def _run_dry(rows: list[dict[str, float]], patience: int | None) -> bool:
    """Whether the last `patience` epochs brought no smaller loss on the test set."""
    if patience is None or len(rows) <= patience:
        return False
    losses = [row["test_loss"] for row in rows]
    return not min(losses[-patience:]) < min(losses[:-patience])
