"""The one way to draw: a tensor, a layer, a block, a network, a grid of numbers, and pictures put together."""

from cnnbook.look.cells import cells
from cnnbook.look.diagram import block, colour_of, layer, tensor
from cnnbook.look.network import Stage, network, stages_of
from cnnbook.look.svg import Svg, row, sign, stack

__all__ = [
    "Stage", "Svg", "block", "cells", "colour_of", "layer", "network", "row", "sign", "stack", "stages_of", "tensor",
]  # fmt: skip
