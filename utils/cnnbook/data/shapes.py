"""Ten or a hundred kinds of shapes, drawn; five dials set how hard they are to recognise.

The dials, each from 0 to 1, are the challenges of a course on vision:

illumination  where the light comes from, its strength and colour, a shadow that falls across the picture, glare
deformation   bending, shearing and wobbling of the figure
occlusion     bars and ribbons in front of it
clutter       the texture of the background and the fragments that lie on it
variation     within a class: proportions, turn, size, place, texture, colours

With every dial at 0 a class is one clean figure, ink on paper. All figures have about the same area, so that neither a
mean colour nor the number of dark pixels tells them apart.
"""

import torch
from torch import Tensor

from cnnbook.data.drawn import lighting, paint, posed
from cnnbook.data.drawn.chance import BLOCK, Chance
from cnnbook.data.drawn.families import FAMILIES, HUNDRED
from cnnbook.data.drawn.figures import TEN
from cnnbook.data.imageset import ImageSet

DIALS = ("illumination", "deformation", "occlusion", "clutter", "variation")
COUNTS = {"train": 5000, "test": 1000}
TOGETHER = 3  # blocks: fifteen images of each of a hundred classes, which cost little more than five
FRAGMENTS, BARS = 10, 3  # at most, on the background and in front of the figure
AWAY = 9.0  # where a thing lies that is not in the picture
Plan = dict[str, Tensor]


def draw(
    count: int,
    *,
    classes: int = 10,
    size: int = 32,
    seed: int = 0,
    illumination: float = 0.3,
    deformation: float = 0.3,
    occlusion: float = 0.3,
    clutter: float = 0.3,
    variation: float = 0.3,
) -> ImageSet:
    """`count` shapes, RGB uint8 (count, 3, size, size), of 10 classes or of 100 in 20 coarse classes; dials 0..1.

    The classes come in turn. The same seed gives the same images; a longer set begins with the shorter one, and a
    dial changes what it is for and nothing else. Raises ValueError for a value that is out of range.
    """
    dials = dict(zip(DIALS, (illumination, deformation, occlusion, clutter, variation), strict=True))
    return _drawn("train", count, classes, size, seed, dials)


def read(
    split: str, size: int | None = None, count: int | None = None, classes: int = 10, seed: int = 0, **dials: float
) -> ImageSet:
    """Shapes to train on (5,000 unless `count` says otherwise) or to test on (1,000), as `draw` draws them, 32 px.

    No image is in both: they come from different random numbers. Raises TypeError for a dial that there is not.
    """
    unknown = [dial for dial in dials if dial not in DIALS]
    if unknown:
        raise TypeError(f"shapes have no dial {unknown[0]!r}; there are {', '.join(DIALS)}.")
    count = COUNTS.get(split, 0) if count is None else count
    return _drawn(split, count, classes, size or 32, seed, {dial: dials.get(dial, 0.3) for dial in DIALS})


