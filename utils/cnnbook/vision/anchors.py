"""Anchors: boxes of preset sizes and shapes at every position of the maps; S. Ren, K. He, R. Girshick, J. Sun, "Faster
R-CNN: towards real-time object detection with region proposal networks", NIPS 2015, section 3."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from cnnbook.vision.boxes import check_boxes, encode, iou


def anchor_shapes(sizes: Sequence[float], ratios: Sequence[float] = (0.5, 1.0, 2.0)) -> Tensor:
    """The k = len(sizes) · len(ratios) shapes about the point 0, 0, float (k, 4), all sizes of the first ratio first.

    A size s in pixels stands for the area s², a ratio r for height / width: the width is s / √r, the height s · √r.
    Raises ValueError for none, and for numbers that are not above 0.
    """
    for what, given in (("sizes", sizes), ("ratios", ratios)):
        if not len(given) or not all(isfinite(value) and value > 0 for value in given):
            raise ValueError(f"{what} must be numbers above 0, one or more, got {tuple(given)}.")
    root = torch.tensor(ratios, dtype=torch.float32).sqrt()[:, None]
    size = torch.tensor(sizes, dtype=torch.float32)
    half = torch.stack([(size / root).flatten(), (size * root).flatten()], 1) / 2  # (k, 2)
    return torch.cat([-half, half], 1)


def anchors(height: int, width: int, stride: float, shapes: Tensor) -> Tensor:
    """The anchors of maps of height × width cells, `stride` pixels each: float (height · width · k, 4), row by row, all
    k `shapes` (k, 4) of a cell together, about its middle. They may reach beyond the picture.

    Raises ValueError for maps without cells or a stride that is not above 0, and as `check_boxes` does.
    """
    if height < 1 or width < 1 or not stride > 0:
        raise ValueError(f"maps of {height} × {width} cells with stride {stride} have no anchors.")
    check_boxes(shapes, "shapes")
    y, x = ((torch.arange(count, device=shapes.device) + 0.5) * stride for count in (height, width))
    y, x = torch.meshgrid(y, x, indexing="ij")
    middle = torch.stack([x, y, x, y], 2)  # (height, width, 4)
    return (middle[:, :, None] + shapes).flatten(0, 2)


def assign(anchors: Tensor, boxes: Tensor, high: float = 0.7, low: float = 0.3) -> tuple[Tensor, Tensor]:
    """What each anchor (A, 4) is to learn of a picture with boxes (K, 4): labels (A,), 1 for an object, 0 for none, -1
    where it does not count; and the number of the box with which its IoU is greatest (A,), -1 without any box.

    Positive is an IoU of `high` or more, and, for each box, the anchors with the greatest IoU that any has with it, if
    that is above 0; of the others, those below `low` are negative (section 3). So every box that an anchor touches
    has one or more, except where an anchor is the best for two. Raises ValueError where not 0 ≤ low ≤ high ≤ 1.
    """
    if not 0 <= low <= high <= 1:
        raise ValueError(f"low and high must be IoUs with low ≤ high, got {low!r} and {high!r}.")
    overlaps = iou(anchors, boxes)  # (A, K)
    labels = torch.full((len(anchors),), -1, device=anchors.device)
    if not len(boxes) or not len(anchors):
        return labels.fill_(0), torch.full_like(labels, -1)
    best, which = overlaps.max(1)
    labels[best < low] = 0
    most = overlaps.amax(0)  # (K,)
    labels[((overlaps == most) & (most > 0)).any(1) | (best >= high)] = 1
    return labels, which


@dataclass(frozen=True)
class AnchorSample:
    """Anchors to learn from: their numbers `chosen` (S,), the positive ones first, whether each is an object, `labels`
    float (S,), and of the positive ones the offsets `targets` (P, 4) to their boxes."""

    chosen: Tensor
    labels: Tensor
    targets: Tensor


def sample_anchors(
    anchors: Tensor,
    boxes: Tensor,
    *,
    count: int = 256,
    objects: float = 0.5,
    high: float = 0.7,
    low: float = 0.3,
    seed: int | torch.Generator = 0,
) -> AnchorSample:
    """Up to `count` of the anchors (A, 4) at random for a picture with boxes (K, 4): up to a share `objects` positive,
    the rest negative, as many as it takes (section 3). A picture without objects gives negative ones only."""
    generator = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
    labels, which = assign(anchors, boxes, high, low)

    def some(value: int, most: int) -> Tensor:
        every = (labels == value).nonzero().flatten()
        return every[torch.randperm(len(every), generator=generator)[:most]]

    near = some(1, round(objects * count))
    chosen = torch.cat([near, some(0, count - len(near))])
    targets = encode(anchors[near], boxes[which[near]]) if len(near) else anchors.new_zeros(0, 4)
    return AnchorSample(chosen, (labels[chosen] == 1).float(), targets)
