"""How long a training lasts: a number of epochs, or of minutes."""

import time


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
        self._started = time.monotonic()
        self._first, self._test, self._test_seconds = None, test, None

    def time(self, epoch: int, batch: int) -> float:
        """Just before this batch, both from 1: the share of steps begun, or of the minutes less one test."""
        if self.epochs is not None:
            return ((epoch - 1) * self.steps + batch) / (self.epochs * self.steps + 1)
        if self._first is None:
            self._first = time.monotonic()
        if batch > 1 and self._test_seconds is None:
            step = (time.monotonic() - self._first) / (batch - 1)
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
        return time.monotonic() - self._started

    def go_on(self, elapsed: float) -> None:
        """Count from so many seconds, those of the training that is taken up again."""
        self._started = time.monotonic() - elapsed
