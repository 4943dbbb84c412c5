"""S. Ren, K. He, R. Girshick, J. Sun, "Faster R-CNN: towards real-time object detection with region proposal networks",
NIPS 2015: Fast R-CNN whose proposals come from a network of its own, the RPN, that reads the same maps.

Backbone and heads are those of `rcnn`, small and made for pictures of 128 pixels. All is trained jointly, as the
authors' later code does ("approximate joint training" in the journal version of 2017); the paper of 2015 alternates.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss
from torchvision import ops

from cnnbook import vision
from cnnbook.models.rcnn import STRIDE, Backbone, FastRCNN, fast_rcnn_loss

SIZES, RATIOS = (14.0, 22.0, 34.0), (0.5, 1.0, 2.0)  # of the anchors, for objects of 12 to 48 pixels


class RPN(nn.Module):
    """Maps (N, C, H, W) → for each anchor its objectness, a logit (N, H · W · k), and offsets (N, H · W · k, 4), in
    the order of `vision.anchors` (section 3: 3 × 3 convolution, ReLU, two 1 × 1 convolutions side by side)."""

    def __init__(self, in_channels: int, anchors: int = 9, hidden: int = 64) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, hidden, kernel_size=3, padding=1)
        self.objectness = nn.Conv2d(hidden, anchors, kernel_size=1)
        self.offsets = nn.Conv2d(hidden, 4 * anchors, kernel_size=1)
        for layer in self.children():  # the paper's start
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv(maps).relu()  # (N, hidden, H, W)
        objectness = self.objectness(x).permute(0, 2, 3, 1).flatten(1)
        offsets = self.offsets(x).unflatten(1, (-1, 4)).permute(0, 3, 4, 1, 2).flatten(1, 3)
        return objectness, offsets


def rpn_loss(objectness: Tensor, offsets: Tensor, drawn: vision.AnchorSample) -> tuple[Tensor, Tensor]:
    """The two losses of the RPN for one picture, to be added (equation 1): of objectness (A,), binary cross-entropy; of
    the offsets (A, 4), smooth L1 of the positive anchors. Both are divided by the number of anchors drawn, and 0 where
    there is none.

    The paper divides the second by the number of positions, 2,400, and multiplies it by 10: about 1/256 again. That
    smooth L1 turns into a straight line at 1/9 and not at 1 is from the authors' code; torchvision has it too.
    """
    near = drawn.chosen[: len(drawn.targets)]
    of_objects = binary_cross_entropy_with_logits(objectness[drawn.chosen], drawn.labels, reduction="sum")
    of_boxes = smooth_l1_loss(offsets[near], drawn.targets, beta=1 / 9, reduction="sum")
    count = max(len(drawn.chosen), 1)
    return of_objects / count, of_boxes / count


def propose(
    objectness: Tensor,
    offsets: Tensor,
    anchors: Tensor,
    size: tuple[int, int],
    *,
    before: int = 1000,
    count: int = 300,
    overlap: float = 0.7,
    smallest: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """The proposals for one picture of `size`, height and width: boxes (P, 4) and objectness 0..1 (P,), best first.

    Of the anchors (A, 4) the `before` best by objectness (A,) are moved by their offsets (A, 4) and cut to the picture;
    those with a side below `smallest` pixels are dropped; NMS with IoU `overlap`; the `count` best stay.
    Raises ValueError for NaN and for shapes that do not fit.
    """
    if objectness.shape != anchors.shape[:1] or offsets.shape != anchors.shape:
        got = f"objectness {tuple(objectness.shape)} and offsets {tuple(offsets.shape)}"
        raise ValueError(f"one of each an anchor: got {got} for {len(anchors)} anchors.")
    if objectness.isnan().any():
        raise ValueError(f"{int(objectness.isnan().sum())} objectnesses are NaN: there is no order among them.")
    scores, best = objectness.topk(min(before, len(objectness)))
    boxes = vision.decode(anchors[best], offsets[best], size)
    sized = ops.remove_small_boxes(boxes, smallest)
    boxes, scores = boxes[sized], scores[sized]
    kept = ops.nms(boxes, scores, overlap)[:count]
    return boxes[kept], scores[kept].sigmoid()


class FasterRCNN(FastRCNN):
    """Images float (N, 3, H, W) in 0..1 → detections, one dict of boxes, scores, labels an image.

    Options beyond those of `FastRCNN`: sizes and ratios of the anchors. `count` is how many proposals an image has in
    use (the paper has 300), `in_training` how many of them Fast R-CNN's regions are drawn from (2,000). A backbone that
    is trained from the start needs `fixed_norm=False`: then batch norm has the means and deviations of each batch.
    """

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int = 10,
        *,
        sizes: Sequence[float] = SIZES,
        ratios: Sequence[float] = RATIOS,
        count: int = 100,
        in_training: int = 200,
        fixed_norm: bool = True,
        **options,
    ) -> None:
        super().__init__(backbone, num_classes, **options)
        self.num_classes, self.count, self.in_training = num_classes, count, in_training
        self.fixed_norm = fixed_norm
        self.register_buffer("shapes", vision.anchor_shapes(sizes, ratios))
        self.rpn = RPN(backbone.out_channels, len(self.shapes), backbone.out_channels)

    def train(self, mode: bool = True) -> "FasterRCNN":
        super().train(mode)
        self.backbone.train(mode and not self.fixed_norm)
        return self

    def anchors(self, maps: Tensor) -> Tensor:
        """Those of maps (N, C, H, W): (H · W · k, 4)."""
        return vision.anchors(*maps.shape[2:], STRIDE, self.shapes)

    @torch.no_grad()
    def proposals(self, images: Tensor, **options) -> list[Tensor]:
        """Of each image (P, 4), best first; `options` go to `propose`."""
        return self.from_maps(self.backbone(images), images.shape[2:], **{"count": self.count} | options)

    def from_maps(self, maps: Tensor, size: tuple[int, int], **options) -> list[Tensor]:
        anchors = self.anchors(maps)
        every = zip(*(each.detach() for each in self.rpn(maps)), strict=True)
        return [propose(*one, anchors, size, **options)[0] for one in every]

    @torch.no_grad()
    def forward(self, images: Tensor, least: float = 0.05, overlap: float = 0.3, **options) -> list[dict[str, Tensor]]:
        """`least` score and `overlap` of NMS as in `vision.detections`; `options` go to `propose`."""
        maps, size = self.backbone(images), images.shape[2:]
        proposals = self.from_maps(maps, size, **{"count": self.count} | options)
        logits, offsets = self.head(maps, proposals)
        counts = [len(each) for each in proposals]
        found = []
        for boxes, scores, moves in zip(proposals, logits.softmax(1).split(counts), offsets.split(counts), strict=True):
            boxes = vision.decode(boxes, moves * self.spread, size)  # (P, C, 4)
            found.append(vision.detections(boxes, scores[:, :-1], least=least, overlap=overlap))
        return found

    def losses(
        self, images: Tensor, boxes: Sequence[Tensor], labels: Sequence[Tensor], chance: torch.Generator
    ) -> dict[str, Tensor]:
        """The four losses of a batch, to be added: "objectness" and "anchors" of the RPN, "classes" and "boxes" of Fast
        R-CNN. boxes: (K, 4) an image, labels: (K,) in 0..C - 1; there may be none.

        Proposals are taken as given: no gradient goes through their coordinates. True boxes are added to them.
        """
        maps = self.backbone(images)
        anchors, size = self.anchors(maps), images.shape[2:]
        objectness, moves = self.rpn(maps)
        of_rpn, drawn = [], []
        before = 2 * self.in_training
        for score, move, there, names in zip(objectness, moves, boxes, labels, strict=True):
            some = vision.sample_anchors(anchors, there, count=128, seed=chance)
            of_rpn.append(torch.stack(rpn_loss(score, move, some)))
            given, _ = propose(score.detach(), move.detach(), anchors, size, before=before, count=self.in_training)
            every = torch.cat([given, there])
            drawn.append(vision.sample(every, there, names, background=self.num_classes, count=64, objects=0.4, low=0.0,
                                       seed=chance))  # fmt: skip
        logits, offsets = self.head(maps, [each.regions for each in drawn])
        targets = torch.cat([each.targets for each in drawn]) / self.spread
        of_heads = fast_rcnn_loss(logits, offsets, torch.cat([each.labels for each in drawn]), targets)
        return dict(zip(("objectness", "anchors", "classes", "boxes"),
                        (*torch.stack(of_rpn).mean(0), *of_heads), strict=True))  # fmt: skip
