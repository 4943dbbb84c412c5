"""Scenes: several things that stand on the ground or hang from threads, some in front of others, with all that is known
of them: boxes, masks, depth order, and a sentence in English and in Korean."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from cnnbook.data import captions
from cnnbook.data.captions import COLOURS, SIZES, Thing
from cnnbook.data.drawn import layout, paint, scenery
from cnnbook.data.drawn.chance import Chance
from cnnbook.data.drawn.figures import TEN, frame
from cnnbook.data.drawn.layout import MOST, Plan
from cnnbook.data.drawn.palettes import light
from cnnbook.data.imageset import ImageSet

COUNTS = {"train": 2000, "test": 500}
BLOCK = 100  # scenes whose random numbers are drawn together
OVERLAP = 0.05  # of the smaller of two things: who covers so much of the other is in front of it
TOWARDS_LIGHT = (-0.62, -0.78)
LEAN, FLAT = 0.55, 0.34  # of a shadow on the ground: how far it falls to the right, and how short it is
THREAD = torch.full((1, 3, 1, 1), 0.12)

# the light of each of COLOURS
SWATCHES = torch.tensor([light(c) for c in "cf4034 ea8630 f5c843 4f9d58 3b72b8 7d55a8 ee9ab4 f7f3ea 33363f".split()])


def draw(count: int, *, size: int = 96, objects: tuple[int, int] = (1, 4), seed: int = 0) -> ImageSet:
    """`count` scenes, RGB uint8 (count, 3, size, size), with the fewest and the most objects a scene may have.

    Of each scene: `masks` uint8 (K, size, size) of what is visible of its K objects, from the farthest to the nearest;
    `boxes` float32 (K, 4), tight about the masks; `box_labels` int64 (K,); `captions` and `captions_ko`, one sentence
    each. `labels` has the class of the object of which most is visible. The same seed gives the same scenes, and a
    longer set begins with the shorter one. Raises ValueError for a value that is out of range.
    """
    return compose(count, size=size, objects=objects, seed=seed)[0]


def read(
    split: str, size: int | None = None, count: int | None = None, objects: tuple[int, int] = (1, 4), seed: int = 0
) -> ImageSet:
    """Scenes to train on (2,000 unless `count` says otherwise) or to test on (500), 96 px; no scene is in both."""
    count = COUNTS.get(split, 0) if count is None else count
    return compose(count, size=size or 96, objects=objects, seed=seed, split=split)[0]


@paint.one_thread()
def compose(
    count: int, *, size: int = 96, objects: tuple[int, int] = (1, 4), seed: int = 0, split: str = "train"
) -> tuple[ImageSet, list[list[Thing]]]:
    """The scenes that `draw` gives, and the things in each of them, from the farthest to the nearest."""
    if split not in COUNTS:
        raise ValueError(f"split must be one of {', '.join(COUNTS)}, got {split!r}.")
    fewest, most = objects
    if not 1 <= fewest <= most <= MOST:
        raise ValueError(f"objects must be (fewest, most), from 1 to {MOST}, got {objects!r}.")
    if count < 0 or size < 32:
        raise ValueError(f"count must be 0 or more and size 32 pixels or more, got count {count} and size {size}.")
    images = torch.empty(count, 3, size, size, dtype=torch.uint8)
    masks, things, sentences = [], [], []
    samples = 2 if size <= 64 else 1  # in each direction, of a pixel
    together = max(1, 2**17 // (size * samples) ** 2)  # as many pictures at a time as the processor's cache holds
    for block, start in enumerate(range(0, count, BLOCK)):
        part = images[start : start + BLOCK]
        plan = layout.plan(Chance(f"scenes {split}", seed, block, BLOCK), fewest, most)
        for at in range(0, len(part), together):
            rows = slice(at, min(at + together, len(part)))
            some = {key: value[rows] for key, value in plan.items()}
            picture, covers = _picture(some, size * samples)
            if samples > 1:
                picture, covers = avg_pool2d(picture, samples), avg_pool2d(covers, samples)
            part[rows] = paint.finish(picture)
            for row, cover in enumerate(covers):
                seen, known = _known(cover, {key: value[row] for key, value in some.items()})
                place = scenery.PLACES[some["place"][row]], scenery.PLACES_KO[some["place"][row]]
                masks.append(seen)
                things.append(known)
                sentences.append(captions.caption(known, place, size, some["words"][row].tolist()))
    return _imageset(images, masks, things, sentences), things


def _imageset(
    images: Tensor, masks: list[Tensor], things: list[list[Thing]], sentences: list[tuple[str, str]]
) -> ImageSet:
    classes = tuple(figure.name for figure in TEN)
    box_labels = [torch.tensor([classes.index(thing.name) for thing in scene]) for scene in things]
    most = [int(labels[seen.flatten(1).sum(1).argmax()]) for labels, seen in zip(box_labels, masks, strict=True)]
    return ImageSet(
        images,
        torch.tensor(most, dtype=torch.int64),
        classes,
        tuple(figure.korean for figure in TEN),
        name="scenes",
        masks=masks,
        boxes=[torch.tensor([thing.box for thing in scene], dtype=torch.float32) for scene in things],
        box_labels=box_labels,
        captions=[english for english, _ in sentences],
        captions_ko=[korean for _, korean in sentences],
    )


def _picture(plan: Plan, size: int) -> tuple[Tensor, Tensor]:
    """Light (B, 3, size, size), and how much of each pixel each object covers, (B, MOST, size, size)."""
    pixel = 2 / size
    x, y = paint.grid(size)
    picture, ground = scenery.view(plan, size)
    for nth in range(MOST):  # all shadows first: they lie on the ground, behind every thing
        rows, thing = _thing(plan, nth)
        if len(rows):
            picture[rows] = paint.shade(picture[rows], _shadow(thing, x, y, size) * ground[rows])
    covers = torch.zeros(len(picture), MOST, size, size)
    for nth in range(MOST):
        rows, thing = _thing(plan, nth)
        if len(rows):
            distance = _distance(thing, *torch.broadcast_tensors(x - thing["x"], y - thing["y"]))
            distance, right, down = paint.measured(distance, pixel)
            cover = paint.cover(distance, pixel)
            covers[rows, nth] = cover
            thread = paint.cover((x - thing["x"]).abs() - 0.006, pixel) * (y < thing["y"]) * thing["hangs"]
            thread = thread * (1 - cover.cummax(1).values)  # it ends where the object begins
            below = paint.over(picture[rows], THREAD, 0.7 * thread)
            picture[rows] = paint.over(below, _face(thing, distance, right, down, pixel), cover)
    glow = 1 + 0.1 * (x * TOWARDS_LIGHT[0] + y * TOWARDS_LIGHT[1])
    return picture * (glow.unsqueeze(1) * plan["warmth"]), covers


def _thing(plan: Plan, nth: int) -> tuple[Tensor, Plan]:
    """The scenes that have an nth object, and its numbers: (R,) or, where they meet pixels, (R, 1, 1)."""
    rows = (plan["count"] > nth).nonzero().flatten()
    thing = {key: plan[key][rows, nth] for key in ("class", "colour", "kind")}
    numbers = ("x", "y", "base", "hangs", "scale", "lean", "tone")
    return rows, thing | {key: plan[key][rows, nth, None, None] for key in numbers} | {
        "texture": plan["texture"][rows, nth]
    }


def _distance(thing: Plan, x: Tensor, y: Tensor) -> Tensor:
    """The distance from an object at the points x, y (B, H, W), counted from its centre."""
    cos, sin = thing["lean"].cos() / thing["scale"], thing["lean"].sin() / thing["scale"]
    x, y = x * cos + y * sin, y * cos - x * sin
    field = torch.empty_like(x)
    usual = (torch.zeros(1, 1, 1),) * 3
    for label in thing["class"].unique().tolist():
        chosen = (thing["class"] == label).nonzero().flatten()
        centre, unit = frame(TEN[label]), layout.unit(label)
        field[chosen] = TEN[label].distance(x[chosen] * unit + centre.x, y[chosen] * unit + centre.y, usual) / unit
    return field * thing["scale"]


def _shadow(thing: Plan, x: Tensor, y: Tensor, size: int) -> Tensor:
    """How dark an object's shadow makes the ground, 0..1, (B, size, size): its outline, laid down and leaning."""
    up = (thing["base"] - y) / FLAT  # how high above the ground the part is whose shadow falls on this row
    across, down = x - thing["x"] - LEAN * up, (thing["base"] - up - thing["y"]).expand(-1, size, size)
    soft = 0.05 + 0.16 * up.clamp(0, 2)
    shadow = (0.5 - _distance(thing, across, down) / soft).clamp_(0, 1)
    shadow = shadow * ((up > -0.03) * 0.85 / (1 + 0.5 * up.clamp(min=0)))
    foot = 0.2 * thing["scale"] + 0.02
    touch = torch.exp(-(((x - thing["x"]) / foot) ** 2)) * torch.exp(-(((y - thing["base"]) / 0.035) ** 2))
    return torch.maximum(shadow, 0.8 * touch * ~thing["hangs"])


