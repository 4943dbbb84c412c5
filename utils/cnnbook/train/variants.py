"""The networks that the studies of chapters 7 to 13 compare: the papers', narrowed for CIFAR-10, and their variants."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, relu

from cnnbook import models
from cnnbook.layers import LocalResponseNorm
from cnnbook.models import alexnet, modern, vgg
from cnnbook.models.densenet import DenseNet
from cnnbook.models.googlenet import GoogLeNet
from cnnbook.train.studies import ACTIVATIONS


def four_layers(activation: str, in_channels: int = 3, size: int = 32, num_classes: int = 10) -> nn.Sequential:
    """Images float (N, in_channels, size, size) → logits (N, num_classes): three 5 × 5 convolutions with 32, 32 and 64
    channels, each followed by overlapping pooling, and one dense layer; no regularisation.

    The paper says of its figure 1 "a four-layer convolutional network" and no more; this one is in the manner of the
    CIFAR-10 networks of A. Krizhevsky's cuda-convnet. Both activations start from the same weights, of deviation
    1 / √inputs: with He et al.'s, max pooling, which takes the larger values, lets ReLU's outputs grow from layer to
    layer, and large learning rates overshoot.
    """
    activate, _ = ACTIVATIONS[activation]
    channels, layers, side = in_channels, [], size
    for width in (32, 32, 64):
        layers += [nn.Conv2d(channels, width, kernel_size=5, padding=2), activate()]  # (N, width, side, side)
        layers += [nn.MaxPool2d(kernel_size=3, stride=2, padding=1)]
        channels, side = width, (side + 1) // 2  # 16, 8, 4 pixels
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * side**2, num_classes))
    for layer in model:
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=1 / layer.weight[0].numel() ** 0.5)
            nn.init.zeros_(layer.bias)
    return model


START = 0.01  # deviation of the first layer's weights (Zeiler & Fergus, section 3)
RADIUS = 0.04  # of a filter: the root of the mean of its squared weights
FIRST = {"11x11/4": (11, 4, 5, 1), "7x7/2": (7, 2, 3, 2)}  # kernel, stride, padding; stride of the second layer


def narrow_zfnet(
    first: str, filters: str, in_channels: int = 3, size: int = 64, num_classes: int = 10
) -> nn.Sequential:
    """ZFNet with half of its channels, an eighth of its dense units, for 64 pixels: images float
    (N, in_channels, 64, 64) → logits (N, num_classes).

    `first` is its first layer or AlexNet's; as in ZFNet the second layer has stride 2 where the first has, so that both
    networks are equal from there on. With `filters` "bounded" a filter of the first layer above the radius is scaled
    back to it before every step; "free" leaves them. The paper bounds all convolutions by 0.1, ten times their start,
    and finds it crucial in the first, whose inputs go to 128. Here they have deviation 1, so that filters grow less,
    and the radius is four times the start. The other layers start from He et al.'s weights: from the paper's, such
    inputs hardly reach the logits.
    """
    kernel, stride, padding, second = FIRST[first]

    def close() -> list[nn.Module]:
        norm = LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2.0)
        return [nn.ReLU(), nn.MaxPool2d(kernel_size=3, stride=2, padding=1), norm]

    model = nn.Sequential(
        nn.Conv2d(in_channels, 48, kernel, stride, padding),  # (N, 48, 16, 16), or 32 pixels
        *close(),  # (N, 48, 8, 8), or 16 pixels
        nn.Conv2d(48, 128, kernel_size=5, stride=second, padding=2),  # (N, 128, 8, 8)
        *close(),  # (N, 128, 4, 4)
        nn.Conv2d(128, 192, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(192, 192, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(192, 128, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128 * (size // 16) ** 2, 512),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(512, num_classes),
    )
    alexnet.start(model, "he")
    nn.init.normal_(model[0].weight, std=START)
    if filters == "bounded":
        model[0].register_forward_pre_hook(bound)
    return model


@torch.no_grad()
def bound(layer: nn.Conv2d, inputs: tuple[Tensor, ...] = ()) -> None:
    """Scale filters whose root mean square is above the radius back to it; a hook before the layer's forward pass."""
    rms = layer.weight.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    layer.weight.mul_((RADIUS / rms).clamp(max=1))


@torch.no_grad()
def first_filters(model: nn.Sequential, images: Tensor) -> dict[str, float]:
    """Of the first layer's filters: how many never answer one of the images (N, C, H, W), dead; the largest root mean
    square over the median one; which share of them has the radius or is above it; and how much of their answers is lost
    between its steps, aliased.

    Answers at every pixel hold frequencies up to 1/2 a pixel; those taken at every `stride`-th pixel tell apart
    frequencies up to 1 / (2 stride) only. The share of the answers' energy above that, constant part left out, is the
    aliased one, the mean over the filters. Images enlarged to twice their size have little of it, whatever the filters:
    what training changes, the same number about the fresh network tells.
    """
    layer = model[0]
    weight, (stride, _) = layer.weight.float(), layer.stride
    rms = weight.square().mean(dim=(1, 2, 3)).sqrt()
    answers = conv2d(images, weight, layer.bias)  # (N, filters, H, W), at every pixel
    taken = relu(conv2d(images, weight, layer.bias, layer.stride, layer.padding))
    energy = torch.fft.fft2(answers - answers.mean(dim=(2, 3), keepdim=True)).abs().square().sum(dim=0)
    height, width = (torch.fft.fftfreq(side).abs() for side in energy.shape[1:])
    above = torch.maximum(height[:, None], width[None, :]) > 1 / (2 * stride)
    return {
        "dead_filters": int((taken.amax(dim=(0, 2, 3)) <= 0).sum()),
        "largest_rms": round(float(rms.max() / rms.median()), 4),
        "at_radius": round(float((rms >= 0.999 * RADIUS).float().mean()), 4),
        "aliased": round(float((energy[:, above].sum(dim=1) / energy.sum(dim=(1, 2)).clamp(min=1e-12)).mean()), 4),
    }


