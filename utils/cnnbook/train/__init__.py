"""Training: `fit` a network, `evaluate` it. Built on accelerate, so the same call uses a GPU where there is one."""

from cnnbook.train.evaluate import Evaluation, evaluate
from cnnbook.train.fit import Diverged, History, fit

__all__ = ["Diverged", "Evaluation", "History", "evaluate", "fit"]
