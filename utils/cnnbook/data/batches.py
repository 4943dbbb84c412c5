"""From an ImageSet to what a network reads: float batches, shuffled and augmented as whole tensors."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from cnnbook.data.augment import Augment, Draw
from cnnbook.data.imageset import ImageSet


def to_float(images: Tensor) -> Tensor:
    """Pixels 0..255 as float32 in 0..1, same shape."""
    return images.to(torch.float32, copy=True).div_(255)


def batches(
    imageset: ImageSet,
    batch_size: int,
    *,
    shuffle: bool = True,
    seed: int = 0,
    epoch: int = 0,
    augment: Augment | Sequence[Augment] | None = None,
    mean: Tensor | float | None = None,
    std: Tensor | float | None = None,
    device: torch.device | str = "cpu",
    part: tuple[int, int] = (0, 1),
    drop_last: bool = False,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One pass over the set: pairs of images float32 (B, C, H, W) and labels int64 (B,), on `device`.

    The last batch may be shorter; `drop_last` leaves it out. Pixels are scaled to 0..1, augmented (one augmentation, or
    several in order), then normalised to (x - mean) / std, one number a channel or one for all. The same seed and
    epoch give the same batches. `part=(rank, count)` gives one process of `count` its share of each batch: the shares
    together are the batches of one process, random numbers included. A share of a short batch may be empty, but never
    the first process's.
    Raises ValueError for a batch size below 1, a part that is not one, or a std that is not above 0.
    """
    if not isinstance(imageset, ImageSet):
        raise TypeError(f"batches reads an ImageSet, got {type(imageset).__name__}.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more, got {batch_size}.")
    rank, count = part
    if not 0 <= rank < count:
        raise ValueError(f"part must be (rank, count) with rank in 0..count - 1, got {part}.")
    channels = imageset.images.shape[1]
    shift_by, divide_by = _per_channel("mean", mean, channels, device), _per_channel("std", std, channels, device)
    if divide_by is not None and not (divide_by > 0).all():
        raise ValueError(f"std must be above 0 in every channel, got {divide_by.flatten().tolist()}.")
    augmentations = [augment] if callable(augment) else list(augment or [])
    coins = torch.rand(len(imageset), generator=torch.Generator().manual_seed(seed)) < 0.5

    def iterate() -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(100_003 * seed + epoch)
        order = torch.randperm(len(imageset), generator=generator) if shuffle else torch.arange(len(imageset))
        for whole in order.split(batch_size) if len(order) else ():
            if drop_last and len(whole) < batch_size:
                return
            # rounded up, so that the first process, whose statistics of batch norm count, always has images
            rows = slice(-(-rank * len(whole) // count), -(-(rank + 1) * len(whole) // count))
            mine = whole[rows]
            x = imageset.images.index_select(0, mine).to(device, non_blocking=True)  # (B, C, H, W), bytes
            draw = Draw(generator, mine, epoch, coins, len(whole), rows, x.device)
            x = _augmented(x, augmentations, draw)
            if x.is_floating_point():  # not changed in place: an augmentation may have kept it
                x = x.clone() if shift_by is None else x - shift_by
            else:
                x = to_float(x) if shift_by is None else to_float(x).sub_(shift_by)
            x = x if divide_by is None else x.div_(divide_by)
            yield x, imageset.labels.index_select(0, mine).to(device, non_blocking=True)

    return iterate()


def augmented(images: Tensor, augment: Augment | Sequence[Augment], seed: int = 0, epoch: int = 0) -> Tensor:
    """Images float32 (B, C, H, W) in 0..1, or uint8 in 0..255, after one augmentation, or several in order; for looking
    at them. Bytes stay bytes where `crop`, `shift` and `flip` alone are asked for, else they become floats in 0..1.
    """
    generator = torch.Generator().manual_seed(100_003 * seed + epoch)
    coins = torch.rand(len(images), generator=torch.Generator().manual_seed(seed)) < 0.5
    rows = slice(0, len(images))
    draw = Draw(generator, torch.arange(len(images)), epoch, coins, len(images), rows, images.device)
    return _augmented(images, [augment] if callable(augment) else augment, draw)


def _augmented(x: Tensor, augmentations: Sequence[Augment], draw: Draw) -> Tensor:
    """Bytes stay bytes as long as pixels are only moved."""
    for change in augmentations:
        if not (x.is_floating_point() or getattr(change, "moves_pixels", False)):
            x = to_float(x)
        x = change(x, draw)
    return x


def _per_channel(what: str, value: Tensor | float | None, channels: int, device: torch.device | str) -> Tensor | None:
    if value is None:
        return None
    value = torch.as_tensor(value, dtype=torch.float32).flatten()
    if len(value) not in (1, channels):
        raise ValueError(f"{what} must be one number, or one for each of {channels} channels; got {len(value)}.")
    return value.view(1, -1, 1, 1).to(device)
