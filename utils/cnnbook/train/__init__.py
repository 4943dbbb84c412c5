"""Training: `fit` gives a `History`, `evaluate` an `Evaluation`."""

from cnnbook.train import optimizers, schedules
from cnnbook.train.evaluate import Evaluation, evaluate
from cnnbook.train.fit import Progress, fit
from cnnbook.train.history import History, statistics
from cnnbook.train.loop import Diverged

__all__ = [
    "Diverged",
    "Evaluation",
    "History",
    "Progress",
    "evaluate",
    "fit",
    "optimizers",
    "schedules",
    "statistics",
]
