"""GoogLeNet: C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke, A. Rabinovich,
"Going deeper with convolutions", CVPR 2015 (arXiv:1409.4842), 2014, table 1.

An Inception module looks at the same maps with 1 × 1, 3 × 3 and 5 × 5 filters and a pooling, side by side, and joins
what they find along the channels. 1 × 1 convolutions before the large filters and after the pooling keep it cheap.
Twenty-two layers with weights, each followed by ReLU; global average pooling in place of dense layers.

With `aux` two small heads on 4a and 4d classify too. In training their losses are added with weight 0.3
(section 5): loss(logits) + 0.3 · loss(first) + 0.3 · loss(second). In use they are dropped.

What the paper leaves open, and what was taken:
- Poolings of 3 × 3 with stride 2 bring 112 to 56 pixels only where the size is rounded up: `ceil_mode`.
- Local response normalisation has no constants: AlexNet's (n = 5, alpha = 1e-4 per value, beta = 0.75, k = 2).
- The start of the weights: He et al. (2015) for convolutions, torch's for linear layers.
- Of the naive module only figure 2a. The whole network of it has table 1's numbers of 1 × 1, 3 × 3 and 5 × 5 filters;
  its pooling hands on all of its channels, so they pile up: 416, 832, 1280, … 4944; 97.5 M parameters instead of 7.0.
- Nothing for 32 × 32 images. There the first convolution is 3 × 3 with stride 1 and the second pooling is left out, so
  that modules see 16, 8 and 4 pixels; the heads average to 4 × 4 pixels.
torchvision's network has batch norm and no LRN, 3 × 3 filters for 5 × 5, a 2 × 2 pooling before 5a, heads that average
to 4 × 4 pixels, dropout 0.2. Its weights from ImageNet expect images normalised to (x - 0.5) / 0.5.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from cnnbook.layers import LocalResponseNorm
from cnnbook.models.guard import exactly, smallest

TABLE: dict[str, tuple[int, ...]] = {  # table 1: 1×1; 3×3 reduce, 3×3; 5×5 reduce, 5×5; pool proj
    "3a": (64, 96, 128, 16, 32, 32),  # (N, 256, 28, 28)
    "3b": (128, 128, 192, 32, 96, 64),  # (N, 480, 28, 28)
    "4a": (192, 96, 208, 16, 48, 64),  # (N, 512, 14, 14)
    "4b": (160, 112, 224, 24, 64, 64),  # (N, 512, 14, 14)
    "4c": (128, 128, 256, 24, 64, 64),  # (N, 512, 14, 14)
    "4d": (112, 144, 288, 32, 64, 64),  # (N, 528, 14, 14)
    "4e": (256, 160, 320, 32, 128, 128),  # (N, 832, 14, 14)
    "5a": (256, 160, 320, 32, 128, 128),  # (N, 832, 7, 7)
    "5b": (384, 192, 384, 48, 128, 128),  # (N, 1024, 7, 7)
}
Convolution = Callable[..., nn.Module]


def convolution(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, batch_norm: bool = False
) -> nn.Sequential:
    """Convolution, batch norm if asked for (then without bias), ReLU; padded so that stride 1 keeps the size."""
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=not batch_norm)
    ]
    if batch_norm:
        layers.append(nn.BatchNorm2d(out_channels, eps=0.001))
    return nn.Sequential(*layers, nn.ReLU())


class Branches(nn.Module):
    """Branches by name that all read the same maps; what they give is joined along the channels, in this order."""

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], dim=1)


class Inception(Branches):
    """Figure 2b: (N, in_channels, H, W) → (N, ones + threes + fives + projection, H, W)."""

    def __init__(
        self, in_channels: int, row: tuple[int, ...], conv: Convolution = convolution, largest: int = 5
    ) -> None:
        ones, reduce_threes, threes, reduce_fives, fives, projection = row
        super().__init__(
            branch_1x1=conv(in_channels, ones, 1),
            branch_3x3=nn.Sequential(conv(in_channels, reduce_threes, 1), conv(reduce_threes, threes, 3)),
            branch_5x5=nn.Sequential(conv(in_channels, reduce_fives, 1), conv(reduce_fives, fives, largest)),
            branch_pool=nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, projection, 1)),
        )
        self.out_channels = ones + threes + fives + projection


class NaiveInception(Branches):
    """Figure 2a, without reductions: (N, in_channels, H, W) → (N, ones + threes + fives + in_channels, H, W)."""

    def __init__(self, in_channels: int, row: tuple[int, ...], conv: Convolution = convolution) -> None:
        ones, _, threes, _, fives, _ = row
        super().__init__(
            branch_1x1=conv(in_channels, ones, 1),
            branch_3x3=conv(in_channels, threes, 3),
            branch_5x5=conv(in_channels, fives, 5),
            branch_pool=nn.MaxPool2d(3, stride=1, padding=1),
        )
        self.out_channels = ones + threes + fives + in_channels


class GoogLeNet(nn.Module):
    """Images float (N, in_channels, H, W) → logits (N, num_classes); with `aux`, in train mode, (logits, 4a's, 4d's).

    Any size from 31 pixels (15 torchvision's, 8 `cifar`) up; with `aux`, training needs 224 (any with the other two).
    `naive` takes the naive module, `cifar` the stem for 32-pixel images, `torchvision` its departures besides batch
    norm, and `width` multiplies every number of channels.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        aux: bool = False,
        batch_norm: bool = False,
        naive: bool = False,
        cifar: bool = False,
        torchvision: bool = False,
        dropout: float = 0.4,
        width: float = 1.0,
    ) -> None:
        super().__init__()
        self.least = 8 if cifar else 15 if torchvision else 31
        self.fixed_grid = aux and not (cifar or torchvision)
        conv = partial(convolution, batch_norm=batch_norm)

        def wide(channels: int) -> int:
            return max(1, round(width * channels))

        layers, channels, heads = stem(in_channels, wide, batch_norm, cifar), wide(192), OrderedDict()
        for name, row in TABLE.items():
            row = tuple(map(wide, row))
            if name == "4a":
                layers["pool3"] = pool()  # (N, 480, 14, 14)
            if name == "5a":
                layers["pool4"] = pool(2 if torchvision else 3)  # (N, 832, 7, 7)
            if naive:
                module = NaiveInception(channels, row, conv)
            else:
                module = Inception(channels, row, conv, largest=3 if torchvision else 5)
            layers[f"inception_{name}"] = module
            channels = module.out_channels
            if aux and name in ("4a", "4d"):
                average = nn.AvgPool2d(5, stride=3) if self.fixed_grid else nn.AdaptiveAvgPool2d(4)
                heads[f"inception_{name}"] = auxiliary(channels, wide(128), wide(1024), num_classes, average, conv)

        self.features = nn.Sequential(layers)  # (N, 1024, 7, 7)
        self.heads = nn.ModuleDict(heads)
        self.avgpool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())  # (N, 1024)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels, num_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        if self.fixed_grid and self.training:
            exactly("GoogLeNet", x, 224, why="in training the dense layers of its heads read 4 × 4 maps")
        smallest("GoogLeNet", x, self.least)
        auxiliary_logits = []
        for name, layer in self.features.named_children():
            x = layer(x)
            if self.training and name in self.heads:
                auxiliary_logits.append(self.heads[name](x))
        logits = self.linear(self.dropout(self.avgpool(x)))
        return (logits, *auxiliary_logits) if auxiliary_logits else logits


