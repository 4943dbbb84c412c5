"""What a notebook says to the package before its first cell: its language, its look, and how much work it may do."""

import os
import sys
import warnings

_chosen: str | None = None  # the language that start() was told, if it was


def start(language: str) -> None:
    """Set a notebook up: its language ("ko" or "en"), the course's look, and figures as SVG. Prints nothing.

    Raises ValueError for another language.
    """
    global _chosen
    if language not in ("ko", "en"):
        raise ValueError(f'language must be "ko" or "en", got {language!r}.')
    _chosen = language
    warnings.filterwarnings("ignore", message="IProgress not found")  # without ipywidgets tqdm draws a text bar
    from cnnbook.look import style

    style.use()
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and hasattr(shell, "kernel"):
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")


def language() -> str:
    """The language that messages are shown in: "ko", "en", or "both" where pages of both are made from one run.

    The variable CNNBOOK_LANGUAGE wins, then what `start` was told, then the machine's own language.
    Raises ValueError where CNNBOOK_LANGUAGE is something else.
    """
    asked = os.environ.get("CNNBOOK_LANGUAGE")
    if asked:
        if asked not in ("ko", "en", "both"):
            raise ValueError(f'CNNBOOK_LANGUAGE must be "ko", "en" or "both", got {asked!r}.')
        return asked
    if _chosen:
        return _chosen
    machine = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "ko" if machine.startswith("ko") else "en"


def budget() -> str:
    """How much a notebook may train: "quick" (small, on any laptop) or "full" (real data, a GPU).

    CNNBOOK_BUDGET decides; without it "full" only where there is a GPU. Raises ValueError for another value.
    """
    asked = os.environ.get("CNNBOOK_BUDGET")
    if asked:
        if asked not in ("quick", "full"):
            raise ValueError(f'CNNBOOK_BUDGET must be "quick" or "full", got {asked!r}.')
        return asked
    import torch

    return "full" if torch.cuda.is_available() or torch.backends.mps.is_available() else "quick"
