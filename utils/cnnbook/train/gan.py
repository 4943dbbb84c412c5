"""The game of two networks: I. Goodfellow et al., "Generative adversarial nets", NIPS 2014 (arXiv:1406.2661).

The discriminator D learns to tell real images from made ones, the generator G to make what D takes for real:
the smallest over G of the largest over D of V = E log D(x) + E log(1 - D(G(z))) (equation 1). `fit` alternates one step
of D and one of G (algorithm 1 with k = 1).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

from cnnbook.names import choice
from cnnbook.train.loop import Diverged
from cnnbook.train.optimizers import Average
from cnnbook.train.progress import Bar

BETAS = (0.5, 0.99)  # of Adam; the first as in Radford et al. 2016, section 4
FLAT = 0.5  # of the steps have the full learning rate; then it falls in a straight line
COLUMNS = ("value", "generator_loss", "real", "made")


def value(real: Tensor, made: Tensor) -> Tensor:
    """V of the game from logits of D for real and for made images: -log 4 where it is at a loss, 0 where it is sure."""
    return logsigmoid(real).mean() - softplus(made).mean()  # log(1 - sigmoid(a)) = -softplus(a)


def divergence(value: float) -> float:
    """The Jensen-Shannon divergence in nats, 0..log 2, that V proves: (V + log 4) / 2, and never less than 0.

    Exactly that where D is the best possible (theorem 1); with any other D the divergence is larger.
    """
    return max(0.0, (value + math.log(4)) / 2)


def discriminator_loss(real: Tensor, made: Tensor, real_label: float = 1.0) -> Tensor:
    """Cross-entropy of D, the sum of its two halves: -V where `real_label` is 1.

    With a label below 1 (one-sided smoothing: Salimans et al. 2016, section 3.4) D is never quite sure of a real image.
    """
    return binary_cross_entropy_with_logits(real, torch.full_like(real, real_label)) + softplus(made).mean()


def minimax(made: Tensor) -> Tensor:
    """E log(1 - D(G(z))): what G makes smaller in equation 1. Its gradient dies where D is sure."""
    return -softplus(made).mean()


def non_saturating(made: Tensor) -> Tensor:
    """-E log D(G(z)): what G makes smaller in practice (section 3). Its gradient is largest where D is sure."""
    return softplus(-made).mean()


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {"minimax": minimax, "non-saturating": non_saturating}


@dataclass(frozen=True)
class Game:
    """How a game went. `table` has a row for every `every` steps: step, and the means since the row before of "value"
    (V, without smoothing), "generator_loss", "real" and "made" (the probability that D gave to real and made images).
    """

    table: pd.DataFrame


def fit(
    generator: nn.Module,
    discriminator: nn.Module,
    real: Tensor,
    *,
    steps: int,
    batch_size: int = 64,
    lr: float = 2e-3,
    discriminator_lr: float = 1e-3,
    loss: str = "non-saturating",
    real_label: float = 1.0,
    ema: float | None = 0.99,
    every: int = 50,
    seed: int = 0,
    callback: Callable[[int, nn.Module], None] | None = None,
    quiet: bool = False,
) -> Game:
    """Play the game in place: `steps` times a step of the discriminator and one of the generator, both by Adam.

    `generator.noise(count, source)` gives latent vectors, the generator makes of them what `real` has, float (N, …),
    and the discriminator gives a logit for each, (N,). `loss` is the generator's, of LOSSES. The learning rates stay
    for half of the steps and then fall to nothing. With `ema` the generator ends with the average of its weights;
    `callback` is called every `every` steps with the step and the generator as it would end then, in eval mode.
    On one thread the same seed gives the same networks. Raises ValueError for numbers that cannot be, for an unknown
    loss, and for networks that do not fit the data; Diverged where a loss becomes NaN or infinite.
    """
    _check(real, steps, batch_size, lr, discriminator_lr, real_label, every)
    of_generator = choice(LOSSES, "loss", loss)
    stepper = torch.optim.Adam(generator.parameters(), lr, BETAS)
    opponent = torch.optim.Adam(discriminator.parameters(), discriminator_lr, BETAS)
    average = None if ema is None else Average(generator, ema)
    rows, sums = [], torch.zeros(len(COLUMNS))
    with torch.random.fork_rng([]), Bar(steps * batch_size, quiet) as bar:
        torch.manual_seed(seed)
        generator.train(), discriminator.train()
        for step in range(1, steps + 1):
            share = min(1.0, (1 - (step - 1) / steps) / (1 - FLAT))
            stepper.param_groups[0]["lr"], opponent.param_groups[0]["lr"] = lr * share, discriminator_lr * share
            x = real[torch.randint(len(real), (batch_size,))]  # (B, …)
            made = generator(generator.noise(batch_size))  # (B, …)
            if step == 1:
                _fits(x, made, discriminator)

            of_real, of_made = discriminator(x), discriminator(made.detach())  # (B,), (B,): D is told nothing of G
            opponent.zero_grad()
            discriminator_loss(of_real, of_made, real_label).backward()
            opponent.step()

            of_new = discriminator(made)  # (B,): by D as it is now
            its_loss = of_generator(of_new)
            stepper.zero_grad()
            its_loss.backward()  # also into D, whose gradients are thrown away before its next step
            stepper.step()

            if average:
                average.update()
            with torch.no_grad():
                shares = of_real.sigmoid().mean(), of_made.sigmoid().mean()
                sums += torch.stack([value(of_real, of_made), its_loss, *shares])
            looks = bar.step(batch_size, step / steps)
            if step % every == 0 or step == steps:
                means = (sums / (step - (rows[-1]["step"] if rows else 0))).tolist()
                if not all(map(math.isfinite, means)):
                    raise Diverged(f"the losses became {means} by step {step}. Use a smaller lr than {lr:g}.")
                rows.append({"step": step} | dict(zip(COLUMNS, means, strict=True)))
                sums.zero_()
                if callback:
                    _show(callback, step, generator, average)
            if looks and rows:
                bar.show(**{name: f"{rows[-1][name]:.2f}" for name in COLUMNS})
        if average:
            generator.load_state_dict(average.state)
    generator.eval(), discriminator.eval()
    return Game(pd.DataFrame(rows))


def make(generator: nn.Module, count: int, seed: int = 0) -> Tensor:
    """`count` samples of a generator in eval mode, without gradients: of one seed always the same."""
    if count < 1:
        raise ValueError(f"count must be 1 or more; got {count}.")
    training = generator.training
    generator.eval()
    z = generator.noise(count, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        made = torch.cat([generator(some) for some in z.split(500)])
    generator.train(training)
    return made


def _show(callback: Callable, step: int, generator: nn.Module, average: Average | None) -> None:
    generator.eval()
    if average is None:
        callback(step, generator)
    else:
        with average.put_in(generator):
            callback(step, generator)
    generator.train()


def _check(
    real: Tensor, steps: int, batch_size: int, lr: float, discriminator_lr: float, real_label: float, every: int
) -> None:
    if not isinstance(real, Tensor) or not real.is_floating_point() or real.ndim < 2 or not len(real):
        raise ValueError("real must be float (N, …) with N of 1 or more: images in -1..1, or points.")
    for name, number, least in (("steps", steps, 1), ("batch_size", batch_size, 2), ("every", every, 1)):
        if number < least:
            raise ValueError(f"{name} must be {least} or more; got {number}.")
    for name, rate in (("lr", lr), ("discriminator_lr", discriminator_lr)):
        if not 0 < rate < math.inf:
            raise ValueError(f"{name} must be above 0; got {rate}.")
    if not 0.5 < real_label <= 1:
        raise ValueError(f"real_label must be above 0.5 and at most 1, for example 0.9; got {real_label}.")


def _fits(x: Tensor, made: Tensor, discriminator: nn.Module) -> None:
    if x.shape != made.shape:
        raise ValueError(f"the generator makes {tuple(made.shape[1:])}, and the data are {tuple(x.shape[1:])}.")
    with torch.no_grad():
        training = discriminator.training
        logits = discriminator.eval()(x)  # in eval mode batch norm's statistics stay as they are
        discriminator.train(training)
    if logits.shape != (len(x),):
        raise ValueError(f"the discriminator gives {tuple(logits.shape)}; expected a logit each, ({len(x)},).")
