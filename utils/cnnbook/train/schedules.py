"""How the learning rate runs over the training: its share of `lr` at each point in time from 0 to 1."""

from collections.abc import Callable
from difflib import get_close_matches
from math import cos, pi

WARM_UP = 0.25  # of the time, in one-cycle


def constant(time: float) -> float:
    """The full learning rate all the time."""
    return 1.0


def cosine(time: float) -> float:
    """From full to zero along half a cosine wave."""
    return (1 + cos(pi * time)) / 2


def onecycle(time: float) -> float:
    """Straight up to full in the first quarter of the time, then down to zero along half a cosine wave."""
    return time / WARM_UP if time < WARM_UP else cosine((time - WARM_UP) / (1 - WARM_UP))


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "cosine": cosine, "onecycle": onecycle}


def named(choices: dict, kind: str, name: str):
    """The choice of this name. Raises ValueError that names the nearest."""
    if name not in choices:
        nearest = get_close_matches(str(name), choices, n=1, cutoff=0)[0]
        raise ValueError(f"there is no {kind} {name!r}. Nearest: {nearest!r}. Known: {', '.join(choices)}.")
    return choices[name]
