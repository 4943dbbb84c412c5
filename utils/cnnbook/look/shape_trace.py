"""What each layer or stage of a network makes of its input: shapes, parameters, multiply-adds, memory, what it sees."""

import math
from collections.abc import Sequence
from operator import index

import pandas as pd
import torch
from torch import Tensor, nn

from cnnbook.look.evaluating import evaluating

COLUMNS = [
    "layer", "output", "kernel", "stride", "parameters", "multiply_adds", "activation_bytes", "receptive_field", "jump",
]  # fmt: skip

SUMS = ["parameters", "multiply_adds", "activation_bytes"]  # what the rows of a stage add up to


def trace(model: nn.Module, input_size: Sequence[int], depth: int | None = None) -> pd.DataFrame:
    """Run the model once on zeros and list its layers, or its stages, in the order in which they are called.

    input_size: (C, H, W) of one image. The index is the layer's name in the model. Columns:
    layer (its class), output (shape without the batch), kernel and stride ("" where it has none), parameters,
    multiply_adds (of convolutions and linear layers; biases are not counted), activation_bytes (of the output, for one
    image and in the model's own number format, also where the output is a view of the input), receptive_field (pixels
    of the input that one number of the output may depend on), jump (pixels between two neighbours of the output, ""
    for a vector).
    depth: with 1 each of the model's own children is one row, with 2 each of theirs ("features.conv1"), and so on;
    a layer higher up keeps its row. Parameters, multiply_adds and activation_bytes of such a stage are the sums of its
    layers', its kernel and stride those of its only layer that has a window, "" if there are several.
    kernel, stride, receptive_field and jump are one int where height and width agree, else (height, width).
    The receptive field grows along each path by (kernel - 1) · dilation · jump, and where paths meet the largest
    counts; a linear layer on a flattened map, and global pooling, see what the whole map sees. Transposed convolution,
    unpooling and upsampling divide the jump. Only layers that are modules count: a convolution called as a function is
    not seen.
    The model is left as it was, its training mode too. On torch's device "meta" it costs no arithmetic.
    Raises ValueError where input_size is not three positive integers, depth is not one, or the model does not accept
    such an input.
    """
    if len(input_size) != 3 or not all(map(_positive, input_size)):
        raise ValueError(f"input_size is {tuple(input_size)}: expected (C, H, W), three positive integers")
    if depth is not None and not _positive(depth):
        raise ValueError(f"depth is {depth!r}: expected 1 (the model's own children), 2 (theirs), …, or None (layers)")
    rows: list[dict] = []
    counted: set[int] = set()
    hooks = [
        module.register_forward_hook(_recorder(name, rows, counted))
        for name, module in model.named_modules()
        if not list(module.children()) or list(module.parameters(recurse=False))
    ]
    for name, module in model.named_modules():
        if depth and name.count(".") == depth - 1 and name and list(module.children()):
            hooks += _gathering(name, module, rows)
    parameter = next(model.parameters(), torch.zeros(()))
    image = torch.zeros(1, *input_size, device=parameter.device, dtype=parameter.dtype).as_subclass(_Tracked)
    image.seen = _Seen(extent=tuple(input_size[1:]))
    try:
        with torch.no_grad(), evaluating(model):
            model(image)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        after = f"after {rows[-1]['name']} gave {rows[-1]['output']}" if rows else "in its first layer"
        size = "×".join(map(str, input_size))
        raise ValueError(f"{type(model).__name__} does not accept an input of {size}: {after}: {error}") from error
    finally:
        for hook in hooks:
            hook.remove()
    table = pd.DataFrame(rows, columns=["name", *COLUMNS]).set_index("name")
    return table.astype({each: int for each in SUMS})


def _positive(number) -> bool:
    """Whether it is a whole number of at least 1, of Python's or of another kind, such as NumPy's."""
    try:
        return index(number) >= 1
    except TypeError:
        return False


class _Seen:
    """How far one number of a map looks back into the input: pairs (height, width) in pixels."""

    def __init__(self, field=(1, 1), jump=(1, 1), extent=(1, 1)):
        self.field, self.jump, self.extent = field, jump, extent


class _Tracked(Tensor):
    """A tensor that remembers what it has seen through functions as well, so that paths may split and join."""

    seen: _Seen

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        result = super().__torch_function__(func, types, args, kwargs or {})
        sources = [leaf.seen for leaf in _leaves((args, kwargs)) if isinstance(getattr(leaf, "seen", None), _Seen)]
        if sources:
            for leaf in _leaves(result):
                if isinstance(leaf, cls):
                    leaf.seen = _joined(sources, leaf)
        return result


def _leaves(nested):
    if isinstance(nested, Tensor):
        yield nested
    elif isinstance(nested, dict):
        yield from _leaves(list(nested.values()))
    elif isinstance(nested, list | tuple):
        for each in nested:
            yield from _leaves(each)


def _joined(sources: list[_Seen], result: Tensor) -> _Seen:
    field, jump, extent = (
        tuple(max(getattr(seen, what)[i] for seen in sources) for i in range(2)) for what in ("field", "jump", "extent")
    )
    return _Seen(field, jump, tuple(result.shape[2:]) if result.ndim == 4 else extent)


