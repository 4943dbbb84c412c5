"""A shape trace as a picture: what each layer or stage makes of its input, and what it costs."""

import math

import pandas as pd

from cnnbook.look.style import LIGHT
from cnnbook.look.svg import SMALL, Svg, line, rect, text, text_width

COSTS = {  # column of a trace → its title, its colour
    "parameters": ("parameters", "orange"),
    "multiply_adds": ("multiply-adds", "blue"),
    "activation_bytes": ("activations", "green"),
}
BAR, GAP, ROW, HEAD = 104, 16, 42, 46  # px: a column of bars, between columns, the height of a row and of the titles


def profile(table: pd.DataFrame, *, title: str = "") -> Svg:
    """What `look.trace` found, one row a layer or stage: its output's shape, what it sees, and its costs as bars.

    Deep networks are best traced to a depth: `profile(trace(model, (3, 224, 224), depth=1))`.
    Below a name stand kernel and stride ("7×7 /2"), below a shape its receptive field and jump. Bars are logarithmic:
    a column begins at a power of ten, and each segment stands for ten times more; below its title is the sum.
    Activations are in bytes. A layer without a window that keeps the number of values and multiplies nothing (ReLU,
    batch norm, dropout, flatten) joins the row before it. Raises ValueError for a table that is not a trace's.
    """
    missing = [each for each in ("output", "kernel", *COSTS) if each not in table]
    if missing or not len(table):
        raise ValueError(f"expected a table of look.trace: this one has no {missing[0] if missing else 'rows'}")
    rows = _joined(table)
    names = _names([row["name"] for row in rows])
    left = GAP + max(text_width("kernel /stride", SMALL), *(text_width(each) for each in names))
    middle = left + GAP + max(text_width("field, jump", SMALL), *(text_width(_shape(row)) for row in rows))
    width, height = middle + len(COSTS) * (BAR + GAP) - GAP, HEAD + ROW * len(rows)

    body = _head(0, "layer", "kernel /stride") + _head(left, "output", "field, jump")
    for i, (column, (said, colour)) in enumerate(COSTS.items()):
        values, unit = [row[column] for row in rows], "B" if column == "activation_bytes" else ""
        x = middle + i * (BAR + GAP)
        body += _head(x, said, f"Σ {_short(sum(values), unit)}") + _bars(x, values, unit, LIGHT[colour])
    for i, (name, row) in enumerate(zip(names, rows, strict=True)):
        y = HEAD + ROW * i
        body += line((0, y), (width, y), stroke=LIGHT["grid"], stroke_width=1)
        for x, first, second in ((0, name, _window(row)), (left, _shape(row), _sight(row))):
            body += text(x, y + 13, first, anchor="start") + _small(x, y + 31, second)
    return Svg(width, height, body, title)


def _joined(table: pd.DataFrame) -> list[dict]:
    rows: list[dict] = []
    for name, step in table.iterrows():
        row = {"name": str(name), **step}
        same = rows and math.prod(row["output"]) == math.prod(rows[-1]["output"])
        if same and row["kernel"] == "" and not row["multiply_adds"]:
            rows[-1] |= {each: rows[-1][each] + row[each] for each in COSTS}
        else:
            rows.append(row)
    return rows


def _names(paths: list[str]) -> list[str]:
    """The last part of each path in the model that is a name: "features.conv1" is conv1, "avgpool.0" avgpool."""
    shortest = [([part for part in path.split(".") if not part.isdigit()] or [path])[-1] for path in paths]
    return shortest if len(set(shortest)) == len(paths) else paths


def _bars(x: float, values: list[int], unit: str, colour: str) -> str:
    some = [value for value in values if value] or [1]
    low = math.floor(math.log10(min(some)))
    high = max(math.ceil(math.log10(max(some))), low + 1)
    bars, numbers = "", ""
    for i, value in enumerate(values):
        y = HEAD + ROW * i
        bars += rect(x, y + 26, BAR, 9, fill=LIGHT["muted_soft"])
        if value:
            length = BAR * (math.log10(value) - low) / (high - low)
            bars += rect(x, y + 26, max(length, 2), 9, fill=colour)
        numbers += text(x, y + 13, _short(value, unit), anchor="start")
    for decade in range(1, high - low):  # a gap in each bar from top to bottom, unseen elsewhere
        at = x + BAR * decade / (high - low)
        bars += line((at, HEAD), (at, HEAD + ROW * len(values)), stroke=LIGHT["paper"], stroke_width=2)
    return bars + numbers


def _head(x: float, first: str, second: str) -> str:
    return text(x, 8, first, size=SMALL, anchor="start", font_weight="600") + _small(x, 26, second)


def _small(x: float, y: float, content: str) -> str:
    return text(x, y, content, size=SMALL, anchor="start", fill=LIGHT["muted"]) if content else ""


def _shape(row: dict) -> str:
    return _sides(row["output"])


def _window(row: dict) -> str:
    if row["kernel"] == "":
        return ""
    kernel = row["kernel"] if isinstance(row["kernel"], tuple) else (row["kernel"],) * 2
    return _sides(kernel) + ("" if row["stride"] == 1 else f" /{_sides(row['stride'])}")


def _sight(row: dict) -> str:
    return ", ".join(_sides(row[each]) for each in ("receptive_field", "jump") if row[each] != "")


def _sides(value: int | tuple) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _short(value: int, unit: str = "") -> str:
    """Three digits: 118013952 → "118 M"; bytes with powers of 1000, as multiply-adds."""
    power = next(power for power in range(5) if value < 999.5 * 1000**power or power == 4)
    digits = f"{value / 1000**power:#.3g}".rstrip(".") if power else str(value)
    return f"{digits} {' kMGT'[power].strip()}{unit}".strip()
