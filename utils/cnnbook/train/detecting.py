"""Training networks that find boxes (chapters 16 and on): batches of pictures with boxes in, a sum of losses down."""

import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from cnnbook.data import ImageSet, to_float
from cnnbook.names import choice
from cnnbook.train import checkpoint as stored
from cnnbook.train.loop import Diverged
from cnnbook.train.schedules import SCHEDULES


def mirrored(boxes: Tensor, width: float) -> Tensor:
    """Boxes (K, 4) in a picture of `width` pixels that is mirrored left to right."""
    x1, y1, x2, y2 = boxes.unbind(1)
    return torch.stack([width - x2, y1, width - x1, y2], 1)


def fit_boxes(
    model: nn.Module,
    scenes: ImageSet,
    *,
    epochs: int,
    batch_size: int = 4,
    lr: float = 2e-3,
    schedule: str = "onecycle",
    weight_decay: float = 1e-2,
    clip: float = 10.0,
    flip: bool = True,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    quiet: bool = True,
) -> pd.DataFrame:
    """Train in place by AdamW; one row an epoch: epoch, the mean of each loss, seconds.

    `model.losses(images, boxes, labels, chance)` gives a dict of losses that are added: images float (N, 3, H, W) in
    0..1, one (K, 4) and one (K,) of each, and a generator for what it draws. With `flip` a coin mirrors each picture.
    The same seed gives the same weights on one thread. `checkpoint` is a folder where the training is kept after each
    epoch: the same call goes on from there. Raises ValueError for a set without boxes and for a checkpoint of another
    training, Diverged where a loss is not finite.
    """
    if scenes.boxes is None or scenes.box_labels is None or not len(scenes):
        raise ValueError(f"{scenes!r} has no pictures with boxes and labels: load scenes.")
    plan = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "schedule": schedule, "weight_decay": weight_decay,
            "clip": clip, "flip": flip, "seed": seed, "images": list(scenes.images.shape),
            "network": str(model)}  # fmt: skip
    course = choice(SCHEDULES, "schedule", schedule)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    stepper = torch.optim.AdamW(learned, lr=lr, weight_decay=weight_decay)
    folder = Path(checkpoint) if checkpoint else None
    kept = stored.resume(folder, plan, model, stepper, None) if folder else None
    rows = kept["rows"] if kept else []
    steps = -(-len(scenes) // batch_size)
    model.train()
    for epoch in range(len(rows) + 1, epochs + 1):
        started, sums = time.perf_counter(), {}
        chance = torch.Generator().manual_seed(seed * 1_009 + epoch)
        torch.manual_seed(seed * 1_009 + epoch)  # for dropout
        for nth, some in enumerate(torch.randperm(len(scenes), generator=chance).split(batch_size)):
            for group in stepper.param_groups:
                group["lr"] = lr * course((epoch - 1 + (nth + 0.5) / steps) / epochs)
            losses = model.losses(*batch(scenes, some.tolist(), chance if flip else None), chance)
            loss = sum(losses.values())
            if not loss.isfinite():
                values = {name: value.item() for name, value in losses.items()}
                raise Diverged(f"the losses are {values} in epoch {epoch}. Try a smaller lr than {lr}.")
            stepper.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learned, clip)
            stepper.step()
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value.item() * len(some)
        means = {name: value / len(scenes) for name, value in sums.items()}
        rows.append({"epoch": epoch, **means, "seconds": time.perf_counter() - started})
        if folder:
            elapsed = sum(row["seconds"] for row in rows)
            stored.keep(folder, plan, model, stepper, None, rows, done=epoch == epochs, elapsed=elapsed)
        if not quiet:
            told = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
            print(f"epoch {epoch}: {told}, {rows[-1]['seconds']:.0f} s", flush=True)
    return pd.DataFrame(rows)


def batch(
    scenes: ImageSet, some: Sequence[int], chance: torch.Generator | None = None
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Pictures float (N, 3, H, W) in 0..1 with their boxes and labels, each mirrored or not by a coin of `chance`."""
    images, boxes = to_float(scenes.images[list(some)]), [scenes.boxes[nth] for nth in some]
    if chance is not None:
        for nth in (torch.rand(len(some), generator=chance) < 0.5).nonzero().flatten().tolist():
            images[nth], boxes[nth] = images[nth].flip(2), mirrored(boxes[nth], images.shape[3])
    return images, boxes, [scenes.box_labels[nth] for nth in some]
