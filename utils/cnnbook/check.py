"""Checks that a chapter makes of its own claims, and the check of the reader's exercises.

`close`, `same_function`, `same_shapes`, `same_counts`, `that` and `raises` say what they proved, and raise
AssertionError where it does not hold. `exercise` never raises for a reader: it says what is wrong. Nor do `hint` and,
for labs, `done`, `score` and `reset`.
"""

import copy
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cnnbook import exercises, progress
from cnnbook.messages import Message
from cnnbook.sizes import outputs
from cnnbook.trial import Trial
from cnnbook.verdict import array, difference, show, type_name

__all__ = [
    "close", "done", "exercise", "hint", "raises", "reset", "same_counts", "same_function", "same_shapes", "score",
    "that",
]

_hints_given: dict[str, int] = {}


def close(mine: Any, reference: Any, atol: float = 1e-5, what: str = "") -> None:
    """Prove that two tensors (or arrays, lists, numbers) agree within `atol`, in the values' own unit.

    Raises AssertionError with the shapes or the largest difference where they do not.
    """
    got, right = array(mine), array(reference)
    if got.shape != right.shape:
        _fail(_named(what).say("shape", got=got.shape, expected=right.shape))
    largest = float(abs(got.astype(float) - right.astype(float)).max(initial=0.0))
    if not largest <= atol:  # NaN too
        _fail(_named(what).say("not_close", by=f"{largest:.3g}", atol=f"{atol:g}"))
    whole = got.dtype.kind in "biu" and right.dtype.kind in "biu" and largest == 0
    _named(what, "right").say("equal" if whole else "close", atol=f"{atol:g}").show()


def same_function(mine: Callable, reference: Callable, *cases: Any, atol: float = 1e-5) -> None:
    """Prove that two functions give the same for every case: a tuple of arguments, or a single argument.

    Raises AssertionError that shows the first case where they differ, ValueError where there is no case.
    """
    if not cases:
        raise ValueError("same_function needs a case to try: same_function(mine, reference, (1, 2), (3, 4)).")
    for case in cases:
        arguments = case if isinstance(case, tuple) else (case,)
        got, right = mine(*copy.deepcopy(arguments)), reference(*copy.deepcopy(arguments))
        _same(got, right, arguments, atol)
    Message("right").say("agree", cases=len(cases)).show()


def same_counts(mine: Callable, *references: Callable, cases: int = 200, seed: int = 0) -> None:
    """Prove that functions of (width, kernel, stride, padding) count alike, on random sizes where the filter tiles.

    Raises AssertionError that shows the first case where they differ.
    """
    rng = random.Random(seed)
    for _ in range(cases):
        arguments = _tiling_case(rng)
        for reference in references or (outputs,):
            _same(mine(*arguments), reference(*arguments), arguments, 0.0)
    Message("right").say("agree", cases=cases).show()


def same_shapes(mine: Any, reference: Any) -> None:
    """Prove that shapes agree: tensors, shapes, or lists or dicts of them (a shape trace against a paper's table).

    Raises AssertionError that names the first shape that differs.
    """
    got, right = _shapes(mine), _shapes(reference)
    if list(got) != list(right):
        _fail(Message("wrong").say("keys", got=show(list(got)), expected=show(list(right))))
    for name in right:
        if got[name] != right[name]:
            _fail(_named(str(name) if name != "" else "").say("shape", got=got[name], expected=right[name]))
    Message("right").say("shapes", count=len(right)).show()


def that(condition: Any, what: str | dict[str, str]) -> None:
    """Prove a relation: `check.that(ours > baseline, f"{ours:.3f} > {baseline:.3f}")`, both numbers in `what`.

    Raises AssertionError with `what` where it does not hold.
    """
    both = what if isinstance(what, dict) else {"ko": str(what), "en": str(what)}
    holds = bool(condition)
    message = Message("right" if holds else "wrong").say("that" if holds else "not_that")
    template, _ = message.lines[0]
    message.lines[0] = ({lang: template[lang].replace("{what}", both[lang]) for lang in template}, {})
    if not holds:
        _fail(message)
    message.show()


@contextmanager
def raises(expected: type[BaseException]) -> Iterator[None]:
    """Show the error that the block raises, and fail with AssertionError where it raises none.

    Another error than `expected` passes through.
    """
    try:
        yield
    except expected as error:
        Message("right").say("raises", error=f"{type(error).__name__}: {error}").show()
    else:
        _fail(Message("wrong").say("no_raise", error=expected.__name__))


