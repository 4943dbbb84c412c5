"""Scenes: several things that stand on the ground or hang from threads, some in front of others, with all that is known
of them: boxes, masks, depth order, and a sentence in English and in Korean."""

from typing import Any

import torch
from torch import Tensor

from cnnbook.data import captions
from cnnbook.data.captions import COLOURS, SIZES, Thing
from cnnbook.data.drawn import layout, paint, scenery, things
from cnnbook.data.drawn.chance import Chance
from cnnbook.data.drawn.figures import TEN
from cnnbook.data.drawn.layout import MOST, Plan
from cnnbook.data.drawn.things import TOWARDS_LIGHT
from cnnbook.data.imageset import ImageSet

COUNTS = {"train": 2000, "test": 500}
BLOCK = 100  # scenes whose random numbers are drawn together
OVERLAP = 0.05  # of the smaller of two things: who covers so much of the other is in front of it
_COLOURS, _SIZES = tuple(COLOURS), tuple(SIZES)


def draw(count: int, *, size: int = 96, objects: tuple[int, int] = (1, 4), seed: int = 0) -> ImageSet:
    """`count` scenes, RGB uint8 (count, 3, size, size), with the fewest and the most objects a scene may have.

    Of each scene: `masks` uint8 (K, size, size) of what is visible of its K objects, from the farthest to the nearest;
    `boxes` float32 (K, 4), tight about the masks; `box_labels` int64 (K,); `captions` and `captions_ko`, one sentence
    each. `labels` has the class of the object of which most is visible. The same seed gives the same scenes, and a
    longer set begins with the shorter one. Raises ValueError for a value that is out of range.
    """
    return compose(count, size=size, objects=objects, seed=seed)[0]


