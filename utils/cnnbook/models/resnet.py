"""Residual networks: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016
(arXiv:1512.03385), 2015, table 1. And their plain twins: the same layers less the additions.

A block learns the residual F(x) = H(x) - x instead of H(x): y = relu(F(x) + x). Where x and F(x) differ in shape, the
shortcut has to change x (section 4.1):
- "A": every second pixel, zeros for the new channels; no parameters.
- "B": a projection, 1 × 1 convolution and batch norm, where the shape changes; elsewhere x itself.
- "C": projections everywhere.
Batch norm follows each convolution; there is no dropout. Weights start as He et al. (2015) draw theirs, which the
paper says too.

A bottleneck that halves the image has its stride in the first 1 × 1, as in the paper; torchvision has it in the 3 × 3
(`stride_in_3x3`), which is more work (4.09 instead of 3.86 G for 50 layers). 18 and 34 layers have option B here, as in
torchvision; in table 2 they have A. Left open: the start of the linear layer (torch's here).
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import pad, relu

from cnnbook.models.guard import smallest


def convolution(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> list[nn.Module]:
    """Convolution and batch norm: (N, in_channels, H, W) → (N, out_channels, H / stride, W / stride)."""
    padding = kernel_size // 2
    return [
        nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=padding, bias=False),
        nn.BatchNorm2d(out_channels),
    ]


def two_convolutions(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """F of the networks with up to 34 layers (figure 5, left)."""
    return nn.Sequential(
        *convolution(in_channels, out_channels, kernel_size=3, stride=stride),
        nn.ReLU(),
        *convolution(out_channels, out_channels, kernel_size=3),
    )


class Block(nn.Module):
    """relu(F(x) + x): (N, in_channels, H, W) → (N, out_channels, H / stride, W / stride)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, shortcut: str = "A") -> None:
        super().__init__()
        self.residual = two_convolutions(in_channels, out_channels, stride)
        self.shortcut = shortcut_of(shortcut, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.residual(x) + self.shortcut(x))


class PlainBlock(nn.Module):
    """relu(F(x)): the layers of `Block`, and nothing added."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.layers = two_convolutions(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.layers(x))


class Bottleneck(nn.Module):
    """relu(F(x) + x), where F narrows to a quarter of its output, convolves there, and widens (figure 5, right)."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, shortcut: str = "B", stride_in_3x3: bool = False
    ) -> None:
        super().__init__()
        narrow = out_channels // 4
        first, second = (1, stride) if stride_in_3x3 else (stride, 1)
        self.residual = nn.Sequential(
            *convolution(in_channels, narrow, kernel_size=1, stride=first),  # (N, narrow, H / first, W / first)
            nn.ReLU(),
            *convolution(narrow, narrow, kernel_size=3, stride=second),  # (N, narrow, H / stride, W / stride)
            nn.ReLU(),
            *convolution(narrow, out_channels, kernel_size=1),  # (N, out_channels, H / stride, W / stride)
        )
        self.shortcut = shortcut_of(shortcut, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.residual(x) + self.shortcut(x))


def shortcut_of(option: str, in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """What is added to F(x): x itself where its shape fits, else (or everywhere, "C") what the option says."""
    if option not in ("A", "B", "C"):
        raise ValueError(f"shortcut must be 'A' (zeros), 'B' or 'C' (projections), got {option!r}.")
    same = stride == 1 and in_channels == out_channels
    if option == "C" or (option == "B" and not same):
        return nn.Sequential(*convolution(in_channels, out_channels, kernel_size=1, stride=stride))
    return nn.Identity() if same else ZeroPadding(stride, out_channels - in_channels)


class ZeroPadding(nn.Module):
    """Option A: every `stride`-th pixel, then `more` channels of zeros."""

    def __init__(self, stride: int, more: int) -> None:
        super().__init__()
        self.stride, self.more = stride, more

    def forward(self, x: Tensor) -> Tensor:
        return pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))

    def extra_repr(self) -> str:
        return f"stride={self.stride}, more={self.more}"


TABLE: dict[int, tuple[type[nn.Module], tuple[int, ...], tuple[int, ...]]] = {  # table 1: blocks, channels of a stage
    18: (Block, (2, 2, 2, 2), (64, 128, 256, 512)),
    34: (Block, (3, 4, 6, 3), (64, 128, 256, 512)),
    50: (Bottleneck, (3, 4, 6, 3), (256, 512, 1024, 2048)),
    101: (Bottleneck, (3, 4, 23, 3), (256, 512, 1024, 2048)),
    152: (Bottleneck, (3, 8, 36, 3), (256, 512, 1024, 2048)),
}


