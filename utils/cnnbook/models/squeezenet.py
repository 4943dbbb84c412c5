"""SqueezeNet 1.1: F. N. Iandola, S. Han, M. W. Moskewicz, K. Ashraf, W. J. Dally, K. Keutzer, "SqueezeNet:
AlexNet-level accuracy with 50x fewer parameters and < 0.5 MB model size", arXiv:1602.07360, 2016.

A Fire module squeezes its input into few channels with 1 × 1, then expands them with 1 × 1 and 3 × 3 side by side
(figure 2). As in Network in Network the last convolution has one map a class, whose mean is the logit.

The paper prints version 1.0 (table 1). Version 1.1 is the authors' own, from their repository
(github.com/forresti/SqueezeNet): its Fire modules are table 1's, but its first layer has 64 filters of 3 × 3, for 96 of
7 × 7, and it pools after conv1, fire3 and fire5, for conv1, fire4 and fire8. Pooling rounds up, as in Caffe.

Weights begin as in He et al. 2015 (arXiv:1502.01852), in the last convolution from N(0, 0.01), as there; biases at 0,
in the last convolution at 1: else its ReLU goes dead where classes are few, and training stands still at chance.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from cnnbook.models import guard

FACTS: dict[str, Any] = {
    "paper": "Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer: SqueezeNet",
    "year": 2016,
    "input_size": (3, 224, 224),
    "classes": 1000,
    "parameters": 1_235_496,
    "multiply_adds": 349_151_936,
    "errors": {},
    "notes": "Version 1.1 of the authors' repository, not in the paper, whose version 1.0 has 1,248,424 parameters, "
    "42.5 % top-1 and 19.7 % top-5 error.",
}


class Fire(nn.Module):
    """(N, in_channels, H, W) → (N, 2 · expand, H, W)."""

    def __init__(self, in_channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(in_channels, squeeze, kernel_size=1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, kernel_size=1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = relu(self.squeeze1x1(x))
        return relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1))


class SqueezeNet(nn.Module):
    """Images float (N, in_channels, H, W), 17 px or more, made for 224 → logits (N, num_classes)."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()

        def pool() -> nn.Module:
            return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)

        self.features = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(in_channels, 64, kernel_size=3, stride=2),  # (N, 64, 111, 111)
                relu1=nn.ReLU(),
                pool1=pool(),  # (N, 64, 55, 55)
                fire2=Fire(64, squeeze=16, expand=64),  # (N, 128, 55, 55)
                fire3=Fire(128, squeeze=16, expand=64),
                pool3=pool(),  # (N, 128, 27, 27)
                fire4=Fire(128, squeeze=32, expand=128),  # (N, 256, 27, 27)
                fire5=Fire(256, squeeze=32, expand=128),
                pool5=pool(),  # (N, 256, 13, 13)
                fire6=Fire(256, squeeze=48, expand=192),  # (N, 384, 13, 13)
                fire7=Fire(384, squeeze=48, expand=192),
                fire8=Fire(384, squeeze=64, expand=256),  # (N, 512, 13, 13)
                fire9=Fire(512, squeeze=64, expand=256),
            )
        )
        self.classifier = nn.Sequential(
            OrderedDict(
                drop9=nn.Dropout(0.5),
                conv10=nn.Conv2d(512, num_classes, kernel_size=1),  # (N, num_classes, 13, 13)
                relu10=nn.ReLU(),
                pool10=nn.AdaptiveAvgPool2d(1),
                flatten=nn.Flatten(),  # (N, num_classes)
            )
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        nn.init.normal_(self.classifier.conv10.weight, std=0.01)
        nn.init.ones_(self.classifier.conv10.bias)

    def forward(self, x: Tensor) -> Tensor:
        guard.smallest("SqueezeNet", x, 17)
        return self.classifier(self.features(x))


NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {"squeezenet1_1": (SqueezeNet, FACTS)}
