"""A training on disk: tensors in safetensors, the rest in JSON, and never a state in between.

A checkpoint is a folder. `state.json` names the file of tensors that belongs to it; even and odd epochs have a file
each. The new tensors are written first, then state.json is replaced in one step, then the tensors before go. Killed at
any moment, the folder holds the last epoch that was finished. Nothing in it is run when it is read, and files of other
names are left alone.
"""

import dis
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.optim import Optimizer

from cnnbook.data import ImageSet
from cnnbook.train.optimizers import Average

STATE, TENSORS = "state.json", ("even.safetensors", "odd.safetensors")
OURS = tuple(name + part for name in (STATE, *TENSORS) for part in ("", ".part"))


def keep(
    folder: Path,
    plan: dict[str, Any],
    model: nn.Module,
    optimizer: Optimizer,
    average: Average | None,
    rows: list[dict[str, float]],
    *,
    done: bool,
    elapsed: float,
) -> None:
    """Write the training as it is after its last row, `elapsed` seconds from its beginning, in place of what was there.

    Raises ValueError where the optimizer keeps what cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    of_optimizer, values = storable(optimizer)
    parts = {"model": model.state_dict(), "optimizer": of_optimizer, "average": average.state if average else {}}
    tensors = {f"{part}/{name}": value for part, values in parts.items() for name, value in values.items()}
    content = save(_apart(tensors))
    file, before = TENSORS[len(rows) % 2], TENSORS[(len(rows) + 1) % 2]
    facts = {"done": done, "elapsed": elapsed, "rows": rows, "tensors": file, "crc32": zlib.crc32(content)}
    facts |= {"optimizer": values, "averaged": average.steps if average else 0, "plan": plan}
    _write(folder / file, content)
    _write(folder / STATE, json.dumps(facts, indent=1, ensure_ascii=False).encode())
    with suppress(OSError):
        (folder / before).unlink()


def resume(
    folder: Path, plan: dict[str, Any], model: nn.Module, optimizer: Optimizer, average: Average | None
) -> dict[str, Any] | None:
    """Put everything back as it was after the last epoch that was kept. Returns the rows until then, whether they are
    all (done) and the seconds elapsed; None where nothing was kept.

    Raises ValueError where the folder has another training, and says what differs, where it is damaged, and where it is
    no checkpoint.
    """
    if not (folder / STATE).exists():
        _check_free(folder)
        return None
    try:
        facts = json.loads((folder / STATE).read_text(encoding="utf-8"))
        different = differences(facts["plan"], plan)
        if not different:
            kept = {name: facts[name] for name in ("rows", "done", "elapsed")}
            _put_back(folder, facts, model, optimizer, average)
    except Exception as error:  # not JSON, no such entry or file, or not what was written
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"the checkpoint {folder} is damaged ({what}): remove it to begin anew.") from error
    if different:
        raise ValueError(f"the checkpoint {folder} belongs to another training: {different}. Name another folder.")
    return kept


def remove(folder: Path) -> None:
    """Delete the checkpoint, and the folder where nothing else is in it."""
    for name in OURS:
        with suppress(OSError):
            (folder / name).unlink()
    with suppress(OSError):
        folder.rmdir()


def storable(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What the optimizer keeps, tensors and plain values, by "number of the parameter.name" and, of its groups,
    "group number.name". Raises ValueError where there is anything else."""
    packed = optimizer.state_dict()
    entries = [(f"{index}.{name}", value) for index, state in packed["state"].items() if isinstance(index, int)
               for name, value in state.items()]  # fmt: skip
    entries += [(f"group {index}.{name}", value) for index, group in enumerate(packed["param_groups"])
                for name, value in group.items()]  # fmt: skip
    strange = [(name, value) for name, value in entries if not (isinstance(value, Tensor) or _is_plain(value))]
    strange += [(name, value) for name, value in packed["state"].items() if not isinstance(name, int)]
    if strange:
        name, value = strange[0]
        raise ValueError(
            f"a checkpoint holds tensors, numbers and words of parameters and groups, but {type(optimizer).__name__} "
            f"keeps {name!r}, a {type(value).__name__}: train without checkpoint=, or with another optimizer."
        )
    tensors = {name: value for name, value in entries if isinstance(value, Tensor)}
    return tensors, {name: value for name, value in entries if name not in tensors}


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _check_free(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"checkpoint must be a folder, and {folder} is a file. Name another.")
    others = [path.name for path in folder.glob("[!.]*") if path.name not in OURS]
    if others:
        raise ValueError(f"{folder} holds other things ({min(others)}) and no checkpoint. Name a folder of its own.")


