"""The exercises of chapter 16, beyond what test_exercises.py asks of all."""

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from cnnbook import vision
from cnnbook.models import faster_rcnn


def anchor_by_library(row, column, stride, size, ratio):
    every = vision.anchors(row + 1, column + 1, stride, vision.anchor_shapes((size,), (ratio,)))
    return tuple(every[-1].tolist())


def parameters_by_counting(channels, hidden, k):
    return sum(each.numel() for each in faster_rcnn.RPN(channels, k, hidden).parameters())


def losses_by_torch(logits, labels, offsets, targets):
    logits, labels, offsets, targets = (torch.tensor(each) for each in (logits, labels, offsets, targets))
    counted, near = labels >= 0, labels == 1
    objects = binary_cross_entropy_with_logits(logits[counted], near[counted].double())
    boxes = smooth_l1_loss(offsets[near], targets[near], beta=1 / 9, reduction="sum") / counted.sum()
    return objects.item(), boxes.item()


def labels_by_loops(overlaps, high, low):
    found = []
    for row in overlaps:
        best = any(iou > 0 and iou == max(overlaps[:, k]) for k, iou in enumerate(row))
        found.append(1 if best or max(row) >= high else 0 if max(row) < low else -1)
    return np.array(found)


@pytest.mark.parametrize(
    "key, other",
    [
        ("anchor_at", anchor_by_library),
        ("label_anchors", labels_by_loops),
        ("rpn_parameters", parameters_by_counting),
        ("rpn_losses", losses_by_torch),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def test_perfect_proposals_are_measured_again():
    def measure():
        return 0.6

    assert said("perfect_proposals", (0.6, measure, 0.5))[0] == "right"
    assert said("perfect_proposals", (torch.tensor(0.6), measure, 0.5))[0] == "right"
    answers = [0.6, ("a lot", measure, 0.5), (60.0, measure, 0.5), (0.5, measure, 0.5), (0.1, measure, 0.5)]
    all_wrong_and_apart("perfect_proposals", answers)
