"""Sentences in two languages that say what is in a scene, and are true."""

from collections.abc import Sequence
from dataclasses import dataclass

SIZES = {"small": "작은", "": "", "large": "큰"}
COLOURS = {
    "red": "빨간",
    "orange": "주황색",
    "yellow": "노란",
    "green": "초록색",
    "blue": "파란",
    "purple": "보라색",
    "pink": "분홍색",
    "white": "하얀",
    "black": "검은",
}


@dataclass(frozen=True)
class Thing:
    """One object of a scene: what it is called, and where it is. Boxes are x1, y1, x2, y2 in pixels."""

    name: str
    korean: str
    colour: str  # one of COLOURS
    size: str  # one of SIZES
    hangs: bool  # from a thread; else it stands on the ground
    box: tuple[int, int, int, int]  # of what is visible
    whole: tuple[int, int, int, int]  # of all of it
    visible: float  # the share of it that nothing hides, 0..1
    hidden_by: tuple[int, ...]  # the places, in the scene's list, of the things that hide a part of it


# a relation → how it is said: {a}, {b} are things; in Korean a letter behind the brace asks for a particle
SENTENCES = {
    "left": (
        ("{a} left of {b}", "{b}의 왼쪽에 {a:이} 있습니다"),
        ("{a} is to the left of {b}", "{a:은} {b}의 왼쪽에 있습니다"),
    ),
    "right": (
        ("{a} right of {b}", "{b}의 오른쪽에 {a:이} 있습니다"),
        ("{a} is to the right of {b}", "{a:은} {b}의 오른쪽에 있습니다"),
    ),
    "above": (
        ("{a} above {b}", "{b}의 위쪽에 {a:이} 있습니다"),
        ("{a} hangs above {b}", "{a:이} {b}의 위쪽에 매달려 있습니다"),
    ),
    "below": (
        ("{a} below {b}", "{b}의 아래쪽에 {a:이} 있습니다"),
        ("{a} is below {b}", "{a:은} {b}의 아래쪽에 있습니다"),
    ),
    "front": (
        ("{a} in front of {b}", "{b}의 앞에 {a:이} 있습니다"),
        ("{a} partly hides {b}", "{a:이} {b:을} 일부 가립니다"),
    ),
    "behind": (
        ("{a} behind {b}", "{b}의 뒤에 {a:이} 있습니다"),
        ("{a} is partly hidden by {b}", "{a:이} {b}에 일부 가려져 있습니다"),
    ),
    "stands": (
        ("{a} on the {place}", "{place}에 {a:이} 있습니다"),
        ("{a} stands on the {place}", "{a:이} {place}에 서 있습니다"),
    ),
    "hangs": (
        ("{a} on a thread", "실에 {a:이} 매달려 있습니다"),
        ("{a} hangs on a thread", "{a:은} 실에 매달려 있습니다"),
    ),
}  # fmt: skip
_PARTICLES = {"이": "가", "은": "는", "을": "를"}  # behind a final consonant → behind a vowel


def with_particle(words: str, particle: str) -> str:
    """Korean words with 이, 은 or 을 in the form that their last syllable asks for: 별이, 고리가.

    Raises ValueError where the words do not end in a Hangul syllable, whose sound is not known.
    """
    last = ord(words[-1]) - 0xAC00 if words else -1
    if not 0 <= last < 11172:
        raise ValueError(f"{words!r} must end in a Hangul syllable to take a particle.")
    return words + (particle if last % 28 else _PARTICLES[particle])  # 28 finals a syllable, the first is none


class _Korean(str):
    def __format__(self, particle: str) -> str:
        return with_particle(self, particle) if particle else str(self)


def relations(things: Sequence[Thing], side: int) -> list[tuple[int, str, int]]:
    """All (a, relation, b) of which nobody would doubt that they are true, in a scene of `side` pixels.

    `things` run from back to front. Left and right: what is visible and the wholes lie clearly apart. Above: the first
    hangs, and ends above the second's top. In front: it hides a part of the other.
    """
    found = []
    visible, whole = [_centre(thing.box) for thing in things], [_centre(thing.whole) for thing in things]
    for a, one in enumerate(things):
        for b, other in enumerate(things):
            if a == b:
                continue
            across, down = whole[a][0] - whole[b][0], abs(whole[a][1] - whole[b][1])
            seen_across = visible[a][0] - visible[b][0]
            if min(abs(seen_across), abs(across)) > max(0.12 * side, 0.6 * down) and seen_across * across > 0:
                found.append((a, "left" if across < 0 else "right", b))
            if abs(across) < 0.6 * down:
                if one.hangs and one.whole[3] <= other.whole[1]:
                    found.append((a, "above", b))
                if other.hangs and other.whole[3] <= one.whole[1]:
                    found.append((a, "below", b))
            if a in other.hidden_by:
                found.append((a, "front", b))
            if b in one.hidden_by:
                found.append((a, "behind", b))
    return found


def _centre(box: Sequence[int]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def names(thing: Thing, things: Sequence[Thing]) -> list[tuple[str, str]]:
    """The ways to name a thing, in English and Korean, that fit no other thing of the scene; shortest first."""
    found, same, english, korean = [], things, thing.name, thing.korean
    for key, translated in (("name", None), ("colour", COLOURS), ("size", SIZES)):
        word = getattr(thing, key)
        if not word:  # a size of which nothing is said
            break
        same = [other for other in same if getattr(other, key) == word]
        if translated:
            english, korean = f"{word} {english}", f"{translated[word]} {korean}"
        if len(same) == 1:
            found.append((f"{'an' if english[0] in 'aeiou' else 'a'} {english}", korean))
    return found


def caption(things: Sequence[Thing], place: tuple[str, str], side: int, numbers: Sequence[float]) -> tuple[str, str]:
    """One sentence about the scene, in English and Korean; the six `numbers` in 0..1 choose among the true ones."""
    choices = relations(things, side)
    if not choices or numbers[0] < 0.1:
        choices = [(a, "hangs" if thing.hangs else "stands", a) for a, thing in enumerate(things)]
    kinds = sorted({relation for _, relation, _ in choices})
    kind = _pick(kinds, numbers[1])
    a, _, b = _pick([choice for choice in choices if choice[1] == kind], numbers[2])
    english, korean = _pick(SENTENCES[kind], numbers[3])
    named = [_pick(names(things[which], things), number) for which, number in ((a, numbers[4]), (b, numbers[5]))]
    english = english.format(a=named[0][0], b=named[1][0], place=place[0])
    return english, korean.format(a=_Korean(named[0][1]), b=_Korean(named[1][1]), place=place[1])


def _pick(options: Sequence, number: float):
    return options[int(number * len(options))]
