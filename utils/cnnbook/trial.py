"""One check of one answer: the reader's code is called on random cases, and what is wrong with it is put into words."""

import ast
import copy
import dis
import inspect
import linecache
import random
import secrets
import textwrap
import traceback
from contextlib import nullcontext, redirect_stdout
from io import StringIO
from types import FunctionType
from typing import Any

import numpy as np
import torch

from cnnbook.exercises import Exercise
from cnnbook.messages import Message
from cnnbook.verdict import THEIRS, Difference, average, difference, furthest, pattern, reordered, show, type_name


class Trial:
    """An answer on trial: `verdict()` gives the message, whatever the answer is."""

    def __init__(self, exercise: Exercise, answer: Any) -> None:
        self.exercise, self.answer = exercise, answer
        self.rng = random.Random(secrets.randbits(64))  # other cases every time, so that no constant passes

    def verdict(self) -> Message:
        """Right, not yet, or what is wrong."""
        if unwritten(self.answer):
            return Message("notyet").say("notyet")
        try:
            return self._by_test() if self.exercise.test else self._by_cases()
        except KeyboardInterrupt:
            return Message("wrong").say("stopped")

    def _by_test(self) -> Message:
        try:
            wrong = self.exercise.test(self.answer, self.rng)
        except THEIRS as error:
            return Message("notyet").say("notyet") if begun(self.answer) else theirs(error, self.answer)
        if wrong is Ellipsis or (wrong is not None and begun(self.answer)):
            return Message("notyet").say("notyet")
        return Message("right").say("right_test") if wrong is None else Message("wrong").add(wrong)

    def _by_cases(self) -> Message:
        if not callable(self.answer):
            return Message("wrong").say("not_function", got=f"{show(self.answer)} ({type_name(self.answer)})")
        cases = [self.exercise.case(self.rng) for _ in range(self.exercise.cases)]
        pairs, failures = [], []
        for number, case in enumerate(cases):
            right = outcome(self.exercise.reference, case)
            if wrong_call := arity(self.answer, case):
                return wrong_call
            with redirect_stdout(StringIO()) if number else nullcontext():  # what the reader prints is shown once
                mine = outcome(self.answer, case)
            if unfinished(mine):
                return Message("notyet").say("notyet")
            if isinstance(mine, Raised) and not isinstance(right, Raised):
                if begun(self.answer):
                    return Message("notyet").say("notyet")
                known = self._known_error(case, mine)
                return self._about(Message("wrong").add(known) if known else theirs(mine.error, self.answer), case)
            found = self._compare(mine, right)
            pairs.append((mine, right))
            if found:
                failures.append((size(case), number, found))
        if not failures:
            return Message("right").say("right", cases=len(cases))
        if begun(self.answer):
            return Message("notyet").say("notyet")
        return self._explain(cases, pairs, failures)

    def _compare(self, mine: Any, right: Any) -> Difference | None:
        if isinstance(right, Raised):
            if isinstance(mine, Raised) and isinstance(mine.error, type(right.error)):
                return None
            return Difference("silent", {"error": type(right.error).__name__})
        if mine is None and right is not None:
            return Difference("no_value")
        return difference(mine, right, self.exercise.atol)

    def _explain(self, cases: list, pairs: list, failures: list) -> Message:
        """A known mistake first, then a pattern over all cases, then the smallest case that fails."""
        _, number, found = min(failures, key=lambda failure: failure[:2])
        mine, right = pairs[number]
        message = Message("wrong")
        if known := self._known_mistake(cases, pairs):
            message.add(known)
        else:
            returned = [pair for pair in pairs if not isinstance(pair[1], Raised)]
            if reordered(returned, self.exercise.atol):
                found = Difference("order")
            elif found.name == "values":
                found = pattern(returned) or average(returned) or found
            if found.item is not None:
                message.say("item", number=found.item + 1)
            message.say(found.name, **{"failed": len(failures), "cases": len(cases), **found.values})
            compared = (mine, right) if found.item is None else (mine[found.item], right[found.item])
            if found.name in ("values", "average") and (where := furthest(*compared)):
                message.say("where", where=where)
        return self._about(message, cases[number]).row("got", show(mine)).row("expected", show(right))

    def _known_mistake(self, cases: list, pairs: list) -> dict[str, str] | None:
        for mistake in self.exercise.mistakes:
            wrongs = (outcome(mistake.wrong, case) for case in cases)
            if all(self._alike(mine, wrong) for wrong, (mine, _) in zip(wrongs, pairs, strict=True)):
                return mistake.says
        return None

    def _known_error(self, case: dict | tuple, mine: "Raised") -> dict[str, str] | None:
        """What a registered mistake says that raises the very same error."""
        for mistake in self.exercise.mistakes:
            wrong = outcome(mistake.wrong, case)
            if isinstance(wrong, Raised) and repr(wrong) == repr(mine):
                return mistake.says
        return None

    def _alike(self, mine: Any, wrong: Any) -> bool:
        if isinstance(wrong, Raised) or isinstance(mine, Raised):
            return isinstance(wrong, Raised) and isinstance(mine, Raised)
        found = difference(mine, wrong, self.exercise.atol)
        return found is None or found.name == "type_int"

    def _about(self, message: Message, case: dict | tuple) -> Message:
        return message.row("case", arguments(case))