def exercise(key: str, answer: Any, solution: bool = False) -> None:
    """Say whether the reader's answer is right, not there yet, or what is wrong with it. Never raises for a reader.

    `solution=True` marks the book's own. With CNNBOOK_STRICT=1, as in tests and in a grader, that one must be right,
    and so must every exercise of a lab, else AssertionError.
    """
    strict = os.environ.get("CNNBOOK_STRICT") == "1"
    try:
        asked = exercises.find(key)
    except Exception as error:  # an unknown key, or a chapter's exercises that do not import
        if strict:
            raise
        _cannot("exercise", error).show()
        return
    try:
        message = Trial(asked, answer).verdict()
    except Exception as error:  # the checker's own fault: never the reader's traceback
        message = _cannot("exercise", error)
    right = message.status == "right"
    progress.note(key, right)
    if not right and asked.hints:
        message.hint = f'check.hint("{key}")'
    if strict and not right and (solution or asked.lab):
        _fail(message)
    if solution and right:
        message = Message("right").say("solution")
    if asked.lab:
        message.progress = _progress(asked.lab)
    message.show()


def hint(key: str) -> None:
    """Show the next hint of an exercise; after the last one, the last again."""
    try:
        hints = exercises.find(key).hints
    except Exception as error:
        _cannot("exercise", error).show()
        return
    if not hints:
        Message("hint").say("hint_none").show()
        return
    number = min(_hints_given.get(key, 0) + 1, len(hints))
    _hints_given[key] = number
    message = Message("hint").say("hint", number=number, of=len(hints)).add(hints[number - 1])
    if number == len(hints):
        message.say("hint_last")
    message.show()


def done(key: str) -> bool:
    """Whether the exercise's last check said right, in this kernel or, for a lab, in an earlier one."""
    try:
        exercises.find(key)
        return progress.done(key)
    except Exception as error:
        _cannot("exercise", error).show()
        return False


def score(lab: str) -> None:
    """Show how many exercises of a lab (its slug: "01_mnist") are done, and which are left."""
    try:
        left = [key for key in exercises.of_lab(lab) if not progress.done(key)]
    except Exception as error:
        _cannot("lab", error).show()
        return
    message = Message("notyet" if left else "right", progress=_progress(lab)).say("score_left" if left else "score_all")
    if left:
        message.add(", ".join(f"`{key}`" for key in left))
    message.show()


def reset(lab: str) -> None:
    """Forget which exercises of a lab are done."""
    try:
        progress.forget(lab)
        Message("notyet", progress=_progress(lab)).say("reset").show()
    except Exception as error:
        _cannot("lab", error).show()


def _progress(lab: str) -> tuple[int, int]:
    """How many of a lab's exercises are done, and how many there are."""
    keys = exercises.of_lab(lab)
    return sum(map(progress.done, keys)), len(keys)


def _cannot(what: str, error: Exception) -> Message:
    """There is no such exercise or lab, or the check itself failed."""
    if isinstance(error, exercises.Unknown):
        return Message("wrong").say(f"no_{what}", asked=error.name, nearest=error.nearest)
    return Message("wrong").say("checker", error=f"{type(error).__name__}: {error}")


def _fail(message: Message) -> None:
    raise AssertionError(message.text())


def _named(what: str, status: str = "wrong") -> Message:
    return Message(status).add(f"{what}:") if what else Message(status)


def _same(got: Any, right: Any, arguments: tuple, atol: float) -> None:
    found = difference(got, right, atol)
    if found is None:
        return
    message = Message("wrong").say(found.name, **{"failed": 1, "cases": 1, **found.values})
    message.row("case", ", ".join(show(argument) for argument in arguments))
    _fail(message.row("got", show(got)).row("expected", show(right)))


def _tiling_case(rng: random.Random) -> tuple[int, int, int, int]:
    """width, kernel, stride, padding of a filter that tiles its input without a rest."""
    while True:
        kernel, stride = rng.randint(1, 11), rng.randint(1, 5)
        padding, count = rng.randint(0, kernel // 2), rng.randint(1, 40)
        width = (count - 1) * stride + kernel - 2 * padding
        if width >= 1:
            return width, kernel, stride, padding


def _shapes(value: Any) -> dict[Any, tuple[int, ...]]:
    if isinstance(value, Mapping):
        return {name: _shape(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)) and not all(isinstance(item, int) for item in value):
        return {number: _shape(item) for number, item in enumerate(value)}
    return {"": _shape(value)}


def _shape(value: Any) -> tuple[int, ...]:
    shape = getattr(value, "shape", value)
    if not isinstance(shape, (list, tuple)):
        raise TypeError(f"same_shapes compares tensors or shapes, got {type_name(value)}.")
    return tuple(int(size) for size in shape)