@paint.one_thread()
def _drawn(split: str, count: int, classes: int, size: int, seed: int, dials: dict[str, float]) -> ImageSet:
    if split not in COUNTS:
        raise ValueError(f"split must be one of {', '.join(COUNTS)}, got {split!r}.")
    for dial, value in dials.items():
        if not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise ValueError(f"{dial} must be from 0 (none) to 1 (most), got {value!r}.")
    if classes not in (10, 100):
        raise ValueError(f"classes must be 10 or 100, got {classes!r}.")
    if count < 0 or size < 8:
        raise ValueError(f"count must be 0 or more and size 8 pixels or more, got count {count} and size {size}.")
    figures = TEN if classes == 10 else HUNDRED
    labels = torch.arange(count) % classes
    images = torch.empty(count, 3, size, size, dtype=torch.uint8)
    for start in range(0, count, TOGETHER * BLOCK):
        many = min(TOGETHER * BLOCK, count - start)
        plans = [_plan(split, seed, (start + at) // BLOCK, dials) for at in range(0, many, BLOCK)]
        plan = {key: torch.cat([each[key] for each in plans]) for key in plans[0]}
        for rows in torch.arange(many).split(max(1, 2**21 // size**2)):  # what memory holds
            some = {key: value[rows] for key, value in plan.items()}
            figure = posed.figures(figures, labels[start + rows], some, size)
            for few in torch.arange(len(rows)).split(max(1, 2**16 // size**2)):  # what the processor's cache holds
                picture = _picture(figure[few], {key: value[few] for key, value in some.items()}, size)
                images[start + rows[few]] = paint.finish(picture)
    names, korean = zip(*((figure.name, figure.korean) for figure in figures), strict=True)
    if classes == 10:
        return ImageSet(images, labels, names, korean, name="shapes")
    families, families_korean = zip(*FAMILIES, strict=True)
    coarse = {"coarse_labels": labels // 5, "coarse_classes": families, "coarse_classes_ko": families_korean}
    return ImageSet(images, labels, names, korean, name="shapes", **coarse)


def _plan(split: str, seed: int, block: int, dials: dict[str, float]) -> Plan:
    """All that is random in a block of pictures: numbers (BLOCK, …), for every dial its own."""
    chances = {dial: Chance(f"shapes {split} {dial}", seed, block) for dial in DIALS}
    plan = posed.variation(chances["variation"], dials["variation"])
    plan |= posed.deformation(chances["deformation"], dials["deformation"])
    plan |= _clutter(chances["clutter"], dials["clutter"], plan.pop("colours"))
    plan |= _occlusion(chances["occlusion"], dials["occlusion"])
    return plan | lighting.illumination(chances["illumination"], dials["illumination"])


def _clutter(chance: Chance, dial: float, colours: Tensor) -> Plan:
    """The background's texture, and small bars and leaves that lie on it, in the figure's colour too."""
    textured = chance.happens(min(1.0, 3 * dial), 1)[:, 0].long()
    many = FRAGMENTS * dial * chance.between(0.5, 1.2, 1) - chance.between(0, 1, 1)
    away = AWAY * (torch.arange(FRAGMENTS) >= many)
    place = [
        chance.between(-1, 1, FRAGMENTS) + away,
        chance.between(-1, 1, FRAGMENTS) + away,
        chance.angle(FRAGMENTS),
        chance.between(0.12, 0.3 + 0.25 * dial, FRAGMENTS),
        chance.between(0.03, 0.07 + 0.07 * dial, FRAGMENTS),
        chance.between(-1.6, 1.6, FRAGMENTS),
        chance.between(0, 1, FRAGMENTS),
    ]
    return {
        "ground": colours[:, 0],
        "ground tone": torch.lerp(colours[:, 0], colours[:, 3], 0.1 + 0.9 * dial * chance.between(0.4, 1, 1)),
        "ground kind": textured * (1 + chance.one_of(len(paint.TEXTURES) - 1)),
        "ground texture": torch.stack([chance.angle(), chance.between(0.25, 0.8), chance.angle()], 1),
        "fragments": torch.stack(place, 2)[..., None, None],  # (BLOCK, FRAGMENTS, 7, 1, 1)
        "fragment colours": colours.take_along_dim(1 + chance.one_of(5, FRAGMENTS, 1), 1),
        "bar colours": colours.take_along_dim(2 + chance.one_of(4, BARS, 1), 1),
    }


def _occlusion(chance: Chance, dial: float) -> Plan:
    """Ribbons across the whole picture, and leaves, near the figure's middle."""
    many = BARS * dial * chance.between(0.7, 1.4, 1) - chance.between(0, 1, 1)
    away = AWAY * (torch.arange(BARS) >= many)
    leaf = chance.happens(0.5, BARS)
    turn, off, along = chance.angle(BARS), chance.between(-0.45, 0.45, BARS), leaf * chance.between(-0.5, 0.5, BARS)
    width = 0.05 + 0.14 * dial * chance.between(0.4, 1, BARS) + leaf * (0.06 + 0.12 * dial)
    place = [
        along * turn.cos() - off * turn.sin() + away,
        along * turn.sin() + off * turn.cos() + away,
        turn,
        3.0 - leaf * (3.0 - width * chance.between(2, 4, BARS)),
        width,
        chance.between(-0.3, 0.3, BARS) * (1 + leaf),
        leaf,
    ]
    return {"bars": torch.stack(place, 2)[..., None, None]}  # (BLOCK, BARS, 7, 1, 1)


def _picture(figure: Tensor, plan: Plan, size: int) -> Tensor:
    """Light (B, 3, size, size) of pictures with these figures, as `_figures` gives them."""
    pixel = 2 / size
    x, y = paint.grid(size)
    light_x, light_y = plan["towards light"].unbind(1)
    length = plan["shadow length"]

    def colour(key: str) -> Tensor:
        return plan[key][..., None, None]

    def textured(key: str) -> Tensor:
        share = paint.texture(x, y, plan[f"{key} kind"], *plan[f"{key} texture"].unbind(1), pixel)
        return torch.lerp(colour(key), colour(f"{key} tone"), share.unsqueeze(1))

    picture = textured("ground")
    for place, paint_of in zip(plan["fragments"].unbind(1), plan["fragment colours"].unbind(1), strict=True):
        if (place[:, 0] < AWAY / 2).any():
            picture = paint.over(picture, paint_of[..., None, None], paint.cover(paint.shard(x, y, place), pixel))

    cover, distance, right, down = figure.unbind(1)
    behind = distance + length * (right * light_x + down * light_y)  # the distance a little nearer to the light
    picture = paint.shade(picture, (0.6 - behind / (0.05 + 0.9 * length)).clamp(0, 1))
    rim = (1 + distance / 0.12).clamp(0, 1) ** 2
    relief = 1 + 0.34 * rim * (right * light_x + down * light_y) + 0.1 * (x * light_x + y * light_y)
    picture = paint.over(picture, textured("figure") * relief.unsqueeze(1), cover)

    for place, paint_of in zip(plan["bars"].unbind(1), plan["bar colours"].unbind(1), strict=True):
        if (place[:, 0] < AWAY / 2).any():
            shadow = paint.shard(x + length * light_x, y + length * light_y, place)
            picture = paint.shade(picture, (0.6 - shadow / (0.05 + 0.9 * length)).clamp(0, 1))
            bar = paint.shard(x, y, place)
            picture = paint.over(picture, paint_of[..., None, None], paint.cover(bar, pixel))

    return lighting.shone(picture, plan, size)
