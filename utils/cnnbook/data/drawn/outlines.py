"""The outlines that the families are made of; each gives, or is, a figure's distance (see `figures`)."""

import torch
from torch import maximum as both
from torch import minimum as either

from cnnbook.data.drawn.figures import Distance
from cnnbook.data.drawn.sdf import (
    box,
    circle,
    crescent,
    drop,
    fold,
    heart,
    mirrored,
    polygon,
    regular,
    segment,
    star,
    strokes,
)


def even_polygon(corners: int) -> Distance:
    return lambda x, y, v: regular(x * (1 + 0.1 * v[0]), y, corners) - 0.05 - 0.04 * v[1]


def pointed_star(points: int, inner: float) -> Distance:
    return lambda x, y, v: star(x, y, points, inner * (1 + 0.14 * v[0])) - 0.03


def bars(*places: tuple[float, float, float, float]) -> Distance:
    """Upright rectangles (x, y, half width, half height), one figure; v[0] makes them thicker or thinner."""

    def distance(x, y, v):
        parts = [box(x, y, wide, high, at=(across, down)) for across, down, wide, high in places]
        return torch.stack(parts).amin(0) - 0.03 - 0.05 * v[0]

    return distance


def pen(*lines: list[tuple[float, float]], width: float = 0.36) -> Distance:
    return lambda x, y, v: strokes(x, y * (1 + 0.12 * v[1]), lines, width * (1 + 0.25 * v[0]))


def profile(*corners: tuple[float, float]) -> Distance:
    """The right half of an outline, top to bottom; v[0] makes the whole wider or narrower."""
    return lambda x, y, v: mirrored(x * (1 - 0.15 * v[0]), y, corners) - 0.03


def flared_cross(x, y, v):
    along, across = fold(x, y, 4)
    return both(across.abs() - 0.1 - (0.34 + 0.1 * v[0]) * along, along - 1)


def celtic_cross(x, y, v):
    arms = bars((0, 0.15, 0.15, 1.1), (0, -0.15, 0.75, 0.15))(x, y, v)
    return either(arms, circle(x, y, 0.5, at=(0.0, -0.15)).abs() - 0.11)


def pie(x, y, v):
    cut = 0.8 + 0.15 * v[0]
    return both(circle(x, y), x * cut.sin() - y.abs() * cut.cos())


def gibbous(x, y, v):
    return both(circle(x, y), x - (0.45 + 0.12 * v[0]) * (1 - y * y).clamp(min=0).sqrt())


def moon_and_star(x, y, v):
    return either(crescent(x, y, 0.84, 0.42 + 0.1 * v[0]), 0.4 * star((x - 0.62) / 0.4, y / 0.4, 5, 0.45))


def stem(x, y):
    return mirrored(x, y, [(0.0, 0.0), (0.12, 0.3), (0.4, 1.0), (0.0, 1.0)])


def spade(x, y, v):
    return either(heart(x * (1 + 0.1 * v[0]), -y - 0.45), stem(x, y + 0.25)) - 0.02


def club(x, y, v):
    leaf = 0.42 + 0.04 * v[0]
    leaves = either(circle(x.abs(), y, leaf, at=(0.45, 0.1)), circle(x, y, leaf, at=(0.0, -0.55)))
    return either(leaves, either(stem(x, y), circle(x, y, 0.25)))


def broken_heart(x, y, v):
    crack = strokes(x, y, [[(0.0, -1.2), (0.16, -0.85), (-0.14, -0.55), (0.1, -0.3), (0.0, 0.1)]], 0.13)
    return both(heart(x, y * (1 + 0.1 * v[0])) - 0.03, -crack)


def leaf(x, y, v):
    bow = 0.75 + 0.15 * v[0]
    return circle(x.abs(), y, (1 + bow * bow).sqrt(), at=(-bow, 0.0))


def pin(x, y, v):
    return both(drop(x, -y, 0.62, 0.05, 1.2 + 0.15 * v[0]), -circle(x, y, 0.25))


def comma(x, y, v):
    half = both(circle(x, y), -x)
    head = either(half, circle(x, y, 0.5, at=(0.0, -0.5)))
    return both(head, -circle(x, y, 0.5 - 0.04 * v[0], at=(0.0, 0.5)))


