"""Colours that go together, as light: what a screen shows is about the square root of the light it gives."""

from functools import cache

import torch
from torch import Tensor

PLAIN = "f3ead8 2f4b7c c8553d e0a458 7c9473 e6cfc0"  # of a picture in which nothing varies: ink on paper, four others
PALETTES = (
    "f3ead8 2d3a55 c8553d e0a458 7c9473 e6cfc0",
    "e8f1f2 13293d 006494 1b98e0 f2b134 ed553b",
    "f1efe0 283618 606c38 dda15e bc6c25 a3b18a",
    "2b2d42 8d99ae edf2f4 ef5d60 f7b267 5e548e",
    "fde2e4 cddafd bee1e6 e07a5f 3d405b 81b29a",
    "fff1d0 7d1538 c5283d e9724c ffc857 255f85",
    "e3f2ea 264653 2a9d8f e9c46a f4a261 e76f51",
    "f6e8ea 3b1f2b 84577c c98bb9 f7d4ad 5fa8a0",
    "dfe3e6 30343f 5b7b9a d8973c bd632f a4243b",
    "fff8e7 2f4858 33658a 86bbd8 f6ae2d f26419",
    "eceff4 2e3440 5e81ac bf616a ebcb8b a3be8c",
    "e9dcc9 463f3a 8a817c bc4b51 5b8e7d f4a259",
    "1d1a31 4d2d52 9a4c95 f08cae f5d6ba 49beaa",
    "f4f1de 3d5a40 588157 d4a373 e07a5f 344e41",
    "dff3fb 1f4e79 4a90c2 f4c95d ee6c4d 98c1d9",
    "fbf0ee 6d2e46 a26769 d5b9b2 356d6a e2a77a",
)
CONTRAST = 0.28  # least difference between the brightness, as seen in 0..1, of a figure and its background


def light(colour: str) -> list[float]:
    """RGB light in 0..1 of a colour written as six hexadecimal digits."""
    return [(int(colour[at : at + 2], 16) / 255) ** 2 for at in (0, 2, 4)]


@cache
def pairings() -> Tensor:
    """float32 (P, 6, 3): every palette in every order of background, figure and the four other colours that can be
    told apart; light in 0..1."""
    found = []
    for palette in PALETTES:
        colours = palette.split()
        seen = {colour: brightness(torch.tensor(light(colour))) for colour in colours}
        for ground in colours:
            for figure in colours:
                if abs(seen[ground] - seen[figure]) >= CONTRAST:
                    others = [colour for colour in colours if colour not in (ground, figure)]
                    found.append([light(colour) for colour in (ground, figure, *others)])
    return torch.tensor(found)


def plain() -> Tensor:
    """float32 (6, 3): the colours where nothing varies, in the order of a pairing."""
    return torch.tensor([light(colour) for colour in PLAIN.split()])


def brightness(colours: Tensor) -> Tensor:
    """How bright light (..., 3) looks, (...) in 0..1."""
    return (colours @ torch.tensor([0.2126, 0.7152, 0.0722])).sqrt()
