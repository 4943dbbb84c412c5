"""Loss and accuracy of an epoch, kept where the network computes."""

from math import isfinite

import torch
from torch import Tensor


class Sums:
    """The losses and right answers of batches. They stay on the device: asking a GPU for a number waits for it."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._late = device, device.type != "cpu"
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

    def finite(self) -> bool:
        """Whether the last loss is a number still; on a GPU the one before, which is there already."""
        asked = self._losses[-2:-1] if self._late else self._losses[-1:]
        return all(isfinite(loss.item()) for loss in asked)
