"""A grid of numbers in cells: inputs, filters and outputs of worked examples."""

from collections.abc import Callable, Sequence

import numpy as np

from cnnbook.look.style import COLOURS, LIGHT
from cnnbook.look.svg import SMALL, TEXT, Svg, element, rect, text, text_width

HEAT = 0.42  # opacity of the strongest value, so that ink stays legible on it
SIZE = 34  # px, height of a cell


def cells(
    array,
    name: str = "",
    *,
    colour: str | None = None,
    highlight=None,
    highlight_colour: str = "orange",
    padding: int | Sequence = 0,
    labels: bool | tuple[Sequence, Sequence] | None = None,
    heat: bool = False,
    size: float = SIZE,
    format: Callable[[object], str] | str | None = None,
    title: str = "",
) -> Svg:
    """Draw an array of one or two dimensions as a grid of cells, each showing its value.

    array: (H, W) or (W,), numbers or texts. `name` stands above the grid.
    colour: a palette name for the whole grid (by convention blue an input, orange a filter, green an output).
    highlight: the cells to mark: a window (top, left, height, width), a mask of the array's shape, or a list of
    (row, column) pairs; a window is framed as a whole.
    padding: how many rings of cells are padding, or a mask; they are grey and their numbers muted.
    labels: True for the indices of rows and columns, or (row labels, column labels).
    heat: shade each cell by its value, blue below 0 and orange above.
    format: a function or a format specification such as ".2f"; by default at most two decimals.
    size: px, the height of a cell, and its width unless the numbers need more.
    Raises ValueError where the array has other dimensions or the highlight lies outside it.
    """
    values = _values(array)
    height, width = values.shape
    marked, frame = _marked(highlight, values.shape)
    padded = _padded(padding, values.shape)
    shown = _shown(values, format)
    wide = max(size, max(text_width(each, TEXT) for line in shown for each in line) + 10)
    row_labels, column_labels = _labels(labels, values.shape)
    left = max((text_width(label, SMALL) for label in row_labels), default=0) + (8 if row_labels else 0)
    top = (26 if name else 0) + (22 if column_labels else 0)
    strongest = _strongest(values) if heat else 0.0

    body = ""
    for i in range(height):
        for j in range(width):
            box = (left + j * wide, top + i * size, wide, size)
            body += _box(box, values[i, j], colour, marked[i, j], highlight_colour, padded[i, j], strongest)
            ink = LIGHT["muted"] if padded[i, j] else LIGHT["ink"]
            weight = "600" if marked[i, j] else None
            body += text(box[0] + wide / 2, box[1] + size / 2, shown[i][j], fill=ink, font_weight=weight)
    if frame:
        y, x, rows, columns = frame
        body += rect(
            left + x * wide, top + y * size, columns * wide, rows * size, fill="none",
            stroke=LIGHT[highlight_colour], stroke_width=3.5,
        )  # fmt: skip
    for i, label in enumerate(row_labels):
        body += text(left - 8, top + (i + 0.5) * size, label, size=SMALL, anchor="end", fill=LIGHT["muted"])
    for j, label in enumerate(column_labels):
        body += text(left + (j + 0.5) * wide, top - 11, label, size=SMALL, fill=LIGHT["muted"])
    total = left + width * wide
    if name:
        total = max(total, left + text_width(name, TEXT, bold=True))
        fill = LIGHT[colour] if colour else LIGHT["ink"]
        body += text(left, 9, name, anchor="start", fill=fill, font_weight="600")
    return Svg(total, top + height * size, body, title, axis=top + height * size / 2)


def _values(array) -> np.ndarray:
    if hasattr(array, "detach"):
        array = array.detach().cpu().numpy()
    values = np.asarray(array)
    if values.ndim == 1:
        values = values[None]
    if values.ndim != 2 or values.size == 0:
        raise ValueError(
            f"cells of shape {tuple(values.shape)}: expected (H, W) or (W,). "
            "For several channels draw row(*[cells(channel) for channel in array])."
        )
    return values


