"""Random numbers that belong to an image, not to the set it is drawn in."""

import zlib

import torch
from torch import Tensor

BLOCK = 500  # images whose numbers are drawn together, always for the whole block


class Chance:
    """Numbers for the images of one block; image i gets the same however many images are drawn.

    Every method gives one row an image. `shape` is what follows the rows; (1, 1) fits pictures (N, H, W).
    """

    def __init__(self, name: str, seed: int, block: int, rows: int = BLOCK) -> None:
        self.rows = rows
        # torch takes 32 bits of a seed; a checksum of the whole name uses them all
        self.generator = torch.Generator().manual_seed(zlib.crc32(f"{name} {seed} {block}".encode()))

    def between(self, low: float, high: float, *shape: int) -> Tensor:
        """float32 (rows, *shape), uniform; (rows, 1, 1) by default."""
        return low + (high - low) * torch.rand(self.rows, *(shape or (1, 1)), generator=self.generator)

    def one_of(self, count: int, *shape: int) -> Tensor:
        """int64 (rows, *shape), each of 0..count-1 as likely; (rows,) by default."""
        return torch.randint(count, (self.rows, *shape), generator=self.generator)

    def happens(self, probability: float, *shape: int) -> Tensor:
        """float32 (rows, *shape), 1 with this probability, else 0; (rows, 1, 1) by default."""
        return (self.between(0, 1, *shape) < probability).float()

    def angle(self, *shape: int) -> Tensor:
        """float32 (rows, *shape), a direction in radians; (rows, 1, 1) by default."""
        return self.between(-3.14159265, 3.14159265, *shape)
