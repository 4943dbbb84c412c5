"""A trained network in a folder: `weights.safetensors`, and `run.json` that says what it is and how it was trained."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors.torch import load_file, save_file

from cnnbook import data, models, runs
from cnnbook.models.prepare import prepare
from cnnbook.train import checkpoint
from cnnbook.train.evaluate import Evaluation
from cnnbook.train.evaluate import evaluate as run_over
from cnnbook.train.fit import fit
from cnnbook.train.history import History, statistics

WEIGHTS, RECORD, CHECKPOINT = "weights.safetensors", "run.json", "checkpoint"


def images(name: str, split: str, size: int | None = None) -> data.ImageSet:
    """The images of this name, or of the folder where there is one with such a path, `size` pixels a side.

    Raises what `data.load` raises, and ValueError for the name "folder" alone.
    """
    if Path(name).is_dir() and (name == "folder" or name not in data.names()):
        return data.load("folder", split, size, path=name)
    if name == "folder":
        raise ValueError("there is no folder called 'folder' here: name yours by its path, for example ./flowers.")
    return data.load(name, split, size)


def middle(tested: data.ImageSet, network: str) -> data.ImageSet:
    """What a network that was trained on crops sees of images in a test; of others the whole."""
    facts = models.facts(network)
    if "crop_from" not in facts:
        return tested
    return replace(tested, masks=None, boxes=None, box_labels=None).centre(facts["input_size"][-1])


def train(
    network: str, name: str, folder: Path, augment: dict[str, Any], recipe: dict[str, Any], quiet: bool = False
) -> dict[str, Any]:
    """Train a network of `models` on images of `data` and write it to the folder; returns the record.

    `augment` has `shift` (pixels) and `flip` (bool), `recipe` what `fit` takes. A training that was interrupted goes on
    from its last epoch. Raises ValueError where the folder has another training, finished or not, or a file that would
    be overwritten, and where the images for training and for testing are the same.
    """
    facts = models.facts(network)
    side = facts["input_size"][-1]
    size = facts.get("crop_from", side)
    plan = {"network": network, "data": name, "augment": augment, "recipe": recipe}
    if done := runs.read(folder / RECORD):
        same = all(done.get(key) == plan[key] for key in plan)
        state = (
            "that very training, finished" if same else f"another training: {done.get('network')}, {done.get('data')}"
        )
        raise ValueError(f"{folder} has {state}. Name another folder with --output, or remove it.")
    if (folder / WEIGHTS).exists() and not (folder / CHECKPOINT).exists():
        raise ValueError(f"{folder / WEIGHTS} would be overwritten. Name another folder with --output, or remove it.")
    train_set, test_set = images(name, "train", size), images(name, "test", size)
    if torch.equal(train_set.images, test_set.images):
        raise ValueError(
            f"{name} has the same images for training and for testing: a test would say nothing of others. Train on "
            "digits, shapes or a folder of yours."
        )
    channels, classes = train_set.images.shape[1], len(train_set.classes)
    torch.manual_seed(recipe["seed"])
    model = models.create(network, num_classes=classes, in_channels=channels)
    prepare(model, train_set.images, *statistics(train_set))
    changes = [data.flip()] * augment["flip"] + [data.shift(augment["shift"])] * bool(augment["shift"])
    changes += [data.crop(size=side)] * (side < size)
    folder.mkdir(parents=True, exist_ok=True)
    history = fit(
        model, train_set, middle(test_set, network), augment=changes or None, checkpoint=folder / CHECKPOINT,
        quiet=quiet, **recipe,
    )  # fmt: skip
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
    checkpoint.remove(folder / CHECKPOINT)  # of no use any more
    return record


def load(folder: Path) -> tuple[torch.nn.Module, History, dict[str, Any]]:
    """The network in evaluation mode, how its pixels were normalised (a history without rows), and its record.

    Raises FileNotFoundError or ValueError that says why not.
    """
    record = runs.read(folder / RECORD)
    if record is None:
        raise FileNotFoundError(f"{folder} has no finished training: expected {RECORD} and {WEIGHTS} in it.")
    try:
        model = models.create(record["network"], num_classes=len(record["classes"]), in_channels=record["channels"])
        mean, std = torch.tensor(record["mean"]), torch.tensor(record["std"])
        like = History(pd.DataFrame(), mean, std, str(record["normalize"]))
        record |= {"size": int(record["size"]), "data": str(record["data"])}
    except Exception as error:  # an entry is missing, or is not what it was
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"{folder / RECORD} is damaged ({what}): train the network again.") from error
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except Exception as error:  # a damaged file, or the weights of another network
        raise ValueError(f"{folder / WEIGHTS} does not hold the weights of {record['network']}: {error}") from error
    return model.eval(), like, record


def evaluate(folder: Path, name: str | None = None, split: str = "test") -> tuple[dict[str, Any], Evaluation]:
    """Test what `train` wrote, on its own images or others with the same classes; returns a record and the result."""
    model, like, trained = load(folder)
    tested = images(name or trained["data"], split, trained["size"])
    if list(tested.classes) != trained["classes"]:
        raise ValueError(f"the network knows {trained['classes']}; the classes of {tested.name} are {tested.classes}.")
    result = run_over(model, middle(tested, trained["network"]), like=like)
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
