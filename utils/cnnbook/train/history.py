"""What happened in a training."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class History:
    """What happened: `table`, one row an epoch, and how pixels were normalised: `mean` and `std` (C,), `normalize`.

    Columns: epoch from 1; loss and train_accuracy (means over the epoch's batches, as they were trained on); lr (of the
    epoch's last step); test_accuracy (after the epoch; only where a test set was given; with `ema` that of the averaged
    weights, and test_accuracy_raw that of the others); seconds (of the epoch, testing left out). Accuracies are
    fractions in 0..1.
    """

    table: pd.DataFrame
    mean: Tensor
    std: Tensor
    normalize: str = "channel"

    def plot(self) -> "Figure":
        """The accuracies over the epochs, or the loss where nothing was tested."""
        from cnnbook import look

        if "test_accuracy" not in self.table:
            return look.curves({"training": self.table}, y="loss")
        columns = {"training": "train_accuracy", "test": "test_accuracy", "test, not averaged": "test_accuracy_raw"}
        tables = {
            name: self.table[["epoch", column]].rename(columns={column: "accuracy"})
            for name, column in columns.items()
            if column in self.table
        }
        return look.curves(tables, y="accuracy")
