"""The package behind the course *Convolutional networks, built up*.

    import cnnbook
    from cnnbook import check, data, look, models, outputs, train

`outputs`, `budget`, `language` and `start` are here; everything else is in the subpackages, which load when first used.
"""

import os
from importlib import import_module

from cnnbook.notebook import budget, language, start
from cnnbook.sizes import outputs

# Before torch starts its threads: idle ones sleep instead of spinning. Where anything else wants the same cores, a
# browser or a second notebook, spinning makes small networks 10 times slower and more.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
__all__ = ["budget", "check", "data", "exercises", "language", "look", "models", "outputs", "runs", "start", "train"]


def __getattr__(name: str):
    """Load a subpackage at its first use, so that `import cnnbook` and `cnnbook --help` stay instant."""
    if name in __all__:
        return import_module(f"cnnbook.{name}")
    raise AttributeError(f"module 'cnnbook' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
