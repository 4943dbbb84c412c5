"""The training loop: batches in, forward, loss, backward, step."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from cnnbook.data import ImageSet
from cnnbook.train.average import Average
from cnnbook.train.clock import Clock
from cnnbook.train.diverged import Diverged, diverged
from cnnbook.train.evaluate import answers, enough_logits
from cnnbook.train.inputs import Inputs
from cnnbook.train.precision import Precision
from cnnbook.train.processes import Processes, shares
from cnnbook.train.progress import Bar
from cnnbook.train.schedules import Schedule
from cnnbook.train.sums import Sums


@dataclass
class Loop:
    """A training under way, epoch by epoch; the fields are what `fit` was told, made ready."""

    model: nn.Module
    network: nn.Module  # the model, or what joins it to those of other processes
    optimizer: Optimizer
    average: Average | None
    schedule: Schedule
    clock: Clock
    number: Precision
    inputs: Inputs
    processes: Processes
    bar: Bar
    batch_size: int
    label_smoothing: float
    clip: float | None
    full_rates: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.full_rates = [group["lr"] for group in self.optimizer.param_groups]

    def epoch(self, epoch: int, train: ImageSet, seed: int, augment: Callable | list | None) -> dict[str, float]:
        """Train on every image once, or until the minutes are over, and on one batch at any rate."""
        torch.manual_seed((seed * 100_003 + epoch) * 1_009 + self.processes.rank)  # for dropout and its like
        self.network.train()
        sums, seen, classes = Sums(self.processes.device), 0, int(train.labels.max()) + 1
        part = self.processes.rank, self.processes.count
        batches = self.inputs.batches(train, self.batch_size, seed=seed, epoch=epoch, augment=augment, part=part)
        for batch, (x, labels) in enumerate(shares(batches), start=1):
            moment = self.moment(epoch, batch)
            if moment >= 1 and batch > 1:
                break  # of minutes, never of epochs
            whole = min(self.batch_size, len(train) - seen)  # images of this batch, all processes together
            loss, logits = self.forward(x, labels, classes)
            sums.add(loss, logits, labels)
            if not sums.finite():
                raise self.diverged(x, loss.item(), epoch, batch)
            # processes take the mean of their gradients, and all together that of the whole batch
            self.step(loss, self.processes.count / whole, self.schedule(min(moment, 1)))
            seen += whole
            if self.bar.step(whole, moment):
                loss, right = (number / seen * self.processes.count for number in sums.total().tolist())
                self.show({"epoch": epoch, "loss": loss, "train_accuracy": right})
        loss, right = (number / seen for number in self.processes.total(sums.total()))
        if not math.isfinite(loss):
            raise self.diverged(x, loss, epoch, batch)
        return {"epoch": epoch, "loss": loss, "train_accuracy": right, "lr": self.optimizer.param_groups[0]["lr"]}

    def forward(self, x: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
        """The summed loss of a batch, in float32, and the logits (B, K)."""
        with self.number.cast():
            logits = self.network(self.number.lay(x)).float()
        enough_logits(logits, classes)
        return cross_entropy(logits, labels, label_smoothing=self.label_smoothing, reduction="sum"), logits

    def step(self, loss: Tensor, weight: float, share: float) -> None:
        """Backpropagate loss · weight and move, at this share of the full learning rate."""
        for group, rate in zip(self.optimizer.param_groups, self.full_rates, strict=True):
            group["lr"] = rate * share
        self.optimizer.zero_grad()
        loss.backward(torch.full_like(loss, weight))
        if self.clip is not None:
            self.processes.accelerator.clip_grad_norm_(self.network.parameters(), self.clip)
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.model)

    def moment(self, epoch: int, batch: int) -> float:
        """The time 0..1, the same in all processes."""
        moment = self.clock.time(epoch, batch)
        return moment if self.clock.epochs else self.processes.agreed(moment)

    def test(self, test: ImageSet) -> dict[str, float]:
        """Loss and accuracy on images not trained on; with averaged weights theirs, and beside them the others'."""
        if self.average is None:
            return self._test(test)
        raw = self._test(test)
        with self.average.put_in(self.model):
            return self._test(test) | {"test_accuracy_raw": raw["test_accuracy"]}

    def _test(self, test: ImageSet) -> dict[str, float]:
        sums = Sums(self.processes.device)
        part = self.processes.rank, self.processes.count
        batches = self.inputs.batches(test, 500, shuffle=False, part=part)
        mine = (batch for batch in batches if len(batch[1]))  # a share of few images may be empty
        for logits, labels in answers(self.model, mine, self.number):
            sums.add(cross_entropy(logits, labels, reduction="sum"), logits, labels)
        loss, right = self.processes.total(sums.total())
        return {"test_accuracy": right / len(test), "test_loss": loss / len(test)}

    def show(self, row: dict[str, float]) -> None:
        of = f"/{self.clock.epochs}" if self.clock.epochs else ""
        values = {name: f"{row[name]:.4g}" for name in ("loss", "train_accuracy", "test_accuracy") if name in row}
        self.bar.show(epoch=f"{row['epoch']}{of}", **values)

    def diverged(self, x: Tensor, loss: float, epoch: int, batch: int) -> Diverged:
        lr = self.optimizer.param_groups[0]["lr"]
        return diverged(self.model, self.number.lay(x), self.number.cast(), loss, epoch, batch, lr)
