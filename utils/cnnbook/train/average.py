"""The exponential moving average of a network's weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Follows a network: after each step, average ← d · average + (1 - d) · weights, running statistics included.

    d = min(decay, (1 + step) / (10 + step)), so that the first, poor weights are forgotten soon (TensorFlow's
    `ExponentialMovingAverage` with num_updates). `state` has the averages by name. Raises ValueError for a
    decay that is not between 0 and 1.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0 < decay < 1:
            raise ValueError(f"ema must be between 0 and 1, for example 0.999; got {decay}.")
        self.decay, self.steps = decay, 0
        self.state: dict[str, Tensor] = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.steps += 1
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.state[name].lerp_(value, share)
            else:
                self.state[name].copy_(value)

    def buffers(self, model: nn.Module) -> list[Tensor]:
        """The averages of what the network holds besides parameters."""
        return [self.state[name] for name, _ in model.named_buffers() if name in self.state]

    @contextmanager
    def put_in(self, model: nn.Module) -> Iterator[None]:
        """Within the block the network has the averaged weights, after it its own."""
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.state)
        try:
            yield
        finally:
            model.load_state_dict(own)
