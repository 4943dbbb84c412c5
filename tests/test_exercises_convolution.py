"""The exercises of chapter 03, beyond what test_exercises.py asks of all."""

from random import Random

import numpy as np
import pytest
import torch
from answers import said
from torch import nn

from cnnbook import exercises
from cnnbook.trial import outcome

MEASURED = {"exact_shift": 6, "measured_field": 20}


@pytest.mark.parametrize("key, other", [
    ("flipped_convolution", lambda row, weights: np.convolve(weights, row)),
    ("flipped_convolution", lambda row, weights: [sum(row[i - j] * weights[j] for j in range(len(weights))
                                                      if 0 <= i - j < len(row))
                                                  for i in range(len(row) + len(weights) - 1)]),
    ("same_padding", lambda width, kernel, stride: (
        (p := max((-(-width // stride) - 1) * stride + kernel - width, 0)) // 2, p - p // 2)),
    ("layers_needed", lambda width, kernel: next(k for k in range(width) if 1 + k * (kernel - 1) >= width)),
    ("filter_gradient", lambda x, g, kernel, stride: sum(
        g[i] * x[i * stride : i * stride + kernel] for i in range(len(g)))),
])
def test_right_answers_written_differently_pass(key, other):
    assert said(key, other)[0] == "right"


def test_same_padding_gives_the_size_that_same_promises():
    same = exercises.find("same_padding")
    rng = Random(0)
    for _ in range(200):
        case = same.case(rng)
        width, kernel, stride = case["width"], case["kernel"], case["stride"]
        left, right = same.reference(**case)
        assert (width + left + right - kernel) // stride + 1 == -(-width // stride)
        assert right - left in (0, 1)


def test_the_gradient_agrees_with_a_finite_difference():
    gradient = exercises.find("filter_gradient")
    rng = Random(0)
    for _ in range(50):
        case = gradient.case(rng)
        x, g, kernel, stride = case["x"], case["g"], case["kernel"], case["stride"]

        def loss(weights, x=x, g=g, kernel=kernel, stride=stride):
            return sum(g[i] * (x[i * stride : i * stride + kernel] @ weights) for i in range(len(g)))

        weights = np.zeros(kernel)
        numeric = [loss(weights + unit) - loss(weights) for unit in np.eye(kernel)]  # the loss is linear in the weights
        assert np.allclose(outcome(gradient.reference, case), numeric)


@pytest.mark.parametrize("key", MEASURED)
def test_measurements(key):
    right = MEASURED[key]
    assert said(key, right)[0] == "right" and said(key, float(right))[0] == "right"
    assert said(key, ...)[0] == "notyet"
    wrong = {number: said(key, number) for number in range(0, 40) if number != right}
    assert {status for status, _ in wrong.values()} == {"wrong"}
    assert len({words for _, words in wrong.values()}) >= 4  # wrong answers are told apart
    assert said(key, None)[0] == "notyet"
    assert said(key, "six")[0] == said(key, 6.5)[0] == "wrong"


@pytest.mark.parametrize("key", MEASURED)
@pytest.mark.parametrize("answer", [float("nan"), float("inf"), "6", 2.5, [6], "six"])
def test_a_measurement_that_is_no_whole_number_is_told_so(key, answer):
    status, words = said(key, answer)
    assert status == "wrong" and "one whole number" in words


def test_one_input_does_not_show_the_whole_field():
    """The exercise's premise: through max pooling one random input falls short of 20, many do not."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.MaxPool2d(4), nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3))

    def width(inputs):
        x = torch.randn(inputs, 1, 48, 48, requires_grad=True)
        y = network(x)
        y[:, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
        return int((x.grad.abs().sum((0, 1, 2)) > 0).sum())

    assert all(width(1) < 20 for _ in range(20)) and width(200) == 20