def _recorder(name: str, rows: list[dict], counted: set[int]):
    def record(module: nn.Module, inputs: tuple, output) -> None:
        if not isinstance(output, Tensor):
            output = next(_leaves(output))
        source = inputs[0] if inputs and isinstance(inputs[0], Tensor) else output
        kernel, stride, dilation = _window(module, source)
        before = getattr(source, "seen", _Seen())
        output.seen = _through(module, before, source, output, kernel, stride, dilation)
        parameters = [p for p in module.parameters() if id(p) not in counted]
        counted.update(map(id, parameters))
        rows.append({
            "name": name, "layer": type(module).__name__, "output": tuple(output.shape[1:]),
            "kernel": _short(kernel), "stride": _short(stride),
            "parameters": sum(p.numel() for p in parameters), "multiply_adds": _multiply_adds(module, source, output),
            "activation_bytes": output.nbytes, **_sight(output),
        })  # fmt: skip

    return record


def _sight(output: Tensor) -> dict:
    seen = getattr(output, "seen", _Seen())
    return {"receptive_field": _short(seen.field), "jump": _short(seen.jump) if output.ndim == 4 else ""}


def _gathering(name: str, stage: nn.Module, rows: list[dict]) -> list:
    """Hooks that put one row in place of those of the stage's layers."""
    starts: list[int] = []

    def begin(module: nn.Module, inputs: tuple) -> None:
        starts.append(len(rows))

    def end(module: nn.Module, inputs: tuple, output) -> None:
        layers, output = rows[starts[-1] :], next(_leaves(output))
        windows = [row for row in layers if row["kernel"] != ""]
        window = windows[0] if len(windows) == 1 else {"kernel": "", "stride": ""}
        rows[starts.pop() :] = [{
            "name": name, "layer": type(module).__name__, "output": tuple(output.shape[1:]),
            "kernel": window["kernel"], "stride": window["stride"],
            **{each: sum(row[each] for row in layers) for each in SUMS}, **_sight(output),
        }]  # fmt: skip

    return [stage.register_forward_pre_hook(begin), stage.register_forward_hook(end)]


def _window(module: nn.Module, source: Tensor):
    """Kernel, stride and dilation as (height, width), None for a layer that has no window."""
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d) or not hasattr(module, "kernel_size"):
        return None, None, (1, 1)
    kernel = _pair(module.kernel_size)
    stride = kernel if module.stride is None else _pair(module.stride)
    return kernel, stride, _pair(getattr(module, "dilation", 1))


def _through(module, before: _Seen, source: Tensor, output: Tensor, kernel, stride, dilation) -> _Seen:
    extent = tuple(output.shape[2:]) if output.ndim == 4 else before.extent
    pairs = range(2)
    if isinstance(module, nn.ConvTranspose2d | nn.MaxUnpool2d):
        field = tuple(before.field[i] + (math.ceil(kernel[i] / stride[i]) - 1) * before.jump[i] for i in pairs)
        return _Seen(field, tuple(before.jump[i] / stride[i] for i in pairs), extent)
    if kernel:
        field = tuple(before.field[i] + (kernel[i] - 1) * dilation[i] * before.jump[i] for i in pairs)
        return _Seen(field, tuple(before.jump[i] * stride[i] for i in pairs), extent)
    if isinstance(module, nn.Upsample) and output.ndim == 4:
        reads = {"bilinear": 2, "bicubic": 4}.get(module.mode, 1)  # values on each axis, to make one of them
        field = tuple(before.field[i] + (reads - 1) * before.jump[i] for i in pairs)
        return _Seen(field, tuple(before.jump[i] * source.shape[-2 + i] / extent[i] for i in pairs), extent)
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        windows = [_widest(source.shape[-2 + i], output.shape[-2 + i]) for i in pairs]
        steps = [source.shape[-2 + i] // output.shape[-2 + i] for i in pairs]
        field = tuple(before.field[i] + (windows[i] - 1) * before.jump[i] for i in pairs)
        return _Seen(field, tuple(before.jump[i] * max(steps[i], 1) for i in pairs), extent)
    if isinstance(module, nn.Linear) and source.ndim == 2:
        field = tuple(before.field[i] + (before.extent[i] - 1) * before.jump[i] for i in pairs)
        return _Seen(field, tuple(before.jump[i] * before.extent[i] for i in pairs), (1, 1))
    return getattr(output, "seen", before)


def _widest(size: int, parts: int) -> int:
    """The largest window when adaptive pooling divides `size` into `parts`, which may overlap."""
    return max(math.ceil((i + 1) * size / parts) - i * size // parts for i in range(parts))


def _multiply_adds(module: nn.Module, source: Tensor, output: Tensor) -> int:
    if isinstance(module, nn.ConvTranspose2d):
        return source.numel() * module.weight[0].numel()
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return output.numel() * module.weight[0].numel()
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    return 0


def _pair(value) -> tuple[int, int]:
    return tuple(value) * (2 if len(value) == 1 else 1) if isinstance(value, tuple | list) else (value, value)


def _short(pair):
    if pair is None:
        return ""
    values = tuple(int(n) if float(n).is_integer() else n for n in pair)
    return values[0] if values[0] == values[1] else values
