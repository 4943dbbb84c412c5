"""What exercises of several labs say, draw and compare."""

from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnbook.exercises import text
from cnnbook.verdict import array

NOT_A_FUNCTION = text(ko="함수를 부르지 말고 이름만 건네세요(괄호 없이).", en="Hand in the function itself, by its name, without brackets.")
NOTHING = text(
    ko="함수가 `None`을 돌려줍니다. `return`을 빠뜨리지 않았는지 확인하세요.",
    en="The function returns `None`. Is a `return` missing?",
)


def chance(rng: Random) -> torch.Generator:
    """Torch's random numbers from the seed that `rng` draws."""
    return torch.Generator().manual_seed(rng.randrange(2**31))


def near(mine: Tensor, other: Tensor) -> bool:
    """Whether two tensors have one shape and agree within 1e-4, or 1e-4 of the largest value."""
    if mine.shape != other.shape:
        return False
    return bool((mine - other).abs().max() <= 1e-4 * max(1.0, float(other.abs().max())))


def is_number(value: Any) -> bool:
    """Whether it is a single number, also as a tensor or an array."""
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        return array(value).size == 1
    return isinstance(value, (int, float)) and not isinstance(value, bool)
