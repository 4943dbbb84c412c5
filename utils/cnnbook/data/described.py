"""Scenes with several sentences each, and all that is known of them: what captioning learns from and is judged by."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from cnnbook.data import captions, parsing, scenes
from cnnbook.data.captions import Thing
from cnnbook.data.drawn import layout, scenery
from cnnbook.data.drawn.chance import Chance


@dataclass(frozen=True)
class Described:
    """N scenes: images uint8 (N, 3, S, S); of each its things from back to front, its place, and its sentences."""

    images: Tensor
    things: list[list[Thing]]
    places: list[str]  # in English
    captions: dict[str, list[list[str]]]  # by language, "en" and "ko": of each scene the same sentences in each

    def __len__(self) -> int:
        return len(self.images)

    @property
    def boxes(self) -> list[Tensor]:
        """Of each scene what is visible of its K things, float (K, 4): x1, y1, x2, y2 in pixels."""
        return [torch.tensor([thing.box for thing in scene], dtype=torch.float32) for scene in self.things]

    def where(self, keep: Callable[[list[Thing]], bool]) -> "Described":
        """The scenes whose things `keep` says yes to."""
        return self.subset([place for place, scene in enumerate(self.things) if keep(scene)])

    def subset(self, rows: list[int]) -> "Described":
        """The scenes at `rows`, in that order."""
        told = {language: [each[row] for row in rows] for language, each in self.captions.items()}
        things, places = [self.things[row] for row in rows], [self.places[row] for row in rows]
        return Described(self.images[rows], things, places, told)

    def true(self, row: int, sentence: str) -> bool:
        """Whether a sentence is well formed, with the right article or particles, and true of the scene at `row`."""
        try:
            claim = parsing.parse(sentence)
        except ValueError:
            return False
        return parsing.is_true(claim, self.things[row], self.places[row], self.images.shape[-1])


def read(
    split: str = "train", count: int | None = None, *, sentences: int = 5, full: bool = True,
    objects: tuple[int, int] = (2, 4), size: int = 96, seed: int = 0,
) -> Described:  # fmt: skip
    """The first `count` scenes of a split of `scenes`, with `sentences` captions each in both languages.

    With `full` things are named by their colour and, where it is small or large, by their size; else by any name that
    fits no other thing of the scene. Raises ValueError for a value that is out of range.
    """
    if sentences < 1:
        raise ValueError(f"sentences must be 1 or more, got {sentences}.")
    count = scenes.COUNTS.get(split, 0) if count is None else count
    found, things = scenes.compose(count, size=size, objects=objects, seed=seed, split=split)
    places = []
    for block in range(-(-count // scenes.BLOCK)):
        plan = layout.plan(Chance(f"scenes {split}", seed, block, scenes.BLOCK), *objects)
        places += plan["place"].tolist()
    told: dict[str, list[list[str]]] = {"en": [], "ko": []}
    for row, (scene, place) in enumerate(zip(things, places, strict=False)):
        rng = Random(f"captions {split} {seed} {row}")
        words = scenery.PLACES[place], scenery.PLACES_KO[place]
        pairs = [captions.caption(scene, words, size, _numbers(rng, full)) for _ in range(sentences)]
        for language, each in zip(told, zip(*pairs, strict=True), strict=True):
            told[language].append(list(each))
    return Described(found.images, things, [scenery.PLACES[place] for place in places[:count]], told)


def _numbers(rng: Random, full: bool) -> list[float]:
    numbers = [rng.random() for _ in range(6)]
    return numbers[:4] + [0.999, 0.999] if full else numbers  # the last name is the longest
