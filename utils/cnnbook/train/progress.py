"""One progress bar over a whole training, where somebody watches."""

import os
import sys
import time
from types import TracebackType

from tqdm.auto import tqdm

EVERY = 0.5  # seconds between two looks at the loss


def watched() -> bool:
    """Whether a person sees the bar: a terminal or a live notebook, and neither CI nor the run that makes the book."""
    made_for_pages = os.environ.get("CNNBOOK_LANGUAGE") == "both" or "CNNBOOK_STRICT" in os.environ
    if os.environ.get("CI") or made_for_pages:
        return False
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel") or sys.stderr.isatty()


class Bar:
    """A bar with images a second, time left, loss and accuracy; silent where `quiet` or nobody watches.

    `total` is how many images are to be seen; None: unknown, then it is told from the time that has passed.
    """

    def __init__(self, total: int | None, quiet: bool) -> None:
        self._known, self._looked = total is not None, time.monotonic()
        silent = quiet or not watched()
        self._bar = tqdm(total=total, unit="image", unit_scale=True, disable=silent, mininterval=EVERY)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.close()

    def begin(self, seen: int) -> None:
        """Go on from so many images, which were seen before an interruption."""
        if not self._bar.disable:
            self._bar.n = self._bar.initial = seen

    def step(self, images: int, moment: float) -> bool:
        """So many images more, at this time 0..1; whether it is time for a look at the loss."""
        if self._bar.disable:
            return False
        if not self._known:
            self._bar.total = max(self._bar.n + images, round((self._bar.n + images) / moment))
        self._bar.update(images)
        if time.monotonic() - self._looked < EVERY:
            return False
        self._looked = time.monotonic()
        return True

    def show(self, **values: str) -> None:
        self._bar.set_postfix(values)
