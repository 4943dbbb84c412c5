"""The retrained network, and the folder that it is kept in: `model.safetensors` and `model.json`, and no pickle."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from cnnbook import data, models
from cnnbook.data import pictures
from cnnbook.models.pretrained import Preprocess
from cnnbook.retrain.backbones import behead

WEIGHTS, FACTS, EXPORTED = "model.safetensors", "model.json", "model.pt2"


class Retrained(nn.Module):
    """RGB images float (N, 3, side, side) in 0..1 → a score for each class, (N, K), that sum to 1."""

    def __init__(self, backbone: nn.Module, head: nn.Linear, temperature: float = 1.0) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head
        self.register_buffer("temperature", torch.tensor(temperature))

    def forward(self, x: Tensor) -> Tensor:
        return (self.head(self.backbone(x)) / self.temperature).softmax(dim=1)


@dataclass(frozen=True)
class Prediction:
    """What the network says of a file: class → score, the highest first; or why the file cannot be read."""

    path: Path
    scores: dict[str, float]
    unreadable: str = ""


def save(folder: Path, model: Retrained, facts: dict[str, Any]) -> None:
    """Write the weights, and what `load` has to know: "backbone" (a name), "classes" and "side" at least."""
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / WEIGHTS)
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / FACTS).write_text(text.encode("utf-8", "backslashreplace").decode() + "\n", encoding="utf-8")


def load(folder: str | Path) -> tuple[Retrained, dict[str, Any]]:
    """The network in evaluation mode, and its facts. Nothing in the folder is run, and no network is needed.

    Raises FileNotFoundError where the folder holds none, ValueError where a file is damaged.
    """
    folder = Path(folder).expanduser()
    if not (folder / FACTS).is_file() or not (folder / WEIGHTS).is_file():
        raise FileNotFoundError(f"{folder} holds no retrained network: expected {FACTS} and {WEIGHTS} in it.")
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        classes, side = [str(name) for name in facts["classes"]], int(facts["side"])
        with torch.device("meta"):  # without memory of its own
            network = models.create(str(facts["backbone"]))
            head = nn.Linear(behead(network), len(classes))
            preprocess = Preprocess([0] * 3, [1] * 3)
        model = Retrained(nn.Sequential(OrderedDict(preprocess=preprocess, network=network)), head)
        model.load_state_dict(load_file(folder / WEIGHTS), assign=True)
    except Exception as error:  # whatever an entry that is missing, or is not what it was, leads to
        raise ValueError(f"{folder} is damaged ({type(error).__name__}: {error}): retrain it.") from error
    return model.eval(), facts | {"classes": classes, "side": side}


def predict(folder: str | Path, paths: Iterable[str | Path]) -> Iterator[Prediction]:
    """Each image's scores, one after the other; what cannot be read is said in its place. Raises what `load` raises."""
    model, facts = load(folder)
    for path in map(Path, paths):
        try:
            if not path.is_file():
                there = "is a folder" if path.is_dir() else "is not a file"
                raise pictures.Unreadable(there if path.exists() else "there is no such file")
            pixels = torch.tensor(pictures.pixels(path, facts["side"])).expand(3, -1, -1)
        except (OSError, pictures.Unreadable) as error:
            yield Prediction(path, {}, str(error))
            continue
        with torch.no_grad():
            scores = model(data.to_float(pixels[None]))[0].tolist()
        ranked = sorted(zip(facts["classes"], scores, strict=True), key=lambda pair: -pair[1])
        yield Prediction(path, dict(ranked))


def export(folder: Path, model: Retrained, side: int) -> None:
    """Write the network as torch.export's program, for any number of images of this side."""
    images = torch.zeros(2, 3, side, side)
    program = torch.export.export(model, (images,), dynamic_shapes=({0: torch.export.Dim("images", min=1)},))
    torch.export.save(program, folder / EXPORTED)
