"""The exercises of chapter 18, beyond what test_exercises.py asks of all."""

import itertools

import numpy as np
import pytest
import torch
from answers import all_wrong_and_apart, said
from torch.nn.functional import cross_entropy


def lowest_by_trying(w, x, epsilon):
    """A linear score is lowest at a corner of what is allowed: tries all of them."""
    corners = itertools.product(*zip(np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1), strict=True))
    return min(float(w @ np.array(corner)) for corner in corners)


def gradient_by_torch(W, b, x, label):
    pixels = torch.tensor(x, requires_grad=True)
    logits = torch.tensor(W) @ pixels + torch.tensor(b)
    cross_entropy(logits[None], torch.tensor([label])).backward()
    return pixels.grad.numpy()


def back_inside_by_limits(moved, start, epsilon):
    low, high = np.maximum(start - epsilon, 0), np.minimum(start + epsilon, 1)
    return np.minimum(np.maximum(moved, low), high)


def success_by_counting(before, after, labels):
    right = [i for i in range(len(labels)) if before[i] == labels[i]]
    return sum(after[i] != labels[i] for i in right) / len(right)


@pytest.mark.parametrize(
    "key, other",
    [
        ("lowest_score", lowest_by_trying),
        ("pixel_gradient", gradient_by_torch),
        ("back_inside", back_inside_by_limits),
        ("success_rate", success_by_counting),
    ],
)
def test_another_way_to_the_same_answer_is_right(key, other):
    assert said(key, other)[0] == "right"


def accuracy(epsilon):
    """Falls to 0.5 at 0.123."""
    return 1 - epsilon / 0.246


def test_half_epsilon_is_the_smallest_within_a_hundredth_whatever_the_network():
    for right in (0.1231, 0.1239, 0.1329, np.float64(0.125), torch.tensor(0.125)):
        assert said("half_epsilon", (right, accuracy))[0] == "right"
    assert said("half_epsilon", (0.0, lambda epsilon: 0.1))[0] == "right"


def test_half_epsilon_says_what_is_wrong():
    all_wrong_and_apart("half_epsilon", [0.12, (31.0, accuracy), (0.11, accuracy), (0.14, accuracy)])
    for answer in ((0.12, 0.5), (None, accuracy), ("0.12", accuracy), (-0.1, accuracy), (float("nan"), accuracy)):
        assert said("half_epsilon", answer)[0] == "wrong"
