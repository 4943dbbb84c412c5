"""Images with labels, as the course passes them around."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import interpolate

ALONG = ("images", "labels", "coarse_labels", "masks", "boxes", "box_labels", "captions", "captions_ko")  # one an image


@dataclass(frozen=True, eq=False)
class ImageSet:
    """`images` uint8 (N, C, H, W) in 0..255, `labels` int64 (N,), the names of the classes; and what else a set has:

    `coarse_labels` int64 (N,) with the names of the coarse classes; `captions`, one string an image; and of the K
    objects of each image `masks` uint8 or bool (K, H, W), `boxes` float (K, 4) with x1, y1, x2, y2 in pixels,
    `box_labels` int64 (K,). A part is an ImageSet too: `digits[:100]`, `digits[indices]`,
    `digits[digits.labels == 3]`; a slice shares the pixels of the whole.
    Raises TypeError or ValueError, naming what does not fit, when it is made.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    classes_ko: tuple[str, ...] = ()
    name: str = "images"
    _: KW_ONLY
    coarse_labels: Tensor | None = None
    coarse_classes: tuple[str, ...] = ()
    coarse_classes_ko: tuple[str, ...] = ()
    masks: Sequence[Tensor] | None = None
    boxes: Sequence[Tensor] | None = None
    box_labels: Sequence[Tensor] | None = None
    captions: Sequence[str] | None = None
    captions_ko: Sequence[str] | None = None

    def __post_init__(self) -> None:
        _expect("images", self.images, (torch.uint8,), ("N", "C", "H", "W"))
        for what, classes in (("labels", "classes"), ("coarse_labels", "coarse_classes")):
            self._named(classes)
            if getattr(self, what) is not None:
                self._in_range(what, len(getattr(self, classes)))
        for what in ALONG[1:]:
            there = getattr(self, what)
            if there is not None and len(there) != len(self.images):
                raise ValueError(f"images and {what} must be as many, got {len(self.images)} and {len(there)}.")
            if there is not None and what not in ("labels", "coarse_labels"):
                object.__setattr__(self, what, tuple(there))
        side = self.images.shape[-2:]
        for index, (masks, boxes, labels) in enumerate(self._objects()):
            _expect(f"masks[{index}]", masks, (torch.uint8, torch.bool), ("K", *side))
            _expect(f"boxes[{index}]", boxes, (torch.float32, torch.float64), ("K", 4))
            _expect(f"box_labels[{index}]", labels, (torch.int64,), ("K",))
            counts = {len(part) for part in (masks, boxes, labels) if part is not None}
            if len(counts) > 1:
                raise ValueError(f"image {index} has masks, boxes and box_labels of different lengths: {counts}.")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: "slice | Tensor | list[int]") -> "ImageSet":
        """The images that a slice, a tensor or list of indices, or a mask of bools picks."""
        if not isinstance(which, slice):
            which = torch.as_tensor(which)
            if which.ndim == 0:
                one = int(which)
                raise TypeError(f"an ImageSet gives sets: write [{one}:{one + 1}], or .images[{one}] for one image.")
            which = which if len(which) else torch.empty(0, dtype=torch.int64)
            if which.dtype == torch.bool and len(which) != len(self):
                raise ValueError(f"the mask has {len(which)} values for {len(self)} images.")
            if which.is_floating_point() or which.ndim != 1:
                raise TypeError("pick images by a slice, by whole-number indices (K,) or by a mask of bools (N,).")
        return replace(self, **{what: _pick(getattr(self, what), which) for what in ALONG})

    def __repr__(self) -> str:
        channels, height, width = self.images.shape[1:]
        size = f"{len(self):,} images {channels}×{height}×{width}"
        extras = [f"{len(self.coarse_classes)} coarse"] * bool(self.coarse_classes)
        extras += [what for what in ("boxes", "masks", "captions") if getattr(self, what) is not None]
        return f"ImageSet({self.name}: {', '.join([size, f'{len(self.classes)} classes', *extras])})"

    def describe(self) -> pd.DataFrame:
        """One row a class: its label, its names, its coarse class, how many images, their mean pixel value in 0..1.

        Where the set has boxes or masks: how many of them are of this class, or on images of it without box_labels.
        """
        rows = []
        for label, name in enumerate(self.classes):
            chosen = self.labels == label
            row = {"label": label, "class": name}
            if self.classes_ko != self.classes:
                row["class_ko"] = self.classes_ko[label]
            if self.coarse_labels is not None:
                coarse = self.coarse_labels[chosen].unique().tolist()
                row["coarse"] = ", ".join(self.coarse_classes[each] for each in coarse)
                row["coarse_ko"] = ", ".join(self.coarse_classes_ko[each] for each in coarse)
            images = self.images[chosen]
            mean = int(images.sum(dtype=torch.int64)) / images.numel() / 255 if images.numel() else float("nan")
            row |= {"images": len(images), "mean": round(mean, 3)}
            row |= {what: self._count(what, label) for what in ("boxes", "masks") if getattr(self, what) is not None}
            rows.append(row)
        return pd.DataFrame(rows).set_index("label")

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

    def coarse(self) -> "ImageSet":
        """The same images, labelled by their coarse classes. Raises ValueError where the set has none."""
        if self.coarse_labels is None:
            raise ValueError(f"{self.name} has no coarse classes; cifar100 and shapes with classes=100 have.")
        names = {"classes": self.coarse_classes, "classes_ko": self.coarse_classes_ko}
        none = {"coarse_labels": None, "coarse_classes": (), "coarse_classes_ko": ()}
        return replace(self, labels=self.coarse_labels, **names, **none)

    def centre(self, size: int) -> "ImageSet":
        """The square of `size` pixels in the middle of every image, sharing their memory.

        Raises ValueError where the images are smaller, or have boxes or masks, which the cut could go through.
        """
        height, width = self.images.shape[-2:]
        if not 1 <= size <= min(height, width):
            raise ValueError(f"size must be 1 to {min(height, width)} pixels for {height}×{width} images, got {size}.")
        if self.boxes is not None or self.masks is not None:
            raise ValueError(f"{self.name} has objects that a cut could go through: load it with size={size} instead.")
        top, left = (height - size) // 2, (width - size) // 2
        return replace(self, images=self.images[:, :, top : top + size, left : left + size])

    def _named(self, classes: str) -> None:
        """Both languages' names as tuples, one the other's where it is missing."""
        names, korean = tuple(getattr(self, classes)), tuple(getattr(self, f"{classes}_ko"))
        object.__setattr__(self, classes, names)
        object.__setattr__(self, f"{classes}_ko", korean or names)
        if korean and len(korean) != len(names):
            raise ValueError(f"{len(names)} {classes} have {len(korean)} Korean names.")

    def _in_range(self, what: str, classes: int) -> None:
        labels = getattr(self, what)
        _expect(what, labels, (torch.int64,), ("N",))
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
            low, high = int(labels.min()), int(labels.max())
            raise ValueError(f"{what} must be 0 to {classes - 1}, one a class; got {low} to {high}.")

    def _objects(self) -> "zip[tuple[Tensor | None, ...]]":
        """Of each image its masks, boxes and box labels."""
        none = (None,) * len(self.images)
        return zip(self.masks or none, self.boxes or none, self.box_labels or none, strict=True)

    def _count(self, what: str, label: int) -> int:
        if self.box_labels is not None:
            return sum(int((labels == label).sum()) for labels in self.box_labels)
        return sum(len(part) for part, of in zip(getattr(self, what), self.labels.tolist(), strict=True) if of == label)


