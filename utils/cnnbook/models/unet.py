"""U-Net: O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for biomedical image segmentation",
MICCAI 2015 (arXiv:1505.04597), section 2 and figure 1.

Down: two 3 × 3 convolutions, pooling, twice the channels. Up: a 2 × 2 transposed convolution that halves the channels,
what the way down had at this depth beside it, two convolutions. The paper's convolutions have no padding, so that each
takes a pixel off every side and the larger map has to be cut: 572 × 572 pixels in, 388 × 388 out. With padding=1 the
sizes stay, as most use it today. `batch_norm` is not the paper's. The paper has dropout at the end of the way down and
does not say how much: `dropout`.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cnnbook.models import guard, vgg

WIDTHS = (64, 128, 256, 512, 1024)


class UNet(nn.Module):
    """Images float (N, in_channels, H, W) → scores (N, num_classes, H', W').

    padding=1: H' = H and W' = W, which the poolings must halve evenly. padding=0: H' and W' are smaller, `margin`
    pixels at every side. Raises ValueError for sizes that do not fit.
    """

    def __init__(
        self,
        num_classes: int = 2,
        in_channels: int = 1,
        *,
        widths: Sequence[int] = WIDTHS,
        padding: int = 1,
        batch_norm: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if padding not in (0, 1):
            raise ValueError(f"padding must be 0 (the paper's) or 1, got {padding!r}.")
        self.padding = padding
        self.down, self.up, self.join = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        channels = in_channels
        for width in widths:
            self.down.append(two(channels, width, padding, batch_norm))
            channels = width
        for width in widths[-2::-1]:
            self.up.append(nn.ConvTranspose2d(channels, width, kernel_size=2, stride=2))
            self.join.append(two(2 * width, width, padding, batch_norm))
            channels = width
        self.pool = nn.MaxPool2d(kernel_size=2)
        self.drop = nn.Dropout2d(dropout)
        self.score = nn.Conv2d(channels, num_classes, kernel_size=1)
        vgg.start(self)  # the paper's: deviation √(2 / inputs)

    @property
    def margin(self) -> int:
        """How many pixels of the image are missing at every side of the scores."""
        return 0 if self.padding else sum(4 * 2**depth for depth in range(len(self.up))) + 2 * 2 ** len(self.up)

    def forward(self, x: Tensor) -> Tensor:
        self._fits(x)
        kept = []
        for stage in self.down[:-1]:
            x = stage(x)
            kept.append(x)
            x = self.pool(x)  # half the height and width
        x = self.drop(self.down[-1](x))
        for enlarge, stage in zip(self.up, self.join, strict=True):
            x = enlarge(x)  # twice the height and width, half the channels
            x = stage(torch.cat([cut(kept.pop(), x), x], dim=1))
        return self.score(x)

    def _fits(self, x: Tensor) -> None:
        guard.smallest("UNet", x, 2 * self.margin + 1 if not self.padding else 2 ** len(self.up))
        for side in x.shape[2:]:
            size = side
            for _ in self.up:
                size -= 0 if self.padding else 4
                if size % 2:
                    step = 2 ** len(self.up)
                    good = [n for n in range(side - step, side + step + 1) if self._whole(n)]
                    nearest = min(good, key=lambda n: abs(n - side))
                    raise ValueError(
                        f"UNet pools maps of {size} pixels, an odd number, in an image of {side}. Use {nearest}."
                    )
                size //= 2

    def _whole(self, size: int) -> bool:
        for _ in self.up:
            size -= 0 if self.padding else 4
            if size % 2:
                return False
            size //= 2
        return True


def two(channels: int, width: int, padding: int, batch_norm: bool) -> nn.Sequential:
    """Two 3 × 3 convolutions, each with ReLU: (N, channels, H, W) → (N, width, H, W), or 4 pixels less."""
    layers: list[nn.Module] = []
    for _ in range(2):
        layers += [nn.Conv2d(channels, width, kernel_size=3, padding=padding, bias=not batch_norm)]
        layers += [nn.BatchNorm2d(width)] * batch_norm + [nn.ReLU()]
        channels = width
    return nn.Sequential(*layers)


def cut(larger: Tensor, like: Tensor) -> Tensor:
    """The middle of a map (N, C, H, W), of the other's height and width."""
    top, left = ((larger.shape[side] - like.shape[side]) // 2 for side in (2, 3))
    return larger[:, :, top : top + like.shape[2], left : left + like.shape[3]]


FACTS: dict[str, Any] = {
    "paper": "Ronneberger, Fischer, Brox: U-Net: convolutional networks for biomedical image segmentation",
    "year": 2015,
    "input_size": (1, 572, 572),
    "classes": 2,
    "parameters": 31_030_658,
    "errors": {"warping": (0.000353, "table 1"), "Rand": (0.0382, "table 1"), "pixel": (0.0611, "table 1")},
    "mean_iou": {"PhC-U373": (92.03, "table 2"), "DIC-HeLa": (77.56, "table 2")},
    "notes": "Errors are fractions, of the membranes in electron microscopy.",
}
