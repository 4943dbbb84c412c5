"""How many positions a filter has: the one formula that every shape in the course comes from."""

from math import isqrt
from operator import index


def outputs(size: int, kernel: int, stride: int = 1, padding: int = 0, exact: bool = True) -> int:
    """Number of places where a filter fits along one axis: (size - kernel + 2 padding) / stride + 1.

    `size`, `kernel`, `stride` and `padding` are in cells; `padding` cells of zero are added at both ends.
    Where the division is not whole, `exact=True` raises and `exact=False` rounds down, as libraries do.
    Raises ValueError where the filter does not fit or does not tile, TypeError where an argument is not a whole number.
    """
    size, kernel = _whole("size", size, least=1), _whole("kernel", kernel, least=1)
    stride, padding = _whole("stride", stride, least=1), _whole("padding", padding, least=0)
    room = size - kernel + 2 * padding
    if room < 0:
        raise ValueError(
            f"kernel {kernel} does not fit into width {size} with padding {padding}: "
            f"{size} + 2 * {padding} = {size + 2 * padding} cells. "
            f"Use a kernel of at most {size + 2 * padding} or padding of at least {(kernel - size + 1) // 2}."
        )
    if exact and room % stride:
        raise ValueError(
            f"stride {stride} does not tile width {size} with kernel {kernel} and padding {padding}: "
            f"({size} - {kernel} + {2 * padding}) / {stride} is not whole. Use stride {_tiling(room, near=stride)}."
        )
    return room // stride + 1


def _whole(name: str, value: int, least: int) -> int:
    try:
        value = index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number of cells, got {value!r}. Use an int.") from None
    if value < least:
        raise ValueError(f"{name} must be {least} or more, got {value}.")
    return value


def _tiling(room: int, near: int, most: int = 4) -> str:
    """The strides that divide `room`, at most four, those nearest to the one that was asked for."""
    small = [stride for stride in range(1, isqrt(room) + 1) if room % stride == 0]
    strides = {*small, *(room // stride for stride in small)}
    *first, last = sorted(sorted(strides, key=lambda stride: abs(stride - near))[:most])
    return f"{', '.join(map(str, first))} or {last}" if first else str(last)
