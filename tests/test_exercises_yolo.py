"""The exercises of chapter 17, beyond what test_exercises.py asks of all."""

import pytest
import torch
from answers import all_wrong_and_apart, said

from cnnbook import models, vision


def one_target(boxes, size, cells):
    labels = torch.zeros(len(boxes), dtype=torch.int64)
    return models.yolo.targets([torch.tensor(boxes, dtype=torch.float64)], [labels], size, cells)


def cell_by_library(box, width, height, cells):
    found = one_target([box], (height, width), cells)
    return int(found.rows), int(found.columns), *found.boxes[0].tolist()


def targets_by_library(guesses, truth):
    overlaps = vision.iou(torch.tensor(guesses).double(), torch.tensor([truth]).double())[:, 0]
    return (overlaps * (torch.arange(len(guesses)) == overlaps.argmax())).tolist()


def loss_by_library(guess, truth, coord):
    answers = torch.zeros(1, 1, 1, 6, dtype=torch.float64)
    answers[0, 0, 0, :4] = torch.tensor(guess)
    wanted = models.yolo.Targets(
        *(torch.tensor([0]) for _ in range(3)), torch.tensor([truth]).double(), torch.tensor([0]), 0
    )
    terms = models.yolo.yolo_loss(answers, wanted, boxes=1, coord=coord)
    return float(terms["centre"] + terms["size"])


def box_by_library(row, column, guess, cells, size):
    answers = torch.zeros(1, cells, cells, 6, dtype=torch.float64)
    answers[0, row, column, :4] = torch.tensor(guess)
    boxes, _ = models.yolo.decode(answers, (size, size), boxes=1)
    return tuple(boxes[0, row * cells + column].tolist())


@pytest.mark.parametrize(
    "key, other",
    [
        ("cell_of_box", cell_by_library),
        ("confidence_targets", targets_by_library),
        ("box_loss", loss_by_library),
        ("box_of_cell", box_by_library),
        ("lost_objects", lambda boxes, size, cells: one_target(boxes, (size, size), cells).lost),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def test_the_threshold_is_measured_again():
    def measure(overlap):
        return 0.5 - overlap / 4

    assert said("loose_nms", (0.35, measure))[0] == "right"
    assert said("loose_nms", (torch.tensor(0.35), measure))[0] == "right"
    all_wrong_and_apart("loose_nms", [0.35, ("a lot", measure), (35.0, measure), (0.425, measure), (0.1, measure)])
