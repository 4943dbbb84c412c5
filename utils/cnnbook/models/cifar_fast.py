"""A small network made to learn CIFAR-10 in minutes: K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU",
arXiv:2404.00498, 2024, whose design goes back to D. Page's "How to train your ResNet" (2018).

What makes it learn fast:
- The first layer is not learned. `whiten` sets it to the principal directions of 2 × 2 patches, each divided by its
  spread, and to their negatives: what leaves the layer is decorrelated. Only its bias learns.
- The convolutions begin as the identity on their first channels (Dirac), so that the signal reaches every layer.
- Batch norm has a bias and no scale; logits are divided by 9.
The paper's activation is GELU; ReLU learned as well here, in four fifths of the time on a CPU.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cnnbook.models import guard

FACTS: dict[str, Any] = {
    "paper": "Jordan: 94% on CIFAR-10 in 3.29 seconds on a single GPU",
    "year": 2024,
    "input_size": (3, 32, 32),
    "classes": 10,
    "parameters": 1_972_792,
    "multiply_adds": 118_147_360,
    "errors": {},
    "notes": "Widths 64, 256, 256 as in the paper's smallest network; 288 of the parameters are whitening filters.",
}


class CifarFast(nn.Sequential):
    """Images float (N, in_channels, H, W), normalised → logits (N, num_classes); made for 32 px, 9 or more will do.

    Before training, `models.prepare` gives it images to `whiten` its first layer by.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        widths: Sequence[int] = (64, 256, 256),
        activation: type[nn.Module] = nn.ReLU,
    ) -> None:
        patch = in_channels * 2 * 2
        first = nn.Conv2d(in_channels, 2 * patch, kernel_size=2)  # (N, 24, 31, 31) for RGB
        first.weight.requires_grad = False
        nn.init.zeros_(first.bias)
        groups, channels = [], 2 * patch
        for width in widths:  # height and width: 31 → 15 → 7 → 3
            groups += [
                conv(channels, width), nn.MaxPool2d(2), norm(width), activation(),
                conv(width, width), norm(width), activation(),
            ]  # fmt: skip
            channels = width
        last = nn.Linear(channels, num_classes, bias=False)
        super().__init__(first, activation(), *groups, nn.AdaptiveMaxPool2d(1), nn.Flatten(), last, Scale(1 / 9))
        self.least = 1 + 2 ** len(widths)  # each pooling halves what the first layer leaves

    def forward(self, x: Tensor) -> Tensor:
        guard.smallest("CifarFast", x, self.least)
        return super().forward(x)

    @torch.no_grad()
    def whiten(self, images: Tensor) -> None:
        """Set the first layer from images float (N, C, H, W), normalised as they will be in training; 5,000 are enough.

        Its first filters w_i are the eigenvectors of the patches' second moments, divided by √(λ_i + 5e-4); then
        come their negatives.
        """
        first = self[0]
        patches = images.unfold(2, 2, 1).unfold(3, 2, 1)  # (N, C, H - 1, W - 1, 2, 2)
        patches = patches.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(0, 2)  # (number of patches, 4 C)
        values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))  # ascending
        filters = (vectors / (values + 5e-4).sqrt()).T.flip(0).view(-1, *first.weight.shape[1:])  # (4 C, C, 2, 2)
        first.weight.copy_(torch.cat([filters, -filters]))


def conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    """3 × 3, no bias, the identity on its first `in_channels` outputs: (N, C, H, W) → (N, out_channels, H, W)."""
    layer = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False)
    nn.init.dirac_(layer.weight[: min(in_channels, out_channels)])
    return layer


def norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm that learns its bias only; its running statistics follow quickly, for trainings of few steps."""
    layer = nn.BatchNorm2d(channels, momentum=0.4)
    layer.weight.requires_grad = False
    return layer


class Scale(nn.Module):
    """x · factor, same shape."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor

    def extra_repr(self) -> str:
        return f"{self.factor:.3g}"


NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {"cifar_fast": (CifarFast, FACTS)}
