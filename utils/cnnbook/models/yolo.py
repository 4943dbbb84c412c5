"""J. Redmon, S. Divvala, R. Girshick, A. Farhadi, "You only look once: unified, real-time object detection", CVPR 2016:
boxes and classes of all cells of a grid at once, from one pass, without proposals.

Backbone and pictures are those of `rcnn`. The head is convolutional, as from YOLO v2 on: the two dense layers of the
paper have 212 million parameters, too many for the pictures that there are here; `PAPER` has its layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnnbook import vision
from cnnbook.models.rcnn import STRIDE, Backbone

COORD, NOOBJ = 5.0, 0.5  # weights of the loss, section 2.2
TERMS = ("centre", "size", "object", "no object", "class")  # of the loss, in the order of equation 3
PAPER = [  # figure 3: (channels, kernel, stride) of a convolution, or 2, pooling by 2
    *((64, 7, 2), 2, (192, 3, 1), 2, (128, 1, 1), (256, 3, 1), (256, 1, 1), (512, 3, 1), 2),
    *((256, 1, 1), (512, 3, 1)) * 4,
    *((512, 1, 1), (1024, 3, 1), 2, *((512, 1, 1), (1024, 3, 1)) * 2),
    *((1024, 3, 1), (1024, 3, 2), (1024, 3, 1), (1024, 3, 1)),
]


@dataclass(frozen=True)
class Targets:
    """What the grids of N pictures are to say: numbers (K,) of the `pictures`, `rows` and `columns` of the cells that
    have an object, its box in the grid's units `boxes` (K, 4), and its class `labels` (K,); and how many objects were
    `lost` because another has its centre in the same cell."""

    pictures: Tensor
    rows: Tensor
    columns: Tensor
    boxes: Tensor
    labels: Tensor
    lost: int


def targets(boxes: Sequence[Tensor], labels: Sequence[Tensor], size: tuple[int, int], grid: int) -> Targets:
    """The cells that are responsible for objects: those where the centres lie (section 2). One (K, 4) in pixels and one
    (K,) a picture of `size`, height and width; there may be none.

    Boxes become x, y, the centre's place in its cell, 0..1, and w, h in shares of the picture. A centre on the line
    between two cells is in the right or lower one, on the picture's edge in the last. Of several objects in a cell the
    last counts (of `scenes`, the nearest). Raises ValueError for a centre outside of the picture, and as
    `vision.check_boxes` does.
    """
    if grid < 1:
        raise ValueError(f"a grid has 1 cell a side or more, got {grid}.")
    height, width = size
    every, seen = [], 0
    for nth, (there, names) in enumerate(zip(boxes, labels, strict=True)):
        vision.check_boxes(there, f"boxes of picture {nth}")
        if names.shape != there.shape[:1]:
            raise ValueError(f"picture {nth} has {len(there)} boxes and labels {tuple(names.shape)}: one of each.")
        extent = there.new_tensor([width, height])
        centres = (there[:, :2] + there[:, 2:]) / 2 / extent  # (K, 2) in 0..1
        outside = ((centres < 0) | (centres > 1)).any(1)
        if outside.any():
            first = there[outside][0].tolist()
            raise ValueError(f"the centre of {first} lies outside of picture {nth}, {width} × {height} pixels.")
        columns, rows = (centres * grid).long().clamp(max=grid - 1).unbind(1)
        within = centres * grid - torch.stack([columns, rows], 1)
        shares = (there[:, 2:] - there[:, :2]) / extent
        last = {cell: which for which, cell in enumerate(zip(rows.tolist(), columns.tolist(), strict=True))}
        kept = torch.tensor(sorted(last.values()), dtype=torch.int64, device=there.device)
        seen += len(there)
        every.append((torch.full_like(kept, nth), rows[kept], columns[kept],
                      torch.cat([within, shares], 1)[kept], names[kept]))  # fmt: skip
    if not every:
        raise ValueError("no pictures: targets need one or more.")
    found = [torch.cat(each) for each in zip(*every, strict=True)]
    return Targets(*found, lost=seen - len(found[0]))


def absolute(boxes: Tensor, rows: Tensor, columns: Tensor, grid: int) -> Tensor:
    """Boxes x, y, w, h of cells (…, 4) → x1, y1, x2, y2 (…, 4) in shares of the picture. `rows` and `columns` (…)."""
    centre = (boxes[..., :2] + torch.stack([columns, rows], -1)) / grid
    half = boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], -1)


def paired_iou(one: Tensor, other: Tensor) -> Tensor:
    """IoU of boxes x1, y1, x2, y2 of shapes that go together (…, 4) → (…), 0 where there is no area at all."""
    shared = (torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(one[..., :2], other[..., :2])).clamp(min=0)
    area, areas = ((box[..., 2:] - box[..., :2]).clamp(min=0).prod(-1) for box in (one, other))
    shared = shared.prod(-1)
    return shared / (area + areas - shared).clamp(min=1e-9)


def parts(answers: Tensor, boxes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Answers (N, S, S, 5B + C) → x, y, √w, √h (N, S, S, B, 4), confidences (N, S, S, B), classes (N, S, S, C)."""
    classes = answers.shape[-1] - 5 * boxes
    if answers.ndim != 4 or answers.shape[1] != answers.shape[2] or classes < 1:
        got = f"{tuple(answers.shape)} with {boxes} boxes"
        raise ValueError(f"answers must be (N, S, S, 5B + C) with C of 1 or more, got {got}.")
    each = answers[..., : 5 * boxes].unflatten(-1, (boxes, 5))
    return each[..., :4], each[..., 4], answers[..., 5 * boxes :]


