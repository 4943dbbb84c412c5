"""The look: colours that everybody can tell apart, SVG that follows the page, pictures that show what they claim."""

import base64
import copy
import io
import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

from cnnbook import look
from cnnbook.look import draw, style
from cnnbook.look.cells import HEAT

LENET = nn.Sequential(
    nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
    nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
    nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
)  # fmt: skip
PALETTES = pytest.mark.parametrize("palette", [style.LIGHT, style.DARK], ids=["light", "dark"])


# --- colours -------------------------------------------------------------------------------------------------------

def linear(colour: str) -> np.ndarray:
    """sRGB "#rrggbb" → linear RGB (WCAG 2.2, relative luminance)."""
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(first: np.ndarray, second: np.ndarray) -> float:
    """WCAG 2.2 contrast ratio of two linear colours."""
    low, high = sorted(float(each @ [0.2126, 0.7152, 0.0722]) for each in (first, second))
    return (high + 0.05) / (low + 0.05)


def oklab(colour: np.ndarray) -> np.ndarray:
    """Linear RGB → OKLab (Ottosson 2020)."""
    cones = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                      [0.0883024619, 0.2817188376, 0.6299787005]])
    opponents = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                          [0.0259040371, 0.7827717662, -0.8086757660]])
    return opponents @ np.cbrt(cones @ np.clip(colour, 0, 1))


# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB
VISIONS = {
    "full": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
OKABE_ITO = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"]


def nearest_pair(colours: list[str], vision) -> float:
    seen = [oklab(np.array(vision) @ linear(colour)) for colour in colours]
    return min(float(np.linalg.norm(a - b)) for i, a in enumerate(seen) for b in seen[:i])


def test_both_palettes_have_the_same_names_and_light_values_are_distinct():
    assert list(style.LIGHT) == list(style.DARK)
    assert len({value.lower() for value in style.LIGHT.values()}) == len(style.LIGHT)
    assert all(re.fullmatch(r"#[0-9a-f]{6}", value) for value in [*style.LIGHT.values(), *style.DARK.values()])


@PALETTES
def test_contrast_on_paper_and_on_the_soft_fills(palette):
    paper, ink = linear(palette["paper"]), linear(palette["ink"])
    assert contrast(ink, paper) >= 7
    assert contrast(linear(palette["muted"]), paper) >= 4.5
    for name in style.COLOURS:
        assert contrast(linear(palette[name]), paper) >= 3, name
    for name in palette:
        if name.endswith("_soft"):
            assert contrast(ink, linear(palette[name])) >= 7, name
            assert contrast(linear(palette["muted"]), linear(palette[name])) >= 4.5, name


@PALETTES
@pytest.mark.parametrize("name", ["blue", "orange"])
def test_numbers_stay_legible_on_the_strongest_shade(palette, name):
    channels = [np.array([int(palette[each][i : i + 2], 16) / 255 for i in (1, 3, 5)]) for each in ("paper", name)]
    mixed = (1 - HEAT) * channels[0] + HEAT * channels[1]
    shade = "#" + "".join(f"{round(255 * value):02x}" for value in mixed)
    assert contrast(linear(palette["ink"]), linear(shade)) >= 4.5


@PALETTES
@pytest.mark.parametrize("vision", VISIONS)
def test_colours_stay_apart_without_full_colour_vision(palette, vision):
    worst_of_okabe_ito = min(nearest_pair(OKABE_ITO, matrix) for matrix in VISIONS.values())
    assert nearest_pair([palette[name] for name in style.COLOURS], VISIONS[vision]) > worst_of_okabe_ito


def test_the_diverging_map_is_white_at_zero():
    assert style.DIVERGING(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.02)


# --- SVG that follows the page -------------------------------------------------------------------------------------

def test_css_defines_each_variable_once_a_mode():
    css = style.css()
    light, dark = re.findall(r"\{([^}]*)\}", css)
    for rules, palette in ((light, style.LIGHT), (dark, style.DARK)):
        assert dict(re.findall(r"(--cnn-[\w-]+): (#\w+);", rules)) == {
            style.variable(name): value for name, value in palette.items()
        }
    assert css.startswith(":root") and 'html[data-theme="dark"]' in css


def test_themed_replaces_every_palette_colour_of_a_figure_and_of_a_drawing():
    figure = look.curves({"a": [0.1, 0.5], "b": [0.2, 0.3]})
    for svg in (style.svg(figure), str(draw.row(draw.tensor((3, 8, 8), "x"), "→", draw.layer("conv 3×3")))):
        themed = style.themed(svg)
        left = re.findall(r"(?<!, )#[0-9a-f]{6}\b", themed.lower())
        assert not set(left) & set(style.LIGHT.values())
        assert f"var(--cnn-ink, {style.LIGHT['ink']})" in themed
        root = ElementTree.fromstring(themed)
        assert root.get("viewBox") and root.get("width") is None and "max-width" in root.get("style")
        assert "<?xml" not in themed and "<metadata" not in themed and "<!DOCTYPE" not in themed
        assert style.themed(themed) == themed


def test_themed_takes_upper_case_and_leaves_words_and_other_colours():
    ink = style.LIGHT["ink"]
    svg = f'<svg width="9" height="9"><text fill="{ink.upper()}" stroke="#123456">{ink}</text></svg>'
    themed = style.themed(svg, alt='3 < 4 & "x"')
    assert f'fill="var(--cnn-ink, {ink})"' in themed and f">{ink}<" in themed and "#123456" in themed
    assert ElementTree.fromstring(themed).get("aria-label") == '3 < 4 & "x"'


def test_themed_keeps_image_data_and_its_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3, 20, 20), dtype=np.uint8)
    svg = style.svg(look.grid(pixels))
    data = re.findall(r'"data:image/png;base64,[^"]*"', svg)
    assert len(data) == 4 and re.findall(r'"data:image/png;base64,[^"]*"', style.themed(svg)) == data
    shown = np.array(Image.open(io.BytesIO(base64.b64decode(data[0].split(",")[1]))))[..., :3]
    assert (shown == pixels[0].transpose(1, 2, 0)).all() or (shown[::-1] == pixels[0].transpose(1, 2, 0)).all()
    tainted = f'<svg width="9" height="9"><image href="data:image/svg+xml,{style.LIGHT["ink"]}"/></svg>'
    assert f"data:image/svg+xml,{style.LIGHT['ink']}" in style.themed(tainted)


