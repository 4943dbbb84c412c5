"""The processes that train together: one, or several under `accelerate launch` or `notebook_launcher`."""

from collections.abc import Iterable, Iterator

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn

NO_LABEL = -100  # what cross_entropy ignores


class Processes:
    """This process (`rank` of `count`, `main` being the first), its device, and what it says to the others."""

    def __init__(self) -> None:
        self.accelerator = Accelerator()
        self.accelerator.native_amp, self.accelerator.scaler = False, None  # `Precision` casts
        self.device, self.main = self.accelerator.device, self.accelerator.is_main_process
        self.rank, self.count = self.accelerator.process_index, self.accelerator.num_processes
        self.precision = self.accelerator.mixed_precision  # what the launcher was told: "no", "bf16" …

    def join(self, model: nn.Module) -> nn.Module:
        """The network as it is to be called in training: its gradients are the processes' mean."""
        return self.accelerator.prepare_model(model)

    def agreed(self, number: float) -> float:
        """The main process's number, so that all of them stop at the same step."""
        if self.count == 1:
            return number
        return broadcast(torch.tensor([number], dtype=torch.float32, device=self.device)).item()

    def total(self, numbers: Tensor) -> list[float]:
        """The sum over the processes, number by number."""
        return (numbers if self.count == 1 else self.accelerator.reduce(numbers)).tolist()

    @torch.no_grad()
    def alike(self, tensors: Iterable[Tensor]) -> None:
        """Put the main process's numbers into these tensors: batch norm's statistics differ with what each one saw."""
        for tensor in tensors if self.count > 1 else ():
            tensor.copy_(broadcast(tensor.contiguous()))

    def wait(self) -> None:
        """Until all of them are here."""
        self.accelerator.wait_for_everyone()


def shares(passes: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of one process; in place of an empty share an image of the batch before, which counts for nothing.

    All processes must take every step together, and a last batch may have fewer images than there are processes.
    """
    kept = None
    for x, labels in passes:
        if len(x):
            kept = x[:1], torch.full_like(labels[:1], NO_LABEL)
            yield x, labels
        else:
            yield kept
