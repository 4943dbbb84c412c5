"""Bilinear upsampling as a transposed convolution: J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for
semantic segmentation", CVPR 2015, section 3.3.

A convolution of stride f makes a map f times smaller; its transpose makes it f times larger, and with the right filter
it interpolates linearly between the values. The filter may be learned on from there.
"""

import torch
from torch import Tensor, nn


def bilinear_filter(factor: int) -> Tensor:
    """The filter (2 factor - factor % 2, the same) with which a transposed convolution of stride `factor` interpolates
    linearly: the outer product of a triangle with itself. ValueError for a factor below 1."""
    if factor < 1:
        raise ValueError(f"factor must be 1 or more, got {factor}.")
    size = 2 * factor - factor % 2
    away = (torch.arange(size) - (size - 1) / 2).abs()  # from the middle, in pixels of the output
    triangle = 1 - away / factor
    return triangle[:, None] * triangle


class BilinearUpsample2d(nn.ConvTranspose2d):
    """Float (N, channels, H, W) → (N, channels, factor · H, factor · W), a transposed convolution of stride `factor`.

    With `learned` it has a weight for every pair of channels, which begins as the bilinear filter for each channel by
    itself; otherwise one filter a channel, which stays as it is. At the border zeros are outside, so that values fade.
    """

    def __init__(self, channels: int, factor: int, learned: bool = False) -> None:
        filters = bilinear_filter(factor)
        size = len(filters)  # = factor + 2 · padding, for exactly `factor` times as large an output
        super().__init__(channels, channels, size, stride=factor, padding=(size - factor) // 2,
                         groups=1 if learned else channels, bias=False)  # fmt: skip
        with torch.no_grad():
            self.weight.zero_()
            self.weight[range(channels), range(channels) if learned else 0] = filters
        self.weight.requires_grad_(learned)