class ResNet(nn.Sequential):
    """Images float (N, in_channels, H, W) → logits (N, num_classes); any size, the paper's is 224.

    `depth` is a row of table 1; `shortcut` is "A", "B", "C", or None for the plain network, which table 1 has with 18
    and 34 layers. `stride_in_3x3` concerns bottlenecks. Raises ValueError for what the table has not.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        depth: int = 50,
        shortcut: str | None = "B",
        stride_in_3x3: bool = False,
    ) -> None:
        if depth not in TABLE:
            raise ValueError(f"depth must be one of {', '.join(map(str, TABLE))}, got {depth!r}.")
        kind, repeats, widths = TABLE[depth]
        if shortcut is None and kind is not Block:
            raise ValueError(f"the paper's plain networks have 18 or 34 layers, got {depth}.")
        options = {} if shortcut is None else {"shortcut": shortcut}
        if kind is Bottleneck:
            options["stride_in_3x3"] = stride_in_3x3
        make = PlainBlock if shortcut is None else kind

        conv1, norm1 = convolution(in_channels, 64, kernel_size=7, stride=2)
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv1=conv1,  # (N, 64, 112, 112)
            norm1=norm1,
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),  # (N, 64, 56, 56)
        )
        channels = 64
        for stage, (blocks, width) in enumerate(zip(repeats, widths, strict=True), start=2):  # 56, 28, 14, 7 pixels
            first = make(channels, width, stride=1 if stage == 2 else 2, **options)
            layers[f"conv{stage}_x"] = nn.Sequential(first, *[make(width, width, **options) for _ in range(blocks - 1)])
            channels = width
        layers["avgpool"] = nn.AdaptiveAvgPool2d(1)
        layers["flatten"] = nn.Flatten()  # (N, 512), or (N, 2048) with bottlenecks
        layers["linear"] = nn.Linear(channels, num_classes)
        super().__init__(layers)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        smallest("ResNet", x, side=1)
        return super().forward(x)


def initialise(model: nn.Module) -> None:
    """He et al. 2015: std √(2 / n), n the values that each input reaches."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out")


def plain(num_classes: int = 1000, in_channels: int = 3, depth: int = 34) -> ResNet:
    """The twin of a ResNet without its additions: images float (N, in_channels, H, W) → logits (N, num_classes)."""
    return ResNet(num_classes, in_channels, depth, shortcut=None)


_BOTTLENECKS = {  # parameters, multiply-adds with the stride in the 1 × 1 and in the 3 × 3, errors of tables 3 and 4
    50: (25_557_032, 3_857_973_248, 4_089_184_256, (22.85, 6.71, 20.74, 5.25)),
    101: (44_549_160, 7_570_194_432, 7_801_405_440, (21.75, 6.05, 19.87, 4.60)),
    152: (60_192_808, 11_282_415_616, 11_513_626_624, (21.43, 5.71, 19.38, 4.49)),
}


def _facts(parameters: int, multiply_adds: int, errors: dict[str, tuple[float, str]], notes: str) -> dict[str, Any]:
    return {
        "paper": "He, Zhang, Ren, Sun: Deep residual learning for image recognition",
        "year": 2015,
        "input_size": (3, 224, 224),
        "classes": 1000,
        "parameters": parameters,
        "multiply_adds": multiply_adds,
        "errors": errors,
        "notes": f"{notes} The paper prints no parameter counts.",
    }


def _errors(values: tuple[float, float, float, float]) -> dict[str, tuple[float, str]]:
    return {
        "top-1, ten crops": (values[0], "table 3"),
        "top-5, ten crops": (values[1], "table 3"),
        "top-1, five scales": (values[2], "table 4"),
        "top-5, five scales": (values[3], "table 4"),
    }


_RESNET18 = {"top-1, ten crops, shortcut A": (27.88, "table 2")}
_RESNET34 = _errors((24.52, 7.46, 21.84, 5.71)) | {
    "top-1, ten crops, shortcut A": (25.03, "table 3"),
    "top-5, ten crops, shortcut A": (7.76, "table 3"),
    "top-1, ten crops, shortcut C": (24.19, "table 3"),
    "top-5, ten crops, shortcut C": (7.40, "table 3"),
}
_PLAIN18 = {"top-1, ten crops": (27.94, "table 2")}
_PLAIN34 = {"top-1, ten crops": (28.54, "table 3"), "top-5, ten crops": (10.02, "table 3")}
_PLAIN = "The layers of its residual twin, nothing added."
_OTHER_STRIDE = "torchvision's: the stride is in the 3 × 3 of the bottleneck; the errors are the paper's, for its own."

NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {
    "resnet18": (
        partial(ResNet, depth=18),
        _facts(11_689_512, 1_814_073_344, _RESNET18, "Shortcuts of option B; table 2 has A."),
    ),
    "resnet34": (partial(ResNet, depth=34), _facts(21_797_672, 3_663_761_408, _RESNET34, "Shortcuts of option B.")),
    "plain18": (partial(plain, depth=18), _facts(11_515_688, 1_794_805_760, _PLAIN18, _PLAIN)),
    "plain34": (partial(plain, depth=34), _facts(21_623_848, 3_644_493_824, _PLAIN34, _PLAIN)),
}
for _depth, (_parameters, _in_1x1, _in_3x3, _values) in _BOTTLENECKS.items():
    NETWORKS[f"resnet{_depth}"] = (
        partial(ResNet, depth=_depth),
        _facts(_parameters, _in_1x1, _errors(_values), "Shortcuts of option B."),
    )
    NETWORKS[f"resnet{_depth}_torchvision"] = (
        partial(ResNet, depth=_depth, stride_in_3x3=True),
        _facts(_parameters, _in_3x3, _errors(_values), _OTHER_STRIDE),
    )
