"""Where things are put in a crowded picture: so that no more of each is hidden than may be."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import conv2d

TRIES = 24  # spots to choose from


@dataclass(frozen=True)
class Cut:
    """What a thing covers, cut out: `mask` bool (height, width), and where that lies in its window."""

    mask: Tensor
    left: int
    top: int

    @property
    def width(self) -> int:
        return self.mask.shape[1]

    @property
    def height(self) -> int:
        return self.mask.shape[0]


@dataclass(frozen=True)
class Chosen:
    """Of each scene the left upper corners of its things, the masks bool (K, S, S) of what is seen of them, and the
    share of each that is hidden (K,)."""

    corners: list[list[tuple[int, int]]]
    seen: list[Tensor]
    hidden: list[Tensor]


def box_of(masks: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Left, top, right and bottom (K,) of the smallest boxes about masks (K, H, W), in pixels."""
    along, down = masks.any(1).to(torch.uint8), masks.any(2).to(torch.uint8)  # (K, W), (K, H)
    width, height = along.shape[1], down.shape[1]
    return along.argmax(1), down.argmax(1), width - along.flip(1).argmax(1), height - down.flip(1).argmax(1)


def cut(mask: Tensor) -> Cut:
    """A window's mask (w, w) without the empty rows and columns about it."""
    left, top, right, bottom = (int(side) for side in box_of(mask[None]))
    return Cut(mask[top:bottom, left:right], left, top)


def choose(solid: list[list[Cut]], spots: Tensor, overlap: Tensor, taken: Tensor, hidden: float, least: int) -> Chosen:
    """A spot for every thing of every scene, one after the other from the nearest, which nothing that follows hides.

    Of `spots` (B, M, TRIES, 2), in 0..1, that is taken where the share of the thing that is hidden comes nearest to its
    `overlap` (B, M), is not above `hidden`, and leaves a box of `least` pixels or more. Where there is none, all spots
    of the picture are tried. `taken` (B, S, S) is what hides things from the beginning, and changes.
    """
    corners, seen, shares = [], [], []
    for scene, of_scene in enumerate(solid):
        places, masks, lost = [], [], []
        for nth, thing in enumerate(of_scene):
            left, top, share = _spot(thing, spots[scene, nth], float(overlap[scene, nth]), taken[scene], hidden, least)
            there = torch.zeros_like(taken[scene])
            there[top : top + thing.height, left : left + thing.width] = thing.mask
            masks.append(there & ~taken[scene])
            taken[scene] |= there
            places.append((left, top))
            lost.append(share)
        corners.append(places)
        seen.append(torch.stack(masks))
        shares.append(torch.tensor(lost))
    return Chosen(corners, seen, shares)


def _spot(
    thing: Cut, spots: Tensor, overlap: float, taken: Tensor, hidden: float, least: int
) -> tuple[int, int, float]:
    """Left, top, and the share that is hidden there."""
    size = len(taken)
    room = torch.tensor([size - thing.width + 1, size - thing.height + 1])
    tried = (spots * room).long().clamp(max=room - 1)  # (TRIES, 2)
    windows = taken.unfold(0, thing.height, 1).unfold(1, thing.width, 1)  # (H', W', height, width), a view
    free = thing.mask & ~windows[tried[:, 1], tried[:, 0]]
    area = int(thing.mask.sum())
    share = 1 - free.flatten(1).sum(1) / area
    fine = (share <= hidden) & _large(free, least)
    if not fine.any():
        shared = conv2d(taken[None, None].float(), thing.mask[None, None].float())[0, 0]  # (H', W')
        for place in shared.flatten().argsort()[:50].tolist():  # from where least is hidden
            tried = torch.tensor([[place % shared.shape[1], place // shared.shape[1]]])
            free = thing.mask & ~windows[tried[:, 1], tried[:, 0]]
            share = 1 - free.flatten(1).sum(1) / area
            fine = (share <= hidden) & _large(free, least)
            if fine.any():
                break
        else:
            raise ValueError(f"a thing of {thing.width}×{thing.height} pixels fits nowhere: ask for fewer or smaller.")
    best = int(torch.where(fine, (share - overlap).abs(), torch.inf).argmin())
    return int(tried[best, 0]), int(tried[best, 1]), float(share[best])


def _large(masks: Tensor, least: int) -> Tensor:
    """Whether the boxes about masks (K, H, W) have a side of `least` pixels or more."""
    left, top, right, bottom = box_of(masks)
    return masks.flatten(1).any(1) & (torch.maximum(right - left, bottom - top) >= least)
