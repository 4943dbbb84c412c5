"""The long run of chapter 20, as data: `cnnbook reproduce captions_scenes` trains it and writes its record.

Epochs, widths and learning rates were set by looking at shorter runs and at the scenes of the test split; the last
epoch counts. What is measured does not choose anything.
"""

import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from cnnbook import runs
from cnnbook.data import described
from cnnbook.models import captioner
from cnnbook.train import captioning
from cnnbook.train.experiments import all_runs, finished, writable


@dataclass(frozen=True)
class Recipe:
    """How many scenes, and what the two trainings are told. `epochs` are the captioner's."""

    scenes: int = 8000
    tests: int = 500
    fewest: int = 1  # things in a scene
    most: int = 4
    sentences: int = 3  # of each language, of which the captioner learns
    alignment_epochs: int = 12
    alignment_lr: float = 3e-3
    epochs: int = 40
    batch_size: int = 100
    lr: float = 4e-3
    width: int = 128
    stay: float = 1.0
    beam: int = 3


@dataclass(frozen=True)
class Run:
    """One recipe, once for each seed."""

    about: str
    recipe: Recipe
    seeds: int = 2


RUNS: dict[str, Run] = {
    "captions_scenes": Run(
        about="alignment and captions, in English and Korean from one network, of scenes of one to four things",
        recipe=Recipe(),
    ),
}


def reproduce(name: str, output: Path, quiet: bool = False) -> dict[str, Any]:
    """Train the alignment and the captioner for each seed, and write their record."""
    plan = RUNS[name]
    writable(output)
    facts = {"data": "scenes", "recipe": asdict(plan.recipe)}
    record = {"name": name, "about": plan.about, **facts, "seeds": plan.seeds} | runs.context()

    def run(job: dict[str, Any]) -> dict[str, Any]:
        found = train(plan.recipe, job["seed"], quiet)
        return job | {"test_accuracy": found["true_en"]} | found

    jobs = [{"network": "captioner", "seed": seed} for seed in range(plan.seeds)]
    record["runs"] = all_runs(name, record, facts, jobs, run)
    measured = ("annotation_recall_1", "search_recall_1", "true_en", "true_ko")
    record["summary"] = {what: round(statistics.mean(each[what] for each in record["runs"]), 4) for what in measured}
    return finished(name, record, output)


def train(recipe: Recipe, seed: int, quiet: bool = False) -> dict[str, Any]:
    """One seed: recall among the first 100 test scenes, one English sentence each, and the share of true captions."""
    started = time.perf_counter()
    options = {"objects": (recipe.fewest, recipe.most), "sentences": max(5, recipe.sentences)}
    scenes = described.read("train", recipe.scenes, **options)
    tests = described.read("test", recipe.tests, **options)
    regions = captioner.Regions().calibrate(scenes.images[:2000], scenes.boxes[:2000])
    features, there = regions(scenes.images, scenes.boxes)
    test_features, test_there = regions(tests.images, tests.boxes)
    words = captioning.vocabulary(scenes)
    told, test_told = captioning.encoded(scenes, words), captioning.encoded(tests, words)

    torch.manual_seed(seed)
    alignment = captioner.Alignment(features.shape[2], len(words))
    recipe_of_alignment = {"epochs": recipe.alignment_epochs, "lr": recipe.alignment_lr, "seed": seed}
    alignment_losses = captioning.fit_alignment(alignment, features, there, told, **recipe_of_alignment)
    found = captioning.retrieval(alignment, test_features[:100], test_there[:100], test_told[:100, :1])
    if not quiet:
        print(found)

    few = [half * options["sentences"] + nth for half in (0, 1) for nth in range(recipe.sentences)]
    places = captioning.aligned(alignment, features, there, told[:, few], recipe.stay)
    network = captioner.Captioner(features.shape[2], len(words), width=recipe.width)
    losses = captioning.fit_captioner(
        network, features, there, told[:, few], places,
        epochs=recipe.epochs, batch_size=recipe.batch_size, lr=recipe.lr, seed=seed,
    )  # fmt: skip
    greedy, best = (
        captioning.truth(tests, captioning.written(network, test_features, test_there, words, beam))
        for beam in (1, recipe.beam)
    )
    return {
        "parameters": sum(each.numel() for model in (alignment, network) for each in model.parameters()),
        **{f"{side}_recall_{k}": round(found[side][f"recall@{k}"], 4) for side in found for k in (1, 5, 10)},
        **{f"true_{language}": round(share, 4) for language, share in best.items()},
        **{f"greedy_true_{language}": round(share, 4) for language, share in greedy.items()},
        "minutes": round((time.perf_counter() - started) / 60, 3),
        "curve": {"alignment_loss": alignment_losses, "loss": losses},
    }
