"""The training loop: batches in, forward, loss, backward, step; and what is said where the loss is not finite."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from math import isfinite

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from cnnbook.data import ImageSet
from cnnbook.train import checkpoint
from cnnbook.train.devices import Precision, Processes, shares
from cnnbook.train.evaluate import answers, enough_logits
from cnnbook.train.history import Inputs
from cnnbook.train.optimizers import Average
from cnnbook.train.progress import Bar
from cnnbook.train.schedules import Clock, Schedule


class Diverged(ArithmeticError):
    """The loss became infinite or NaN; the message says where, and what to try."""


@dataclass(kw_only=True)
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
    classes: int  # that the network must tell apart
    label_smoothing: float
    clip: float | None
    kept: bool  # whether there is a checkpoint
    full_rates: list[float] = field(init=False)
    frozen: list[nn.Module] = field(init=False)
    late: bool = field(init=False)

    def __post_init__(self) -> None:
        self.full_rates = [group["lr"] for group in self.optimizer.param_groups]
        self.frozen = frozen(self.model)
        self.late = looks_late(self.processes.device)

    def epoch(self, epoch: int, train: ImageSet, seed: int, augment: Callable | list | None) -> dict[str, float]:
        """Train on every image once, or until the minutes are over, and on one batch at any rate."""
        torch.manual_seed((seed * 100_003 + epoch) * 1_009 + self.processes.rank)  # for dropout and its like
        self.network.train()
        for layer in self.frozen:
            layer.training = False
        sums, seen, moment, before = Sums(self.processes.device, self.late), 0, 0.0, None
        part = self.processes.rank, self.processes.count
        batches = self.inputs.batches(train, self.batch_size, seed=seed, epoch=epoch, augment=augment, part=part)
        for batch, (x, labels) in enumerate(shares(batches), start=1):
            moment = self.moment(epoch, batch, moment)
            if moment >= 1 and batch > 1:
                break  # of minutes, never of epochs
            whole = min(self.batch_size, len(train) - seen)  # images of this batch, all processes together
            loss, logits = self.forward(x, labels)
            sums.add(loss, logits, labels)
            if not isfinite(value := sums.latest()):
                raise self.diverged(*(before if self.late else (x, batch)), value, epoch)
            # processes take the mean of their gradients, and all together that of the whole batch
            self.step(loss, self.processes.count / whole, self.schedule(min(moment, 1)))
            if self.kept and batch == 1:
                checkpoint.storable(self.optimizer)  # now, not after an epoch
            seen, before = seen + whole, (x, batch)
            if self.bar.step(whole, moment):
                loss, right = (number / seen * self.processes.count for number in sums.total().tolist())
                self.show({"epoch": epoch, "loss": loss, "train_accuracy": right})
        loss, right = (number / seen for number in self.processes.total(sums.total()))
        if not isfinite(loss):
            raise self.diverged(*before, loss, epoch)
        return {"epoch": epoch, "loss": loss, "train_accuracy": right, "lr": self.optimizer.param_groups[0]["lr"]}

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The summed loss of a batch, in float32, and the logits (B, K)."""
        with self.number.cast():
            logits = self.network(self.number.lay(x)).float()
        enough_logits(logits, self.classes)
        return cross_entropy(logits, labels, label_smoothing=self.label_smoothing, reduction="sum"), logits

    def step(self, loss: Tensor, weight: float, share: float) -> None:
        """Backpropagate loss · weight and move, at this share of the full learning rate."""
        for group, rate in zip(self.optimizer.param_groups, self.full_rates, strict=True):
            group["lr"] = rate * share
        self.optimizer.zero_grad()
        loss.backward(torch.full_like(loss, weight))
        if self.late:  # a broken loss must not spoil the weights before it is looked at: where it began would be lost
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter.grad.masked_fill_(~loss.isfinite(), 0.0)
        if self.clip is not None:
            self.processes.accelerator.clip_grad_norm_(self.network.parameters(), self.clip)
        self.optimizer.step()
        if self.average is not None:
            self.average.update()

    def moment(self, epoch: int, batch: int, before: float) -> float:
        """The time 0..1, the same in all processes. GPUs agree on it at every tenth step only, since asking waits."""
        if self.clock.epochs is None and self.late and self.processes.count > 1 and batch % 10 != 1:
            return before
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
        sums = Sums(self.processes.device, self.late)
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

    def diverged(self, x: Tensor, batch: int, loss: float, epoch: int) -> Diverged:
        """Where it began, found by running the network once more on the batch x, and what helps."""
        began = origin(self.model, self.number.lay(x), self.number.cast(), self.late)
        rate, full = self.optimizer.param_groups[0]["lr"], self.full_rates[0]
        return Diverged(
            f"the loss is {loss} in epoch {epoch}, batch {batch}, at learning rate {rate:.3g}. "
            f"{began} Try a smaller learning rate, lr={full / 10:.1g} for example, or clip=1.0, "
            "and look for a division by zero or a log of zero."
        )


