"""Questions of chapters 5 and 6, each a table of trainings of one small network: `cnnbook reproduce study_…`.

study_cifar_cnn: what is each part of the lecture's network, and of its recipe, worth?
study_activation_pooling: which activation, which pooling?
study_batch_norm: which learning rates and initial weights does a network bear, with batch norm and without?
study_dropout: where should values be dropped, whole blocks or single ones, and how many?
Those of chapters 7 to 13 are in `architectures`; `study` has what runs a study.

The test images are looked at only by the finished recipe, which was chosen on a validation split of the training
images. The accuracy that counts is the last epoch's.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from cnnbook.layers import DropBlock2d, LocalResponseNorm
from cnnbook.models import CifarCNN
from cnnbook.train import study
from cnnbook.train.study import Recipe, Study, table

ACTIVATIONS: dict[str, tuple[Callable[[], nn.Module], float]] = {  # with the gain of its initial weights
    "identity": (nn.Identity, 1.0),
    "sigmoid": (nn.Sigmoid, 1.0),
    "tanh": (nn.Tanh, 5 / 3),
    "relu": (nn.ReLU, 2**0.5),
    "leaky_relu": (lambda: nn.LeakyReLU(0.1), (2 / 1.01) ** 0.5),
    "elu": (nn.ELU, 2**0.5),
}
POOLINGS: dict[str, Callable[[], nn.Module]] = {
    "max": lambda: nn.MaxPool2d(2),
    "average": lambda: nn.AvgPool2d(2),
    "stride": nn.Identity,  # the convolution before it takes steps of two
}
INITS = {"small": 1 / 3, "he": 1.0, "large": 2.0}  # times He's deviation
LAYERS = ("all", "no_lrn", "one_conv", "pool_2x2", "stride", "no_hidden")  # of `cifar_cnn`
BLOCK = 3  # pixels of a block that is dropped, of maps of 16 and of 8 pixels
KINDS: dict[str, Callable[[float], nn.Module]] = {  # what is dropped, and where; "dense" is before the last layer
    "none": lambda probability: nn.Identity(),
    "dropout_conv": nn.Dropout,
    "dropblock_conv": lambda probability: DropBlock2d(probability, BLOCK),
    "dropout_dense": nn.Dropout,
}


def network(
    activation: str = "relu",
    pooling: str = "max",
    init: str = "he",
    norm: str = "none",
    kind: str = "none",
    probability: float = 0.0,
    in_channels: int = 3,
    size: int = 16,
    num_classes: int = 10,
) -> nn.Sequential:
    """Images float (N, in_channels, size, size) → logits (N, num_classes): four 3 × 3 convolutions with 32, 32, 64 and
    64 channels, pooling after every second, two dense layers. The other arguments are the factors of the studies.
    """
    activate, gain = ACTIVATIONS[activation]
    drop = KINDS[kind]
    channels, layers = in_channels, []
    for width in (32, 64):
        for stride in (1, 2 if pooling == "stride" else 1):
            layers += [nn.Conv2d(channels, width, kernel_size=3, stride=stride, padding=1)]
            layers += [nn.BatchNorm2d(width)] if norm == "bn" else []
            layers += [activate()]
            channels = width
        layers += [drop(probability)] if kind.endswith("_conv") else []
        layers += [POOLINGS[pooling]()]  # (N, 32, size / 2, size / 2), then (N, 64, size / 4, size / 4)
    layers += [nn.Flatten(), nn.Linear(channels * (size // 4) ** 2, 128)]
    layers += [nn.BatchNorm1d(128)] if norm == "bn" else []
    layers += [activate()]
    layers += [drop(probability)] if kind == "dropout_dense" else []
    model = nn.Sequential(*layers, nn.Linear(128, num_classes))
    for layer in model:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            std = INITS[init] * gain / layer.weight[0].numel() ** 0.5  # He et al. 2015, equation 10
            nn.init.normal_(layer.weight, std=std)
            nn.init.zeros_(layer.bias)
    return model


def cifar_cnn(layers: str = "all", in_channels: int = 3, size: int = 24, num_classes: int = 10) -> nn.Sequential:
    """The lecture's network, `models.CifarCNN`, with one part taken away or exchanged: images float (N, in_channels,
    24, 24) → logits (N, num_classes).

    `layers`: "all"; "no_lrn"; "one_conv" (without the second convolution and its LRN); "pool_2x2" (windows that do not
    overlap); "stride" (no pooling, convolutions of stride 2 instead); "no_hidden" (one dense layer instead of three).
    """
    kept = list(CifarCNN(num_classes, in_channels))
    if layers == "no_lrn":
        kept = [layer for layer in kept if not isinstance(layer, LocalResponseNorm)]
    elif layers == "one_conv":
        kept[4:7] = []
    elif layers == "pool_2x2":
        kept = [nn.MaxPool2d(2) if isinstance(layer, nn.MaxPool2d) else layer for layer in kept]
    elif layers == "stride":
        kept = [layer for layer in kept if not isinstance(layer, nn.MaxPool2d)]
        for layer in kept:
            if isinstance(layer, nn.Conv2d):
                layer.stride = (2, 2)
    elif layers == "no_hidden":
        kept[9:] = [nn.Linear(64 * 6 * 6, num_classes)]
        nn.init.trunc_normal_(kept[-1].weight, std=1 / 192)
        nn.init.zeros_(kept[-1].bias)
    elif layers != "all":
        raise ValueError(f"layers must be one of {', '.join(LAYERS)}; got {layers!r}.")
    return nn.Sequential(*kept)


STUDIES: dict[str, Study] = {
    "study_cifar_cnn": Study(
        about="The lecture's CIFAR-10 network with one part of it, or of its recipe, taken away, on 10,000 images of "
        "CIFAR-10",
        chosen="the recipe is that of the long run of cifar_cnn, which was chosen on 5,000 other training images, with "
        "fewer epochs; it was not chosen anew for these cells",
        recipe=Recipe(epochs=10, lr=0.05, optimizer="sgd", schedule="onecycle", batch_size=128, flip=True, crop=24,
                      normalize="image", weight_decay=5e-4),
        cells=table(layers=LAYERS, schedule=("onecycle",), moves=(True,))
        + table(layers=("all",), schedule=("constant", "staircase"), moves=(True,))
        + table(layers=("all",), schedule=("onecycle",), moves=(False,)),
        build=cifar_cnn,
        size=32,
    ),
    "study_activation_pooling": Study(
        about="Six activations with three kinds of pooling on 10,000 images of CIFAR-10 at 16 pixels",
        chosen="the learning rate out of 0.0005, 0.001, 0.002, 0.004 and the augmentation on 5,000 other training "
        "images, seed 0; with more than 0.002 tanh gains no more, with less sigmoid hardly learns",
        recipe=Recipe(epochs=15, lr=2e-3, flip=True, shift=2),
        cells=table(activation=tuple(ACTIVATIONS), pooling=tuple(POOLINGS)),
        build=network,
    ),
    "study_batch_norm": Study(
        about="Learning rates and initial weights, with and without batch norm, on 10,000 images of CIFAR-10 at 16 "
        "pixels",
        chosen="the range of the learning rates on 5,000 other training images, seed 0: its ends are too small and too "
        "large for most",
        recipe=Recipe(epochs=5, optimizer="sgd", schedule="cosine"),
        cells=table(lr=(0.01, 0.03, 0.1, 0.3, 1.0), init=tuple(INITS), norm=("none", "bn")),
        build=network,
    ),
    "study_dropout": Study(
        about="Dropout and DropBlock on convolutions, dropout before the last layer, with and without batch norm, on "
        "10,000 images of CIFAR-10 at 16 pixels",
        chosen="learning rate, epochs and augmentation on 5,000 other training images, seed 0; without augmentation, "
        "for it leaves dropout nothing to mend: the network does not overfit then",
        recipe=Recipe(epochs=20, lr=2e-3),
        cells=table(kind=("none",), norm=("none", "bn"), probability=(0.0,))
        + table(kind=("dropout_conv", "dropblock_conv", "dropout_dense"), norm=("none",), probability=(0.1, 0.3, 0.5))
        + table(kind=("dropout_dense",), norm=("bn",), probability=(0.1, 0.3, 0.5)),
        build=network,
    ),
}


def reproduce(name: str, output: Path, quiet: bool = False) -> dict[str, Any]:
    """Run one of these studies and write its record; interrupted, it goes on with the next training."""
    return study.reproduce(name, STUDIES[name], output, quiet)
