"""Style transfer: a photo painted in the manner of another picture. L. A. Gatys, A. S. Ecker, M. Bethge, "Image style
transfer using convolutional neural networks", CVPR 2016 (arXiv:1508.06576 is its first form).

The losses are the paper's but for one thing: each is divided by the size of what is wanted, so that it has no unit.
0 is the same, 1 as far away as a picture in which the layer sees nothing, and layers count alike. As the network pools,
some patterns of single pixels escape it; a small random shift at each step and the total variation keep them away.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cnnbook.look.evaluating import check_images, evaluating
from cnnbook.look.gradcam import activations

Maps = Mapping[str, Tensor]  # layer → float (N, K, h, w); of a style its Gram matrices (N, K, K)


class Distance(NamedTuple):
    """How far a picture is from a style and from a content; 0 is there."""

    style: float
    content: float


def gram(maps: Tensor) -> Tensor:
    """For each pair of feature maps the mean, over all places, of their product: (N, K, h, w) → (N, K, K)."""
    flat = maps.flatten(2)  # (N, K, h · w)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def relative(found: Tensor, wanted: Tensor) -> Tensor:
    """The sum of the squared differences, in units of the sum of what is wanted squared: a number, 0 or more."""
    return (found - wanted).square().sum() / wanted.square().sum().clamp(min=1e-12)


def style_loss(maps: Maps, wanted: Maps) -> Tensor:
    """The mean, over the layers of `wanted`, of the relative distance of the maps' Gram matrices from these."""
    return torch.stack([relative(gram(maps[name]), matrix) for name, matrix in wanted.items()]).mean()


def content_loss(maps: Maps, wanted: Maps) -> Tensor:
    """The mean, over the layers of `wanted`, of the relative distance of the maps themselves from these."""
    return torch.stack([relative(maps[name], map_) for name, map_ in wanted.items()]).mean()


def total_variation(images: Tensor) -> Tensor:
    """The mean absolute difference of neighbours below each other, plus that of neighbours side by side: a number."""
    return images.diff(dim=-2).abs().mean() + images.diff(dim=-1).abs().mean()


def distance(
    model: nn.Module,
    picture: Tensor,
    content: Tensor,
    style: Tensor,
    *,
    style_layers: Sequence[str],
    content_layers: Sequence[str],
    shifts: Sequence[tuple[int, int]] = ((0, 0),),
) -> Distance:
    """The style loss and the content loss of a picture, float (1, C, H, W); those of `transfer`.

    shifts: (down, right) in pixels, by which picture and content are moved before they are measured; the means count.
    A picture that fits the network's grid of pooling windows alone has small losses unmoved and large ones elsewhere.
    """
    names = dict.fromkeys([*style_layers, *content_layers])
    losses = []
    with torch.no_grad(), evaluating(model):
        painting = activations(model, style_layers, style)[1]
        grams = {name: gram(maps) for name, maps in painting.items()}
        for by in shifts:
            seen = activations(model, names, picture.roll(by, dims=(2, 3)))[1]
            photo = activations(model, content_layers, content.roll(by, dims=(2, 3)))[1]
            losses.append(torch.stack([style_loss(seen, grams), content_loss(seen, photo)]))
    return Distance(*torch.stack(losses).mean(dim=0).tolist())


def transfer(
    model: nn.Module,
    content: Tensor,
    style: Tensor,
    *,
    style_layers: Sequence[str],
    content_layers: Sequence[str],
    steps: int = 120,
    content_weight: float = 0.15,
    variation: float = 0.3,
    lr: float = 0.05,
    shift: int = 4,
    seed: int = 0,
) -> Tensor:
    """The content's photo in the manner of the style: float (1, C, H, W) in 0..1, of the size of the content.

    content, style: float (1, C, H, W) in 0..1, each of its own size. It begins with the photo, and Adam moves the
    pixels so that style loss + content_weight · content loss + variation · total variation falls; the learning rate
    goes from `lr` to a tenth of it. At each step picture and photo are shifted together, up to `shift` pixels down and
    right.
    The network is used in evaluation mode, and is as before afterwards; its parameters get no gradients.
    Raises ValueError for a layer that there is not, or steps below 1; TypeError for images that are not float.
    """
    for images in (content, style):
        check_images(images)
    if steps < 1:
        raise ValueError(f"steps must be 1 or more, got {steps}.")
    names = dict.fromkeys([*style_layers, *content_layers])
    chance = torch.Generator().manual_seed(seed)
    picture = content.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([picture], lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, lr / 10)
    with evaluating(model), torch.enable_grad():
        with torch.no_grad():
            painting = activations(model, style_layers, style)[1]
            grams = {name: gram(maps) for name, maps in painting.items()}
        for _ in range(steps):
            by = tuple(torch.randint(shift + 1, (2,), generator=chance).tolist())
            with torch.no_grad():
                photo = activations(model, content_layers, content.roll(by, dims=(2, 3)))[1]
            seen = activations(model, names, picture.roll(by, dims=(2, 3)))[1]
            loss = style_loss(seen, grams) + content_weight * content_loss(seen, photo)
            loss = loss + variation * total_variation(picture)
            (picture.grad,) = torch.autograd.grad(loss, picture)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                picture.clamp_(0, 1)
    return picture.detach()
