"""AlexNet: A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet classification with deep convolutional neural
networks", NIPS 2012, section 3 and figure 2.

The paper's network ran on two GPUs, each with half of the channels, here called towers. Convolutions 2, 4 and 5 read
only the half on their own GPU (`groups=2`), and so does local response normalisation; convolution 3 and the dense
layers read both. ReLU everywhere, pooling 3 × 3 with stride 2, so that windows overlap, dropout in dense layers.

- The paper says 224 × 224 pixels. Then the first layer would have (224 - 11) / 4 + 1 = 54.25 positions; figure 2 has
  55, which 227 pixels give. The padding, which the paper does not print, follows from its sizes 27 and 13.
- The paper's α multiplies the plain sum of n = 5 squares, torch's their mean: 1e-4 is 5e-4 here.
- `init="paper"` is section 5's start: weights N(0, 0.01), biases 1 in convolutions 2, 4, 5 and the hidden dense layers,
  so that their ReLUs get positive inputs, else 0. With it the images hardly reach the logits, and learning begins
  slowly. By default convolutions begin as in He et al. 2015 (arXiv:1502.01852) and biases at 0; dense layers keep
  N(0, 0.01), as in torchvision's VGG: as He's they would be so large that the usual steps overshoot.

torchvision's AlexNet, which its documentation traces to A. Krizhevsky, "One weird trick for parallelizing convolutional
neural networks", 2014 (arXiv:1404.5997), has one tower, other channels, and no normalisation.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cnnbook.layers import LocalResponseNorm
from cnnbook.models import guard

FACTS: dict[str, Any] = {
    "paper": "Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks",
    "year": 2012,
    "input_size": (3, 227, 227),
    "classes": 1000,
    "parameters": 60_965_224,
    "multiply_adds": 724_406_816,
    "errors": {
        "top-1, 1 network, validation": (40.7, "table 2"),
        "top-5, 1 network, validation": (18.2, "table 2"),
        "top-5, 5 networks, test": (16.4, "table 2"),
        "top-5, 7 networks, two of them pre-trained on 22,000 classes, test": (15.3, "table 2"),
    },
    "notes": "227 pixels, since 224, as the paper has it, give no whole number; padding is not printed. The paper says "
    "60 M parameters; without the two towers there would be 62,378,344.",
}
FACTS_TORCHVISION: dict[str, Any] = {
    "paper": "Krizhevsky: One weird trick for parallelizing convolutional neural networks, as torchvision builds it",
    "year": 2014,
    "input_size": (3, 224, 224),
    "classes": 1000,
    "parameters": 61_100_840,
    "multiply_adds": 714_188_480,
    "errors": {},
    "notes": "Not the network of 2012: 64, 192, 384, 256, 256 channels, one tower, no normalisation.",
}


class AlexNet(nn.Module):
    """The network of 2012: images float (N, in_channels, 227, 227) → logits (N, num_classes).

    `towers=1` is the same without the split. `init` is "he" or "paper"; ValueError for another.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, towers: int = 2, init: str = "he") -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(in_channels, 96, kernel_size=11, stride=4),  # (N, 96, 55, 55)
                relu1=nn.ReLU(),
                norm1=TowerNorm(towers),
                pool1=nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 96, 27, 27)
                conv2=nn.Conv2d(96, 256, kernel_size=5, padding=2, groups=towers),  # (N, 256, 27, 27)
                relu2=nn.ReLU(),
                norm2=TowerNorm(towers),
                pool2=nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 256, 13, 13)
                conv3=nn.Conv2d(256, 384, kernel_size=3, padding=1),  # (N, 384, 13, 13)
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(384, 384, kernel_size=3, padding=1, groups=towers),  # (N, 384, 13, 13)
                relu4=nn.ReLU(),
                conv5=nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=towers),  # (N, 256, 13, 13)
                relu5=nn.ReLU(),
                pool5=nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 256, 6, 6)
            )
        )
        self.classifier = nn.Sequential(
            OrderedDict(
                flatten=nn.Flatten(),  # (N, 9216)
                fc6=nn.Linear(256 * 6 * 6, 4096),  # (N, 4096)
                relu6=nn.ReLU(),
                drop6=nn.Dropout(0.5),
                fc7=nn.Linear(4096, 4096),
                relu7=nn.ReLU(),
                drop7=nn.Dropout(0.5),
                fc8=nn.Linear(4096, num_classes),  # (N, num_classes)
            )
        )
        start(self, init, ones=("conv2", "conv4", "conv5", "fc6", "fc7"))

    def forward(self, x: Tensor) -> Tensor:
        guard.exactly("AlexNet", x, 227, "its dense layers read 6 × 6 maps")
        return self.classifier(self.features(x))


class TowerNorm(nn.Module):
    """Local response normalisation with the paper's constants (section 3.3), each tower by itself; same shape."""

    def __init__(self, towers: int = 2) -> None:
        super().__init__()
        self.towers = towers
        self.norm = LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2.0)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.norm(tower) for tower in x.chunk(self.towers, dim=1)], dim=1)

    def extra_repr(self) -> str:
        return f"towers={self.towers}"


class AlexNetTorchvision(nn.Module):
    """torchvision's: images float (N, in_channels, H, W), 63 px or more, made for 224 → logits (N, num_classes)."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(in_channels, 64, kernel_size=11, stride=4, padding=2),  # (N, 64, 55, 55)
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 64, 27, 27)
                conv2=nn.Conv2d(64, 192, kernel_size=5, padding=2),  # (N, 192, 27, 27)
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 192, 13, 13)
                conv3=nn.Conv2d(192, 384, kernel_size=3, padding=1),  # (N, 384, 13, 13)
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(384, 256, kernel_size=3, padding=1),  # (N, 256, 13, 13)
                relu4=nn.ReLU(),
                conv5=nn.Conv2d(256, 256, kernel_size=3, padding=1),  # (N, 256, 13, 13)
                relu5=nn.ReLU(),
                pool5=nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 256, 6, 6)
            )
        )
        self.classifier = nn.Sequential(
            OrderedDict(
                pool=nn.AdaptiveAvgPool2d(6),  # (N, 256, 6, 6) for images of every size
                flatten=nn.Flatten(),  # (N, 9216)
                drop5=nn.Dropout(0.5),
                fc6=nn.Linear(256 * 6 * 6, 4096),  # (N, 4096)
                relu6=nn.ReLU(),
                drop6=nn.Dropout(0.5),
                fc7=nn.Linear(4096, 4096),
                relu7=nn.ReLU(),
                fc8=nn.Linear(4096, num_classes),  # (N, num_classes)
            )
        )
        start(self, "he")

    def forward(self, x: Tensor) -> Tensor:
        guard.smallest("torchvision's AlexNet", x, 63)
        return self.classifier(self.features(x))


def start(model: nn.Module, init: str, ones: Sequence[str] = ()) -> None:
    """Weights from N(0, 0.01), and for "he" those of convolutions as He et al. 2015; for "paper" biases 1 in `ones`."""
    if init not in ("he", "paper"):
        raise ValueError(f"init must be 'he' (He et al. 2015) or 'paper' (N(0, 0.01)), got {init!r}.")
    for name, layer in model.named_modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            if init == "he" and isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            else:
                nn.init.normal_(layer.weight, std=0.01)
            one = init == "paper" and name.split(".")[-1] in ones
            nn.init.constant_(layer.bias, 1.0 if one else 0.0)


NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {
    "alexnet": (AlexNet, FACTS),
    "alexnet_torchvision": (AlexNetTorchvision, FACTS_TORCHVISION),
}