def test_themed_pictures_share_no_id_and_no_page_wide_style():
    figures = [look.heat(np.eye(3)), look.heat(1 - np.eye(3))]
    themed = [style.themed(style.svg(figure)) for figure in figures]
    first, second = (set(re.findall(r'\bid="([^"]+)"', each)) for each in themed)
    assert first and not first & second
    for each, ids in zip(themed, (first, second), strict=True):
        assert set(re.findall(r'(?:href="|url\()#([^")]+)', each)) <= ids
        assert "<style" not in each


def test_themed_refuses_what_is_no_svg():
    with pytest.raises(ValueError, match="no <svg>"):
        style.themed("<p>hello</p>")


def test_figures_are_the_same_bytes_on_every_call():
    assert style.svg(look.filters(LENET[0].weight)) == style.svg(look.filters(LENET[0].weight))
    assert str(draw.network(LENET, (1, 32, 32))) == str(draw.network(LENET, (1, 32, 32)))


# --- images --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    "images, count",
    [
        (torch.zeros(5, 1, 8, 8, dtype=torch.uint8), 5), (np.ones((64, 3, 4, 4)), 64), (torch.rand(7, 6, 6), 7),
        (torch.rand(3, 6, 6, requires_grad=True), 1), (np.zeros((6, 6), bool), 1),
        ([torch.rand(3, 4, 6), np.zeros((5, 5), np.uint8)], 2),
    ],
)  # fmt: skip
def test_grid_draws_every_image(images, count):
    figure = look.grid(images, titles=range(count))
    axes = figure.axes[0]
    assert isinstance(figure, Figure) and len(axes.images) == count
    assert [text.get_text() for text in axes.texts] == [str(i) for i in range(count)]
    boxes = [image.get_extent() for image in axes.images]
    overlap = [a for i, a in enumerate(boxes) for b in boxes[:i]
               if a[0] < b[1] and b[0] < a[1] and a[3] < b[2] and b[3] < a[2]]
    assert not overlap