def _face(thing: Plan, distance: Tensor, right: Tensor, down: Tensor, pixel: float) -> Tensor:
    """Light (B, 3, H, W) of an object's face: its colour, a pattern in a lighter or darker tone, a rounded rim."""
    x, y = paint.grid(distance.shape[-1])
    x, y = x - thing["x"], y - thing["y"]
    colour = SWATCHES[thing["colour"]][..., None, None]
    other = torch.where(thing["tone"].unsqueeze(1) > 0, 0.93 * colour + 0.07, 0.66 * colour)
    share = paint.texture(x, y, thing["kind"], *thing["texture"][..., None, None].unbind(1), pixel)
    rim = (1 + distance / (0.03 + 0.07 * thing["scale"])).clamp_(0, 1) ** 2
    facing = right * TOWARDS_LIGHT[0] + down * TOWARDS_LIGHT[1]
    relief = 1 + 0.38 * rim * facing + 0.16 * (x * TOWARDS_LIGHT[0] + y * TOWARDS_LIGHT[1]) / thing["scale"]
    shine = 0.1 * rim * facing.clamp(min=0) ** 3
    return torch.lerp(colour, other, share.unsqueeze(1)) * relief.unsqueeze(1) + shine.unsqueeze(1)


def _known(cover: Tensor, scene: Plan) -> tuple[Tensor, list[Thing]]:
    """Masks uint8 (K, H, W) of what is visible, and the facts, from how much each object covers, (MOST, H, W)."""
    wholes = cover[: int(scene["count"])] >= 0.5
    nearer = torch.stack([wholes[nth + 1 :].any(0) for nth in range(len(wholes))])
    seen = wholes & ~nearer
    shown = seen.flatten(1).any(1).nonzero().flatten()  # what is hidden altogether is not in the scene
    wholes, seen = wholes[shown], seen[shown]
    flat = wholes.flatten(1).float()
    shared = flat @ flat.T  # pixels that two objects both cover
    things = []
    for nth, at in enumerate(shown.tolist()):
        figure = TEN[scene["class"][at]]
        hiding = [other for other in range(nth + 1, len(shown))
                  if shared[nth, other] > OVERLAP * min(shared[nth, nth], shared[other, other])]  # fmt: skip
        things.append(
            Thing(
                name=figure.name,
                korean=figure.korean,
                colour=list(COLOURS)[scene["colour"][at]],
                size=list(SIZES)[scene["size"][at]],
                hangs=bool(scene["hangs"][at]),
                box=_box(seen[nth]),
                whole=_box(wholes[nth]),
                visible=float(seen[nth].sum() / shared[nth, nth]),
                hidden_by=tuple(hiding),
            )
        )
    return seen.to(torch.uint8), things


def _box(mask: Tensor) -> tuple[int, int, int, int]:
    """The smallest box about a mask (H, W), x1, y1, x2, y2 in pixels."""
    columns, rows = mask.any(0).nonzero(), mask.any(1).nonzero()
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
