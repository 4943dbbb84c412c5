"""The networks of the course, by name: one file an architecture."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from torch import nn

from cnnbook.models import baselines, cifar_cnn, cifar_fast, lenet, resnet_cifar
from cnnbook.models.cifar_cnn import CifarCNN
from cnnbook.models.cifar_fast import CifarFast
from cnnbook.models.lenet import LeNet5
from cnnbook.models.resnet_cifar import ResNetCifar

__all__ = ["CifarCNN", "CifarFast", "LeNet5", "ResNetCifar", "baselines", "create", "facts", "names"]

_networks: dict[str, tuple[Callable[..., nn.Module], dict[str, Any]]] = {
    "lenet5": (LeNet5, lenet.FACTS),
    "cifar_cnn": (CifarCNN, cifar_cnn.FACTS),
    "cifar_fast": (CifarFast, cifar_fast.FACTS),
    "resnet20": (ResNetCifar, resnet_cifar.FACTS),
}


def names() -> tuple[str, ...]:
    """The names that `create` knows."""
    return tuple(_networks)


def create(name: str, num_classes: int = 1000, in_channels: int = 3, **options: Any) -> nn.Module:
    """A fresh network: images float (N, in_channels, H, W) of the size in `facts` → logits (N, num_classes).

    `options` go to the architecture's class. Raises ValueError for an unknown name, with the nearest.
    """
    return _entry(name)[0](num_classes=num_classes, in_channels=in_channels, **options)


def facts(name: str) -> dict[str, Any]:
    """Its paper, year, input_size (C, H, W), parameters, and notes on what differs. ValueError for an unknown name."""
    return dict(_entry(name)[1])


def _entry(name: str) -> tuple[Callable[..., nn.Module], dict[str, Any]]:
    if name not in _networks:
        nearest = get_close_matches(str(name), names(), n=1, cutoff=0)[0]
        raise ValueError(f"there is no network called {name!r}. Nearest: {nearest!r}. Known: {', '.join(names())}.")
    return _networks[name]