def test_grid_scales_bytes_by_255_and_stretches_floats_together():
    byte = look.grid(np.full((1, 1, 2, 2), 51, np.uint8)).axes[0].images[0]
    assert byte.get_array().max() == pytest.approx(0.2) and byte.get_clim() == (0, 1)
    first, second = look.grid([np.full((2, 2), -1.0), np.full((2, 2), 3.0)]).axes[0].images
    assert (first.get_array().max(), second.get_array().max()) == (0, 1)


def test_a_large_photograph_is_scaled_down():
    shown = look.grid(np.random.default_rng(0).integers(0, 256, (1, 3, 900, 1200), np.uint8)).axes[0].images[0]
    height, width = shown.get_array().shape[:2]
    assert width < 400 and height / width == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize(
    "images, options, message",
    [
        (torch.zeros(2, 8, 8, 3), {}, "permute"), (torch.zeros(8, 8, 3), {}, "Channels come first"),
        (torch.zeros(2, 6, 8, 8), {}, "feature_maps"), ([], {}, "empty"),
        (torch.full((2, 2), torch.nan), {}, "4 values are NaN"),
        (torch.zeros(2, 1, 4, 4), {"titles": ["a"]}, "1 titles for 2 images"),
        (torch.zeros(2, 1, 4, 4), {"columns": -1}, "columns is -1"), (torch.zeros(4), {}, "expected"),
    ],
)  # fmt: skip
def test_grid_says_what_is_wrong(images, options, message):
    with pytest.raises(ValueError, match=message):
        look.grid(images, **options)


def test_filters_show_sign_around_white_and_colour_around_grey():
    weight = torch.zeros(4, 2, 3, 3)
    weight[0, 0, 0, 0] = -0.5
    tiles = look.filters(weight).axes[0].images
    assert len(tiles) == 8 and tiles[0].get_clim() == (-0.5, 0.5)
    colour = look.filters(torch.zeros(2, 3, 5, 5)).axes[0].images
    assert len(colour) == 2 and (colour[0].get_array() == 0.5).all()
    with pytest.raises(ValueError, match="expected \\(K, C, h, w\\)"):
        look.filters(torch.zeros(3, 3))


def test_feature_maps_share_one_scale():
    maps = torch.stack([torch.full((4, 4), 1.0), torch.full((4, 4), 3.0)])
    assert [image.get_clim() for image in look.feature_maps(maps).axes[0].images] == [(0, 3), (0, 3)]
    assert look.feature_maps(-maps[None]).axes[0].images[0].get_clim() == (-3, 3)
    own = look.feature_maps(maps, shared=False).axes[0].images
    assert own[0].get_array().max() == own[1].get_array().max() == 1
    with pytest.raises(ValueError, match="the activation of one image"):
        look.feature_maps(torch.zeros(2, 3, 4, 4))


# --- plots ---------------------------------------------------------------------------------------------------------

def test_curves_draw_the_mean_and_the_range_of_seeds():
    runs = [pd.DataFrame({"epoch": [1, 2], "test_accuracy": values}) for values in ([0.2, 0.4], [0.4, 0.8])]
    axes = look.curves({"net": runs}).axes[0]
    assert axes.lines[0].get_ydata() == pytest.approx([0.3, 0.6])
    low, high = axes.collections[0].get_paths()[0].get_extents().intervaly
    assert (low, high) == pytest.approx((0.2, 0.8))
    assert axes.yaxis.get_major_formatter()(0.975, 0) == "97.5%"
    with pytest.raises(ValueError, match="'net' has no column 'loss'"):
        look.curves({"net": runs}, y="loss")
    with pytest.raises(ValueError, match="2, 3 points"):
        look.curves({"net": [[1, 2], [1, 2, 3]]}, y="loss")


