"""Classes of pixels on pictures: what is there, what a network says, and where the two differ."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from cnnbook.look import style
from cnnbook.look.detecting import _canvas, _pictures

# Colours of the classes from 1 on (P. Tol's "muted" and one more), the same in both modes, as pictures are.
CLASSES = ("#332288", "#88ccee", "#117733", "#ddcc77", "#cc6677", "#aa4499", "#44aa99", "#999933", "#882255", "#ee7733")
GROUND, VOID = "#eceef0", "#3a3f45"  # the background, class 0; pixels that are not counted, 255
WRONG, RIGHT = "#d55e00", "#0072b2"  # objects' pixels that are missed or misnamed; those that are right
EXTRA = "#cc79a7"  # background that was called an object
OPAQUE = 0.9  # from here on the background is painted over, too


def masks(
    images,
    labels,
    *,
    classes: Sequence[str] | None = None,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    size: float = 1.0,
    opacity: float = 0.6,
) -> Figure:
    """Pictures with the classes of their pixels as colours over them.

    images: uint8 or float in 0..1, (N, 3, H, W), a list, or one (3, H, W). labels: whole numbers (N, H, W), or (H, W)
    for one image alone: 0 the background, 255 not counted. classes: the names of 1, 2, …; those that occur are
    explained below. opacity: of the colours, 0..1; the background has one from 0.9 on, and 1 hides the picture. Raises
    ValueError for labels of another number or size, and for a class without a name.
    """
    pictures, maps = _fitting(images, labels)
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must be from 0 to 1, got {opacity!r}.")
    present = sorted({int(value) for each in maps for value in np.unique(each)} - {0, 255})
    unnamed = [value for value in present if classes is not None and value > len(classes)]
    if unnamed:
        raise ValueError(f"class {unnamed[0]} has no name: {len(classes)} were given.")
    shades = {0: GROUND, 255: VOID} | {value: colour(value) for value in present}
    figure, every = _canvas(pictures, titles, columns, size)
    for axes, picture, each in zip(every, pictures, maps, strict=True):
        painted = _colour(picture)
        for value, shade in shades.items():
            strength = opacity if value or opacity >= OPAQUE else 0.0
            painted[each == value] = (1 - strength) * painted[each == value] + strength * np.array(to_rgb(shade))
        _paint(axes, painted)
    if classes is not None and present:
        names = {classes[value - 1]: shades[value] for value in present}
        _explained(figure, names)
    return figure


def mask_errors(
    images,
    predicted,
    labels,
    *,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    size: float = 1.0,
) -> Figure:
    """Where predicted classes differ from the labels, on grey pictures: blue is an object's pixel of the right class,
    orange one that was missed or misnamed, pink background that was called an object.

    images, predicted and labels as in `masks`; pixels labelled 255 stay grey.
    """
    pictures, maps = _fitting(images, labels)
    _, found = _fitting(images, predicted)
    figure, every = _canvas(pictures, titles, columns, size)
    for axes, picture, said, true in zip(every, pictures, found, maps, strict=True):
        painted = np.repeat(0.35 + 0.6 * _colour(picture).mean(2, keepdims=True), 3, axis=2)
        there, counted = (true > 0) & (true != 255), true != 255
        for which, shade in ((there & (said == true), RIGHT), (there & (said != true), WRONG),
                             (counted & ~there & (said != true), EXTRA)):  # fmt: skip
            painted[which] = 0.15 * painted[which] + 0.85 * np.array(to_rgb(shade))
        _paint(axes, painted)
    _explained(figure, {"right": RIGHT, "missed or misnamed": WRONG, "background called object": EXTRA})
    return figure


def colour(label: int) -> str | tuple[float, ...]:
    """The colour of a class from 1 on; after ten they come again, lighter, and then darker."""
    turn, place = divmod(label - 1, len(CLASSES))
    if turn == 0:
        return CLASSES[place]
    towards = np.array([1.0] * 3 if turn % 2 else [0.0] * 3)
    return tuple(0.55 * np.array(to_rgb(CLASSES[place])) + 0.45 * towards)


def _fitting(images, labels) -> tuple[list[np.ndarray], list[np.ndarray]]:
    single = hasattr(images, "ndim") and images.ndim == 3
    pictures = _pictures(images)
    maps = [np.asarray(each.detach().cpu() if hasattr(each, "detach") else each)
            for each in ([labels] if single else labels)]  # fmt: skip
    if len(maps) != len(pictures):
        raise ValueError(f"labels of {len(maps)} pictures for {len(pictures)}: one map (H, W) a picture.")
    for picture, each in zip(pictures, maps, strict=True):
        if each.shape != picture.shape[:2]:
            raise ValueError(f"labels of shape {each.shape} on a picture of {picture.shape[:2]}: one a pixel.")
    return pictures, maps


def _colour(picture: np.ndarray) -> np.ndarray:
    return (picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)).copy()


def _paint(axes, painted: np.ndarray) -> None:
    axes.images[0].set_data(painted.clip(0, 1))


def _explained(figure: Figure, names: dict) -> None:
    """The colours' meanings in a row, or in rows, below the pictures."""
    inches = figure.get_size_inches()[0]
    longest = max(map(len, names))
    columns = max(1, min(len(names), int(inches / (0.45 + 0.1 * longest))))
    patches = [Patch(facecolor=shade, label=name, edgecolor="none") for name, shade in names.items()]
    figure.legend(handles=patches, loc="outside lower center", ncols=columns, handlelength=1.0, handleheight=1.0,
                  fontsize=style.FONTS["small"], columnspacing=1.2)  # fmt: skip
