"""The exercises of chapter 15, beyond what test_exercises.py asks of all."""

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said
from torchvision import ops

from cnnbook import vision


def iou_by_library(a, b):
    return vision.iou(torch.tensor([a]).float(), torch.tensor([b]).float()).item()


def nms_by_library(boxes, scores, labels, threshold):
    kept = ops.batched_nms(torch.tensor(boxes), torch.tensor(scores), torch.tensor(labels), threshold)
    return kept.tolist()


def offsets_of_mirrored_boxes(proposal, box, width):
    mirrored = [torch.tensor([[width - x2, y1, width - x1, y2]]).float() for x1, y1, x2, y2 in (proposal, box)]
    return tuple(vision.encode(*mirrored)[0].tolist())


def ap_by_library(right, objects):
    right = torch.tensor(right).double().cumsum(0)
    return vision.average_precision(right / torch.arange(1, len(right) + 1), right / objects + 1e-9, points=11)


def bins_by_pooling(start, stop, stride, n):
    """Pool a ramp: the maximum is a bin's last cell, the minimum its first."""
    length = stop // stride + 8
    ramp = torch.arange(length).float().repeat(length, 1)[None, None]
    region = torch.tensor([[float(start), 0, float(stop), 4.0 * stride]])

    def pooled(maps):
        return ops.roi_pool(maps, [region], (1, n), 1 / stride)[0, 0, 0]

    last, first = pooled(ramp), length - pooled(length - ramp)
    return [(int(a), int(b) + 1) for a, b in zip(first, last, strict=True)]


@pytest.mark.parametrize(
    "key, other",
    [
        ("iou_of_two", iou_by_library),
        ("suppress", nms_by_library),
        ("mirrored_offsets", offsets_of_mirrored_boxes),
        ("eleven_points", ap_by_library),
        ("roi_bins", bins_by_pooling),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def test_kept_indices_may_be_numbers_of_numpy():
    assert said("suppress", lambda *of: [np.int64(i) for i in nms_by_library(*of)])[0] == "right"


def test_thirty_proposals_is_measured_again():
    def measure(count):
        return 0.5 - 5 / count

    right = 0.5 - 5 / 30
    assert said("thirty_proposals", (right, measure))[0] == "right"
    assert said("thirty_proposals", (torch.tensor(right), measure))[0] == "right"
    all_wrong_and_apart("thirty_proposals", [0.3, ("a lot", measure), (30.0, measure), (0.5, measure), (0.1, measure)])