def test_curves_differ_in_more_than_colour():
    lines = look.curves({str(i): list(range(20)) for i in range(6)}, y="loss").axes[0].lines
    assert len({line._unscaled_dash_pattern[1] for line in lines}) == 6 == len({line.get_color() for line in lines})


def test_bars_write_each_value():
    texts = [text.get_text() for text in look.bars({"a": 105705600, "b": -0.5}).axes[0].texts]
    assert texts == ["105,705,600", "−0.5"]
    assert [text.get_text() for text in look.bars({"a": 0.975}, percent=True).axes[0].texts] == ["97.5%"]
    with pytest.raises(ValueError, match="'c'"):
        look.bars({"a": 1}, highlight="c")


def test_confusion_writes_every_count_but_zero():
    matrix = torch.tensor([[5, 0, 1], [0, 6, 0], [2, 0, 3]])
    assert [text.get_text() for text in look.confusion(matrix, "abc").axes[0].texts] == ["5", "1", "6", "2", "3"]
    with pytest.raises(ValueError, match=r"\(3, 3\) for 2 classes"):
        look.confusion(matrix, "ab")


def test_heat_is_symmetrical_around_zero_where_it_is_signed():
    assert look.heat([[-1, 3]]).axes[0].images[0].get_clim() == (-3, 3)
    assert look.heat([[1, 3]]).axes[0].images[0].get_clim() == (0, 3)
    with pytest.raises(ValueError, match="expected \\(H, W\\)"):
        look.heat(np.zeros(3))


# --- trace ---------------------------------------------------------------------------------------------------------

def test_trace_of_lenet_by_hand():
    table = look.trace(LENET, (1, 32, 32))
    weights = table[table.parameters > 0]
    assert list(table.columns) == [
        "layer", "output", "kernel", "stride", "parameters", "multiply_adds", "activation_bytes", "receptive_field",
        "jump",
    ]  # fmt: skip
    assert list(weights.parameters) == [156, 2416, 48120, 10164, 850] and table.parameters.sum() == 61706
    assert list(weights.multiply_adds) == [28 * 28 * 6 * 25, 10 * 10 * 16 * 150, 120 * 400, 120 * 84, 84 * 10]
    assert list(weights.output) == [(6, 28, 28), (16, 10, 10), (120, 1, 1), (84,), (10,)]
    assert list(table.receptive_field) == [5, 5, 6, 14, 14, 16, 32, 32, 32, 32, 32, 32]
    assert list(table.jump)[:7] == [1, 1, 2, 2, 2, 4, 4]
    assert list(weights.activation_bytes) == [4 * 4704, 4 * 1600, 4 * 120, 4 * 84, 4 * 10]  # float32
    half = look.trace(copy.deepcopy(LENET).bfloat16(), (1, 32, 32))
    assert list(half.activation_bytes * 2) == list(table.activation_bytes)


def measured_field(model: nn.Module, size: int) -> int:
    """The side of the square of pixels on which a number in the middle of the output depends."""
    image = torch.rand(1, 1, size, size, requires_grad=True)
    output = model.eval()(image)
    middle = output.shape[-1] // 2
    output[0, 0, middle, middle].backward()
    touched = image.grad[0, 0].nonzero()
    return int(touched[:, 0].max() - touched[:, 0].min()) + 1


class Forked(nn.Module):
    """A 3 × 3 beside a 1 × 1, joined by a function."""

    def __init__(self):
        super().__init__()
        wide = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU())
        self.fork = nn.ModuleDict({"wide": wide, "one": nn.Conv2d(2, 1, 1)})
        self.join = nn.Sequential(nn.Sequential(nn.Conv2d(4, 8, 3, stride=2), nn.BatchNorm2d(8)), nn.Flatten())

    def forward(self, x):
        return self.join(torch.cat([self.fork["wide"](x), self.fork["one"](x)], dim=1))