def yolo_loss(
    answers: Tensor, wanted: Targets, boxes: int = 2, coord: float = COORD, noobj: float = NOOBJ
) -> dict[str, Tensor]:
    """The five terms of the loss, weighted, to be added (equation 3): sums over the grid, means over the N pictures.

    Of the B boxes of a cell with an object that with the greatest IoU is responsible; its IoU is the target of its
    confidence, through which no gradient goes. All other boxes have the target 0. The network gives the roots of w and
    h, as in the authors' code, so that none of a number below 0 is asked for.
    """
    placed, confidences, classes = parts(answers, boxes)
    grid, pictures = answers.shape[1], len(answers)
    cell = (wanted.pictures, wanted.rows, wanted.columns)
    mine = placed[cell]  # (K, B, 4)
    with torch.no_grad():
        sizes = torch.cat([mine[..., :2], mine[..., 2:].square()], -1)
        rows, columns = wanted.rows[:, None].expand(mine.shape[:2]), wanted.columns[:, None].expand(mine.shape[:2])
        truth = absolute(wanted.boxes, wanted.rows, wanted.columns, grid)[:, None]
        overlaps = paired_iou(absolute(sizes, rows, columns, grid), truth)  # (K, B)
        most, which = overlaps.max(1)
        off = (sizes - wanted.boxes[:, None]).square().sum(-1)
        which = torch.where(most > 0, which, off.argmin(1))  # where none overlaps, the nearest
    own = mine[torch.arange(len(mine)), which]  # (K, 4)
    empty = torch.ones_like(confidences, dtype=torch.bool)
    empty[(*cell, which)] = False
    hot = nn.functional.one_hot(wanted.labels, classes.shape[-1]).to(classes.dtype)
    terms = (
        coord * (own[:, :2] - wanted.boxes[:, :2]).square().sum(),
        coord * (own[:, 2:] - wanted.boxes[:, 2:].sqrt()).square().sum(),
        (confidences[(*cell, which)] - most).square().sum(),
        noobj * confidences[empty].square().sum(),
        (classes[cell] - hot).square().sum(),
    )
    return {name: term / pictures for name, term in zip(TERMS, terms, strict=True)}


