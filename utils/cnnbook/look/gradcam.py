"""Grad-CAM: which places of a layer speak for a class. R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh,
D. Batra, "Grad-CAM: visual explanations from deep networks via gradient-based localization", ICCV 2017
(arXiv:1610.02391), equations 1 and 2.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cnnbook.look.evaluating import check_images, evaluating


def grad_cam(
    model: nn.Module, images: Tensor, target: int | Sequence[int] | Tensor | None = None, *, layer: str
) -> Tensor:
    """The feature maps of a layer, each weighted by the mean gradient of the class's logit in it, summed, and what is
    negative set to 0: float (N, h, w), in the size of the layer, in no unit of its own.

    images: float (N, C, H, W), as the network wants them. target: the class, one for all images or one an image; None
    is the class that the network gives. layer: the name of a module, as `look.trace` prints it.
    The network is used in evaluation mode, and is as before afterwards; its parameters get no gradients.
    Raises ValueError for a layer or a class that there is not, a layer without feature maps or that the network does
    not run exactly once, and a network without logits (N, classes); TypeError for images that are not float.
    """
    check_images(images)
    with torch.enable_grad(), evaluating(model):
        logits, caught = activations(model, [layer], images.detach().requires_grad_())
    maps = caught[layer]
    if maps.ndim != 4:
        raise ValueError(f"layer {layer!r} gives {tuple(maps.shape)}: only feature maps, (N, K, h, w), have places.")
    if logits.ndim != 2:
        raise ValueError(f"the model gives {tuple(logits.shape)}, no logits (N, classes).")
    wanted = logits.argmax(dim=1) if target is None else torch.as_tensor(target, device=logits.device)
    if wanted.numel() not in (1, len(images)):
        raise ValueError(f"target must be one class, or one for each of {len(images)} images; got {wanted.numel()}.")
    wanted = wanted.reshape(-1).expand(len(images))
    if not 0 <= int(wanted.min()) <= int(wanted.max()) < logits.shape[1]:
        raise ValueError(f"target {wanted.tolist()}: the model has {logits.shape[1]} classes, from 0.")
    with torch.enable_grad():
        chosen = logits.gather(1, wanted[:, None]).sum()  # each image's gradient is that of its own class
    (gradient,) = torch.autograd.grad(chosen, maps)
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # (N, K, 1, 1)
    return (weights * maps.detach()).sum(dim=1).clamp(min=0)


def activations(model: nn.Module, layers: Sequence[str], images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """What a network makes of images, and what each of these layers put out on the way, by name.

    Gradients flow through both, and the network's mode is not changed. No hook is left, also where the network fails.
    Raises ValueError for a layer that there is not, or that the network does not run exactly once.
    """
    modules = dict(model.named_modules())
    unknown = [name for name in layers if name not in modules]
    if unknown:
        raise ValueError(f"the model has no layer {unknown[0]!r}: see look.trace, or named_modules().")
    caught: dict[str, list[Tensor]] = {name: [] for name in layers}

    def keep(name: str):
        def hook(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
            caught[name].append(output)
            return output.clone()  # goes on in its place: the network may change it without changing what is kept

        return hook

    hooks = [modules[name].register_forward_hook(keep(name)) for name in caught]
    try:
        output = model(images)
    finally:
        for hook in hooks:
            hook.remove()
    for name, found in caught.items():
        if len(found) != 1:
            raise ValueError(f"the model ran layer {name!r} {len(found)} times: what it puts out is not one thing.")
    return output, {name: found[0] for name, found in caught.items()}
