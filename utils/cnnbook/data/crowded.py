"""Crowded scenes: many small things, bent, badly lit, half hidden, on cluttered ground. Those that detectors and
segmenters are measured on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cnnbook.data.drawn import lighting, paint, posed, scenery, spots
from cnnbook.data.drawn.chance import Chance
from cnnbook.data.drawn.figures import TEN
from cnnbook.data.drawn.things import SWATCHES
from cnnbook.data.imageset import ImageSet

COUNTS = {"train": 2000, "test": 500}
DIALS = ("illumination", "deformation", "occlusion", "clutter", "variation")
BLOCK = 100  # scenes whose random numbers are drawn together
MOST = 12  # objects in a scene
FRAGMENTS, BARS = 20, 6  # at most, behind the objects and in front of them
SCALE = 0.75  # of a figure in its window, so that what is bent does not reach the window's edge
FULL = 0.5  # of a picture's area: what the squares about its objects take at most
AWAY = 9.0  # where a thing lies that is not in the picture
Plan = dict[str, Tensor]


@dataclass(frozen=True)
class Kind:
    """What scenes are like: the fewest and the most objects, the least and the greatest longer side of an object in
    pixels, the share of an object that may be hidden, and the five dials, each 0..1."""

    size: int = 128
    objects: tuple[int, int] = (3, 8)
    sides: tuple[int, int] = (12, 48)
    hidden: float = 0.4
    illumination: float = 0.5
    deformation: float = 0.5
    occlusion: float = 0.5
    clutter: float = 0.5
    variation: float = 0.5

    def __post_init__(self) -> None:
        fewest, most = self.objects
        if not 1 <= fewest <= most <= MOST:
            raise ValueError(f"objects must be (fewest, most), from 1 to {MOST}, got {self.objects!r}.")
        least, greatest = self.sides
        if not 8 <= least <= greatest - 4 <= self.size / 2:
            raise ValueError(
                f"sides must be (least, greatest) in pixels, from 8 to {self.size // 2 + 4}, which is half of the "
                f"picture and 4, and at least 4 apart; got {self.sides!r}."
            )
        if not most * (least + 2) ** 2 <= FULL * self.size**2:
            raise ValueError(f"{most} objects of {least} pixels do not fit a picture of {self.size} pixels.")
        for what in ("hidden", *DIALS):
            value = getattr(self, what)
            if not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise ValueError(f"{what} must be from 0 (none) to 1 (all), got {value!r}.")


@dataclass(frozen=True)
class Known:
    """Of the objects of one scene, from the farthest to the nearest: boxes (K, 4) about all of each, what is hidden
    included, the share of each that is hidden (K,), and its colour (K,), which counts in SWATCHES."""

    whole: Tensor
    hidden: Tensor
    colours: Tensor


def read(split: str, size: int | None = None, count: int | None = None, seed: int = 0, **kind) -> ImageSet:
    """Crowded scenes to train on (2,000 unless `count` says otherwise) or to test on (500), 128 px; none is in both.

    The other options are those of `Kind`. Raises ValueError or TypeError for one that is out of range or unknown.
    """
    return compose(split, COUNTS.get(split, 0) if count is None else count, seed, Kind(size or 128, **kind))[0]


@paint.one_thread()
def compose(split: str, count: int, seed: int = 0, kind: Kind = Kind()) -> tuple[ImageSet, list[Known]]:
    """The scenes, and what is known of the objects of each beside masks and boxes of what is seen of them."""
    if split not in COUNTS:
        raise ValueError(f"split must be one of {', '.join(COUNTS)}, got {split!r}.")
    if count < 0:
        raise ValueError(f"count must be 0 or more, got {count}.")
    size = kind.size
    images = torch.empty(count, 3, size, size, dtype=torch.uint8)
    masks, boxes, labels, known = [], [], [], []
    for block, start in enumerate(range(0, count, BLOCK)):
        plan = _plan(split, seed, block, kind)
        for rows in torch.arange(min(BLOCK, count - start)).split(max(1, 2**20 // size**2)):  # what memory holds
            some = {key: value[rows] for key, value in plan.items()}
            images[start + rows], seen, facts = _drawn(some, kind)
            for scene, (found, fact) in enumerate(zip(seen, facts, strict=True)):
                masks.append(found.to(torch.uint8))
                boxes.append(torch.stack(spots.box_of(found), 1).float())
                labels.append(some["class"][scene, : len(found)].flip(0))
                known.append(fact)
    most = [int(of[found.flatten(1).sum(1).argmax()]) for of, found in zip(labels, masks, strict=True)]
    classes, korean = zip(*((figure.name, figure.korean) for figure in TEN), strict=True)
    of_all = torch.tensor(most, dtype=torch.int64)
    found = {"masks": masks, "boxes": boxes, "box_labels": labels}
    return ImageSet(images, of_all, classes, korean, name="scenes", **found), known


def _plan(split: str, seed: int, block: int, kind: Kind) -> Plan:
    """All that is random in a block of scenes: numbers (BLOCK, …), those of objects (BLOCK, MOST, …), the nearest
    first; for every dial its own. The first `count` objects of a scene are there."""
    name = f"crowded {split}"
    chances = {dial: Chance(f"{name} {dial}", seed, block, BLOCK) for dial in DIALS}
    many = {dial: Chance(f"{name} {dial} of objects", seed, block, BLOCK * MOST) for dial in DIALS}
    pose = posed.variation(many["variation"], kind.variation)
    pose |= posed.deformation(many["deformation"], kind.deformation)
    kept = (*posed.POSE[1:], "figure kind", "figure texture")  # without the place, which windows have
    objects = {key: pose[key].view(BLOCK, MOST, *pose[key].shape[1:]) for key in kept}

    chance = Chance(name, seed, block, BLOCK)
    fewest, most = kind.objects
    count = fewest + chance.one_of(most - fewest + 1)
    least, greatest = kind.sides[0] + 1.0, kind.sides[1] - 1.0
    side = least * (greatest / least) ** chance.between(0, 1, MOST)  # as many from 12 to 24 px as from 24 to 48
    there = torch.arange(MOST) < count[:, None]
    room = FULL * kind.size**2 - count[:, None] * least**2
    wanted = ((side**2 - least**2) * there).sum(1, keepdim=True)
    side = (least**2 + (side**2 - least**2) * (room / wanted.clamp(min=1)).clamp(0, 1)).sqrt()
    colour = chance.one_of(len(SWATCHES), MOST)
    second = (colour + 1 + chance.one_of(len(SWATCHES) - 1, MOST)) % len(SWATCHES)
    objects |= {
        "class": chance.one_of(len(TEN), MOST),
        "colour": colour,
        "second": second,
        "mixed": 0.2 + 0.8 * kind.variation * chance.between(0, 1, MOST),
        "side": side,
        "overlap": kind.hidden * kind.occlusion * 2 * (chance.between(-0.6, 1, MOST)).clamp(min=0),
        "spots": chance.between(0, 1, MOST, spots.TRIES, 2),
    }
    return (
        objects
        | {"count": count}
        | scenery.plan(chances["variation"])
        | _shards(chances["clutter"], "fragments", FRAGMENTS, kind.clutter, (0.05, 0.22))
        | _shards(chances["occlusion"], "bars", BARS, kind.occlusion, (0.1, 0.5))
        | lighting.illumination(chances["illumination"], kind.illumination)
    )


def _shards(chance: Chance, name: str, most: int, dial: float, length: tuple[float, float]) -> Plan:
    """Bars and leaves anywhere in the picture, each with a colour."""
    many = most * dial * chance.between(0.5, 1.2, 1) - chance.between(0, 1, 1)
    away = AWAY * (torch.arange(most) >= many)
    place = [
        chance.between(-1, 1, most) + away,
        chance.between(-1, 1, most) + away,
        chance.angle(most),
        chance.between(*length, most),
        chance.between(0.015, 0.05, most),
        chance.between(-1.2, 1.2, most),
        chance.between(0, 1, most),
    ]
    colours = SWATCHES[chance.one_of(len(SWATCHES), most)] * chance.between(0.5, 1, most, 1)
    return {name: torch.stack(place, 2)[..., None, None], f"{name} colours": colours}


def _drawn(plan: Plan, kind: Kind) -> tuple[Tensor, list[Tensor], list[Known]]:
    """The images uint8 (B, 3, S, S) of planned scenes; of each its masks bool (K, S, S) and what is known."""
    size = kind.size
    pixel = 2 / size
    x, y = paint.grid(size)
    picture, _ = scenery.view(plan, size)
    picture = picture.contiguous()
    for place, colour in _present(plan, "fragments"):
        picture = paint.over(picture, colour, paint.cover(paint.shard(x, y, place), pixel))
    bars = [(paint.shard(x, y, place), colour) for place, colour in _present(plan, "bars")]
    taken = torch.zeros(len(picture), size, size, dtype=torch.bool)
    for distance, _ in bars:
        taken |= distance < 0

    windows = _windows(plan, kind)
    solid = [[spots.cut(window["cover"] >= 0.5) for window in of_scene] for of_scene in windows]
    found = spots.choose(solid, plan["spots"], plan["overlap"], taken, kind.hidden, kind.sides[0])
    masks, known = [], []
    for scene, (of_scene, place) in enumerate(zip(windows, found.corners, strict=True)):
        for window, (left, top), cut in reversed(list(zip(of_scene, place, solid[scene], strict=True))):
            _put(picture[scene], window, left - cut.left, top - cut.top)
        masks.append(found.seen[scene].flip(0))
        whole = [(left, top, left + cut.width, top + cut.height)
                 for (left, top), cut in zip(place, solid[scene], strict=True)]  # fmt: skip
        colours = plan["colour"][scene, : len(of_scene)].flip(0)
        known.append(Known(torch.tensor(whole).flip(0), found.hidden[scene].flip(0), colours))
    light_x, light_y = plan["towards light"].unbind(1)
    for (distance, colour), (place, _) in zip(bars, _present(plan, "bars"), strict=True):
        behind = paint.shard(x + 0.03 * light_x, y + 0.03 * light_y, place)
        picture = paint.shade(picture, (0.6 - behind / 0.06).clamp(0, 1))
        picture = paint.over(picture, colour, paint.cover(distance, pixel))
    return paint.finish(lighting.shone(picture, plan, size)), masks, known


def _present(plan: Plan, name: str) -> list[tuple[Tensor, Tensor]]:
    """Places (B, 7, 1, 1) and colours (B, 3, 1, 1) of shards that are in one of the pictures."""
    every = zip(plan[name].unbind(1), plan[f"{name} colours"].unbind(1), strict=True)
    return [(place, colour[..., None, None]) for place, colour in every if (place[:, 0] < AWAY / 2).any()]


def _windows(plan: Plan, kind: Kind) -> list[list[dict[str, Tensor]]]:
    """Of each scene its objects, the nearest first, each in a window that is a little larger than it: `cover` (w, w),
    the `face`'s light (3, w, w), and what a shadow leaves of the light behind it, `shadow` (3, w, w)."""
    scene, nth = (torch.arange(MOST) < plan["count"][:, None]).nonzero().unbind(1)
    keys = (*posed.POSE[1:], "class", "colour", "second", "mixed", "side", "figure kind", "figure texture")
    one = {key: plan[key][scene, nth] for key in keys}
    one |= {key: plan[key][scene] for key in ("towards light", "shadow length")}
    one |= {"place": torch.zeros(len(scene), 2, 1, 1), "scale": torch.full_like(one["scale"], SCALE)}
    measured = posed.figures(TEN, one["class"], one, 48)[:, 0] >= 0.5
    side = (torch.maximum(measured.any(1).sum(1), measured.any(2).sum(1))).clamp(min=1) / 48  # of its window
    width = (one["side"] / side).round().long()
    windows: list = [None] * len(width)
    waiting = torch.arange(len(width))
    while len(waiting):
        again = []
        for w in width[waiting].unique().tolist():
            chosen = waiting[width[waiting] == w]
            some = {key: value[chosen] for key, value in one.items()}
            fields = posed.figures(TEN, some["class"], some, w)
            solid = fields[:, 0] >= 0.5
            longer = torch.maximum(solid.any(1).sum(1), solid.any(2).sum(1))
            for which, length, window in zip(chosen.tolist(), longer.tolist(), _painted(fields, some), strict=True):
                if kind.sides[0] <= length <= kind.sides[1]:
                    windows[which] = window
                else:
                    width[which] += 1 if length < kind.sides[0] else -1
                    again.append(which)
        waiting = torch.tensor(again, dtype=torch.int64)
    of_scenes = [[] for _ in range(len(plan["count"]))]
    for which, window in zip(scene.tolist(), windows, strict=True):
        of_scenes[which].append(window)
    return of_scenes


