"""Several views of each image, for a test whose answers are averaged.

A function of views takes images (B, C, H, W) and returns (B, V, C, h, w), V views of each image in the images' order,
or, where views differ in size, a list of such tensors.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

Views = Callable[[Tensor], Tensor | list[Tensor]]


def flips(images: Tensor) -> Tensor:
    """The image and its mirror image: (B, 2, C, H, W)."""
    return torch.stack([images, images.flip(3)], dim=1)


def ten_crop(size: int) -> Views:
    """The four corners, the centre, and the mirror images of the five (Krizhevsky, Sutskever, Hinton 2012, section
    4.1), in torchvision's order: (B, 10, C, size, size). Raises ValueError when it meets images that are smaller."""

    def views(images: Tensor) -> Tensor:
        five = _corners_and_centre(images, size)
        mirrored = _corners_and_centre(images.flip(3), size)
        return torch.stack(five + mirrored, dim=1)

    return views


def crops_144(size: int = 224, scales: Sequence[int] = (256, 288, 320, 352)) -> Views:
    """GoogLeNet's views (Szegedy et al. 2015, section 7): the image with its shorter side at each of the scales; of
    each its left, middle and right square (upper, middle, lower where it is tall); of each the four corners and the
    centre at `size`, and the whole square resized to `size`; and their mirror images: 4 · 3 · 6 · 2 = 144.

    Other scales, S of them, give 36 S views: (B, 36 S, C, size, size). Raises ValueError for a scale below `size`.
    """
    if not 1 <= size <= min(scales, default=0):
        raise ValueError(f"crops_144 needs scales of at least size pixels, got size {size} and scales {tuple(scales)}.")

    def views(images: Tensor) -> Tensor:
        found = []
        for side in scales:
            scaled = _resized(images, side)
            height, width = scaled.shape[2:]
            room = max(height, width) - side
            for start in (0, room // 2, room):
                square = scaled.narrow(3 if width >= height else 2, start, side)
                whole = interpolate(square, (size, size), mode="bilinear", antialias=True)
                for view in [*_corners_and_centre(square, size), whole]:
                    found += [view, view.flip(3)]
        return torch.stack(found, dim=1)  # (B, 144, C, size, size)

    return views


def multi_scale(sides: Sequence[int] = (224, 256, 384, 480, 640)) -> Views:
    """The whole image at several sizes, its shorter side at each of `sides` in turn (He et al. 2015, section 3.4): a
    list of (B, 1, C, h, w). For networks that read any size.

    A network with global average pooling and a linear layer is fully convolutional as it is: since the layer is linear,
    its logits are the mean of those at every position. VGG is so by `models.as_convolutions`. Raises ValueError where
    there is no side, or one is below 1.
    """
    if min(sides, default=0) < 1:
        raise ValueError(f"multi_scale needs one size or more, in pixels, each at least 1; got {tuple(sides)}.")
    return lambda images: [_resized(images, side)[:, None] for side in sides]


def _resized(images: Tensor, side: int) -> Tensor:
    """(B, C, H, W) → (B, C, h, w), the shorter of h and w being `side`."""
    height, width = images.shape[2:]
    factor = side / min(height, width)
    return interpolate(images, (round(height * factor), round(width * factor)), mode="bilinear", antialias=True)


def _corners_and_centre(images: Tensor, size: int) -> list[Tensor]:
    height, width = images.shape[2:]
    if not 1 <= size <= min(height, width):
        raise ValueError(
            f"cannot cut views of {size} pixels from images of {height}×{width}. "
            f"Use a size from 1 to {min(height, width)}, or load the images with a larger size=."
        )
    down, right = height - size, width - size
    middle = round(down / 2), round(right / 2)
    places = [(0, 0), (0, right), (down, 0), (down, right), middle]
    return [images[:, :, top : top + size, left : left + size] for top, left in places]
