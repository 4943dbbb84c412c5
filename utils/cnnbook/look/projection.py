"""The deconvnet: which pixels made a unit answer. M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional
networks", ECCV 2014 (arXiv:1311.2901), section 2.1.

A unit's activation goes back to the pixels: max pooling is undone by its switches, a ReLU lets pass what is positive of
the signal that comes back (the gradient would ask what was positive on the way in), and a convolution uses its filters
transposed. All but the ReLU is what the gradient does, so autograd does it here.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from cnnbook.look.evaluating import check_images, evaluating


class Projection(NamedTuple):
    """Of N images, one unit each: what `deconvnet` found."""

    pixels: Tensor  # float (N, C, H, W), in the unit of the images: the part of the activation that each made
    channel: Tensor  # int64 (N,)
    position: Tensor  # int64 (N, 2), row and column in the feature map
    value: Tensor  # float (N,), the activations


class Strongest(NamedTuple):
    """Of K feature maps, the `count` images that excite them most, strongest first."""

    image: Tensor  # int64 (K, count), indices into the images
    position: Tensor  # int64 (K, count, 2), row and column of the largest activation
    value: Tensor  # float (K, count)


def deconvnet(
    model: nn.Module,
    images: Tensor,
    layer: str,
    channel: int | Sequence[int] | Tensor | None = None,
    position: tuple[int, int] | Sequence[tuple[int, int]] | Tensor | str | None = None,
) -> Projection:
    """One activation of a layer projected back to the pixels of each image.

    images: float (N, C, H, W), as the network wants them. layer: the name of a module, as `look.trace` prints it.
    channel: which feature map (or unit of a dense layer), one for all images or one an image; None is the one with the
    largest activation. position: (row, column), one or one an image; None is where that map is largest; "all" keeps the
    whole map, as some descriptions of the deconvnet have it. All other activations of the layer count as 0.
    ReLUs are found as modules and as functions. Normalisation layers, of which the paper does not say what becomes of
    them on the way back, pass on their gradient. The network is used in evaluation mode, and is as before afterwards.
    Raises ValueError for a layer, a channel or a position that there is not, TypeError for images that are not float.
    """
    check_images(images)
    x = images.detach().requires_grad_()
    with torch.enable_grad(), _Backwards():
        maps = _until(model, x.clone(), layer)  # a copy, which the network may change in place
    answers = maps.detach().reshape(*maps.shape[:2], *(maps.shape[2:] or (1, 1)))  # (N, K, h, w)
    count, channels, height, width = answers.shape
    rows = torch.arange(count, device=answers.device)
    if channel is None:
        chosen = answers.flatten(2).amax(dim=2).argmax(dim=1)
    else:
        chosen = torch.as_tensor(channel, device=answers.device).expand(count)
        _inside("channel", chosen, channels, layer)
    own = answers[rows, chosen]  # (N, h, w)
    if position is None or isinstance(position, str):
        if position not in (None, "all"):
            raise ValueError(f'position must be (row, column), None or "all", got {position!r}.')
        place = own.flatten(1).argmax(dim=1)
        place = torch.stack([place // width, place % width], dim=1)
    else:
        place = torch.as_tensor(position, device=answers.device).expand(count, 2)
        _inside("row", place[:, 0], height, layer)
        _inside("column", place[:, 1], width, layer)
    value = own[rows, place[:, 0], place[:, 1]]
    start = torch.zeros_like(answers)
    if isinstance(position, str):
        start[rows, chosen] = own
    else:
        start[rows, chosen, place[:, 0], place[:, 1]] = value
    (pixels,) = torch.autograd.grad(maps, x, start.reshape(maps.shape), allow_unused=True)
    return Projection(torch.zeros_like(images) if pixels is None else pixels, chosen, place, value)


def strongest(
    model: nn.Module,
    images: Tensor,
    layer: str,
    channels: Sequence[int] | Tensor | None = None,
    count: int = 9,
    batch_size: int = 250,
) -> Strongest:
    """The images in which a layer's feature maps have their largest activations; of each image its largest alone.

    images: float (N, C, H, W). channels: which maps, None for all. Raises ValueError for a layer or channel that there
    is not, or where there are fewer images than `count`.
    """
    check_images(images)
    if not 1 <= count <= len(images):
        raise ValueError(f"count must be 1 to {len(images)}, the number of images; got {count}.")
    values, places = [], []
    with torch.no_grad():
        for some in images.split(batch_size):
            maps = _until(model, some, layer)
            maps = maps.reshape(*maps.shape[:2], -1, maps.shape[3] if maps.ndim == 4 else 1)  # (B, K, h, w)
            if channels is not None:
                chosen = torch.as_tensor(channels)
                _inside("channel", chosen, maps.shape[1], layer)
                maps = maps[:, chosen]
            most = maps.flatten(2).max(dim=2)
            values.append(most.values)
            places.append(torch.stack([most.indices // maps.shape[3], most.indices % maps.shape[3]], dim=2))
    value, image = torch.cat(values).topk(count, dim=0)  # (count, K)
    position = torch.cat(places).take_along_dim(image[:, :, None], dim=0)  # (count, K, 2)
    return Strongest(image.T, position.transpose(0, 1), value.T)


def receptive_boxes(model: nn.Module, input_size: Sequence[int], layer: str, positions: Tensor) -> Tensor:
    """The window of the input that each position of a layer sees: int64 (M, 4) top, left, bottom, right, end excluded.

    input_size: (C, H, W). positions: int64 (M, 2), rows and columns. Windows end at the edge of the image. They are
    found by running the network with every weight of a convolution 1 / (inputs of a filter), means for maxima, and
    without ReLU and batch norm: what reaches back to a pixel has seen it.
    Raises ValueError for a layer or a position that there is not, and where a position sees nothing of the image.
    """
    places, which = torch.as_tensor(positions).reshape(-1, 2).unique(dim=0, return_inverse=True)
    found = []
    for some in places.split(64):
        x = torch.ones(len(some), *input_size, requires_grad=True)
        with torch.enable_grad(), _Reaching():
            maps = _until(model, x, layer)
        if maps.ndim != 4:
            raise ValueError(f"layer {layer!r} gives {tuple(maps.shape[1:])}: only feature maps have positions.")
        _inside("row", some[:, 0], maps.shape[2], layer)
        _inside("column", some[:, 1], maps.shape[3], layer)
        start = torch.zeros_like(maps)
        start[torch.arange(len(some)), :, some[:, 0], some[:, 1]] = 1
        (pixels,) = torch.autograd.grad(maps, x, start)
        seen = (pixels != 0).any(dim=1)  # (M, H, W)
        blind = ~seen.any(dim=(1, 2))
        if blind.any():
            raise ValueError(
                f"row, column {tuple(some[blind][0].tolist())} of layer {layer!r} sees no pixel of the image: it reads "
                "padding alone, or a layer before it multiplies by 0 or a constant. Take another position or layer."
            )
        sides = [seen.any(dim=2).int(), seen.any(dim=1).int()]  # rows, columns
        first = [side.argmax(dim=1) for side in sides]
        last = [side.shape[1] - side.flip(1).argmax(dim=1) for side in sides]
        found.append(torch.stack([*first, *last], dim=1))
    return torch.cat(found)[which]


class _Rectify(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, signal: Tensor) -> Tensor:
        return signal.clamp(min=0)


_IN_PLACE = {functional.relu_, torch.relu_, Tensor.relu_}
_RELUS = {functional.relu, torch.relu, Tensor.relu, *_IN_PLACE}
_CONVOLUTIONS = {functional.conv2d, torch.conv2d}
_NORMS = {functional.batch_norm, torch.batch_norm}
_POOLINGS = {functional.max_pool2d, torch.max_pool2d}


class _Backwards(TorchFunctionMode):
    """Within it every ReLU, module or function, rectifies what comes back instead of asking what went in."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in _RELUS:
            x = args[0] if args else kwargs["input"]
            rectified = _Rectify.apply(x)
            return x.copy_(rectified) if func in _IN_PLACE or kwargs.get("inplace") else rectified
        return func(*args, **kwargs)


