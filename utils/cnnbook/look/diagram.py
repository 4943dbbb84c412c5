"""Diagrams of tensors, layers and blocks."""

import math
from collections.abc import Sequence

from cnnbook.look.style import COLOURS, LIGHT
from cnnbook.look.svg import SMALL, TEXT, Svg, arrow, element, line, lines_of, polygon, rect, text, text_width

# What a colour means, everywhere in the book: the first word that occurs in a layer's name decides.
KINDS = {
    "pool": "sky", "upsampl": "sky", "resize": "sky", "crop": "sky",
    "conv": "orange", "linear": "orange", "fc": "orange", "full": "orange", "dense": "orange",
    "norm": "purple", "lrn": "purple", "bn": "purple", "dropout": "purple",
    "loss": "red", "error": "red", "gradient": "red",
    "×": "orange",
}  # fmt: skip
SLANT = 0.5  # how far the receding edge (the width) rises and goes right, per pixel of its length


def colour_of(operation: str) -> str:
    """The palette name by the kind of layer: orange has weights to learn, sky changes the size, muted neither."""
    lowered = operation.lower()
    return next((colour for word, colour in KINDS.items() if word in lowered), "muted")


def tensor(
    shape: Sequence[int], label: str = "", *, colour: str = "blue", sides: bool = True, title: str = ""
) -> Svg:
    """A tensor as a slab: its height upright, its width receding, its channels from left to right.

    shape: (C, H, W), (H, W) or (N,) for a vector. Lengths grow with the logarithm of the size, so that 224 and 7
    both fit. `label` stands above; `sides` writes the sizes at the edges, else the shape is written below.
    """
    _check_colour(colour)
    channels, height, width = _three(shape)
    deep, high, wide = _channel_length(channels), _side_length(height), _side_length(width)
    if len(shape) == 1:
        deep, high, wide = 12.0, 14 + 9 * math.log2(1 + channels), 0.0
    across, up = SLANT * wide, SLANT * wide
    picture = _slab(deep, high, across, up, colour)
    left, right, below = 0.0, 0.0, 0.0
    notes = ""
    if sides and len(shape) > 1:
        left = text_width(str(height), SMALL) + 6
        notes += text(-6, up + high / 2, height, size=SMALL, anchor="end")
        notes += text(deep + across / 2 + 5, up + high - up / 2 + 10, width, size=SMALL, anchor="start")
        right = max(0.0, 5 + text_width(str(width), SMALL) - across / 2)
        if len(shape) == 3:
            notes += text(deep / 2, up + high + 13, channels, size=SMALL, font_weight="600")
            below = 22.0
    else:
        below = 24.0
        notes += text((deep + across) / 2, up + high + 14, "×".join(map(str, shape)), size=SMALL)
    above = 26.0 if label else 0.0
    drawn = deep + across
    centre = left + drawn / 2
    wanted = max(text_width(label, TEXT, bold=True), 0 if sides else text_width("×".join(map(str, shape)), SMALL))
    shift = max(0.0, wanted / 2 - centre)
    total = max(left + drawn + right, centre + wanted / 2) + shift
    body = element("g", picture + notes, transform=f"translate({left + shift:.2f} {above:.2f})")
    if label:
        body += text(centre + shift, 10, label, font_weight="600")
    return Svg(total, above + up + high + below, body, title, axis=above + (up + high) / 2)


def layer(name: str, detail: str = "", *, colour: str | None = None, width: float = 0, title: str = "") -> Svg:
    """A layer as a box: its name, its settings below in small letters; the colour by its kind (see `colour_of`)."""
    colour = colour or colour_of(name)
    _check_colour(colour)
    details = lines_of(detail) if detail else []
    written = [text_width(name, TEXT, bold=bool(details)) + 22, *(text_width(each, SMALL) + 20 for each in details)]
    width = max(width, *written, 64)
    height = 36 + 18 * len(details)
    body = rect(1, 1, width - 2, height - 2, rx=7, fill=LIGHT[f"{colour}_soft"], stroke=LIGHT[colour], stroke_width=1.5)
    body += text(width / 2, 18, name, font_weight="600" if details else None)
    for i, each in enumerate(details):
        body += text(width / 2, 38 + 18 * i, each, size=SMALL)
    return Svg(width, height, body, title)


