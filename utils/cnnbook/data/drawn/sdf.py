"""Signed distances: how far a point is from an outline, negative inside it.

Every function takes the coordinates `x` (to the right) and `y` (downwards), tensors of one shape, and gives a tensor of
that shape. Sizes may be numbers or tensors that broadcast with x, such as (B, 1, 1): then each image has its own. The
union of two outlines is `torch.minimum`, what they share `torch.maximum`, and the complement is the negative.
The formulas for a segment, a polygon, a heart and an uneven capsule are Inigo Quilez's ("2D distance functions").
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

Size = float | Tensor
Corner = tuple[Size, Size]


def circle(x: Tensor, y: Tensor, radius: Size = 1.0, at: Corner = (0.0, 0.0)) -> Tensor:
    return torch.hypot(x - at[0], y - at[1]) - radius


def box(x: Tensor, y: Tensor, half_width: Size, half_height: Size, at: Corner = (0.0, 0.0)) -> Tensor:
    """An upright rectangle."""
    across, down = (x - at[0]).abs() - half_width, (y - at[1]).abs() - half_height
    outside = torch.hypot(across.clamp(min=0), down.clamp(min=0))
    return outside + torch.maximum(across, down).clamp(max=0)


def segment(x: Tensor, y: Tensor, start: Corner, end: Corner, width: Size = 0.0) -> Tensor:
    """A stroke with round ends, `width` thick."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    from_x, from_y = x - start[0], y - start[1]
    share = ((from_x * along_x + from_y * along_y) / (along_x * along_x + along_y * along_y)).clamp(0, 1)
    return torch.hypot(from_x - share * along_x, from_y - share * along_y) - width / 2


def strokes(x: Tensor, y: Tensor, lines: Sequence[Sequence[Corner]], width: Size) -> Tensor:
    """Lines drawn with one round pen: each is a row of points."""
    pairs = [pair for line in lines for pair in zip(line, line[1:], strict=False)]
    distance = segment(x, y, *pairs[0], width)
    for start, end in pairs[1:]:
        distance = torch.minimum(distance, segment(x, y, start, end, width))
    return distance


def polygon(x: Tensor, y: Tensor, corners: Sequence[Corner], closed: bool = True) -> Tensor:
    """The exact distance from a polygon; without `closed` the edge from the last corner to the first does not count."""
    nearest, odd = None, torch.zeros(x.shape, dtype=torch.bool)  # odd: a ray to the right crosses the outline so often
    for start, end in zip(corners, [*corners[1:], corners[0]] if closed else corners[1:], strict=False):
        along_x, along_y = end[0] - start[0], end[1] - start[1]
        from_x, from_y = x - start[0], y - start[1]
        share = ((from_x * along_x + from_y * along_y) / (along_x * along_x + along_y * along_y)).clamp(0, 1)
        squared = (from_x - share * along_x) ** 2 + (from_y - share * along_y) ** 2
        nearest = squared if nearest is None else torch.minimum(nearest, squared)
        between = (from_y < 0) != (y < end[1])
        left = (from_x * along_y < from_y * along_x) == torch.as_tensor(along_y > 0)
        odd ^= between & left
    return torch.where(odd, -1.0, 1.0) * nearest.sqrt()


def mirrored(x: Tensor, y: Tensor, corners: Sequence[Corner]) -> Tensor:
    """A polygon that is its own mirror image, from the corners of its right half, top to bottom."""
    return polygon(x.abs(), y, corners, closed=False)


def fold(x: Tensor, y: Tensor, sectors: int) -> Corner:
    """Coordinates in a sector that is repeated `sectors` times about the centre, the first one upwards.

    Gives the distance along the sector's middle line, outwards, and the signed distance from that line.
    """
    angle, radius = torch.atan2(x, -y), torch.hypot(x, y)
    width = 2 * math.pi / sectors
    angle = angle - width * torch.round(angle / width)
    return radius * angle.cos(), radius * angle.sin()


def star(x: Tensor, y: Tensor, points: int, inner: Size) -> Tensor:
    """A star with its points at radius 1 and its notches at `inner`; with cos(π / points) it is a regular polygon."""
    along, across = fold(x, y, points)
    across = across.abs()
    half = math.pi / points
    notch = (inner * math.cos(half), inner * math.sin(half))
    edge_x, edge_y = notch[0] - 1, notch[1]
    share = (((along - 1) * edge_x + across * edge_y) / (edge_x * edge_x + edge_y * edge_y)).clamp(0, 1)
    distance = torch.hypot(along - 1 - share * edge_x, across - share * edge_y)
    outside = (along - 1) * edge_y - across * edge_x > 0
    return torch.where(outside, distance, -distance)


def regular(x: Tensor, y: Tensor, corners: int) -> Tensor:
    """A regular polygon, its corners at radius 1, one of them upwards."""
    return star(x, y, corners, math.cos(math.pi / corners))


def heart(x: Tensor, y: Tensor) -> Tensor:
    """A heart with its tip at (0, 0) and its two arcs to about y = -1.1."""
    x, up = x.abs(), -y
    arcs = torch.hypot(x - 0.25, up - 0.75) - math.sqrt(2) / 4
    half = 0.5 * (x + up).clamp(min=0)
    squared = torch.minimum(x * x + (up - 1) ** 2, (x - half) ** 2 + (up - half) ** 2)
    return torch.where(x + up > 1, arcs, squared.sqrt() * torch.where(x > up, 1.0, -1.0))


def drop(x: Tensor, y: Tensor, radius: Size, tip: Size, height: Size) -> Tensor:
    """A circle of `radius` about (0, 0), one of radius `tip` at `height` above it, and what two tangents enclose."""
    x, up = x.abs(), -y
    lean = torch.as_tensor((radius - tip) / height)
    slope = (1 - lean * lean).sqrt()
    side = up * slope - x * lean
    body, top = torch.hypot(x, up) - radius, torch.hypot(x, up - height) - tip
    flank = x * slope + up * lean - radius
    return torch.where(side < 0, body, torch.where(side > slope * height, top, flank))


def crescent(x: Tensor, y: Tensor, bite: Size, offset: Size) -> Tensor:
    """A disc of radius 1 without the disc of radius `bite` whose centre lies `offset` to the right."""
    return torch.maximum(circle(x, y), -circle(x, y, bite, at=(offset, 0.0)))


def arc(x: Tensor, y: Tensor, radius: Size, opening: Size, width: Size) -> Tensor:
    """A stroke along a circle that leaves an angle of ±`opening` radians free on its right; round ends."""
    y = y.abs()
    opening = torch.as_tensor(opening)
    end = (radius * opening.cos(), radius * opening.sin())
    free = x * opening.sin() > y * opening.cos()  # within the opening
    return torch.where(free, torch.hypot(x - end[0], y - end[1]), (torch.hypot(x, y) - radius).abs()) - width / 2


def turn(x: Tensor, y: Tensor, angle: Size) -> Corner:
    """The coordinates seen from a frame turned clockwise by `angle`, in radians."""
    angle = torch.as_tensor(angle)
    return x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
