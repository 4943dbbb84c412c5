"""Where scenes take place: a wall and a floor, or sky, hills or sea, and the ground; painted from back to front."""

import torch
from torch import Tensor

from cnnbook.data.drawn import paint
from cnnbook.data.drawn.chance import Chance
from cnnbook.data.drawn.palettes import light

PLACES = ("floor", "meadow", "beach", "snow")
PLACES_KO = ("바닥", "풀밭", "모래밭", "눈밭")

# of each setting: place; colours of the air above and at the horizon, of the far and the near ridge, of the ground far
# and near; heights of the two ridges above the horizon, how much they rise and fall; and the texture of air and ground
_SETTINGS = (
    ("floor", "efe3cf e3d0b4 000000 000000 a97c50 c59a6b", (-1.0, -1.0, 0.0), "stripes", "stripes"),
    ("floor", "cbd8d6 b4c6c4 000000 000000 8a5d3d b07d55", (-1.0, -1.0, 0.0), "dots", "stripes"),
    ("floor", "dcc6be cfb1a7 000000 000000 c9bba6 e6dccb", (-1.0, -1.0, 0.0), "stripes", "checks"),
    ("floor", "7f9aa8 6a8796 000000 000000 c0a183 dcc3a6", (-1.0, -1.0, 0.0), "waves", "stripes"),
    ("floor", "e9d9b0 dcc48d 000000 000000 6f8794 90a8b3", (-1.0, -1.0, 0.0), "dots", "checks"),
    ("floor", "4f6475 5f7789 000000 000000 b98b62 d6ab80", (-1.0, -1.0, 0.0), "checks", "stripes"),
    ("meadow", "86b9d8 dfeef0 9dbcab 7fa57a c3cf8a 93b05c", (0.16, 0.06, 0.07), "waves", "waves"),
    ("meadow", "f0b48c fbe6c4 b59aa0 8d8a76 cdbf7a 9a9a52", (0.2, 0.07, 0.08), "waves", "waves"),
    ("meadow", "a9c8c4 f1ecd2 a3bfae 86a97f d6d394 b2b865", (0.14, 0.05, 0.05), "waves", "waves"),
    ("beach", "93c7df eaf4ee 6fb3c0 3f93a8 ead9b0 dcc08a", (0.14, 0.05, 0.0), "waves", "waves"),
    ("beach", "f4c3a0 fdeed3 8fa9b5 5f8ba0 ecd3ae d3ad80", (0.16, 0.06, 0.0), "waves", "waves"),
    ("snow", "a9bfd8 e9eff4 c3d0e2 d3deea e6ecf3 c7d4e6", (0.24, 0.1, 0.09), "waves", "gradient"),
    ("snow", "c9b6cf f6e3dd cfc9de dcdbe8 ece8ef cdcde0", (0.2, 0.08, 0.09), "waves", "gradient"),
)


def plan(chance: Chance) -> dict[str, Tensor]:
    """One setting a scene, the height of its horizon and what else is random; numbers (rows, …)."""
    chosen = chance.one_of(len(_SETTINGS))
    places = torch.tensor([PLACES.index(setting[0]) for setting in _SETTINGS])
    colours = torch.tensor([[light(colour) for colour in setting[1].split()] for setting in _SETTINGS])
    ridges = torch.tensor([setting[2] for setting in _SETTINGS])
    textures = torch.tensor([[paint.TEXTURES.index(name) for name in setting[3:]] for setting in _SETTINGS])
    return {
        "place": places[chosen],
        "colours": colours[chosen],  # (rows, 6, 3)
        "ridges": ridges[chosen][..., None, None],  # (rows, 3, 1, 1)
        "textures": textures[chosen],  # (rows, 2)
        "horizon": chance.between(-0.22, 0.02),
        "vanishing": chance.between(-0.5, 0.5),
        "phase": chance.angle(4, 1, 1),
        "period": chance.between(0.24, 0.42),
        "warmth": (0.09 * chance.between(-1, 1, 1, 1, 1) * torch.tensor([1.0, 0.1, -1.0]).view(3, 1, 1)).exp(),
    }


