"""Figures as they come in pictures: turned, bent, sheared, wobbling, each with its proportions, texture and colours."""

import torch
from torch import Tensor

from cnnbook.data.drawn import paint, palettes
from cnnbook.data.drawn.chance import Chance
from cnnbook.data.drawn.figures import Figure, frame

AREA, EXTENT = 0.8, 0.8  # of a figure, where a picture has area 4; and the most it may reach from the centre

# what a figure's outline depends on
POSE = ("place", "bend", "turn", "shear", "wobble", "wobble rate", "wobble phase", "scale", "stretch", "proportions")
Plan = dict[str, Tensor]


def variation(chance: Chance, dial: float) -> Plan:
    """Proportions, pose, texture, and six colours: the background's, the figure's and four others."""
    colours = palettes.pairings()[chance.one_of(len(palettes.pairings()))]  # (rows, 6, 3)
    others = colours[:, 2:].take_along_dim(chance.between(0, 1, 4, 1).argsort(1), 1)  # in any order
    colours = torch.cat([colours[:, :2], others], 1)
    colours = torch.where(chance.happens(min(1.0, 4 * dial)) > 0, colours, palettes.plain())
    textured = chance.happens(min(1.0, 1.6 * dial), 1)[:, 0].long()
    return {
        "colours": colours,
        "figure": colours[:, 1],
        "figure tone": torch.lerp(colours[:, 1], colours[:, 2], 0.25 + 0.6 * dial * chance.between(0, 1, 1)),
        "figure kind": textured * chance.one_of(len(paint.TEXTURES)),
        "figure texture": torch.stack([chance.angle(), chance.between(0.22, 0.5), chance.angle()], 1),
        "proportions": dial * chance.between(-1, 1, 3, 1, 1),
        "place": 0.3 * dial * chance.between(-1, 1, 2, 1, 1),
        "scale": (dial * chance.between(-0.55, 0.4)).exp(),
        "stretch": (0.22 * dial * chance.between(-1, 1)).exp(),
        "turn": dial * (0.35 + 0.65 * dial) * chance.angle(),
    }


def deformation(chance: Chance, dial: float) -> Plan:
    """How far a figure is bent, sheared and made to wobble."""
    return {
        "bend": 0.5 * dial * chance.between(-1, 1, 2, 1, 1),
        "shear": 0.6 * dial * chance.between(-1, 1),
        "wobble": dial * torch.stack([chance.between(0.04, 0.11), chance.between(0.02, 0.08)], 1),
        "wobble rate": torch.stack([chance.between(2.5, 4.5), chance.between(5, 8)], 1),
        "wobble phase": chance.angle(4, 1, 1),
    }


def figures(figures: tuple[Figure, ...], labels: Tensor, plan: Plan, size: int) -> Tensor:
    """Of every picture's figure (B, 4, size, size): how much of a pixel it covers, its distance, and the direction in
    which that grows, to the right and downwards. Small pictures are the means of 2 × 2 points a pixel: smoother edges.
    """
    samples = 2 if size <= 64 else 1
    found = torch.empty(len(labels), 4, size, size)
    side, pixel = size * samples, 2 / (size * samples)
    for label in labels.unique().tolist():
        figure = figures[label]
        centre, unit = frame(figure), _unit(figure)
        for chosen in (labels == label).nonzero().flatten().split(max(1, 2**16 // side**2)):
            pose = {key: plan[key][chosen] for key in POSE}
            x, y = _bent(pose, side)
            scale, stretch = unit / pose["scale"], pose["stretch"]
            x, y = x * (scale / stretch) + centre.x, y * (scale * stretch) + centre.y
            distance = figure.distance(x, y, pose["proportions"].unbind(1)) / scale
            distance, right, down = paint.measured(distance, pixel)
            fields = torch.stack([paint.cover(distance, pixel), distance, right, down], 1)
            found[chosen] = paint.mean_of_four(fields) if samples > 1 else fields
    return found


def _bent(pose: Plan, size: int) -> tuple[Tensor, Tensor]:
    """Where in its figure a picture's points lie, (B, size, size) twice: moved, bent, turned, sheared, wobbled.

    Up to the wobble each coordinate is a row plus a column, so that a wave along it costs no cosine a pixel.
    """
    x, y = paint.grid(size)
    x, y = x - pose["place"][:, 0], y - pose["place"][:, 1]  # (B, 1, size), (B, size, 1)
    across_x, across_y = x, pose["bend"][:, 0] * (y * y - 0.25)
    down_x, down_y = pose["bend"][:, 1] * (x * x - 0.25), y
    cos, sin = pose["turn"].cos(), pose["turn"].sin()
    across_x, down_x = across_x * cos + down_x * sin, down_x * cos - across_x * sin
    across_y, down_y = across_y * cos + down_y * sin, down_y * cos - across_y * sin
    across_x, across_y = across_x + pose["shear"] * down_x, across_y + pose["shear"] * down_y
    across, down = across_x + across_y, down_x + down_y
    for nth in (0, 1):
        height, rate = pose["wobble"][:, nth], pose["wobble rate"][:, nth]
        phases = pose["wobble phase"][:, 2 * nth : 2 * nth + 2].unbind(1)
        across += height * paint.wave(rate * down_x + phases[0], rate * down_y)
        down += height * paint.wave(rate * across_x + phases[1], rate * across_y)
    return across, down


def _unit(figure: Figure) -> float:
    """How many of a figure's units make one of the picture, so that all have the same area and none is too wide."""
    found = frame(figure)
    return max((found.area / AREA) ** 0.5, found.half_width / EXTENT, found.half_height / EXTENT)
