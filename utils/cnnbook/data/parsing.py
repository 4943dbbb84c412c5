"""Reads the sentences that `captions` writes: what they claim, whether it is true of a scene, and the words they are
made of. A wrong article or a wrong Korean particle is an error."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cnnbook.data.captions import COLOURS, SENTENCES, SIZES, Thing, relations, with_particle
from cnnbook.data.drawn.figures import TEN
from cnnbook.data.drawn.scenery import PLACES, PLACES_KO

LANGUAGES = ("en", "ko")
_PAIRS = {"이": "이가", "은": "은는", "을": "을를"}
_TAILS = ("이", "가", "은", "는", "을", "를", "의", "에")  # what stands behind a Korean noun, in one word with it
# By language: a word and the English one that it stands for.
NOUNS = {"en": {each.name: each.name for each in TEN}, "ko": {each.korean: each.name for each in TEN}}
COLOUR_WORDS = {"en": {each: each for each in COLOURS}, "ko": {korean: each for each, korean in COLOURS.items()}}
SIZE_WORDS = {"en": {each: each for each in SIZES if each}, "ko": {SIZES[each]: each for each in SIZES if each}}
GROUNDS = {"en": {each: each for each in PLACES}, "ko": dict(zip(PLACES_KO, PLACES, strict=True))}


@dataclass(frozen=True)
class Name:
    """How a thing is named, in English words; what is not said is an empty string."""

    name: str
    colour: str = ""
    size: str = ""

    def fits(self, thing: Thing) -> bool:
        """Whether the thing is what the name says. Of a thing of middle size no size is true."""
        said = ((self.name, thing.name), (self.colour, thing.colour), (self.size, thing.size))
        return all(word in ("", its) for word, its in said)


@dataclass(frozen=True)
class Claim:
    """What a sentence says: the relation of `a` to `b`, or to the `place` where it stands."""

    language: str
    relation: str
    a: Name
    b: Name | None = None
    place: str = ""


def parse(sentence: str) -> Claim:
    """What a sentence, of `captions` or of a network, claims.

    Raises ValueError where it is none of the grammar's sentences, or has a wrong article (a, an) or a wrong particle.
    """
    if not isinstance(sentence, str):
        raise TypeError(f"a sentence must be a string, got {type(sentence).__name__}.")
    for relation, language, pattern in _PATTERNS:
        if not (found := pattern.fullmatch(sentence)):
            continue
        said = found.groupdict()
        for key, word in said.items():
            if key.startswith("particle") and word != (right := with_particle(said[key[8]], key[9])[-1]):
                raise ValueError(f"{said[key[8]]!r} takes the particle {right}, got {word} in {sentence!r}.")
        b = _named(said["b"], language) if said.get("b") else None
        place = GROUNDS[language][said["place"]] if "place" in said else ""
        return Claim(language, relation, _named(said["a"], language), b, place)
    raise ValueError(f"{sentence!r} is not a sentence of the scenes' grammar.")


def parse_name(words: str) -> Name:
    """What a name alone says: "a large red star", "큰 빨간 별". Raises ValueError where it is none."""
    for language in LANGUAGES:
        if re.fullmatch(_NAME[language], words):
            return _named(words, language)
    raise ValueError(f"{words!r} is not the name of a thing.")


def is_true(claim: Claim, things: Sequence[Thing], place: str, side: int) -> bool:
    """Whether a claim holds in a scene of `side` pixels at `place` (English) without doubt: for some things that the
    names fit, the relation is among `captions.relations`."""
    if claim.relation in ("stands", "hangs"):
        hangs = claim.relation == "hangs"
        return any(claim.a.fits(thing) and thing.hangs == hangs for thing in things) and claim.place in ("", place)
    return any(
        relation == claim.relation and claim.a.fits(things[a]) and claim.b.fits(things[b])
        for a, relation, b in relations(things, side)
    )


def words_of(sentence: str) -> list[str]:
    """The words of a sentence; what is glued to a Korean noun is a word of its own with a plus: 별이 → 별 +이.

    So a network that writes has to choose 이 or 가 by itself. `joined` is the way back.
    """
    found = []
    for word in sentence.split():
        if word[:-1] in _STEMS and word[-1] in _TAILS:
            found += [word[:-1], f"+{word[-1]}"]
        else:
            found.append(word)
    return found


def joined(words: Iterable[str]) -> str:
    """The sentence of such words: 별 +이 → 별이."""
    return " ".join(words).replace(" +", "")


class Vocabulary:
    """Words and their numbers. The first four are <pad>, which is 0, <end>, and what begins a sentence, <en>, <ko>."""

    SPECIAL = ("<pad>", "<end>", "<en>", "<ko>")
    PAD, END = 0, 1

    def __init__(self, sentences: Iterable[str], least: int = 1) -> None:
        """All words that occur at least `least` times in the sentences, in alphabetical order."""
        counts: dict[str, int] = {}
        for sentence in sentences:
            for word in words_of(sentence):
                counts[word] = counts.get(word, 0) + 1
        self.words = (*self.SPECIAL, *sorted(word for word, count in counts.items() if count >= least))
        self.numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def start(self, language: str) -> int:
        """The number that begins a sentence in a language, "en" or "ko". Raises ValueError for any other."""
        if language not in LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}.")
        return self.numbers[f"<{language}>"]

    def encode(self, sentence: str, language: str) -> list[int]:
        """<en> or <ko>, the words, <end>. Raises ValueError for a word that is not in the vocabulary."""
        words = words_of(sentence)
        if unknown := [word for word in words if word not in self.numbers]:
            raise ValueError(f"{unknown[0]!r} is not among the {len(self)} words of the vocabulary.")
        return [self.start(language), *(self.numbers[word] for word in words), self.END]

    def decode(self, numbers: Iterable[int]) -> str:
        """The sentence up to <end>; other special words are left out."""
        words = []
        for number in numbers:
            if number == self.END:
                break
            if number >= len(self.SPECIAL):
                words.append(self.words[number])
        return joined(words)


def _named(words: str, language: str) -> Name:
    found = words.split()
    if language == "en":
        article, *found = found
        if article != (right := "an" if found[0][0] in "aeiou" else "a"):
            raise ValueError(f"{' '.join(found)!r} takes the article {right}, got {article}.")
    colour = next((COLOUR_WORDS[language][word] for word in found if word in COLOUR_WORDS[language]), "")
    size = next((SIZE_WORDS[language][word] for word in found if word in SIZE_WORDS[language]), "")
    return Name(NOUNS[language][found[-1]], colour, size)


def _name(language: str) -> str:
    sizes, colours, nouns = ("|".join(known[language]) for known in (SIZE_WORDS, COLOUR_WORDS, NOUNS))
    return f"{'an? ' if language == 'en' else ''}(?:(?:(?:{sizes}) )?(?:{colours}) )?(?:{nouns})"


def _pattern(template: str, language: str) -> re.Pattern:
    def field(match: re.Match) -> str:
        which, particle = match[1], match[2]
        if which == "place":
            return f"(?P<place>{'|'.join(GROUNDS[language])})"
        after = f"(?P<particle{which}{particle}>[{_PAIRS[particle]}])" if particle else ""
        return f"(?P<{which}>{_NAME[language]}){after}"

    return re.compile(re.sub(r"\{(\w+)(?::(\w))?\}", field, template))


_STEMS = {*NOUNS["ko"], *GROUNDS["ko"], "실"}
_NAME = {language: _name(language) for language in LANGUAGES}
_PATTERNS = [
    (relation, language, _pattern(template, language))
    for relation, forms in SENTENCES.items()
    for form in forms
    for language, template in zip(LANGUAGES, form, strict=True)
]
