"""Choices by name: what is said where a name is unknown."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

Choice = TypeVar("Choice")


def choice(choices: Mapping[str, Choice], kind: str, name: str) -> Choice:
    """The choice of this name, which is a `kind` of thing ("schedule"). Raises ValueError that names the nearest."""
    if name in choices:
        return choices[name]
    nearest = get_close_matches(str(name), choices, n=1, cutoff=0)
    known = f" Nearest: {nearest[0]!r}. Known: {', '.join(choices)}." if nearest else ""
    raise ValueError(f"there is no {kind} {name!r}.{known}")
