"""Inception v3: C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, "Rethinking the Inception architecture for
computer vision", CVPR 2016 (arXiv:1512.00567), 2015, table 1 and figures 5 to 8.

Large filters are factorised: 5 × 5 into two 3 × 3, n × n into 1 × n and n × 1 (n = 7 on 17 pixels). Where the image is
halved, a convolution and a pooling with stride 2 work side by side. Batch norm follows every convolution.

The paper prints the kinds of modules and their sizes, not the channels of their branches. Those, the 1 × 1 with 80
channels in the stem and the pooling after it (table 1 has 3 × 3 convolutions there), and batch norm's eps = 0.001 are
those of the network that its authors released, as in torchvision. Table 1 has no dropout; torchvision's has 0.5 before
the linear layer (`dropout`). The start of the weights is He's (2015).

With `aux` a head on the last 17 × 17 maps classifies too, as a regulariser (section 4); the paper prints no weight for
its loss, GoogLeNet's is 0.3. torchvision's weights from ImageNet expect images normalised to (x - 0.5) / 0.5.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from cnnbook.models.googlenet import Branches
from cnnbook.models.guard import smallest


def conv(
    in_channels: int, out_channels: int, kernel_size: int | tuple[int, int], stride: int = 1, padded: bool = True
) -> nn.Sequential:
    """Convolution, batch norm, ReLU; `padded` keeps the size at stride 1. `kernel_size` is one side, or both."""
    height, width = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    padding = (height // 2, width // 2) if padded else 0
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, (height, width), stride, padding, bias=False),
        nn.BatchNorm2d(out_channels, eps=0.001),
        nn.ReLU(),
    )


def average_and_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """The branch with a pooling: 3 × 3 average (its border counts zeros), then 1 × 1."""
    return nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), conv(in_channels, out_channels, 1))


def two_threes(channels: int, pooled: int) -> Branches:
    """Figure 5, the 5 × 5 of old as two 3 × 3: (N, channels, 35, 35) → (N, 224 + pooled, 35, 35)."""
    return Branches(
        branch_1x1=conv(channels, 64, 1),
        branch_5x5=nn.Sequential(conv(channels, 48, 1), conv(48, 64, 5)),
        branch_3x3_twice=nn.Sequential(conv(channels, 64, 1), conv(64, 96, 3), conv(96, 96, 3)),
        branch_pool=average_and_conv(channels, pooled),
    )


def to_17(channels: int) -> Branches:
    """Halves the image, as in figure 10: (N, channels, 35, 35) → (N, channels + 480, 17, 17)."""
    return Branches(
        branch_3x3=conv(channels, 384, 3, stride=2, padded=False),
        branch_3x3_twice=nn.Sequential(
            conv(channels, 64, 1), conv(64, 96, 3), conv(96, 96, 3, stride=2, padded=False)
        ),
        branch_pool=nn.MaxPool2d(3, stride=2),
    )  # fmt: skip


def ones_and_sevens(channels: int, narrow: int) -> Branches:
    """Figure 6 with n = 7: (N, channels, 17, 17) → (N, 768, 17, 17)."""
    return Branches(
        branch_1x1=conv(channels, 192, 1),
        branch_7x7=nn.Sequential(conv(channels, narrow, 1), conv(narrow, narrow, (1, 7)), conv(narrow, 192, (7, 1))),
        branch_7x7_twice=nn.Sequential(
            conv(channels, narrow, 1),
            conv(narrow, narrow, (7, 1)),
            conv(narrow, narrow, (1, 7)),
            conv(narrow, narrow, (7, 1)),
            conv(narrow, 192, (1, 7)),
        ),
        branch_pool=average_and_conv(channels, 192),
    )


def to_8(channels: int) -> Branches:
    """Halves the image: (N, channels, 17, 17) → (N, channels + 512, 8, 8)."""
    return Branches(
        branch_3x3=nn.Sequential(conv(channels, 192, 1), conv(192, 320, 3, stride=2, padded=False)),
        branch_7x7_3x3=nn.Sequential(
            conv(channels, 192, 1),
            conv(192, 192, (1, 7)),
            conv(192, 192, (7, 1)),
            conv(192, 192, 3, stride=2, padded=False),
        ),
        branch_pool=nn.MaxPool2d(3, stride=2),
    )


def spread(channels: int) -> Branches:
    """Figure 7, 1 × 3 beside 3 × 1: (N, channels, 8, 8) → (N, 2048, 8, 8)."""

    def side_by_side() -> Branches:  # (N, 384, 8, 8) → (N, 768, 8, 8)
        return Branches(branch_1x3=conv(384, 384, (1, 3)), branch_3x1=conv(384, 384, (3, 1)))

    return Branches(
        branch_1x1=conv(channels, 320, 1),
        branch_3x3=nn.Sequential(conv(channels, 384, 1), side_by_side()),
        branch_3x3_twice=nn.Sequential(conv(channels, 448, 1), conv(448, 384, 3), side_by_side()),
        branch_pool=average_and_conv(channels, 192),
    )


class InceptionV3(nn.Module):
    """Images float (N, in_channels, H, W) → logits (N, num_classes); with `aux`, in train mode, (logits, auxiliary).

    The paper's size is 299; any from 75 pixels up will do, in training with `aux` from 299 up.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, aux: bool = False, dropout: float = 0.0) -> None:
        super().__init__()
        self.to_17 = nn.Sequential(
            OrderedDict(
                conv1=conv(in_channels, 32, 3, stride=2, padded=False),  # (N, 32, 149, 149)
                conv2=conv(32, 32, 3, padded=False),  # (N, 32, 147, 147)
                conv3=conv(32, 64, 3),  # (N, 64, 147, 147)
                pool1=nn.MaxPool2d(3, stride=2),  # (N, 64, 73, 73)
                conv4=conv(64, 80, 1),  # (N, 80, 73, 73)
                conv5=conv(80, 192, 3, padded=False),  # (N, 192, 71, 71)
                pool2=nn.MaxPool2d(3, stride=2),  # (N, 192, 35, 35)
                mixed_5b=two_threes(192, pooled=32),  # (N, 256, 35, 35)
                mixed_5c=two_threes(256, pooled=64),  # (N, 288, 35, 35)
                mixed_5d=two_threes(288, pooled=64),  # (N, 288, 35, 35)
                mixed_6a=to_17(288),  # (N, 768, 17, 17)
                mixed_6b=ones_and_sevens(768, narrow=128),  # (N, 768, 17, 17)
                mixed_6c=ones_and_sevens(768, narrow=160),
                mixed_6d=ones_and_sevens(768, narrow=160),
                mixed_6e=ones_and_sevens(768, narrow=192),
            )
        )
        self.head = auxiliary(num_classes) if aux else None
        self.to_8 = nn.Sequential(
            OrderedDict(
                mixed_7a=to_8(768),  # (N, 1280, 8, 8)
                mixed_7b=spread(1280),  # (N, 2048, 8, 8)
                mixed_7c=spread(2048),
            )
        )
        self.avgpool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())  # (N, 2048)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2048, num_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        smallest("InceptionV3", x, 75)
        with_head = self.head is not None and self.training
        if with_head:
            smallest("InceptionV3 with its auxiliary head, in training,", x, 299)
        x = self.to_17(x)
        logits = self.linear(self.dropout(self.avgpool(self.to_8(x))))
        return (logits, self.head(x)) if with_head else logits


