"""What is drawn: ten figures, each as a signed distance.

A figure's `distance(x, y, v)` takes coordinates (B, H, W), y downwards, in any unit (whoever draws it measures and
scales it), and `v`, three tensors (B, 1, 1) in -1..1 that change its proportions; at 0 it is the textbook's figure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch import minimum as either

from cnnbook.data.drawn.sdf import box, circle, crescent, drop, heart, mirrored, polygon, star

Distance = Callable[[Tensor, Tensor, tuple[Tensor, Tensor, Tensor]], Tensor]


@dataclass(frozen=True)
class Figure:
    name: str
    korean: str
    distance: Distance


@dataclass(frozen=True)
class Frame:
    """Where a figure lies in its own units: its box's centre, half its width and height, and its area.

    Points at less than any distance d lie within `reach_x` + d and `reach_y` + d of the centre: where a distance is
    less than it should be, as outside a crescent's horns, these are more than half the width and height.
    """

    x: float
    y: float
    half_width: float
    half_height: float
    area: float
    reach_x: float
    reach_y: float


@cache
def frame(figure: Figure) -> Frame:
    """Measured on a grid of 240 × 240 points from -1.6 to 1.6."""
    step = 3.2 / 240
    points = (torch.arange(240) + 0.5) * step - 1.6
    x, y = torch.meshgrid(points, points, indexing="xy")
    zero = torch.zeros(1, 1, 1)
    distance = figure.distance(x[None], y[None], (zero, zero, zero))[0]
    inside = distance < 0
    columns, rows = inside.any(0).nonzero(), inside.any(1).nonzero()
    left, right, top, bottom = (float(points[at]) for at in (columns[0], columns[-1], rows[0], rows[-1]))
    width, height = right - left + step, bottom - top + step
    centre_x, centre_y = (left + right) / 2, (top + bottom) / 2
    reach_x, reach_y = (float((away.abs() - distance).max()) for away in (x - centre_x, y - centre_y))
    area = float(inside.sum()) * step**2
    return Frame(centre_x, centre_y, width / 2, height / 2, area, reach_x, reach_y)


def cross(x, y, v):
    arm = 0.34 + 0.09 * v[0]
    return either(box(x, y, 1.0, arm), box(x, y, arm, 1.0)) - 0.04


def arrow(x, y, v):  # to the right
    head, wing, stem = 0.05 + 0.3 * v[0], 0.74 + 0.1 * v[1], 0.25 + 0.06 * v[2]
    return mirrored(y, -x, [(0.0, -1.0), (wing, head - 0.12), (stem, head - 0.12), (stem, 1.0), (0.0, 1.0)]) - 0.04


def triangle(x, y, v):
    return polygon(x, y, [(0.4 * v[0], -0.95 - 0.15 * v[1]), (1.0, 0.75), (-1.0, 0.75)]) - 0.06


TEN = (
    Figure("disc", "원", lambda x, y, v: circle(x * (1 + 0.12 * v[0]), y)),
    Figure("ring", "고리", lambda x, y, v: (circle(x, y) + 0.02).abs() - 0.27 - 0.1 * v[0]),
    Figure("square", "사각형", lambda x, y, v: box(x, y, 1 + 0.15 * v[0], 1.0) - 0.1 - 0.08 * v[1]),
    Figure("triangle", "삼각형", triangle),
    Figure("star", "별", lambda x, y, v: star(x, y, 5, 0.46 + 0.08 * v[0]) - 0.03),
    Figure("cross", "십자", cross),
    Figure("heart", "하트", lambda x, y, v: heart(x, y * (1 + 0.12 * v[0])) - 0.04),
    Figure("crescent", "초승달", lambda x, y, v: crescent(x, y, 0.86 + 0.06 * v[0], 0.5 + 0.12 * v[1]) - 0.02),
    Figure("arrow", "화살표", arrow),
    Figure("drop", "물방울", lambda x, y, v: drop(x, y, 0.62, 0.03, 1.25 + 0.2 * v[0])),
)
