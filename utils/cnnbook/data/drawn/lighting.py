"""The light on a picture: where it comes from, its strength and colour, a shadow that falls across it, glare."""

import torch
from torch import Tensor

from cnnbook.data.drawn import paint
from cnnbook.data.drawn.chance import Chance

LIGHT = -2.2  # radians: from above, a little to the left
Plan = dict[str, Tensor]


def illumination(chance: Chance, dial: float) -> Plan:
    """The light's direction, strength, fall and colour, a shadow over one side, a spot of glare."""
    direction = LIGHT + dial * chance.angle()
    warmth = torch.tensor([1.0, 0.0, -1.0]).view(3, 1, 1)
    return {
        "towards light": torch.stack([direction.cos(), direction.sin()], 1),
        "shadow length": 0.07 + 0.16 * dial * chance.between(0, 1),
        "exposure": (dial * chance.between(-1.3, 0.55)).exp(),
        "falloff": 0.06 + 0.7 * dial * chance.between(0, 1),
        "tint": (0.35 * dial * chance.between(-1, 1, 1, 1, 1) * warmth).exp(),
        "dark side": torch.stack([chance.angle(), chance.between(-0.5, 0.5), chance.between(2, 12)], 1),
        "darkness": dial * chance.happens(dial) * chance.between(0.5, 0.9),
        "glare": torch.stack([chance.between(-0.8, 0.8), chance.between(-0.8, 0.8)], 1),
        "glare strength": dial * chance.happens(0.4 * dial) * chance.between(0.2, 0.8),
    }


def shone(picture: Tensor, plan: Plan, size: int) -> Tensor:
    """Light (B, 3, size, size) of a picture in even light → in the light that `illumination` drew."""
    x, y = paint.grid(size)
    light_x, light_y = plan["towards light"].unbind(1)
    angle, off, soft = plan["dark side"].unbind(1)
    dark = (0.5 + soft * (x * angle.cos() + y * angle.sin() - off)).clamp(0, 1)
    lit = plan["exposure"] * (1 + plan["falloff"] * (x * light_x + y * light_y)).clamp(min=0.1)
    lit = lit * (1 - plan["darkness"] * dark)
    from_x, from_y = x - plan["glare"][:, 0], y - plan["glare"][:, 1]
    glare = plan["glare strength"] * torch.exp(-(from_x * from_x + from_y * from_y) / 0.3)
    return picture * (lit.unsqueeze(1) * plan["tint"]) + glare.unsqueeze(1)
