"""Spatial transformers: M. Jaderberg, K. Simonyan, A. Zisserman, K. Kavukcuoglu, "Spatial transformer networks",
NIPS 2015 (arXiv:1506.02025), section 3.

Coordinates are torch's with `align_corners=False`: -1 and 1 are the outer edges of the first and last pixel, of what is
read as of what is written. What lies outside is 0.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, grid_sample


def _attention(p: Tensor) -> list[Tensor]:
    scale, x, y = p.unbind(1)
    none = torch.zeros_like(scale)
    return [scale, none, x, none, scale, y]


def _rotation(p: Tensor) -> list[Tensor]:
    angle = p[:, 0]
    none = torch.zeros_like(angle)
    return [angle.cos(), -angle.sin(), none, angle.sin(), angle.cos(), none]


def _similarity(p: Tensor) -> list[Tensor]:
    a, b, x, y = p.unbind(1)
    return [a, -b, x, b, a, y]


def _translation(p: Tensor) -> list[Tensor]:
    x, y = p.unbind(1)
    one, none = torch.ones_like(x), torch.zeros_like(x)
    return [one, none, x, none, one, y]


KINDS: dict[str, tuple[tuple[float, ...], Callable[[Tensor], list[Tensor]]]] = {
    "affine": ((1, 0, 0, 0, 1, 0), lambda p: list(p.unbind(1))),
    "attention": ((1, 0, 0), _attention),  # scale, x, y: the paper's equation 2
    "similarity": ((1, 0, 0, 0), _similarity),  # scale · cos, scale · sin, x, y
    "rotation": ((0,), _rotation),  # radians
    "translation": ((0, 0), _translation),  # x, y
}  # the parameters of the identity, and the six numbers of the matrix, row by row, of parameters (N, P)


class SpatialTransformer(nn.Module):
    """Maps float (N, C, H, W), each read on its own grid → (N, C, h, w).

    `localisation` looks at the maps and gives (N, features); a last linear layer, which begins with weights 0 and the
    identity as its bias, turns that into the transformation. `size` (h, w) or one number is what is written (default:
    as large as what is read). `kind` says which transformations there are: "affine", "attention" (scale and place),
    "similarity" (and angle), "rotation" or "translation".
    Raises ValueError for an unknown kind, or a size or number of features below 1.
    """

    def __init__(
        self, localisation: nn.Module, features: int, size: int | tuple[int, int] | None = None, kind: str = "affine"
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
        if features < 1:
            raise ValueError(f"features must be 1 or more, got {features}.")
        self.size = (size, size) if isinstance(size, int) else size
        if self.size is not None and min(self.size) < 1:
            raise ValueError(f"size must be 1 pixel or more, got {size}.")
        identity, _ = KINDS[kind]
        self.kind, self.localisation = kind, localisation
        self.regression = nn.Linear(features, len(identity))
        nn.init.zeros_(self.regression.weight)
        with torch.no_grad():
            self.regression.bias.copy_(torch.tensor(identity))

    def theta(self, maps: Tensor) -> Tensor:
        """The transformations float (N, 2, 3): a place of the output, (x, y, 1) → where in the maps it is read."""
        parameters = self.regression(self.localisation(maps))
        return torch.stack(KINDS[self.kind][1](parameters), 1).view(-1, 2, 3)

    def forward(self, maps: Tensor) -> Tensor:
        return transform(maps, self.theta(maps), self.size)

    def extra_repr(self) -> str:
        return f"kind={self.kind!r}, size={self.size}"


def transform(maps: Tensor, theta: Tensor, size: tuple[int, int] | None = None) -> Tensor:
    """Maps float (N, C, H, W) read where theta float (N, 2, 3) says, bilinearly → (N, C, h, w); `size` is (h, w)."""
    grid = affine_grid(theta, [*maps.shape[:2], *(size or maps.shape[2:])], align_corners=False)  # (N, h, w, 2)
    return grid_sample(maps, grid, align_corners=False)
