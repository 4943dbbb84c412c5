"""What all share that run a network in order to look into it."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """The network in evaluation mode within the block; after it each of its modules in the mode that it had before."""
    modes = {module: module.training for module in model.modules()}
    try:
        yield model.eval()
    finally:
        for module, mode in modes.items():
            module.training = mode


def check_images(images: Tensor) -> None:
    """Raise ValueError unless these are images (N, C, H, W), N 1 or more; TypeError unless they are float."""
    if not isinstance(images, Tensor) or images.ndim != 4 or not len(images):
        got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images must be a tensor (N, C, H, W) with N 1 or more, got {got}.")
    if not images.is_floating_point():
        raise TypeError(f"images must be float, as the network wants them, got {images.dtype}: try data.to_float.")