def double_arrow(x, y, v):
    stem = 0.2 + 0.05 * v[1]
    return polygon(x.abs(), y.abs(), [(1.1, 0.0), (0.5 + 0.1 * v[0], 0.62), (0.5, stem), (0.0, stem)], closed=False)


def bent_arrow(x, y, v):
    shaft = strokes(x, y, [[(-0.7, 0.8), (-0.7, -0.25), (0.3, -0.25)]], 0.4 + 0.08 * v[0])
    return either(shaft, polygon(x, y, [(0.3, -0.85), (1.0, -0.25), (0.3, 0.35)])) - 0.03


def gear(teeth: int) -> Distance:
    def distance(x, y, v):
        along, across = fold(x, y, teeth)
        tooth = box(along, across, 0.3, (1.15 + 0.25 * v[0]) / teeth, at=(0.72, 0.0))
        return both(either(circle(x, y, 0.74), tooth), -circle(x, y, 0.28 + 0.07 * v[1]))

    return distance


def flower(petals: int, radius: float) -> Distance:
    def distance(x, y, v):
        along, across = fold(x, y, petals)
        petal = circle(along, across * (1 + 0.15 * v[0]), radius, at=(1 - radius, 0.0))
        return both(either(petal, circle(x, y, 0.95 - radius)), -circle(x, y, 0.2))

    return distance


def wheel(spokes: int) -> Distance:
    def distance(x, y, v):
        along, across = fold(x, y, spokes)
        spoke = both(across.abs() - 0.07 - 0.02 * v[0], along - 0.9)
        return either(either(circle(x, y, 0.87).abs() - 0.13, circle(x, y, 0.22)), spoke)

    return distance


def pinwheel(blades: int) -> Distance:
    def distance(x, y, v):
        along, across = fold(x, y, blades)
        blade = both(circle(along, across * (0.6 + 0.2 * blades + 0.2 * v[0]), 0.5, at=(0.5, 0.0)), across - 0.03)
        return either(blade, circle(x, y, 0.16))

    return distance


def die(*spots: tuple[float, float]) -> Distance:
    def distance(x, y, v):
        holes = torch.stack([circle(x, y, 0.21 + 0.04 * v[0], at=spot) for spot in spots]).amin(0)
        return both(box(x, y, 0.82, 0.82) - 0.18, -holes)

    return distance


def frame(outline: Distance, width: float = 0.15) -> Distance:
    return lambda x, y, v: outline(x, y, (0 * v[0], 0 * v[0], v[0])).abs() - width * (1 + 0.3 * v[0])


def wave(x, y, v):
    height = 0.38 + 0.1 * v[0]
    return both((y - height * torch.sin(4.7 * x)).abs() * 0.7 - 0.17, x.abs() - 1.2)


def spiral(x, y, v):
    step = 0.36 + 0.03 * v[0]
    winding = torch.hypot(x, y) / step - torch.atan2(y, x) / 6.2832
    return both(step * (winding - winding.round()).abs() - 0.1, circle(x, y))


def infinity(x, y, v):
    return circle(x.abs(), y * (1 - 0.15 * v[0]), 0.5, at=(0.53, 0.0)).abs() - 0.14


def bishop(x, y, v):
    body = profile((0, -1.2), (0.3, -0.65), (0.26, -0.4), (0.4, -0.3), (0.2, -0.15), (0.3, 0.6), (0.6, 1), (0, 1))
    return both(body(x, y, v), -segment(x, y, (0.12, -0.85), (0.35, -0.65), 0.13))


def king(x, y, v):
    body = profile((0, -0.6), (0.5, -0.7), (0.3, -0.2), (0.3, 0.5), (0.65, 1), (0, 1))
    return either(body(x, y, v), bars((0, -0.85, 0.08, 0.35), (0, -0.95, 0.24, 0.08))(x, y, v))


def pawn(x, y, v):
    body = profile((0, -0.4), (0.36, -0.28), (0.17, -0.1), (0.26, 0.55), (0.6, 1), (0, 1))
    return either(body(x, y, v), circle(x, y, 0.36, at=(0.0, -0.6)))
