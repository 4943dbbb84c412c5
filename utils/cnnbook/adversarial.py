"""Adversarial examples: images changed by little so that a network gets them wrong, or says what one wants.

`fgsm`: I. J. Goodfellow, J. Shlens, C. Szegedy, "Explaining and harnessing adversarial examples", ICLR 2015
(arXiv:1412.6572), section 4. `pgd`: A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu, "Towards deep learning
models resistant to adversarial attacks", ICLR 2018 (arXiv:1706.06083), section 2. `lbfgs`: C. Szegedy, W. Zaremba,
I. Sutskever, J. Bruna, D. Erhan, I. Goodfellow, R. Fergus, "Intriguing properties of neural networks", ICLR 2014
(arXiv:1312.6199), section 4.1.

All take images float (N, C, H, W) in 0..1 and give such images: what a network wants of them, such as a mean to be
subtracted, belongs inside of it, as in `models.pretrained`, or with `normalized` here. The network runs in evaluation
mode and is as before afterwards: its modes, weights, buffers and gradients.
They raise TypeError for what is no network and for images that are not float, ValueError for images outside of 0..1,
labels that do not fit, sizes that cannot be, and a network through which no gradient reaches the images.
"""

from collections import OrderedDict
from collections.abc import Callable
from math import isfinite

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from cnnbook.look.evaluating import check_images, evaluating

NORMS = ("linf", "l2")


class Normalize(nn.Module):
    """Images float (N, C, H, W) in 0..1 → (x - mean) / std, each a number or one a channel."""

    def __init__(self, mean: Tensor | float, std: Tensor | float) -> None:
        super().__init__()
        for name, value in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.as_tensor(value, dtype=torch.float32).reshape(-1, 1, 1))
        if not (self.std > 0).all():
            raise ValueError(f"std must be above 0 in every channel, got {self.std.flatten().tolist()}.")

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


def normalized(network: nn.Module, mean: Tensor | float, std: Tensor | float) -> nn.Sequential:
    """The same network, its weights shared, for images in 0..1: its `normalize`, then its `network`.

    `mean` and `std` are those of its training, as `train.fit` returns them in its history.
    """
    return nn.Sequential(OrderedDict(normalize=Normalize(mean, std), network=network)).train(network.training)


