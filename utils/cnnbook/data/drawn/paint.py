"""From distances to pictures: textures, layers that cast shadows, light. All on whole batches, in linear light.

Coordinates run from -1 to 1 across a picture, x to the right and y downwards; distances have the same unit. A picture
is float32 (B, 3, H, W) in 0..1; a field is (B, H, W); a number for each image is (B, 1, 1); a colour is (B, 3, 1, 1).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

TEXTURES = ("plain", "stripes", "checks", "dots", "waves", "gradient")
# a texture is where this is positive: a constant, cos u, cos u cos v, cos u + cos v, waves, a ramp; and how sharp it is
_MIX = torch.tensor(
    [
        [-9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        [-1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0],
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.6],
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
    ]
)
SHADOW = torch.tensor([0.46, 0.44, 0.36]).view(3, 1, 1)  # of the light that a full shadow takes away, bluish


@contextmanager
def one_thread() -> Iterator[None]:
    """Pictures are painted a few at a time, too few to share: on a busy machine threads would wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def grid(size: int) -> tuple[Tensor, Tensor]:
    """x (1, 1, size) and y (1, size, 1) of the pixels' centres."""
    centres = (torch.arange(size) + 0.5) * (2 / size) - 1
    return centres.view(1, 1, size), centres.view(1, size, 1)


def over(below: Tensor, colour: Tensor, share: Tensor) -> Tensor:
    """A layer on a picture: `colour` (B, 3, 1 or H, 1 or W) where `share` (B, H, W) is 1, the picture where it is 0."""
    return torch.lerp(below, colour.expand_as(below), share.unsqueeze(1).expand_as(below))


def cover(distance: Tensor, pixel: float) -> Tensor:
    """How much of each pixel lies inside, 0..1, for pixels of width `pixel`."""
    return (0.5 - distance / pixel).clamp(0, 1)


def shade(picture: Tensor, share: Tensor) -> Tensor:
    """The picture in a shadow that is full where `share` (B, H, W) is 1."""
    return picture * (1 - SHADOW * share.unsqueeze(1))


def wave(across: Tensor, down: Tensor) -> Tensor:
    """cos(across + down), a field from a row (B, 1, W) and a column (B, H, 1), without a cosine for each pixel."""
    return across.cos() * down.cos() - across.sin() * down.sin()


def texture(x: Tensor, y: Tensor, kind: Tensor, angle: Tensor, period: Tensor, phase: Tensor, pixel: float) -> Tensor:
    """A field in 0..1 that mixes two colours; `kind` (B,) counts in TEXTURES, `period` is the width of two stripes.

    `x` (1 or B, 1, W) and `y` (1 or B, H, 1) are the coordinates.
    """
    mix = _MIX[kind][..., None, None]  # (B, 7, 1, 1)
    rate = 6.2832 / period
    cos, sin = rate * angle.cos(), rate * angle.sin()
    u = wave(x * cos + 1.7 * phase, y * sin)
    v = wave(x * -sin + phase, y * cos)
    value = mix[:, 0] + (mix[:, 1] + mix[:, 3]) * u + mix[:, 3] * v + mix[:, 2] * (u * v)
    value += (mix[:, 5] / rate) * (x * cos + y * sin)
    wavy = (kind == TEXTURES.index("waves")).nonzero().flatten()
    if len(wavy):
        x, y, cos, sin, phase = (each.expand(len(kind), -1, -1)[wavy] for each in (x, y, cos, sin, phase))
        swing = 2 * wave(x * (-0.43 * sin) + phase, y * (0.43 * cos))
        value[wavy] = torch.cos(x * cos + y * sin + swing)
    sharp = mix[:, 6] / (rate * pixel) + (1 - mix[:, 6]) * 0.45
    return (value * sharp).add_(0.5).clamp_(0, 1)


def slopes(field: Tensor) -> tuple[Tensor, Tensor]:
    """How fast a field grows from pixel to pixel, to the right and downwards."""
    right, down = torch.empty_like(field), torch.empty_like(field)
    torch.sub(field[..., 2:], field[..., :-2], out=right[..., 1:-1])
    right[..., 1:-1] *= 0.5
    right[..., 0], right[..., -1] = field[..., 1] - field[..., 0], field[..., -1] - field[..., -2]
    torch.sub(field[..., 2:, :], field[..., :-2, :], out=down[..., 1:-1, :])
    down[..., 1:-1, :] *= 0.5
    down[..., 0, :], down[..., -1, :] = field[..., 1, :] - field[..., 0, :], field[..., -1, :] - field[..., -2, :]
    return right, down


def measured(field: Tensor, pixel: float) -> tuple[Tensor, Tensor, Tensor]:
    """A distance that was bent, measured again, and the direction (right, down) in which it grows.

    Near the outline the result is what a distance must be, growing by one pixel from pixel to pixel, so that edges are
    smooth however a figure is bent.
    """
    right, down = slopes(field)
    length = torch.hypot(right, down).clamp_(0.5 * pixel, 2.5 * pixel)
    return field * (pixel / length), right / length, down / length


def shard(x: Tensor, y: Tensor, place: Tensor) -> Tensor:
    """A bent bar, or a leaf; `place` (B, 7, 1, 1): centre x, y, angle, half length, half width, bend, and how far the
    width has shrunk at the ends, 0..1."""
    at_x, at_y, angle, length, width, bend, taper = place.unbind(1)
    cos, sin = angle.cos(), angle.sin()
    from_x, from_y = x - at_x, y - at_y
    along, across = from_x * cos + from_y * sin, from_y * cos - from_x * sin
    across = across + bend * along * along
    width = width * (1 - taper * (along / length) ** 2)
    return torch.maximum(along.abs() - length, across.abs() - width)


def mean_of_four(fields: Tensor) -> Tensor:
    """Of 2 × 2 points a pixel their mean: (..., 2 H, 2 W) → (..., H, W), what `avg_pool2d` gives, sooner."""
    upper, lower = fields[..., ::2, :], fields[..., 1::2, :]
    return (upper[..., ::2] + upper[..., 1::2]).add_(lower[..., ::2]).add_(lower[..., 1::2]).mul_(0.25)


def finish(picture: Tensor) -> Tensor:
    """Light (B, 3, H, W) → pixels uint8 of the same shape."""
    return picture.clamp(0, 1).sqrt_().mul_(255).round_().to(torch.uint8)
