"""Images, filters and feature maps as a grid of tiles with crisp pixels."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.patches import Rectangle
from torch.nn.functional import interpolate

from cnnbook.look import style

GAP = 0.08  # inches between tiles
SHARP = 160  # pixels of an image kept per inch of its tile: larger photographs are scaled down


def grid(
    images,
    titles: Sequence | None = None,
    columns: int | None = None,
    size: float = 1.0,
    cmap: str | Colormap | None = None,
) -> Figure:
    """Images in rows, each with its title above.

    images: (N, C, H, W) or (N, H, W) with C 1 or 3, one image (C, H, W) or (H, W), or a list of such images of any
    sizes; uint8 0..255, bool, or float. Floats that leave 0..1 are stretched together from their smallest to their
    largest value. titles: one text an image. size: scale of the tiles. cmap: colour map for images of one channel
    (grey by default). Raises ValueError on other shapes, NaN, or a wrong number of titles.
    """
    pictures = _shown([_array(image) for image in _split(images)])
    titles = None if titles is None else [str(title) for title in titles]
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"{len(titles)} titles for {len(pictures)} images: give one title an image")
    return _tiles(pictures, titles, columns, size, cmap or "gray", (0.0, 1.0))


def filters(weight, columns: int | None = None, size: float = 1.0) -> Figure:
    """The filters of a convolution, a tile a filter.

    weight: (K, C, h, w). With C = 3 each filter is a colour picture in which grey is 0, stretched by its own largest
    absolute value. Otherwise each channel is a tile, white at 0, blue below, orange above, one scale for all;
    then a column is a filter and a row is a channel (with C = 1 the tiles simply follow each other).
    """
    weight = _array(weight).astype(float)
    if weight.ndim != 4:
        raise ValueError(f"weight of shape {weight.shape}: expected (K, C, h, w), the weight of a convolution")
    count, channels = weight.shape[:2]
    if channels == 3:
        largest = np.abs(weight).max(axis=(1, 2, 3), keepdims=True)
        colours = 0.5 + 0.5 * weight / np.where(largest > 0, largest, 1)
        return _tiles(list(colours.transpose(0, 2, 3, 1)), None, columns, size, None, (0.0, 1.0))
    tiles = list(weight.transpose(1, 0, 2, 3).reshape(-1, *weight.shape[2:]))
    bound = float(np.abs(weight).max()) or 1.0
    columns = columns or (count if channels > 1 else None)
    return _tiles(tiles, None, columns, size, style.DIVERGING, (-bound, bound), bar=True)


def feature_maps(
    maps, titles: Sequence | None = None, columns: int | None = None, size: float = 1.0, shared: bool = True
) -> Figure:
    """The channels of one activation, a tile a channel.

    maps: (C, H, W) or (1, C, H, W). Maps with negative values are white at 0, blue below, orange above; others go from
    dark (0) to bright. One scale for all, drawn below; with shared=False each map has its own and no scale is drawn.
    """
    maps = _array(maps).astype(float)
    if maps.ndim == 4 and maps.shape[0] == 1:
        maps = maps[0]
    if maps.ndim != 3:
        raise ValueError(f"maps of shape {maps.shape}: expected (C, H, W), the activation of one image")
    titles = None if titles is None else [str(title) for title in titles]
    if titles is not None and len(titles) != len(maps):
        raise ValueError(f"{len(titles)} titles for {len(maps)} maps: give one title a map")
    signed = maps.min() < 0
    if not shared:
        largest = np.abs(maps).max(axis=(1, 2), keepdims=True)
        maps = maps / np.where(largest > 0, largest, 1)
    bound = float(np.abs(maps).max()) or 1.0
    colours = style.DIVERGING if signed else style.SEQUENTIAL
    return _tiles(list(maps), titles, columns, size, colours, (-bound if signed else 0.0, bound), bar=shared)


def _array(data) -> np.ndarray:
    if hasattr(data, "detach"):
        data = data.detach().cpu().numpy()
    array = np.asarray(data)
    if array.dtype == object or array.size == 0:
        raise ValueError(f"no pixels in an array of shape {array.shape} and type {array.dtype}: expected numbers")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{int((~np.isfinite(array)).sum())} values are NaN or infinite: expected finite numbers")
    return array


def _split(images) -> list:
    if isinstance(images, list | tuple):
        if not images:
            raise ValueError("no images: the list is empty")
        return list(images)
    array = _array(images)
    if array.ndim == 4:
        return list(array)
    if array.ndim == 2 or (array.ndim == 3 and array.shape[0] in (1, 3)):
        return [array]
    if array.ndim == 3 and array.shape[-1] not in (1, 3):
        return list(array)
    expected = "(N, C, H, W), (N, H, W), (C, H, W) or (H, W)"
    raise ValueError(f"images of shape {array.shape}: expected {expected}{_last(array)}")


def _last(array: np.ndarray) -> str:
    return ". Channels come first: try permute(2, 0, 1)" if array.ndim == 3 and array.shape[-1] in (1, 3) else ""


def _shown(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """Each as (H, W) or (H, W, 3) in 0..1."""
    result = []
    for picture in pictures:
        if picture.ndim == 3 and picture.shape[0] in (1, 3):
            picture = picture[0] if picture.shape[0] == 1 else picture.transpose(1, 2, 0)
        elif picture.ndim != 2:
            raise ValueError(
                f"an image of shape {picture.shape}: expected (1, H, W), (3, H, W) or (H, W)"
                f"{_last(picture) or '. For the channels of an activation use look.feature_maps'}"
            )
        result.append(picture / 255 if picture.dtype == np.uint8 else picture.astype(float))
    low, high = min(p.min() for p in result), max(p.max() for p in result)
    if low < 0 or high > 1:
        result = [(p - low) / ((high - low) or 1) for p in result]
    return result


def _columns(count: int, titled: bool) -> int:
    if count <= 6:
        return count
    most = 8 if titled or count <= 32 else 10 if count <= 50 else 12 if count <= 96 else 16
    return math.ceil(count / math.ceil(count / most))


def _tiles(pictures, titles, columns, size, cmap, limits, bar=False) -> Figure:
    columns = columns or _columns(len(pictures), titles is not None)
    if columns < 1:
        raise ValueError(f"columns is {columns}: expected 1 or more")
    rows = math.ceil(len(pictures) / columns)
    wide = size * (2.2 if len(pictures) <= 3 else 1.6 if len(pictures) <= 6 else 1.1)
    wide = min(wide, (style.WIDTHS["full"] + GAP) / columns - GAP)
    high = wide * max(p.shape[0] / p.shape[1] for p in pictures)
    width = max(columns * (wide + GAP) - GAP, 2.4 if bar else 0.4)
    font = style.FONTS["small"] * max(1.0, width / style.WIDTHS["column"])
    title_font = font if titles is None else _fitting(titles, wide, font)
    above = 0.0 if titles is None else (0.06 + title_font / 72 * 1.25 * max(title.count("\n") + 1 for title in titles))
    height = rows * (high + above + GAP) - GAP + (0.34 + font / 72 if bar else 0.0)
    figure = style.figure(width, height, layout=PlaceHolderLayoutEngine(True, True))  # tiles are placed by hand
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    start = (width - columns * (wide + GAP) + GAP) / 2
    for i, picture in enumerate(pictures):
        x, y = start + i % columns * (wide + GAP), i // columns * (high + above + GAP) + above
        tall = min(high, wide * picture.shape[0] / picture.shape[1])
        broad = tall * picture.shape[1] / picture.shape[0]
        x += (wide - broad) / 2
        options = {} if picture.ndim == 3 else {"cmap": cmap, "vmin": limits[0], "vmax": limits[1]}
        picture = _scaled(picture, round(SHARP * broad))
        axes.imshow(picture, extent=(x, x + broad, y + tall, y), interpolation="none", aspect="auto", **options)
        if cmap is style.DIVERGING and picture.ndim == 2:  # white tiles on white paper need an edge
            axes.add_patch(Rectangle((x, y), broad, tall, fill=False, edgecolor=style.LIGHT["grid"], linewidth=0.8))
        if titles is not None:
            axes.text(x + broad / 2, y - 0.06, titles[i], ha="center", va="bottom", fontsize=title_font)
    axes.set(xlim=(0, width), ylim=(height, 0))
    if bar:
        place = ((width - 2.2) / 2 / width, (0.1 + font / 72) / height, 2.2 / width, 0.11 / height)
        _bar(figure, place, cmap, limits, font)
    return figure


def _fitting(titles: list[str], wide: float, font: float) -> float:
    """The font size, in points, at which the longest title fits its tile of `wide` inches."""
    longest = max(len(line) for title in titles for line in title.split("\n"))
    return max(8.0, min(font, 72 * (wide + GAP) / (0.62 * max(longest, 1))))


def _scaled(picture: np.ndarray, width: int) -> np.ndarray:
    """The picture (H, W) or (H, W, 3) at most `width` pixels wide, averaged, so that no file grows with a photo."""
    if picture.shape[1] <= max(width, 64):
        return picture
    channels = torch.from_numpy(np.atleast_3d(picture).copy()).permute(2, 0, 1)[None].float()
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    scaled = interpolate(channels, (height, width), mode="bilinear", antialias=True)[0].permute(1, 2, 0).numpy()
    return scaled.clip(picture.min(), picture.max()).squeeze()


def _bar(figure: Figure, place, cmap, limits, font: float) -> None:
    shown = ScalarMappable(Normalize(*limits), cmap)
    bar = figure.colorbar(shown, cax=figure.add_axes(place), orientation="horizontal")
    ticks = [limits[0], 0, limits[1]] if limits[0] < 0 else list(limits)
    bar.set_ticks(ticks, labels=[f"{tick:.2g}".replace("-", "−") for tick in ticks])
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=font)