def input_gradient(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """The gradient of each image's own cross-entropy loss by its pixels, float (N, C, H, W).

    labels: int64 (N,), one an image.
    """
    with evaluating(_checked(model, images, labels)):
        return _gradient(model, images, labels)


def fgsm(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float, *, targeted: bool = False) -> Tensor:
    """The fast gradient sign method: every pixel moves by `epsilon` where the loss grows, float (N, C, H, W) in 0..1.

    labels: int64 (N,), what the images show; with `targeted` what the network is to say, and pixels move where the
    loss of that falls. A pixel without a gradient stays.
    """
    _check_size("epsilon", epsilon, zero=True)
    with evaluating(_checked(model, images, labels)):
        moved = images + _towards(targeted) * epsilon * _gradient(model, images, labels).sign()
    return moved.clamp(0, 1).detach()


def pgd(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    *,
    norm: str = "linf",
    steps: int = 10,
    step: float | None = None,
    targeted: bool = False,
    seed: int | None = None,
) -> Tensor:
    """Projected gradient descent: `steps` small steps, after each of which the images are put back into 0..1 and to
    within `epsilon` of where they began, float (N, C, H, W).

    norm: "linf", where no pixel changes by more than `epsilon` and a step is `step` times the gradient's sign; or "l2",
    where the change of a whole image has a norm of at most `epsilon` and a step is as long as `step`. `step` is
    2.5 epsilon / steps by default. labels, targeted: as in `fgsm`. With a `seed` it begins at a random place within
    `epsilon`, else at the images.
    """
    _check_size("epsilon", epsilon, zero=True)
    if norm not in NORMS:
        raise ValueError(f"norm must be one of {', '.join(map(repr, NORMS))}, got {norm!r}.")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps must be a whole number, 1 or more, got {steps!r}.")
    step = 2.5 * epsilon / steps if step is None else step
    _check_size("step", step, zero=epsilon == 0)
    with evaluating(_checked(model, images, labels)):
        start = images.detach().clone()
        moved = start if seed is None else _project(_somewhere(start, epsilon, norm, seed), start, epsilon, norm)
        for _ in range(steps):
            gradient = _gradient(model, moved, labels)
            direction = gradient.sign() if norm == "linf" else gradient / _lengths(gradient).clamp(min=1e-12)
            moved = _project(moved + _towards(targeted) * step * direction, start, epsilon, norm)
    return moved


def _project(moved: Tensor, start: Tensor, epsilon: float, norm: str = "linf") -> Tensor:
    """Images (N, C, H, W) put back to within `epsilon` of `start`, which is in 0..1, and into 0..1.

    In "l2" first into the ball and then into the box, which cannot leave the ball again.
    """
    change = moved - start
    if norm == "linf":
        change = change.clamp(-epsilon, epsilon)
    else:
        change = change * (epsilon / _lengths(change).clamp(min=1e-12)).clamp(max=1)
    return (start + change).clamp(0, 1)


def lbfgs(
    model: nn.Module, images: Tensor, targets: Tensor, *, c: float = 10.0, searches: int = 4, iterations: int = 30
) -> Tensor:
    """The attack of Szegedy et al.: the r that minimises c ‖r‖² + loss(x + r, target) with x + r in 0..1, by
    box-constrained L-BFGS, of `iterations` at most; float (N, C, H, W), x + r.

    c is divided by 10 until the network says the target, 6 times at most; then `searches` steps, halving a logarithmic
    scale, look for the largest c with which it does, and of all that was found the smallest r counts. An image for
    which no c is small enough comes back as the last of them left it: look whether the network says the target. One of
    which it is said already comes back as it is. targets: int64 (N,). The images are treated one by one.
    The paper writes c |r|; the square has a gradient at 0.
    """
    _check_size("c", c)
    for name, value, least in (("searches", searches, 0), ("iterations", iterations, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be a whole number, {least} or more, got {value!r}.")
    with evaluating(_checked(model, images, targets)):
        pairs = zip(images.detach().split(1), targets.split(1), strict=True)
        return torch.cat([_smallest(model, image, target, c, searches, iterations) for image, target in pairs])


def _smallest(model: nn.Module, image: Tensor, target: Tensor, c: float, searches: int, iterations: int) -> Tensor:
    if _says(model, image, target):
        return image
    high = None  # the smallest c known not to do
    for _ in range(7):
        moved = best = _minimised(model, image, target, c, iterations)
        if _says(model, moved, target):
            break
        high, c = c, c / 10
    else:
        return moved
    low = c  # the largest c known to do
    for _ in range(searches):
        c = low * 10 if high is None else (low * high) ** 0.5
        moved = _minimised(model, image, target, c, iterations)
        if _says(model, moved, target):
            low, best = c, min(best, moved, key=lambda found: float((found - image).norm()))
        else:
            high = c
    return best


def _minimised(model: nn.Module, image: Tensor, target: Tensor, c: float, iterations: int) -> Tensor:
    from scipy.optimize import minimize

    def objective(flat) -> tuple[float, "object"]:
        x = torch.as_tensor(flat, dtype=image.dtype, device=image.device).view_as(image)
        change = x - image
        loss, gradient = _loss_and_gradient(model, x, target)
        value = c * change.square().sum() + loss
        return value.item(), (2 * c * change + gradient).flatten().double().cpu().numpy()

    start = image.flatten().double().cpu().numpy()
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=[(0, 1)] * len(start),
                     options={"maxiter": iterations})  # fmt: skip
    return torch.as_tensor(found.x, dtype=image.dtype, device=image.device).view_as(image).clamp(0, 1)


def _says(model: nn.Module, images: Tensor, labels: Tensor) -> bool:
    with torch.no_grad():
        return bool((model(images).argmax(dim=1) == labels).all())


def _loss_and_gradient(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of the images' losses, and its gradient by the images; the parameters get none."""
    x = images.detach().clone().requires_grad_()
    with torch.enable_grad():
        logits = model(x)
        if logits.ndim != 2 or len(logits) != len(images):
            raise ValueError(f"the model gives {tuple(logits.shape)}, no logits ({len(images)}, classes).")
        if int(labels.max()) >= logits.shape[1]:
            raise ValueError(f"label {int(labels.max())}: the model has {logits.shape[1]} classes, from 0.")
        loss = cross_entropy(logits, labels.to(logits.device), reduction="sum")  # each image's gradient is its own
        if not loss.requires_grad:
            raise ValueError("no gradient reaches the images: does the model round, detach or switch gradients off?")
        (gradient,) = torch.autograd.grad(loss, x, allow_unused=True)
    if gradient is None:
        raise ValueError("no gradient reaches the images: does the model round, detach or switch gradients off?")
    return loss.detach(), gradient


def _gradient(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return _loss_and_gradient(model, images, labels)[1]


def _towards(targeted: bool) -> int:
    """Up the loss of what the images show, or down that of the target."""
    return -1 if targeted else 1


def _lengths(images: Tensor) -> Tensor:
    """The l2 norm of each, (N, 1, 1, 1)."""
    return images.flatten(1).norm(dim=1).view(-1, 1, 1, 1)


def _somewhere(images: Tensor, epsilon: float, norm: str, seed: int) -> Tensor:
    """Each image moved within `epsilon` at random: every pixel on its own, or in a random direction."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(shape: tuple[int, ...], how: Callable) -> Tensor:
        return how(shape, generator=generator).to(images)

    if norm == "linf":
        return images + epsilon * (2 * drawn(images.shape, torch.rand) - 1)
    direction = drawn(images.shape, torch.randn)
    return images + epsilon * drawn((len(images), 1, 1, 1), torch.rand) * direction / _lengths(direction)


def _check_size(name: str, value: float, zero: bool = False) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not isfinite(value) or value < 0 or (value == 0 and not zero):
        raise ValueError(f"{name} must be a number {'of 0 or more' if zero else 'above 0'}, got {value!r}.")


def _checked(model: nn.Module, images: Tensor, labels: Tensor) -> nn.Module:
    """The model. Raises TypeError or ValueError for what cannot be attacked."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"the model must be an nn.Module, got {type(model).__name__}.")
    check_images(images)
    if not 0 <= float(images.min()) <= float(images.max()) <= 1:  # NaN too
        low, high = float(images.min()), float(images.max())
        raise ValueError(f"images must be in 0..1, got {low:.3g} to {high:.3g}: let the network itself normalise them.")
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        got = f"{labels.dtype} {tuple(labels.shape)}" if isinstance(labels, Tensor) else type(labels).__name__
        raise ValueError(f"labels must be a tensor of int64, one for each of {len(images)} images, got {got}.")
    if int(labels.min()) < 0:
        raise ValueError(f"labels are classes, from 0, got {int(labels.min())}.")
    return model
