"""Curves, bars, heat maps and confusion matrices."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from cnnbook.look import style
from cnnbook.look.style import LIGHT

FRAME = "#ff5533"  # of a box on a heat map, whose colours are the same in both modes


def curves(
    tables: Mapping[str, pd.DataFrame | Sequence],
    y: str = "test_accuracy",
    x: str = "epoch",
    *,
    ylabel: str | None = None,
    xlabel: str | None = None,
    logy: bool = False,
    logx: bool = False,
    band: str | None = "range",
    percent: bool | None = None,
    width: str | float = "column",
    height: float = 3.5,
) -> Figure:
    """Curves by name, apart from each other by colour, by dashes and, where points are few, by markers.

    tables: each a DataFrame with columns x and y, or a list of numbers (drawn over 1, 2, …), or a list of
    DataFrames or of lists, one a seed: then the mean is drawn and, as `band` says, their "range" (smallest to largest),
    "std" (mean ± one standard deviation) or None. percent: fractions shown as percent (by default where y names an
    accuracy or an error). Raises ValueError where a column is missing or lengths differ.
    """
    if not tables:
        raise ValueError("no curves: expected a dict of name → DataFrame or list")
    if band not in ("range", "std", None):
        raise ValueError(f'band is {band!r}: expected "range", "std" or None')
    figure = style.figure(width, height)
    axes = figure.add_subplot()
    axes.grid(True)
    whole = True
    for i, (name, table) in enumerate(tables.items()):
        places, runs = _runs(name, table, x, y)
        whole = whole and np.equal(places, np.round(places)).all()
        few = len(places) <= 16
        colour = LIGHT[style.COLOURS[i % len(style.COLOURS)]]
        axes.plot(
            places, runs.mean(axis=0), label=name, color=colour, linestyle=style.DASHES[i % len(style.DASHES)],
            marker=style.MARKERS[i % len(style.MARKERS)] if few else None,
        )  # fmt: skip
        if band and len(runs) > 1:
            spread = runs.std(axis=0)
            low, high = (
                (runs.min(axis=0), runs.max(axis=0))
                if band == "range"
                else (runs.mean(axis=0) - spread, runs.mean(axis=0) + spread)
            )
            axes.fill_between(places, low, high, color=colour, alpha=0.18, linewidth=0)
    if logy:
        axes.set_yscale("log")
    if logx:
        axes.set_xscale("log")
    elif whole:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if percent is None:
        percent = "accuracy" in y or "error" in y
    if percent:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g}%"))
    axes.set(xlabel=xlabel or _words(x), ylabel=ylabel or _words(y))
    if len(tables) > 1:
        _legend(figure, list(tables))
    return figure


def bars(
    values: Mapping[str, float | tuple[float, float]],
    *,
    xlabel: str = "",
    percent: bool = False,
    logx: bool = False,
    highlight: str | Sequence[str] | None = None,
    format: str | None = None,
    width: str | float = "column",
) -> Figure:
    """Horizontal bars by name, each with its value at its end.

    values: a number, or (mean, spread) drawn with a whisker. highlight: names drawn in orange. format: a format
    specification for the values, such as ",.0f"; percent=True shows fractions as percent.
    """
    if not len(values):
        raise ValueError("no bars: expected a dict of name → number")
    marked = [highlight] if isinstance(highlight, str) else list(highlight or ())
    unknown = [name for name in marked if name not in values]
    if unknown:
        raise ValueError(f"highlight names {unknown[0]!r}, which is not among {', '.join(map(str, values))}")
    names = list(values.keys())
    means = [float(np.atleast_1d(value)[0]) for value in values.values()]
    spreads = [float(np.atleast_1d(value)[1]) if np.size(value) > 1 else 0.0 for value in values.values()]
    figure = style.figure(width, 0.75 + 0.4 * len(names))
    axes = figure.add_subplot()
    colours = [LIGHT["orange" if name in marked else "blue"] for name in names]
    places = range(len(names))
    axes.barh(places, means, color=colours, height=0.62)
    if any(spreads):
        axes.errorbar(means, places, xerr=spreads, fmt="none", ecolor=LIGHT["ink"], capsize=3, linewidth=1.2)
    if logx:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
    for i, (mean, spread) in enumerate(zip(means, spreads, strict=True)):
        said = _value(mean, percent, format)
        place = mean + spread if mean >= 0 else mean - spread
        side = 1 if mean >= 0 else -1
        axes.annotate(
            said, (place, i), (5 * side, 0), textcoords="offset points", va="center",
            ha="left" if side > 0 else "right", fontsize=style.FONTS["small"],
        )  # fmt: skip
    axes.set(yticks=list(places), yticklabels=[str(name) for name in names], xlabel=xlabel)
    axes.invert_yaxis()
    axes.margins(x=0.16)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="both", length=0)
    if not logx:
        axes.set_xticks([])
    if min(means) < 0:
        axes.axvline(0, color=LIGHT["muted"], linewidth=style.LINES["thin"])
        axes.spines["left"].set_visible(False)
    return figure


def confusion(matrix, classes: Sequence, *, width: str | float = "column") -> Figure:
    """A confusion matrix (K, K): rows are the true classes, columns the predicted ones, cells the counts.

    The diagonal is shaded blue by the share of its row, the mistakes orange by their share of the largest mistake;
    the shades follow the page's mode. Zeros are left out. Up to 20 classes show their counts.
    """
    counts = np.asarray(matrix.detach().cpu() if hasattr(matrix, "detach") else matrix)
    size = len(classes)
    if counts.shape != (size, size):
        raise ValueError(f"matrix of shape {counts.shape} for {size} classes: expected {(size, size)}")
    inches = style.WIDTHS[width] if isinstance(width, str) else width
    figure = style.figure(inches, inches * 0.94)
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    worst = (counts - np.diag(np.diag(counts))).max() or 1
    for i, j in np.argwhere(counts > 0):
        right = i == j
        strength = 0.08 + 0.34 * (shares[i, j] if right else counts[i, j] / worst)
        colour = LIGHT["blue" if right else "orange"]
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=colour, alpha=strength, edgecolor="none"))
        if size <= 20:
            axes.text(j, i, f"{counts[i, j]:g}", ha="center", va="center", fontsize=style.FONTS["small"])
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), aspect="equal", xlabel="predicted", ylabel="true")
    if size <= 20:
        names = [str(name) for name in classes]
        turn = 90 if max(map(len, names)) > 3 else 0
        axes.set(xticks=range(size), yticks=range(size), yticklabels=names)
        axes.set_xticklabels(names, rotation=turn)
        for edge in np.arange(-0.5, size):
            axes.axhline(edge, color=LIGHT["grid"], linewidth=style.LINES["thin"], zorder=0)
            axes.axvline(edge, color=LIGHT["grid"], linewidth=style.LINES["thin"], zorder=0)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def heat(
    array,
    *,
    label: str = "",
    signed: bool | None = None,
    box: tuple[int, int, int, int] | None = None,
    cmap: str | Colormap | None = None,
    limits: tuple[float, float] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    width: float = 4.0,
) -> Figure:
    """An array (H, W) as a heat map with its scale: a receptive field, an occlusion map, a table of scores.

    signed: white at 0, blue below, orange above; by default where a value is negative. box: (top, left, height, width)
    in cells, framed. limits: (low, high) of the scale. width: inches.
    """
    values = np.asarray(array.detach().cpu() if hasattr(array, "detach") else array, dtype=float)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"array of shape {values.shape}: expected (H, W)")
    signed = bool((values < 0).any()) if signed is None else signed
    bound = np.nanmax(np.abs(values)) or 1.0
    low, high = limits or ((-bound, bound) if signed else (min(0.0, np.nanmin(values)), np.nanmax(values) or 1.0))
    figure = style.figure(width, 0.72 * width * min(values.shape[0] / values.shape[1], 2) + 0.4)
    axes = figure.add_subplot()
    colours = cmap or (style.DIVERGING if signed else style.SEQUENTIAL)
    drawn = axes.imshow(values, cmap=colours, vmin=low, vmax=high, interpolation="none")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.spines[:].set_visible(False)
    if box:
        top, left, high_, wide = box
        frame = Rectangle((left - 0.5, top - 0.5), wide, high_, fill=False, edgecolor=FRAME, linewidth=2)
        axes.add_patch(frame)
    bar = figure.colorbar(drawn, cax=axes.inset_axes((1.05, 0, 0.05, 1)), label=label)
    bar.outline.set_visible(False)
    return figure


def _runs(name: str, table, x: str, y: str) -> tuple[np.ndarray, np.ndarray]:
    """Places (n,) and values (runs, n)."""
    several = not isinstance(table, pd.DataFrame) and len(table) > 0 and not np.isscalar(table[0])
    each = list(table) if several else [table]
    places, values = [], []
    for run in each:
        if isinstance(run, pd.DataFrame):
            missing = [column for column in (x, y) if column not in run]
            if missing:
                raise ValueError(f"{name!r} has no column {missing[0]!r}: its columns are {', '.join(run.columns)}")
            places.append(run[x].to_numpy(float))
            values.append(run[y].to_numpy(float))
        else:
            values.append(np.asarray(run, dtype=float))
            places.append(np.arange(1, len(values[-1]) + 1, dtype=float))
    if len({len(run) for run in values}) != 1:
        lengths = ", ".join(str(len(run)) for run in values)
        raise ValueError(f"the runs of {name!r} have {lengths} points: expected runs of one length")
    return places[0], np.stack(values)


def _legend(figure: Figure, names: list[str]) -> None:
    inches = figure.get_size_inches()[0]
    longest = max(len(str(name)) for name in names)
    columns = max(1, min(len(names), int(inches / (0.62 + 0.105 * longest))))
    figure.legend(loc="outside upper left", ncols=columns, columnspacing=1.4, borderaxespad=0.2)


def _value(value: float, percent: bool, format: str | None) -> str:
    if percent:
        return f"{100 * value:{format or '.1f'}}%"
    if format:
        return f"{value:{format}}".replace("-", "−")
    whole = float(value).is_integer()
    return (f"{int(value):,}" if whole else f"{value:.3g}").replace("-", "−")


def _words(name: str) -> str:
    return name.replace("_", " ")