class _Reaching(TorchFunctionMode):
    """Within it a network reaches back from each unit to everything that the unit sees."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in _RELUS or func in _NORMS:
            return args[0] if args else kwargs["input"]
        if func in _CONVOLUTIONS:
            weight = torch.full_like(args[1], 1 / args[1][0].numel())
            return func(args[0], weight, None, *args[3:], **kwargs)
        if func in _POOLINGS:
            return _mean_pool(*args, **kwargs)
        return func(*args, **kwargs)


def _mean_pool(
    x: Tensor, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
) -> Tensor:
    if dilation not in (1, (1, 1)):
        raise ValueError(f"max pooling with dilation {dilation} is not known here: use dilation 1.")
    return functional.avg_pool2d(x, kernel_size, stride, padding, ceil_mode)


class _Reached(Exception):
    """The layer has been computed: what follows need not be."""


def _until(model: nn.Module, x: Tensor, layer: str) -> Tensor:
    """What the named layer gives, (N, K, h, w) or (N, K); later layers are not run."""
    modules = dict(model.named_modules())
    if layer not in modules or not layer:
        raise ValueError(f"no layer called {layer!r}. There are {', '.join(name for name in modules if name)}.")
    caught: list[Tensor] = []

    def catch(module: nn.Module, inputs: tuple, output: Tensor) -> None:
        caught.append(output)
        raise _Reached

    with evaluating(model):
        hook = modules[layer].register_forward_hook(catch)
        try:
            model(x)
        except _Reached:
            pass
        finally:
            hook.remove()
    if not caught:
        raise ValueError(f"the network never uses its layer {layer!r}.")
    if not isinstance(caught[0], Tensor) or caught[0].ndim not in (2, 4):
        raise ValueError(f"layer {layer!r} gives neither feature maps (N, K, h, w) nor units (N, K).")
    return caught[0]


def _inside(what: str, values: Tensor, count: int, layer: str) -> None:
    for value in values.flatten().tolist():
        if not 0 <= value < count:
            raise ValueError(f"{what} {value} of layer {layer!r}: expected 0 to {count - 1}.")
