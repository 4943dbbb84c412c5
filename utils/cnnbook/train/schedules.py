"""How the learning rate runs over the training: its share of `lr` at each point in time from 0 to 1; and the clock.

A schedule is a function of the time. Some of them are made with settings: `staircase(rate=0.1, every=0.25)`.
"""

from collections.abc import Callable, Sequence
from math import cos, floor, pi
from time import monotonic

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


class Clock:
    """The time 0..1 of a training of so many `epochs` of `steps` batches, or of so many `minutes`, tests included.

    `test` is what a test costs, in epochs, as long as none has been timed. Raises ValueError unless exactly one of
    epochs and minutes is given and above 0.
    """

    def __init__(self, epochs: int | None, minutes: float | None, steps: int, test: float = 0.0) -> None:
        if (epochs is None) == (minutes is None):
            raise ValueError("fit needs epochs or minutes: exactly one of the two.")
        if epochs is not None and (epochs < 1 or epochs != int(epochs)):
            raise ValueError(f"fit needs at least 1 epoch, a whole number; got {epochs}.")
        if minutes is not None and not minutes > 0:
            raise ValueError(f"minutes must be above 0, got {minutes}.")
        self.epochs, self.seconds, self.steps = epochs, 60 * minutes if minutes else None, steps
        self._started = monotonic()
        self._first, self._test, self._test_seconds = None, test, None

    def time(self, epoch: int, batch: int) -> float:
        """Just before this batch, both from 1: the share of steps begun, or of the minutes less one test."""
        if self.epochs is not None:
            return ((epoch - 1) * self.steps + batch) / (self.epochs * self.steps + 1)
        if self._first is None:
            self._first = monotonic()
        if batch > 1 and self._test_seconds is None:
            step = (monotonic() - self._first) / (batch - 1)
            return self.elapsed() / max(self.seconds - self._test * self.steps * step, self.seconds / 2)
        return self.elapsed() / max(self.seconds - (self._test_seconds or 0), 1e-9)

    def over(self, done: int) -> bool:
        """Whether no further epoch begins after so many."""
        if self.epochs is not None:
            return done >= self.epochs
        return self.elapsed() + (self._test_seconds or 0) >= self.seconds

    def tested(self, seconds: float) -> None:
        """A test took so long; the next one will, too."""
        self._test_seconds = max(self._test_seconds or 0, seconds)

    def elapsed(self) -> float:
        """Seconds since the start, those before an interruption included."""
        return monotonic() - self._started

    def go_on(self, elapsed: float) -> None:
        """Count from so many seconds, those of the training that is taken up again."""
        self._started = monotonic() - elapsed
