"""The networks of the course, by name: one file an architecture."""

from collections.abc import Callable
from typing import Any

from torch import nn

from cnnbook.models import (
    alexnet,
    baselines,
    cifar_cnn,
    cifar_fast,
    densenet,
    googlenet,
    inception_v3,
    lenet,
    nin,
    rcnn,
    resnet,
    resnet_cifar,
    squeezenet,
    stn,
    vgg,
    yolo,
    zfnet,
)
from cnnbook.models.cifar_cnn import CifarCNN
from cnnbook.models.cifar_fast import CifarFast
from cnnbook.models.convert import from_torchvision
from cnnbook.models.ensemble import Ensemble
from cnnbook.models.lenet import LeNet5
from cnnbook.models.prepare import prepare
from cnnbook.models.pretrained import imagenet_classes, pretrained
from cnnbook.models.resnet_cifar import ResNetCifar
from cnnbook.models.vgg import as_convolutions
from cnnbook.names import choice

__all__ = [
    "CifarCNN",
    "CifarFast",
    "Ensemble",
    "LeNet5",
    "ResNetCifar",
    "as_convolutions",
    "baselines",
    "create",
    "facts",
    "from_torchvision",
    "imagenet_classes",
    "names",
    "prepare",
    "pretrained",
    "rcnn",
    "stn",
    "yolo",
]

_networks: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {
    **lenet.NETWORKS,
    **alexnet.NETWORKS,
    **zfnet.NETWORKS,
    **nin.NETWORKS,
    **vgg.NETWORKS,
    **googlenet.NETWORKS,
    **inception_v3.NETWORKS,
    **resnet.NETWORKS,
    **densenet.NETWORKS,
    **squeezenet.NETWORKS,
    **cifar_cnn.NETWORKS,
    **resnet_cifar.NETWORKS,
    **cifar_fast.NETWORKS,
}


def names() -> tuple[str, ...]:
    """The names that `create` knows."""
    return tuple(_networks)


def create(name: str, num_classes: int = 1000, in_channels: int = 3, **options: Any) -> nn.Module:
    """A fresh network: images float (N, in_channels, H, W) of the size in `facts` → logits (N, num_classes).

    `options` go to the architecture's class. Raises ValueError for an unknown name, with the nearest.
    """
    return choice(_networks, "network called", name)[0](num_classes=num_classes, in_channels=in_channels, **options)


def facts(name: str) -> dict[str, Any]:
    """What is known of a network. ValueError for an unknown name, with the nearest.

    "paper", "year", "input_size" (C, H, W), "classes" for which "parameters" (without auxiliary heads) and
    "multiply_adds" (one image; convolutions and linear layers, biases not counted) were counted; "errors", the paper's
    own, what was measured → (percent, its table); "notes" on what differs or is left open. Where it is so:
    "parameters_with_aux"; "crop_from", the pixels of the images from which the input is cut.
    """
    return dict(choice(_networks, "network called", name)[1])
