"""The exercises of the chapters and the labs: what `cnnbook.check.exercise` knows about each.

One module a chapter or lab registers its exercises when it is first asked for. An exercise is mostly code: the reader's
function is called on random cases and compared with a reference, so that no constant can pass.
"""

import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from random import Random
from typing import Any

__all__ = ["Exercise", "Mistake", "Unknown", "find", "keys", "of_lab", "register", "text"]

Text = dict[str, str]  # {"ko": …, "en": …}


def text(*, ko: str, en: str) -> Text:
    """One message in both languages. `code` in backticks is set as code."""
    return {"ko": ko, "en": en}


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that readers are known to give: recognised where the reader's function agrees with `wrong`."""

    wrong: Callable[..., Any]
    says: Text


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Where the answer is a function: `case(rng)` draws the arguments of one call (a dict of keywords, or a tuple),
    `reference` gives the right value (or raises what the answer should raise), floats agree within `atol`.
    Where it is anything else: `test(answer, rng)` returns None if it is right, else what is wrong (a `text`).
    `lab` is the slug of the lab that it belongs to (`01_mnist`), if it belongs to one: it counts in that lab's score.
    """

    key: str
    case: Callable[[Random], dict | tuple] | None = None
    reference: Callable[..., Any] | None = None
    cases: int = 100
    atol: float = 1e-5
    mistakes: list[Mistake] = field(default_factory=list)
    hints: list[Text] = field(default_factory=list)
    test: Callable[[Any, Random], Text | None] | None = None
    lab: str = ""

    def __post_init__(self) -> None:
        if (self.test is None) == (self.case is None or self.reference is None):
            raise ValueError(f"exercise {self.key!r} needs either case and reference, or test.")


class Unknown(ValueError):
    """There is no exercise or lab of this name; `nearest` is the name most like it."""

    def __init__(self, what: str, name: object, known: Iterable[str]) -> None:
        self.name, self.nearest = name, next(iter(get_close_matches(str(name), known, n=1, cutoff=0)), "")
        super().__init__(f"there is no {what} {name!r}. Nearest: {self.nearest!r}.")


_registered: dict[str, tuple[str, Exercise]] = {}


def register(exercise: Exercise) -> Exercise:
    """Make an exercise known to `check`. Raises ValueError where another module took its key."""
    module = (exercise.test or exercise.reference).__module__
    owner = _registered.get(exercise.key, (module,))[0]
    if owner != module:
        raise ValueError(f"exercise {exercise.key!r} of {module} is already taken by {owner}: choose another key.")
    _registered[exercise.key] = (module, exercise)
    return exercise


def keys() -> tuple[str, ...]:
    """The keys of all exercises, sorted."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        import_module(module.name)
    return tuple(sorted(_registered))


def find(key: str) -> Exercise:
    """The exercise with this key. Raises Unknown where there is none."""
    if not isinstance(key, str) or (key not in _registered and key not in keys()):
        raise Unknown("exercise", key, keys())
    return _registered[key][1]


def of_lab(lab: str) -> tuple[str, ...]:
    """The keys of a lab's exercises, in their order. Raises Unknown where there is no such lab."""
    keys()  # registers them all
    of_each = {key: exercise.lab for key, (_, exercise) in _registered.items() if exercise.lab}
    found = tuple(key for key, its in of_each.items() if isinstance(lab, str) and its == lab)
    if not found:
        raise Unknown("lab", lab, sorted(set(of_each.values())))
    return found
