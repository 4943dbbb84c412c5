"""The exercises of chapter 04, beyond what test_exercises.py asks of all."""

from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from answers import said
from torch import nn
from torch.nn import functional

from cnnbook import exercises


def with_torch_subsample(x, coefficient, bias):
    pooled = functional.avg_pool2d(torch.tensor(x)[None, None], 2)[0, 0].numpy()
    return 1.7159 * np.tanh(2 / 3 * (4 * coefficient * pooled + bias))


def with_loops_confusion(labels, predictions, classes):
    rows = [[0] * classes for _ in range(classes)]
    for true, given in zip(labels, predictions, strict=True):
        rows[true][given] += 1
    return rows


@pytest.mark.parametrize("key, other", [
    ("subsample", with_torch_subsample),
    ("table_cost", lambda connected, kernel, width: (
        (n := sum(int(seen.sum()) * kernel * kernel + 1 for seen in connected.T)), n * width * width)),
    ("cross_entropy", lambda z, t: functional.cross_entropy(torch.tensor(z), torch.tensor(t)).item()),
    ("cross_entropy", lambda z, t: np.logaddexp.reduce(z) - z[t]),
    ("confusion", with_loops_confusion),
])
def test_right_answers_written_differently_pass(key, other):
    assert said(key, other)[0] == "right"


def test_the_papers_table_costs_what_the_chapter_says():
    connected = np.arange(6)[:, None] < np.array([3] * 6 + [4] * 9 + [6])
    assert exercises.find("table_cost").reference(connected, 5, 10) == (1_516, 151_600)


def test_the_loss_meets_logits_that_overflow():
    case, rng = exercises.find("cross_entropy").case, Random(0)
    drawn = [abs(case(rng)["z"]).max() for _ in range(50)]
    assert max(drawn) > 900 and min(drawn) < 10


def test_the_loss_is_right_where_the_probability_underflows():
    z = np.array([1000.0, 0.0])
    assert exercises.find("cross_entropy").reference(z, 1) == 1000

    def clipped(z, t):
        p = np.exp(z - z.max())
        return -np.log(p[t] / p.sum() + 1e-12)

    assert said("cross_entropy", clipped)[0] == "wrong"


def result(accuracy, images=1_000):
    return SimpleNamespace(accuracy=accuracy, predictions=torch.zeros(images))


def test_a_tiny_network_must_be_small_and_good():
    tiny, large = nn.Linear(400, 10), nn.Linear(1_024, 10)
    assert said("tiny_network", (tiny, result(0.96)))[0] == "right"
    assert said("tiny_network", (..., ...))[0] == "notyet"
    wrong = [
        (large, result(0.99)), (tiny, result(0.94)), (tiny, result(0.99, images=4_000)),
        (tiny, 0.99), (0.99, result(0.99)), tiny,
    ]
    answers = [said("tiny_network", answer) for answer in wrong]
    assert {status for status, _ in answers} == {"wrong"}
    assert len({words for _, words in answers}) == len(wrong)


def test_what_shift_gave():
    assert said("what_shift_gave", (0.75, 0.93))[0] == "right"
    assert said("what_shift_gave", (torch.tensor(0.75), np.float64(0.93)))[0] == "right"
    assert said("what_shift_gave", (..., ...))[0] == "notyet"
    assert said("what_shift_gave", (float("nan"), 0.93))[0] == "wrong"
    wrong = [(0.93, 0.75), (75.0, 93.0), (0.3, 0.5), (0.98, 0.984), 0.2]
    answers = [said("what_shift_gave", answer) for answer in wrong]
    assert {status for status, _ in answers} == {"wrong"}
    assert len({words for _, words in answers}) == len(wrong)
