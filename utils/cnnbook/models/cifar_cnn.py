"""The CIFAR-10 network of TensorFlow's first tutorial (2015), whose reported test accuracy is about 86 %: two
convolutions, each with pooling and local response normalisation, and three dense layers. It descends from
A. Krizhevsky's cuda-convnet (2012) and reads 24 × 24 crops.

TensorFlow's LRN has radius 4, bias 1, alpha 0.001 / 9, beta 0.75; torch divides alpha by the size, 2 · 4 + 1 = 9. Its
"SAME" pooling of 24 pixels pads one row at the bottom and one column on the right; so does `ceil_mode`.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.nn.init import constant_, trunc_normal_

from cnnbook.layers import LocalResponseNorm
from cnnbook.models import guard

FACTS: dict[str, Any] = {
    "paper": "TensorFlow tutorial “Convolutional Neural Networks” (CIFAR-10), after Krizhevsky's cuda-convnet",
    "year": 2015,
    "input_size": (3, 24, 24),
    "crop_from": 32,  # pixels: in training at a random place, in a test from the middle
    "classes": 10,
    "parameters": 1_068_298,
    "multiply_adds": 18_470_784,
    "errors": {},
    "notes": "norm='bn' and another activation are variants; the original has LRN and ReLU.",
}


class CifarCNN(nn.Sequential):
    """Images float (N, in_channels, 24, 24) → logits (N, num_classes).

    `norm` is "lrn", the original, or "bn", batch norm before the activation (its convolutions then need no bias).
    Raises ValueError for another norm.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        norm: str = "lrn",
        activation: type[nn.Module] = nn.ReLU,
    ) -> None:
        if norm not in ("lrn", "bn"):
            raise ValueError(f"norm must be 'lrn' (the original) or 'bn', got {norm!r}.")
        lrn = norm == "lrn"

        def conv(channels: int) -> list[nn.Module]:
            layer = nn.Conv2d(channels, 64, kernel_size=5, padding=2, bias=lrn)
            return [layer, activation()] if lrn else [layer, nn.BatchNorm2d(64), activation()]

        def response() -> list[nn.Module]:
            return [LocalResponseNorm(size=9, alpha=0.001, beta=0.75, k=1.0)] if lrn else []

        def pool() -> nn.Module:
            return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)

        super().__init__(
            *conv(in_channels),  # (N, 64, 24, 24)
            pool(),  # (N, 64, 12, 12)
            *response(),
            *conv(64),  # (N, 64, 12, 12)
            *response(),
            pool(),  # (N, 64, 6, 6)
            nn.Flatten(),  # (N, 2304)
            nn.Linear(64 * 6 * 6, 384),
            activation(),
            nn.Linear(384, 192),
            activation(),
            nn.Linear(192, num_classes),  # (N, num_classes)
        )
        layers = [layer for layer in self if isinstance(layer, (nn.Conv2d, nn.Linear))]
        for layer in layers:  # the tutorial's start
            std = 0.05 if isinstance(layer, nn.Conv2d) else 0.04
            trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)
            if layer.bias is not None:
                constant_(layer.bias, 0.0 if layer in (layers[0], layers[-1]) else 0.1)
        trunc_normal_(layers[-1].weight, std=1 / 192, a=-2 / 192, b=2 / 192)

    def forward(self, x: Tensor) -> Tensor:
        guard.exactly("CifarCNN", x, 24, "its dense layers read 6 × 6 maps")
        return super().forward(x)


NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {"cifar_cnn": (CifarCNN, FACTS)}
