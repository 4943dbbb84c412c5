"""The one look: palette, sizes, colour maps, and SVG that follows the page's light or dark mode."""

import hashlib
import io
import re

import matplotlib
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

# Six categorical colours, at least 3:1 on their paper and apart from each other to readers with protanopia,
# deuteranopia or tritanopia as well (tests/test_look.py computes both); ink is for text, muted for secondary text.
# Every value of LIGHT is unique, since `themed` recognises a colour by its value.
LIGHT = {
    "paper": "#fdfcfa",
    "ink": "#1f2730",
    "muted": "#5c6670",
    "grid": "#dcdfe3",
    "blue": "#2a4b90",
    "orange": "#c28203",
    "green": "#1d7b60",
    "red": "#95121a",
    "purple": "#944ec1",
    "sky": "#399bba",
    "blue_soft": "#dbe4f6",
    "orange_soft": "#fbe9c6",
    "green_soft": "#d3ecdf",
    "red_soft": "#f8dcd9",
    "purple_soft": "#eee0f7",
    "sky_soft": "#d8eef5",
    "muted_soft": "#eceef0",
}
DARK = {
    "paper": "#15181d",
    "ink": "#e6e9ed",
    "muted": "#a3adb8",
    "grid": "#343b45",
    "blue": "#4c7eef",
    "orange": "#fbc54f",
    "green": "#52e6bf",
    "red": "#f5703f",
    "purple": "#ad6c9c",
    "sky": "#84bde0",
    "blue_soft": "#1e2f57",
    "orange_soft": "#4a3710",
    "green_soft": "#12402f",
    "red_soft": "#532013",
    "purple_soft": "#42283f",
    "sky_soft": "#1b3d50",
    "muted_soft": "#262b32",
}
COLOURS = ("blue", "orange", "green", "red", "purple", "sky")  # the order in which curves take them
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (7, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P")

WIDTHS = {"full": 6.6, "column": 5.6, "half": 3.5}  # inches
LINES = {"thin": 0.8, "normal": 2.0, "thick": 3.0}  # points
FONTS = {"small": 11.5, "normal": 12.5, "title": 13.5}  # points: a figure 5.6 in wide still shows 10 px at 390 px

# Colour maps hold their own colours in both modes, so that a caption may say "white is 0".
# The sequential one reads like a photograph: bright is much.
SEQUENTIAL = LinearSegmentedColormap.from_list(
    "cnnbook", ["#0d1726", "#1f3768", "#2f6795", "#55a6b9", "#a9d6c4", "#fbf7dc"]
)
DIVERGING = LinearSegmentedColormap.from_list(
    "cnnbook_diverging", ["#16264b", "#3a62b0", "#a9bfe6", "#ffffff", "#f0c77a", "#bd7a05", "#5c3a02"]
)


def use() -> None:
    """Set matplotlib's defaults to this look; calling it again changes nothing."""
    for colormap in (SEQUENTIAL, DIVERGING):
        if colormap.name not in matplotlib.colormaps:
            matplotlib.colormaps.register(colormap)
    matplotlib.rcParams.update(_RC)


_RC = {
    "figure.figsize": (WIDTHS["column"], 3.5),
    "figure.dpi": 96,
    "figure.facecolor": LIGHT["paper"],
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "auto",
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.06,
    "svg.hashsalt": "cnnbook",
    "svg.fonttype": "path",
    "font.family": ["DejaVu Sans"],  # the font that comes with matplotlib: the same picture on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": FONTS["normal"],
    "axes.titlesize": FONTS["title"],
    "axes.labelsize": FONTS["normal"],
    "xtick.labelsize": FONTS["small"],
    "ytick.labelsize": FONTS["small"],
    "legend.fontsize": FONTS["small"],
    "text.color": LIGHT["ink"],
    "axes.facecolor": LIGHT["paper"],
    "axes.edgecolor": LIGHT["muted"],
    "axes.labelcolor": LIGHT["ink"],
    "axes.titlecolor": LIGHT["ink"],
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": LINES["thin"],
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=[LIGHT[name] for name in COLOURS]) + cycler(linestyle=list(DASHES)),
    "axes.unicode_minus": True,
    "grid.color": LIGHT["grid"],
    "grid.linewidth": LINES["thin"],
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["muted"],
    "xtick.labelcolor": LIGHT["ink"],
    "ytick.labelcolor": LIGHT["ink"],
    "lines.linewidth": LINES["normal"],
    "lines.markersize": 5.5,
    "lines.color": LIGHT["blue"],
    "patch.facecolor": LIGHT["blue"],
    "patch.edgecolor": LIGHT["ink"],
    "hatch.color": LIGHT["ink"],
    "boxplot.boxprops.color": LIGHT["ink"],
    "boxplot.capprops.color": LIGHT["ink"],
    "boxplot.whiskerprops.color": LIGHT["ink"],
    "boxplot.flierprops.markeredgecolor": LIGHT["ink"],
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "image.cmap": "cnnbook",
    "image.interpolation": "none",  # pixels stay crisp: the browser scales the image, not matplotlib
}


