"""ZFNet: M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014
(arXiv:1311.2901, 2013), section 4.1 and figure 3.

AlexNet on one GPU, hence without towers, and finer where its first layers are coarse: 7 × 7 filters with stride 2 for
11 × 11 with stride 4, and stride 2 in the second layer.

Figure 3's caption has crops of 224 × 224, ReLU, pooling 3 × 3 with stride 2, normalisation across maps in this order,
96 maps of 55 × 55 after the first layer, 256 of 6 × 6 after the fifth, and two dense layers. What it leaves open, and
what is taken here:
- How 224 pixels become 55: padding 1, (224 - 7 + 2) / 2 + 1 = 110.5, rounded down, and pooling that rounds up. Then
  come 26 and 13, without padding in the second layer. (225 pixels would give 110 without padding.)
- Which normalisation: AlexNet's, with its constants, after the first two layers.
- Weights "initialized to 1e-2" are read as N(0, 0.01), `init="paper"`. The default start is that of our AlexNet: with
  the paper's the images hardly reach the logits, and learning begins slowly.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from cnnbook.layers import LocalResponseNorm
from cnnbook.models import guard
from cnnbook.models.alexnet import start

FACTS: dict[str, Any] = {
    "paper": "Zeiler, Fergus: Visualizing and understanding convolutional networks",
    "year": 2013,
    "input_size": (3, 224, 224),
    "classes": 1000,
    "parameters": 62_357_608,
    "multiply_adds": 1_168_032_896,
    "errors": {
        "top-1, 1 network, validation": (38.4, "table 2"),
        "top-5, 1 network, validation": (16.5, "table 2"),
        "top-5, 6 networks, validation": (14.7, "table 2"),
        "top-5, 6 networks, test": (14.8, "table 2"),
    },
    "notes": "Padding and rounding are not printed: taken so that 224 pixels give figure 3's 55 and 6. The kind of "
    "normalisation is not printed: AlexNet's. The paper gives no number of parameters.",
}


class ZFNet(nn.Module):
    """Images float (N, in_channels, 224, 224) → logits (N, num_classes). `init` is "he" or "paper", else ValueError."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, init: str = "he") -> None:
        super().__init__()

        def pool() -> nn.Module:
            return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)

        def norm() -> nn.Module:
            return LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2.0)

        self.features = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(in_channels, 96, kernel_size=7, stride=2, padding=1),  # (N, 96, 110, 110)
                relu1=nn.ReLU(),
                pool1=pool(),  # (N, 96, 55, 55)
                norm1=norm(),
                conv2=nn.Conv2d(96, 256, kernel_size=5, stride=2),  # (N, 256, 26, 26)
                relu2=nn.ReLU(),
                pool2=pool(),  # (N, 256, 13, 13)
                norm2=norm(),
                conv3=nn.Conv2d(256, 384, kernel_size=3, padding=1),  # (N, 384, 13, 13)
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(384, 384, kernel_size=3, padding=1),  # (N, 384, 13, 13)
                relu4=nn.ReLU(),
                conv5=nn.Conv2d(384, 256, kernel_size=3, padding=1),  # (N, 256, 13, 13)
                relu5=nn.ReLU(),
                pool5=pool(),  # (N, 256, 6, 6)
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
        start(self, init)

    def forward(self, x: Tensor) -> Tensor:
        guard.exactly("ZFNet", x, 224, "its dense layers read 6 × 6 maps")
        return self.classifier(self.features(x))


NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {"zfnet": (ZFNet, FACTS)}
