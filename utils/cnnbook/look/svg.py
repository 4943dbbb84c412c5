"""SVG pictures as plain text: primitives, and pictures set side by side or one below the other."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from cnnbook.look.style import LIGHT

FONT = "Pretendard, 'Noto Sans KR', system-ui, sans-serif"
TEXT, SMALL, SIGN = 16, 14, 24  # font sizes in px; a picture 600 px wide still shows TEXT at 9.5 px on a 390 px phone
WIDTH = 600  # px: the width at which rows wrap
MARGIN = 8  # px of paper around a picture


@dataclass(frozen=True)
class Svg:
    """A picture: its size in px, its SVG elements, its title for screen readers.

    `axis` is the height at which it lines up with its neighbours in a row (the middle where not given).
    """

    width: float
    height: float
    body: str
    title: str = ""
    axis: float | None = None

    @property
    def middle(self) -> float:
        return self.height / 2 if self.axis is None else self.axis

    def at(self, x: float, y: float) -> str:
        """The elements, moved to (x, y): to place this picture inside another."""
        return f'<g transform="translate({number(x)} {number(y)})">{self.body}</g>'

    def titled(self, title: str) -> Svg:
        return replace(self, title=title)

    def _repr_svg_(self) -> str:
        width, height = self.width + 2 * MARGIN, self.height + 2 * MARGIN
        size = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
        title = f"<title>{escape(self.title)}</title>" if self.title else ""
        paper = rect(0, 0, width, height, fill=LIGHT["paper"])
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FONT}" font-size="{TEXT}">'
            f"{title}{paper}{self.at(MARGIN, MARGIN)}</svg>"
        )

    __str__ = _repr_svg_


def number(value: float) -> str:
    """A coordinate as short text: 3.0 -> "3", 1/3 -> "0.33"."""
    return f"{round(float(value), 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def element(tag: str, content: str = "", **attributes) -> str:
    """An SVG element; numbers are shortened, `stroke_width` becomes stroke-width, None is left out."""
    written = "".join(
        f' {name.replace("_", "-")}="{number(value) if isinstance(value, int | float) else escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def rect(x: float, y: float, width: float, height: float, **style) -> str:
    return element("rect", x=x, y=y, width=width, height=height, **style)


def line(*points: tuple[float, float], stroke: str = LIGHT["ink"], stroke_width: float = 1.5, **style) -> str:
    d = "M" + " L".join(f"{number(x)} {number(y)}" for x, y in points)
    return element("path", d=d, fill="none", stroke=stroke, stroke_width=stroke_width, **style)


def polygon(*points: tuple[float, float], **style) -> str:
    return element("polygon", points=" ".join(f"{number(x)},{number(y)}" for x, y in points), **style)


def arrow(*points: tuple[float, float], stroke: str = LIGHT["ink"], stroke_width: float = 1.5) -> str:
    """A line through the points with a head at its last one; the last stretch is horizontal or vertical."""
    (x0, y0), (x, y) = points[-2:]
    dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
    back, half = 8, 4.5
    head = polygon(
        (x, y), (x - back * dx - half * dy, y - back * dy - half * dx),
        (x - back * dx + half * dy, y - back * dy + half * dx), fill=stroke,
    )  # fmt: skip
    return line(*points[:-1], (x - 6 * dx, y - 6 * dy), stroke=stroke, stroke_width=stroke_width) + head


def text(x: float, y: float, content: str, *, size: float = TEXT, anchor: str = "middle", **style) -> str:
    """Text whose middle (of the lower-case letters, about) is at y."""
    style = {"fill": LIGHT["ink"]} | style
    return element(
        "text", escape(str(content)), x=x, y=y + 0.36 * size, font_size=size, text_anchor=anchor, **style
    )


def text_width(content: str, size: float = TEXT, bold: bool = False) -> float:
    """About how wide the text will be, in px, on the safe side: no font is measured."""
    narrow, wide = set("iljtfrI.,:;|!'()[]· "), set("mwMWOQ%@×→−+=∗")
    units = 0.0
    for character in str(content):
        if unicodedata.east_asian_width(character) in "WF":
            units += 1.0
        else:
            units += 0.38 if character in narrow else 0.84 if character in wide else 0.62
    return units * size * (1.1 if bold else 1.0)


def lines_of(content: str | Sequence[str]) -> list[str]:
    return content.split("\n") if isinstance(content, str) else list(content)


def sign(content: str, *, size: float = SIGN) -> Svg:
    """An operator or a word between two pictures: "=", "∗", "→"."""
    return Svg(text_width(content, size), size, text(text_width(content, size) / 2, size / 2, content, size=size))


def row(*parts: Svg | str, gap: float = 14, width: float = WIDTH, title: str = "") -> Svg:
    """Pictures and signs side by side, lined up on their axes; where `width` px do not suffice, in several rows.

    A part may be a picture or a text ("∗", "=", "→"). Several rows are about equally long.
    """
    pictures = [_picture(part) for part in parts]
    rows = _wrapped(pictures, gap, width)
    while width > 0 and len(closer := _wrapped(pictures, gap, width - 10)) == len(rows) > 1:
        rows, width = closer, width - 10
    joined = [_line_up(each, gap) for each in rows]
    picture = joined[0] if len(joined) == 1 else stack(*joined, gap=1.4 * gap, align="left")
    return picture.titled(title)


def _wrapped(pictures: list[Svg], gap: float, width: float) -> list[list[Svg]]:
    rows: list[list[Svg]] = [[]]
    used = 0.0
    for picture in pictures:
        if rows[-1] and used + gap + picture.width > width:
            rows.append([])
            used = 0.0
        used += picture.width + (gap if rows[-1] else 0)
        rows[-1].append(picture)
    return rows


def stack(*parts: Svg | str, gap: float = 16, align: str = "centre", title: str = "") -> Svg:
    """Pictures one below the other, `align` "centre" or "left"."""
    if align not in ("centre", "left"):
        raise ValueError(f'align is {align!r}: expected "centre" or "left"')
    pictures = [_picture(part) for part in parts]
    if not pictures:
        raise ValueError("nothing to draw: give at least one picture")
    width = max(part.width for part in pictures)
    body, y = "", 0.0
    for part in pictures:
        body += part.at((width - part.width) / 2 if align == "centre" else 0, y)
        y += part.height + gap
    return Svg(width, y - gap, body, title)


def _picture(part: Svg | str) -> Svg:
    if isinstance(part, Svg):
        return part
    if isinstance(part, str):
        return sign(part)
    raise TypeError(f"a part of type {type(part).__name__}: expected a picture of look.draw or a text such as '='")


def _line_up(parts: list[Svg], gap: float) -> Svg:
    if not parts:
        raise ValueError("nothing to draw: give at least one picture")
    above = max(part.middle for part in parts)
    below = max(part.height - part.middle for part in parts)
    body, x = "", 0.0
    for part in parts:
        body += part.at(x, above - part.middle)
        x += part.width + gap
    return Svg(x - gap, above + below, body, axis=above)
