"""A training on disk: tensors in safetensors, the rest in JSON, and never a state in between.

A checkpoint is a folder. `state.json` names the file of tensors that belongs to it; the tensors are written first,
then state.json is replaced in one step, then older tensors go. Killed at any moment, the folder holds the last epoch
that was finished. Nothing in it is run when it is read.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from cnnbook.train.average import Average
from cnnbook.train.fingerprint import differences

STATE = "state.json"


def keep(
    folder: Path,
    plan: dict[str, Any],
    model: nn.Module,
    optimizer: Optimizer,
    average: Average | None,
    rows: list[dict[str, float]],
    **facts: Any,
) -> None:
    """Write the training as it is after its last row, in place of what was there; `facts` are what JSON can hold."""
    folder.mkdir(parents=True, exist_ok=True)
    of_optimizer, numbers = _optimizer_state(optimizer)
    parts = {"model": model.state_dict(), "optimizer": of_optimizer, "average": average.state if average else {}}
    tensors = {f"{part}/{name}": value for part, values in parts.items() for name, value in values.items()}
    file = folder / f"epoch-{len(rows)}.safetensors"
    facts |= {"tensors": file.name, "rows": rows, "optimizer": numbers, "averaged": average.steps if average else 0}
    text = json.dumps(facts | {"plan": plan}, indent=1, ensure_ascii=False)
    _write(file, lambda part: save_file(_apart(tensors), part))
    _write(folder / STATE, lambda part: part.write_text(text, encoding="utf-8"))
    left = [*folder.glob("*.part"), *folder.glob(".tmp*")]  # what was being written when the process was killed
    for old in [*folder.glob("epoch-*.safetensors"), *left]:
        if old.name != file.name:
            with suppress(OSError):
                old.unlink()


def resume(
    folder: Path, plan: dict[str, Any], model: nn.Module, optimizer: Optimizer, average: Average | None
) -> dict[str, Any] | None:
    """Put everything back as it was after the last epoch that was kept. Returns the facts; None where nothing was kept.

    Raises ValueError where the folder has another training, and says what differs, or where it is damaged.
    """
    if not (folder / STATE).exists():
        return None
    try:
        facts = json.loads((folder / STATE).read_text(encoding="utf-8"))
        tensors = load_file(folder / Path(facts["tensors"]).name)
        kept = facts["plan"]
    except Exception as error:  # not JSON, no such file, or not safetensors
        raise ValueError(f"the checkpoint {folder} is damaged ({error}): remove it to begin anew.") from error
    if different := differences(kept, plan):
        raise ValueError(f"the checkpoint {folder} belongs to another training: {different}. Name another folder.")
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}, "average": {}}
    for key, value in tensors.items():
        part, name = key.split("/", 1)
        parts[part][name] = value
    model.load_state_dict(parts["model"])
    _restore_optimizer(optimizer, parts["optimizer"] | facts["optimizer"])
    if average is not None:
        average.steps = facts["averaged"]
        for name, value in parts["average"].items():
            average.state[name].copy_(value)
    return facts


def _write(path: Path, write: Callable[[Path], Any]) -> None:
    """All or nothing: who reads never finds half of it."""
    part = path.with_name(path.name + ".part")
    write(part)
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


def _optimizer_state(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Its tensors by "number of the parameter.name", and what are plain numbers."""
    tensors, numbers = {}, {}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            (tensors if isinstance(value, Tensor) else numbers)[f"{index}.{name}"] = value
    return tensors, numbers


def _restore_optimizer(optimizer: Optimizer, values: dict[str, Any]) -> None:
    """The inverse of `_optimizer_state`, for an optimizer made for the same network."""
    state: dict[int, dict[str, Any]] = {}
    for key, value in values.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