def resized(images: Tensor, size: int) -> Tensor:
    """uint8 (N, C, H, W) → (N, C, size, size), smoothed before it shrinks; never all of them as floats at once."""
    found = images.new_empty(*images.shape[:2], size, size)
    for some, place in zip(images.split(1000), found.split(1000), strict=True):
        larger = interpolate(some.float(), (size, size), mode="bilinear", antialias=True)
        place.copy_(larger.round_().clamp_(0, 255))
    return found


def _pick(values: Any, which: slice | Tensor) -> Any:
    if values is None or isinstance(values, Tensor) or isinstance(which, slice):
        return values if values is None else values[which]
    indices = which.nonzero().flatten() if which.dtype == torch.bool else which
    return tuple(values[index] for index in indices.tolist())


def _expect(what: str, value: Tensor | None, dtypes: tuple[torch.dtype, ...], shape: tuple[str | int, ...]) -> None:
    if value is None:
        return
    wanted = f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
    if not isinstance(value, Tensor):
        raise TypeError(f"{what} must be a tensor {wanted}, got {type(value).__name__}.")
    if value.dtype not in dtypes:
        raise TypeError(f"{what} must be {' or '.join(map(str, dtypes))}, got {value.dtype}.")
    fits = value.ndim == len(shape) and all(isinstance(n, str) or n == m for n, m in zip(shape, value.shape))  # noqa: B905
    if not fits:
        raise ValueError(f"{what} must have shape {wanted}, got {tuple(value.shape)}.")
