"""What torchvision.ops lacks for detectors: selective search, the coding of boxes, and measures of what is found."""

from cnnbook.vision.anchors import AnchorSample, anchor_shapes, anchors, assign, sample_anchors
from cnnbook.vision.boxes import check_boxes, clip, decode, encode, iou, nms
from cnnbook.vision.detections import (
    average_precision,
    check_detections,
    detections,
    mean_average_precision,
    precision_recall,
    truth,
)
from cnnbook.vision.proposals import Sample, found_after, match, recall, sample
from cnnbook.vision.selective_search import selective_search

__all__ = [
    "AnchorSample",
    "Sample",
    "anchor_shapes",
    "anchors",
    "assign",
    "average_precision",
    "check_boxes",
    "check_detections",
    "clip",
    "decode",
    "detections",
    "encode",
    "found_after",
    "iou",
    "match",
    "mean_average_precision",
    "nms",
    "precision_recall",
    "recall",
    "sample",
    "sample_anchors",
    "selective_search",
    "truth",
]
