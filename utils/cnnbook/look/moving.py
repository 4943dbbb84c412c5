"""A picture that moves, without a script: the frames of an SVG, shown in turn for ever."""

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from cnnbook.look import style
from cnnbook.look.svg import Svg, element, number, text

CAPTION = 26  # px below a field


def field(
    values,
    dots: Mapping[str, Sequence] | None = None,
    side: int = 300,
    title: str = "",
    limits: tuple[float, float] = (0, 1),
) -> Svg:
    """A function of the plane in blue, white and orange (small, middle, large), with dots on it.

    values: (H, W), row 0 at the bottom. dots: by the name of a colour of `style.LIGHT`, points (N, 2) in 0..1 of the
    width and of the height, from the lower left. title: a line below. It takes a few kilobytes, so that many make an
    animation. Raises ValueError where the shapes are others.
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != 2 or not np.isfinite(array).all():
        raise ValueError(f"values of shape {array.shape}: expected finite numbers (H, W)")
    colours = style.DIVERGING(np.clip((array[::-1] - limits[0]) / (limits[1] - limits[0]), 0, 1), bytes=True)[..., :3]
    buffer = io.BytesIO()
    Image.fromarray(colours).quantize(48).save(buffer, "PNG", optimize=True)
    picture = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    body = element("image", href=picture, width=side, height=side, preserveAspectRatio="none")
    for colour, points in (dots or {}).items():
        points = np.asarray(points, dtype=float).reshape(-1, 2)
        inside = points[((points >= 0) & (points <= 1)).all(axis=1)]
        places = np.rint(np.stack([inside[:, 0], 1 - inside[:, 1]], axis=1) * side).astype(int)
        d = "".join(f"M{x} {y}h0" for x, y in places.tolist())
        if d:
            for stroke, wide in ((style.LIGHT["paper"], 7), (style.LIGHT[colour], 5)):
                body += element("path", d=d, fill="none", stroke=stroke, stroke_width=wide, stroke_linecap="round")
    if title:
        body += text(side / 2, side + CAPTION / 2 + 2, title)
    return Svg(side, side + (CAPTION if title else 0), body)


def animation(frames: Sequence[Svg], seconds: float, hold: float = 1.0, title: str = "") -> Svg:
    """Frames of one size in turn, each for `seconds`, the last for `hold` seconds more, then again.

    Where nothing can move, as in print, it is the last frame that stands. Raises ValueError where there is no frame,
    where sizes differ, or where a time is not above 0.
    """
    sizes = {(frame.width, frame.height) for frame in frames}
    if len(sizes) != 1:
        raise ValueError(f"frames of {len(sizes)} sizes: expected one frame or more, all of one size")
    if not seconds > 0 or hold < 0:
        raise ValueError(f"seconds is {seconds} and hold {hold}: expected above 0, and 0 or more")
    whole = seconds * len(frames) + hold
    body = ""
    for place, frame in enumerate(frames):
        last = place == len(frames) - 1
        begin, end = place * seconds / whole, 1.0 if last else (place + 1) * seconds / whole
        times, shown = [0.0], ["none"]
        if begin == 0:
            shown = ["inline"]
        else:
            times, shown = [*times, begin], [*shown, "inline"]
        if not last:
            times, shown = [*times, end], [*shown, "none"]
        moves = element(
            "animate", attributeName="display", values=";".join(shown), keyTimes=";".join(f"{t:.4f}" for t in times),
            dur=f"{number(whole)}s", calcMode="discrete", repeatCount="indefinite",
        )  # fmt: skip
        body += f'<g display="{"inline" if last else "none"}">{frame.body}{moves}</g>'
    [(width, height)] = sizes
    return Svg(width, height, body, title)