class Sums:
    """The losses and right answers of batches, which stay on the device; `late`: a loss is looked at a step later."""

    def __init__(self, device: torch.device, late: bool) -> None:
        self._device, self._late = device, late
        self._losses: list[Tensor] = []
        self._right: list[Tensor] = []

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """A batch: its summed loss, logits (B, K), labels int64 (B,)."""
        self._losses.append(loss.detach())
        self._right.append((logits.argmax(dim=1) == labels).sum())

    def total(self) -> Tensor:
        """Loss and right answers summed, (2,) on the device."""
        exact = torch.float32 if self._device.type == "mps" else torch.float64  # MPS has no more
        if not self._losses:
            return torch.zeros(2, dtype=exact, device=self._device)
        return torch.stack([torch.stack(self._losses).to(exact).sum(), torch.stack(self._right).sum().to(exact)])

    def latest(self) -> float:
        """The last loss; `late` the one before, which is there already, and 0 where there is none."""
        asked = self._losses[-2:-1] if self._late else self._losses[-1:]
        return asked[0].item() if asked else 0.0


def looks_late(device: torch.device) -> bool:
    """Whether a loss is looked at one step later: a GPU computes ahead, and asking it for a number waits for it."""
    return device.type != "cpu"


def frozen(model: nn.Module) -> list[nn.Module]:
    """The layers in evaluation mode, which training leaves in it; none where the whole network is."""
    modules = list(model.modules())
    quiet = [layer for layer in modules if not layer.training]
    return quiet if len(quiet) < len(modules) else []


def origin(model: nn.Module, x: Tensor, cast: AbstractContextManager, late: bool) -> str:
    """The first thing that is not finite: the images, a gradient, a parameter, or what a layer gives."""
    if _broken(x):
        return "The images themselves are not finite."
    parameters = dict(model.named_parameters())
    if bad := [name for name, value in parameters.items() if _broken(value)]:
        # the gradients are still those of the step that spoiled the parameters, unless the loss is looked at late
        gradients = [name for name, value in parameters.items() if value.grad is not None and _broken(value.grad)]
        if gradients:
            return f"It began in the step before, going backward, with the gradient of {gradients[-1]}."
        if late:
            return f"The parameter {bad[0]} is no longer finite: a step was too large, or a gradient not finite."
        return f"The parameter {bad[0]} is no longer finite though its gradient is: the step before was too large."
    layer = _first_layer(model, x, cast)
    return f"It began in the layer {layer}, whose output is not finite." if layer else "It began in the loss itself."


def _first_layer(model: nn.Module, x: Tensor, cast: AbstractContextManager) -> str | None:
    found: list[str] = []

    def watch(name: str, layer: nn.Module):
        def hook(_: nn.Module, inputs: object, output: object) -> None:
            if not found and isinstance(output, Tensor) and _broken(output):
                found.append(f"{name or 'as a whole'} ({type(layer).__name__})")

        return layer.register_forward_hook(hook)

    hooks = [watch(name, layer) for name, layer in model.named_modules()]  # those inside a layer are called before it
    try:
        with torch.no_grad(), cast:
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else None


def _broken(tensor: Tensor) -> bool:
    return not bool(tensor.isfinite().all())
