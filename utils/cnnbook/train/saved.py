"""A trained network in a folder: `weights.safetensors`, and `run.json` that says what it is and how it was trained."""

import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from cnnbook import data, models, runs
from cnnbook.train.evaluate import Evaluation
from cnnbook.train.evaluate import evaluate as run_over
from cnnbook.train.fit import fit

WEIGHTS, RECORD = "weights.safetensors", "run.json"


def images(name: str, split: str, size: int) -> data.ImageSet:
    """The images of this name, or of the folder where there is one with such a path, `size` pixels a side."""
    if name not in data.names() and Path(name).is_dir():
        return data.load("folder", split, size, path=name)
    return data.load(name, split, size)


def train(
    network: str, name: str, folder: Path, augment: dict[str, Any], recipe: dict[str, Any], quiet: bool = False
) -> dict[str, Any]:
    """Train a network of `models` on images of `data` and write it to the folder; returns the record.

    `augment` has `shift` (pixels) and `flip` (bool), `recipe` what `fit` takes. A training that was interrupted goes on
    from its last epoch. Raises ValueError where the folder has another training, finished or not.
    """
    size = models.facts(network)["input_size"][-1]
    plan = {"network": network, "data": name, "augment": augment, "recipe": recipe}
    if done := runs.read(folder / RECORD):
        same = all(done.get(key) == plan[key] for key in plan)
        state = (
            "that very training, finished" if same else f"another training: {done.get('network')}, {done.get('data')}"
        )
        raise ValueError(f"{folder} has {state}. Name another folder with --output, or remove it.")
    train_set, test_set = images(name, "train", size), images(name, "test", size)
    channels, classes = train_set.images.shape[1], len(train_set.classes)
    torch.manual_seed(recipe["seed"])
    model = models.create(network, num_classes=classes, in_channels=channels)
    moves = [data.flip()] * augment["flip"] + [data.shift(augment["shift"])] * bool(augment["shift"])
    folder.mkdir(parents=True, exist_ok=True)
    history = fit(
        model, train_set, test_set, augment=moves or None, checkpoint=folder / "checkpoint", quiet=quiet, **recipe
    )
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, folder / WEIGHTS)
    record = plan | {
        "channels": channels,
        "size": size,
        "classes": list(train_set.classes),
        "normalize": history.normalize,
        "mean": history.mean.tolist(),
        "std": history.std.tolist(),
        "images": {"train": len(train_set), "test": len(test_set)},
        "epochs": len(history.table),
        "test_accuracy": history.table.test_accuracy.iloc[-1],
        "minutes": round(history.table.seconds.sum() / 60, 3),
        "curve": {column: [round(float(value), 5) for value in history.table[column]] for column in history.table},
    }
    record |= runs.context()
    runs.save(folder / RECORD, record)
    shutil.rmtree(folder / "checkpoint", ignore_errors=True)  # of no use any more
    return record


def load(folder: Path) -> tuple[torch.nn.Module, dict[str, Any]]:
    """The network in evaluation mode, and its record. Raises FileNotFoundError or ValueError that says why not."""
    record = runs.read(folder / RECORD)
    if record is None:
        raise FileNotFoundError(f"{folder} has no finished training: expected {RECORD} and {WEIGHTS} in it.")
    model = models.create(record["network"], num_classes=len(record["classes"]), in_channels=record["channels"])
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except Exception as error:  # a damaged file, or the weights of another network
        raise ValueError(f"{folder / WEIGHTS} does not hold the weights of {record['network']}: {error}") from error
    return model.eval(), record


def evaluate(folder: Path, name: str | None = None, split: str = "test") -> tuple[dict[str, Any], Evaluation]:
    """Test what `train` wrote, on its own images or others with the same classes; returns a record and the result."""
    model, trained = load(folder)
    tested = images(name or trained["data"], split, trained["size"])
    if list(tested.classes) != trained["classes"]:
        raise ValueError(f"the network knows the classes {trained['classes']}; {name} has {list(tested.classes)}.")
    mean, std = torch.tensor(trained["mean"]), torch.tensor(trained["std"])
    result = run_over(model, tested, mean=mean, std=std, normalize=trained["normalize"])
    record = {
        "network": trained["network"],
        "data": tested.name,
        "split": split,
        "images": len(tested),
        "accuracy": result.accuracy,
        "top5": result.top5,
        "loss": result.loss,
    }
    return record | runs.context(), result
