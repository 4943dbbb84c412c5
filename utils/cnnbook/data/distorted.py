"""Digits rotated, moved, seen from aside, and cluttered, as M. Jaderberg, K. Simonyan, A. Zisserman, K. Kavukcuoglu
distort MNIST in "Spatial transformer networks", NIPS 2015, section 4.1. The ranges are arguments.

Each function makes an augmentation (see `augment`), which `batches` and `train.fit` apply anew in every epoch. Pixels
outside of an image are 0, the background of the digits. `fixed` distorts a set once, for tests; `sums` pairs digits.
"""

from dataclasses import replace
from math import inf, radians

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad

from cnnbook.data.augment import Augment, Draw
from cnnbook.data.batches import augmented
from cnnbook.data.imageset import ImageSet

CORNERS = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])  # x, y of a picture's corners


def rotated(degrees: float = 90.0) -> Augment:
    """R: every image turned about its centre by its own angle in -degrees..degrees, same size.

    Raises ValueError for an angle that is negative or not finite.
    """
    return moved(degrees, (1.0, 1.0))


def moved(degrees: float = 45.0, scale: tuple[float, float] = (0.7, 1.2), size: int | None = None) -> Augment:
    """RTS: every image turned by its own angle in -degrees..degrees, enlarged by its own factor, and put at a random
    place of an empty picture of `size` pixels (default: the image's own size, with the image in the middle).

    The whole of the image, as large as it is after scaling, lies within the picture where there is room; where there
    is none it lies in the middle. Raises ValueError for an angle that is negative or not finite, a scale that is not
    0 < low <= high, or a picture of less than 1 pixel.
    """
    low, high = scale
    if not 0 <= degrees < inf:
        raise ValueError(f"degrees must be 0 or more, got {degrees}.")
    if not 0 < low <= high < inf:
        raise ValueError(f"scale must be (low, high) with 0 < low <= high, got {scale}.")
    if size is not None and size < 1:
        raise ValueError(f"size must be 1 pixel or more, got {size}.")

    def augment(images: Tensor, draw: Draw) -> Tensor:
        height, width = images.shape[2:]
        tall, wide = (height, width) if size is None else (size, size)
        angle = radians(degrees) * draw.uniform(-1, 1)[:, 0]  # (B,)
        factor = draw.uniform(low, high)[:, 0]
        place = draw.uniform(-1, 1, 2) * (size is not None)  # (B, 2) of the room that is left
        sides = torch.tensor([width, height], device=images.device)
        room = (torch.tensor([wide, tall], device=images.device) - factor[:, None] * sides).clamp(min=0) / 2
        y, x = torch.meshgrid(_centres(tall, images), _centres(wide, images), indexing="ij")  # (tall, wide), pixels
        x, y = (axis - by[:, None, None] for axis, by in zip((x, y), (place * room).unbind(1), strict=True))
        cos, sin = ((of(angle) / factor)[:, None, None] for of in (torch.cos, torch.sin))
        grid = torch.stack([2 * (cos * x - sin * y) / width, 2 * (sin * x + cos * y) / height], dim=3)
        return grid_sample(images, grid, align_corners=False)

    return augment


def projected(pixels: float = 3.0) -> Augment:
    """P: every image seen from aside: each of its four corners moves by normal random numbers of deviation `pixels` in
    x and in y, and the picture with it, by the projective map that takes the corners there. Same size.

    Raises ValueError for a deviation that is negative or not finite.
    """
    if not 0 <= pixels < inf:
        raise ValueError(f"pixels must be 0 or more, got {pixels}.")

    def augment(images: Tensor, draw: Draw) -> Tensor:
        height, width = images.shape[2:]
        corners = CORNERS.to(images.device)
        moves = draw.normal(8).clamp(-2, 2).view(-1, 4, 2) * pixels  # never so far that the corners cross
        by = 2 * moves / torch.tensor([width, height], device=images.device)
        matrix = _homography(corners + by, corners.expand_as(by))  # from the picture back to the image
        y, x = (2 * _centres(n, images) / n for n in (height, width))
        y, x = torch.meshgrid(y, x, indexing="ij")
        points = torch.stack([x, y, torch.ones_like(x)], dim=2).view(-1, 3)  # (H · W, 3)
        seen = points @ matrix.transpose(1, 2)  # (B, H · W, 3)
        grid = (seen[..., :2] / seen[..., 2:]).view(-1, height, width, 2)
        return grid_sample(images, grid, align_corners=False)

    return augment


