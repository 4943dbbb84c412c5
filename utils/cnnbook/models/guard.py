"""What a network says of images it cannot read, before torch says it in the words of some layer."""

from torch import Tensor


def smallest(network: str, x: Tensor, side: int) -> None:
    """Raise ValueError unless x is a batch (N, C, H, W) of images of at least side × side pixels."""
    height, width = _sides(network, x)
    if min(height, width) < side:
        raise ValueError(f"{network} needs images of {side} × {side} pixels or more, got {height} × {width}.")


def exactly(network: str, x: Tensor, side: int, why: str) -> None:
    """Raise ValueError unless x is a batch (N, C, side, side); `why` says which layer asks for it."""
    height, width = _sides(network, x)
    if (height, width) != (side, side):
        raise ValueError(
            f"{network} needs images of {side} × {side} pixels, got {height} × {width}: {why}. Load them so by "
            f"data.load(…, size={side}), or cut larger ones by imageset.centre({side})."
        )


def _sides(network: str, x: Tensor) -> tuple[int, int]:
    if x.ndim != 4:
        raise ValueError(f"{network} needs a batch (N, C, H, W), got {tuple(x.shape)}; x[None] adds a dimension.")
    return x.shape[2], x.shape[3]
