"""The long runs of the book, as data: `cnnbook reproduce NAME` runs one and writes its record for results/.

What was chosen (activation, pooling, epochs, learning rate, augmentation) was chosen on a validation split of the
training images, `load("digits").split(0.8, seed)`; the test images are looked at only by the finished recipe.
The accuracy that counts is the last epoch's.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnnbook import data, models, runs
from cnnbook.data import cache
from cnnbook.train.fit import fit


@dataclass(frozen=True)
class Recipe:
    """What `fit` is told, in words and numbers that fit into a record."""

    epochs: int
    batch_size: int = 64
    lr: float = 3e-3
    optimizer: str = "adam"
    schedule: str = "onecycle"
    shift: int = 2  # pixels


@dataclass(frozen=True)
class Experiment:
    """Networks (by the name they have in the record) trained on a set with one recipe, once for each seed."""

    about: str
    chosen: str  # how the recipe was chosen, without the test images
    data: str
    size: int
    recipe: Recipe
    networks: dict[str, Callable[[], nn.Module]]
    seeds: int
    unshifted: tuple[str, ...] = ()  # networks that do better without the augmentation, on the validation split


def lenet5() -> nn.Module:
    """LeNet-5 with ReLU and max pooling, as a student would build it today."""
    return models.create("lenet5", num_classes=10, in_channels=1, activation=nn.ReLU, pool=nn.MaxPool2d)


def lenet5_tanh() -> nn.Module:
    """LeNet-5 with the paper's tanh and average pooling."""
    return models.create("lenet5", num_classes=10, in_channels=1)


EXPERIMENTS: dict[str, Experiment] = {
    "lenet5_digits": Experiment(
        about="LeNet-5 and two baselines on 4,000 embedded MNIST digits, tested on 1,000",
        chosen="on load('digits', size=32).split(0.8, seed), seeds 0 to 3; mean validation accuracy of LeNet-5: this "
        "recipe 0.9800; 20 epochs 0.9775; lr 0.003 0.9769; tanh, max pooling, lr 0.003 0.9778; tanh, average pooling, "
        "lr 0.003 0.9753. Of the baselines with and without the shift: dense 0.9350, 0.9163; softmax 0.8538, 0.8881",
        data="digits",
        size=32,
        recipe=Recipe(epochs=30, lr=5e-3),
        networks={
            "lenet5": lenet5,
            "lenet5_tanh": lenet5_tanh,
            "dense": models.baselines.dense,
            "softmax": models.baselines.softmax_regression,
        },
        seeds=5,
        unshifted=("softmax",),
    ),
    "lenet5_mnist": Experiment(
        about="LeNet-5 on the 60,000 training images of MNIST, tested on its 10,000 test images",
        chosen="the network and augmentation of lenet5_digits; epochs, batch size and learning rate set beforehand and "
        "not compared",
        data="mnist",
        size=32,
        recipe=Recipe(epochs=20, batch_size=128),
        networks={"lenet5": lenet5},
        seeds=3,
    ),
}


def reproduce(name: str, output: Path, quiet: bool = False) -> dict[str, Any]:
    """Run an experiment and write its record; interrupted, it goes on with the next seed. Returns the record."""
    experiment = EXPERIMENTS[name]
    writable(output)
    plan = {"data": experiment.data, "size": experiment.size, "recipe": asdict(experiment.recipe)}
    record = {"name": name, "about": experiment.about, "chosen": experiment.chosen, **plan, "seeds": experiment.seeds}
    if experiment.unshifted:
        record["unshifted"] = plan["unshifted"] = list(experiment.unshifted)
    train_set = data.load(experiment.data, "train", experiment.size)
    test_set = data.load(experiment.data, "test", experiment.size)
    record |= runs.context() | {"images": {"train": len(train_set), "test": len(test_set)}}

    def run(job: dict[str, Any]) -> dict[str, Any]:
        network, seed = job["network"], job["seed"]
        recipe = replace(experiment.recipe, shift=0) if network in experiment.unshifted else experiment.recipe
        return train_once(network, experiment.networks[network], seed, recipe, train_set, test_set, quiet)

    jobs = [{"network": network, "seed": seed} for seed in range(experiment.seeds) for network in experiment.networks]
    record["runs"] = all_runs(name, record, plan, jobs, run)
    record["summary"] = {network: summary(record["runs"], network) for network in experiment.networks}
    return finished(name, record, output)