def _painted(figure: Tensor, one: Plan) -> list[dict[str, Tensor]]:
    """Windows of one width with figures as `posed.figures` gives them, (B, 4, w, w)."""
    width = figure.shape[-1]
    x, y = paint.grid(width)
    cover, distance, right, down = figure.unbind(1)
    light_x, light_y = one["towards light"].unbind(1)
    colour, second = (SWATCHES[one[key]][..., None, None] for key in ("colour", "second"))
    tone = torch.lerp(colour, second, one["mixed"].view(-1, 1, 1, 1))
    share = paint.texture(x, y, one["figure kind"], *one["figure texture"].unbind(1), 2 / width)
    rim = (1 + distance / 0.12).clamp(0, 1) ** 2
    facing = right * light_x + down * light_y
    relief = 1 + 0.34 * rim * facing + 0.1 * (x * light_x + y * light_y)
    face = torch.lerp(colour, tone, share.unsqueeze(1)) * relief.unsqueeze(1)
    behind = distance + one["shadow length"] * facing  # the distance a little nearer to the light
    inside = ((1 - torch.maximum(x.abs(), y.abs())) * 5).clamp(0, 1)  # a shadow ends before its window does
    dark = (0.6 - behind / (0.05 + 0.9 * one["shadow length"])).clamp(0, 1) * inside
    shadow = 1 - paint.SHADOW * dark.unsqueeze(1)
    every = zip(cover, face, shadow, strict=True)
    return [{"cover": c, "face": f, "shadow": s} for c, f, s in every]


def _put(picture: Tensor, window: dict[str, Tensor], left: int, top: int) -> None:
    """A window on a picture (3, S, S), which changes; it may reach beyond the picture's edges."""
    size, width = picture.shape[-1], window["cover"].shape[-1]
    columns, rows = (slice(max(0, at), min(size, at + width)) for at in (left, top))
    inner = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    cover, face, shadow = (window[key][..., *inner] for key in ("cover", "face", "shadow"))
    behind = picture[:, rows, columns]
    behind.mul_(shadow).lerp_(face, cover)