def test_trace_gathers_stages_to_the_depth_it_is_told():
    model = Forked()
    layers, two, one = (look.trace(model, (2, 9, 9), depth) for depth in (None, 2, 1))
    assert list(two.index) == ["fork.wide", "fork.one", "join.0", "join.1"] and list(two.layer)[0] == "Sequential"
    assert list(two.kernel) == [3, 1, 3, ""] and list(two.stride) == [1, 1, 2, ""]
    assert list(two.output) == [(3, 9, 9), (1, 9, 9), (8, 4, 4), (128,)]
    assert list(two.receptive_field) == [3, 1, 5, 5] and list(two.jump) == [1, 1, 2, ""]
    assert two.activation_bytes["fork.wide"] == 2 * 4 * 3 * 81 and two.parameters["join.0"] == 4 * 8 * 9 + 8 + 16
    assert list(one.index) == ["fork.wide.0", "fork.wide.1", "fork.one", "join"]  # the dictionary itself is not called
    for column in ("parameters", "multiply_adds", "activation_bytes"):
        assert layers[column].sum() == two[column].sum() == one[column].sum()
    assert look.trace(model, (2, 9, 9), depth=9).equals(layers)
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in model.modules())
    for wrong in (0, 1.5):
        with pytest.raises(ValueError, match=f"depth is {wrong}: expected 1"):
            look.trace(model, (2, 9, 9), depth=wrong)


