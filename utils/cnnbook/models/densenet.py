"""DenseNet: G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger, "Densely connected convolutional networks", CVPR
2017 (arXiv:1608.06993), 2016, tables 1 and 2.

In a dense block every layer reads the maps of all layers before it, and adds k maps, the growth rate, to them:

    x_l = H([x_0, x_1, …, x_(l-1)])

H is batch norm, ReLU, 3 × 3 convolution; with `bottleneck` (B) after batch norm, ReLU, 1 × 1 convolution to 4k maps. A
transition between blocks halves the image and, with `compression` θ < 1 (C), keeps ⌊θm⌋ of its m maps.
Weights start as He et al. (2015) draw them, as the paper says. Dropout, 0.2 after each convolution but the first, is
the paper's for training without augmentation (`dropout`).

What the paper leaves open, and what was taken: batch norm and ReLU after the first convolution for ImageNet (as in
torchvision), ReLU in the transition (table 1's "conv" is BN-ReLU-conv). densenet161, with k = 48, is not in table 1; it
is torchvision's.

Joined and normalised maps, kept for the backward pass, need memory that grows with the square of a block's depth. With
`checkpoint` each H is computed again in the backward pass instead, and memory grows with the depth: G. Pleiss et al.,
"Memory-efficient implementation of DenseNets", arXiv:1707.06990, 2017 (who compute the convolutions only once).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recompute

from cnnbook.models.guard import smallest


def convolution(in_channels: int, out_channels: int, kernel_size: int, dropout: float = 0.0) -> list[nn.Module]:
    """The paper's "conv", batch norm, ReLU, convolution: (N, in_channels, H, W) → (N, out_channels, H, W)."""
    layers: list[nn.Module] = [
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False),
    ]
    return [*layers, nn.Dropout(dropout)] if dropout else layers


def composite(in_channels: int, growth_rate: int, bottleneck: bool, dropout: float) -> nn.Sequential:
    """H: (N, in_channels, H, W) → (N, growth_rate, H, W)."""
    if not bottleneck:
        return nn.Sequential(*convolution(in_channels, growth_rate, 3, dropout))
    return nn.Sequential(
        *convolution(in_channels, 4 * growth_rate, 1, dropout),  # (N, 4 growth_rate, H, W)
        *convolution(4 * growth_rate, growth_rate, 3, dropout),  # (N, growth_rate, H, W)
    )


class DenseBlock(nn.Sequential):
    """(N, in_channels, H, W) → (N, in_channels + layers · growth_rate, H, W)."""

    def __init__(
        self, in_channels: int, layers: int, growth_rate: int, bottleneck: bool, dropout: float, checkpoint: bool
    ) -> None:
        channels = [in_channels + layer * growth_rate for layer in range(layers)]
        super().__init__(*[composite(each, growth_rate, bottleneck, dropout) for each in channels])
        self.checkpoint = checkpoint

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for layer in self:
            maps.append(self.call(layer, maps))
        return torch.cat(maps, dim=1)

    def call(self, layer: nn.Module, maps: list[Tensor]) -> Tensor:
        """H([x_0, x_1, …]), with `checkpoint` keeping only its inputs for the backward pass."""

        def joined(*maps: Tensor) -> Tensor:
            return layer(torch.cat(maps, dim=1))

        # A compiler decides itself what to compute again.
        if not self.checkpoint or not torch.is_grad_enabled() or torch.compiler.is_compiling():
            return joined(*maps)

        def contexts() -> tuple[AbstractContextManager, AbstractContextManager]:
            return nullcontext(), _statistics_left_alone(layer)

        return recompute(joined, *maps, use_reentrant=False, context_fn=contexts)


