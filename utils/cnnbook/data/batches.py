"""From an ImageSet to what a network reads: float batches, shuffled and augmented as whole tensors."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import pad

from cnnbook.data.imageset import ImageSet

Augment = Callable[[Tensor, torch.Generator], Tensor]  # (B, C, H, W) in 0..1 → the same shape


def to_float(images: Tensor) -> Tensor:
    """Pixels 0..255 as float32 in 0..1, same shape."""
    return images.float() / 255


def batches(
    imageset: ImageSet,
    batch_size: int,
    *,
    shuffle: bool = True,
    seed: int = 0,
    augment: Augment | None = None,
    mean: Tensor | float | None = None,
    std: Tensor | float | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One pass over the set: pairs of images float32 (B, C, H, W) and labels int64 (B,); the last may be shorter.

    Pixels are scaled to 0..1, augmented, then normalised to (x - mean) / std, one number a channel or one for all.
    The same seed gives the same batches. Raises ValueError for a batch size below 1 or a std that is not above 0.
    """
    if not isinstance(imageset, ImageSet):
        raise TypeError(f"batches reads an ImageSet, got {type(imageset).__name__}.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more, got {batch_size}.")
    channels = imageset.images.shape[1]
    shift_by, divide_by = _per_channel("mean", mean, channels), _per_channel("std", std, channels)
    if divide_by is not None and not (divide_by > 0).all():
        raise ValueError(f"std must be above 0 in every channel, got {divide_by.flatten().tolist()}.")

    def iterate() -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(imageset), generator=generator) if shuffle else torch.arange(len(imageset))
        for chosen in order.split(batch_size) if len(order) else ():
            x = to_float(imageset.images[chosen])  # (B, C, H, W)
            x = augment(x, generator) if augment else x
            x = x - shift_by if shift_by is not None else x
            x = x / divide_by if divide_by is not None else x
            yield x, imageset.labels[chosen]

    return iterate()


def shift(pixels: int) -> Augment:
    """An augmentation: every image moves by its own whole number of pixels, up to `pixels` each way; zeros enter."""
    if pixels < 0:
        raise ValueError(f"pixels must be 0 or more, got {pixels}.")

    def augment(images: Tensor, generator: torch.Generator) -> Tensor:
        count, channels, height, width = images.shape
        down = torch.randint(2 * pixels + 1, (count, 1), generator=generator)  # (B, 1)
        right = torch.randint(2 * pixels + 1, (count, 1), generator=generator)  # (B, 1)
        rows = torch.arange(height) + down  # (B, H), in the padded image
        columns = torch.arange(width) + right  # (B, W)
        padded = pad(images, (pixels,) * 4)  # (B, C, H + 2 pixels, W + 2 pixels)
        image, channel = torch.arange(count)[:, None, None, None], torch.arange(channels)[None, :, None, None]
        return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]  # (B, C, H, W)

    return augment


def _per_channel(what: str, value: Tensor | float | None, channels: int) -> Tensor | None:
    if value is None:
        return None
    value = torch.as_tensor(value, dtype=torch.float32).flatten()
    if len(value) not in (1, channels):
        raise ValueError(f"{what} must be one number, or one for each of {channels} channels; got {len(value)}.")
    return value.view(1, -1, 1, 1)
