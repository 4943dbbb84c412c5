"""Functions that readers hand in to label images: `answer(images)`, uint8 (N, C, H, W) → int64 (N,)."""

from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import torch
from torch import Tensor

from cnnbook import data
from cnnbook.data.captions import with_particle
from cnnbook.exercises import Text, text
from cnnbook.exercises.shared import NOTHING

AT_ONCE = 500  # images that an answer is asked for in one call


def loaded(name: str, split: str, **options: Any) -> data.ImageSet:
    """What `data.load` gives, without a word about loading it."""
    with redirect_stdout(StringIO()):
        return data.load(name, split, **options)


def labels_of(answer: Callable, images: Tensor) -> Any:
    """The answer's labels, on the CPU; or the first thing that it returns which cannot be labels."""
    parts = [answer(part.clone()) for part in images.split(AT_ONCE)]
    odd = [part for part in parts if not isinstance(part, Tensor) or part.ndim != 1]
    return odd[0] if odd else torch.cat(parts).cpu()


def not_labels(found: Any, count: int, noun: Text) -> Text | None:
    """What is wrong where `found`, from `labels_of`, is not whole numbers (count,); None if it is.

    `noun` is what the lab calls a label, in the singular.
    """
    ko, en = noun["ko"], noun["en"]
    if found is None:
        return NOTHING
    if not isinstance(found, Tensor):
        return text(
            ko=f"그림마다 {ko} 하나씩, 텐서 (N,)이 필요합니다. 받은 것: {type(found).__name__}",
            en=f"A tensor (N,) is needed, a {en} for each image, and this is: {type(found).__name__}",
        )
    if found.ndim == 2:
        return text(
            ko=f"모양이 (N, {found.shape[1]})입니다. 로짓이라면 `argmax(dim=1)`로 {with_particle(ko, '을')} 고르세요.",
            en=f"The shape is (N, {found.shape[1]}). If these are logits, `argmax(dim=1)` picks the {en}s.",
        )
    if tuple(found.shape) != (count,):
        return text(
            ko=f"그림 {count:,}장에 대해 모양이 {tuple(found.shape)}인 텐서를 받았습니다. (N,)이어야 합니다.",
            en=f"For {count:,} images the tensor has the shape {tuple(found.shape)}; it should be (N,).",
        )
    if found.is_floating_point():
        return text(
            ko=f"{with_particle(ko, '은')} 정수여야 합니다. 로짓이 아니라 `argmax`를 돌려주세요.",
            en=f"{en.capitalize()}s must be whole numbers. Return the `argmax`, not logits.",
        )
    return None


def depends_on_company(answer: Callable, found: Tensor, images: Tensor, labels: Tensor) -> bool:
    """Whether images get other labels than `found` when they come with images of their own class alone.

    So it is in train mode: there batch norm takes the batch's mean, and dropout switches other units off.
    """
    alike = [(labels == label).nonzero().flatten()[:50] for label in labels.unique()]
    again = [labels_of(answer, images[some]) for some in alike]
    if any(not_labels(part, len(some), text(ko="레이블", en="label")) for part, some in zip(again, alike, strict=True)):
        return True
    return bool((torch.cat(again) != found[torch.cat(alike)]).float().mean() > 0.02)  # rounding may decide a few
