"""Boxes on pictures: proposals, anchors, what is there and what was found; curves of recall and of precision."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, withStroke
from matplotlib.ticker import FuncFormatter

from cnnbook.look import style
from cnnbook.look.plots import _legend

GAP = 0.1  # inches between pictures
HALO = "#ffffff"  # about a box, so that it is seen on every picture; the same in both modes, as pictures are
# Lines on pictures, the same in both modes too: what is right, wrong, missed, and what is there.
RIGHT, WRONG, MISSED, THERE = "#1b5fd1", "#ff8c1a", "#d0021b", "#111827"


def boxes(
    images,
    boxes: Sequence,
    labels: Sequence | None = None,
    *,
    classes: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    size: float = 1.0,
    thin: bool = False,
) -> Figure:
    """Pictures with boxes on them.

    images: uint8 or float in 0..1, (N, 3, H, W), a list, or one (3, H, W). boxes: one (K, 4) a picture, x1, y1, x2, y2
    in pixels; where an image was given alone, its (K, 4). labels: one sequence a picture, of texts, or of numbers that
    count in `classes`; they stand above their boxes. colours: one sequence a picture, of colours. thin: many boxes, as
    fine lines. Raises ValueError where boxes or labels are for another number of pictures, or no boxes.
    """
    pictures, sets = _pictures(images), _sets(images, boxes)
    words = [None] * len(pictures) if labels is None else _sets(images, labels, numbers=False)
    inks = [None] * len(pictures) if colours is None else _sets(images, colours, numbers=False)
    for what, given in (("boxes", sets), ("labels", words), ("colours", inks)):
        if len(given) != len(pictures):
            raise ValueError(f"{what} of {len(given)} pictures for {len(pictures)}: one sequence a picture.")
    figure, every = _canvas(pictures, titles, columns, size)
    for axes, found, texts, shades in zip(every, sets, words, inks, strict=True):
        texts = [""] * len(found) if texts is None else [_word(text, classes) for text in texts]
        shades = [RIGHT] * len(found) if shades is None else list(shades)
        if not len(found) == len(texts) == len(shades):
            counts = f"{len(found)} boxes with {len(texts)} labels and {len(shades)} colours"
            raise ValueError(f"{counts}: one of each a box.")
        for box, text, shade in zip(found, texts, shades, strict=True):
            _box(axes, box, shade, text, thin)
    return figure


def detections(
    images,
    found: Sequence[Mapping],
    truth: Sequence[Mapping] | None = None,
    *,
    classes: Sequence[str] | None = None,
    least: float = 0.0,
    threshold: float = 0.5,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    size: float = 1.0,
    scores: bool = True,
) -> Figure:
    """Pictures with what a detector found: each box with its class and its score in hundredths.

    found: one dict of "boxes" (D, 4), "labels" (D,) and "scores" (D,) a picture; those of a score below `least` are
    left out. With `truth`, dicts of "boxes" and "labels", a right box (IoU `threshold` or more with an object of its
    class that no better one has taken) is blue, a wrong one orange and dashed, an object that nothing found red and
    dotted.
    """
    pictures = _pictures(images)
    truth = [None] * len(pictures) if truth is None else list(truth)
    if not len(found) == len(truth) == len(pictures):
        raise ValueError(f"{len(pictures)} pictures with {len(found)} detections and {len(truth)} truths: one each.")
    figure, every = _canvas(pictures, titles, columns, size)
    for axes, each, there in zip(every, found, truth, strict=True):
        values = np.asarray(each["scores"], dtype=float)
        order = [nth for nth in np.argsort(-values, kind="stable") if values[nth] >= least]
        box, label = _numbers(each["boxes"])[order], np.asarray(each["labels"])[order]
        right, missed = _right(box, label, there, threshold)
        for lost in missed:
            _box(axes, lost, MISSED, dashes=":")
        for nth in reversed(range(len(order))):  # the best lie on top
            text = _word(label[nth], classes) + (f" {100 * values[order[nth]]:.0f}" if scores else "")
            good = there is None or right[nth]
            _box(axes, box[nth], RIGHT if good else WRONG, text.strip(), dashes="-" if good else (0, (4, 1.5)))
    return figure


def proposals(image, boxes, truth=None, *, threshold: float = 0.5, title: str = "", size: float = 1.0) -> Figure:
    """One picture with all proposals (P, 4) as fine lines, and for each object of `truth` (K, 4) the proposal with the
    greatest IoU as a thick line, blue where that is `threshold` or more, else the object itself, red and dotted."""
    figure, (axes,) = _canvas(_pictures(image), [title] if title else None, 1, size)
    every, there = _numbers(boxes), _numbers([] if truth is None else truth)
    for box in every:
        _box(axes, box, "#ffffff", thin=True)
    for object_ in there:
        overlaps = _overlaps(object_[None], every)[0]
        if len(every) and overlaps.max() >= threshold:
            _box(axes, every[overlaps.argmax()], RIGHT)
        else:
            _box(axes, object_, MISSED, dashes=":")
    return figure


def recall(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, logx: bool = True, height: float = 3.4
) -> Figure:
    """The share of objects found, by the number of proposals a picture: name → (numbers, recalls 0..1)."""
    figure, axes = _plot(curves, height, "proposals a picture", "objects found", markers=True)
    if logx:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylim(0, 1.02)
    return figure


def precision_recall(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, envelope: bool = False, height: float = 3.4
) -> Figure:
    """Precision over recall: name → (precisions, recalls), both 0..1, the highest score first. With `envelope` the
    first curve also as average precision counts it: at each recall the greatest precision at this or a higher one."""
    swapped = {name: (places, values) for name, (values, places) in curves.items()}
    figure, axes = _plot(swapped, height, "recall", "precision", markers=False)
    if envelope:
        places, values = (np.asarray(each, dtype=float) for each in next(iter(swapped.values())))
        best = np.maximum.accumulate(values[::-1])[::-1]
        shade = style.LIGHT["orange"]
        axes.step(np.r_[0, places], np.r_[best[:1], best], where="pre", color=shade, linewidth=1.6, linestyle="--")
        axes.fill_between(np.r_[0, places], np.r_[best[:1], best], step="pre", color=shade, alpha=0.14, linewidth=0)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.05))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g}%"))
    return figure


def _plot(curves: Mapping, height: float, xlabel: str, ylabel: str, markers: bool) -> tuple[Figure, Axes]:
    if not curves:
        raise ValueError("no curves: expected a dict of name → two sequences")
    figure = style.figure("column", height)
    axes = figure.add_subplot()
    axes.grid(True)
    for i, (name, (places, values)) in enumerate(curves.items()):
        places, values = np.asarray(places, dtype=float), np.asarray(values, dtype=float)
        if places.shape != values.shape or places.ndim != 1:
            raise ValueError(f"{name!r} has {places.shape} and {values.shape}: expected two sequences of one length")
        mark = style.MARKERS[i % len(style.MARKERS)] if markers and len(places) <= 16 else None
        axes.plot(places, values, label=name, color=style.LIGHT[style.COLOURS[i % 6]], linestyle=style.DASHES[i % 6],
                  marker=mark)  # fmt: skip
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g}%"))
    if len(curves) > 1:
        _legend(figure, list(curves))
    return figure, axes


def _pictures(images) -> list[np.ndarray]:
    """(H, W, 3) or (H, W), in 0..1."""
    single = hasattr(images, "ndim") and images.ndim == 3
    found = []
    for image in [images] if single else images:
        array = np.asarray(image.detach().cpu() if hasattr(image, "detach") else image)
        if array.ndim != 3 or array.shape[0] not in (1, 3):
            raise ValueError(f"a picture of shape {array.shape}: expected (3, H, W) or (1, H, W).")
        array = array / 255 if array.dtype == np.uint8 else array.clip(0, 1)
        found.append(array.transpose(1, 2, 0) if len(array) == 3 else array[0])
    if not found:
        raise ValueError("no pictures: the list is empty")
    return found


def _sets(images, sets, numbers: bool = True) -> list:
    single = hasattr(images, "ndim") and images.ndim == 3
    sets = [sets] if single else list(sets)
    return [_numbers(each) if numbers else each for each in sets]


def _numbers(boxes) -> np.ndarray:
    array = np.asarray(boxes.detach().cpu() if hasattr(boxes, "detach") else boxes, dtype=float).reshape(-1, 4)
    if not np.isfinite(array).all():
        raise ValueError("boxes to draw must be finite numbers (K, 4).")
    return array


def _canvas(pictures: list[np.ndarray], titles, columns: int | None, size: float) -> tuple[Figure, list[Axes]]:
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"{len(titles)} titles for {len(pictures)} pictures: give one title a picture.")
    columns = columns or min(len(pictures), 3)
    rows = math.ceil(len(pictures) / columns)
    wide = min(3.2 * size, (style.WIDTHS["full"] + GAP) / columns - GAP)
    high = wide * max(picture.shape[0] / picture.shape[1] for picture in pictures) + (0.3 if titles is not None else 0)
    figure = style.figure(columns * (wide + GAP) - GAP, rows * (high + GAP) - GAP)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for nth, axes in enumerate(grid):
        axes.axis("off")
        if nth < len(pictures):
            height, width = pictures[nth].shape[:2]
            axes.imshow(pictures[nth], cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0), interpolation="none")
            axes.set(xlim=(0, width), ylim=(height, 0))
            if titles is not None:
                axes.set_title(titles[nth], fontsize=style.FONTS["small"])
    return figure, list(grid[: len(pictures)])


def _box(axes: Axes, box, colour: str, text: str = "", thin: bool = False, dashes="-") -> None:
    left, top, right, bottom = (float(side) for side in box)
    lines = {"linewidth": 0.7, "alpha": 0.75} if thin else {"linewidth": 2.0}
    frame = Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour, linestyle=dashes, **lines)
    if not thin:
        frame.set_path_effects([withStroke(linewidth=3.6, foreground=HALO), Normal()])
    axes.add_patch(frame)
    if text:
        above = top > 0.07 * axes.get_ylim()[0]
        written = axes.annotate(
            text, (max(left, 0), top), (0, 2 if above else -2), textcoords="offset points", ha="left",
            va="bottom" if above else "top", fontsize=9.5, color=colour, fontweight="bold", annotation_clip=True,
        )  # fmt: skip
        written.set_path_effects([withStroke(linewidth=2.6, foreground=HALO), Normal()])


def _word(label, classes: Sequence[str] | None) -> str:
    return str(label) if classes is None or isinstance(label, str) else str(classes[int(label)])


def _right(boxes: np.ndarray, labels: np.ndarray, truth: Mapping | None, threshold: float):
    """Of each box, the best first, whether it is right; and the objects (M, 4) that none of them found."""
    right = np.zeros(len(boxes), dtype=bool)
    if truth is None:
        return right, np.empty((0, 4))
    there, kinds = _numbers(truth["boxes"]), np.asarray(truth["labels"])
    free = np.ones(len(there), dtype=bool)
    for nth, overlaps in enumerate(_overlaps(boxes, there) if len(there) else ()):
        overlaps = np.where(free & (kinds == labels[nth]), overlaps, -1)
        best = overlaps.argmax()
        if overlaps[best] >= threshold:
            right[nth], free[best] = True, False
    return right, there[free]


def _overlaps(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """IoU of every pair, (N, M)."""
    low, high = np.maximum(one[:, None, :2], other[None, :, :2]), np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = (high - low).clip(0).prod(2)
    area, areas = (one[:, 2:] - one[:, :2]).prod(1), (other[:, 2:] - other[:, :2]).prod(1)
    return shared / np.maximum(area[:, None] + areas - shared, 1e-9)