def stem(in_channels: int, wide: Callable[[int], int], batch_norm: bool, cifar: bool) -> OrderedDict[str, nn.Module]:
    """The layers before 3a, by name: (N, in_channels, 224, 224) → (N, 192, 28, 28); `cifar` 32 → 16 pixels."""
    conv = partial(convolution, batch_norm=batch_norm)
    first = conv(in_channels, wide(64), 3) if cifar else conv(in_channels, wide(64), 7, stride=2)
    layers = OrderedDict(
        conv1=first,  # (N, 64, 112, 112)
        pool1=pool(),  # (N, 64, 56, 56)
        norm1=response(),
        conv2_reduce=conv(wide(64), wide(64), 1),
        conv2=conv(wide(64), wide(192), 3),  # (N, 192, 56, 56)
        norm2=response(),
        pool2=pool(),  # (N, 192, 28, 28)
    )
    for name in ["norm1", "norm2"] * batch_norm + ["pool2"] * cifar:
        del layers[name]
    return layers


def pool(kernel_size: int = 3) -> nn.MaxPool2d:
    """Half the height and width, rounded as the paper's sizes ask."""
    return nn.MaxPool2d(kernel_size, stride=2, ceil_mode=True)


def response() -> LocalResponseNorm:
    """Local response normalisation with AlexNet's constants; torch divides alpha by the size."""
    return LocalResponseNorm(size=5, alpha=5 * 1e-4, beta=0.75, k=2.0)


