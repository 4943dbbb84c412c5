"""What some networks want to know of their images before they are trained on them."""

import torch
from torch import Tensor, nn

ENOUGH = 5_000  # images


def prepare(model: nn.Module, images: Tensor, mean: Tensor, std: Tensor) -> None:
    """Make a fresh network ready for training on images uint8 (N, C, H, W), normalised by `mean` and `std`, (C,) each,
    of pixels in 0..1 (`train.statistics` gives both).

    A network with a method `whiten`, such as `cifar_fast`, gets the first 5,000 of them; any other stays as it is.
    """
    if hasattr(model, "whiten"):
        pixels = images[:ENOUGH].to(torch.float32) / 255
        model.whiten((pixels - mean.view(-1, 1, 1)) / std.view(-1, 1, 1))
