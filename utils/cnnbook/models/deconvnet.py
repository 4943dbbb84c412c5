"""DeconvNet: H. Noh, S. Hong, B. Han, "Learning deconvolution network for semantic segmentation", ICCV 2015
(arXiv:1505.04366), section 3 and figure 2.

VGG-16 without its classifier, its dense layers as convolutions, and then the same network backwards: unpooling with the
switches of the pooling at the same depth, and transposed convolutions. Batch norm follows each of them; there is no
dropout. The paper shows it single objects, cut out of the image, 224 × 224 pixels, and its middle is one vector for the
whole. With `size`, `widths` and `dense` the same network is small; with `kernel` its middle does not look at the whole
map at once but at a window about each place, as a picture of several objects asks for.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from cnnbook.layers import SwitchUnpool2d
from cnnbook.models import guard, vgg
from cnnbook.models.fcn import DEPTHS, WIDTHS


class DeconvNet(nn.Module):
    """Images float (N, in_channels, size, size) → scores (N, num_classes, size, size).

    Raises ValueError for a `size` that the poolings do not halve evenly, and for images of another.
    """

    def __init__(
        self,
        num_classes: int = 21,
        in_channels: int = 3,
        size: int = 224,
        *,
        widths: Sequence[int] = WIDTHS,
        depths: Sequence[int] = DEPTHS,
        dense: int = 4096,
        kernel: int | None = None,
    ) -> None:
        super().__init__()
        side, rest = divmod(size, 2 ** len(widths))
        if rest or not side:
            raise ValueError(f"size must be a multiple of {2 ** len(widths)}, got {size}.")
        if kernel is not None and kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, so that maps keep their size; got {kernel}.")
        kernel, padding = (side, 0) if kernel is None else (kernel, kernel // 2)
        self.size = size
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        channels = in_channels
        for width, depth in zip(widths, depths, strict=True):
            self.down.append(_stage(nn.Conv2d, channels, width, width, depth))
            below = width if channels == in_channels else channels  # what the stage above begins with
            self.up.insert(0, _stage(nn.ConvTranspose2d, width, width, below, depth))
            channels = width
        self.pool = nn.MaxPool2d(kernel_size=2, return_indices=True)
        self.unpool = SwitchUnpool2d(kernel_size=2)
        self.middle = nn.Sequential(
            *_normed(nn.Conv2d(channels, dense, kernel, padding=padding, bias=False)),  # (N, dense, 1, 1)
            *_normed(nn.Conv2d(dense, dense, kernel_size=1, bias=False)),
            *_normed(nn.ConvTranspose2d(dense, channels, kernel, padding=padding, bias=False)),  # (N, channels, 7, 7)
        )
        self.score = nn.Conv2d(widths[0], num_classes, kernel_size=1)
        for layer in self.modules():
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        vgg.start(self)

    def forward(self, x: Tensor) -> Tensor:
        guard.exactly("DeconvNet", x, self.size, "in its middle the whole image is a vector")
        switches, sizes = [], []
        for stage in self.down:
            x = stage(x)
            sizes.append(x.shape)
            x, places = self.pool(x)  # half the height and width
            switches.append(places)
        x = self.middle(x)
        for stage in self.up:
            x = stage(self.unpool(x, switches.pop(), sizes.pop()))  # twice the height and width
        return self.score(x)


def _stage(kind: type[nn.Module], channels: int, width: int, last: int, depth: int) -> nn.Sequential:
    """`depth` 3 × 3 (transposed) convolutions that keep the size, from `channels` by `width` to `last` channels."""
    layers: list[nn.Module] = []
    for nth in range(depth):
        out = last if nth == depth - 1 else width
        layers += _normed(kind(channels, out, kernel_size=3, padding=1, bias=False))
        channels = out
    return nn.Sequential(*layers)


def _normed(layer: nn.Module) -> list[nn.Module]:
    return [layer, nn.BatchNorm2d(layer.out_channels), nn.ReLU()]


FACTS: dict[str, Any] = {
    "paper": "Noh, Hong, Han: Learning deconvolution network for semantic segmentation",
    "year": 2015,
    "input_size": (3, 224, 224),
    "classes": 21,
    "parameters": 251_788_949,
    "errors": {},
    "mean_iou": {"test": (69.6, "table 1"), "with FCN": (71.7, "table 1"), "with FCN and CRF": (72.5, "table 1")},
    "notes": "Mean IU in percent on PASCAL VOC 2012's test images, of 50 cut-outs of each, put together.",
}
