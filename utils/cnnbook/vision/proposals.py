"""Proposals against the truth: which object each is about, and how many objects they find."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cnnbook.vision.boxes import check_boxes, encode, iou


def match(proposals: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Of each proposal (P, 4) the greatest IoU with a box (K, 4), (P,), and the box's number, (P,); where there is no
    box, 0 and -1. Raises as `check_boxes` does."""
    overlaps = iou(proposals, boxes)
    if not len(boxes):
        return overlaps.new_zeros(len(proposals)), torch.full((len(proposals),), -1, device=proposals.device)
    best, which = overlaps.max(1)
    return best, which


def recall(
    proposals: Sequence[Tensor], boxes: Sequence[Tensor], counts: Iterable[int], threshold: float = 0.5
) -> list[float]:
    """The share of all objects that the first `count` proposals of each picture find, for each of the counts: that have
    IoU `threshold` or more with one of them. `proposals` and `boxes` have one (P, 4) and (K, 4) a picture.

    Raises ValueError where there are no objects at all, and recall is not defined.
    """
    if len(proposals) != len(boxes):
        raise ValueError(f"one set of proposals a picture: got {len(proposals)} for {len(boxes)} pictures.")
    total = sum(len(check_boxes(each)) for each in boxes)
    if not total:
        raise ValueError("there is no object in these pictures: recall is not defined.")
    first = [found_after(some, each, threshold) for some, each in zip(proposals, boxes, strict=True)]
    place = torch.cat(first)
    return [float((place < count).sum()) / total for count in counts]


def found_after(proposals: Tensor, boxes: Tensor, threshold: float = 0.5) -> Tensor:
    """Of each box (K, 4) the place, 0, 1, …, of the first proposal that finds it, (K,); where none does, the greatest
    int64."""
    hits = iou(boxes, proposals) >= threshold  # (K, P)
    if not len(proposals):
        return torch.full((len(boxes),), torch.iinfo(torch.int64).max)
    place = hits.float().argmax(1)
    return torch.where(hits.any(1), place, torch.iinfo(torch.int64).max)


@dataclass(frozen=True)
class Sample:
    """Regions to learn from: `regions` (K, 4), their `labels` (K,), and the offsets `targets` (K, 4) to their objects,
    0 where there is none."""

    regions: Tensor
    labels: Tensor
    targets: Tensor


def sample(
    proposals: Tensor,
    boxes: Tensor,
    labels: Tensor,
    *,
    background: int,
    count: int = 64,
    objects: float = 0.25,
    low: float = 0.1,
    high: float = 0.5,
    seed: int | torch.Generator = 0,
) -> Sample:
    """Up to `count` of one picture's proposals (P, 4) at random, as the paper of Fast R-CNN takes them (section 2.3): a
    share `objects` of them with IoU `high` or more with an object, the rest with a greatest IoU from `low` to below
    `high`, labelled `background`. Where there are too few of one kind there are fewer in all.

    `boxes` (K, 4) and `labels` (K,) are the picture's objects; there may be none. A background without any overlap is
    taken only where the picture has no object.
    """
    generator = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
    best, which = match(proposals, boxes)
    near = (best >= high).nonzero().flatten()
    far = ((best < high) & ((best >= low) | (not len(boxes)))).nonzero().flatten()
    near = near[torch.randperm(len(near), generator=generator)[: round(objects * count)]]
    far = far[torch.randperm(len(far), generator=generator)[: count - len(near)]]
    regions = proposals[torch.cat([near, far])]
    targets = torch.zeros_like(regions)
    targets[: len(near)] = encode(proposals[near], boxes[which[near]])
    return Sample(regions, torch.cat([labels[which[near]], torch.full((len(far),), background)]), targets)
