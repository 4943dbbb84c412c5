"""A whole network as a row of slabs, from a list of stages or from a module."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from cnnbook.look.diagram import tensor
from cnnbook.look.shape_trace import trace
from cnnbook.look.svg import SMALL, TEXT, WIDTH, Svg, arrow, lines_of, row, text, text_width


@dataclass(frozen=True)
class Stage:
    """A tensor of a network: its name, its shape without the batch, the operations that made it."""

    name: str
    shape: tuple[int, ...]
    operation: str = ""


def network(
    stages: nn.Module | Sequence[tuple | Stage],
    input_size: Sequence[int] | None = None,
    *,
    width: float = WIDTH,
    title: str = "",
) -> Svg:
    """A whole network as slabs, with the operation that makes each written at its arrow; wraps at `width` px.

    stages: a list of (name, shape, operation), the first one the input with operation ""; or a module whose layers
    form a chain, with the size (C, H, W) of its input, which is then run once (`look.trace`). A network with branches
    is drawn from a list.
    """
    if isinstance(stages, nn.Module):
        if input_size is None:
            raise ValueError("a module needs the size of its input: network(model, (channels, height, width))")
        stages = stages_of(stages, input_size)
    drawn = [stage if isinstance(stage, Stage) else Stage(*stage) for stage in stages]
    if not drawn:
        raise ValueError("no stages: expected a list of (name, shape, operation) or a module")
    slabs = [tensor(stage.shape, sides=False) for stage in drawn]
    names = max(len(lines_of(stage.name)) if stage.name else 0 for stage in drawn)
    above = max(slab.middle for slab in slabs) + 20 * names + 6  # one height, so that names stand on one line
    parts = [_stage(stage, slab, above) for stage, slab in zip(drawn, slabs, strict=True)]
    return row(*parts, gap=8, width=width, title=title)


def stages_of(model: nn.Module, input_size: Sequence[int]) -> list[Stage]:
    """The tensors of a chain of layers, named as in the model; layers that keep the shape join the one before."""
    stages = [Stage("input", tuple(input_size))]
    for name, step in trace(model, input_size).iterrows():
        said = _operation(step)
        last = stages[-1]
        if step["kernel"] == "" and step["layer"] != "Linear" and step["output"] == last.shape and last.operation:
            if said:
                stages[-1] = Stage(last.name, last.shape, f"{last.operation}\n{said}")
        elif step["layer"] != "Identity":
            own = str(name).rpartition(".")[2]
            stages.append(Stage("" if own.isdigit() else own, step["output"], said))
    return stages


def _operation(step) -> str:
    kind = re.sub(r"\d+d$", "", step["layer"])
    short = {
        "Conv": "conv", "ConvTranspose": "transposed conv", "MaxPool": "max pool", "AvgPool": "mean pool",
        "Linear": "linear", "Flatten": "flatten", "BatchNorm": "batch norm", "AdaptiveAvgPool": "mean pool",
        "Dropout": "", "Identity": "",
    }.get(kind, kind if kind.isupper() or kind in ("ReLU", "Tanh", "Sigmoid") else kind.lower())  # fmt: skip
    if step["kernel"] == "":
        return short
    kernel = step["kernel"] if isinstance(step["kernel"], tuple) else (step["kernel"],) * 2
    stride = f" /{step['stride']}" if step["stride"] != 1 else ""
    return f"{short}\n{kernel[0]}×{kernel[1]}{stride}"


def _stage(stage: Stage, slab: Svg, axis: float) -> Svg:
    names = lines_of(stage.name) if stage.name else []
    operations = lines_of(stage.operation) if stage.operation else []
    wide = max((text_width(each, SMALL) for each in operations), default=0)
    reach = max(wide + 12, 40) if operations else 0
    column = max(slab.width, *(text_width(each, TEXT, bold=True) for each in names), 0)
    middle = reach + column / 2
    body = slab.at(middle - slab.width / 2, axis - slab.middle)
    for i, each in enumerate(names):
        body += text(middle, 10 + 20 * i, each, font_weight="600")
    below = slab.height - slab.middle
    if operations:
        body += arrow((2, axis), (reach - 2, axis))
        body += text(reach / 2, axis - 13, operations[0], size=SMALL)
        for i, each in enumerate(operations[1:]):
            body += text(reach / 2, axis + 14 + 17 * i, each, size=SMALL)
        below = max(below, 17 * len(operations))
    return Svg(reach + column, axis + below, body, axis=axis)