def writable(output: Path) -> None:
    """Make the folder of the record and try it. Raises OSError: better now than after the training."""
    output.parent.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=output.parent).close()


def all_runs(
    name: str,
    record: dict[str, Any],
    plan: dict[str, Any],
    jobs: list[dict[str, Any]],
    run: Callable[[dict[str, Any]], dict[str, Any]],
) -> list[dict[str, Any]]:
    """What `run` gives for every job (what tells it from others, its seed with it): the job itself, "test_accuracy",
    "minutes" and more.

    After each run the record is kept in the user's cache, with the plan: all that a run depends on besides its job.
    Interrupted, the same call goes on from there, as long as the plan is the same; runs that are no longer among the
    jobs are dropped.
    """
    part = _part(name)
    kept = runs.read(part) or {}
    done = kept.get("runs", []) if kept.get("plan") == plan else []
    done = [each for each in done if any(job.items() <= each.items() for job in jobs)]
    for job in jobs:
        if any(job.items() <= each.items() for each in done):
            continue
        done.append(run(job))
        _keep(part, record | {"plan": plan, "runs": done})
        what = ", ".join(str(value) for key, value in job.items() if key != "seed")
        found = f"test accuracy {done[-1]['test_accuracy']:.4f} in {done[-1]['minutes']:.2f} minutes"
        print(f"{what}, seed {job['seed']}: {found}")
    return done


def finished(name: str, record: dict[str, Any], output: Path) -> dict[str, Any]:
    """The record with all its minutes, written; what was kept on the way is removed."""
    record["minutes"] = round(sum(run["minutes"] for run in record["runs"]), 2)
    runs.save(output, record)
    with suppress(OSError):
        _part(name).unlink()
    return record


def _part(name: str) -> Path:
    return cache.folder() / f"{name}.part.json"


def _keep(part: Path, record: dict[str, Any]) -> None:
    try:
        runs.save(part, record)
    except OSError as error:
        print(f"{part} cannot be written ({error.strerror}): an interrupted run would begin anew")


def train_once(
    network: str,
    build: Callable[[], nn.Module],
    seed: int,
    recipe: Recipe,
    train_set: data.ImageSet,
    test_set: data.ImageSet,
    quiet: bool = False,
) -> dict[str, Any]:
    """One training of one network from one seed, with its curve."""
    started = time.perf_counter()
    torch.manual_seed(seed)
    model = build()
    history = fit(
        model, train_set, test_set, epochs=recipe.epochs, batch_size=recipe.batch_size, lr=recipe.lr,
        optimizer=recipe.optimizer, schedule=recipe.schedule, augment=data.shift(recipe.shift), seed=seed, quiet=quiet,
    )
    return {
        "network": network,
        "seed": seed,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "test_accuracy": history.table.test_accuracy.iloc[-1],
        "minutes": round((time.perf_counter() - started) / 60, 3),
        "curve": {column: [round(value, 5) for value in history.table[column].tolist()] for column in history.table},
    }


def summary(done: list[dict], network: str) -> dict[str, float]:
    """Mean and standard deviation over the seeds of the last epoch's test accuracy."""
    return mean_and_spread([run["test_accuracy"] for run in done if run["network"] == network])


def mean_and_spread(accuracies: list[float]) -> dict[str, float]:
    """What a record's summary says of runs that differ in their seed only."""
    spread = statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
    return {"test_accuracy": round(statistics.mean(accuracies), 6), "std": round(spread, 6), "seeds": len(accuracies)}
