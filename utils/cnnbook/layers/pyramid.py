"""Pooling into a fixed number of bins, whatever the size: K. He, X. Zhang, S. Ren, J. Sun, "Spatial pyramid pooling in
deep convolutional networks for visual recognition", ECCV 2014 (arXiv:1406.4729)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d
from torchvision.ops import roi_pool


class SpatialPyramid(nn.Module):
    """Maps float (N, C, H, W) of any size → (N, C · Σ n²): the maximum in each of n × n bins, for every n of `levels`.

    Bins as in torch's adaptive pooling, which together hold all of the map; where n is no divisor of the size, the
    paper's windows, of ⌈size / n⌉ pixels every ⌊size / n⌋ (section 2.3), may lie a little otherwise.
    Raises ValueError for levels below 1.
    """

    def __init__(self, levels: Sequence[int] = (4, 2, 1)) -> None:
        super().__init__()
        self.levels = _checked(levels)

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([adaptive_max_pool2d(maps, level).flatten(1) for level in self.levels], 1)

    def extra_repr(self) -> str:
        return f"levels={self.levels}"


class RegionPyramid(nn.Module):
    """A spatial pyramid of each region: maps float (N, C, H, W) and, for each of the N pictures, boxes (K, 4) in pixels
    of the picture → (ΣK, C · Σ n²). With one level it is RoI pooling (Girshick 2015, section 2.1), flattened.

    `stride`: how many pixels of the picture one of the maps stands for. Regions are rounded to whole pixels of the map,
    as torchvision.ops.roi_pool does; bins that fall outside of it are 0.
    Raises ValueError for levels or a stride below 1, and where boxes are for another number of pictures.
    """

    def __init__(self, levels: Sequence[int] = (4, 2, 1), stride: int = 16) -> None:
        super().__init__()
        if stride < 1:
            raise ValueError(f"stride must be 1 pixel or more, got {stride}.")
        self.levels, self.stride = _checked(levels), stride

    def forward(self, maps: Tensor, regions: Sequence[Tensor]) -> Tensor:
        if len(regions) != len(maps):
            raise ValueError(f"regions of {len(regions)} pictures for the maps of {len(maps)}.")
        pooled = [roi_pool(maps, list(regions), level, 1 / self.stride).flatten(1) for level in self.levels]
        return torch.cat(pooled, 1)

    def extra_repr(self) -> str:
        return f"levels={self.levels}, stride={self.stride}"


def _checked(levels: Sequence[int]) -> tuple[int, ...]:
    if not levels or min(levels) < 1:
        raise ValueError(f"levels must be one or more numbers of bins from 1 on, got {tuple(levels)}.")
    return tuple(levels)
