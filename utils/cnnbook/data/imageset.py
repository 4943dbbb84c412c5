"""Images with labels, as the course passes them around."""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class ImageSet:
    """`images` uint8 (N, C, H, W) in 0..255, `labels` int64 (N,), and the names of the classes.

    A part is an ImageSet too: `digits[:100]`, `digits[indices]`, `digits[digits.labels == 3]`; a slice shares the
    pixels of the whole. Raises TypeError or ValueError, naming what does not fit, when it is made.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    classes_ko: tuple[str, ...] = ()
    name: str = "images"

    def __post_init__(self) -> None:
        _expect("images", self.images, torch.uint8, "(N, C, H, W)", dimensions=4)
        _expect("labels", self.labels, torch.int64, "(N,)", dimensions=1)
        if len(self.images) != len(self.labels):
            raise ValueError(f"images and labels must be as many, got {len(self.images)} and {len(self.labels)}.")
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "classes_ko", tuple(self.classes_ko) or self.classes)
        if len(self.classes_ko) != len(self.classes):
            raise ValueError(f"{len(self.classes)} classes have {len(self.classes_ko)} Korean names.")
        if len(self.labels) and not 0 <= int(self.labels.min()) <= int(self.labels.max()) < len(self.classes):
            low, high = int(self.labels.min()), int(self.labels.max())
            raise ValueError(f"labels must be 0 to {len(self.classes) - 1}, one a class; got {low} to {high}.")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: "slice | Tensor | list[int]") -> "ImageSet":
        """The images that a slice, a tensor or list of indices, or a mask of bools picks."""
        if isinstance(which, (int, float)):
            raise TypeError(f"an ImageSet gives sets: write [{which}:{which + 1}], or .images[{which}] for one image.")
        if not isinstance(which, slice):
            which = torch.as_tensor(which) if len(which) else torch.empty(0, dtype=torch.int64)
            if which.dtype == torch.bool and len(which) != len(self):
                raise ValueError(f"the mask has {len(which)} values for {len(self)} images.")
            if which.is_floating_point() or which.ndim != 1:
                raise TypeError("pick images by a slice, by whole-number indices (K,) or by a mask of bools (N,).")
        return self._with(self.images[which], self.labels[which])

    def __repr__(self) -> str:
        channels, height, width = self.images.shape[1:]
        size = f"{len(self):,} images {channels}×{height}×{width}"
        return f"ImageSet({self.name}: {size}, {len(self.classes)} classes)"

    def describe(self) -> pd.DataFrame:
        """One row a class: its label, its names, how many images, and their mean pixel value in 0..1."""
        rows = []
        for label, (name, name_ko) in enumerate(zip(self.classes, self.classes_ko, strict=True)):
            images = self.images[self.labels == label]
            mean = int(images.sum(dtype=torch.int64)) / images.numel() / 255 if images.numel() else float("nan")
            rows.append({"label": label, "class": name, "class_ko": name_ko, "images": len(images), "mean": mean})
        table = pd.DataFrame(rows).set_index("label").round({"mean": 3})
        return table if self.classes_ko != self.classes else table.drop(columns="class_ko")

    def split(self, fraction: float, seed: int = 0) -> "tuple[ImageSet, ImageSet]":
        """Two sets at random, the first with `fraction` (0..1) of every class, each in the order of the whole."""
        if not 0 < fraction < 1:
            raise ValueError(f"fraction must be between 0 and 1, got {fraction!r}.")
        generator = torch.Generator().manual_seed(seed)
        first = torch.zeros(len(self), dtype=torch.bool)
        for label in range(len(self.classes)):
            members = (self.labels == label).nonzero().flatten()
            order = torch.randperm(len(members), generator=generator)
            first[members[order[: round(fraction * len(members))]]] = True
        return self[first], self[~first]

    def _with(self, images: Tensor, labels: Tensor) -> "ImageSet":
        return ImageSet(images, labels, self.classes, self.classes_ko, self.name)


def _expect(what: str, value: Tensor, dtype: torch.dtype, shape: str, dimensions: int) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(f"{what} must be a tensor {shape}, got {type(value).__name__}.")
    if value.dtype != dtype:
        raise TypeError(f"{what} must be {dtype}, got {value.dtype}.")
    if value.ndim != dimensions:
        raise ValueError(f"{what} must have shape {shape}, got {tuple(value.shape)}.")
