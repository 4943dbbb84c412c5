"""VGG: K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015
(arXiv:1409.1556, 2014), section 2.1 and table 1.

Nothing but convolutions of 3 × 3 that keep the size, pooling of 2 × 2 that halves it five times, and AlexNet's dense
layers; six depths from one table. LRN in A-LRN has AlexNet's constants, as the paper says.

Convolutions begin as in He et al. 2015 (arXiv:1502.01852), dense layers from N(0, 0.01), as in torchvision, biases at
0. The paper drew A's weights with variance 0.01 and began the deeper networks from A's layers, which, it notes, the
start of Glorot & Bengio would have made unnecessary.

`as_convolutions` is section 3.2's dense evaluation. `vgg16_cifar` is not the paper's: configuration D for 32 × 32
pixels as it is usual on CIFAR-10, for instance in K. Liu's pytorch-cifar: batch norm and one linear layer.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from cnnbook.layers import LocalResponseNorm
from cnnbook.models import guard

CONFIGURATIONS: dict[str, list[int | str]] = {  # channels of a 3 × 3; "1x1" keeps them; "M" is pooling
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "A-LRN": [64, "LRN", "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "C": [64, 64, "M", 128, 128, "M", 256, 256, "1x1", "M", 512, 512, "1x1", "M", 512, 512, "1x1", "M"],
    "D": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
    "E": [64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512, 512, 512, 512, "M"],
}


class VGG(nn.Module):
    """Images float (N, in_channels, 224, 224) → logits (N, num_classes). ValueError for an unknown configuration."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, configuration: str = "D") -> None:
        super().__init__()
        self.features = features(configuration, in_channels)  # (N, 512, 7, 7)
        self.classifier = nn.Sequential(
            OrderedDict(
                flatten=nn.Flatten(),  # (N, 25088)
                fc6=nn.Linear(512 * 7 * 7, 4096),  # (N, 4096)
                relu6=nn.ReLU(),
                drop6=nn.Dropout(0.5),
                fc7=nn.Linear(4096, 4096),
                relu7=nn.ReLU(),
                drop7=nn.Dropout(0.5),
                fc8=nn.Linear(4096, num_classes),  # (N, num_classes)
            )
        )
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        guard.exactly("VGG", x, 224, "its dense layers read 7 × 7 maps; as_convolutions reads larger images")
        return self.classifier(self.features(x))


class VGGCifar(nn.Module):
    """Images float (N, in_channels, H, W), 32 px or more → logits (N, num_classes). Not the paper's; see above."""

    def __init__(
        self, num_classes: int = 10, in_channels: int = 3, configuration: str = "D", batch_norm: bool = True
    ) -> None:
        super().__init__()
        self.features = features(configuration, in_channels, batch_norm)  # (N, 512, 1, 1) of 32 × 32 pixels
        self.classifier = nn.Sequential(
            OrderedDict(
                pool=nn.AdaptiveAvgPool2d(1),  # (N, 512, 1, 1) of larger images too
                flatten=nn.Flatten(),  # (N, 512)
                fc=nn.Linear(512, num_classes),  # (N, num_classes)
            )
        )
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        guard.smallest("VGG for CIFAR", x, 32)
        return self.classifier(self.features(x))


def features(configuration: str, in_channels: int, batch_norm: bool = False) -> nn.Sequential:
    """The convolutions of a column of table 1: (N, in_channels, H, W) → (N, 512, ⌊H / 32⌋, ⌊W / 32⌋)."""
    if configuration not in CONFIGURATIONS:
        raise ValueError(f"configuration must be one of {', '.join(CONFIGURATIONS)}, got {configuration!r}.")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    channels, stage, number = in_channels, 1, 1
    for entry in CONFIGURATIONS[configuration]:
        if entry == "M":
            layers[f"pool{stage}"] = nn.MaxPool2d(kernel_size=2)  # half the height and width
            stage, number = stage + 1, 1
        elif entry == "LRN":
            layers[f"norm{stage}"] = LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2.0)
        else:
            width, kernel = (channels, 1) if entry == "1x1" else (entry, 3)
            convolution = nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=not batch_norm)
            layers[f"conv{stage}_{number}"] = convolution  # (N, width, H, W)
            if batch_norm:
                layers[f"bn{stage}_{number}"] = nn.BatchNorm2d(width)
            layers[f"relu{stage}_{number}"] = nn.ReLU()
            channels, number = width, number + 1
    return nn.Sequential(layers)