def auxiliary(num_classes: int) -> nn.Sequential:
    """Figure 8, with batch norm: (N, 768, 17, 17) → logits (N, num_classes)."""
    return nn.Sequential(
        OrderedDict(
            pool=nn.AvgPool2d(5, stride=3),  # (N, 768, 5, 5)
            conv1=conv(768, 128, 1),  # (N, 128, 5, 5)
            conv2=conv(128, 768, 5, padded=False),  # (N, 768, 1, 1)
            avgpool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),  # (N, 768)
            linear=nn.Linear(768, num_classes),
        )
    )


NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {
    "inception_v3": (
        InceptionV3,
        {
            "paper": "Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception architecture for computer "
            "vision",
            "year": 2015,
            "input_size": (3, 299, 299),
            "classes": 1000,
            "parameters": 23_834_568,
            "parameters_with_aux": 27_161_264,
            "multiply_adds": 5_713_216_096,
            "errors": {
                "top-1, one crop": (21.2, "table 3"),
                "top-5, one crop": (5.6, "table 3"),
                "top-1, 12 crops": (19.47, "table 4"),
                "top-5, 12 crops": (4.48, "table 4"),
                "top-1, 144 crops": (18.77, "table 4"),
                "top-5, 144 crops": (4.2, "table 4"),
            },
            "notes": "The channels of the branches are not in the paper: the released network's, as in torchvision. "
            "The paper says under 25 M parameters, which fits, and 4.8 G multiply-adds (table 3), which does not.",
        },
    ),
}
