"""Augmentations: whole batches at once, every image changed by its own random numbers.

An augmentation is a function of images float (B, C, H, W) in 0..1 and a `Draw`, which gives the random numbers; it
returns images float (B, C, H', W'). `batches` applies a list of them in order. `crop`, `shift` and `flip` only move
pixels: they take bytes too, of which there is a quarter to move, and `batches` gives them bytes where it can.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad

from cnnbook.data.imageset import ImageSet


@dataclass(frozen=True)
class Draw:
    """Random numbers for one batch, one row an image.

    They come from a generator on the CPU, so that they are the same on every device, and for the whole batch, of which
    this process has the images `rows`: so that several processes together draw what one would.
    """

    generator: torch.Generator
    indices: Tensor  # (B,) of the images in their set
    epoch: int
    coins: Tensor  # bool (N,), one coin for every image of the set, the same in all epochs
    whole: int  # images of the whole batch
    rows: slice  # those of this process
    device: torch.device

    def integers(self, high: int, columns: int = 1) -> Tensor:
        """int64 (B, columns) in 0..high - 1."""
        return self._mine(torch.randint(high, (self.whole, columns), generator=self.generator))

    def uniform(self, low: float, high: float, columns: int = 1) -> Tensor:
        """float (B, columns) in low..high."""
        return self._mine(low + (high - low) * torch.rand(self.whole, columns, generator=self.generator))

    def normal(self, columns: int = 1) -> Tensor:
        """float (B, columns), mean 0, deviation 1."""
        return self._mine(torch.randn(self.whole, columns, generator=self.generator))

    def _mine(self, numbers: Tensor) -> Tensor:
        return numbers[self.rows].to(self.device)


Augment = Callable[[Tensor, Draw], Tensor]


def moves_pixels(augment: Augment) -> Augment:
    """Mark an augmentation that changes no pixel's value, and takes uint8 images in 0..255 as well."""
    augment.moves_pixels = True
    return augment


def shift(pixels: int) -> Augment:
    """Every image moves by its own whole number of pixels, up to `pixels` each way; zeros enter.

    Raises ValueError for fewer than 0 pixels.
    """
    if pixels < 0:
        raise ValueError(f"pixels must be 0 or more, got {pixels}.")
    return crop(padding=pixels, mode="zeros")


def crop(size: int | None = None, padding: int = 0, mode: str = "reflect") -> Augment:
    """A square of `size` pixels (default: as large as the image) at a random place of the padded image.

    `mode` is what the padding holds: "reflect", the image mirrored at its edge, or "zeros". Raises ValueError for what
    cannot be cut, when it is made or when it meets an image that is too small.
    """
    if padding < 0 or (size is not None and size < 1):
        raise ValueError(f"size must be 1 or more and padding 0 or more, got {size} and {padding}.")
    if mode not in ("reflect", "zeros"):
        raise ValueError(f"mode must be 'reflect' or 'zeros', got {mode!r}.")

    @moves_pixels
    def augment(images: Tensor, draw: Draw) -> Tensor:
        height, width = images.shape[2:]
        tall, wide = (height, width) if size is None else (size, size)
        highest, furthest = height + 2 * padding - tall, width + 2 * padding - wide  # offsets
        if highest < 0 or furthest < 0:
            raise ValueError(
                f"cannot cut {tall}×{wide} pixels from {height}×{width} with padding {padding}. "
                f"Use size={min(height, width) + 2 * padding} or less, or more padding."
            )
        if padding >= min(height, width) and mode == "reflect":
            raise ValueError(
                f"cannot mirror {padding} pixels of {height}×{width}. "
                f"Use padding={min(height, width) - 1} or less, or mode='zeros'."
            )
        if padding:
            images = _mirrored(images, padding) if mode == "reflect" else pad(images, (padding,) * 4)
        top, left = draw.integers(highest + 1), draw.integers(furthest + 1)  # (B, 1)
        return _windows(images, top, left, tall, wide)

    return augment


def _mirrored(images: Tensor, padding: int) -> Tensor:
    """(B, C, H + 2 padding, W + 2 padding), the border mirrored; torch's own padding takes no bytes."""
    for dimension in (2, 3):
        end = images.shape[dimension] - 1
        before = images.narrow(dimension, 1, padding).flip(dimension)
        after = images.narrow(dimension, end - padding, padding).flip(dimension)
        images = torch.cat([before, images, after], dim=dimension)
    return images


def _windows(images: Tensor, top: Tensor, left: Tensor, height: int, width: int) -> Tensor:
    """Of each image (B, C, H, W) its own window: from `top` and `left`, (B, 1) each → (B, C, height, width).

    A row of a window is `width` neighbours in memory, so that rows are copied, not pixels.
    """
    count, channels, tall, wide = images.shape
    if not count:  # a process's share of a short batch
        return images.new_empty(0, channels, height, width)
    device = images.device
    rows = images.contiguous().flatten().unfold(0, width, 1)  # a row may start anywhere
    corner = torch.arange(count, device=device)[:, None] * channels * tall * wide + top * wide + left  # (B, 1)
    starts = corner[:, :, None] + torch.arange(channels, device=device)[:, None] * tall * wide  # (B, C, 1)
    starts = starts + torch.arange(height, device=device) * wide  # (B, C, height)
    return rows.index_select(0, starts.flatten()).view(count, channels, height, width)


def flip(alternate: bool = True) -> Augment:
    """Mirrors left and right. A coin for each image decides in which epochs: in every other one; without `alternate`
    a fresh coin is thrown each time."""

    @moves_pixels
    def augment(images: Tensor, draw: Draw) -> Tensor:
        if alternate:
            mirrored = (draw.coins[draw.indices] ^ (draw.epoch % 2 == 1)).to(images.device)  # (B,)
        else:
            mirrored = draw.integers(2).flatten().bool()
        chosen = mirrored.nonzero().flatten()
        return images.index_copy(0, chosen, images.index_select(0, chosen).flip(3))

    return augment


