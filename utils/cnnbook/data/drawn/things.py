"""The things in scenes: each is painted on a window no larger than it needs, then laid on the picture of its scene."""

from collections.abc import Iterator

import torch
from torch import Tensor

from cnnbook.data.drawn import layout, paint
from cnnbook.data.drawn.figures import TEN, frame
from cnnbook.data.drawn.layout import Plan
from cnnbook.data.drawn.palettes import light

TOWARDS_LIGHT = (-0.62, -0.78)
LEAN, FLAT = 0.55, 0.34  # of a shadow on the ground: how far it falls to the right, and how short it is
THREAD = torch.full((3, 1, 1), 0.12)
TOGETHER = 2**18  # points of whole pictures: windows of so many are painted at a time

# the light of each of the colours that captions name
SWATCHES = torch.tensor([light(c) for c in "cf4034 ea8630 f5c843 4f9d58 3b72b8 7d55a8 ee9ab4 f7f3ea 33363f".split()])

Bounds = tuple[Tensor, Tensor, Tensor, Tensor]  # left, right, top, bottom of things, (n, 1, 1) each
Window = tuple[int, slice, slice, slice]  # a picture, all its channels, rows, columns


def put(picture: Tensor, ground: Tensor, plan: Plan, samples: int) -> Tensor:
    """Paint the things of scenes on their pictures (B, 3, S, S), which change, from the farthest to the nearest.

    `ground` (B, 1, S, S) is how much of each point is ground: shadows fall on it. Gives how much of each pixel, a
    square of `samples` × `samples` points, each thing covers: (B, K, S / samples, S / samples), K in the fullest scene.
    """
    size, most = picture.shape[-1], int(plan["count"].max())
    pixel = 2 / size
    places = (torch.arange(most) < plan["count"][:, None]).nonzero()  # of every thing: its scene, and which it is in it
    shadows: list = [None] * len(places)
    layers: list = [None] * len(places)
    for chosen, thing in _alike(plan, places, max(1, TOGETHER // size**2)):
        x, y, windows = _windows(thing, _bounds_of_shadow(thing), size, samples)
        share = _shadow(thing, x, y).unsqueeze(1) * torch.stack([ground[window] for window in windows])
        for which, *shadow in zip(chosen, windows, 1 - paint.SHADOW * share, strict=True):
            shadows[which] = shadow
        x, y, windows = _windows(thing, _bounds_of_thing(thing, pixel), size, samples)
        distance, right, down = paint.measured(_distance(thing, x - thing["x"], y - thing["y"]), pixel)
        cover = paint.cover(distance, pixel)
        face, thread = _face(thing, x, y, distance, right, down, pixel), _thread(thing, x, y, cover, pixel)
        of_pixels = paint.mean_of_four(cover) if samples > 1 else cover
        for which, *layer in zip(chosen, windows, thing["hangs"], thread, face, cover, of_pixels, strict=True):
            layers[which] = layer

    for window, light_left in shadows:  # all of them first: they lie on the ground, behind every thing
        picture[window].mul_(light_left)
    covers = torch.zeros(len(picture), most, size // samples, size // samples)
    for (scene, nth), (window, hangs, thread, face, cover, of_pixels) in zip(places.tolist(), layers, strict=True):
        behind = picture[window]
        if hangs:
            behind.lerp_(THREAD, 0.7 * thread)
        behind.lerp_(face, cover)
        rows, columns = (slice(part.start // samples, part.stop // samples) for part in window[2:])
        covers[scene, nth, rows, columns] = of_pixels
    return covers


def _alike(plan: Plan, places: Tensor, count: int) -> Iterator[tuple[list[int], Plan]]:
    """Things of one class and of like size, at most `count` at a time: which of all they are, and their numbers, (n,)
    or, where they meet points, (n, 1, 1)."""
    at = places.unbind(1)
    order = (plan["scale"][at] + 10 * plan["hangs"][at] + 100 * plan["class"][at]).argsort()
    scene, nth = (each[order] for each in at)
    things = {key: plan[key][scene, nth] for key in ("class", "colour", "kind", "texture")} | {"scene": scene}
    numbers = ("x", "y", "base", "hangs", "scale", "lean", "tone")
    things |= {key: plan[key][scene, nth, None, None] for key in numbers}
    start = 0
    for of_class in things["class"].bincount().tolist():
        for first in range(start, start + of_class, count):
            few = slice(first, min(first + count, start + of_class))
            yield order[few].tolist(), {key: value[few] for key, value in things.items()}
        start += of_class


def _windows(thing: Plan, bounds: Bounds, size: int, samples: int) -> tuple[Tensor, Tensor, list[Window]]:
    """Windows of one size, of whole pixels, that hold what is in the bounds: coordinates x (n, 1, w) and y (n, h, 1) of
    their points, and where they lie in the pictures."""
    points = paint.grid(size)[0].flatten()
    left, right, top, bottom = (((bound.flatten() + 1) * (size / 2 / samples)).floor().long() for bound in bounds)
    found = []
    for first, last in ((left, right), (top, bottom)):
        length = min(size, samples * (1 + int((last - first).max())))
        start = (samples * first).clamp(0, size - length)
        found += [points[start[:, None] + torch.arange(length)], [slice(at, at + length) for at in start.tolist()]]
    x, columns, y, rows = found
    where = zip(thing["scene"].tolist(), rows, columns, strict=True)
    return x[:, None], y[..., None], [(scene, slice(None), *parts) for scene, *parts in where]


def _bounds_of_thing(thing: Plan, pixel: float) -> Bounds:
    """Of all points that things and their threads cover, and of some about them, at which edges are measured."""
    wide, high = _reach(thing, 3 * pixel)
    top = torch.where(thing["hangs"], -1.0, thing["y"] - high)
    return thing["x"] - wide, thing["x"] + wide, top, thing["y"] + high


def _bounds_of_shadow(thing: Plan) -> Bounds:
    """Of all points that a shadow darkens, where float32 can tell."""
    wide, high = _reach(thing, 0.2)  # of a shadow's soft edge at most 0.185 lies outside
    height = thing["base"] - thing["y"]
    low, high = (height - high).clamp(min=-0.03), height + high  # of what throws the shadow
    foot, thick = 4.2 * (0.2 * thing["scale"] + 0.02), 4.2 * 0.035  # exp(-4.2²) is too little to tell
    left, right = torch.minimum(LEAN * low - wide, -foot), torch.maximum(LEAN * high + wide, foot)
    return thing["x"] + left, thing["x"] + right, thing["base"] - (FLAT * high).clamp(min=thick), thing["base"] + thick


def _reach(thing: Plan, away: float) -> tuple[Tensor, Tensor]:
    """How far from a thing's centre, to the sides and up and down, the points lie that are less than `away` from it."""
    found, unit = frame(TEN[int(thing["class"][0])]), layout.unit(int(thing["class"][0]))
    wide, high = (reach / unit * thing["scale"] + away for reach in (found.reach_x, found.reach_y))
    cos, sin = thing["lean"].cos(), thing["lean"].sin().abs()
    return wide * cos + high * sin, wide * sin + high * cos


def _distance(thing: Plan, x: Tensor, y: Tensor) -> Tensor:
    """The distance from a thing at the points x (n, 1, w) and y (n, h, 1) or (n, h, w), counted from its centre."""
    cos, sin = thing["lean"].cos() / thing["scale"], thing["lean"].sin() / thing["scale"]
    x, y = x * cos + y * sin, y * cos - x * sin
    label = int(thing["class"][0])
    centre, unit = frame(TEN[label]), layout.unit(label)
    usual = (torch.zeros(1, 1, 1),) * 3
    return TEN[label].distance(x * unit + centre.x, y * unit + centre.y, usual) / unit * thing["scale"]


def _shadow(thing: Plan, x: Tensor, y: Tensor) -> Tensor:
    """How dark a thing's shadow makes the ground, 0..1, (n, h, w): its outline, laid down and leaning."""
    up = (thing["base"] - y) / FLAT  # how high above the ground the part is whose shadow falls on this row
    across, down = x - thing["x"] - LEAN * up, thing["base"] - up - thing["y"]
    soft = 0.05 + 0.16 * up.clamp(0, 2)
    shadow = (0.5 - _distance(thing, across, down) / soft).clamp_(0, 1)
    shadow = shadow * ((up > -0.03) * 0.85 / (1 + 0.5 * up.clamp(min=0)))
    foot = 0.2 * thing["scale"] + 0.02
    touch = torch.exp(-(((x - thing["x"]) / foot) ** 2)) * torch.exp(-(((y - thing["base"]) / 0.035) ** 2))
    return torch.maximum(shadow, 0.8 * touch * ~thing["hangs"])


def _thread(thing: Plan, x: Tensor, y: Tensor, cover: Tensor, pixel: float) -> Tensor:
    """How much of each point the thread covers from which a thing hangs; it ends where the thing begins."""
    thread = paint.cover((x - thing["x"]).abs() - 0.006, pixel) * (y < thing["y"]) * thing["hangs"]
    return thread * (1 - cover.cummax(1).values)


def _face(thing: Plan, x: Tensor, y: Tensor, distance: Tensor, right: Tensor, down: Tensor, pixel: float) -> Tensor:
    """Light (n, 3, h, w) of a thing's face: its colour, a pattern in a lighter or darker tone, a rounded rim."""
    x, y = x - thing["x"], y - thing["y"]
    colour = SWATCHES[thing["colour"]][..., None, None]
    other = torch.where(thing["tone"].unsqueeze(1) > 0, 0.93 * colour + 0.07, 0.66 * colour)
    share = paint.texture(x, y, thing["kind"], *thing["texture"][..., None, None].unbind(1), pixel)
    rim = (1 + distance / (0.03 + 0.07 * thing["scale"])).clamp_(0, 1) ** 2
    facing = right * TOWARDS_LIGHT[0] + down * TOWARDS_LIGHT[1]
    relief = 1 + 0.38 * rim * facing + 0.16 * (x * TOWARDS_LIGHT[0] + y * TOWARDS_LIGHT[1]) / thing["scale"]
    shine = 0.1 * rim * facing.clamp(min=0) ** 3
    return torch.lerp(colour, other, share.unsqueeze(1)) * relief.unsqueeze(1) + shine.unsqueeze(1)