def _put_back(
    folder: Path, facts: dict[str, Any], model: nn.Module, optimizer: Optimizer, average: Average | None
) -> None:
    content = (folder / Path(facts["tensors"]).name).read_bytes()
    if zlib.crc32(content) != facts["crc32"]:
        raise ValueError(f"{facts['tensors']} is not as it was written")
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}, "average": {}}
    for key, value in load(content).items():
        part, name = key.split("/", 1)
        parts[part][name] = value
    model.load_state_dict(parts["model"])
    _restore(optimizer, parts["optimizer"] | facts["optimizer"])
    if average is not None:
        average.steps = facts["averaged"]
        for name, value in parts["average"].items():
            average.state[name].copy_(value)


def _restore(optimizer: Optimizer, values: dict[str, Any]) -> None:
    """The inverse of `storable`, for an optimizer made for the same network."""
    packed = optimizer.state_dict()
    state: dict[int, dict[str, Any]] = {}
    for key, value in values.items():
        part, name = key.split(".", 1)
        if part.startswith("group "):
            group = packed["param_groups"][int(part.removeprefix("group "))]
            group[name] = tuple(value) if isinstance(group.get(name), tuple) else value  # JSON has lists only
        else:
            state.setdefault(int(part), {})[name] = value
    optimizer.load_state_dict(packed | {"state": state})


def _write(path: Path, content: bytes) -> None:
    """All or nothing: who reads never finds half of it."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    with open(part, "rb+") as written:
        os.fsync(written.fileno())
    os.replace(part, path)


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """On the CPU, contiguous, and none in another's memory, which safetensors does not take (tied weights)."""
    found, places = {}, set()
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        found[name] = tensor.clone() if tensor.data_ptr() in places else tensor
        places.add(tensor.data_ptr())
    return found


def fingerprint(model: nn.Module, train: ImageSet, test: ImageSet | None, **arguments: Any) -> dict[str, Any]:
    """What tells one training from another, in words and numbers that fit into JSON: the network (its layers, their
    code and shapes, not its weights), the images, and the arguments of `fit`."""
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    layers = [_class(kind) for kind in dict.fromkeys(map(type, model.modules()))]
    found = {"network": [str(model), shapes, frozen, layers], "train": _images(train), "test": test and _images(test)}
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
    """A function is its name, its code, and what it was made with and uses; an object its class and what it has."""
    if _is_plain(value) and not isinstance(value, (list, tuple)):
        return value
    if isinstance(value, Tensor):
        return _sum(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return [str(value.dtype), *value.shape, zlib.crc32(value.tobytes())]
    name = getattr(value, "__qualname__", type(value).__qualname__)
    if not depth or isinstance(value, (type, ModuleType, nn.Module)):
        return name
    if isinstance(value, (list, tuple)):
        return [_words(part, depth - 1) for part in value]
    if isinstance(value, dict):
        inside = [part for item in value.items() for part in item]
    elif isinstance(value, partial):
        inside = [value.func, value.args, *value.keywords.items()]
    elif isinstance(value, MethodType):
        inside = [value.__self__, value.__func__]
    elif isinstance(value, FunctionType):
        inside = [] if _is_torchs(value) else [_code(value.__code__), *_used(value)]
        inside += [cell.cell_contents for cell in value.__closure__ or ()]
        inside += [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).items()]
    else:
        name, inside = _class(type(value)), getattr(value, "__dict__", {}).values()
    return [name, *(_words(part, depth - 1) for part in inside)]


def _class(kind: type) -> list[Any]:
    """Its name, and the functions that it has and inherits, as far as they are not torch's or Python's own."""
    written = [vars(base).values() for base in kind.__mro__ if not _is_torchs(base)]
    functions = [part for parts in written for part in parts if isinstance(part, FunctionType)]
    return [kind.__qualname__, *(_words(function, depth=2) for function in functions)]


def _is_torchs(thing: Any) -> bool:
    return (thing.__module__ or "").split(".")[0] in ("torch", "builtins")


def _code(code: CodeType) -> int:
    """A number that is the same as long as the code does the same: in every process, whatever it is called."""
    constants = [
        _code(part) if isinstance(part, CodeType) else sorted(map(repr, part)) if isinstance(part, frozenset) else part
        for part in code.co_consts
    ]
    return zlib.crc32(repr([code.co_code, code.co_names, constants]).encode())


def _used(function: FunctionType) -> list[Any]:
    """The numbers, words, arrays and functions beside it that its code names."""
    found = [function.__globals__.get(name) for name in dict.fromkeys(_loads(function.__code__))]
    return [part for part in found if isinstance(part, (bool, int, float, str, Tensor, np.ndarray, FunctionType))]


def _loads(code: CodeType) -> Iterator[str]:
    yield from (part.argval for part in dis.get_instructions(code) if part.opname == "LOAD_GLOBAL")
    for part in code.co_consts:
        if isinstance(part, CodeType):  # a function or a comprehension within it
            yield from _loads(part)
