"""Network in Network: M. Lin, Q. Chen, S. Yan, "Network in network", ICLR 2014 (arXiv:1312.4400, 2013).

A layer, "mlpconv", is a convolution and two more of 1 × 1: a small network of three layers reads the window at every
position. The last mlpconv has one map a class, whose mean is the logit (global average pooling): no dense layers.

The paper prints no widths, and no network for ImageNet. Both are those of `nin_imagenet`, which the paper's first
author published in the Caffe model zoo (gist mavenlin/d802a5849de39225bcc6): its four mlpconvs, pooling that rounds up,
ReLU on the last maps too (as in the paper's equation 2), dropout before the last mlpconv only, and N(0, 0.01) as the
start of the last convolution. The others begin as in He et al. 2015 (arXiv:1502.01852), biases at 0, but those of the
last convolution at 1: else its ReLU goes dead where classes are few, and training stands still at chance.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from cnnbook.models import guard

FACTS: dict[str, Any] = {
    "paper": "Lin, Chen, Yan: Network in network",
    "year": 2013,
    "input_size": (3, 224, 224),
    "classes": 1000,
    "parameters": 7_595_176,
    "multiply_adds": 1_100_188_800,
    "errors": {"top-1, the paper's network for CIFAR-10, not this one": (10.41, "table 5")},
    "notes": "The paper has no network for ImageNet and prints no widths: both are those of its first author's "
    "nin_imagenet in the Caffe model zoo.",
}


class NiN(nn.Module):
    """Images float (N, in_channels, H, W), 39 px or more, made for 224 → logits (N, num_classes)."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()

        def pool() -> nn.Module:
            return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)

        self.features = nn.Sequential(
            OrderedDict(
                mlpconv1=mlpconv(in_channels, 96, 96, 96, kernel_size=11, stride=4),  # (N, 96, 54, 54)
                pool1=pool(),  # (N, 96, 27, 27)
                mlpconv2=mlpconv(96, 256, 256, 256, kernel_size=5, padding=2),  # (N, 256, 27, 27)
                pool2=pool(),  # (N, 256, 13, 13)
                mlpconv3=mlpconv(256, 384, 384, 384, kernel_size=3, padding=1),  # (N, 384, 13, 13)
                pool3=pool(),  # (N, 384, 6, 6)
                drop3=nn.Dropout(0.5),
                mlpconv4=mlpconv(384, 1024, 1024, num_classes, kernel_size=3, padding=1),  # (N, num_classes, 6, 6)
            )
        )
        self.classifier = nn.Sequential(OrderedDict(pool4=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten()))
        convolutions = [layer for layer in self.modules() if isinstance(layer, nn.Conv2d)]
        for layer in convolutions:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        nn.init.normal_(convolutions[-1].weight, std=0.01)
        nn.init.ones_(convolutions[-1].bias)

    def forward(self, x: Tensor) -> Tensor:
        guard.smallest("Network in Network", x, 39)
        return self.classifier(self.features(x))  # (N, num_classes)


def mlpconv(in_channels: int, first: int, second: int, third: int, **convolution: int) -> nn.Sequential:
    """A convolution to `first` channels, then 1 × 1 to `second` and to `third`, each with ReLU."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(in_channels, first, **convolution),
            relu1=nn.ReLU(),
            cccp1=nn.Conv2d(first, second, kernel_size=1),  # "cascaded cross channel pooling"
            relu2=nn.ReLU(),
            cccp2=nn.Conv2d(second, third, kernel_size=1),
            relu3=nn.ReLU(),
        )
    )


NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {"nin": (NiN, FACTS)}
