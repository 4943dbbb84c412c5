"""Images from a folder with one sub-folder a class, all of one size; read once, then kept in the user's cache."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from cnnbook.data import cache
from cnnbook.data.imageset import ImageSet

ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff"}


def read_folder(folder: Path, name: str) -> ImageSet:
    """All images of `folder/<class>/*`, uint8 (N, C, H, W), classes and files in the order of their names.

    Raises FileNotFoundError where there are none, ValueError that names the first file that does not fit.
    """
    files = {part.name: _images(part) for part in sorted(folder.iterdir()) if part.is_dir()}
    classes = tuple(label for label, paths in files.items() if paths)
    if not classes:
        raise FileNotFoundError(f"{folder} has no images: expected {folder.name}/<class>/*.png")
    state = hashlib.sha256()  # of every file's name, length and time: another state is read anew
    for label in classes:
        for path in files[label]:
            facts = path.stat()
            state.update(f"{label}/{path.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())

    def read() -> dict[str, np.ndarray]:
        pictures = [_pixels(path) for label in classes for path in files[label]]
        odd = next((n for n, picture in enumerate(pictures) if picture.shape != pictures[0].shape), None)
        if odd is not None:
            path = [path for label in classes for path in files[label]][odd]
            raise ValueError(f"{path}: {pictures[odd].shape} differs from the others' {pictures[0].shape} (C, H, W).")
        counts = [len(files[label]) for label in classes]
        return {"images": np.stack(pictures), "labels": np.repeat(np.arange(len(classes)), counts)}

    kept = cache.kept(f"{name}-{folder.name}", str(folder.resolve()), state.hexdigest(), read)
    images, labels = torch.from_numpy(kept["images"]), torch.from_numpy(kept["labels"].astype(np.int64))
    return ImageSet(images, labels, classes, name=name)


def _images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)


def _pixels(path: Path) -> np.ndarray:
    """uint8 (C, H, W), with one channel for grey pictures and three for all others."""
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture if picture.mode in ("L", "RGB") else picture.convert("RGB"))
    except OSError as error:
        raise ValueError(f"{path} is not an image that can be read: {error}") from error
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
