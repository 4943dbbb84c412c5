"""FCN: J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for semantic segmentation", CVPR 2015
(arXiv:1411.4038, 2014), sections 3 and 4.

VGG-16 whose dense layers are convolutions, so that it scores every place of an image, one every 32 pixels. FCN-32s
enlarges these scores 32 times. FCN-16s first enlarges them twice and adds scores made from pool4; FCN-8s does so once
more, with pool3. The added scores begin at 0, and so does their sum as the coarser network; the enlarging begins as
bilinear interpolation and is learned, but for the last, which stays so.

The paper pads every image by 100 pixels and cuts the scores out of the larger map. Here fc6 has padding, so that maps
and pixels stay above each other, and an image whose sides 32 does not divide is padded with zeros at the right and at
the bottom. `batch_norm` is not the paper's, which started from VGG trained on ImageNet. With other `widths` and
`dense` units the same network is narrow.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import pad

from cnnbook.layers import BilinearUpsample2d
from cnnbook.models import vgg

WIDTHS = (64, 128, 256, 512, 512)  # channels of the five stages, VGG's configuration D
DEPTHS = (2, 2, 3, 3, 3)  # convolutions of each


class FCN(nn.Module):
    """Images float (N, in_channels, H, W) → scores (N, num_classes, H, W), of any size from 1 pixel on.

    `stride` is 32, 16 or 8: the finest map that is scored (with other than five stages: 2 ** stages, half and a quarter
    of it). Raises ValueError for another.
    """

    def __init__(
        self,
        num_classes: int = 21,
        in_channels: int = 3,
        stride: int = 8,
        *,
        widths: Sequence[int] = WIDTHS,
        depths: Sequence[int] = DEPTHS,
        dense: int = 4096,
        kernel: int = 7,
        dropout: float = 0.5,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.coarsest = 2 ** len(widths)
        strides = [self.coarsest // 2**skips for skips in range(min(3, len(widths)))]
        if stride not in strides:
            raise ValueError(f"stride must be one of {', '.join(map(str, strides))}, got {stride!r}.")
        if kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, so that maps keep their size; got {kernel}.")
        self.stride = stride
        self.stages = stages(in_channels, widths, depths, batch_norm)  # the last: (N, widths[4], H / 32, W / 32)
        head: OrderedDict[str, nn.Module] = OrderedDict()
        channels = widths[-1]
        for name, size in (("6", kernel), ("7", 1)):
            head[f"fc{name}"] = nn.Conv2d(channels, dense, size, padding=size // 2, bias=not batch_norm)
            if batch_norm:
                head[f"bn{name}"] = nn.BatchNorm2d(dense)
            head |= {f"relu{name}": nn.ReLU(), f"drop{name}": nn.Dropout2d(dropout)}
            channels = dense
        head["score"] = nn.Conv2d(dense, num_classes, kernel_size=1)  # (N, num_classes, H / 32, W / 32)
        self.head = nn.Sequential(head)
        vgg.start(self)
        self.twice, self.skips = nn.ModuleList(), nn.ModuleList()
        for width in widths[-2::-1][: strides.index(stride)]:  # of pool4, then of pool3
            self.twice.append(BilinearUpsample2d(num_classes, factor=2, learned=True))
            self.skips.append(nn.Conv2d(width, num_classes, kernel_size=1))
        for score in self.skips:
            nn.init.zeros_(score.weight)
            nn.init.zeros_(score.bias)
        self.enlarge = BilinearUpsample2d(num_classes, factor=stride)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4:
            raise ValueError(f"FCN needs a batch (N, C, H, W), got {tuple(x.shape)}; x[None] adds a dimension.")
        height, width = x.shape[2:]
        x = pad(x, (0, -width % self.coarsest, 0, -height % self.coarsest))
        pooled = []
        for stage in self.stages:
            x = stage(x)  # half the height and width
            pooled.append(x)
        scores = self.head(x)  # (N, num_classes, H / 32, W / 32)
        for twice, skip, finer in zip(self.twice, self.skips, pooled[-2::-1], strict=False):
            scores = twice(scores) + skip(finer)  # H / 16, then H / 8
        return self.enlarge(scores)[:, :, :height, :width]


def stages(
    in_channels: int, widths: Sequence[int] = WIDTHS, depths: Sequence[int] = DEPTHS, batch_norm: bool = False
) -> nn.ModuleList:
    """VGG's stages: each some 3 × 3 convolutions that keep the size, then pooling that halves it, rounded down."""
    found = nn.ModuleList()
    for width, depth in zip(widths, depths, strict=True):
        layers: list[nn.Module] = []
        for _ in range(depth):
            layers += [nn.Conv2d(in_channels, width, kernel_size=3, padding=1, bias=not batch_norm)]
            layers += [nn.BatchNorm2d(width)] * batch_norm + [nn.ReLU()]
            in_channels = width
        found.append(nn.Sequential(*layers, nn.MaxPool2d(kernel_size=2)))
    return found


def finer(coarse: FCN, fine: FCN) -> FCN:
    """The finer network with the coarser one's weights; it gives the same scores but for how it enlarges them.

    The paper's way from FCN-32s to 16s to 8s (section 4.2). Raises ValueError where the two differ in more.
    """
    known = coarse.state_dict()
    mine = fine.state_dict()
    fits = {name: value for name, value in known.items() if name in mine and not name.startswith("enlarge")}
    left = [name for name in mine if name not in fits and not name.startswith(("enlarge", "twice", "skips"))]
    wrong = left + [name for name, value in fits.items() if value.shape != mine[name].shape]
    if wrong:
        raise ValueError(f"the networks differ in {wrong[0]}: they must have the same classes, widths and depths.")
    fine.load_state_dict(mine | fits)
    return fine


FACTS: dict[str, Any] = {
    "paper": "Long, Shelhamer, Darrell: Fully convolutional networks for semantic segmentation",
    "year": 2015,
    "input_size": (3, 500, 500),
    "classes": 21,
    "parameters": {32: 134_346_581, 16: 134_364_410, 8: 134_376_863},
    "errors": {},
    "mean_iou": {32: (59.4, "table 2"), 16: (62.4, "table 2"), 8: (62.7, "table 2")},
    "notes": "Mean IU in percent on a part of PASCAL VOC 2011's validation images. Learned parameters; the last "
    "enlargement is fixed.",
}
