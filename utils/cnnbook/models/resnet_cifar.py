"""Residual networks for 32 × 32 images: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image
recognition", CVPR 2016 (arXiv:1512.03385), section 4.2.

A 3 × 3 convolution, three stages of n blocks with 16, 32, 64 channels on 32, 16, 8 pixels, global average pooling and
a linear layer: 6n + 2 layers with weights. Shortcuts have no parameters (option A): where the stage changes, they take
every second pixel and pad the new channels with zeros.
"""

from typing import Any

from torch import Tensor, nn
from torch.nn.functional import pad, relu

FACTS: dict[str, Any] = {
    "paper": "He, Zhang, Ren, Sun: Deep residual learning for image recognition",
    "year": 2015,
    "input_size": (3, 32, 32),
    "parameters": 269_722,
    "notes": "n = 3, shortcuts of option A. The paper prints 0.27 M parameters and 8.75 % error for it (table 6).",
}


class Block(nn.Module):
    """relu(x + F(x)): (N, in_channels, H, W) → (N, out_channels, H / stride, W / stride)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.stride, self.more = stride, out_channels - in_channels

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.shortcut(x) + self.residual(x))

    def shortcut(self, x: Tensor) -> Tensor:
        """Option A: every second pixel, zeros for the new channels."""
        return pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more)) if self.more else x


class ResNetCifar(nn.Sequential):
    """Images float (N, in_channels, 32, 32) → logits (N, num_classes); 6 · blocks + 2 layers."""

    def __init__(self, num_classes: int = 10, in_channels: int = 3, blocks: int = 3) -> None:
        stages, channels = [], 16
        for width in (16, 32, 64):  # 32, 16, 8 pixels
            for block in range(blocks):
                stages.append(Block(channels, width, stride=2 if width > 16 and block == 0 else 1))
                channels = width
        super().__init__(
            nn.Conv2d(in_channels, 16, kernel_size=3, padding=1, bias=False),  # (N, 16, 32, 32)
            nn.BatchNorm2d(16),
            nn.ReLU(),
            *stages,  # (N, 64, 8, 8)
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),  # (N, 64)
            nn.Linear(64, num_classes),
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out")
