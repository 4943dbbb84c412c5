"""How the learning rate runs over the training: its share of `lr` at each point in time from 0 to 1.

A schedule is a function of the time. Some of them are made with settings: `staircase(rate=0.1, every=0.25)`.
"""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from math import cos, floor, pi

Schedule = Callable[[float], float]


def _within(what: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{what} must be between 0 and 1, a share of the whole; got {value}.")


def constant(time: float) -> float:
    """The full learning rate all the time."""
    return 1.0


def linear(time: float) -> float:
    """Straight from full to zero."""
    return 1 - time


def cosine(time: float) -> float:
    """From full to zero along half a cosine wave."""
    return (1 + cos(pi * time)) / 2


def onecycle(time: float, warm_up: float = 0.25) -> float:
    """Straight up to full in the first quarter of the time, then down to zero along half a cosine wave."""
    return time / warm_up if time < warm_up else cosine((time - warm_up) / (1 - warm_up))


def triangle(peak: float = 0.2) -> Schedule:
    """Straight up to full at the time `peak`, then straight down to zero."""
    _within("peak", peak)
    return lambda time: time / peak if time < peak else (1 - time) / (1 - peak)


def step(at: Sequence[float] = (0.5, 0.75), factor: float = 0.1) -> Schedule:
    """Full at first, times `factor` at each of the times `at` (He et al. 2015 use a half and three quarters)."""
    for time in at:
        _within("at", time)
    return lambda time: factor ** sum(time >= when for when in at)


def exponential(rate: float = 0.01) -> Schedule:
    """rate ^ time: smoothly down to the share `rate` at the end."""
    _within("rate", rate)
    return lambda time: rate**time


def staircase(rate: float = 0.1, every: float = 0.25) -> Schedule:
    """Exponential decay in steps: times `rate` whenever `every` of the time has passed (TensorFlow's
    `exponential_decay(staircase=True)`, its decay_steps being `every` times all steps)."""
    _within("rate", rate)
    _within("every", every)
    return lambda time: rate ** floor(time / every + 1e-9)


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "onecycle": onecycle,
    "triangle": triangle(),
    "step": step(),
    "exponential": exponential(),
    "staircase": staircase(),
}


def named(choices: dict, kind: str, name: str):
    """The choice of this name. Raises ValueError that names the nearest."""
    if name not in choices:
        nearest = get_close_matches(str(name), choices, n=1, cutoff=0)[0]
        raise ValueError(f"there is no {kind} {name!r}. Nearest: {nearest!r}. Known: {', '.join(choices)}.")
    return choices[name]
