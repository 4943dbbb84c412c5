"""The long run of chapter 21, distorted digits: `cnnbook reproduce stn_distorted`.

The four networks of table 1 of Jaderberg et al. 2015, at one size, on all of MNIST turned (R), turned, scaled and moved
(RTS), and moved among clutter (TC). Every epoch distorts anew; the test digits are distorted once. The last epoch
counts, and the recipe was set beforehand: nothing is chosen on test images.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnnbook import data, runs
from cnnbook.data import distorted
from cnnbook.data.augment import Augment
from cnnbook.models import stn
from cnnbook.train.evaluate import evaluate
from cnnbook.train.experiments import all_runs, finished, mean_and_spread, writable
from cnnbook.train.fit import fit
from cnnbook.train.study import curve

TASKS: dict[str, tuple[Augment, int]] = {  # with the pixels of a picture
    "R": (distorted.rotated(90), 28),
    "RTS": (distorted.moved(45, (0.7, 1.2), size=42), 42),
    "TC": (distorted.cluttered(size=60, pieces=8, side=6), 60),
}
READ = 28  # pixels that a transformer reads
NETWORKS: dict[str, Callable[[int, int], nn.Module]] = {  # of the size and the budget
    "mlp": lambda size, budget: stn.DistortedMLP(size=size, budget=budget),
    "cnn": lambda size, budget: stn.DistortedCNN(size=size, budget=budget),
    "st_mlp": lambda size, budget: stn.SpatialTransformerNetwork(size=size, budget=budget, read=READ),
    "st_cnn": lambda size, budget: stn.SpatialTransformerNetwork(
        size=size, budget=budget, read=READ, classifier="cnn"
    ),
}


@dataclass(frozen=True)
class Recipe:
    """What `fit` is told, and how many parameters the networks have at most."""

    epochs: int = 20
    batch_size: int = 100
    lr: float = 3e-3
    optimizer: str = "adam"
    schedule: str = "onecycle"
    budget: int = 150_000


@dataclass(frozen=True)
class Distorting:
    """All networks on all tasks, once for each seed."""

    about: str
    chosen: str
    recipe: Recipe
    seeds: int = 2
    data: str = "mnist"


RUNS: dict[str, Distorting] = {
    "stn_distorted": Distorting(
        about="A fully connected network and a CNN, plain and behind a spatial transformer, on turned, moved and "
        "cluttered digits of MNIST",
        chosen="set beforehand and not compared",
        recipe=Recipe(),
    )
}


def reproduce(name: str, output: Path, quiet: bool = False) -> dict[str, Any]:
    """Run it and write its record; interrupted, it goes on with the next training. Returns the record."""
    plan_ = RUNS[name]
    writable(output)
    plan = {"data": plan_.data, "recipe": asdict(plan_.recipe), "tasks": {task: TASKS[task][1] for task in TASKS}}
    record = {"name": name, "about": plan_.about, "chosen": plan_.chosen, **plan, "seeds": plan_.seeds}
    train_set, test_set = (data.load(plan_.data, split) for split in ("train", "test"))
    record |= runs.context() | {"images": {"train": len(train_set), "test": len(test_set)}}
    tests = {task: distorted.fixed(test_set, distort) for task, (distort, _) in TASKS.items()}

    def run(job: dict[str, Any]) -> dict[str, Any]:
        return train_once(job["task"], job["network"], job["seed"], plan_.recipe, train_set, tests[job["task"]], quiet)

    jobs = [
        {"task": task, "network": network, "seed": seed}
        for seed in range(plan_.seeds)
        for task in TASKS
        for network in NETWORKS
    ]
    record["runs"] = all_runs(name, record, plan, jobs, run)
    record["summary"] = {
        f"{task} {network}": mean_and_spread(
            [run["test_accuracy"] for run in record["runs"] if (run["task"], run["network"]) == (task, network)]
        )
        for task in TASKS
        for network in NETWORKS
    }
    return finished(name, record, output)


def train_once(
    task: str, network: str, seed: int, recipe: Recipe, train_set: data.ImageSet, test_set: data.ImageSet,
    quiet: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """One training of one network on one task from one seed, with its curve; `test_set` is distorted already."""
    started = time.perf_counter()
    distort, size = TASKS[task]
    torch.manual_seed(seed)
    model = NETWORKS[network](size, recipe.budget)
    history = fit(
        model, train_set, epochs=recipe.epochs, batch_size=recipe.batch_size, lr=recipe.lr, optimizer=recipe.optimizer,
        schedule=recipe.schedule, augment=distort, normalize="none", seed=seed, quiet=quiet,
    )  # fmt: skip
    return {
        "task": task,
        "network": network,
        "seed": seed,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "test_accuracy": round(evaluate(model, test_set, like=history).accuracy, 6),
        "minutes": round((time.perf_counter() - started) / 60, 3),
        "curve": curve(history.table.to_dict("records")),
    }
