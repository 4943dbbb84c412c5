"""Data that is always there, as tensors: what the course's packages carry, what it draws, what it downloads, your own.

`load` gives an `ImageSet`; `batches` turns it into what a network reads, changed by augmentations such as `flip`.
"""

from cnnbook.data import distorted
from cnnbook.data.augment import (
    Draw,
    brightness,
    contrast,
    crop,
    cutout,
    flip,
    pca_colour,
    saturation,
    scale,
    shift,
    standardize,
)
from cnnbook.data.batches import augmented, batches, to_float
from cnnbook.data.imageset import ImageSet
from cnnbook.data.load import load, names, sources
from cnnbook.data.views import crops_144, flips, multi_scale, ten_crop

__all__ = [
    "Draw",
    "ImageSet",
    "augmented",
    "batches",
    "brightness",
    "contrast",
    "crop",
    "crops_144",
    "cutout",
    "distorted",
    "flip",
    "flips",
    "load",
    "multi_scale",
    "names",
    "pca_colour",
    "saturation",
    "scale",
    "shift",
    "sources",
    "standardize",
    "ten_crop",
    "to_float",
]