@contextmanager
def _statistics_left_alone(layer: nn.Module) -> Iterator[None]:
    """Batch norms would count the same batch twice in their running statistics: once forward, once computed again."""
    norms = [each for each in layer.modules() if isinstance(each, nn.BatchNorm2d)]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, batches) in zip(norms, before, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, batches


class DenseNet(nn.Sequential):
    """Images float (N, in_channels, H, W) → logits (N, num_classes), any size from 29 pixels up (4 with `cifar`).

    `blocks` has the number of layers of each dense block (for four; fewer need less). `cifar` takes the paper's stem
    for 32-pixel images, a 3 × 3 convolution. Raises ValueError for a compression outside 0..1.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        blocks: tuple[int, ...] = (6, 12, 24, 16),
        growth_rate: int = 32,
        bottleneck: bool = True,
        compression: float = 0.5,
        dropout: float = 0.0,
        checkpoint: bool = False,
        cifar: bool = False,
    ) -> None:
        if not 0 < compression <= 1:
            raise ValueError(f"compression must be more than 0 and at most 1 (none), got {compression}.")
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if cifar:
            channels = 2 * growth_rate if bottleneck and compression < 1 else 16
            layers["conv0"] = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)  # (N, 2 k, 32, 32)
        else:
            channels = 2 * growth_rate
            layers["conv0"] = nn.Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False)  # (N, 2 k, 112, 112)
            layers["norm0"] = nn.BatchNorm2d(channels)
            layers["relu0"] = nn.ReLU()
            layers["pool0"] = nn.MaxPool2d(3, stride=2, padding=1)  # (N, 2 k, 56, 56)

        for block, depth in enumerate(blocks, start=1):  # 56, 28, 14, 7 pixels, or 32, 16, 8
            layers[f"dense_block{block}"] = DenseBlock(channels, depth, growth_rate, bottleneck, dropout, checkpoint)
            channels += depth * growth_rate
            if block < len(blocks):
                kept = int(compression * channels)
                layers[f"transition{block}"] = nn.Sequential(*convolution(channels, kept, 1, dropout), nn.AvgPool2d(2))
                channels = kept

        layers["norm"] = nn.BatchNorm2d(channels)
        layers["relu"] = nn.ReLU()
        layers["avgpool"] = nn.AdaptiveAvgPool2d(1)
        layers["flatten"] = nn.Flatten()  # (N, channels)
        layers["linear"] = nn.Linear(channels, num_classes)
        super().__init__(layers)
        one_pixel = 2 ** (len(blocks) - 1)  # what the last block needs before the transitions' poolings
        self.least = one_pixel if cifar else 4 * one_pixel - 3
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            elif isinstance(layer, nn.Linear):
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        smallest("DenseNet", x, self.least)
        return super().forward(x)


def _facts(
    parameters: int, multiply_adds: int, errors: dict[str, tuple[float, str]], notes: str, size: int, classes: int
) -> dict[str, Any]:
    return {
        "paper": "Huang, Liu, van der Maaten, Weinberger: Densely connected convolutional networks",
        "year": 2016,
        "input_size": (3, size, size),
        "classes": classes,
        "parameters": parameters,
        "multiply_adds": multiply_adds,
        "errors": errors,
        "notes": notes,
    }


def _errors(one_crop: tuple[float, float], ten_crops: tuple[float, float]) -> dict[str, tuple[float, str]]:
    return {
        "top-1, one crop": (one_crop[0], "table 3"),
        "top-5, one crop": (one_crop[1], "table 3"),
        "top-1, ten crops": (ten_crops[0], "table 3"),
        "top-5, ten crops": (ten_crops[1], "table 3"),
    }


_IMAGENET = {  # layers of the blocks, k, parameters, multiply-adds, errors
    121: ((6, 12, 24, 16), 32, 7_978_856, 2_834_161_664, _errors((25.02, 7.71), (23.61, 6.66))),
    161: ((6, 12, 36, 24), 48, 28_681_000, 7_727_907_072, {}),
    169: ((6, 12, 32, 32), 32, 14_149_480, 3_359_843_328, _errors((23.80, 6.85), (22.08, 5.92))),
    201: ((6, 12, 48, 32), 32, 20_013_928, 4_291_365_888, _errors((22.58, 6.34), (21.46, 5.54))),
}
_CIFAR_ERRORS = {
    "CIFAR-10": (5.92, "table 2"),
    "CIFAR-10, augmented": (4.51, "table 2"),
    "CIFAR-100": (24.15, "table 2"),
    "CIFAR-100, augmented": (22.27, "table 2"),
    "SVHN": (1.76, "table 2"),
}

NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {
    f"densenet{depth}": (
        partial(DenseNet, blocks=blocks, growth_rate=growth_rate),
        _facts(
            parameters, multiply_adds, errors,
            "k = 48, torchvision's: not in table 1." if depth == 161 else
            "The paper prints no parameter count for it. Batch norm after the first convolution is as in torchvision.",
            size=224, classes=1000,
        ),
    )
    for depth, (blocks, growth_rate, parameters, multiply_adds, errors) in _IMAGENET.items()
}  # fmt: skip
NETWORKS["densenet_bc_100_12"] = (
    partial(DenseNet, blocks=(16, 16, 16), growth_rate=12, cifar=True),
    _facts(
        769_162, 287_929_692, _CIFAR_ERRORS, "L = 100, k = 12, θ = 0.5. The paper prints 0.8 M parameters (table 2).",
        size=32, classes=10,
    ),
)  # fmt: skip