def cluttered(size: int = 60, pieces: int = 8, side: int = 6) -> Augment:
    """Every image at a random place of an empty picture of `size` pixels, with `pieces` squares of `side` pixels, cut
    at random from other images of its batch, at random places; where things overlap, the brighter pixel is seen.

    Raises ValueError where sizes are no positive numbers, pieces are fewer than 0, or an image does not fit.
    """
    if size < 1 or side < 1 or pieces < 0:
        raise ValueError(f"size and side must be 1 or more, pieces 0 or more, got {size}, {side} and {pieces}.")

    def augment(images: Tensor, draw: Draw) -> Tensor:
        count, _, height, width = images.shape
        if max(height, width) > size or side > min(height, width):
            raise ValueError(
                f"images of {height}×{width} pixels do not fit pictures of {size} and pieces of {side} pixels: "
                f"use size={max(height, width)} or more, and side={min(height, width)} or less."
            )
        picture = _put(images, draw.integers(size - height + 1), draw.integers(size - width + 1), size)
        for _ in range(pieces):
            others = images.roll(1 + int(draw.integers(max(1, count - 1))[0]) if count else 0, dims=0)
            top, left = draw.integers(height - side + 1), draw.integers(width - side + 1)
            piece = _cut(others, top, left, side)
            row, column = draw.integers(size - side + 1), draw.integers(size - side + 1)
            picture = torch.maximum(picture, _put(piece, row, column, size))
        return picture

    return augment


def fixed(imageset: ImageSet, distort: Augment, copies: int = 1, seed: int = 0) -> ImageSet:
    """A set of all images, distorted once, `copies` times over with other random numbers; always the same for a seed.

    Bytes, as in every set. Raises ValueError for fewer than 1 copy.
    """
    if copies < 1:
        raise ValueError(f"copies must be 1 or more, got {copies}.")
    images = [augmented(imageset.images, distort, seed, copy) for copy in range(copies)]
    pixels = torch.cat(images).mul(255).round().clamp(0, 255).to(torch.uint8)
    return replace(imageset, images=pixels, labels=imageset.labels.repeat(copies))


def sums(imageset: ImageSet, count: int, distort: Augment, seed: int = 0) -> ImageSet:
    """`count` pairs of random digits, each distorted for itself, in two channels: uint8 (count, 2, H, W). The label is
    the sum of the digits, 0 to 18.

    Raises ValueError for a set that is empty or has other than one channel, or fewer than 0 pairs.
    """
    if not len(imageset) or imageset.images.shape[1] != 1:
        raise ValueError(f"sums needs digits in one channel, got {imageset!r}.")
    if count < 0:
        raise ValueError(f"count must be 0 or more, got {count}.")
    chosen = torch.randint(len(imageset), (2 * count,), generator=torch.Generator().manual_seed(seed))
    digits = fixed(imageset[chosen], distort, seed=seed)
    channels = digits.images.view(count, 2, *digits.images.shape[2:])
    names = tuple(str(number) for number in range(2 * len(imageset.classes) - 1))
    return ImageSet(channels, digits.labels.view(count, 2).sum(1), names, name="sums")


def _centres(pixels: int, images: Tensor) -> Tensor:
    """(pixels,): the places of the pixels' centres, from the middle of the picture, in pixels."""
    return torch.arange(pixels, device=images.device, dtype=images.dtype) - (pixels - 1) / 2


def _homography(source: Tensor, target: Tensor) -> Tensor:
    """(B, 3, 3): the projective maps that take four points (B, 4, 2) to four others."""
    (x, y), (u, v) = source.unbind(2), target.unbind(2)  # (B, 4) each
    one, none = torch.ones_like(x), torch.zeros_like(x)
    rows = [torch.stack(row, 2) for row in (
        (x, y, one, none, none, none, -x * u, -y * u),
        (none, none, none, x, y, one, -x * v, -y * v),
    )]  # fmt: skip
    found = torch.linalg.solve(torch.cat(rows, 1), torch.cat([u, v], 1))  # (B, 8)
    return torch.cat([found, torch.ones_like(found[:, :1])], 1).view(-1, 3, 3)


def _cut(images: Tensor, top: Tensor, left: Tensor, side: int) -> Tensor:
    """(B, C, side, side) of images (B, C, H, W), each from its own corner, (B, 1) each."""
    steps = torch.arange(side, device=images.device)
    which = torch.arange(len(images), device=images.device)[:, None, None]
    return images.permute(0, 2, 3, 1)[which, (top + steps)[:, :, None], (left + steps)[:, None, :]].permute(0, 3, 1, 2)


def _put(images: Tensor, top: Tensor, left: Tensor, size: int) -> Tensor:
    """(B, C, size, size): empty pictures with the images (B, C, h, w), each at its own corner, (B, 1) each."""
    height, width = images.shape[2:]
    around = pad(images, (size - width, size - width, size - height, size - height))
    return _cut(around, size - height - top, size - width - left, size)