def start(model: nn.Module) -> None:
    """Weights of convolutions as in He et al. 2015, of dense layers from N(0, 0.01), biases 0."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01)
        if isinstance(layer, (nn.Conv2d, nn.Linear)) and layer.bias is not None:
            nn.init.zeros_(layer.bias)


def as_convolutions(model: VGG) -> "DenseVGG":
    """The same network with convolutions for its dense layers: it reads images of 224 px and more (section 3.2).

    Weights and mode are the model's own, not copies. Raises TypeError for a network that is not a VGG.
    """
    if not isinstance(model, VGG):
        raise TypeError(f"as_convolutions needs a VGG with the paper's dense layers, got {type(model).__name__}.")
    return DenseVGG(model).train(model.training)


class DenseVGG(nn.Module):
    """Images float (N, in_channels, H, W), 224 px or more → logits (N, num_classes): the mean of a map of logits."""

    def __init__(self, model: VGG) -> None:
        super().__init__()
        self.features = model.features  # (N, 512, ⌊H / 32⌋, ⌊W / 32⌋)
        dense = model.classifier
        self.classifier = nn.Sequential(
            OrderedDict(
                fc6=convolution(dense.fc6, 7),  # (N, 4096, ⌊H / 32⌋ - 6, ⌊W / 32⌋ - 6)
                relu6=nn.ReLU(),
                drop6=nn.Dropout(0.5),
                fc7=convolution(dense.fc7, 1),
                relu7=nn.ReLU(),
                drop7=nn.Dropout(0.5),
                fc8=convolution(dense.fc8, 1),  # (N, num_classes, ⌊H / 32⌋ - 6, ⌊W / 32⌋ - 6)
            )
        )

    def maps(self, x: Tensor) -> Tensor:
        """The logits at every position, one every 32 pixels: (N, num_classes, ⌊H / 32⌋ - 6, ⌊W / 32⌋ - 6)."""
        guard.smallest("VGG", x, 224)
        return self.classifier(self.features(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.maps(x).mean(dim=(2, 3))


def convolution(dense: nn.Linear, side: int) -> nn.Conv2d:
    """A dense layer on flattened maps of side × side as a convolution, with the same weights in memory."""
    channels = dense.in_features // side**2
    with torch.device("meta"):  # without memory of its own
        layer = nn.Conv2d(channels, dense.out_features, kernel_size=side)
    layer.weight = nn.Parameter(dense.weight.detach().view(-1, channels, side, side), dense.weight.requires_grad)
    layer.bias = dense.bias
    return layer


def _facts(
    configuration: str, parameters: int, multiply_adds: int, millions: int, *errors: tuple[str, float, float]
) -> dict[str, Any]:
    return {
        "paper": "Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition",
        "year": 2014,
        "input_size": (3, 224, 224),
        "classes": 1000,
        "parameters": parameters,
        "multiply_adds": multiply_adds,
        "errors": {f"top-1, trained at {scale}": (top1, "table 3") for scale, top1, _ in errors}
        | {f"top-5, trained at {scale}": (top5, "table 3") for scale, _, top5 in errors},
        "notes": f"Configuration {configuration}, errors at one test scale. Table 2 prints {millions} M parameters.",
    }


ONE, MANY = "scale 256", "scales 256 to 512"
TABLE = {  # name → configuration, parameters, multiply-adds, millions of parameters as printed, top-1 and top-5 errors
    "vgg11": ("A", 132_863_336, 7_609_090_048, 133, (ONE, 29.6, 10.4)),
    "vgg11_lrn": ("A-LRN", 132_863_336, 7_609_090_048, 133, (ONE, 29.7, 10.5)),
    "vgg13": ("B", 133_047_848, 11_308_466_176, 133, (ONE, 28.7, 9.9)),
    "vgg16c": ("C", 133_638_952, 11_770_888_192, 134, (ONE, 28.1, 9.4), (MANY, 27.3, 8.8)),
    "vgg16": ("D", 138_357_544, 15_470_264_320, 138, (ONE, 27.0, 8.8), (MANY, 25.6, 8.1)),
    "vgg19": ("E", 143_667_240, 19_632_062_464, 144, (ONE, 27.3, 9.0), (MANY, 25.5, 8.0)),
}
FACTS_CIFAR: dict[str, Any] = {
    "paper": "after Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition",
    "year": 2014,
    "input_size": (3, 32, 32),
    "classes": 10,
    "parameters": 14_724_042,
    "multiply_adds": 313_201_664,
    "errors": {},
    "notes": "Not the paper's: configuration D with batch norm and one linear layer, as is usual on CIFAR-10. "
    "Convolutions have no bias, since batch norm has one.",
}
NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {
    **{name: (partial(VGG, configuration=row[0]), _facts(*row)) for name, row in TABLE.items()},
    "vgg16_cifar": (VGGCifar, FACTS_CIFAR),
}
