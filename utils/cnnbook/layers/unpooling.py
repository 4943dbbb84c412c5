"""Unpooling: what makes a map larger again after pooling, without a weight to learn.

Three ways to fill a window of the output with one value of the input: repeat it (nearest neighbour), put it into the
corner (bed of nails), or put it back where max pooling found it (switches: M. D. Zeiler, R. Fergus, "Visualizing and
understanding convolutional networks", ECCV 2014, section 2.1; H. Noh, S. Hong, B. Han, "Learning deconvolution network
for semantic segmentation", ICCV 2015, section 3.2).
"""

from collections.abc import Sequence

from torch import Tensor, nn


class NearestUnpool2d(nn.Upsample):
    """Float (N, C, H, W) → (N, C, factor · H, factor · W): every value fills its window of factor × factor.

    Average or max pooling with this window gives the input back. ValueError for a factor below 1.
    """

    def __init__(self, factor: int = 2) -> None:
        super().__init__(scale_factor=_whole(factor), mode="nearest")

    def forward(self, x: Tensor) -> Tensor:
        _map("NearestUnpool2d", x)
        return super().forward(x)


class BedOfNails2d(nn.Module):
    """Float (N, C, H, W) → (N, C, factor · H, factor · W): every value in the upper left corner of its window, else 0.

    Taking every `factor`-th pixel gives the input back; so does max pooling where the values are 0 or more. ValueError
    for a factor below 1.
    """

    def __init__(self, factor: int = 2) -> None:
        super().__init__()
        self.factor = _whole(factor)

    def forward(self, x: Tensor) -> Tensor:
        _map("BedOfNails2d", x)
        count, channels, height, width = x.shape
        larger = x.new_zeros(count, channels, height * self.factor, width * self.factor)
        larger[:, :, :: self.factor, :: self.factor] = x
        return larger

    def extra_repr(self) -> str:
        return f"factor={self.factor}"


class SwitchUnpool2d(nn.MaxUnpool2d):
    """Values (N, C, h, w) and their switches → (N, C, H, W): every value at its switch, else 0.

    torch's MaxUnpool2d with errors that say what is wrong. `switches` int64 (N, C, h, w) are what max pooling with
    return_indices=True gives: the place of each maximum in the map that was pooled, counted along its rows. `size` is
    the size of that map, of which the last two numbers count; without it the map was `kernel_size` times as large.
    ValueError for switches of another shape, or that point outside the map.
    """

    def forward(self, x: Tensor, switches: Tensor, size: Sequence[int] | None = None) -> Tensor:
        _map("SwitchUnpool2d", x)
        if switches.shape != x.shape:
            raise ValueError(
                f"values and switches must have one shape, got {tuple(x.shape)} and {tuple(switches.shape)}."
            )
        if size is None:
            size = [(n - 1) * stride + kernel for n, stride, kernel in zip(x.shape[2:], self._pair("stride"),
                    self._pair("kernel_size"), strict=True)]  # fmt: skip
        height, width = size[-2:]
        low, high = (0, 0) if switches.is_meta or not switches.numel() else map(int, switches.aminmax())
        if low < 0 or high >= height * width:
            raise ValueError(
                f"switches from {low} to {high} do not fit a map of {height} × {width}, which has {height * width} "
                "places. size must be that of the map before its pooling."
            )
        return super().forward(x, switches, [height, width])

    def _pair(self, name: str) -> tuple[int, int]:
        value = getattr(self, name)
        return value if isinstance(value, tuple) else (value, value)


def _whole(factor: int) -> int:
    if not isinstance(factor, int) or factor < 1:
        raise ValueError(f"factor must be a whole number, 1 or more, got {factor!r}.")
    return factor


def _map(layer: str, x: Tensor) -> None:
    if x.ndim != 4:
        raise ValueError(f"{layer} needs (N, C, H, W), got {tuple(x.shape)}; x[None] adds a dimension.")