def read(
    split: str,
    size: int | None = None,
    count: int | None = None,
    objects: tuple[int, int] | None = None,
    seed: int = 0,
    crowded: bool = False,
    **kind: Any,
) -> ImageSet:
    """Scenes to train on (2,000 unless `count` says otherwise) or to test on (500), 96 px; no scene is in both.

    With `crowded=True` the scenes that detectors are measured on, 128 px, without captions: 3 to 8 objects whose longer
    side is 12 to 48 px, up to 40 % of each hidden, the five dials at 0.5; the options of `crowded.Kind` change that.
    """
    if crowded:
        from cnnbook.data import crowded as crowds

        return crowds.read(split, size, count, seed, **kind, **({"objects": objects} if objects else {}))
    if kind:
        raise TypeError(f"scenes take the option {', '.join(kind)} only with crowded=True.")
    objects = objects or (1, 4)
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
    masks, known, sentences = [], [], []
    for block, start in enumerate(range(0, count, BLOCK)):
        plan = layout.plan(Chance(f"scenes {split}", seed, block, BLOCK), fewest, most)
        for rows in torch.arange(min(BLOCK, count - start)).split(max(1, 2**20 // size**2)):  # what memory holds
            some = {key: value[rows] for key, value in plan.items()}
            images[start + rows], seen, facts = _drawn(some, size)
            masks += seen
            known += facts
            places = [(scenery.PLACES[place], scenery.PLACES_KO[place]) for place in some["place"].tolist()]
            told = zip(facts, places, some["words"].tolist(), strict=True)
            sentences += [captions.caption(scene, place, size, words) for scene, place, words in told]
    return _imageset(images, masks, known, sentences), known


def _imageset(
    images: Tensor, masks: list[Tensor], known: list[list[Thing]], sentences: list[tuple[str, str]]
) -> ImageSet:
    classes = tuple(figure.name for figure in TEN)
    box_labels = [torch.tensor([classes.index(thing.name) for thing in scene]) for scene in known]
    most = [int(labels[seen.flatten(1).sum(1).argmax()]) for labels, seen in zip(box_labels, masks, strict=True)]
    return ImageSet(
        images,
        torch.tensor(most, dtype=torch.int64),
        classes,
        tuple(figure.korean for figure in TEN),
        name="scenes",
        masks=masks,
        boxes=[torch.tensor([thing.box for thing in scene], dtype=torch.float32) for scene in known],
        box_labels=box_labels,
        captions=[english for english, _ in sentences],
        captions_ko=[korean for _, korean in sentences],
    )


def _drawn(plan: Plan, size: int) -> tuple[Tensor, list[Tensor], list[list[Thing]]]:
    """The images uint8 (B, 3, size, size) of planned scenes, and of each its masks and the facts."""
    samples = 2 if size <= 64 else 1  # in each direction, of a pixel
    side = size * samples
    few = max(1, 2**17 // side**2)  # what the processor's cache holds
    parts = [{key: value[rows] for key, value in plan.items()} for rows in torch.arange(len(plan["count"])).split(few)]
    empty = [scenery.view(part, side) for part in parts]
    picture, ground = (torch.cat(each) for each in zip(*empty, strict=True))
    covers = things.put(picture, ground.unsqueeze(1), plan, samples)
    x, y = paint.grid(side)
    glow = 1 + 0.1 * (x * TOWARDS_LIGHT[0] + y * TOWARDS_LIGHT[1])
    images, masks, known = [], [], []
    for part, light, cover in zip(parts, picture.split(few), covers.split(few), strict=True):
        light = light * (glow.unsqueeze(1) * part["warmth"])
        images.append(paint.finish(paint.mean_of_four(light) if samples > 1 else light))
        seen, facts = _known(cover, part)
        masks += seen
        known += facts
    return torch.cat(images), masks, known


def _known(covers: Tensor, plan: Plan) -> tuple[list[Tensor], list[list[Thing]]]:
    """Of each scene the masks uint8 (K, H, W) of what is visible, and the facts; from how much each object covers of
    each pixel, (B, M, H, W), M in the fullest scene."""
    whole = covers >= 0.5
    seen, hidden, most = torch.empty_like(whole), torch.zeros_like(whole[:, 0]), whole.shape[1]
    for nth in reversed(range(most)):  # from the nearest
        seen[:, nth] = whole[:, nth] & ~hidden
        hidden |= whole[:, nth]
    shown = seen.flatten(2).any(2)  # (B, M): what is hidden altogether is not in the scene
    flat = whole.flatten(2).float()
    shared = flat @ flat.mT  # (B, M, M): pixels that two objects both cover
    area = shared.diagonal(dim1=1, dim2=2)
    hides = (shared > OVERLAP * torch.minimum(area[:, None], area[..., None])) & shown[:, None]
    hides, place = hides.tolist(), (shown.cumsum(1) - 1).tolist()  # place: of an object in its scene's list
    every = zip(
        shown.nonzero().tolist(),
        *(plan[key][:, :most][shown].tolist() for key in ("class", "colour", "size", "hangs")),
        _boxes(seen[shown]),
        _boxes(whole[shown]),
        (seen.flatten(2).sum(2) / area)[shown].tolist(),
        strict=True,
    )
    known: list[list[Thing]] = [[] for _ in covers]
    for (scene, nth), label, colour, size, hangs, box, whole_box, visible in every:
        known[scene].append(
            Thing(
                name=TEN[label].name,
                korean=TEN[label].korean,
                colour=_COLOURS[colour],
                size=_SIZES[size],
                hangs=hangs,
                box=box,
                whole=whole_box,
                visible=visible,
                hidden_by=tuple(place[scene][other] for other in range(nth + 1, most) if hides[scene][nth][other]),
            )
        )
    return list(seen[shown].to(torch.uint8).split(shown.sum(1).tolist())), known


def _boxes(masks: Tensor) -> list[tuple[int, int, int, int]]:
    """The smallest box about each mask (K, H, W), x1, y1, x2, y2 in pixels."""
    found = []
    for along in (masks.any(1), masks.any(2)):  # (K, W), (K, H)
        along = along.to(torch.uint8)
        found += [along.argmax(1), along.shape[1] - along.flip(1).argmax(1)]  # of the same numbers the first counts
    left, right, top, bottom = (of_all.tolist() for of_all in found)
    return list(zip(left, top, right, bottom, strict=True))
