"""Training a classifier: `fit` makes everything ready, runs the loop epoch by epoch, and keeps the history."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from cnnbook.data import ImageSet
from cnnbook.data.augment import Augment
from cnnbook.train import checkpoint as stored
from cnnbook.train import optimizers
from cnnbook.train.average import Average
from cnnbook.train.clock import Clock
from cnnbook.train.evaluate import as_it_was
from cnnbook.train.fingerprint import fingerprint
from cnnbook.train.history import History
from cnnbook.train.inputs import Inputs, statistics
from cnnbook.train.loop import Loop
from cnnbook.train.precision import Precision
from cnnbook.train.processes import Processes
from cnnbook.train.progress import Bar
from cnnbook.train.schedules import SCHEDULES, Schedule, named


@dataclass(frozen=True)
class Progress:
    """What a callback sees after each epoch: its number from 1, the network, and the epoch's row of the history."""

    epoch: int
    model: nn.Module
    row: dict[str, float]


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
    callbacks: Iterable[Callable[[Progress], bool | None]] = (),
    quiet: bool = False,
) -> History:
    """Train a classifier in place with cross-entropy, for a number of epochs or of minutes, and return its history.

    How long: `epochs`, or `minutes` of wall-clock time, testing included; the schedule runs over either. `patience`
    stops after so many epochs without a smaller loss on `test` (then give a validation set as `test`).
    What is learned: `optimizer` is a name ("sgd", momentum 0.9; "nesterov", "adam", "adamw", "muon") or a function of
    (model, lr); `lr` is its largest learning rate, `schedule` a name of `schedules.SCHEDULES` or a function of the time
    0..1. `weight_decay` spares biases and norms unless `decay_all`; `clip` is the largest norm of the gradient; with
    `ema` the network ends with the moving average of its weights.
    What it sees: `augment` is one augmentation of cnnbook.data or a list. `normalize` is "channel" (by the
    training set's mean and deviation), "image" (each image by its own) or "none".
    How it runs: on the GPU where there is one, on several processes under `accelerate launch` or `notebook_launcher`,
    `batch_size` being that of all together. `precision` is "fp32", "bf16" or "auto". `seed` fixes batches,
    augmentation and dropout: on one thread the same seed gives the same weights. `checkpoint` is a folder where the
    training is kept after each epoch: the same call goes on from there, and ends with the same weights. Callbacks are
    called after each epoch, in the main process; one that returns True ends the training.
    Raises Diverged where the loss becomes NaN or infinite, ValueError where an argument cannot be used or a checkpoint
    belongs to another training.
    """
    arguments = dict(locals())
    processes = Processes()
    _check(train, test, batch_size, patience, processes.count)
    test_costs = len(test) / len(train) / 3 * (1 if ema is None else 2) if test is not None else 0.0  # epochs, a guess
    clock = Clock(epochs, minutes, ceil(len(train) / batch_size), test_costs)
    course = schedule if callable(schedule) else named(SCHEDULES, "schedule", schedule)
    number = Precision(precision, processes.device, processes.precision)
    inputs = Inputs(normalize, *statistics(train), processes.device)
    bar = Bar(epochs * len(train) if epochs else None, quiet or not processes.main)
    with as_it_was(model, number), torch.random.fork_rng(), bar:
        stepper = optimizers.make(optimizer, model, lr, weight_decay, decay_all)
        network = processes.join(model)
        average = None if ema is None else Average(model, ema)
        loop = Loop(model, network, stepper, average, course, clock, number, inputs, processes, bar, batch_size,
                    label_smoothing, clip)  # fmt: skip
        rows, done = [], False
        if checkpoint is not None:
            processes.wait()  # for the main process, which may be writing still
            plan = fingerprint(**{name: value for name, value in arguments.items() if name not in NOT_IN_PLAN})
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
    return History(pd.DataFrame(rows).drop(columns="test_loss", errors="ignore"), inputs.mean, inputs.std, normalize)


NOT_IN_PLAN = ("checkpoint", "callbacks", "quiet")


def _check(train: ImageSet, test: ImageSet | None, batch_size: int, patience: int | None, processes: int) -> None:
    if batch_size < processes:
        raise ValueError(f"batch_size must be {processes} or more, got {batch_size}.")
    if len(train) < processes:
        raise ValueError(f"fit needs at least {processes} image{'s' * (processes > 1)}, got {len(train)} images.")
    if test is not None and not len(test):
        raise ValueError("the test set has no images; leave it out, or give one that has.")
    if patience is not None and (patience < 1 or test is None):
        raise ValueError("patience is a number of epochs, 1 or more, and needs a set to test on.")


def _run_dry(rows: list[dict[str, float]], patience: int | None) -> bool:
    """Whether the last `patience` epochs brought no smaller loss on the test set."""
    if patience is None or len(rows) <= patience:
        return False
    losses = [row["test_loss"] for row in rows]
    return not min(losses[-patience:]) < min(losses[:-patience])