def figure(width: str | float = "column", height: float = 3.5, **options) -> Figure:
    """A Figure unknown to pyplot, `width` a name of WIDTHS or inches, `height` in inches."""
    use()
    inches = WIDTHS[width] if isinstance(width, str) else width
    return Figure(figsize=(inches, height), **{"layout": "constrained"} | options)


def svg(figure: Figure) -> str:
    """The figure as SVG text, the same bytes on every call: no date, fixed ids."""
    use()
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def variable(name: str) -> str:
    """The CSS variable of a palette name: "blue_soft" -> "--cnn-blue-soft"."""
    return "--cnn-" + name.replace("_", "-")


def css() -> str:
    """CSS that defines the palette's variables for a light page and, under data-theme="dark", for a dark one."""
    rules = []
    for selector, palette in ((":root", LIGHT), ('html[data-theme="dark"]', DARK)):
        values = "\n".join(f"  {variable(name)}: {value};" for name, value in palette.items())
        rules.append(f"{selector} {{\n{values}\n}}\n")
    return "".join(rules)


def themed(svg: str, alt: str = "", prefix: str = "") -> str:
    """SVG text ready to stand inside an HTML page, its palette's colours replaced by the page's CSS variables.

    The XML header, the metadata and matplotlib's page-wide `<style>` go; the picture takes the width it is given up to
    its natural one. `alt` becomes its accessible name. Ids are prefixed (by default with a hash of the picture), since
    all pictures of a page share one space of ids. Embedded image data stays untouched; text already themed too.
    """
    start = svg.find("<svg")
    if start < 0:
        raise ValueError(f"no <svg> element in {svg[:40]!r}: themed() takes the text of an SVG picture")
    if 'class="cnn-figure"' in svg:
        return svg
    svg = svg[start:].strip()
    prefix = prefix or "k" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r"<defs>\s*<style[^>]*>\*\{[^<]*</style>\s*</defs>\s*", "", svg)
    svg = re.sub(r"<[^>]+>", lambda tag: _themed_tag(tag[0], prefix), svg)
    return re.sub(r"<svg\b[^>]*>", lambda tag: _root(tag[0], alt), svg, count=1)


_NAMES = {value: name for name, value in LIGHT.items()}
_COLOUR = re.compile(r"#[0-9a-f]{6}(?![\w-])", re.I)
_REFERENCE = re.compile(r'(\bid="|href="#|url\(#)')
_SMOOTH_FROM = 96  # pixels: from here an image is a photograph, and is scaled smoothly


def _themed_tag(tag: str, prefix: str) -> str:
    if tag.startswith("<image"):
        if min(float(n) for n in re.findall(r'\s(?:width|height)="([\d.]+)', tag) or [0]) >= _SMOOTH_FROM:
            tag = tag.replace("image-rendering:crisp-edges;image-rendering:pixelated", "")
    pieces = re.split(r'("data:[^"]*")', tag)
    for i in range(0, len(pieces), 2):
        pieces[i] = _REFERENCE.sub(rf"\g<1>{prefix}-", pieces[i])
        pieces[i] = _COLOUR.sub(_as_variable, pieces[i])
    return "".join(pieces)


def _as_variable(match: re.Match) -> str:
    name = _NAMES.get(match[0].lower())
    return f"var({variable(name)}, {match[0].lower()})" if name else match[0]


def _root(tag: str, alt: str) -> str:
    attributes = dict(re.findall(r'([\w:-]+)="([^"]*)"', tag))
    width, height = (_pixels(attributes.pop(side, "")) for side in ("width", "height"))
    attributes.setdefault("viewBox", f"0 0 {width:g} {height:g}")
    if not width:
        width = float(attributes["viewBox"].split()[2])
    attributes.pop("version", None)
    look = f"width:100%;max-width:{width:.0f}px;height:auto;stroke-linejoin:round;stroke-linecap:butt"
    attributes |= {"class": "cnn-figure", "role": "img", "style": look}
    if alt:
        attributes["aria-label"] = alt.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return "<svg " + " ".join(f'{name}="{value}"' for name, value in attributes.items()) + ">"


def _pixels(length: str) -> float:
    match = re.fullmatch(r"([\d.]+)(pt|px|)", length)
    return float(match[1]) * (96 / 72 if match[2] == "pt" else 1) if match else 0.0
