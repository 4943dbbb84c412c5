"""Real photographs that the package scikit-image carries in its wheel; nothing is downloaded.

Their sources and licences (public domain or CC0) are in scikit-image's own data README.
"""

import numpy as np
import skimage.data
import torch
from torch import Tensor

from cnnbook.data.imageset import ImageSet, resized

PHOTOS = {  # class → (Korean, scikit-image's function)
    "astronaut": ("우주인", "astronaut"),
    "cat": ("고양이", "chelsea"),
    "coffee": ("커피", "coffee"),
    "rocket": ("로켓", "rocket"),
    "galaxies": ("은하", "hubble_deep_field"),
}


def read(size: int) -> ImageSet:
    """One photograph a class, RGB uint8 (5, 3, size, size): the square in the middle, resized."""
    images = torch.cat([_square(name, size) for name in PHOTOS])
    labels = torch.arange(len(PHOTOS))
    return ImageSet(images, labels, tuple(PHOTOS), tuple(korean for korean, _ in PHOTOS.values()), name="photos")


def _square(name: str, size: int) -> Tensor:
    """uint8 (1, 3, size, size)"""
    picture = getattr(skimage.data, PHOTOS[name][1])()
    side = min(picture.shape[:2])
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    square = np.ascontiguousarray(picture[top : top + side, left : left + side])
    return resized(torch.from_numpy(square).permute(2, 0, 1)[None], size)
