"""What is in a scene and where, before anything is drawn: the random numbers of scenes, a block at a time."""

import torch
from torch import Tensor

from cnnbook.data.captions import COLOURS, SIZES
from cnnbook.data.drawn import paint, scenery
from cnnbook.data.drawn.chance import Chance
from cnnbook.data.drawn.figures import TEN, frame

Plan = dict[str, Tensor]
MOST = 6  # objects in a scene
TRIES = 60  # layouts to choose from
AREA = 0.8  # of a thing of scale 1, where a picture has area 4

# Three sizes that perspective, which leaves 0.82 to 1 of them, never confuses.
_SCALES = torch.tensor([[0.3, 0.36], [0.46, 0.52], [0.68, 0.8]])


def unit(label: int) -> float:
    """How many of a figure's units make one of a picture, at scale 1."""
    return (frame(TEN[label]).area / AREA) ** 0.5


def plan(chance: Chance, fewest: int, most: int) -> Plan:
    """All that is random in a block of scenes: numbers (rows, …), those of objects (rows, MOST, …).

    The first `count` objects of a scene are there, from the farthest to the nearest.
    """
    count = fewest + chance.one_of(most - fewest + 1)
    # either all classes of a scene differ or all its colours do: then colour and class name one thing
    coin = chance.happens(0.5, 1) > 0
    labels = torch.where(coin, _different(chance, len(TEN)), chance.one_of(len(TEN), MOST))
    colours = torch.where(coin, chance.one_of(len(COLOURS), MOST), _different(chance, len(COLOURS)))
    sizes = chance.one_of(len(SIZES), MOST)
    smallest, largest = _SCALES[sizes].unbind(2)
    scale = smallest + (largest - smallest) * chance.between(0, 1, MOST)
    scale = scale * (4 / count[:, None]).sqrt().clamp(max=1)  # a scene of many has smaller ones
    view = scenery.plan(chance)
    things = {
        "class": labels,
        "colour": colours,
        "size": sizes,
        "kind": chance.happens(0.45, MOST).long() * (1 + chance.one_of(len(paint.TEXTURES) - 1, MOST)),
        "texture": torch.stack([chance.angle(MOST), chance.between(0.12, 0.22, MOST), chance.angle(MOST)], 2),
        "tone": chance.between(-1, 1, MOST),
        "lean": chance.between(-0.12, 0.12, MOST),
    }
    things |= _places(chance, labels, scale, count, view["horizon"])
    absent = torch.arange(MOST) >= count[:, None]
    order = (things["base"] + 10.0 * absent).argsort(1)
    things = {key: value.take_along_dim(order.view(*order.shape, *[1] * (value.ndim - 2)), 1)
              for key, value in things.items()}  # fmt: skip
    return view | things | {"count": count, "words": chance.between(0, 1, 6)}


def _different(chance: Chance, kinds: int) -> Tensor:
    """int64 (rows, MOST), no number of 0..kinds-1 twice in a row."""
    return chance.between(0, 1, kinds).argsort(1)[:, :MOST]


def _places(chance: Chance, labels: Tensor, scale: Tensor, count: Tensor, horizon: Tensor) -> Plan:
    """Each object's centre x, y, the height `base` of the ground that it stands on or hangs over, its scale there.

    Of TRIES layouts the first is taken in which no two objects crowd each other so much that little is seen of one.
    """
    frames = [frame(figure) for figure in TEN]
    halves = torch.tensor([[found.half_width, found.half_height] for found in frames])
    halves = halves / torch.tensor([unit(label) for label in range(len(TEN))])[:, None]
    shape = (TRIES, MOST)
    base = horizon + 0.16 + (0.9 - horizon - 0.16) * chance.between(0, 1, *shape)  # (rows, TRIES, MOST)
    tall = halves[labels][:, None, :, 1] * scale[:, None]
    base = torch.maximum(base, 2 * tall - 0.88)  # so near that all of it is in the picture
    scale = scale[:, None] * (0.82 + 0.18 * (base - horizon) / (1 - horizon))
    half_width, half_height = (halves[labels][:, None, :, each] * scale for each in (0, 1))
    x = (1 - half_width) * chance.between(-0.96, 0.96, *shape)
    highest = half_height - 0.94
    lowest = torch.maximum(base - half_height - 0.25, highest)
    hangs = chance.happens(0.22, *shape) > 0
    hanging, standing = highest + (lowest - highest) * chance.between(0, 0.6, *shape), base - 0.97 * half_height
    y = torch.where(hangs, hanging, standing)

    apart = torch.hypot(x[..., None] - x[..., None, :], y[..., None] - y[..., None, :])
    radius = 0.5 * (half_width + half_height)
    one, other = radius[..., None], radius[..., None, :]
    # 0 where circles about two objects touch, 1 where one lies in the other
    crowding = (one + other - apart) / (2 * torch.minimum(one, other))
    there = torch.arange(MOST) < count[:, None]
    pairs = there[..., None] & there[:, None] & ~torch.eye(MOST, dtype=torch.bool)
    worst = torch.where(pairs[:, None], crowding, -1.0).flatten(2).amax(2)  # (rows, TRIES)
    best = worst.clamp(min=0.5).argmin(1)[:, None, None]
    found = {"x": x, "y": y, "base": base, "scale": scale, "hangs": hangs}
    return {key: value.take_along_dim(best, 1)[:, 0] for key, value in found.items()}