def scale(low: float, high: float) -> Augment:
    """Scale jitter: every image enlarged about its centre by its own factor in low..high; the edge is repeated where
    a factor below 1 leaves room. Raises ValueError for a factor that is not above 0, or a low above the high."""
    if not 0 < low <= high:
        raise ValueError(f"scale needs 0 < low <= high, got {low} and {high}.")

    def augment(images: Tensor, draw: Draw) -> Tensor:
        height, width = images.shape[2:]
        factor = draw.uniform(low, high)  # (B, 1)
        y, x = (torch.linspace(-1 + 1 / n, 1 - 1 / n, n, device=images.device) for n in (height, width))
        y, x = y / factor, x / factor  # (B, H), (B, W)
        grid = torch.stack([x[:, None, :].expand(-1, height, -1), y[:, :, None].expand(-1, -1, width)], dim=3)
        return grid_sample(images, grid, padding_mode="border", align_corners=False)

    return augment


def pca_colour(imageset: ImageSet, std: float = 0.1) -> Augment:
    """Adds to every pixel of an image the same combination of the principal components of the set's RGB values, with
    normal random weights of deviation `std` times the eigenvalue (Krizhevsky, Sutskever, Hinton 2012, section 4.1).

    Raises ValueError for a set without images or not in RGB, or an `std` below 0.
    """
    if imageset.images.shape[1] != 3 or not len(imageset):
        raise ValueError(f"pca_colour needs RGB images, got {imageset!r}.")
    if std < 0:
        raise ValueError(f"std must be 0 or more, got {std}.")
    some = imageset.images[:: max(1, len(imageset) // 2000)]  # 2,000 images tell the colours as well as all
    pixels = some.permute(1, 0, 2, 3).flatten(1).double() / 255  # (3, number of pixels)
    values, vectors = torch.linalg.eigh(torch.cov(pixels))
    components = (vectors * values).T.float()  # (3, 3): a row is an eigenvector times its eigenvalue

    def augment(images: Tensor, draw: Draw) -> Tensor:
        colour = std * draw.normal(3) @ components.to(images.device)  # (B, 3)
        return (images + colour[:, :, None, None]).clamp(0, 1)

    return augment


def brightness(amount: float) -> Augment:
    """Adds to every image its own number in -amount..amount; the result stays in 0..1.

    Raises ValueError for an amount outside 0..1.
    """
    _in_unit("brightness", amount)

    def augment(images: Tensor, draw: Draw) -> Tensor:
        return (images + draw.uniform(-amount, amount)[:, :, None, None]).clamp(0, 1)

    return augment


def contrast(amount: float) -> Augment:
    """Multiplies every image's distance from its channels' means by its own factor in 1 - amount..1 + amount.

    Raises ValueError for an amount outside 0..1.
    """
    _in_unit("contrast", amount)

    def augment(images: Tensor, draw: Draw) -> Tensor:
        mean = images.mean(dim=(2, 3), keepdim=True)  # (B, C, 1, 1)
        return (mean + (images - mean) * draw.uniform(1 - amount, 1 + amount)[:, :, None, None]).clamp(0, 1)

    return augment


def saturation(amount: float) -> Augment:
    """Multiplies every pixel's distance from its grey (the channels' mean) by a factor in 1 - amount..1 + amount.

    Raises ValueError for an amount outside 0..1.
    """
    _in_unit("saturation", amount)

    def augment(images: Tensor, draw: Draw) -> Tensor:
        grey = images.mean(dim=1, keepdim=True)  # (B, 1, H, W)
        return (grey + (images - grey) * draw.uniform(1 - amount, 1 + amount)[:, :, None, None]).clamp(0, 1)

    return augment


def cutout(size: int) -> Augment:
    """Greys out a square of `size` pixels about a random pixel, with the image's channel means; parts outside the image
    are lost (DeVries and Taylor 2017, arXiv:1708.04552, who fill with zeros after normalisation).

    Raises ValueError for a square of less than 1 pixel.
    """
    if size < 1:
        raise ValueError(f"size must be 1 pixel or more, got {size}.")

    def augment(images: Tensor, draw: Draw) -> Tensor:
        height, width = images.shape[2:]
        rows = torch.arange(height, device=images.device) - draw.integers(height) + size // 2  # (B, H)
        columns = torch.arange(width, device=images.device) - draw.integers(width) + size // 2  # (B, W)
        hidden = ((rows >= 0) & (rows < size))[:, None, :, None] & ((columns >= 0) & (columns < size))[:, None, None, :]
        return torch.where(hidden, images.mean(dim=(2, 3), keepdim=True), images)

    return augment


def standardize() -> Augment:
    """Every image to mean 0 and deviation 1 over all its numbers: (x - mean) / max(std, 1 / √(C · H · W))."""

    def augment(images: Tensor, draw: Draw) -> Tensor:
        return standardized(images)

    return augment


def standardized(images: Tensor) -> Tensor:
    """What `standardize` does, without random numbers: float (B, C, H, W), same shape."""
    if not len(images):  # of whose deviation torch would warn
        return images
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    std = images.std(dim=(1, 2, 3), keepdim=True, correction=0)
    return (images - mean) / std.clamp(min=1 / sqrt(images[0].numel()))


def _in_unit(what: str, amount: float) -> None:
    if not 0 <= amount <= 1:
        raise ValueError(f"{what} must be in 0..1, got {amount}.")