def block(
    branches: Sequence[Sequence[str | tuple[str, str]]],
    *,
    merge: str | None = "add",
    input: str = "x",
    before: Sequence = (),
    after: Sequence = (),
    output: str = "",
    title: str = "",
) -> Svg:
    """A block with branches, from top to bottom.

    branches: one list of layers a branch, each a name or (name, detail); an empty list is a shortcut that passes its
    input on. merge: "add" (a circle with +), "concat" (a bar), or None for a single branch. before and after: layers
    in front of the split and behind the merge. input and output: names of the tensors at both ends.
    """
    if merge not in ("add", "concat", None):
        raise ValueError(f'merge is {merge!r}: expected "add", "concat" or None')
    if not branches or (merge is None and len(branches) != 1):
        raise ValueError(f"{len(branches)} branches with merge={merge!r}: branches meet in an 'add' or a 'concat'")
    columns = [[_box(each) for each in branch] for branch in branches]
    widths = [max((box.width for box in column), default=44) for column in columns]
    gap, between = 18.0, 22.0
    total = sum(widths) + gap * (len(widths) - 1)
    tops, bottoms = [_box(each) for each in before], [_box(each) for each in after]
    total = max(total, *(box.width for box in tops + bottoms), text_width(input) + 8, 60)
    x0 = (total - sum(widths) - gap * (len(widths) - 1)) / 2
    centres = [x0 + sum(widths[:i]) + gap * i + widths[i] / 2 for i in range(len(widths))]
    middle = total / 2
    if len(branches) == 2 and not columns[1]:  # the main path runs straight, the shortcut beside it
        middle = centres[0]

    body = text(middle, 10, input, font_weight="600")
    y = 22.0
    body, y = _chain(body, tops, middle, y, between)
    split = y + 12
    if len(branches) > 1:
        body += line((middle, y), (middle, split))
    else:
        split = y
    longest = max(sum(box.height + between for box in column) for column in columns)
    end = split + longest + (16 if len(branches) > 1 else 0)
    lowest = end
    for centre, column in zip(centres, columns, strict=True):
        start = line((middle, split), (centre, split)) if centre != middle else ""
        slack = (longest - sum(box.height + between for box in column)) / 2 if column else 0
        y = split
        for i, box in enumerate(column):
            reach = between + (slack if i == 0 else 0)
            start += arrow((centre, y), (centre, y + reach)) + box.at(centre - box.width / 2, y + reach)
            y += reach + box.height
        body += start + _into_merge(merge, centre, middle, y, end)
    y = lowest
    plain = {"fill": LIGHT["paper"], "stroke": LIGHT["ink"], "stroke_width": 1.5}
    if merge == "add":
        body += element("circle", cx=middle, cy=y + 13, r=13, **plain)
        body += line((middle - 7, y + 13), (middle + 7, y + 13)) + line((middle, y + 6), (middle, y + 20))
        y += 26
    elif merge == "concat":
        left, right = min(centres) - 34, max(centres) + 34
        body += rect(left, y, right - left, 28, rx=5, **plain)
        body += text((left + right) / 2, y + 14, "concat", size=SMALL)
        y += 28
    body, y = _chain(body, bottoms, middle, y, between)
    body += arrow((middle, y), (middle, y + between))
    y += between
    if output:
        body += text(middle, y + 12, output, font_weight="600")
        y += 22
    return Svg(total, y, body, title)


def _into_merge(merge: str | None, centre: float, middle: float, y: float, end: float) -> str:
    if merge is None:
        return line((centre, y), (centre, end)) if end > y else ""
    if merge == "concat" or centre == middle:
        return arrow((centre, y), (centre, end))
    side = 13 if centre > middle else -13
    return arrow((centre, y), (centre, end + 13), (middle + side, end + 13))


def _chain(body: str, boxes: list[Svg], x: float, y: float, between: float) -> tuple[str, float]:
    for box in boxes:
        body += arrow((x, y), (x, y + between)) + box.at(x - box.width / 2, y + between)
        y += between + box.height
    return body, y


def _box(item: str | tuple[str, str] | Svg) -> Svg:
    if isinstance(item, Svg):
        return item
    return layer(item) if isinstance(item, str) else layer(*item)


def _slab(deep: float, high: float, across: float, up: float, colour: str) -> str:
    style = {"stroke": LIGHT[colour], "stroke_width": 1.5, "stroke_linejoin": "round"}
    soft = LIGHT[f"{colour}_soft"]
    front = [(0, up), (deep, up), (deep, up + high), (0, up + high)]
    body = polygon(*front, fill=soft, **style)
    if up:
        body += polygon((0, up), (across, 0), (across + deep, 0), (deep, up), fill=soft, **style)
        side = [(deep, up), (across + deep, 0), (across + deep, high), (deep, up + high)]
        body += polygon(*side, fill=LIGHT[colour], **style | {"fill_opacity": 0.35})
    return body


def _three(shape: Sequence[int]) -> tuple[int, int, int]:
    if not 1 <= len(shape) <= 3 or any(int(n) != n or n < 1 for n in shape):
        raise ValueError(f"shape {tuple(shape)}: expected (C, H, W), (H, W) or (N,), positive whole numbers")
    return (1, *shape) if len(shape) == 2 else (shape[0], 1, 1) if len(shape) == 1 else tuple(shape)


def _side_length(size: int) -> float:
    return 4 + 11 * math.log2(1 + size)


def _channel_length(channels: int) -> float:
    return 4 + 6 * math.log2(channels)


def _check_colour(colour: str) -> None:
    if colour not in (*COLOURS, "muted"):
        raise ValueError(f"colour {colour!r}: expected one of {', '.join(COLOURS)} or muted")
