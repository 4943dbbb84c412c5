"""Patches of real photographs of textures that the package scikit-image carries in its wheel; nothing is downloaded.

brick, grass and gravel are CC0; galaxies is NASA's, in the public domain; of tissue no copyright restriction is known.
Their sources are in the docstrings of skimage.data.
"""

import numpy as np
import skimage.data
import torch
from skimage.color import rgb2gray
from torch import Tensor

from cnnbook.data.imageset import ImageSet, resized

TEXTURES = {  # class → (Korean, scikit-image's function)
    "brick": ("벽돌", "brick"),
    "grass": ("잔디", "grass"),
    "gravel": ("자갈", "gravel"),
    "tissue": ("생체 조직", "immunohistochemistry"),
    "galaxies": ("은하", "hubble_deep_field"),
}
SIDE = 512  # of the square in the middle of each photograph
TRAIN = 352  # of its columns are for training, the other 160 for testing: no pixel is in both
LARGEST = SIDE - TRAIN  # a patch; a larger size is made from such patches
STEP = 8  # pixels between patches, at least; patches overlap, from 32 pixels on by three quarters


def read(split: str, size: int | None = None) -> ImageSet:
    """Grey patches uint8 (N, 1, size, size), 64 px unless told; as many of each class, the classes in turn."""
    size = size or 64
    side = min(size, LARGEST)
    columns = slice(0, TRAIN) if split == "train" else slice(TRAIN, SIDE)
    patches = torch.stack([_patches(name, columns, side) for name in TEXTURES], dim=1)  # (patches, classes, h, w)
    images = patches.reshape(-1, 1, side, side)
    images = images if size == side else resized(images, size)
    labels = torch.arange(len(TEXTURES)).repeat(len(patches))
    return ImageSet(images, labels, tuple(TEXTURES), tuple(korean for korean, _ in TEXTURES.values()), name="textures")


def _patches(name: str, columns: slice, side: int) -> Tensor:
    """All patches of a texture's columns on a regular grid, uint8 (N, side, side)."""
    step = max(STEP, side // 4)
    part = torch.from_numpy(_square(name))[:, columns]
    return part.unfold(0, side, step).unfold(1, side, step).reshape(-1, side, side)


def _square(name: str) -> np.ndarray:
    """The middle of the photograph in grey, uint8 (512, 512)."""
    picture = getattr(skimage.data, TEXTURES[name][1])()
    grey = picture if picture.ndim == 2 else (rgb2gray(picture) * 255).round().astype(np.uint8)
    top, left = ((length - SIDE) // 2 for length in grey.shape)
    return np.array(grey[top : top + SIDE, left : left + SIDE])
