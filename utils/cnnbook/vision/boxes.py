"""Boxes: x1, y1, x2, y2 in pixels, float (N, 4), the right and the lower edge outside of what they hold.

What torchvision.ops lacks: that it says what is wrong with boxes, and how a box is told by its difference to another.
"""

import math

import torch
from torch import Tensor
from torchvision.ops import batched_nms, box_iou

MOST = math.log(1000 / 16)  # of what a size is multiplied by, so that exp() of an untrained network stays finite


def check_boxes(boxes: Tensor, what: str = "boxes", *, empty: bool = False) -> Tensor:
    """The same boxes. Raises TypeError where they are not float, ValueError for another shape than (N, 4), for NaN or
    infinite numbers, and for a width or height below 0 or, without `empty`, of 0; the message names the first of them.
    """
    if not isinstance(boxes, Tensor) or not boxes.is_floating_point():
        found = boxes.dtype if isinstance(boxes, Tensor) else type(boxes).__name__
        raise TypeError(f"{what} must be a float tensor (N, 4), got {found}.")
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{what} must be (N, 4), x1, y1, x2, y2, got {tuple(boxes.shape)}.")
    sizes = boxes[:, 2:] - boxes[:, :2]
    wrong = ~boxes.isfinite().all(1) | (sizes < 0).any(1)
    wrong = wrong if empty else wrong | (sizes == 0).any(1)
    if wrong.any():
        first = int(wrong.nonzero()[0])
        wanted = "x1 ≤ x2 and y1 ≤ y2" if empty else "x1 < x2 and y1 < y2"
        raise ValueError(f"{what}[{first}] is {boxes[first].tolist()}: expected finite numbers with {wanted}.")
    return boxes


def iou(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union of every pair: boxes (N, 4) and (M, 4) → (N, M) in 0..1.

    As torchvision.ops.box_iou, but two boxes without area have IoU 0, where it has NaN; and boxes that are no boxes
    raise, as `check_boxes` says.
    """
    check_boxes(one, empty=True), check_boxes(other, empty=True)
    return box_iou(one, other).nan_to_num(0.0)


def encode(proposals: Tensor, boxes: Tensor) -> Tensor:
    """How proposals (N, 4) must change to become boxes (N, 4): tx, ty, tw, th (N, 4), as the paper of R-CNN has it
    (Girshick et al. 2014, appendix C). Raises ValueError for boxes without a size."""
    check_boxes(proposals, "proposals"), check_boxes(boxes)
    if proposals.shape != boxes.shape:
        raise ValueError(f"a box for every proposal: got {len(boxes)} boxes and {len(proposals)} proposals.")
    size, wanted = proposals[:, 2:] - proposals[:, :2], boxes[:, 2:] - boxes[:, :2]
    centre, target = proposals[:, :2] + size / 2, boxes[:, :2] + wanted / 2
    return torch.cat([(target - centre) / size, (wanted / size).log()], 1)


def decode(proposals: Tensor, offsets: Tensor, size: tuple[int, int] | None = None) -> Tensor:
    """The boxes that proposals (N, 4) become with offsets (N, 4), or (N, K, 4), K for each; of the same shape as these.

    `size` is the picture's height and width, to which they are cut. Sizes grow 62.5 times at most.
    Raises ValueError for proposals without a size and offsets that are not finite or of another shape.
    """
    check_boxes(proposals, "proposals")
    if offsets.shape[-1:] != (4,) or offsets.shape[:1] != proposals.shape[:1] or offsets.ndim not in (2, 3):
        count, got = len(proposals), tuple(offsets.shape)
        raise ValueError(f"offsets must be ({count}, 4) or ({count}, K, 4), got {got}.")
    if not offsets.isfinite().all():
        raise ValueError(f"{int((~offsets.isfinite()).sum())} offsets are NaN or infinite.")
    proposals = proposals if offsets.ndim == 2 else proposals[:, None]
    old = proposals[..., 2:] - proposals[..., :2]
    centre = proposals[..., :2] + old / 2 + offsets[..., :2] * old
    half = old * offsets[..., 2:].clamp(max=MOST).exp() / 2
    found = torch.cat([centre - half, centre + half], -1)
    return found if size is None else clip(found, size)


def clip(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes (…, 4) cut to a picture of `size`, its height and width. What lies outside of it is left without area."""
    height, width = size
    return boxes.clamp(min=0).minimum(boxes.new_tensor([width, height, width, height]))


def nms(boxes: Tensor, scores: Tensor, labels: Tensor | None = None, threshold: float = 0.3) -> Tensor:
    """Indices of the boxes (N, 4) that are kept, the highest of the scores (N,) first: each takes with it all others
    whose IoU with it is above the threshold; boxes with different `labels` (N,) leave each other alone.

    As torchvision.ops.nms and batched_nms. Raises ValueError for scores that are NaN, and as `check_boxes` does.
    """
    check_boxes(boxes, empty=True)
    if scores.shape != boxes.shape[:1]:
        raise ValueError(f"a score for each box: got scores {tuple(scores.shape)} for {len(boxes)} boxes.")
    if scores.isnan().any():
        raise ValueError(f"{int(scores.isnan().sum())} scores are NaN: there is no order among them.")
    if not 0 <= threshold <= 1:
        raise ValueError(f"the threshold is an IoU, from 0 to 1, got {threshold!r}.")
    labels = torch.zeros_like(scores, dtype=torch.int64) if labels is None else labels
    return batched_nms(boxes, scores, labels, threshold)