def auxiliary(
    in_channels: int, narrow: int, hidden: int, num_classes: int, average: nn.Module, conv: Convolution
) -> nn.Sequential:
    """A head of section 5: (N, in_channels, 14, 14) → logits (N, num_classes)."""
    layers = OrderedDict(
        pool=average,  # (N, in_channels, 4, 4)
        conv=conv(in_channels, narrow, 1),  # (N, 128, 4, 4)
        flatten=nn.Flatten(),  # (N, 2048)
        linear1=nn.Linear(narrow * 4 * 4, hidden),  # (N, 1024)
        relu=nn.ReLU(),
        dropout=nn.Dropout(0.7),
        linear2=nn.Linear(hidden, num_classes),
    )
    return nn.Sequential(layers)


def _facts(
    parameters: int,
    with_aux: int,
    multiply_adds: int,
    notes: str,
    size: int = 224,
    classes: int = 1000,
    errors: dict[str, tuple[float, str]] | None = None,
) -> dict[str, Any]:
    return {
        "paper": "Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich: "
        "Going deeper with convolutions",
        "year": 2014,
        "input_size": (3, size, size),
        "classes": classes,
        "parameters": parameters,
        "parameters_with_aux": with_aux,
        "multiply_adds": multiply_adds,
        "errors": errors or {},
        "notes": notes,
    }


_ERRORS = {
    "top-5, one crop": (10.07, "table 3"),
    "top-5, ten crops": (9.15, "table 3"),
    "top-5, 144 crops": (7.89, "table 3"),
    "top-5, 144 crops, seven networks": (6.67, "table 3"),
}

NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {
    "googlenet": (
        GoogLeNet,
        _facts(
            6_998_552, 13_378_280, 1_582_671_872,
            "Table 1's column of parameters adds up to 6.8 M; where it differs from its own sizes, the sizes count. "
            "Not in the paper: the constants of LRN (AlexNet's) and the start of the weights (He's).",
            errors=_ERRORS,
        ),
    ),
    "googlenet_naive": (
        partial(GoogLeNet, naive=True),
        _facts(
            97_526_008, 104_274_376, 12_568_061_056,
            "The paper prints the module only (figure 2a): the numbers of filters are table 1's, the network is ours.",
        ),
    ),
    "googlenet_torchvision": (
        partial(GoogLeNet, torchvision=True, batch_norm=True, dropout=0.2),
        _facts(
            6_624_904, 13_004_888, 1_498_376_192,
            "torchvision's: batch norm, no LRN, 3 × 3 filters for 5 × 5, a 2 × 2 pooling before 5a, dropout 0.2.",
        ),
    ),
    "googlenet_cifar": (
        partial(GoogLeNet, cifar=True),
        _facts(
            5_976_122, 10_326_350, 391_620_608,
            "Not the paper's: for 32 pixels the first convolution is 3 × 3 with stride 1, the second pooling left out.",
            size=32,
            classes=10,
        ),
    ),
}  # fmt: skip
