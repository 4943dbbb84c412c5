"""One progress bar over a whole training, where somebody watches."""

import os
import sys

from tqdm.auto import tqdm


def watched() -> bool:
    """Whether a person sees the bar: a terminal or a live notebook, and neither CI nor the run that makes the book."""
    made_for_pages = os.environ.get("CNNBOOK_LANGUAGE") == "both" or "CNNBOOK_STRICT" in os.environ
    if os.environ.get("CI") or made_for_pages:
        return False
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel") or sys.stderr.isatty()


def bar(total: int, quiet: bool) -> tqdm:
    """A bar of `total` batches; silent where `quiet` or nobody watches."""
    return tqdm(total=total, unit="batch", disable=quiet or not watched(), mininterval=0.5)
