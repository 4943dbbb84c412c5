"""The long runs of chapter 19, as data: `cnnbook reproduce gan_digits` plays one, writes its record and its networks.

Steps, widths and learning rates were set by looking at one shorter game on the digits and one on the shapes, with the
test images as the real ones of the score; there is no test to win here, only samples to look at. The last step counts.
"""

import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cnnbook import data, models, runs
from cnnbook.models import dcgan
from cnnbook.train import gan, generated
from cnnbook.train.experiments import all_runs, finished, writable
from cnnbook.train.fit import fit

SAMPLES = 2000  # that a generator makes to be judged
LOOKS = 10  # so many times on the way


@dataclass(frozen=True)
class Recipe:
    """What `gan.fit` is told, and how the networks are made; `images` is how many there are to learn from."""

    images: int
    steps: int
    batch_size: int = 64
    latent: int = 64
    width: int = 32
    lr: float = 2e-3
    discriminator_lr: float = 1e-3
    real_label: float = 0.9
    ema: float = 0.99

    @property
    def epochs(self) -> int:
        """How often the discriminator sees each real image, on average."""
        return round(self.steps * self.batch_size / self.images)


@dataclass(frozen=True)
class Run:
    """Games on one set of images, one for each seed. The networks of seed 0 are kept."""

    about: str
    chosen: str
    data: str
    recipe: Recipe
    options: dict[str, float]
    seeds: int = 2


CLEAN = {"illumination": 0.0, "deformation": 0.0, "occlusion": 0.0, "clutter": 0.0, "variation": 0.2}
CHOSEN = "set after one game of 2,500 steps on the digits and one of 800 on the shapes; not chosen by the score"
RUNS: dict[str, Run] = {
    "gan_digits": Run(
        about="DCGAN on 4,000 embedded digits of MNIST, judged by a LeNet-5 that was trained on them",
        chosen=CHOSEN,
        data="digits",
        recipe=Recipe(images=4000, steps=3500),
        options={},
    ),
    "gan_shapes": Run(
        about="DCGAN on 5,000 drawn shapes, judged by a LeNet-5 that was trained on them",
        chosen=CHOSEN,
        data="shapes",
        recipe=Recipe(images=5000, steps=3000, width=24),
        options=CLEAN,
    ),
}


def signed(images: Tensor) -> Tensor:
    """uint8 images as float in -1..1, as a GAN reads and makes them."""
    return images.float() / 127.5 - 1


def classifier(train_set: data.ImageSet, epochs: int = 8, seed: int = 0, quiet: bool = True) -> nn.Sequential:
    """The judge: LeNet-5 with ReLU and max pooling, which reads pixels in 0..1 and adds a border to 28 pixels."""
    side, channels = train_set.images.shape[-1], train_set.images.shape[1]
    torch.manual_seed(seed)
    lenet = models.create("lenet5", len(train_set.classes), channels, activation=nn.ReLU, pool=nn.MaxPool2d)
    judge = nn.Sequential(nn.ZeroPad2d((32 - side) // 2), lenet)
    fit(judge, train_set, epochs=epochs, lr=5e-3, schedule="onecycle", normalize="none", augment=data.shift(2),
        seed=seed, quiet=quiet)  # fmt: skip
    return judge.eval()


def reproduce(name: str, output: Path, quiet: bool = False) -> dict[str, Any]:
    """Play the games and write their record, and beside it, as .safetensors, the networks of seed 0."""
    plan = RUNS[name]
    writable(output)
    train_set, test_set = (data.load(plan.data, split, **plan.options) for split in ("train", "test"))
    judge = classifier(train_set, quiet=quiet)
    probabilities, _ = generated.read(judge, signed(test_set.images))
    accuracy = (probabilities.argmax(dim=1) == test_set.labels).float().mean().item()
    facts = {"data": plan.data, "options": plan.options, "recipe": asdict(plan.recipe)}
    record = {"name": name, "about": plan.about, "chosen": plan.chosen, **facts, "seeds": plan.seeds} | runs.context()
    record |= {"images": {"train": len(train_set), "test": len(test_set)}, "samples": SAMPLES}
    record["judge"] = {
        "test_accuracy": round(accuracy, 4), "confidence": round(probabilities.max(dim=1).values.mean().item(), 4),
    }  # fmt: skip

    def run(job: dict[str, Any]) -> dict[str, Any]:
        keep = output.with_suffix(".safetensors") if job["seed"] == 0 else None
        played = play(plan.recipe, train_set, test_set, judge, job["seed"], keep, quiet)
        return job | {"test_accuracy": round(accuracy, 4)} | played

    jobs = [{"network": "dcgan", "seed": seed} for seed in range(plan.seeds)]
    record["runs"] = all_runs(name, record, facts, jobs, run)
    record["summary"] = {
        what: round(statistics.mean(each[what] for each in record["runs"]), 4)
        for what in ("confidence", "balance", "present", "frechet")
    }
    return finished(name, record, output)


def play(
    recipe: Recipe, train_set: data.ImageSet, test_set: data.ImageSet, judge: nn.Module, seed: int,
    keep: Path | None = None, quiet: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """One game from one seed: the score of its last step, and the curves of losses and scores."""
    channels, size = train_set.images.shape[1:3]
    torch.manual_seed(seed)
    generator = dcgan.Generator(recipe.latent, channels, recipe.width, size)
    discriminator = dcgan.Discriminator(channels, recipe.width, size)
    held_out, scores = signed(test_set.images), []

    def look(step: int, network: nn.Module) -> None:
        scores.append((step, generated.score(judge, gan.make(network, SAMPLES, seed=1), held_out)))

    started = time.perf_counter()
    game = gan.fit(
        generator, discriminator, signed(train_set.images), steps=recipe.steps, batch_size=recipe.batch_size,
        lr=recipe.lr, discriminator_lr=recipe.discriminator_lr, real_label=recipe.real_label, ema=recipe.ema,
        every=max(1, recipe.steps // LOOKS), seed=seed, callback=look, quiet=quiet,
    )  # fmt: skip
    minutes = (time.perf_counter() - started) / 60
    if keep is not None:
        dcgan.save(keep, generator, discriminator)
    last = scores[-1][1]
    curve = {column: [round(float(each), 4) for each in game.table[column]] for column in game.table}
    for what in ("confidence", "balance", "frechet"):
        curve[what] = [round(getattr(each, what), 4) for _, each in scores]
    return {
        "parameters": sum(each.numel() for each in generator.parameters()),
        "discriminator_parameters": sum(each.numel() for each in discriminator.parameters()),
        "confidence": round(last.confidence, 4),
        "balance": round(last.balance, 4),
        "present": last.present,
        "frechet": round(last.frechet, 3),
        "shares": [round(each, 4) for each in last.shares.tolist()],
        "minutes": round(minutes, 3),
        "curve": curve,
    }