def decode(answers: Tensor, size: tuple[int, int], boxes: int = 2) -> tuple[Tensor, Tensor]:
    """All boxes of the grids of pictures of `size`, height and width: (N, S · S · B, 4) in pixels, cut to the picture,
    and their scores (N, S · S · B, C), confidence · class (section 2.3), each of the two cut to 0..1.

    Raises ValueError for NaN or infinite answers.
    """
    if not answers.isfinite().all():
        raise ValueError(f"{int((~answers.isfinite()).sum())} answers are NaN or infinite.")
    placed, confidences, classes = parts(answers, boxes)
    grid = answers.shape[1]
    rows, columns = (each[None, :, :, None].expand(confidences.shape) for each in torch.meshgrid(
        *[torch.arange(grid, device=answers.device)] * 2, indexing="ij"))  # fmt: skip
    found = absolute(torch.cat([placed[..., :2], placed[..., 2:].square()], -1), rows, columns, grid)
    height, width = size
    found = vision.clip(found * found.new_tensor([width, height, width, height]), size)
    scores = confidences.clamp(0, 1)[..., None] * classes.clamp(0, 1)[..., None, :]  # (N, S, S, B, C)
    return found.flatten(1, 3), scores.flatten(1, 3)


class YOLO(nn.Module):
    """Images float (N, 3, H, H) in 0..1, H / 16 cells a side → detections, one dict of boxes, scores, labels an image.

    `answers` gives what the grid says, (N, S, S, 5B + C), linear as in the paper; all other layers of the head are
    leaky, slope 0.1. The first `frozen` layers of the backbone are not trained (4: its first convolution).
    """

    def __init__(
        self, backbone: Backbone, num_classes: int = 10, *, boxes: int = 2, width: int = 128, dropout: float = 0.0,
        frozen: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.backbone, self.boxes, self.num_classes, self.frozen = backbone, boxes, num_classes, frozen
        for layer in list(backbone)[:frozen]:
            layer.requires_grad_(False)
        layers: list[nn.Module] = []
        channels = backbone.out_channels
        for stride in (2, 2, 1):  # (N, width, H / 8, …), (N, width, H / 16, …), the same
            layers += [nn.Conv2d(channels, width, kernel_size=3, stride=stride, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(width), nn.LeakyReLU(0.1)]
            channels = width
        self.head = nn.Sequential(*layers, nn.Dropout2d(dropout), nn.Conv2d(width, 5 * boxes + num_classes, 1))
        nn.init.normal_(self.head[-1].weight, std=0.01)
        nn.init.zeros_(self.head[-1].bias)

    def train(self, mode: bool = True) -> "YOLO":
        """The backbone's batch norm keeps its means and deviations where its first layers are frozen."""
        super().train(mode)
        self.backbone.train(mode and not self.frozen)
        return self

    def answers(self, images: Tensor) -> Tensor:
        if images.shape[2] != images.shape[3] or images.shape[2] % (4 * STRIDE):
            raise ValueError(f"images must be square, of a multiple of 16 pixels, got {tuple(images.shape[2:])}.")
        return self.head(self.backbone(images)).permute(0, 2, 3, 1)

    @torch.no_grad()
    def forward(self, images: Tensor, least: float = 0.05, overlap: float = 0.3) -> list[dict[str, Tensor]]:
        """`least` score and `overlap` of NMS as in `vision.detections`."""
        boxes, scores = decode(self.answers(images), images.shape[2:], self.boxes)
        return [vision.detections(*each, least=least, overlap=overlap) for each in zip(boxes, scores, strict=True)]

    def losses(
        self, images: Tensor, boxes: Sequence[Tensor], labels: Sequence[Tensor], chance: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """The five terms of the loss of a batch, to be added, for `train.detecting.fit_boxes`; nothing is drawn."""
        answers = self.answers(images)
        return yolo_loss(answers, targets(boxes, labels, images.shape[2:], answers.shape[1]), self.boxes)
