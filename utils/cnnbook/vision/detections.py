"""Detections: what a detector says of one picture, a dict of `boxes` (D, 4), `scores` (D,), `labels` (D,), as
torchvision's detectors and torchmetrics have it; and how good they are."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.ops import box_iou

from cnnbook.vision.boxes import check_boxes, nms

Detections = dict[str, Tensor]


def detections(
    boxes: Tensor, scores: Tensor, *, least: float = 0.05, overlap: float = 0.3, most: int = 100
) -> Detections:
    """The detections among P candidates: boxes (P, C, 4), one a class, or (P, 4), one for all of them, and their scores
    (P, C). Those of a score of `least` or more stay, without a size none; then NMS with IoU `overlap` in each class;
    then the `most` best. Highest scores first; labels are 0..C-1.

    Raises ValueError for NaN and for shapes that do not fit.
    """
    if scores.ndim != 2 or boxes.shape not in ((len(scores), 4), (*scores.shape, 4)):
        got = f"{tuple(boxes.shape)} for {tuple(scores.shape)}"
        raise ValueError(f"boxes must be (P, C, 4) or (P, 4) for scores (P, C), got {got}.")
    if scores.isnan().any():
        raise ValueError(f"{int(scores.isnan().sum())} scores are NaN: there is no order among them.")
    boxes = boxes[:, None].expand(*scores.shape, 4) if boxes.ndim == 2 else boxes
    labels = torch.arange(scores.shape[1], device=scores.device).expand_as(scores)
    sized = (boxes[..., 2:] > boxes[..., :2]).all(-1)
    chosen = (scores >= least) & sized
    boxes, scores, labels = boxes[chosen], scores[chosen], labels[chosen]
    kept = nms(boxes, scores, labels, overlap)[:most]
    return {"boxes": boxes[kept], "scores": scores[kept], "labels": labels[kept]}


def check_detections(found: Sequence[Detections], truth: Sequence[Detections]) -> None:
    """Raises ValueError, TypeError or KeyError for what no detections are, naming the picture: other shapes, boxes
    without a size, NaN scores, a score or a label too many, another number of pictures than of truths."""
    if len(found) != len(truth):
        raise ValueError(f"detections of {len(found)} pictures for the truth of {len(truth)}.")
    for what, sets in (("detections", found), ("truth", truth)):
        for nth, each in enumerate(sets):
            check_boxes(each["boxes"], f"boxes of the {what} of picture {nth}")
            for key in ("scores", "labels")[what == "truth" :]:
                if each[key].shape != each["boxes"].shape[:1]:
                    got = f"{len(each['boxes'])} boxes and {len(each[key])} {key}"
                    raise ValueError(f"picture {nth} has {got} in its {what}.")
            if what == "detections" and each["scores"].isnan().any():
                raise ValueError(f"picture {nth} has scores that are NaN: there is no order among them.")


def truth(imageset: "object") -> list[Detections]:
    """What is to be found in the pictures of an ImageSet with boxes: a dict of `boxes` and `labels` for each."""
    if getattr(imageset, "boxes", None) is None or imageset.box_labels is None:
        raise ValueError(f"{imageset!r} has no boxes with labels: load scenes.")
    every = zip(imageset.boxes, imageset.box_labels, strict=True)
    return [{"boxes": boxes, "labels": labels} for boxes, labels in every]


def mean_average_precision(found: Sequence[Detections], truth: Sequence[Detections], **options) -> dict[str, Tensor]:
    """torchmetrics' MeanAveragePrecision, which is COCO's: "map_50" (IoU 0.5), "map" (mean of 0.5, 0.55, …, 0.95),
    "map_small" and so on; with class_metrics=True "map_per_class" and "classes". In 0..1.

    A class that is not in the truth counts for nothing, whatever is found of it; -1 says that nothing is to be found.
    Raises as `check_detections` does.
    """
    from torchmetrics.detection import MeanAveragePrecision

    check_detections(found, truth)
    recalls = torch.linspace(0, 1, 101, dtype=torch.float64).tolist()  # COCO's; torchmetrics rounds them to float32
    metric = MeanAveragePrecision(rec_thresholds=recalls, **options)
    metric.warn_on_many_detections = False
    metric.update(list(found), list(truth))
    return metric.compute()


def precision_recall(
    found: Sequence[Detections], truth: Sequence[Detections], label: int, threshold: float = 0.5
) -> tuple[Tensor, Tensor, Tensor]:
    """Precision and recall (float64) and score (D,) of one class after each of its D detections in all pictures, the
    highest score first. A detection is right where its IoU with an object of the class that no better one has taken is
    `threshold` or more; of several it takes the one with the greatest IoU.

    Raises ValueError where the class is not in the truth, and recall is not defined; and as `check_detections` does.
    """
    check_detections(found, truth)
    objects = [each["boxes"][each["labels"] == label] for each in truth]
    total = sum(map(len, objects))
    if not total:
        raise ValueError(f"class {label} is not in these pictures: its recall is not defined.")
    right, scores = [], []
    for each, boxes in zip(found, objects, strict=True):
        of_class = each["labels"] == label
        order = each["scores"][of_class].argsort(descending=True, stable=True)
        right.append(_right(each["boxes"][of_class][order], boxes, threshold))
        scores.append(each["scores"][of_class][order])
    right, scores = torch.cat(right), torch.cat(scores)
    order = scores.argsort(descending=True, stable=True)
    hits = right[order].cumsum(0).double()
    return hits / torch.arange(1, len(hits) + 1), hits / total, scores[order]


def _right(boxes: Tensor, objects: Tensor, threshold: float) -> Tensor:
    """Whether each box (D, 4), the best first, finds an object (K, 4) that none before it has: float (D,)."""
    free, right = torch.ones(len(objects), dtype=torch.bool), torch.zeros(len(boxes))
    for nth, overlaps in enumerate(box_iou(boxes, objects) if len(objects) else ()):
        overlaps = torch.where(free, overlaps, -1.0)
        best = int(overlaps.argmax())
        if overlaps[best] >= threshold:
            right[nth], free[best] = 1, False
    return right


def average_precision(precision: Tensor, recall: Tensor, points: int = 101) -> float:
    """The mean precision at `points` recalls from 0 to 1, where at each the greatest precision at this recall or a
    higher one counts, and 0 where none reaches it: COCO has 101 points, PASCAL VOC 2007 had 11."""
    if not len(precision):
        return 0.0
    best = precision.flip(0).cummax(0).values.flip(0)
    at = torch.searchsorted(recall.double().contiguous(), torch.linspace(0, 1, points, dtype=torch.float64))
    return float(torch.where(at < len(best), best[at.clamp(max=len(best) - 1)], 0.0).mean())
