"""What to say where a loss is no number any more."""

from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn


class Diverged(ArithmeticError):
    """The loss became infinite or NaN; the message says where, and what to try."""


def diverged(
    model: nn.Module, x: Tensor, cast: AbstractContextManager, loss: float, epoch: int, batch: int, lr: float
) -> Diverged:
    """Where it began, found by running the network once more on the batch x, and what helps."""
    return Diverged(
        f"the loss is {loss} in epoch {epoch}, batch {batch}, at learning rate {lr:.3g}. "
        f"{origin(model, x, cast)} Try a smaller learning rate, lr={lr / 10:.1g} for example, or clip=1.0, "
        "and look for a division by zero or a log of zero."
    )


def origin(model: nn.Module, x: Tensor, cast: AbstractContextManager) -> str:
    """The first thing that is not finite: the images, a gradient, a parameter, or what a layer gives."""
    if not x.isfinite().all():
        return "The images themselves are not finite."
    parameters = dict(model.named_parameters())
    if bad := [name for name, value in parameters.items() if not value.isfinite().all()]:
        # the gradients are still those of the step that spoiled the parameters
        gradients = [name for name, value in parameters.items() if value.grad is not None and _broken(value.grad)]
        if gradients:
            return f"It began in the step before, going backward, with the gradient of {gradients[-1]}."
        return f"The parameter {bad[0]} is no longer finite though its gradient is: the step before was too large."
    layer = _first_layer(model, x, cast)
    return f"It began in the layer {layer}, whose output is not finite." if layer else "It began in the loss itself."


def _first_layer(model: nn.Module, x: Tensor, cast: AbstractContextManager) -> str | None:
    found: list[str] = []

    def watch(name: str, layer: nn.Module):
        def hook(_: nn.Module, inputs: object, output: object) -> None:
            if not found and isinstance(output, Tensor) and _broken(output):
                found.append(f"{name or 'as a whole'} ({type(layer).__name__})")

        return layer.register_forward_hook(hook)

    hooks = [watch(name, layer) for name, layer in model.named_modules()]  # those inside a layer are called before it
    try:
        with torch.no_grad(), cast:
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else None


def _broken(tensor: Tensor) -> bool:
    return not bool(tensor.isfinite().all())