class Residual(nn.Module):
    """Paths that split and join in functions, not in modules."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.body = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1))
        self.after = nn.Conv2d(8, 1, 3, stride=2)

    def forward(self, x):
        x = self.first(x)
        return self.after(torch.cat([x, x + torch.tanh(self.body(x))], dim=1))


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Conv2d(1, 2, 5, 2), nn.Conv2d(2, 2, 3, dilation=2), nn.AvgPool2d(3, 2), nn.Conv2d(2, 1, 3)),
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.ConvTranspose2d(2, 2, 4, stride=2), nn.Conv2d(2, 1, 1)),
        Residual(),
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.AvgPool2d(2), nn.Upsample(scale_factor=2), nn.Conv2d(2, 1, 3)),
        nn.Sequential(nn.AvgPool2d(4), nn.Upsample(scale_factor=4, mode="bilinear"), nn.Conv2d(1, 1, 1)),
        nn.Sequential(nn.AvgPool2d(4), nn.Upsample(scale_factor=4, mode="bicubic"), nn.Conv2d(1, 1, 1)),
        nn.Sequential(nn.Conv2d(1, 1, 57), nn.AdaptiveAvgPool2d(3)),
    ],
    ids=["strides and dilation", "transposed", "residual and concatenation", "nearest", "bilinear", "bicubic",
         "adaptive pooling, 5 to 3"],
)  # fmt: skip
def test_receptive_field_is_what_the_gradient_reaches(model):
    torch.manual_seed(0)
    table = look.trace(model, (1, 61, 61))
    assert table.receptive_field.iloc[-1] == measured_field(model, 61)


class Unpooled(nn.Module):
    """Pooling undone at its switches, then a convolution."""

    def __init__(self):
        super().__init__()
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
        self.last = nn.Conv2d(1, 1, 3)

    def forward(self, x):
        return self.last(self.unpool(*self.pool(x)))


def test_what_is_enlarged_again_has_its_jump_back():
    """Three of four places of an unpooled map hold 0 and see no pixel by their gradient: numbers by hand."""
    assert list(look.trace(Unpooled(), (1, 8, 8)).jump) == [2, 1, 1]
    assert list(look.trace(Unpooled(), (1, 8, 8)).receptive_field) == [2, 2, 4]
    enlarged = nn.Sequential(nn.AvgPool2d(4), nn.Upsample(scale_factor=2), nn.Upsample(size=(12, 6)))
    assert list(look.trace(enlarged, (1, 24, 24)).jump) == [4, 2, (2, 4)]


def test_trace_of_other_layers():
    shared = nn.ReLU()
    model = nn.Sequential(
        nn.Conv2d(4, 8, (1, 7), groups=2, bias=False), nn.BatchNorm2d(8), shared, nn.AdaptiveAvgPool2d(1), shared,
        nn.Flatten(), nn.Linear(8, 3),
    )  # fmt: skip
    table = look.trace(model, (4, 5, 16))
    assert table.kernel.iloc[0] == (1, 7) and table.receptive_field.iloc[0] == (1, 7)
    assert table.parameters.sum() == sum(p.numel() for p in model.parameters())
    assert table.multiply_adds.iloc[0] == 8 * 5 * 10 * 2 * 7
    assert table.receptive_field.iloc[-1] == (5, 16)  # global pooling sees everything
    assert list(table.layer).count("ReLU") == 2


def test_trace_leaves_the_model_as_it_was():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5)).train()
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(3)
    state = torch.get_rng_state()
    look.trace(model, np.array([1, 8, 8]))  # sizes may be NumPy's
    assert model.training and model[0].training and not model[1].training and model[2].training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert not any(module._forward_hooks for module in model.modules())


def test_trace_says_what_does_not_fit():
    model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.Flatten(), nn.Linear(10, 2)).train()
    with pytest.raises(ValueError, match=r"(?s)does not accept an input of 1×8×8: after 1 gave \(96,\)"):
        look.trace(model, (1, 8, 8))
    assert model[0].training and not model[0]._forward_hooks
    with pytest.raises(ValueError, match=r"expected \(C, H, W\)"):
        look.trace(model, (8, 8))


def bars_of(picture: draw.Svg, colour: str) -> list[float]:
    """Lengths of the bars of one colour."""
    boxes = ElementTree.fromstring(str(picture)).iter("{http://www.w3.org/2000/svg}rect")
    return [float(box.get("width")) for box in boxes if box.get("fill") == style.LIGHT[colour]]


def test_profile_says_what_each_layer_makes_and_costs():
    picture = look.profile(look.trace(LENET, (1, 32, 32)))
    shown = texts(picture)
    for shape in ("6×28×28", "6×14×14", "16×10×10", "16×5×5", "120×1×1", "84", "10"):  # Tanh and Flatten join a layer
        assert shown.count(shape) == 1
    assert shown.count("5×5") == 3 and shown.count("2×2 /2") == 2 and "32, 4" in shown and "14, 2" in shown
    assert {"Σ 61.7 k", "Σ 417 k", "156", "48.1 k", "118 k"} <= set(shown)
    parameters = bars_of(picture, "orange")
    assert len(parameters) == 5  # poolings have none
    decade = (parameters[2] - parameters[1]) / (math.log10(48120) - math.log10(2416))
    assert parameters[3] - parameters[0] == pytest.approx(decade * (math.log10(10164) - math.log10(156)), abs=0.1)
    assert parameters[0] == pytest.approx(decade * math.log10(156 / 100), abs=0.1)  # columns begin at a power of ten
    assert len(bars_of(picture, "green")) == 7


def test_profile_adds_up_what_it_joins_and_names_by_the_last_name():
    model = nn.Sequential()
    model.add_module("stem", nn.Sequential(nn.Conv2d(3, 8, (1, 3)), nn.BatchNorm2d(8), nn.ReLU()))
    model.add_module("pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    shown = texts(look.profile(look.trace(model, (3, 1, 5))))
    assert "96" in shown and "1×3" in shown  # 72 weights, 8 biases, 16 of batch norm
    assert "288 B" in shown and "64 B" in shown  # three times 8 · 3 values, and 8 twice, of 4 bytes
    assert "pool" in shown and "stem" in shown
    plain = nn.Sequential(nn.Sequential(nn.Conv2d(3, 8, 1)), nn.Sequential(nn.Conv2d(8, 3, 1)))
    assert {"0.0", "1.0"} <= set(texts(look.profile(look.trace(plain, (3, 4, 4)))))


def test_profile_says_what_is_wrong():
    table = look.trace(LENET, (1, 32, 32))
    with pytest.raises(ValueError, match="expected a table of look.trace: this one has no rows"):
        look.profile(table[:0])
    with pytest.raises(ValueError, match="this one has no activation_bytes"):
        look.profile(table.drop(columns="activation_bytes"))


# --- drawings ------------------------------------------------------------------------------------------------------

def texts(picture: draw.Svg) -> list[str]:
    root = ElementTree.fromstring(picture._repr_svg_())
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


DRAWINGS = {
    "tensor": draw.tensor((64, 28, 14), "x < y & z"),
    "vector": draw.tensor((10,), "logits", sides=False),
    "layer": draw.layer("conv 3×3", "64, stride 2\npadding 1"),
    "residual": draw.block([["conv 3×3", "ReLU", "conv 3×3"], []], after=["ReLU"], output="y"),
    "inception": draw.block([["conv 1×1"], ["conv 1×1", ("conv 3×3", "128")], ["max pool"]], merge="concat"),
    "chain": draw.block([["conv 3×3", "batch norm"]], merge=None),
    "network": draw.network([("input", (3, 32, 32), ""), ("c1", (6, 28, 28), "conv\n5×5"), ("", (10,), "linear")]),
    "cells": draw.cells([[1, -2], [0.5, 0]], "x", highlight=(0, 0, 2, 1), labels=True, heat=True),
    "profile": look.profile(look.trace(LENET, (1, 32, 32))),
    "stack": draw.stack(draw.row(draw.cells([1, 2]), "∗", draw.cells([3])), "=", title="a & b"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_are_well_formed_and_stay_inside_their_frame(name):
    root = ElementTree.fromstring(DRAWINGS[name]._repr_svg_())
    _, _, width, height = map(float, root.get("viewBox").split())
    assert (root.get("width"), root.get("height")) == tuple(root.get("viewBox").split()[2:])
    for x, y in points(root, 0, 0):
        assert -0.5 <= x <= width + 0.5 and -0.5 <= y <= height + 0.5, (x, y)
    colours = set(re.findall(r"#[0-9a-f]{6}", DRAWINGS[name]._repr_svg_()))
    assert colours <= set(style.LIGHT.values())


def points(element, x: float, y: float):
    """Every point that an element and its children draw at, moved by their translations."""
    moved = re.match(r"translate\((-?[\d.]+) (-?[\d.]+)\)", element.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    tag = element.tag.rpartition("}")[2]
    if tag in ("polygon", "path"):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", element.get("points") or element.get("d"))]
        yield from ((x + a, y + b) for a, b in zip(numbers[::2], numbers[1::2], strict=True))
    elif tag == "text":
        yield x + float(element.get("x")), y + float(element.get("y"))
    elif tag == "rect":
        left, top, width, height = (float(element.get(each)) for each in ("x", "y", "width", "height"))
        yield from ((x + left, y + top), (x + left + width, y + top + height))
    for child in element:
        yield from points(child, x, y)


def test_cells_show_every_number_with_equal_decimals():
    numbers = np.random.default_rng(0).normal(size=(4, 5))
    shown = texts(draw.cells(numbers))
    assert shown == [f"{value:.2f}".replace("-", "−") for value in numbers.ravel()]
    assert texts(draw.cells(torch.tensor([[1.0, -2.0], [0.5, -0.04]]))) == ["1.00", "−2.00", "0.50", "−0.04"]
    assert texts(draw.cells([[1.0, -0.0], [3.0, 4.0]])) == ["1", "0", "3", "4"]
    assert texts(draw.cells(np.array([["x₀", "x₁"]]))) == ["x₀", "x₁"]
    assert texts(draw.cells([10, 200], "x", labels=(None, ["a", "b"]))) == ["10", "200", "a", "b", "x"]


def fills(picture: draw.Svg) -> list[str]:
    root = ElementTree.fromstring(picture._repr_svg_())
    names = {value: name for name, value in style.LIGHT.items()}
    boxes = list(root.iter("{http://www.w3.org/2000/svg}rect"))[1:]
    return [names[box.get("fill")] for box in boxes if box.get("fill") != "none"]


def test_cells_mark_windows_cells_and_padding():
    grid = np.zeros((3, 4))
    window = fills(draw.cells(grid, highlight=(1, 2, 2, 2)))
    assert [i for i, fill in enumerate(window) if fill == "orange_soft"] == [6, 7, 10, 11]
    single = fills(draw.cells(grid, highlight=[(0, 1), (2, 3)], highlight_colour="green", colour="blue"))
    assert [i for i, fill in enumerate(single) if fill == "green_soft"] == [1, 11] and single[0] == "blue_soft"
    padded = fills(draw.cells(grid, padding=1))
    assert [i for i, fill in enumerate(padded) if fill == "paper"] == [5, 6]
    assert fills(draw.cells([0, 1, 2, 0], padding=1)) == ["muted_soft", "paper", "paper", "muted_soft"]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: draw.cells(np.zeros((2, 2, 2))), "for channel in array"),
        (lambda: draw.cells(np.zeros((2, 2)), highlight=(1, 1, 2, 2)), "leaves cells"),
        (lambda: draw.cells(np.zeros((2, 2)), highlight=[(0, 5)]), r"\(0, 5\) leaves cells"),
        (lambda: draw.cells(np.zeros((2, 2)), padding=1), "padding 1 leaves nothing"),
        (lambda: draw.cells([1, 2], labels=(None, ["a"])), "1 labels for 2 columns"),
        (lambda: draw.cells([1, 2], colour="pink"), "colour 'pink': expected one of blue"),
        (lambda: draw.tensor((0, 2, 2)), "positive"),
        (lambda: draw.tensor((1, 2, 2, 2)), r"expected \(C, H, W\)"),
        (lambda: draw.block([["a"], ["b"]], merge=None), "2 branches with merge=None"),
        (lambda: draw.block([["a"]], merge="sum"), "'add', 'concat'|\"add\", \"concat\""),
        (lambda: draw.network(LENET), "size of its input"),
        (lambda: draw.network([]), "no stages"),
    ],
)  # fmt: skip
def test_drawings_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_network_of_a_module_names_each_size_and_operation():
    shown = texts(draw.network(LENET, (1, 32, 32)))
    assert [each for each in shown if re.fullmatch(r"[\d×]+", each) and each not in ("5×5",)] == [
        "1×32×32", "6×28×28", "6×14×14", "16×10×10", "16×5×5", "120×1×1", "120", "84", "10",
    ]  # fmt: skip
    assert shown.count("conv") == 3 and shown.count("Tanh") == 4 and shown.count("2×2 /2") == 2


def test_a_network_wraps_to_the_width_it_is_given():
    wide, narrow = (draw.network(LENET, (1, 32, 32), width=width) for width in (2000, 400))
    assert narrow.width <= 400 and narrow.height > 2 * wide.height * 0.9
    assert sorted(texts(wide)) == sorted(texts(narrow))


def test_rows_are_about_equally_long_and_a_part_too_wide_gets_its_own():
    part = draw.layer("conv")
    six = draw.row(*[part] * 6, gap=0, width=5.5 * part.width)
    assert six.width == pytest.approx(3 * part.width) and six.height == 2 * part.height
    assert draw.row(part, part, width=1).width == part.width


def test_a_row_lines_up_the_grids_not_their_names():
    plain, named = draw.cells([[1]]), draw.cells([[2]], "x")
    root = ElementTree.fromstring(draw.row(plain, named)._repr_svg_())
    heights = [y for _, y in points_of_texts(root, ("1", "2"))]
    assert heights[0] == pytest.approx(heights[1])


def points_of_texts(root, wanted):
    parents = {child: parent for parent in root.iter() for child in parent}
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        if text.text in wanted:
            y, node = float(text.get("y")), text
            while node in parents:
                node = parents[node]
                moved = re.match(r"translate\((-?[\d.]+) (-?[\d.]+)\)", node.get("transform", ""))
                y += float(moved[2]) if moved else 0
            yield text.text, y
