"""DropBlock: G. Ghiasi, T.-Y. Lin, Q. V. Le, "DropBlock: a regularization method for convolutional networks", 2018.

Dropout on a feature map drops single values, which their neighbours still tell. DropBlock drops whole squares of them.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad


class DropBlock2d(nn.Module):
    """Float (N, C, H, W) → the same shape. While it trains, squares of `block_size` × `block_size` values become 0, in
    every image and channel others; what is kept grows by count / count of the kept. In eval mode the identity.

    `drop_probability` (0..1) is the share of the values that are dropped; where squares overlap, a little less is.
    torchvision.ops.DropBlock2d is the same for odd sizes.
    Raises ValueError for a probability or a size out of range, and for maps that are smaller than a block.
    """

    def __init__(self, drop_probability: float, block_size: int) -> None:
        super().__init__()
        if not 0 <= drop_probability < 1:
            raise ValueError(f"drop_probability must be 0 or more and below 1, got {drop_probability}.")
        if block_size < 1:
            raise ValueError(f"block_size must be 1 or more, got {block_size}.")
        self.drop_probability = drop_probability
        self.block_size = block_size

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.drop_probability == 0:
            return x
        height, width = x.shape[-2:]
        block = self.block_size
        if block > min(height, width):
            raise ValueError(f"a block of {block} × {block} does not fit into maps of {height} × {width}; take "
                             f"block_size {min(height, width)} or less.")  # fmt: skip
        rows, columns = height - block + 1, width - block + 1  # the places of a block that lies inside the map
        gamma = self.drop_probability / block**2 * (height * width) / (rows * columns)  # equation 1
        corners = torch.empty(*x.shape[:2], rows, columns, device=x.device).bernoulli_(gamma)
        around = pad(corners, [block - 1] * 4)
        kept = 1 - max_pool2d(around, kernel_size=block, stride=1)  # (N, C, H, W): each corner became a square
        return x * (kept * (kept.numel() / kept.sum().clamp(min=1))).to(x.dtype)

    def extra_repr(self) -> str:
        return f"drop_probability={self.drop_probability}, block_size={self.block_size}"
