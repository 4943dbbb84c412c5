"""The exercises of chapter 01, beyond what test_exercises.py asks of all."""

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said

from cnnbook import data, exercises
from cnnbook.data import shapes
from cnnbook.exercises import seeing


def channels_by_stacking(image):
    return np.stack([image[..., k].astype(float) / 255.0 for k in range(3)])


def l1_by_loops(known, labels, new):
    answers = []
    for picture in new.tolist():
        gaps = [sum(abs(a - b) for a, b in zip(row, picture, strict=True)) for row in known.tolist()]
        answers.append(labels[gaps.index(min(gaps))])
    return answers


def histogram_by_loops(right, down, bins):
    found = [0.0] * bins
    for x, y in zip(right.ravel(), down.ravel(), strict=True):
        angle = np.degrees(np.arctan2(y, x))
        angle = angle + 180 if angle < 0 else angle
        found[min(int(angle / 180 * bins), bins - 1)] += np.hypot(x, y)
    return [value / right.size for value in found]


@pytest.mark.parametrize(
    "key, other",
    [("channels_first", channels_by_stacking), ("nearest_l1", l1_by_loops), ("cell_histogram", histogram_by_loops)],
)
def test_right_answers_written_differently_pass(key, other):
    assert said(key, other)[0] == "right"


def l1_in_bytes_one_by_one(known, labels, new):
    return labels[[np.abs(row - known).sum(axis=1).argmin() for row in new]]


def l1_too_late(known, labels, new):
    return labels[np.abs((new[:, None] - known[None]).astype(float)).sum(axis=2).argmin(axis=1)]


def l1_signed(known, labels, new):
    return labels[(new.astype(int)[:, None] - known.astype(int)[None]).sum(axis=2).argmin(axis=1)]


def histogram_by_rows(right, down, bins):
    sums = exercises.find("cell_histogram").reference(right, down, bins) * right.size
    return sums / len(right)


@pytest.mark.parametrize(
    "key, answer, words",
    [
        ("nearest_l1", l1_in_bytes_one_by_one, "subtracted in `uint8`"),
        ("nearest_l1", l1_too_late, "subtracted in `uint8`"),
        ("nearest_l1", l1_signed, "absolute value is missing"),
        ("cell_histogram", histogram_by_rows, "number of rows"),
        ("channels_first", lambda image: (image.transpose(2, 0, 1) / 255).astype(int), "In whole numbers"),
        ("channels_first", lambda image: image.transpose(2, 1, 0) / 255, "`transpose(2, 1, 0)` reverses"),
    ],
)
def test_a_mistake_is_recognised_however_it_is_written(key, answer, words):
    assert words in said(key, answer)[1]


def test_what_stays():
    assert said("what_stays", seeing.STAYS)[0] == "right"
    assert said("what_stays", {name: np.bool_(value) for name, value in seeing.STAYS.items()})[0] == "right"
    assert said("what_stays", dict.fromkeys(seeing.STAYS, ...))[0] == "notyet"
    flipped = [seeing.STAYS | {name: not value} for name, value in seeing.STAYS.items()]
    all_wrong_and_apart("what_stays", [*flipped, {"added": True}, seeing.STAYS | {"moved": "no"}])


def test_what_normalising_gave_is_measured_on_the_chapters_pictures():
    easy = dict.fromkeys(shapes.DIALS, 0.1)
    known = shapes.read("train", 24, 1000, **easy)
    new = shapes.read("test", 24, 500, **(easy | {"illumination": 1.0}))

    def accuracy(scale):
        there, here = (scale(data.to_float(each.images).flatten(1)) for each in (known, new))
        return (known.labels[torch.cdist(here, there).argmin(dim=1)] == new.labels).float().mean().item()

    plain = accuracy(lambda x: x)
    normalised = accuracy(lambda x: (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True))
    assert plain == pytest.approx(seeing.PLAIN, abs=0.005)
    assert normalised == pytest.approx(seeing.NORMALISED, abs=0.005)
    assert said("what_normalising_gave", (plain, normalised))[0] == "right"
    assert said("what_normalising_gave", (torch.tensor(plain), np.float32(normalised)))[0] == "right"
    assert said("what_normalising_gave", (..., ...))[0] == "notyet"
    all_wrong_and_apart("what_normalising_gave", [
        plain, (normalised, plain), (100 * plain, 100 * normalised), (plain + 0.05, normalised), (plain, plain),
    ])
    assert said("what_normalising_gave", (float("nan"), normalised))[0] == "wrong"
    assert said("what_normalising_gave", (plain, float("nan")))[0] == "wrong"
