"""Local response normalisation: A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet classification with deep
convolutional neural networks", 2012, section 3.3.

Each value is divided by a power of the sum of squares over `size` neighbouring channels at the same pixel:

    b_i = a_i / (k + alpha / size · Σ_j a_j²)^beta,   j from i - ⌊size / 2⌋ to i + ⌊(size - 1) / 2⌋

A sum over neighbouring channels is a 1 × 1 convolution whose matrix is a band of ones: the fastest way to it on a CPU.
"""

from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.amp import is_autocast_available
from torch.nn.functional import conv2d


class LocalResponseNorm(nn.LocalResponseNorm):
    """Float (N, C, H, W) → the same shape, type and memory format. torch's layer in its arguments and its values.

    Under autocast the input may be bfloat16; squares, sums and powers are float32 in any case, or float64 for such an
    input. It learns nothing. Raises ValueError for an input that has not four dimensions.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4:
            raise ValueError(f"LocalResponseNorm needs (N, C, H, W), got {tuple(x.shape)}; x[None] adds a dimension.")
        kind = x.device.type
        with torch.autocast(kind, enabled=False) if is_autocast_available(kind) else nullcontext():  # not on meta
            a = x if x.dtype == torch.float64 else x.float()
            weight = self._band(a) * (self.alpha / self.size)  # (C, C, 1, 1)
            total = conv2d(a * a, weight, bias=a.new_full(x.shape[1:2], self.k))  # (N, C, H, W)
            return (a * _inverse_power(total, self.beta)).to(x.dtype)

    def _band(self, a: Tensor) -> Tensor:
        """Ones where channel j is a neighbour of channel i: (C, C, 1, 1)."""
        ones = a.new_ones(a.shape[1], a.shape[1])
        return ones.triu(-(self.size // 2)).tril((self.size - 1) // 2)[:, :, None, None]


def _inverse_power(x: Tensor, beta: float) -> Tensor:
    """x^-beta. Roots are several times faster than a general power: x^(-3/4) = x^(-1/2) · √(x^(-1/2))."""
    if beta == 0.75:
        root = x.rsqrt()
        return root * root.sqrt()
    return x.rsqrt() if beta == 0.5 else x.pow(-beta)