def narrow_vgg(configuration: str, in_channels: int = 3, size: int = 32, num_classes: int = 10) -> nn.Sequential:
    """A column of the paper's table 1 with half of its channels and batch norm, for 32 pixels: images float
    (N, in_channels, 32, 32) → logits (N, num_classes), by one linear layer instead of three dense ones."""
    channels, layers = in_channels, []
    for entry in vgg.CONFIGURATIONS[configuration]:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))  # 16, 8, 4, 2, 1 pixels
            continue
        width, kernel = (channels, 1) if entry == "1x1" else (entry // 2, 3)
        layers += [nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(width)]
        layers += [nn.ReLU()]
        channels = width
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * (size // 32) ** 2, num_classes))
    vgg.start(model)
    return model


def googlenet_variant(heads: str, end: str, in_channels: int = 3, size: int = 32, num_classes: int = 10) -> nn.Module:
    """GoogLeNet for 32 pixels with half of its channels: images float (N, in_channels, 32, 32) → logits
    (N, num_classes).

    `heads` "on" has the two auxiliary heads in training. `end` "average" is global average pooling, the paper's;
    "dense" a dense layer of 512 units on all of the last maps in its place. Dropout and the last layer follow both.
    """
    model = GoogLeNet(num_classes, in_channels, aux=heads == "on", cifar=True, width=0.5)
    if end == "dense":
        channels, side = model.linear.in_features, size // 8  # 512 maps of 4 × 4
        model.avgpool = nn.Sequential(nn.Flatten(), nn.Linear(channels * side**2, channels), nn.ReLU())
        nn.init.kaiming_normal_(model.avgpool[1].weight, nonlinearity="relu")
        nn.init.zeros_(model.avgpool[1].bias)
    return WithHeads(model)


class WithHeads(nn.Module):
    """A network whose auxiliary heads learn with it while only its own logits are seen: (N, …) → (N, num_classes)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        found = self.network(x)
        return AuxiliaryLoss.apply(*(logits.float() for logits in found)) if isinstance(found, tuple) else found


class AuxiliaryLoss(torch.autograd.Function):
    """The network's logits (N, K); going backward, the heads' logits get the gradients of 0.3 times their own loss
    (GoogLeNet, section 5), as if loss + 0.3 · loss of each head had been asked for.

    The gradient of a batch's mean cross-entropy is (softmax - target) / N. That of a head differs from the network's,
    which comes in here, by the difference of their softmaxes: the target need not be known.
    """

    WEIGHT = 0.3

    @staticmethod
    def forward(ctx, logits: Tensor, *heads: Tensor) -> Tensor:
        ctx.save_for_backward(logits, *heads)
        return logits.view_as(logits)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, ...]:
        logits, *heads = ctx.saved_tensors
        found = [gradient + (head.softmax(dim=1) - logits.softmax(dim=1)) / len(logits) for head in heads]
        return gradient, *(AuxiliaryLoss.WEIGHT * each for each in found)


def by_depth(
    kind: str, depth: int, shortcut: str = "A", in_channels: int = 3, size: int = 32, num_classes: int = 10
) -> nn.Module:
    """`models.ResNetCifar` with so many layers, or its plain twin: images float (N, in_channels, 32, 32) → logits."""
    if kind == "plain":
        return models.create(f"plain{depth}", num_classes, in_channels)
    return models.create(f"resnet{depth}", num_classes, in_channels, shortcut=shortcut)


def by_shortcut(shortcut: str, in_channels: int = 3, size: int = 32, num_classes: int = 10) -> nn.Module:
    """ResNet-20 with option A, B or C."""
    return by_depth("residual", 20, shortcut, in_channels, size, num_classes)


def densenet_or_resnet(network: str, in_channels: int = 3, size: int = 32, num_classes: int = 10) -> nn.Module:
    """ "densenet52": DenseNet-BC, three blocks of 8 layers, growth rate 12; else a ResNet by its name."""
    if network == "densenet52":
        return DenseNet(num_classes, in_channels, blocks=(8, 8, 8), growth_rate=12, cifar=True)
    return models.create(network, num_classes, in_channels)


def of_blocks(block: str, in_channels: int = 3, size: int = 32, num_classes: int = 10) -> nn.Module:
    """`models.modern.small`: images float (N, in_channels, 32, 32) → logits (N, num_classes)."""
    return modern.small(block, num_classes, in_channels)
