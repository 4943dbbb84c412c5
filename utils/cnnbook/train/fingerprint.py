"""What tells one training from another, in words and numbers that fit into JSON."""

import zlib
from functools import partial
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn

from cnnbook.data import ImageSet


def fingerprint(model: nn.Module, train: ImageSet, test: ImageSet | None, **arguments: Any) -> dict[str, Any]:
    """The network (its layers and shapes, not its weights), the images, and the arguments of `fit`."""
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    found = {"network": [str(model), shapes, frozen], "train": _images(train), "test": test and _images(test)}
    return found | {name: _words(value) for name, value in arguments.items()}


def differences(before: dict[str, Any], now: dict[str, Any]) -> str:
    """The names of what differs, and its values where they are short."""
    different = []
    for name in now:
        if before.get(name) != now[name]:
            values = f"{before.get(name)} there, {now[name]} here"
            different.append(f"{name} ({values})" if len(values) < 100 else name)
    return ", ".join(different)


def _images(images: ImageSet) -> list[Any]:
    return [images.name, list(images.images.shape), _sum(images.images), _sum(images.labels)]


def _sum(tensor: Tensor) -> int:
    return zlib.crc32(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())


def _words(value: Any, depth: int = 4) -> Any:
    """A function is its name, what it was made with, and, written on the spot, the names and numbers in it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Tensor):
        return _sum(value)
    name = getattr(value, "__qualname__", type(value).__qualname__)
    if not depth:
        return name
    if isinstance(value, (list, tuple)):
        return [_words(part, depth - 1) for part in value]
    if isinstance(value, partial):
        inside = [value.func, value.args, *value.keywords.items()]
    elif isinstance(value, FunctionType):
        inside = [cell.cell_contents for cell in value.__closure__ or ()] + list(value.__defaults__ or ())
        if "<" in name:
            inside += [*value.__code__.co_names, *(c for c in value.__code__.co_consts if isinstance(c, (int, float)))]
    else:
        inside = vars(value).values() if hasattr(value, "__dict__") and not isinstance(value, (type, nn.Module)) else []
    return [name, *(_words(part, depth - 1) for part in inside)]