def view(plan: dict[str, Tensor], size: int) -> tuple[Tensor, Tensor]:
    """The empty scene, light (B, 3, size, size), and how much of each pixel is ground, (B, size, size)."""
    pixel = 2 / size
    x, y = paint.grid(size)
    colours = plan["colours"][..., None, None].unbind(1)  # six of (B, 3, 1, 1)
    horizon, phase, place = plan["horizon"], plan["phase"], plan["place"]
    indoors = (place == PLACES.index("floor")).float().view(-1, 1, 1)

    height = ((horizon - y) / (horizon + 1)).clamp(0, 1).unsqueeze(1)  # 0 at the horizon, 1 at the top
    picture = torch.lerp(colours[1], colours[0], height).expand(-1, -1, size, size)
    picture = picture * _air(x, y, plan, indoors, pixel).unsqueeze(1)
    far, near, swing = plan["ridges"].unbind(1)
    for above, colour, nth in ((far, colours[2], 0), (near, colours[3], 2)):
        hills = torch.sin(2.3 * x + phase[:, nth]) + 0.5 * torch.sin(5.1 * x + phase[:, nth + 1])
        line = horizon - above - swing * hills
        picture = paint.over(picture, colour, paint.cover(line - y, pixel) * (above > 0))
    ground = paint.cover(horizon - y, pixel).expand(-1, size, size)
    depth = ((y - horizon) / (1 - horizon)).clamp(0, 1)  # 0 at the horizon, 1 at the lower edge
    earth = torch.lerp(colours[4], colours[5], depth.unsqueeze(1)) * _earth(x, depth, plan, pixel).unsqueeze(1)
    return paint.over(picture, earth, ground), ground


def _air(x: Tensor, y: Tensor, plan: dict[str, Tensor], indoors: Tensor, pixel: float) -> Tensor:
    """How much of the light the wallpaper's pattern leaves, or clouds add."""
    phase = plan["phase"]
    pattern = paint.texture(x, y, plan["textures"][:, 0], torch.zeros_like(indoors), plan["period"], phase[:, 0], pixel)
    clouds = paint.wave(1.7 * x + phase[:, 0], 5.0 * y) + 0.7 * paint.wave(
        4.3 * x + phase[:, 1], phase[:, 2] - 11.0 * y
    )
    clouds = (clouds - 0.2).clamp(min=0) * ((plan["horizon"] - y) * 2.5).clamp(0, 1)
    return torch.where(indoors > 0, 1 - 0.1 * pattern, 1 + 0.16 * clouds)


def _earth(x: Tensor, depth: Tensor, plan: dict[str, Tensor], pixel: float) -> Tensor:
    """How much of the light boards, tiles or ripples leave, seen in perspective; `depth` (B, H, 1) is 1 in front."""
    kind, phase = plan["textures"][:, 1, None, None], plan["phase"]
    away = 1 / (depth + 0.25)  # how far away a row of pixels is
    across, along = (x - plan["vanishing"]) * away * 13.8, away * 10.0
    step = 10.0 * away * away * pixel  # of `along`, from one row to the next
    clear = (1.6 - step).clamp(0, 1)  # what is too fine for the pixels blurs away
    boards, rows = torch.cos(across), torch.cos(along + phase[:, 2])
    seams = ((boards - 0.93) * 14).clamp(0, 1) * (depth * 3).clamp(0, 1)
    tiles = (0.5 + 0.5 * boards * rows / (step + 6.9 * away * pixel)).clamp(0, 1) * clear
    ripples = 0.5 + 0.5 * torch.cos(3 * along + phase[:, 2] + 1.4 * torch.cos(0.3 * across + phase[:, 3]))
    ripples = ripples * (1.6 - 3 * step).clamp(0, 1)
    pattern = torch.where(kind == paint.TEXTURES.index("checks"), 0.17 * tiles, 0.0)
    pattern = torch.where(kind == paint.TEXTURES.index("stripes"), 0.3 * seams, pattern)
    return 1 - torch.where(kind == paint.TEXTURES.index("waves"), 0.09 * ripples, pattern)
