"""Occlusion maps: cover a part of an image, and see what the network says then. M. D. Zeiler, R. Fergus, "Visualizing
and understanding convolutional networks", ECCV 2014 (arXiv:1311.2901), section 4.2.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from cnnbook.look.evaluating import check_images, evaluating
from cnnbook.sizes import outputs


def occlusion(
    model: nn.Module,
    images: Tensor,
    target: int | Sequence[int] | Tensor | None = None,
    *,
    size: int,
    stride: int,
    fill: float | Sequence[float] | Tensor | None = None,
    score: Callable[[Tensor], Tensor] | None = None,
    batch_size: int = 64,
) -> Tensor:
    """What a network says of each image with a square covered, by the square's place: float (N, rows, columns).

    images: float (N, C, H, W), as the network wants them. The square has `size` pixels and moves by `stride`; its upper
    left corner at (row · stride, column · stride). fill: what covers, a number or one a channel, in the unit of the
    images; None is each image's own mean colour. The value is the probability (0..1) of the class `target`, one for all
    images or one an image; None is the class that the network gives the image uncovered. Or it is what `score` makes of
    the model's output (B, …): a number an image, (B,), or several, (B, S), for maps (N, rows, columns, S). The network
    is used in evaluation mode, and is as before afterwards.
    Raises ValueError where squares do not tile the image, for a class that there is not, for a fill or a score of the
    wrong length, or a target beside a score; TypeError for images that are not float.
    """
    check_images(images)
    if score is not None and target is not None:
        raise ValueError("give a target, whose probability is measured, or a score of the output; not both.")
    height, width = images.shape[2:]
    rows, columns = outputs(height, size, stride), outputs(width, size, stride)
    places = [(row * stride, column * stride) for row in range(rows) for column in range(columns)]
    fills = _fills(images, fill)
    with torch.no_grad(), evaluating(model):
        targets = _targets(model, images, target, score, batch_size)
        found = [
            _values(model, image, cover, places, size, score, wanted, batch_size)
            for image, cover, wanted in zip(images, fills, targets, strict=True)
        ]
    return torch.stack(found).unflatten(1, (rows, columns))


def _values(
    model: nn.Module,
    image: Tensor,
    cover: Tensor,
    places: list[tuple[int, int]],
    size: int,
    score: Callable[[Tensor], Tensor] | None,
    target: int | None,
    batch_size: int,
) -> Tensor:
    """Of one image (C, H, W), the value with each place covered: float (places,) or (places, S)."""
    values = []
    for covered in _covered(image, cover, places, size, batch_size):
        output = model(covered)
        value = output.softmax(dim=1)[:, target] if score is None else score(output)
        if value.ndim not in (1, 2) or len(value) != len(covered):
            got = tuple(value.shape)
            raise ValueError(f"score must give a number an image, ({len(covered)},), or several, (B, S); got {got}.")
        values.append(value.to(image.dtype))
    return torch.cat(values)


def _covered(
    image: Tensor, cover: Tensor, places: list[tuple[int, int]], size: int, batch_size: int
) -> Iterator[Tensor]:
    """Copies of the image, each with one square covered: (B, C, H, W), B at most `batch_size`."""
    for start in range(0, len(places), batch_size):
        some = places[start : start + batch_size]
        copies = image.repeat(len(some), 1, 1, 1)
        for copy, (top, left) in zip(copies, some, strict=True):
            copy[:, top : top + size, left : left + size] = cover
        yield copies


def _fills(images: Tensor, fill: float | Sequence[float] | Tensor | None) -> Tensor:
    """(N, C, 1, 1)"""
    count, channels = images.shape[:2]
    if fill is None:
        return images.mean(dim=(2, 3), keepdim=True)
    colour = torch.as_tensor(fill, dtype=images.dtype, device=images.device).flatten()
    if len(colour) not in (1, channels):
        raise ValueError(f"fill must be one number, or one for each of {channels} channels; got {len(colour)}.")
    return colour.expand(channels).view(1, channels, 1, 1).expand(count, -1, -1, -1)


def _targets(
    model: nn.Module,
    images: Tensor,
    target: int | Sequence[int] | Tensor | None,
    score: Callable[[Tensor], Tensor] | None,
    batch_size: int,
) -> list[int | None]:
    if score is not None:
        return [None] * len(images)
    logits = torch.cat([model(some) for some in images.split(batch_size)])
    if logits.ndim != 2:
        raise ValueError(f"the model gives {tuple(logits.shape)}, no logits (N, classes): say what counts by score=.")
    if target is None:
        return logits.argmax(dim=1).tolist()
    wanted = torch.as_tensor(target).expand(len(images)).tolist()
    for each in wanted:
        if not 0 <= each < logits.shape[1]:
            raise ValueError(f"target {each} is no class: the model has {logits.shape[1]}, 0 to {logits.shape[1] - 1}.")
    return wanted