def _shown(values: np.ndarray, format) -> list[list[str]]:
    """Each value as text, floats with the same number of decimals, at most two."""
    if callable(format):
        return [[format(value) for value in line] for line in values]
    if not format and values.dtype.kind == "f":
        decimals = next((n for n in (0, 1) if np.allclose(values, values.round(n), atol=1e-6)), 2)
        format = f".{decimals}f"
    elif not format and values.dtype.kind == "b":
        format = "d"
    return [[_show(value, format or "") for value in line] for line in values]


def _show(value, format: str) -> str:
    if isinstance(value, str):
        return value
    shown = f"{value:{format}}".replace("-", "−")
    return shown.removeprefix("−") if not any(digit in shown for digit in "123456789") else shown


def _marked(highlight, shape) -> tuple[np.ndarray, tuple | None]:
    mask = np.zeros(shape, dtype=bool)
    if highlight is None:
        return mask, None
    if hasattr(highlight, "detach"):
        highlight = highlight.detach().cpu().numpy()
    marked = np.asarray(highlight)
    if marked.dtype == bool:
        if marked.ndim == 1:
            marked = marked[None]
        if marked.shape != shape:
            raise ValueError(f"highlight of shape {marked.shape}: expected the shape of the cells, {shape}")
        return marked, None
    if marked.shape == (4,):
        y, x, height, width = (int(n) for n in marked)
        if y < 0 or x < 0 or height < 1 or width < 1 or y + height > shape[0] or x + width > shape[1]:
            raise ValueError(f"highlight (top, left, height, width) = {(y, x, height, width)} leaves cells {shape}")
        mask[y : y + height, x : x + width] = True
        return mask, (y, x, height, width)
    if marked.ndim != 2 or marked.shape[1] != 2:
        raise ValueError(
            f"highlight {highlight!r}: expected a window (top, left, height, width), a mask, or a list of (row, column)"
        )
    for i, j in marked:
        if not (0 <= i < shape[0] and 0 <= j < shape[1]):
            raise ValueError(f"highlighted cell {(int(i), int(j))} leaves cells {shape}")
        mask[i, j] = True
    return mask, None


def _padded(padding, shape) -> np.ndarray:
    if isinstance(padding, int):
        mask = np.ones(shape, dtype=bool)
        rows = padding if shape[0] > 1 else 0  # a single row is padded at its two ends only
        if padding < 0 or 2 * rows >= shape[0] or 2 * padding >= shape[1]:
            raise ValueError(f"padding {padding} leaves nothing of cells {shape}")
        mask[rows : shape[0] - rows, padding : shape[1] - padding] = False
        return mask
    mask = np.asarray(padding, dtype=bool)
    mask = mask[None] if mask.ndim == 1 else mask
    if mask.shape != shape:
        raise ValueError(f"padding mask of shape {mask.shape}: expected the shape of the cells, {shape}")
    return mask


def _labels(labels, shape) -> tuple[list[str], list[str]]:
    if labels is None or labels is False:
        return [], []
    rows, columns = (range(shape[0]), range(shape[1])) if labels is True else labels
    rows, columns = ([str(label) for label in each or ()] for each in (rows, columns))
    for each, length, what in ((rows, shape[0], "rows"), (columns, shape[1], "columns")):
        if each and len(each) != length:
            raise ValueError(f"{len(each)} labels for {length} {what}")
    return rows, columns


def _strongest(values: np.ndarray) -> float:
    return float(np.abs(values.astype(float)).max()) or 1.0


def _box(box, value, colour, marked, highlight_colour, padded, strongest) -> str:
    for name in (colour, highlight_colour):
        if name not in (None, "muted", *COLOURS):
            raise ValueError(f"colour {name!r}: expected one of {', '.join(COLOURS)} or muted")
    fill = LIGHT["paper"]
    if marked:
        fill = LIGHT[f"{highlight_colour}_soft"]
    elif padded:
        fill = LIGHT["muted_soft"]
    elif colour:
        fill = LIGHT[f"{colour}_soft"]
    drawn = rect(*box, fill=LIGHT["paper"] if strongest else fill, stroke=LIGHT["muted"], stroke_width=1)
    if strongest:
        shade = LIGHT["orange" if value > 0 else "blue"]
        drawn += element(
            "rect", x=box[0] + 0.5, y=box[1] + 0.5, width=box[2] - 1, height=box[3] - 1,
            fill=shade, fill_opacity=HEAT * abs(float(value)) / strongest,
        )  # fmt: skip
    return drawn