class Raised:
    """An error as the outcome of a call."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"{type(self.error).__name__}: {self.error}"


def outcome(function: Any, case: dict | tuple) -> Any:
    """What a call gives, or what it raises, with its own copy of the arguments."""
    case = copy.deepcopy(case)
    try:
        if not isinstance(case, dict):
            return function(*case)
        return function(**case) if takes(function, (), case) else function(*case.values())
    except THEIRS as error:
        return Raised(error)


def takes(function: Any, positional: tuple, named: dict) -> bool:
    """Whether a call with these arguments is possible; True where the signature cannot be read."""
    try:
        inspect.signature(function).bind(*positional, **named)
    except TypeError:
        return False
    except ValueError:
        pass
    return True


def arity(function: Any, case: dict | tuple) -> Message | None:
    """A message where the function cannot be called with the case, by name or by position."""
    values = tuple(case.values()) if isinstance(case, dict) else case
    if takes(function, values, {}) or (isinstance(case, dict) and takes(function, (), case)):
        return None
    call = f"({', '.join(case)})" if isinstance(case, dict) else f"({', '.join(type_name(value) for value in case)})"
    try:
        inspect.signature(function).bind(*values)
    except TypeError as error:
        return Message("wrong").say("arity", call=call, error=error)
    return None


def theirs(error: BaseException, answer: Any) -> Message:
    """An error in the reader's code: its type, its text, and the reader's line that it came from."""
    message = Message("wrong").say("raised", error=f"{type(error).__name__}: {error}".rstrip(": "))
    files = {code.co_filename for code in codes(answer)}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    if not frames:
        return message
    line = linecache.getline(frames[-1].filename, frames[-1].lineno).strip()
    return message.row("line", f"{frames[-1].lineno}: {line}") if line else message


def codes(answer: Any) -> list:
    """The code objects of a function, or of the methods of a class or of an object's class."""
    if isinstance(answer, FunctionType):
        return [answer.__code__]
    owner = answer if isinstance(answer, type) else type(answer)
    return [member.__code__ for member in vars(owner).values() if isinstance(member, FunctionType)]


def unwritten(answer: Any) -> bool:
    """Whether the answer is the stub as handed out: `...`, None, a body of `...`, or a container with `...` in it."""
    if answer is None or answer is Ellipsis:
        return True
    if isinstance(answer, (list, tuple)):
        return any(item is Ellipsis for item in answer)
    if isinstance(answer, dict):
        return any(item is Ellipsis for item in answer.values())
    if isinstance(answer, type) and answer.__module__ != "builtins":
        return all(empty(code) for code in codes(answer))
    return isinstance(answer, FunctionType) and empty(answer.__code__)


def empty(code) -> bool:
    """Whether a function's body does nothing at all: `...`, `pass`, or only a docstring."""
    nothing = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP", "COPY_FREE_VARS"}
    steps = list(dis.get_instructions(code))
    loads_only_none = all(step.argval is None for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST"))
    return loads_only_none and all(step.opname in nothing for step in steps)


def begun(answer: Any) -> bool:
    """Whether code still has a method that does nothing or a line that is `...`; of a container, whether any has."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, (list, tuple)):
        return any(map(begun, answer))
    if isinstance(answer, type):
        return any(empty(code) or open_line(code) for code in codes(answer))
    return isinstance(answer, (FunctionType, torch.nn.Module)) and any(map(open_line, codes(answer)))


def open_line(code) -> bool:
    """Whether a statement of the code is `...`, `x = ...` or `return ...`. Bytecode no longer has the first."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, SyntaxError):  # its source is not kept, or is not a statement (a lambda inside a call)
        return Ellipsis in code.co_consts
    values = [getattr(node, "value", None) for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    return any(isinstance(value, ast.Constant) and value.value is Ellipsis for value in values)


def unfinished(outcome: Any) -> bool:
    """Whether what a function gives is `...`, or holds it."""
    return outcome is Ellipsis or (isinstance(outcome, tuple) and any(item is Ellipsis for item in outcome))


def arguments(case: dict | tuple) -> str:
    """The arguments of a call as a reader would write them."""
    if isinstance(case, dict):
        return ", ".join(f"{name}={show(value)}" for name, value in case.items())
    return ", ".join(show(value) for value in case)


def size(case: dict | tuple) -> tuple[int, int]:
    """How much a case is to look at: of those that fail the smallest is shown."""
    values = case.values() if isinstance(case, dict) else case
    return sum(map(cells, values)), len(arguments(case))


def cells(value: Any) -> int:
    """How many numbers a value holds; lists may be ragged."""
    if isinstance(value, (list, tuple)):
        return sum(map(cells, value))
    return value.numel() if isinstance(value, torch.Tensor) else int(np.size(value))
