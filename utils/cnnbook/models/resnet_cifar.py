"""Residual networks for 32 × 32 images: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image
recognition", CVPR 2016 (arXiv:1512.03385), section 4.2. And their plain twins: the same layers less the additions.

A 3 × 3 convolution, three stages of n blocks with 16, 32, 64 channels on 32, 16, 8 pixels, global average pooling and
a linear layer: 6n + 2 layers with weights. Shortcuts have no parameters (option A): where the stage changes, they take
every second pixel and pad the new channels with zeros. Option B, a projection there, is for comparison; in the paper
it is an option of the larger networks only. Left open: the linear layer's start (torch's here).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

from cnnbook.models.guard import smallest
from cnnbook.models.resnet import Block, PlainBlock, convolution, initialise


class ResNetCifar(nn.Sequential):
    """Images float (N, in_channels, H, W) → logits (N, num_classes); any size, the paper's is 32.

    6 · blocks + 2 layers. `shortcut` is "A", "B" or "C" (`cnnbook.models.resnet`), or None for the plain network.
    """

    def __init__(
        self, num_classes: int = 10, in_channels: int = 3, blocks: int = 3, shortcut: str | None = "A"
    ) -> None:
        make = PlainBlock if shortcut is None else partial(Block, shortcut=shortcut)
        stages, channels = [], 16
        for width in (16, 32, 64):  # 32, 16, 8 pixels
            for block in range(blocks):
                stages.append(make(channels, width, stride=2 if width > 16 and block == 0 else 1))
                channels = width
        super().__init__(
            *convolution(in_channels, 16, kernel_size=3),  # (N, 16, 32, 32)
            nn.ReLU(),
            *stages,  # (N, 64, 8, 8)
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),  # (N, 64)
            nn.Linear(64, num_classes),
        )
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        smallest("ResNet", x, side=1)
        return super().forward(x)


def plain(num_classes: int = 10, in_channels: int = 3, blocks: int = 3) -> ResNetCifar:
    """The twin of a ResNetCifar without its additions."""
    return ResNetCifar(num_classes, in_channels, blocks, shortcut=None)


FAMILY: dict[int, tuple[int, int, float, dict[str, tuple[float, str]]]] = {
    # n: parameters, multiply-adds, parameters in millions and error as table 6 prints them
    3: (269_722, 40_551_040, 0.27, {"CIFAR-10": (8.75, "table 6")}),
    5: (464_154, 68_862_592, 0.46, {"CIFAR-10": (7.51, "table 6")}),
    7: (658_586, 97_174_144, 0.66, {"CIFAR-10": (7.17, "table 6")}),
    9: (853_018, 125_485_696, 0.85, {"CIFAR-10": (6.97, "table 6")}),
    18: (
        1_727_962, 252_887_680, 1.7,
        {"CIFAR-10, best of five": (6.43, "table 6"), "CIFAR-10, mean of five": (6.61, "table 6")},
    ),
}  # fmt: skip


def _facts(blocks: int, errors: dict[str, tuple[float, str]], notes: str) -> dict[str, Any]:
    parameters, multiply_adds, _, _ = FAMILY[blocks]
    return {
        "paper": "He, Zhang, Ren, Sun: Deep residual learning for image recognition",
        "year": 2015,
        "input_size": (3, 32, 32),
        "classes": 10,
        "parameters": parameters,
        "multiply_adds": multiply_adds,
        "errors": errors,
        "notes": f"n = {blocks}{notes}",
    }


NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {}
for _n, (_, _, _millions, _errors) in FAMILY.items():
    NETWORKS[f"resnet{6 * _n + 2}"] = (
        partial(ResNetCifar, blocks=_n),
        _facts(_n, _errors, f", shortcuts of option A. The paper prints {_millions} M parameters for it (table 6)."),
    )
for _n in (3, 5, 7, 9):
    NETWORKS[f"plain{6 * _n + 2}"] = (
        partial(plain, blocks=_n),
        _facts(_n, {}, ", nothing added. The paper draws its errors (figure 6) and prints no number."),
    )
